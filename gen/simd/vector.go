package simd

import (
	"maps"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// maxLanes is how many lanes are written out; a longer loop is cut into strips.
const maxLanes = 64

// vector lowers a loop whose iterations are lanes; one after the other, if the body has no
// form for lanes but one for a single one.
func (l *lowerer) vector(s *loopir.For, lo, trip, step poly.Poly) ([]node, error) {
	loopir.Walk(s.Body, func(x loopir.Stmt) bool {
		if f, ok := x.(*loopir.For); ok {
			l.inside[f.Iter] = true
		}
		return true
	})
	affs, lanes, locals := len(l.affs), len(l.prog.lanes), maps.Clone(l.locals)
	nodes, err := l.asLanes(s, lo, trip, step)
	if err == nil || l.lanes > 0 || l.indexesLocal(s) || !l.invariant(trip) {
		return nodes, err
	}
	l.affs, l.prog.lanes, l.locals = l.affs[:affs], l.prog.lanes[:lanes], locals
	o, alone := l.counted(s, lo, trip, step, func() ([]node, error) { return l.list(s.Body) })
	if alone != nil {
		return nil, err
	}
	return []node{o}, nil
}

// asLanes gives each iteration a lane. An extent that isn't constant must have a constant
// bound, and a guard masks the lanes beyond it; or the loop is cut into strips.
func (l *lowerer) asLanes(s *loopir.For, lo, trip, step poly.Poly) ([]node, error) {
	switch {
	case l.lanes > 0:
		return nil, unsupported(s.Span, "vectorized loop %s inside another one", s.Iter)
	case !step.Equal(poly.Int(1)):
		return nil, unsupported(s.Span, "vectorized loop %s with a step", s.Iter)
	}
	n, constant := constInt(trip)
	if constant && (n <= maxLanes || l.indexesLanes(s)) {
		if n > 16*maxLanes {
			return nil, unsupported(s.Span, "%d lanes of a local in registers", n)
		}
		if n%l.fewest() == 0 {
			l.prog.lanes = append(l.prog.lanes, n)
			return l.inLanes(s, lo, n)
		}
		return l.maskedLanes(s, lo, trip, n)
	}
	bound, _ := l.facts.UpperConst(trip.Expr())
	small := bound != nil && bound.IsInt64() && bound.Int64() <= maxLanes
	if small && (l.indexesLanes(s) || bound.Int64() <= l.strip() || !l.invariant(trip)) {
		return l.maskedLanes(s, lo, trip, bound.Int64())
	}
	return l.strips(s, lo, trip)
}

// inLanes lowers the body of s for n lanes from lo.
func (l *lowerer) inLanes(s *loopir.For, lo poly.Poly, n int64) ([]node, error) {
	return l.lanesTo(s, lo, n, poly.Int(n))
}

// lanesTo lowers the body of s for n lanes from lo, of which the first trip are on.
func (l *lowerer) lanesTo(s *loopir.For, lo poly.Poly, n int64, trip poly.Poly) ([]node, error) {
	if n <= 0 {
		return nil, nil
	}
	l.lanes, l.last = n, trip.Sub(poly.Int(1))
	defer func() { l.lanes = 0 }()
	return l.bind(s.Iter, lo.Add(poly.Var(laneVar)), func() ([]node, error) { return l.list(s.Body) })
}

// maskedLanes is inLanes for the first trip of n lanes; without masks, one after the
// other.
func (l *lowerer) maskedLanes(s *loopir.For, lo, trip poly.Poly, n int64) ([]node, error) {
	if k, constant := constInt(trip); !l.masks && !l.indexesLocal(s) && l.invariant(trip) && !(constant && k <= 0) {
		o, err := l.counted(s, lo, trip, poly.Int(1), func() ([]node, error) { return l.list(s.Body) })
		return []node{o}, err
	}
	nodes, err := l.lanesTo(s, lo, n, trip)
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	at, err := l.place("", trip, nil, s.Span)
	return []node{&guard{at: at, op: loopir.Gt, lanes: n, yes: nodes}}, err
}

// strips cuts a vectorized loop into strips of 64 bytes, one or two vectors,
// and a masked rest.
func (l *lowerer) strips(s *loopir.For, lo, trip poly.Poly) ([]node, error) {
	if !l.invariant(trip) {
		return nil, unsupported(s.Span, "the extent of loop %s depends on a loop of the same region", s.Iter)
	}
	if !l.facts.NonNeg(trip) {
		trip = poly.Max(trip, poly.Int(0))
	}
	n := l.strip()
	l.prog.lanes = append(l.prog.lanes, n)
	whole := poly.FloorDiv(trip, poly.Int(n))
	o, err := l.counted(s, lo, whole, poly.Int(n), func() ([]node, error) { return l.inLanes(s, l.iters[s.Iter], n) })
	if err != nil {
		return nil, err
	}
	done := whole.Mul(poly.Int(n))
	rest, err := l.maskedLanes(s, lo.Add(done), trip.Sub(done), n)
	return append([]node{o}, rest...), err
}

// strip is how many cells of the widest type take 64 bytes.
func (l *lowerer) strip() int64 { return 64 / max(1, l.prog.wide) }

// fewest is how many lanes fill the smallest vector that is used.
func (l *lowerer) fewest() int64 { return max(4, 16/max(1, l.prog.wide)) }

// slanted lowers a loop inside lanes whose bounds grow from lane to lane: it runs from the
// first lane's start to the last one's end, and a guard masks the lanes that are not in it.
func (l *lowerer) slanted(s *loopir.For, lo, hi poly.Poly) ([]node, error) {
	first, okLo := atLane(lo, poly.Int(0))
	end, okHi := atLane(hi, l.last)
	trip := end.Sub(first)
	switch {
	case !okLo || !okHi:
		return nil, unsupported(s.Span, "bounds of loop %s that shrink from lane to lane", s.Iter)
	case s.Unroll || l.indexesLocal(s) || !l.invariant(trip):
		return nil, unsupported(s.Span, "the extent of loop %s depends on a loop of the same region", s.Iter)
	}
	if n, constant := constInt(trip); constant && n <= 0 {
		return nil, nil
	}
	o, err := l.counted(s, first, trip, poly.Int(1), func() ([]node, error) {
		at := l.iters[s.Iter]
		return l.where(at.Sub(lo), loopir.Ge, s.Span, func() ([]node, error) {
			return l.where(at.Sub(hi), loopir.Lt, s.Span, func() ([]node, error) { return l.list(s.Body) })
		})
	})
	return []node{o}, err
}

// atLane gives p for a lane, if p does not shrink from lane to lane.
func atLane(p, lane poly.Poly) (poly.Poly, bool) {
	coeff, rest, ok := p.Coeff(laneVar)
	k, constant := constInt(coeff)
	return rest.Add(lane.Mul(poly.Int(k))), ok && constant && k >= 0
}

// where lowers body for the lanes where `d op 0`.
func (l *lowerer) where(d poly.Poly, op loopir.Op, at loopir.Span, body func() ([]node, error)) ([]node, error) {
	if !d.Uses(laneVar) {
		return body()
	}
	if !l.masks {
		return nil, unsupported(at, "masked lanes")
	}
	limit, op, err := laneLimit(d, op, at)
	if err != nil {
		return nil, err
	}
	return l.limited(at, limit, op, l.lanes, body, func() ([]node, error) { return nil, nil })
}
