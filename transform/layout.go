package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

var layout = &Primitive{
	Name:   "layout",
	Syntax: "layout A[i][j].. as [e][e]..",
	Doc: `Stores cell A[i][j].. at the index given by expressions over i, j..

	in A: f32[N][K]  ...  A[i][16*kb+k]
=>	in A: f32[N][K/16][16] packs [i: N][k: K] as [i][k/16][k%16]  ...  A[i][kb][k]
	                                           // layout A[i][k] as [i][k/16][k%16]

Each expression is made of i, j.. by + - * and / or % by constants, and together they
must tell cells apart. Extents follow from those of A; k/16 of an extent that 16 does
not divide has (K+15)/16 and leaves padding, whose content is unspecified. A parameter
keeps its relation to the array as declared (packs), also after several layouts; a
local just changes. Windows of A in calls must keep dimensions that the layout keeps.`,
	Apply: applyLayout,
}

func applyLayout(c *Context, args *loopir.Cursor) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	var iters []loopir.Token
	for args.Accept("[") {
		it, err := args.Name()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(iters, func(t loopir.Token) bool { return t.Text == it.Text }) {
			return c.Reject(it.Span, "%s names two dimensions", it.Text)
		}
		if err := args.Expect("]"); err != nil {
			return err
		}
		iters = append(iters, it)
	}
	if err := args.Expect("as"); err != nil {
		return err
	}
	index, err := args.Indices(c.Params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	return c.layout(name, iters, index)
}

func (c *Context) layout(name loopir.Token, iters []loopir.Token, index []loopir.Expr) error {
	arrays := c.arraysCalled(name.Text)
	if len(arrays) == 0 {
		return c.noArray(name)
	}
	for _, a := range arrays {
		p, err := c.packing(a, name, iters, index)
		if err != nil {
			return err
		}
		body := *a.scope.body
		if err := p.windows(body, a); err != nil {
			return err
		}
		mapCells(body, a.scope.around, a.name, nil, func(r *loopir.Read, around []Scope) *loopir.Read {
			r.Index = p.at(r.Index, around)
			return r
		}, p.window)
		p.declare(a)
	}
	return nil
}

// A packing is a layout for one array.
type packing struct {
	c     *Context
	iters []string
	old   []loopir.Expr // extents of the iterators
	index []loopir.Expr // over iters
	shape []loopir.Expr
	// kept[d] is the packed dimension that is just iterator d, or -1.
	kept []int
}

// packing checks the layout and finds the new extents.
func (c *Context) packing(a *array, name loopir.Token, iters []loopir.Token, index []loopir.Expr) (*packing, error) {
	if len(iters) != len(a.shape) {
		return nil, c.Reject(name.Span, "%s has %d dimensions, not %d", a.name, len(a.shape), len(iters))
	}
	p := &packing{c: c, old: a.shape}
	inside := slices.Clip(a.scope.around)
	var over []*loopir.For
	for d, it := range iters {
		l := &loopir.For{Iter: it.Text, Lo: lit(0), Hi: a.shape[d]}
		if slices.ContainsFunc(loops(inside), func(l *loopir.For) bool { return l.Iter == it.Text }) || c.Kernel.Param(it.Text) != nil {
			return nil, c.Reject(it.Span, "%s already has a meaning here: name the dimension otherwise", it.Text)
		}
		p.iters, over, inside = append(p.iters, it.Text), append(over, l), append(inside, Scope{Stmt: l})
		p.kept = append(p.kept, -1)
	}
	for i, e := range index {
		if err := c.checkVars(e, inside, e.Source()); err != nil {
			return nil, err
		}
		e = c.Simplify(e, inside)
		last := extreme(e, over, true, c.Facts(inside))
		if last == nil {
			return nil, c.Reject(index[i].Source(), "can't bound %s over the cells of %s", loopir.FormatExpr(e), a.name)
		}
		if !c.Holds(le(lit(0), e), inside) {
			return nil, c.Reject(index[i].Source(), "%s may be negative", loopir.FormatExpr(e))
		}
		extent := c.Simplify(plus(last, lit(1)), a.scope.around)
		if v, ok := e.(*loopir.Var); ok {
			if d := slices.Index(p.iters, v.Name); d >= 0 {
				p.kept[d] = i
				extent = loopir.CloneExpr(a.shape[d])
			}
		}
		p.index, p.shape = append(p.index, e), append(p.shape, extent)
	}
	if d := c.lostDim(p, inside); d >= 0 {
		return nil, c.Reject(iters[d].Span, "the new index does not tell %s: cells of %s would share a place", iters[d].Text, a.name)
	}
	return p, nil
}

// at is the packed index for an index of the array before.
func (p *packing) at(index []loopir.Expr, around []Scope) []loopir.Expr {
	m := map[string]loopir.Expr{}
	for d, it := range p.iters {
		m[it] = index[d]
	}
	out := make([]loopir.Expr, len(p.index))
	for i, e := range p.index {
		out[i] = p.c.Simplify(loopir.Subst(e, m), around)
	}
	return out
}

// declare gives the array its new shape.
func (p *packing) declare(a *array) {
	if a.local != nil {
		a.local.Shape = p.shape
		return
	}
	if a.param.Layout == nil {
		a.param.Layout = &loopir.Layout{Iters: p.iters, Shape: p.old, Index: p.index}
	} else {
		l := a.param.Layout
		var inside []Scope
		for d, it := range l.Iters {
			inside = append(inside, Scope{Stmt: &loopir.For{Iter: it, Lo: lit(0), Hi: l.Shape[d]}})
		}
		l.Index = p.at(l.Index, inside)
	}
	a.param.Shape = p.shape
}

// windows rejects windows of the array that the layout would tear apart: their
// ranges must stay dimensions, in the same order.
func (p *packing) windows(body []loopir.Stmt, a *array) error {
	for _, x := range p.c.accesses(body, a) {
		last := -1
		for d, dim := range x.dims {
			if dim.Hi == nil {
				continue
			}
			if p.kept[d] <= last {
				return p.c.Reject(x.stmt.Source(), "the call takes a range of %s that the layout cuts or moves: inline the call, or lay %s out before",
					p.iters[d], a.name)
			}
			last = p.kept[d]
		}
	}
	return nil
}

// window is the packed window for a window of the array before.
func (p *packing) window(w *loopir.Window, around []Scope) *loopir.Window {
	dims := windowDims(w, p.old)
	lo := make([]loopir.Expr, len(dims))
	for d := range dims {
		lo[d] = dims[d].Lo
	}
	w.Dims = nil
	for _, e := range p.at(lo, around) {
		w.Dims = append(w.Dims, loopir.WindowDim{Lo: e})
	}
	for d, dim := range dims {
		if dim.Hi != nil {
			w.Dims[p.kept[d]].Hi = dim.Hi
		}
	}
	return w
}

// lostDim returns a dimension that can't be computed from the packed index, or
// -1: it is looked for as i itself, or as quotients and remainders that make
// it up (i/6, i/2%3, i%2), or as the only unknown of a sum.
func (c *Context) lostDim(p *packing, inside []Scope) int {
	has := func(e loopir.Expr) bool {
		return slices.ContainsFunc(p.index, func(x loopir.Expr) bool { return c.same(x, e, inside) })
	}
	done := map[string]bool{}
	for range p.iters {
		for _, it := range p.iters {
			if done[it] {
				continue
			}
			if c.recoverable(ivar(it), p.index, has, 0) || c.onlyUnknown(it, p.index, done) {
				done[it] = true
			}
		}
	}
	return slices.IndexFunc(p.iters, func(it string) bool { return !done[it] })
}

// recoverable tells whether e is in the index, or is made up of e/m and e%m.
func (c *Context) recoverable(e loopir.Expr, index []loopir.Expr, has func(loopir.Expr) bool, depth int) bool {
	if has(e) {
		return true
	}
	if depth > len(index) {
		return false
	}
	for _, x := range index {
		m, ok := x.(*loopir.Binary)
		if ok && m.Op == loopir.Mod && has(rem(e, m.Y)) && c.recoverable(quot(e, m.Y), index, has, depth+1) {
			return true
		}
	}
	return false
}

// onlyUnknown tells whether an index is a sum with a constant multiple of the
// iterator and otherwise only of iterators that are known.
func (c *Context) onlyUnknown(it string, index []loopir.Expr, done map[string]bool) bool {
	return slices.ContainsFunc(index, func(e loopir.Expr) bool {
		p, err := poly.FromExpr(e)
		if err != nil {
			return false
		}
		coeff, rest, ok := p.Coeff(it)
		k, isConst := coeff.Const()
		if !ok || !isConst || k.Sign() == 0 {
			return false
		}
		for _, v := range rest.Vars() {
			if !done[v] && c.Kernel.Param(v) == nil {
				return false
			}
		}
		return !rest.Uses(it)
	})
}
