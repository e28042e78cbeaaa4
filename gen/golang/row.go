package golang

import (
	"cmp"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// mostWritten bounds the statements that a loop may be written out to.
const mostWritten = 64

// writtenOut replaces loops that are marked so, and of constant extent, by copies of their bodies. Those
// that declare locals stay.
func writtenOut(body []loopir.Stmt, facts poly.Facts) []loopir.Stmt {
	var out []loopir.Stmt
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			inside := facts.Enter(s)
			s.Body = writtenOut(s.Body, inside)
			if n, ok := constant(facts, loopir.Bin(loopir.Sub, s.Hi, s.Lo)); ok && s.Unroll && s.Step == nil && n > 0 && plain(s.Body) && int(n)*len(s.Body) <= mostWritten {
				for i := range n {
					out = append(out, copyAt(s, loopir.Bin(loopir.Add, s.Lo, loopir.NewInt(i)), facts)...)
				}
				continue
			}
		case *loopir.If:
			s.Then = writtenOut(s.Then, facts.Assume(s.Cond))
			s.Else = writtenOut(s.Else, facts.AssumeNot(s.Cond))
		}
		out = append(out, s)
	}
	return out
}

// plain tells a body without loops and declarations.
func plain(body []loopir.Stmt) bool {
	ok := true
	loopir.Walk(body, func(s loopir.Stmt) bool {
		switch s.(type) {
		case *loopir.Assign, *loopir.If:
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// copyAt is the body of l for one iteration.
func copyAt(l *loopir.For, at loopir.Expr, facts poly.Facts) []loopir.Stmt {
	body := loopir.CloneStmts(l.Body)
	loopir.SubstStmts(body, map[string]loopir.Expr{l.Iter: at})
	loopir.Walk(body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(x loopir.Expr) loopir.Expr { return poly.Simplify(x, facts) })
		return true
	})
	return body
}

// innermost tells a loop of assignments, which may be conditional.
func innermost(l *loopir.For) bool {
	return l.Step == nil && len(l.Body) > 0 && plain(l.Body)
}

// row emits an innermost loop: from 0, over parts of the arrays whose cells lie side by side in it, with
// what does not change and what is read twice in variables.
//
//	if lo < hi {
//		X_row1 := X[...:][:hi-lo]
//		for i := 0; i < hi-lo; i++ {
//			... X_row1[i] ...
//		}
//	}
func (e *emitter) row(s *loopir.For) []jen.Code {
	facts := e.facts
	trips := poly.Simplify(loopir.Bin(loopir.Sub, s.Hi, s.Lo), facts)
	cond := loopir.Bin(loopir.Lt, s.Lo, s.Hi)
	runs := facts.Holds(cond)
	l := &loopir.For{Iter: s.Iter, Lo: loopir.NewInt(0), Hi: trips, Body: copyAt(s, loopir.Bin(loopir.Add, s.Lo, loopir.NewVar(s.Iter)), poly.Facts{}), Span: s.Span}
	if !runs {
		facts = facts.Assume(cond)
	}
	r := &rowEmitter{emitter: e, loop: l, facts: facts, written: map[string]bool{}, names: map[string]*loopir.Read{}, of: map[string]string{}}
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			r.written[a.LHS.Name] = true
		}
		return true
	})
	r.parts(l.Body)
	r.fixed(l.Body)
	hi := e.index(l.Hi)
	var inner []jen.Code
	e.under(facts, func() {
		e.enter(l)
		inner = append(r.twice(l.Body), e.body(l.Body)...)
		inner = append(e.leave(), inner...)
	})
	it := goName(l.Iter)
	out := append(r.code, jen.For(jen.Id(it).Op(":=").Lit(0), jen.Id(it).Op("<").Add(hi.in(4)), jen.Id(it).Op("++")).Block(inner...))
	if runs {
		return out
	}
	return []jen.Code{jen.If(e.cond(cond).s).Block(out...)}
}

// A rowEmitter names parts and cells for one innermost loop.
type rowEmitter struct {
	*emitter
	loop    *loopir.For
	facts   poly.Facts // before the loop, which runs at least once
	written map[string]bool
	names   map[string]*loopir.Read // what stands for a part or a cell
	of      map[string]string       // the arrays that parts are of
	code    []jen.Code              // that stands before the loop
}

// parts replaces cells by those of a part of their array, as far as the loop runs along
// its last dimension.
func (r *rowEmitter) parts(body []loopir.Stmt) {
	loopir.Walk(body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(x loopir.Expr) loopir.Expr {
			return loopir.MapExpr(x, func(x loopir.Expr) loopir.Expr {
				if c, ok := x.(*loopir.Read); ok {
					return r.part(c)
				}
				return x
			})
		})
		return true
	})
}

func (r *rowEmitter) part(c *loopir.Read) *loopir.Read {
	a := r.array(c.Name)
	if a == nil || a.fixed || len(c.Index) == 0 || len(c.Index) != len(a.shape) {
		return c
	}
	first := &loopir.Read{Name: c.Name, Type: c.Type, Span: c.Span}
	for d, x := range c.Index {
		if x.TypeOf() != loopir.Index {
			return c
		}
		p := poly.Must(x)
		if d == len(c.Index)-1 {
			coeff, rest, ok := p.Coeff(r.loop.Iter)
			if n, isConst := coeff.Const(); !ok || !isConst || !n.IsInt64() || n.Int64() != 1 || rest.Uses(r.loop.Iter) {
				return c
			}
			p = rest
		}
		if p.Uses(r.loop.Iter) {
			return c
		}
		first.Index = append(first.Index, poly.Simplify(p.Expr(), r.facts))
	}
	key := "row " + loopir.FormatExpr(first)
	if r.names[key] == nil {
		name := r.declare(a, first, c)
		if name == "" {
			return c
		}
		r.names[key] = &loopir.Read{Name: name, Index: []loopir.Expr{loopir.NewVar(r.loop.Iter)}, Type: c.Type, Span: c.Span}
	}
	return loopir.CloneExpr(r.names[key]).(*loopir.Read)
}

// declare writes the declaration of a part that begins at cell first, as far outside as all of it is
// known to lie in the array; "" if it is not known anywhere.
func (r *rowEmitter) declare(a *array, first, c *loopir.Read) string {
	inside := func(f poly.Facts) bool {
		if !f.Holds(loopir.Bin(loopir.Ge, r.loop.Hi, loopir.NewInt(1))) {
			return false
		}
		f = f.Enter(r.loop)
		for d, x := range c.Index {
			if !f.Holds(loopir.Bin(loopir.Ge, x, loopir.NewInt(0))) || !f.Holds(loopir.Bin(loopir.Lt, x, a.shape[d])) {
				return false
			}
		}
		return true
	}
	if !inside(r.facts) {
		return ""
	}
	name := r.name(c.Name, "row")
	r.of[name] = c.Name
	decl := func() jen.Code {
		r.use(c.Name)
		return jen.Id(name).Op(":=").Id(goName(c.Name)).Index(jen.Add(r.flat(a, first.Index).s).Op(":").Empty()).
			Index(jen.Empty().Op(":").Add(r.index(r.loop.Hi).s))
	}
	uses := append(append([]loopir.Expr{}, first.Index...), r.loop.Hi)
	uses = append(uses, a.shape...)
	for d := r.outermost; d < len(r.iters); d++ {
		f := r.emitter.facts
		if d+1 < len(r.scopes) {
			f = r.scopes[d+1]
		}
		if !r.known(d, uses) || a.local || !inside(f) {
			continue
		}
		r.under(f, func() { r.before[d] = append(r.before[d], decl()) })
		return name
	}
	r.under(r.facts, func() { r.code = append(r.code, decl()) })
	return name
}

// under runs f where facts hold.
func (e *emitter) under(facts poly.Facts, f func()) {
	old := e.facts
	e.facts = facts
	f()
	e.facts = old
}

// known tells whether no iterator further inside than the one at depth d is in xs.
func (r *rowEmitter) known(d int, xs []loopir.Expr) bool {
	for _, it := range r.iters[d+1:] {
		for _, x := range xs {
			if it != "" && loopir.UsesVar(x, it) {
				return false
			}
		}
	}
	return true
}

// name makes a name of what of, which no name of a .loop file is in Go.
func (e *emitter) name(of, kind string) string {
	e.rows++
	n := goName(of) + "_" + kind + itoa(e.rows)
	e.made[n] = true
	return n
}

// fixed reads cells that are the same in all iterations, and that the loop does not write, before it:
// those that each iteration reads.
func (r *rowEmitter) fixed(body []loopir.Stmt) {
	for _, s := range body {
		s, ok := s.(*loopir.Assign)
		if !ok {
			continue
		}
		s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
			if r.written[c.Name] || len(c.Index) == 0 || loopir.UsesVar(c, r.loop.Iter) {
				return c
			}
			key := "cell " + loopir.FormatExpr(c)
			if r.names[key] == nil {
				r.under(r.facts, func() {
					v, decl := r.variable(c)
					r.names[key], r.code = v, append(r.code, decl)
				})
			}
			return loopir.CloneExpr(r.names[key])
		})
	}
}

// twice gives cells that one iteration reads twice, and that the loop does not write, a variable.
func (r *rowEmitter) twice(body []loopir.Stmt) []jen.Code {
	count := map[string]int{}
	cells := func(f func(c *loopir.Read, key string) loopir.Expr) {
		for _, s := range body {
			if s, ok := s.(*loopir.Assign); ok {
				s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
					if r.written[cmp.Or(r.of[c.Name], c.Name)] || len(c.Index) == 0 {
						return c
					}
					return f(c, "cell "+loopir.FormatExpr(c))
				})
			}
		}
	}
	cells(func(c *loopir.Read, key string) loopir.Expr { count[key]++; return c })
	var out []jen.Code
	cells(func(c *loopir.Read, key string) loopir.Expr {
		if count[key] < 2 {
			return c
		}
		if r.names[key] == nil {
			var decl jen.Code
			r.names[key], decl = r.variable(c)
			out = append(out, decl)
		}
		return loopir.CloneExpr(r.names[key])
	})
	return out
}

// variable declares a variable that holds c.
func (r *rowEmitter) variable(c *loopir.Read) (*loopir.Read, jen.Code) {
	name := r.name(cmp.Or(r.of[c.Name], c.Name), "cell")
	return &loopir.Read{Name: name, Type: c.Type, Span: c.Span}, jen.Var().Id(name).Id(c.Type.Go()).Op("=").Add(r.cell(c))
}

// always replaces the cells that x reads whatever the data are: the arms of a select stay.
func always(x loopir.Expr, f func(*loopir.Read) loopir.Expr) loopir.Expr {
	switch x := x.(type) {
	case *loopir.Read:
		return f(x)
	case *loopir.Unary:
		y := *x
		y.X = always(x.X, f)
		return &y
	case *loopir.Binary:
		y := *x
		y.X, y.Y = always(x.X, f), always(x.Y, f)
		return &y
	case *loopir.Cast:
		y := *x
		y.X = always(x.X, f)
		return &y
	case *loopir.Intrinsic:
		if x.Name == "select" {
			return x
		}
		y := *x
		y.Args = nil
		for _, a := range x.Args {
			y.Args = append(y.Args, always(a, f))
		}
		return &y
	}
	return x
}
