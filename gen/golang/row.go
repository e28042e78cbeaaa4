package golang

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

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
	r := &rowEmitter{emitter: e, loop: l, facts: facts, written: map[string]bool{}, cells: map[string]*cell{}, names: map[string]*loopir.Read{}, of: map[string]string{}}
	cells := map[string]bool{}
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			r.written[a.LHS.Name] = true
			at := loopir.FormatExpr(a.LHS)
			r.again = r.again || cells[at]
			cells[at] = true
		}
		return true
	})
	r.parts(l.Body)
	r.fixed(l.Body)
	l.Body = r.twice(l.Body)
	hi := e.index(l.Hi)
	var inner []jen.Code
	e.under(facts, func() {
		e.enter(l)
		inner = e.body(l.Body)
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
	again   bool                    // it writes a cell twice
	cells   map[string]*cell        // that parts may have, by the text of where they begin
	order   []*cell                 // the same, as they are found
	names   map[string]*loopir.Read // what stands for a cell
	of      map[string]string       // the arrays that parts are of
	code    []jen.Code              // that stands before the loop
}

// parts declares parts of arrays for the cells of the loop, and replaces these.
func (r *rowEmitter) parts(body []loopir.Stmt) {
	stays := func(c *loopir.Read) loopir.Expr {
		if !r.written[c.Name] {
			r.note(c, false)
		}
		return c
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		for _, x := range loopir.StmtExprs(s) {
			loopir.WalkExpr(x, func(x loopir.Expr) bool {
				if c, ok := x.(*loopir.Read); ok {
					r.note(c, true)
				}
				return true
			})
		}
		return true
	})
	r.assigned(body, func(s *loopir.Assign, _ bool) { always(s.RHS, stays) })
	for len(r.order) > 0 {
		r.declare(r.together())
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(x loopir.Expr) loopir.Expr {
			return loopir.MapExpr(x, func(x loopir.Expr) loopir.Expr {
				if c, ok := x.(*loopir.Read); ok {
					return r.inPart(c)
				}
				return x
			})
		})
		return true
	})
}

// declare writes the declaration of a part that holds cells, as far outside as they are
// known to lie in the array. One cell that stays needs none.
func (r *rowEmitter) declare(cells []*cell) {
	if len(cells) == 1 && !cells[0].moves && cells[0].last == nil {
		return
	}
	name := r.name(cells[0].read.Name, "row")
	r.of[name] = cells[0].read.Name
	first, most := cells[0], int64(0)
	for _, c := range cells {
		c.part = name
		if most = max(most, c.at); c.at == 0 {
			first = c
		}
	}
	length := loopir.Expr(loopir.NewInt(1))
	switch {
	case first.moves:
		length = r.loop.Hi
	case first.last != nil:
		length = first.array.shape[len(first.first)-1]
	}
	decl := func(f poly.Facts) (out jen.Code) {
		r.under(f, func() {
			r.use(first.read.Name)
			n := r.index(poly.Simplify(loopir.Bin(loopir.Add, length, loopir.NewInt(most)), f))
			if first.last != nil {
				n = r.extent(first.array, len(first.first)-1)
			}
			out = jen.Id(name).Op(":=").Id(goName(first.read.Name)).Index(jen.Add(r.flat(first.array, first.first).s).Op(":").Empty()).
				Index(jen.Empty().Op(":").Add(n.s))
		})
		return out
	}
	for d := r.outermost; d < len(r.iters); d++ {
		f := r.emitter.facts
		if d+1 < len(r.scopes) {
			f = r.scopes[d+1]
		}
		if r.known(d, cells) && !slices.ContainsFunc(cells, func(c *cell) bool { return !r.inside(c, f) }) {
			r.before[d] = append(r.before[d], decl(f))
			return
		}
	}
	r.code = append(r.code, decl(r.facts))
}

// known tells whether no iterator further inside than the one at depth d tells where cells lie.
func (r *rowEmitter) known(d int, cells []*cell) bool {
	for _, it := range r.iters[d+1:] {
		if it == "" {
			continue
		}
		for _, c := range cells {
			if c.moves && loopir.UsesVar(r.loop.Hi, it) {
				return false
			}
			for _, x := range c.first {
				if loopir.UsesVar(x, it) {
					return false
				}
			}
		}
	}
	return true
}

// inPart is what stands for a cell that lies in a part.
func (r *rowEmitter) inPart(x *loopir.Read) *loopir.Read {
	c := r.find(x)
	if c != nil {
		c = r.cells[c.key()]
	}
	if c == nil || c.part == "" {
		return x
	}
	at := loopir.Expr(loopir.NewInt(c.at))
	if c.last != nil {
		at = x.Index[len(x.Index)-1]
	} else if c.moves {
		at = loopir.NewVar(r.loop.Iter)
		if c.at > 0 {
			at = loopir.Bin(loopir.Add, at, loopir.NewInt(c.at))
		}
	}
	return &loopir.Read{Name: c.part, Index: []loopir.Expr{at}, Type: x.Type, Span: x.Span}
}

// under runs f where facts hold.
func (e *emitter) under(facts poly.Facts, f func()) {
	old := e.facts
	e.facts = facts
	f()
	e.facts = old
}

// name makes a name of what of, which no name of a .loop file is in Go.
func (e *emitter) name(of, kind string) string {
	e.rows++
	n := goName(of) + "_" + kind + itoa(e.rows)
	e.made[n] = true
	return n
}
