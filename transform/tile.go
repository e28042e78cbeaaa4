package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A tile is a box of an array that a region touches: cells base[d] up to
// base[d]+extent[d] in each dimension d.
type tile struct {
	of     *array
	base   []loopir.Expr
	extent []loopir.Expr
	kept   []int           // dimensions that the local copy has, rising
	iters  [][]*loopir.For // for each kept dimension: the loops that run over it, see runsOver
	when   []loopir.Expr   // what holds for the cells that are used, over offset(d); see overwritten
	around []Scope         // of the region
}

// A box is the least and greatest index that one access uses in each dimension.
type box struct{ lo, hi []loopir.Expr }

// boxOf finds the box of an access by letting the loops of the region run; nil
// when an index has no bounds that are constant in the region.
func (c *Context) boxOf(dims []loopir.WindowDim, around, inner []Scope) *box {
	b := box{[]loopir.Expr{}, []loopir.Expr{}} // not nil for a scalar either
	facts := c.Facts(append(slices.Clip(around), inner...))
	for _, d := range dims {
		last := d.Lo
		if d.Hi != nil {
			last = minus(d.Hi, lit(1))
		}
		lo, hi := extreme(d.Lo, loops(inner), false, facts), extreme(last, loops(inner), true, facts)
		if lo == nil || hi == nil {
			return nil
		}
		b.lo, b.hi = append(b.lo, lo), append(b.hi, hi)
	}
	return &b
}

// findTile finds the box of all accesses. Where they do not fit one box, the
// accesses beside the first one's are returned too.
func (c *Context) findTile(of *array, all []*access, around []Scope) (*tile, []*access) {
	t := &tile{of: of, around: around}
	var hi []loopir.Expr
	var beside []*access
	for _, a := range all {
		b := c.boxOf(a.dims, around, a.inner)
		switch {
		case b == nil:
			beside = append(beside, a)
		case hi == nil:
			t.base, hi = b.lo, b.hi
		default:
			if u := c.union(&box{t.base, hi}, b, of.shape, around); u != nil {
				t.base, hi = u.lo, u.hi
			} else {
				beside = append(beside, a)
			}
		}
	}
	if hi == nil {
		return nil, beside
	}
	for d := range hi {
		t.extent = append(t.extent, c.Simplify(plus(minus(hi[d], t.base[d]), lit(1)), around))
	}
	var fit []*access
	for _, a := range all {
		if !slices.Contains(beside, a) {
			fit = append(fit, a)
		}
	}
	c.chooseDims(t, fit)
	return t, beside
}

// union is the smallest box around two; nil when they can't be compared. Where
// just one end can't be, it is that of the array.
func (c *Context) union(x, y *box, shape []loopir.Expr, around []Scope) *box {
	u := &box{[]loopir.Expr{}, []loopir.Expr{}}
	for d := range shape {
		lo, hi := c.lower(x.lo[d], y.lo[d], around), c.lower(y.hi[d], x.hi[d], around)
		if hi != nil { // the higher is the one that is not the lower
			hi = other(hi, x.hi[d], y.hi[d])
		}
		switch {
		case lo == nil && hi == nil:
			return nil
		case lo == nil:
			lo = lit(0)
		case hi == nil:
			hi = minus(shape[d], lit(1))
		}
		u.lo, u.hi = append(u.lo, lo), append(u.hi, hi)
	}
	return u
}

// lower is the lower of two expressions, nil when that is not known.
func (c *Context) lower(x, y loopir.Expr, around []Scope) loopir.Expr {
	switch signOf(c.difference(y, x, around), c.Facts(around)) {
	case 1:
		return x
	case -1:
		return y
	}
	return nil
}

// other is the one of x and y that is not e.
func other(e, x, y loopir.Expr) loopir.Expr {
	if e == x {
		return y
	}
	return x
}

// chooseDims drops the dimensions in which the region stays at one index, and
// names the copy loops after the loops that run over the tile.
func (c *Context) chooseDims(t *tile, all []*access) {
	var taken []string
	for d := range t.base {
		if isInt(t.extent[d], 1) && !slices.ContainsFunc(all, func(a *access) bool { return a.varies(d) }) {
			continue
		}
		like := c.runsOver(t, d, all, taken)
		for _, l := range like {
			taken = append(taken, l.Iter)
		}
		t.kept = append(t.kept, d)
		t.iters = append(t.iters, like)
	}
}

// varies tells whether dimension d of the access is a range or uses a loop of
// the region.
func (a *access) varies(d int) bool {
	return a.dims[d].Hi != nil || slices.ContainsFunc(loops(a.inner), func(l *loopir.For) bool {
		return loopir.UsesVar(a.dims[d].Lo, l.Iter)
	})
}

// runsOver returns the loops of the region by which an access goes over all of
// the tile's dimension d, each cell once: as digits of a number, the first one
// the most significant; the last, when there are no others, is the index itself.
// It returns nil when there are none.
func (c *Context) runsOver(t *tile, d int, all []*access, taken []string) []*loopir.For {
	for _, a := range all {
		if like := c.digits(t, d, a, false); like != nil &&
			!slices.ContainsFunc(like, func(l *loopir.For) bool { return slices.Contains(taken, l.Iter) }) {
			return like
		}
	}
	return nil
}

// digits is runsOver for one access; with falling, loops may also run over the
// dimension from its end.
func (c *Context) digits(t *tile, d int, a *access, falling bool) []*loopir.For {
	if a.dims[d].Hi != nil {
		return nil
	}
	around := append(slices.Clip(t.around), a.inner...)
	offset, err := poly.FromExpr(c.Simplify(minus(a.dims[d].Lo, t.base[d]), around))
	if err != nil {
		return nil
	}
	type digit struct {
		*loopir.For
		weight *big.Int
	}
	var ds []digit
	for _, l := range loops(a.inner) {
		if !offset.Uses(l.Iter) {
			continue
		}
		k, rest, ok := offset.Coeff(l.Iter)
		w, isConst := k.Const()
		start := l.Lo
		if isConst && w.Sign() < 0 {
			start = minus(l.Hi, lit(1))
		}
		first, err := poly.FromExpr(start)
		if !ok || !isConst || err != nil || l.Step != nil || w.Sign() < 0 && !falling {
			return nil
		}
		ds = append(ds, digit{l, new(big.Int).Abs(w)})
		offset = rest.Add(first.Scale(w))
	}
	slices.SortStableFunc(ds, func(x, y digit) int { return y.weight.Cmp(x.weight) })
	weight := loopir.Expr(lit(1))
	var out []*loopir.For
	for _, x := range slices.Backward(ds) {
		if !c.same(weight, &loopir.Int{Value: x.weight, Type: loopir.Index}, around) {
			return nil
		}
		weight = c.Simplify(times(weight, minus(x.Hi, x.Lo)), t.around)
		out = append([]*loopir.For{x.For}, out...)
	}
	if !c.Facts(around).Reduce(offset).IsZero() || !c.same(weight, t.extent[d], t.around) {
		return nil
	}
	return out
}

// contains tells whether the box surely lies in the tile.
func (c *Context) contains(t *tile, b *box) bool {
	for d := range t.base {
		last := minus(plus(t.base[d], t.extent[d]), lit(1))
		if !c.Holds(le(t.base[d], b.lo[d]), t.around) || !c.Holds(le(b.hi[d], last), t.around) {
			return false
		}
	}
	return true
}

// cell is the local's cell for cell index of the array; around encloses it.
func (c *Context) tileCell(t *tile, name string, index []loopir.Expr, around []Scope) *loopir.Read {
	r := &loopir.Read{Name: name, Type: t.of.typ}
	for _, d := range t.kept {
		r.Index = append(r.Index, c.difference(index[d], t.base[d], around))
	}
	return r
}

// tileWindow is the local's window for a window of the array.
func (c *Context) tileWindow(t *tile, name string, dims []loopir.WindowDim, around []Scope) *loopir.Window {
	w := &loopir.Window{Name: name, Type: t.of.typ}
	for _, d := range t.kept {
		e := loopir.WindowDim{Lo: c.difference(dims[d].Lo, t.base[d], around)}
		if dims[d].Hi != nil {
			e.Hi = c.difference(dims[d].Hi, t.base[d], around)
		}
		w.Dims = append(w.Dims, e)
	}
	return w
}
