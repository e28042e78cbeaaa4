package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// putTile declares the local, redirects the accesses of the region to it, and
// adds the copies.
func (c *Context) putTile(s *staging, r region, t *tile, local *loopir.Local, all []*access, partly bool) {
	guard := c.guards(t, all)
	name := local.Name
	var in, out []loopir.Stmt
	if !c.overwritten(t, all) {
		in = c.copies(t, guard, func(array, local *loopir.Read) *loopir.Assign {
			return &loopir.Assign{LHS: local, RHS: array}
		}, name)
	}
	if slices.ContainsFunc(all, func(a *access) bool { return a.writes }) {
		out = c.copies(t, guard, func(array, local *loopir.Read) *loopir.Assign {
			return &loopir.Assign{LHS: array, RHS: local}
		}, name)
	}
	if s.fill != nil {
		in = append(c.filling(s, t, local), in...)
	}
	c.redirect(r, t, name, partly, false)
	*r.body = slices.Concat([]loopir.Stmt{local}, in, *r.body, out)
}

// redirect makes the accesses of the region that lie in the tile accesses of
// name; partly says that some may not lie in it, prefetches that these follow.
func (c *Context) redirect(r region, t *tile, name string, partly, prefetches bool) {
	fits := func(dims []loopir.WindowDim, around []Scope) bool {
		if !partly {
			return true
		}
		b := c.boxOf(dims, r.around, around[len(r.around):])
		return b != nil && c.contains(t, b)
	}
	skip := func(s loopir.Stmt) bool { _, ok := s.(*loopir.Prefetch); return ok && !prefetches }
	mapCells(*r.body, r.around, t.of.name, skip, func(e *loopir.Read, around []Scope) *loopir.Read {
		if !fits(cellDims(e), around) {
			return e
		}
		cell := c.tileCell(t, name, e.Index, around)
		cell.Span = e.Span
		return cell
	}, func(w *loopir.Window, around []Scope) *loopir.Window {
		dims := windowDims(w, t.of.shape)
		if !fits(dims, around) {
			return w
		}
		return c.tileWindow(t, name, dims, around)
	})
	loopir.Walk(*r.body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok {
			for i := range l.Reduce {
				if l.Reduce[i].Name == t.of.name {
					l.Reduce[i].Name = name
				}
			}
		}
		return true
	})
}

// copies builds a copy between the tile and the local, by loops over the tile.
func (c *Context) copies(t *tile, guard []bool, assign func(array, local *loopir.Read) *loopir.Assign, name string) []loopir.Stmt {
	var extent []loopir.Expr
	for _, d := range t.kept {
		extent = append(extent, t.extent[d])
	}
	return c.copyLoops(name, extent, t.iters, func(at []loopir.Expr) (loopir.Stmt, []loopir.Expr) {
		local := &loopir.Read{Name: name, Index: at, Type: t.of.typ}
		index := c.tileIndex(t, at)
		return assign(&loopir.Read{Name: t.of.name, Index: index, Type: t.of.typ}, local), append(c.inArray(t, guard, index), t.conditions(at)...)
	})
}

// inArray is what must hold for index to be in the array, in the dimensions
// where guard says so.
func (c *Context) inArray(t *tile, guard []bool, index []loopir.Expr) []loopir.Expr {
	var conds []loopir.Expr
	for d, g := range guard {
		if g {
			conds = append(conds, c.inShape(t, d, index[d])...)
		}
	}
	return conds
}

// tileIndex is the index in the array of cell at of the local.
func (c *Context) tileIndex(t *tile, at []loopir.Expr) []loopir.Expr {
	index := make([]loopir.Expr, len(t.base))
	for d := range index {
		index[d] = loopir.CloneExpr(t.base[d])
	}
	for i, d := range t.kept {
		index[d] = c.Simplify(plus(t.base[d], at[i]), t.around)
	}
	return index
}

// inShape is what must hold for index to be one of dimension d of the array,
// less what is known where the tile is.
func (c *Context) inShape(t *tile, d int, index loopir.Expr) []loopir.Expr {
	var out []loopir.Expr
	if !c.Holds(le(lit(0), t.base[d]), t.around) {
		out = append(out, le(lit(0), index))
	}
	last := minus(plus(t.base[d], t.extent[d]), lit(1))
	if !c.Holds(lt(last, t.of.shape[d]), t.around) {
		out = append(out, lt(index, t.of.shape[d]))
	}
	return out
}

// guards tells for each dimension whether copies must check that they stay in
// the array. They need not where an access without condition goes over the same
// cells: it is in bounds, and so are they.
func (c *Context) guards(t *tile, all []*access) []bool {
	out := make([]bool, len(t.base))
	for d := range t.base {
		out[d] = !slices.ContainsFunc(all, func(a *access) bool { return !a.conditional() && c.spans(t, d, a) })
	}
	return out
}

// spans tells whether an access goes over all of the tile's dimension d.
func (c *Context) spans(t *tile, d int, a *access) bool {
	b := c.boxOf(a.dims, t.around, a.inner)
	return b != nil && c.same(b.lo[d], t.base[d], t.around) &&
		c.same(b.hi[d], minus(plus(t.base[d], t.extent[d]), lit(1)), t.around)
}

// filling writes the fill value to all of the local.
func (c *Context) filling(s *staging, t *tile, local *loopir.Local) []loopir.Stmt {
	return c.copyLoops(local.Name, local.Shape, make([][]*loopir.For, len(local.Shape)), func(at []loopir.Expr) (loopir.Stmt, []loopir.Expr) {
		cell := &loopir.Read{Name: local.Name, Index: at, Type: local.Type}
		return &loopir.Assign{LHS: cell, RHS: typed(s.fill, local.Type)}, nil
	})
}
