package lift

import (
	"math"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// An interval holds the integers from lo to hi; nil is no bound.
type interval struct{ lo, hi *big.Int }

var (
	machineLow  = big.NewInt(math.MinInt64)
	machineHigh = big.NewInt(math.MaxInt64)
	mostCells   = new(big.Int).Lsh(big.NewInt(1), 48) // what checkLen lets an array have, and the product of its outer extents
)

// volumes are the products of each array's outer extents: none exceeds mostCells, since
// what leads into a form checks its arrays, those that it makes too (conclude), and
// checkLen and checkRoom each product.
func volumes(k *loopir.Kernel) []poly.Poly {
	var out []poly.Poly
	add := func(shape []loopir.Expr) {
		v := poly.Int(1)
		for _, e := range shape {
			v = v.Mul(poly.Must(e))
			out = append(out, v)
		}
	}
	for _, p := range k.Params {
		add(p.Shape)
	}
	for _, l := range loopir.SizedLocals(k) {
		add(l.Shape)
	}
	return out
}

// fits tells whether e is known to fit the machine's integers, by the intervals of its parts.
// It knows what a solver makes little of: a product of extents is at most the array's
// size where the other extents are not 0.
func (s scope) fits(e loopir.Expr) bool {
	inside := func(iv interval) bool {
		return iv.lo != nil && iv.hi != nil && iv.lo.Cmp(machineLow) >= 0 && iv.hi.Cmp(machineHigh) <= 0
	}
	return inside(s.interval(e, 8)) || inside(s.counted(poly.Must(e)))
}

// interval bounds e; no more than depth conditions lead from one variable to the next.
func (s scope) interval(e loopir.Expr, depth int) interval {
	var out interval
	switch e := e.(type) {
	case *loopir.Int:
		return interval{e.Value, e.Value}
	case *loopir.Var:
		return s.variable(e.Name, depth)
	case *loopir.Unary:
		x := s.interval(e.X, depth)
		return interval{negative(x.hi), negative(x.lo)}
	case *loopir.Intrinsic:
		out = s.extremum(e, depth)
	case *loopir.Binary:
		x, y := s.interval(e.X, depth), s.interval(e.Y, depth)
		switch e.Op {
		case loopir.Add:
			out = interval{sum(x.lo, y.lo), sum(x.hi, y.hi)}
		case loopir.Sub:
			out = interval{sum(x.lo, negative(y.hi)), sum(x.hi, negative(y.lo))}
		case loopir.Mul:
			out = times(x, y)
			if out.hi == nil || out.hi.Cmp(mostCells) > 0 {
				if v := s.counted(poly.Must(e)); v.hi != nil {
					out = v
				}
			}
		case loopir.Div, loopir.Mod: // by 1 or more, which is a duty of its own
			out = quotient(e.Op, x, y)
		}
	}
	return out
}

// counted is the interval of a product that is known to count cells: times what is
// at least 1 it is the number of cells of an array, or of outer parts of one.
func (s scope) counted(p poly.Poly) interval {
	p = s.facts.Reduce(p)
	positive := s.facts.NonNeg(p)
	for _, v := range s.volumes {
		v = s.facts.Reduce(v)
		if v.Equal(p) {
			return interval{negative(mostCells), mostCells}
		}
		if !positive {
			continue
		}
		if rest, ok := v.DivExact(p); ok && s.facts.NonNeg(rest.Sub(poly.Int(1))) {
			return interval{new(big.Int), mostCells}
		}
	}
	return interval{}
}

// variable bounds a size or iterator by the conditions on it alone.
func (s scope) variable(name string, depth int) interval {
	lo, hi := s.facts.PolyBounds(poly.Var(name))
	out := interval{lo, hi}
	if depth == 0 {
		return out
	}
	for _, h := range s.hyps {
		b, ok := h.(*loopir.Binary)
		if !ok {
			continue
		}
		v, ok := b.X.(*loopir.Var)
		if !ok || v.Name != name {
			continue
		}
		switch b.Op {
		case loopir.Ge:
			out.lo = higher(out.lo, s.interval(b.Y, depth-1).lo)
		case loopir.Lt:
			out.hi = lower(out.hi, sum(s.interval(b.Y, depth-1).hi, big.NewInt(-1)))
		case loopir.Le:
			out.hi = lower(out.hi, s.interval(b.Y, depth-1).hi)
		}
	}
	return out
}

func (s scope) extremum(e *loopir.Intrinsic, depth int) interval {
	out := s.interval(e.Args[0], depth)
	for _, a := range e.Args[1:] {
		x := s.interval(a, depth)
		if e.Name == "min" {
			out = interval{least(out.lo, x.lo), lower(out.hi, x.hi)}
		} else {
			out = interval{higher(out.lo, x.lo), negative(least(negative(out.hi), negative(x.hi)))}
		}
	}
	return out
}

// quotient bounds x/y or x%y, y at least 1: x/y lies between x and 0 or -1.
func quotient(op loopir.Op, x, y interval) interval {
	zero := new(big.Int)
	if op == loopir.Mod {
		out := interval{zero, sum(y.hi, big.NewInt(-1))}
		if x.lo != nil && x.lo.Sign() >= 0 {
			out.hi = lower(out.hi, x.hi)
		}
		return out
	}
	out := interval{least(x.lo, zero), x.hi}
	if x.hi != nil && x.hi.Sign() < 0 {
		out.hi = big.NewInt(-1)
	}
	return out
}

func times(x, y interval) interval {
	if x.lo == nil || x.hi == nil || y.lo == nil || y.hi == nil {
		return interval{}
	}
	var out interval
	for _, a := range []*big.Int{x.lo, x.hi} {
		for _, b := range []*big.Int{y.lo, y.hi} {
			p := new(big.Int).Mul(a, b)
			out = interval{lower(out.lo, p), higher(out.hi, p)}
		}
	}
	return out
}

func sum(a, b *big.Int) *big.Int {
	if a == nil || b == nil {
		return nil
	}
	return new(big.Int).Add(a, b)
}

func negative(a *big.Int) *big.Int {
	if a == nil {
		return nil
	}
	return new(big.Int).Neg(a)
}

// lower and higher take the better of two bounds that both hold, least one that
// holds of either.
func lower(a, b *big.Int) *big.Int {
	if a == nil || b != nil && b.Cmp(a) < 0 {
		return b
	}
	return a
}

func higher(a, b *big.Int) *big.Int { return negative(lower(negative(a), negative(b))) }

func least(a, b *big.Int) *big.Int {
	if a == nil || b == nil {
		return nil
	}
	return lower(a, b)
}
