package lift

import (
	"math"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

func sameLoop(x, y *loopir.For, facts poly.Facts) bool {
	return x.Iter == y.Iter && sameIndex(x.Lo, y.Lo, facts) && sameIndex(x.Hi, y.Hi, facts) && sameIndex(stepOf(x), stepOf(y), facts) &&
		len(x.Reduce) == 0 && len(y.Reduce) == 0
}

// sameTrip tells whether the loops have as many iterations, with one name and step.
func sameTrip(x, y *loopir.For, facts poly.Facts) bool {
	trip := func(l *loopir.For) poly.Poly { return poly.Must(l.Hi).Sub(poly.Must(l.Lo)) }
	return x.Iter == y.Iter && facts.Same(trip(x), trip(y)) && sameIndex(stepOf(x), stepOf(y), facts) &&
		len(x.Reduce) == 0 && len(y.Reduce) == 0
}

func stepOf(f *loopir.For) loopir.Expr {
	if f.Step == nil {
		return loopir.NewInt(1)
	}
	return f.Step
}

func sameIndex(x, y loopir.Expr, facts poly.Facts) bool {
	return facts.Same(poly.Must(x), poly.Must(y))
}

func sameLocal(x, y *loopir.Local, facts poly.Facts) bool {
	if x.Name != y.Name || x.Type != y.Type || len(x.Shape) != len(y.Shape) || (x.Init == nil) != (y.Init == nil) {
		return false
	}
	for i := range x.Shape {
		if !sameIndex(x.Shape[i], y.Shape[i], facts) {
			return false
		}
	}
	return x.Init == nil || sameValue(x.Init, y.Init, facts)
}

// same tells whether two lists read alike, indices and bounds compared by value and
// marks of loops aside.
func (c *composer) same(a, b []loopir.Stmt, facts poly.Facts) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		switch x := a[i].(type) {
		case *loopir.For:
			y, ok := b[i].(*loopir.For)
			if !ok || !sameLoop(x, y, facts) || !c.same(x.Body, y.Body, facts.Enter(x)) {
				return false
			}
		case *loopir.If:
			y, ok := b[i].(*loopir.If)
			if !ok || !sameValue(x.Cond, y.Cond, facts) || !c.same(x.Then, y.Then, facts) || !c.same(x.Else, y.Else, facts) {
				return false
			}
		case *loopir.Local:
			y, ok := b[i].(*loopir.Local)
			if !ok || !sameLocal(x, y, facts) {
				return false
			}
		case *loopir.Assign:
			y, ok := b[i].(*loopir.Assign)
			if !ok || !sameValue(x.LHS, y.LHS, facts) || !sameValue(combined(x), combined(y), facts) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// sameValue compares expressions node by node.
func sameValue(x, y loopir.Expr, facts poly.Facts) bool {
	if x.TypeOf() != y.TypeOf() {
		return false
	}
	if x.TypeOf() == loopir.Index {
		return sameIndex(x, y, facts)
	}
	x, y = direct(x), direct(y)
	if p, isConst := literal(x); isConst {
		q, ok := literal(y)
		return ok && p == q && math.Signbit(p) == math.Signbit(q) // never NaN
	}
	switch a := x.(type) {
	case *loopir.Binary:
		b, ok := y.(*loopir.Binary)
		if !ok || a.Op != b.Op {
			return false
		}
	case *loopir.Unary:
		b, ok := y.(*loopir.Unary)
		if !ok || a.Op != b.Op {
			return false
		}
	case *loopir.Intrinsic:
		b, ok := y.(*loopir.Intrinsic)
		if !ok || a.Name != b.Name {
			return false
		}
	case *loopir.Cast:
		b, ok := y.(*loopir.Cast)
		if !ok || a.To != b.To {
			return false
		}
	case *loopir.Read:
		b, ok := y.(*loopir.Read)
		if !ok || a.Name != b.Name {
			return false
		}
	case *loopir.Int:
		b, ok := y.(*loopir.Int)
		return ok && a.Value.Cmp(b.Value) == 0
	default:
		return false
	}
	p, q := loopir.Children(x), loopir.Children(y)
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if !sameValue(p[i], q[i], facts) {
			return false
		}
	}
	return true
}
