package equiv

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Size is a polynomial in sizes with rational coefficients, such as
// C*R*S + 1. It is immutable; the zero Size is 0.
type Size struct{ terms map[string]*big.Rat } // by product of names, "" for 1

func constSize(v *big.Rat) Size { return Size{map[string]*big.Rat{"": v}}.clean() }

func intSize(v int64) Size { return constSize(big.NewRat(v, 1)) }

func (s Size) clean() Size {
	for k, c := range s.terms {
		if c.Sign() == 0 {
			delete(s.terms, k)
		}
	}
	return s
}

// merge combines coefficients one by one.
func (s Size) merge(t Size, f func(a, b *big.Rat) *big.Rat) Size {
	out := Size{map[string]*big.Rat{}}
	zero := new(big.Rat)
	at := func(m map[string]*big.Rat, k string) *big.Rat {
		if c := m[k]; c != nil {
			return c
		}
		return zero
	}
	for _, m := range []map[string]*big.Rat{s.terms, t.terms} {
		for k := range m {
			out.terms[k] = f(at(s.terms, k), at(t.terms, k))
		}
	}
	return out.clean()
}

func (s Size) add(t Size) Size {
	return s.merge(t, func(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) })
}

func (s Size) sub(t Size) Size { return s.add(t.scale(big.NewRat(-1, 1))) }

// join is at least both, sizes being at least 0.
func (s Size) join(t Size) Size { return s.merge(t, greater) }

// meet is at most both.
func (s Size) meet(t Size) Size {
	return s.merge(t, func(a, b *big.Rat) *big.Rat {
		if a.Cmp(b) < 0 {
			return a
		}
		return b
	})
}

func greater(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// positive leaves out negative terms, and so is at least s and at least 0.
func (s Size) positive() Size { return s.join(Size{}) }

func (s Size) scale(c *big.Rat) Size {
	out := Size{map[string]*big.Rat{}}
	for k, v := range s.terms {
		out.terms[k] = new(big.Rat).Mul(v, c)
	}
	return out.clean()
}

func (s Size) mul(t Size) Size {
	out := Size{map[string]*big.Rat{}}
	for j, a := range s.terms {
		for k, b := range t.terms {
			names := slices.DeleteFunc(append(strings.Split(j, "*"), strings.Split(k, "*")...), func(n string) bool { return n == "" })
			slices.Sort(names)
			key := strings.Join(names, "*")
			c := new(big.Rat).Mul(a, b)
			if old := out.terms[key]; old != nil {
				c.Add(c, old)
			}
			out.terms[key] = c
		}
	}
	return out.clean()
}

// nonNegative tells whether no coefficient is negative.
func (s Size) nonNegative() bool {
	for _, c := range s.terms {
		if c.Sign() < 0 {
			return false
		}
	}
	return true
}

func (s Size) constant() (*big.Rat, bool) {
	switch {
	case len(s.terms) == 0:
		return new(big.Rat), true
	case len(s.terms) == 1 && s.terms[""] != nil:
		return s.terms[""], true
	}
	return nil, false
}

func (s Size) degree() int {
	d := 0
	for k := range s.terms {
		if k != "" {
			d = max(d, 1+strings.Count(k, "*"))
		}
	}
	return d
}

// better prefers the bound of lower degree, then of smaller constant.
func (s Size) better(t Size) bool {
	if a, b := s.degree(), t.degree(); a != b {
		return a < b
	}
	d := s.sub(t)
	return len(d.terms) > 0 && d.scale(big.NewRat(-1, 1)).nonNegative()
}

// At is the value at given sizes. It reports false when a size is missing.
func (s Size) At(sizes map[string]int64) (*big.Rat, bool) {
	sum := new(big.Rat)
	for k, c := range s.terms {
		v := new(big.Rat).Set(c)
		for _, n := range strings.Split(k, "*") {
			if n == "" {
				continue
			}
			x, ok := sizes[n]
			if !ok {
				return nil, false
			}
			v.Mul(v, big.NewRat(x, 1))
		}
		sum.Add(sum, v)
	}
	return sum, true
}

// String writes s with the products of most factors first: C*R*S + 1.
func (s Size) String() string {
	keys := sortedNames(s.terms)
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Count(b+"*", "*") - strings.Count(a+"*", "*") })
	if i := slices.Index(keys, ""); i >= 0 {
		keys = append(slices.Delete(keys, i, i+1), "")
	}
	var b strings.Builder
	for i, k := range keys {
		c := s.terms[k]
		switch {
		case i > 0 && c.Sign() < 0:
			b.WriteString(" - ")
			c = new(big.Rat).Neg(c)
		case i > 0:
			b.WriteString(" + ")
		}
		switch {
		case k == "":
			b.WriteString(c.RatString())
		case c.Cmp(big.NewRat(1, 1)) == 0:
			b.WriteString(k)
		default:
			b.WriteString(c.RatString() + "*" + k)
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}

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
