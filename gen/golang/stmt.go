package golang

import (
	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// body emits a statement list.
func (e *emitter) body(body []loopir.Stmt) []jen.Code {
	depth := len(e.locals)
	var out []jen.Code
	for i := 0; i < len(body); i++ {
		if e.region != nil {
			if code, n := e.region(body, i, e); n > 0 {
				out, i = append(out, code...), i+n-1
				continue
			}
		}
		out = append(out, e.stmt(body[i])...)
	}
	e.locals = e.locals[:depth]
	return out
}

func (e *emitter) stmt(s loopir.Stmt) []jen.Code {
	switch s := s.(type) {
	case *loopir.For:
		if s.Par == loopir.Parallel && len(s.Reduce) == 0 && !e.inParallel {
			return e.parallel(s)
		}
		if e.tight && innermost(s) {
			return e.row(s)
		}
		if loop := e.loop(s); loop != nil {
			return []jen.Code{loop}
		}
		return nil
	case *loopir.If:
		return e.branch(s)
	case *loopir.Local:
		return e.local(s)
	case *loopir.Assign:
		return e.assign(s)
	case *loopir.Prefetch:
		return nil // a hint with no meaning; only assembly has an instruction for it
	}
	e.fail(loopir.Rejectf(s.Source(), "no Go form for this statement"))
	return nil
}

// loop gives a loop, or nil when there is nothing to do in it.
func (e *emitter) loop(s *loopir.For) jen.Code {
	it := goName(s.Iter)
	post := jen.Id(it).Op("++")
	if s.Step != nil {
		post = jen.Id(it).Op("+=").Add(e.index(s.Step).s)
	}
	lo, hi := e.index(s.Lo), e.index(s.Hi)
	e.enter(s)
	inner := e.body(s.Body)
	inner = append(e.leave(), inner...)
	if len(inner) == 0 { // of prefetches
		return nil
	}
	return jen.For(jen.Id(it).Op(":=").Add(lo.s), jen.Id(it).Op("<").Add(hi.in(4)), post).Block(inner...)
}

// enter records what a loop says of its iterator.
func (e *emitter) enter(s *loopir.For) {
	e.scopes = append(e.scopes, e.facts)
	e.iters = append(e.iters, s.Iter)
	e.before = append(e.before, nil)
	e.facts = e.facts.Enter(s)
}

// leave ends what enter began, and gives what the body begins with.
func (e *emitter) leave() []jen.Code {
	n := len(e.scopes) - 1
	before := e.before[n]
	e.facts, e.scopes, e.iters, e.before = e.scopes[n], e.scopes[:n], e.iters[:n], e.before[:n]
	return before
}

func (e *emitter) branch(s *loopir.If) []jen.Code {
	c := e.cond(s.Cond)
	out := e.takeHoisted()
	e.scopes = append(e.scopes, e.facts)
	e.iters = append(e.iters, "")
	e.before = append(e.before, nil)
	e.facts = e.facts.Assume(s.Cond)
	then := e.body(s.Then)
	then = append(e.leave(), then...)
	st := jen.If(c.s).Block(then...)
	if len(s.Else) > 0 {
		st = st.Else().Block(e.body(s.Else)...)
	}
	return append(out, st)
}

// local declares a local: a Go variable or array when the extents are
// constant, else a part of the worker's scratch memory.
func (e *emitter) local(s *loopir.Local) []jen.Code {
	if e.made[s.Name] {
		return []jen.Code{e.variable(s.Name, s.Init.(*loopir.Read))}
	}
	name := goName(s.Name)
	l := &array{name: s.Name, typ: s.Type, shape: s.Shape, local: true}
	e.locals = append(e.locals, l)
	if s.Shape == nil {
		decl := jen.Var().Id(name).Id(s.Type.Go())
		if s.Init == nil {
			return []jen.Code{decl, jen.Id("_").Op("=").Id(name)}
		}
		v := e.value(s.Init)
		out := e.takeHoisted()
		return append(out, decl.Op("=").Add(v.s), jen.Id("_").Op("=").Id(name))
	}
	n := e.elements(s.Shape)
	if total, ok := constant(e.facts, n); ok && total <= maxStackElems && (e.inParallel || !e.anyParallel) {
		l.fixed = true
		return []jen.Code{
			jen.Var().Id(name).Index(jen.Lit(int(total))).Id(s.Type.Go()),
			jen.Id("_").Op("=").Id(name),
		}
	}
	slot := e.scratch(s)
	return []jen.Code{
		jen.Id(name).Op(":=").Id("scratch").Call(jen.Op("&").Id("w").Dot(slot), e.index(n).s),
		jen.Id("_").Op("=").Id(name),
	}
}

// maxStackElems keeps constant locals on the goroutine's stack. Those that a
// parallel loop could capture live in scratch memory.
const maxStackElems = 1 << 14

func (e *emitter) elements(shape []loopir.Expr) loopir.Expr {
	n := loopir.Expr(loopir.NewInt(1))
	for i, x := range shape {
		if i == 0 {
			n = x
			continue
		}
		n = loopir.Bin(loopir.Mul, n, x)
	}
	return poly.Simplify(n, e.facts)
}

var assignOps = map[loopir.AssignOp]loopir.Op{
	loopir.AddTo: loopir.Add, loopir.SubTo: loopir.Sub, loopir.MulTo: loopir.Mul, loopir.DivTo: loopir.Div,
}

func (e *emitter) assign(s *loopir.Assign) []jen.Code {
	cell, rhs := e.cell(s.LHS), e.value(s.RHS)
	out := e.takeHoisted()
	if s.Op != loopir.Set {
		e.computes(s.LHS.Type, s.Span)
	}
	var v *jen.Statement
	switch s.Op {
	case loopir.Set:
		v = rhs.s
	case loopir.MinTo:
		v = call("min", jen.Add(cell), rhs.s).s
	case loopir.MaxTo:
		v = call("max", jen.Add(cell), rhs.s).s
	default:
		v = e.arith(assignOps[s.Op], s.LHS.Type, operand(jen.Add(cell)), rhs).s
	}
	if s.Op == loopir.Set && loopir.FormatExpr(s.LHS) == loopir.FormatExpr(s.RHS) {
		v = jen.Parens(v) // go vet frowns on x = x
	}
	return append(out, jen.Add(cell).Op("=").Add(v))
}

// cell emits an array element or a scalar.
func (e *emitter) cell(r *loopir.Read) *jen.Statement {
	if e.made[r.Name] {
		if len(r.Index) == 0 {
			return jen.Id(r.Name)
		}
		return jen.Id(r.Name).Index(e.index(r.Index[0]).s)
	}
	e.use(r.Name)
	if len(r.Index) == 0 {
		return jen.Id(goName(r.Name))
	}
	a := e.array(r.Name)
	if a == nil {
		e.fail(loopir.Errorf(r.Span, "no array %s here", r.Name))
		return jen.Id(goName(r.Name))
	}
	return jen.Id(goName(r.Name)).Index(e.flat(a, r.Index).s)
}

// flat is the row-major offset of a cell, in Horner's form.
func (e *emitter) flat(a *array, index []loopir.Expr) code {
	off := e.subscript(a, 0, index[0])
	for d := 1; d < len(index); d++ {
		off = binary(loopir.Add, binary(loopir.Mul, off, e.extent(a, d)), e.subscript(a, d, index[d]))
	}
	return off
}

// subscript is the index in dimension d. One that data gives is tested: in the flat array
// it could lie in another row.
func (e *emitter) subscript(a *array, d int, x loopir.Expr) code {
	if x.TypeOf().IsInteger() {
		return call("inRange", variable(x.TypeOf(), e.value(x)).s, e.extent(a, d).s)
	}
	return e.index(x)
}

// extent emits the extent of dimension d: a parameter's is computed once, at the
// head of the function.
func (e *emitter) extent(a *array, d int) code {
	switch a.shape[d].(type) {
	case *loopir.Int, *loopir.Var:
		return e.index(a.shape[d])
	}
	if a.local {
		return e.index(a.shape[d])
	}
	name := extentName(a.name, d)
	e.used[" "+name] = true // no .loop name has a space
	return operand(jen.Id(name))
}

func extentName(array string, d int) string { return goName(array) + "_dim" + itoa(d) }

// choose hoists select(c, a, b) in front of the statement that uses it.
func (e *emitter) choose(x *loopir.Intrinsic) code {
	e.temps++
	name := jen.Id("sel" + itoa(e.temps))
	c := e.cond(x.Args[0])
	before := e.takeHoisted()
	arm := func(v loopir.Expr) []jen.Code {
		val := e.value(v)
		return append(e.takeHoisted(), jen.Add(name).Op("=").Add(val.s))
	}
	yes, no := arm(x.Args[1]), arm(x.Args[2])
	e.hoisted = append(before, jen.Var().Add(name).Id(x.Type.Go()), jen.If(c.s).Block(yes...).Else().Block(no...))
	return operand(jen.Add(name))
}

func (e *emitter) takeHoisted() []jen.Code {
	h := e.hoisted
	e.hoisted = nil
	return h
}
