package lift

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// independent tells whether no item reads what another one writes.
func independent(items []item) bool {
	for i, it := range items {
		for j, o := range items {
			if i != j && (readsName(it.val, o.dst.Name) || it.cond != nil && readsName(it.cond, o.dst.Name)) {
				return false
			}
		}
	}
	return true
}

func readsAny(it item, items []item) bool {
	for _, o := range items {
		if readsName(it.val, o.dst.Name) || it.cond != nil && readsName(it.cond, o.dst.Name) {
			return true
		}
	}
	return false
}

func before(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// points lists for each item its index expressions, in order of appearance. The
// cells of fresh, which is no tile yet, count along one line.
func (l *lifter) points(items []item, fresh *tile) ([][]poly.Poly, bool) {
	if fresh != nil {
		for _, it := range items {
			l.tiles[it.dst.Name] = fresh
		}
		defer func() {
			for _, it := range items {
				delete(l.tiles, it.dst.Name)
			}
		}()
	}
	var out [][]poly.Poly
	ok := true
	for _, it := range items {
		it = l.place1(it)
		var p []poly.Poly
		collect := func(x loopir.Expr) loopir.Expr {
			if x.TypeOf() != loopir.Index {
				return nil
			}
			q, err := poly.FromExpr(x)
			ok = ok && err == nil
			p = append(p, q)
			return x
		}
		rebuild(it.dst, collect)
		if it.cond != nil {
			rebuild(it.cond, collect)
		}
		rebuild(it.val, collect)
		out = append(out, p)
	}
	// A dimension of locals that are no tile keeps them apart.
	for _, it := range items[1:] {
		if !l.sameLocals(it, items[0]) {
			return nil, false
		}
	}
	return out, ok
}

// sameLocals tells whether two items name the same locals outside of tiles.
func (l *lifter) sameLocals(a, b item) bool {
	names := func(it item) []string {
		var out []string
		for _, e := range []loopir.Expr{l.place1(it).dst, l.place1(it).val} {
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				if r, ok := x.(*loopir.Read); ok {
					out = append(out, r.Name)
				}
				return true
			})
		}
		return out
	}
	x, y := names(a), names(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

// factor finds extents and steps such that point (i, j, ...), row-major, is the
// first point plus i times the first step plus j times the second.
func factor(points [][]poly.Poly) (dims []int, steps [][]poly.Poly, ok bool) {
	n := len(points)
	if n == 1 {
		return nil, nil, true
	}
	step := difference(points[1], points[0])
	r := 2
	for r < n && equalAll(points[r], plus(points[0], step, r)) {
		r++
	}
	if n%r != 0 {
		return nil, nil, false
	}
	var starts [][]poly.Poly
	for b := 0; b < n; b += r {
		for i := range r {
			if !equalAll(points[b+i], plus(points[b], step, i)) {
				return nil, nil, false
			}
		}
		starts = append(starts, points[b])
	}
	dims, steps, ok = factor(starts)
	return append(dims, r), append(steps, step), ok && len(dims) < 4
}

func difference(a, b []poly.Poly) []poly.Poly {
	out := make([]poly.Poly, len(a))
	for i := range a {
		out[i] = a[i].Sub(b[i])
	}
	return out
}

func plus(a, step []poly.Poly, k int) []poly.Poly {
	out := make([]poly.Poly, len(a))
	for i := range a {
		out[i] = a[i].Add(step[i].Mul(poly.Int(int64(k))))
	}
	return out
}

func equalAll(a, b []poly.Poly) bool {
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// nest writes the loops of a rolled item.
func (l *lifter) nest(it item, dims []int, steps [][]poly.Poly) loopir.Stmt {
	for len(l.iters) < len(dims) {
		l.iters = append(l.iters, l.call.fresh("u"))
	}
	next := 0
	shift := func(x loopir.Expr) loopir.Expr {
		if x.TypeOf() != loopir.Index {
			return nil
		}
		p := poly.Must(x)
		for d := range dims {
			p = p.Add(steps[d][next].Mul(poly.Var(l.iters[d])))
		}
		next++
		return p.Expr()
	}
	it.dst = rebuild(it.dst, shift).(*loopir.Read)
	if it.cond != nil {
		it.cond = rebuild(it.cond, shift)
	}
	it.val = rebuild(it.val, shift)
	s := l.lanesOf(it)
	for d := len(dims) - 1; d >= 0; d-- {
		s = &loopir.For{Iter: l.iters[d], Lo: loopir.NewInt(0), Hi: loopir.NewInt(int64(dims[d])), Body: []loopir.Stmt{s}}
	}
	return s
}
