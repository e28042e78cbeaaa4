package golang

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
)

// parallel emits a perfect nest of parallel loops, as far as their bounds do not
// depend on each other, as one index space that workers share.
func (e *emitter) parallel(first *loopir.For) []jen.Code {
	nest := collapse(first)
	which := len(e.methods)
	e.methods = append(e.methods, nil) // reserves the number; bodies hold no parallel loops
	outer, outerIters := e.used, append([]string(nil), e.iters...)
	outerLocals := append([]*array(nil), e.locals...)

	e.used, e.inParallel = map[string]bool{}, true
	outermost := e.outermost
	e.outermost = len(e.iters) + len(nest) - 1
	for _, l := range nest {
		e.enter(l)
	}
	decode := e.decode(nest)
	inner := e.body(nest[len(nest)-1].Body)
	for range nest {
		inner = append(e.leave(), inner...)
	}
	e.outermost = outermost
	loop := jen.For(jen.Empty(), jen.Id("lo").Op("<").Id("hi"), jen.Id("lo").Op("++")).Block(append(decode, inner...)...)
	captures := e.capture(outerIters, outerLocals)
	e.methods[which] = e.method("par"+itoa(which),
		[]jen.Code{jen.List(jen.Id("lo"), jen.Id("hi")).Int()}, captures, []jen.Code{loop})

	e.used, e.inParallel = outer, false
	var out []jen.Code
	for _, x := range captures {
		outer[x.name] = true
		out = append(out, jen.Id("c").Dot(x.field).Op("=").Id(goName(x.name)))
	}
	total := e.trips(nest[0])
	for _, l := range nest[1:] {
		total = binary(loopir.Mul, total, e.trips(l))
	}
	return append(out, jen.Id("parallelFor").Call(jen.Id("c"), jen.Lit(which), total.s, jen.Id("c").Dot("threads")))
}

// collapse returns the parallel loops of a perfect nest.
func collapse(l *loopir.For) []*loopir.For {
	nest := []*loopir.For{l}
	for len(l.Body) == 1 {
		next, ok := l.Body[0].(*loopir.For)
		if !ok || next.Par != loopir.Parallel || len(next.Reduce) > 0 {
			break
		}
		for _, up := range nest {
			for _, x := range loopir.StmtExprs(next) {
				if loopir.UsesVar(x, up.Iter) {
					return nest
				}
			}
		}
		nest, l = append(nest, next), next
	}
	return nest
}

// trips is the iteration count of l.
func (e *emitter) trips(l *loopir.For) code {
	if lo, ok := constant(e.facts, l.Lo); ok && lo == 0 && l.Step == nil {
		return call("max", jen.Lit(0), e.index(l.Hi).s)
	}
	step := jen.Code(jen.Lit(1))
	if l.Step != nil {
		step = e.index(l.Step).s
	}
	return call("trip", e.index(l.Lo).s, e.index(l.Hi).s, step)
}

// decode turns the shared index lo into the iterators of the nest, the last
// one fastest.
func (e *emitter) decode(nest []*loopir.For) []jen.Code {
	var out []jen.Code
	rest := jen.Id("lo")
	if len(nest) > 1 {
		out = append(out, jen.Id("at").Op(":=").Id("lo"))
		rest = jen.Id("at")
	}
	var decls []jen.Code
	for i := len(nest) - 1; i >= 0; i-- {
		l := nest[i]
		count := operand(jen.Add(rest))
		if i > 0 {
			tr := e.trips(l)
			count = binary(loopir.Mod, count, operand(jen.Parens(tr.s)))
		}
		v := count
		if l.Step != nil {
			v = binary(loopir.Mul, v, operand(jen.Parens(e.index(l.Step).s)))
		}
		if lo, ok := constant(e.facts, l.Lo); !ok || lo != 0 {
			v = binary(loopir.Add, e.index(l.Lo), v)
		}
		decls = append(decls, jen.Id(goName(l.Iter)).Op(":=").Add(v.s))
		if i > 0 {
			decls = append(decls, jen.Id("at").Op("/=").Add(e.trips(l).s))
		}
	}
	out = append(out, decls...)
	for _, l := range nest { // an iterator may go unused
		out = append(out, jen.Id("_").Op("=").Id(goName(l.Iter)))
	}
	return out
}

// A capture is an iterator or a local around a parallel loop whose body uses it, and the
// field that carries it there.
type capture struct{ name, field string }

// capture lists the iterators and locals around a parallel loop that its body uses.
func (e *emitter) capture(iters []string, locals []*array) []capture {
	var out []capture
	for _, it := range iters {
		if it != "" && e.used[it] {
			out = append(out, e.field(it, "int"))
		}
	}
	for _, l := range locals {
		switch {
		case !e.used[l.name]:
		case l.shape == nil:
			out = append(out, e.field(l.name, l.typ.Go()))
		default:
			out = append(out, e.field(l.name, "[]"+l.typ.Go()))
		}
	}
	slices.SortFunc(out, func(x, y capture) int { return strings.Compare(x.field, y.field) })
	return out
}

// field finds a field for what is called name: parallel loops share one for each name and type.
func (e *emitter) field(name, typ string) capture {
	field := goName(name)
	taken := func(p *loopir.Param) bool { return goName(p.Name) == field }
	for slices.ContainsFunc(e.k.Params, taken) || e.captured[field] != "" && e.captured[field] != typ {
		field += "_"
	}
	e.captured[field] = typ
	return capture{name, field}
}
