package golang

import (
	"cmp"
	"slices"

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

// A cell is one that the loop touches: in its first iteration, from where it goes on along the
// last dimension or stays.
type cell struct {
	array *array
	read  *loopir.Read
	first []loopir.Expr
	flat  poly.Poly   // the offset of first
	moves bool        // by one in each iteration
	last  loopir.Expr // where it moves otherwise: the last index, in a part that is all of the dimension
	part  string      // that it lies in
	at    int64       // of the part
}

// find gives the cell of a read, nil if it goes other ways.
func (r *rowEmitter) find(c *loopir.Read) *cell {
	a := r.array(c.Name)
	if a == nil || a.fixed || a.local || len(c.Index) == 0 || len(c.Index) != len(a.shape) {
		return nil
	}
	out := &cell{array: a, read: c}
	for d, x := range c.Index {
		if x.TypeOf() != loopir.Index {
			return nil
		}
		p := poly.Must(x)
		if d == len(c.Index)-1 && p.Uses(r.loop.Iter) {
			coeff, rest, ok := p.Coeff(r.loop.Iter)
			if n, isConst := coeff.Const(); ok && isConst && n.IsInt64() && n.Int64() == 1 {
				p, out.moves = rest, true
			} else {
				p, out.last = poly.Int(0), x
			}
		}
		if p.Uses(r.loop.Iter) {
			return nil
		}
		out.first = append(out.first, poly.Simplify(p.Expr(), r.facts))
		if d > 0 {
			out.flat = out.flat.Mul(poly.Must(a.shape[d]))
		}
		out.flat = out.flat.Add(p)
	}
	out.flat = r.facts.Reduce(out.flat)
	return out
}

func (c *cell) key() string {
	kind := "a cell of "
	if c.last != nil {
		kind = "all of "
	}
	return kind + loopir.FormatExpr(&loopir.Read{Name: c.read.Name, Index: c.first})
}

// note keeps a cell that is known to lie in its array throughout.
func (r *rowEmitter) note(x *loopir.Read, moves bool) {
	c := r.find(x)
	if c == nil || (c.moves || c.last != nil) != moves || r.cells[c.key()] != nil || !r.inside(c, r.facts) {
		return
	}
	r.cells[c.key()] = c
	r.order = append(r.order, c)
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

// longestPart bounds the elements of a part that several cells lie in.
const longestPart = 1024

// together takes cells off the list that can lie in one part: of one array, as far apart as numbers say.
func (r *rowEmitter) together() []*cell {
	first, n := r.order[0], int64(0)
	if first.last != nil {
		r.order = r.order[1:]
		return []*cell{first}
	}
	if first.moves {
		n, _ = constant(r.facts, r.loop.Hi)
	}
	var out, rest []*cell
	least, most := int64(0), int64(0)
	for _, c := range r.order {
		d, ok := c.flat.Sub(first.flat).Const()
		if c != first && (c.array != first.array || c.moves != first.moves || c.last != nil || !ok || !d.IsInt64() || c.moves && n == 0 || max(most, d.Int64())-min(least, d.Int64())+n > longestPart) {
			rest = append(rest, c)
			continue
		}
		if c.at = 0; c != first {
			c.at = d.Int64()
		}
		least, most = min(least, c.at), max(most, c.at)
		out = append(out, c)
	}
	r.order = rest
	for _, c := range out {
		c.at -= least
	}
	return out
}

// inside tells whether a cell is known to lie in its array in all iterations, of which there are some.
func (r *rowEmitter) inside(c *cell, f poly.Facts) bool {
	index := c.read.Index
	if c.last != nil {
		index = c.first[:len(c.first)-1]
	} else if !f.Holds(loopir.Bin(loopir.Ge, r.loop.Hi, loopir.NewInt(1))) {
		return false
	} else {
		f = f.Enter(r.loop)
	}
	for d, x := range index {
		if !f.Holds(loopir.Bin(loopir.Ge, x, loopir.NewInt(0))) || !f.Holds(loopir.Bin(loopir.Lt, x, c.array.shape[d])) {
			return false
		}
	}
	return true
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

// assigned walks over assignments, and tells which are conditional.
func (r *rowEmitter) assigned(body []loopir.Stmt, f func(s *loopir.Assign, conditional bool)) {
	for _, s := range body {
		if s, ok := s.(*loopir.Assign); ok {
			f(s, false)
		}
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if b, ok := s.(*loopir.If); ok {
			for _, list := range [][]loopir.Stmt{b.Then, b.Else} {
				for _, s := range list {
					if s, ok := s.(*loopir.Assign); ok {
						f(s, true)
					}
				}
			}
		}
		return true
	})
}

// fixed reads cells that are the same in all iterations, and that the loop does not write, before it:
// those that each iteration reads, and those of in arrays that are known to exist.
func (r *rowEmitter) fixed(body []loopir.Stmt) {
	r.assigned(body, func(s *loopir.Assign, conditional bool) {
		s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
			if r.written[cmp.Or(r.of[c.Name], c.Name)] || len(c.Index) == 0 || loopir.UsesVar(c, r.loop.Iter) || conditional && !r.exists(c) {
				return c
			}
			key := "cell " + loopir.FormatExpr(c)
			if r.names[key] == nil {
				name := r.name(cmp.Or(r.of[c.Name], c.Name), "cell")
				r.names[key] = &loopir.Read{Name: name, Type: c.Type, Span: c.Span}
				r.under(r.facts, func() { r.code = append(r.code, r.variable(name, c)) })
			}
			return loopir.CloneExpr(r.names[key])
		})
	})
}

// exists tells a cell that may be read whether or not a condition holds: of an in array, and
// inside, as those of parts are.
func (r *rowEmitter) exists(c *loopir.Read) bool {
	p := r.k.Param(cmp.Or(r.of[c.Name], c.Name))
	if p == nil || p.Dir != loopir.In {
		return false
	}
	if r.of[c.Name] != "" {
		return true
	}
	x := r.find(c)
	return x != nil && x.last == nil && r.inside(x, r.facts)
}

// twice gives cells that a list of statements reads twice, and that the loop does not write, a variable;
// all of them if the loop writes a cell twice: where nothing is read in between, Go's compiler leaves out
// all but the last.
func (r *rowEmitter) twice(body []loopir.Stmt) []loopir.Stmt {
	count, names := map[string]int{}, map[string]*loopir.Read{}
	cells := func(f func(c *loopir.Read, key string) loopir.Expr) {
		for _, s := range body {
			if s, ok := s.(*loopir.Assign); ok {
				s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
					if r.written[cmp.Or(r.of[c.Name], c.Name)] || len(c.Index) == 0 {
						return c
					}
					return f(c, loopir.FormatExpr(c))
				})
			}
		}
	}
	cells(func(c *loopir.Read, key string) loopir.Expr { count[key]++; return c })
	var out []loopir.Stmt
	cells(func(c *loopir.Read, key string) loopir.Expr {
		if count[key] < 2 && !r.again {
			return c
		}
		if names[key] == nil {
			name := r.name(cmp.Or(r.of[c.Name], c.Name), "cell")
			names[key] = &loopir.Read{Name: name, Type: c.Type, Span: c.Span}
			out = append(out, &loopir.Local{Name: name, Type: c.Type, Init: c, Span: c.Span})
		}
		return loopir.CloneExpr(names[key])
	})
	for _, s := range body {
		if s, ok := s.(*loopir.If); ok {
			s.Then, s.Else = r.twice(s.Then), r.twice(s.Else)
		}
		out = append(out, s)
	}
	return out
}

// variable declares a variable that holds c.
func (e *emitter) variable(name string, c *loopir.Read) jen.Code {
	return jen.Var().Id(name).Id(c.Type.Go()).Op("=").Add(e.cell(c))
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
