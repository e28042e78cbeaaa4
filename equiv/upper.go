package equiv

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A sizeRanger bounds index expressions by polynomials in sizes.
type sizeRanger struct {
	sizes map[string]bool
	loops map[string]*loopir.For // by iterator, also under other names
}

// A noBound is the reason why something has no bound.
type noBound struct {
	at  loopir.Span
	msg string
}

func unbounded(at loopir.Span, format string, args ...any) *noBound {
	return &noBound{at, fmt.Sprintf(format, args...)}
}

// extent bounds how many values the iterator of l takes: lo, hi are its bounds,
// in which names that have to be told apart are.
func (r *sizeRanger) extent(l *loopir.For, lo, hi loopir.Expr) (Size, *noBound) {
	best, found := Size{}, false
	for _, h := range alternatives(hi, "min") {
		for _, g := range alternatives(lo, "max") {
			p, err := poly.FromExpr(loopir.Bin(loopir.Sub, h, g))
			if err != nil {
				continue
			}
			s, ok := r.bound(p.Expr(), true)
			if !ok {
				continue
			}
			if l.Step != nil {
				if c, ok := l.Step.(*loopir.Int); ok && c.Value.Sign() > 0 {
					step := new(big.Rat).SetInt(c.Value)
					s = s.add(constSize(step)).sub(intSize(1)).scale(new(big.Rat).Inv(step))
				}
			}
			if s = s.positive(); !found || s.better(best) {
				best, found = s, true
			}
		}
	}
	if !found {
		return Size{}, unbounded(l.Span, "the number of iterations of %s is no polynomial in sizes", l.Iter)
	}
	return best, nil
}

// alternatives lists expressions of which e is the minimum (or maximum), and e.
func alternatives(e loopir.Expr, op string) []loopir.Expr {
	out := []loopir.Expr{e}
	if m, ok := e.(*loopir.Intrinsic); ok && m.Name == op {
		for _, a := range m.Args {
			out = append(out, alternatives(a, op)...)
		}
	}
	return out
}

// bound is an upper or a lower bound of e.
func (r *sizeRanger) bound(e loopir.Expr, upper bool) (Size, bool) {
	switch e := e.(type) {
	case *loopir.Int:
		return constSize(new(big.Rat).SetInt(e.Value)), true
	case *loopir.Var:
		return r.boundVar(e, upper)
	case *loopir.Unary:
		s, ok := r.bound(e.X, !upper)
		return s.scale(big.NewRat(-1, 1)), ok && e.Op == loopir.Neg
	case *loopir.Binary:
		return r.boundBinary(e, upper)
	case *loopir.Intrinsic:
		if e.Name == "min" || e.Name == "max" {
			return r.boundExtremum(e, upper)
		}
	}
	return Size{}, false
}

func (r *sizeRanger) boundVar(e *loopir.Var, upper bool) (Size, bool) {
	if r.sizes[e.Name] {
		return Size{map[string]*big.Rat{e.Name: big.NewRat(1, 1)}}, true
	}
	l := r.loops[e.Name]
	if l == nil {
		return Size{}, false
	}
	if upper {
		s, ok := r.bound(l.Hi, true)
		return s.sub(intSize(1)), ok
	}
	return r.bound(l.Lo, false)
}

func (r *sizeRanger) boundBinary(e *loopir.Binary, upper bool) (Size, bool) {
	switch e.Op {
	case loopir.Add, loopir.Sub:
		x, ok := r.bound(e.X, upper)
		y, ok2 := r.bound(e.Y, upper == (e.Op == loopir.Add))
		if e.Op == loopir.Sub {
			return x.sub(y), ok && ok2
		}
		return x.add(y), ok && ok2
	case loopir.Mul:
		return r.boundProduct(e.X, e.Y, upper)
	case loopir.Div:
		x, ok := r.bound(e.X, upper)
		d, isConst := e.Y.(*loopir.Int)
		switch {
		case !ok:
		case isConst && d.Value.Sign() > 0:
			c := new(big.Rat).SetInt(d.Value)
			if !upper {
				x = x.sub(constSize(c)).add(intSize(1))
			}
			return x.scale(c.Inv(c)), true
		case !isConst && upper: // a divisor is at least 1
			return x.positive(), true
		}
	case loopir.Mod: // between 0 and the divisor
		if !upper {
			return Size{}, true
		}
		d, ok := r.bound(e.Y, true)
		return d.sub(intSize(1)), ok
	}
	return Size{}, false
}

func (r *sizeRanger) boundProduct(a, b loopir.Expr, upper bool) (Size, bool) {
	for _, p := range [][2]loopir.Expr{{a, b}, {b, a}} {
		lo, ok := r.bound(p[0], false)
		hi, ok2 := r.bound(p[0], true)
		c, isConst := lo.constant()
		if d, alsoConst := hi.constant(); ok && ok2 && isConst && alsoConst && c.Cmp(d) == 0 {
			s, ok := r.bound(p[1], upper == (c.Sign() >= 0))
			return s.scale(c), ok
		}
	}
	x, ok := r.bound(a, false)
	y, ok2 := r.bound(b, false)
	if !ok || !ok2 || !x.nonNegative() || !y.nonNegative() {
		return Size{}, false
	}
	if upper {
		x, ok = r.bound(a, true)
		y, ok2 = r.bound(b, true)
		x, y = x.positive(), y.positive()
	}
	return x.mul(y), ok && ok2
}

// boundExtremum bounds a minimum from above by any of its arguments, and from
// below by all of them; a maximum the other way round.
func (r *sizeRanger) boundExtremum(e *loopir.Intrinsic, upper bool) (Size, bool) {
	one := upper == (e.Name == "min")
	best, found := Size{}, false
	for _, a := range e.Args {
		s, ok := r.bound(a, upper)
		switch {
		case !ok && one:
			continue
		case !ok:
			return Size{}, false
		case !found:
			best = s
		case one && (s.better(best) == upper):
			best = s
		case !one && upper:
			best = best.join(s)
		case !one:
			best = best.meet(s)
		}
		found = true
	}
	return best, found
}
