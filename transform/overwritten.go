package transform

import (
	"slices"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// overwritten tells whether the region writes every cell of the tile before it
// reads it, so that nothing need be copied in. Where conditions keep all
// accesses off some cells, these become conditions of the tile.
func (c *Context) overwritten(t *tile, all []*access) bool {
	first := all[0]
	if !first.writes || first.reads {
		return false
	}
	over := c.writesAll(t, first)
	if over == nil {
		return false
	}
	when, ok := c.cellConditions(t, first)
	if !ok {
		return false
	}
	for _, a := range all[1:] {
		if a.reads && !c.after(first, a, over) {
			return false
		}
		also, _ := c.cellConditions(t, a)
		for _, w := range when {
			if !slices.ContainsFunc(also, func(e loopir.Expr) bool { return loopir.FormatExpr(e) == loopir.FormatExpr(w) }) {
				return false
			}
		}
	}
	t.when = when
	return true
}

// cellConditions gives the conditions under which the access runs, less those
// that only keep to the array, in terms of the cell it is at; false when one
// of them has no such terms.
func (c *Context) cellConditions(t *tile, a *access) (out []loopir.Expr, all bool) {
	at := map[string]loopir.Expr{}
	for _, d := range t.kept {
		ls := c.digits(t, d, a, true)
		if len(ls) != 1 {
			continue
		}
		l, off := ls[0], ivar(offset(d))
		if c.same(minus(a.dims[d].Lo, t.base[d]), minus(ivar(l.Iter), l.Lo), append(slices.Clip(t.around), a.inner...)) {
			at[l.Iter] = plus(off, l.Lo)
		} else {
			at[l.Iter] = minus(minus(l.Hi, lit(1)), off)
		}
	}
	all = true
	for _, s := range a.inner {
		f, ok := s.Stmt.(*loopir.If)
		if !ok || !s.Else && c.implied(t, a, f.Cond) {
			continue
		}
		cond := loopir.Subst(f.Cond, at)
		if s.Else || len(readsIn(cond)) > 0 || c.dependsOnLoops(cond, a.inner) {
			all = false
			continue
		}
		out = append(out, c.Simplify(cond, t.around))
	}
	return out, all
}

// offset names the distance of a cell from the tile's base in dimension d; no
// variable of the kernel is called so.
func offset(d int) string { return "+" + strconv.Itoa(d) }

// conditions are those of the tile for cell at of the local.
func (t *tile) conditions(at []loopir.Expr) []loopir.Expr {
	m := map[string]loopir.Expr{}
	for i, d := range t.kept {
		m[offset(d)] = at[i]
	}
	var out []loopir.Expr
	for _, e := range t.when {
		out = append(out, loopir.Subst(e, m))
	}
	return out
}

func readsIn(e loopir.Expr) []*loopir.Read {
	var out []*loopir.Read
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok {
			out = append(out, r)
		}
		return true
	})
	return out
}

// writesAll returns, for each dimension, the loops that take the access over
// the tile (none for a dropped one), conditions aside; nil when some cell might
// not be written.
func (c *Context) writesAll(t *tile, a *access) [][]*loopir.For {
	over := make([][]*loopir.For, len(t.base))
	var used []*loopir.For
	for _, d := range t.kept {
		if a.dims[d].Hi != nil {
			if !c.spans(t, d, a) || a.movesIn(d) {
				return nil
			}
			continue
		}
		over[d] = c.digits(t, d, a, true)
		if over[d] == nil || slices.ContainsFunc(over[d], func(l *loopir.For) bool { return slices.Contains(used, l) }) {
			return nil
		}
		used = append(used, over[d]...)
	}
	for i, s := range a.inner {
		around := append(slices.Clip(t.around), a.inner[:i]...)
		if l, ok := s.Stmt.(*loopir.For); ok && !slices.Contains(used, l) && !c.Holds(lt(l.Lo, l.Hi), around) {
			return nil
		}
	}
	return over
}

// movesIn tells whether a loop of the region moves the access in dimension d.
func (a *access) movesIn(d int) bool {
	return slices.ContainsFunc(loops(a.inner), func(l *loopir.For) bool {
		return loopir.UsesVar(a.dims[d].Lo, l.Iter)
	})
}

// implied tells whether cond holds for all cells of the access that lie in the
// array: the others are not copied out.
func (c *Context) implied(t *tile, a *access, cond loopir.Expr) bool {
	around := append(slices.Clip(t.around), a.inner...)
	for i, s := range around { // the condition itself proves nothing
		if f, ok := s.Stmt.(*loopir.If); ok && f.Cond == cond {
			around = slices.Delete(slices.Clone(around), i, i+1)
			break
		}
	}
	for d := range t.base {
		if a.dims[d].Hi != nil {
			return false
		}
		in := conj(le(lit(0), a.dims[d].Lo), lt(a.dims[d].Lo, t.of.shape[d]))
		around = append(around, Scope{Stmt: &loopir.If{Cond: in}})
	}
	return c.Holds(cond, around)
}

// after tells whether a, textually after first, reads only cells that first
// has written: first's loops over the tile are done, or both are at the same
// index of them.
func (c *Context) after(first, a *access, over [][]*loopir.For) bool {
	shared := loops(a.inner)
	for d, ls := range over {
		if !slices.ContainsFunc(ls, func(l *loopir.For) bool { return slices.Contains(shared, l) }) {
			continue
		}
		if a.dims[d].Hi != nil || !c.same(a.dims[d].Lo, first.dims[d].Lo, a.inner) {
			return false
		}
	}
	return true
}
