package lift

import (
	"context"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A composer proves two programs equal part by part: loops over the same values are
// equal when their bodies are, whatever the iterator is, and lists of statements when
// they can be cut into pieces that are. Each piece is compared by package equiv as a
// kernel of its own, of which the iterators around it are sizes, and the locals around
// it are arrays with any content.
type composer struct {
	ctx    context.Context
	opts   equiv.Options
	file   *loopir.File
	target *loopir.Kernel
	names  map[string]bool // of all iterators and locals, those of copies too
	count  int
	events int64 // that may still be made of lists (trace.go)
	worst  equiv.Verdict
	failed func()          // told when a part is not proved; may be nil
	why    []*loopir.Error // what failed in the first of these
}

// A context is what stands around a piece, in both programs under the same names.
type around struct {
	iters  []*loopir.For
	locals []*loopir.Local
	facts  poly.Facts
}

func startOf(k *loopir.Kernel) around { return around{facts: poly.KernelFacts(k)} }

// equal tells whether the lists are shown equal.
func (c *composer) equal(a, b []loopir.Stmt, at around) bool {
	if c.same(a, b, at.facts) {
		return true
	}
	a, b = c.flat(a, b, at.facts), c.flat(b, a, at.facts)
	cuts := c.cut(a, b, at.facts)
	n := max(writtenOut(a, maxEvents+1), writtenOut(b, maxEvents+1))
	inside := len(cuts) == 1 && cuts[0].loop && nonNegative(a[0].(*loopir.For), at.facts) &&
		n == max(writtenOut(a[0].(*loopir.For).Body, maxEvents+1), writtenOut(b[0].(*loopir.For).Body, maxEvents+1))
	whole := !inside && n <= c.events // one loop that is not written out does what its body does
	if whole {
		c.events -= n
		if c.sameEvents(a, b, n, at.facts) {
			return true
		}
	}
	if c.ctx.Err() != nil {
		return false
	}
	if len(cuts) > 1 || len(cuts) == 1 && cuts[0].loop {
		if c.pieces(cuts, at) {
			return true
		}
	}
	if x, y := closed(a), closed(b); len(x) > 1 && len(x) == len(y) {
		if c.grouped(x, y, at) {
			return true
		}
	}
	return !inside && (!whole || n > longLoop) && c.sameEvents(a, b, longLoop, at.facts) || c.compare(a, b, at)
}

// flat puts the bodies of loops of one iteration in the place of the loops, and all copies of those
// of loops that are written out around others, unless the other list has the loop too. Locals get
// names of their own where there would be two.
func (c *composer) flat(list, other []loopir.Stmt, facts poly.Facts) []loopir.Stmt {
	var out []loopir.Stmt
	for _, s := range list {
		l, ok := s.(*loopir.For)
		n := int64(0)
		if ok && !slices.ContainsFunc(other, func(s loopir.Stmt) bool { return c.anchors(l, s, facts) }) {
			n = copiesOf(l, facts)
		}
		if n == 0 {
			out = append(out, s)
			continue
		}
		for i := range n {
			body := loopir.CloneStmts(l.Body)
			at := loopir.Bin(loopir.Add, l.Lo, loopir.Bin(loopir.Mul, loopir.NewInt(i), stepOf(l)))
			loopir.SubstStmts(body, map[string]loopir.Expr{l.Iter: at})
			if n > 1 || declaresAlso(list, l) {
				c.renameLocals(body)
			}
			out = append(out, c.flat(body, other, facts)...)
		}
	}
	return out
}

// copiesOf is how many copies flat makes of a loop's body, 0 if the loop stays.
func copiesOf(l *loopir.For, facts poly.Facts) int64 {
	const most = 8
	trip, ok := facts.Reduce(poly.Must(l.Hi).Sub(poly.Must(l.Lo))).Const()
	if !ok || !trip.IsInt64() || trip.Sign() <= 0 || len(l.Reduce) > 0 || l.Step != nil {
		return 0
	}
	n := trip.Int64()
	around := false
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		m, ok := s.(*loopir.For)
		around = around || ok && !m.Unroll && m.Par != loopir.Vectorize
		return !around
	})
	if n == 1 || n <= most && l.Unroll && around {
		return n
	}
	return 0
}

// declaresAlso tells whether another statement of the list declares a name that l's body does.
func declaresAlso(list []loopir.Stmt, l *loopir.For) bool {
	own, found := declared(l.Body), false
	for _, s := range list {
		for name := range declared([]loopir.Stmt{s}) {
			found = found || s != l && own[name]
		}
	}
	return found
}

// renameLocals gives the locals that list declares names that are nowhere in either program.
func (c *composer) renameLocals(list []loopir.Stmt) {
	for _, s := range list {
		l, ok := s.(*loopir.Local)
		if !ok {
			continue
		}
		old := l.Name
		for n := 2; c.names[l.Name]; n++ {
			l.Name = fmt.Sprintf("%s_%d", old, n)
		}
		c.names[l.Name] = true
		loopir.Walk(list, func(s loopir.Stmt) bool {
			loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
				return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
					if r, ok := e.(*loopir.Read); ok && r.Name == old {
						r.Name = l.Name
					}
					return e
				})
			})
			return true
		})
	}
}

// declared has the names of locals and iterators in body.
func declared(body []loopir.Stmt) map[string]bool {
	names := map[string]bool{}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local:
			names[s.Name] = true
		case *loopir.For:
			names[s.Iter] = true
		}
		return true
	})
	return names
}

// rebased is the body of l with an iterator of the same name that starts at lo.
func rebased(l *loopir.For, lo loopir.Expr, facts poly.Facts) []loopir.Stmt {
	if sameIndex(l.Lo, lo, facts) {
		return l.Body
	}
	shift := loopir.Bin(loopir.Sub, l.Lo, lo)
	body := loopir.CloneStmts(l.Body)
	loopir.SubstStmts(body, map[string]loopir.Expr{l.Iter: loopir.Bin(loopir.Add, loopir.NewVar(l.Iter), shift)})
	return body
}

// closed cuts a list where no local is in use.
func closed(list []loopir.Stmt) [][]loopir.Stmt {
	var out [][]loopir.Stmt
	start, end := 0, 0
	for i, s := range list {
		if l, ok := s.(*loopir.Local); ok {
			for j := len(list) - 1; j > end; j-- {
				if usesName(list[j:j+1], l.Name) {
					end = j
				}
			}
		}
		if i >= end {
			out, start, end = append(out, list[start:i+1]), i+1, i+1
		}
	}
	return out
}

// grouped proves lists equal group by group.
func (c *composer) grouped(a, b [][]loopir.Stmt, at around) bool {
	for i := range a {
		if !c.equal(a[i], b[i], at) {
			return false
		}
	}
	return true
}

// A piece is part of both lists: a loop of each over the same values, a local of
// each, or whatever stands in between.
type piece struct {
	a, b        []loopir.Stmt
	loop, local bool
}

// cut finds loops and locals that both lists have, in order.
func (c *composer) cut(a, b []loopir.Stmt, facts poly.Facts) []piece {
	var out []piece
	i, j := 0, 0
	for {
		x, y := c.next(a[i:], b[j:], facts)
		if x < 0 {
			break
		}
		if x > 0 || y > 0 {
			out = append(out, piece{a: a[i : i+x], b: b[j : j+y]})
		}
		_, isLocal := a[i+x].(*loopir.Local)
		out = append(out, piece{a: a[i+x : i+x+1], b: b[j+y : j+y+1], loop: !isLocal, local: isLocal})
		i, j = i+x+1, j+y+1
	}
	if i < len(a) || j < len(b) {
		out = append(out, piece{a: a[i:], b: b[j:]})
	}
	for n, p := range out { // a local that only one of them has is not cut off its uses
		if p.loop || p.local {
			continue
		}
		for _, q := range out[n+1:] {
			if outlives(p.a, q.a) || outlives(p.b, q.b) {
				return nil
			}
		}
	}
	return out
}

// outlives tells whether a local that list declares is used in later.
func outlives(list, later []loopir.Stmt) bool {
	for _, s := range list {
		if l, ok := s.(*loopir.Local); ok && usesName(later, l.Name) {
			return true
		}
	}
	return false
}

func usesName(list []loopir.Stmt, name string) bool {
	found := false
	loopir.Walk(list, func(s loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(s) {
			found = found || readsName(e, name)
		}
		return !found
	})
	return found
}

// next finds the first anchor: the pair that skips the fewest statements.
func (c *composer) next(a, b []loopir.Stmt, facts poly.Facts) (int, int) {
	for sum := 0; sum < len(a)+len(b); sum++ {
		for i := 0; i <= sum && i < len(a); i++ {
			if j := sum - i; j < len(b) && c.anchors(a[i], b[j], facts) {
				return i, j
			}
		}
	}
	return -1, -1
}

func (c *composer) anchors(a, b loopir.Stmt, facts poly.Facts) bool {
	switch x := a.(type) {
	case *loopir.For:
		y, ok := b.(*loopir.For)
		return ok && sameTrip(x, y, facts)
	case *loopir.Local:
		y, ok := b.(*loopir.Local)
		return ok && sameLocal(x, y, facts)
	}
	return false
}

// pieces proves each piece, in its context.
func (c *composer) pieces(cuts []piece, at around) bool {
	at.locals = at.locals[:len(at.locals):len(at.locals)]
	for _, p := range cuts {
		switch {
		case p.local:
			at.locals = append(at.locals, p.a[0].(*loopir.Local))
		case p.loop:
			x, y := p.a[0].(*loopir.For), p.b[0].(*loopir.For)
			in := at
			in.iters = append(at.iters[:len(at.iters):len(at.iters)], x)
			in.facts = at.facts.Enter(x)
			body := rebased(y, x.Lo, at.facts)
			if c.same(x.Body, body, in.facts) {
				continue
			}
			if !nonNegative(x, at.facts) || !c.equal(x.Body, body, in) {
				return false
			}
		default:
			if !c.equal(p.a, p.b, at) {
				return false
			}
		}
	}
	return true
}

// nonNegative tells whether the iterator can be a size.
func nonNegative(l *loopir.For, facts poly.Facts) bool {
	lo, _ := facts.Bounds(l.Lo)
	return lo != nil && lo.Sign() >= 0
}

// compare has package equiv compare two lists as kernels.
func (c *composer) compare(a, b []loopir.Stmt, at around) bool {
	if len(at.iters)+len(at.locals) == 0 {
		return false // the whole, which the caller compares
	}
	before, after := c.kernel(a, at), c.kernel(b, at)
	if before == nil || after == nil {
		return false
	}
	f := &loopir.File{Name: c.file.Name, Funcs: c.file.Funcs, Kernels: []*loopir.Kernel{before}}
	if f.CheckKernel(before) != nil || f.CheckKernel(after) != nil || f.Number(before) != nil {
		return false
	}
	claim(before, after)
	opts := c.opts
	opts.ProofOnly = true
	res, err := equiv.Check(c.ctx, f, before, after, opts)
	if err != nil || res.Outcome != equiv.Proved || len(res.Assumptions) > 0 {
		if c.why == nil && res != nil {
			c.why = res.Failures
		}
		if c.failed != nil {
			c.failed()
		}
		return false
	}
	c.count += len(res.Obligations)
	c.worst = max(c.worst, res.Verdict)
	return true
}

// kernel makes a kernel of statements that stand in a context.
func (c *composer) kernel(body []loopir.Stmt, at around) *loopir.Kernel {
	k := c.target.Clone()
	k.Body = loopir.CloneStmts(body)
	cells := map[string]bool{}
	for _, p := range k.Params {
		if p.Kind == loopir.ArrayParam && p.Dir == loopir.Out {
			p.Dir = loopir.InOut // written in part only
		}
		if p.Kind == loopir.ArrayParam {
			p.Layout = nil // cells are compared as they lie in memory
		}
	}
	for _, l := range at.locals {
		q := &loopir.Param{Name: l.Name, Kind: loopir.ArrayParam, Dir: loopir.InOut, Type: l.Type, Shape: l.Shape}
		if l.Shape == nil {
			q.Shape = []loopir.Expr{loopir.NewInt(1)}
			cells[l.Name] = true
		}
		k.Params = append(k.Params, q)
	}
	for _, l := range at.iters {
		it := loopir.NewVar(l.Iter)
		k.Params = append(k.Params, &loopir.Param{Name: l.Iter, Kind: loopir.SizeParam, Type: loopir.Index})
		k.Where = append(k.Where, loopir.Bin(loopir.Ge, it, l.Lo), loopir.Bin(loopir.Lt, it, l.Hi))
		if l.Step != nil {
			k.Where = append(k.Where, loopir.Bin(loopir.Eq, loopir.Bin(loopir.Mod, loopir.Bin(loopir.Sub, it, l.Lo), l.Step), loopir.NewInt(0)))
		}
	}
	if len(cells) > 0 {
		scalarCells(k.Body, cells)
	}
	return k.Clone()
}

// scalarCells turns scalars into arrays of one cell.
func scalarCells(body []loopir.Stmt, names map[string]bool) {
	fix := func(e loopir.Expr) loopir.Expr {
		return rebuild(e, func(x loopir.Expr) loopir.Expr {
			if r, ok := x.(*loopir.Read); ok && names[r.Name] && len(r.Index) == 0 {
				return &loopir.Read{Name: r.Name, Index: []loopir.Expr{loopir.NewInt(0)}, Type: r.Type, Span: r.Span}
			}
			return nil
		})
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			if e == nil {
				return nil
			}
			return fix(e)
		})
		return true
	})
}
