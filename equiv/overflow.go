package equiv

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// The size limit under which index arithmetic is shown to fit in int64. The
// emitted wrapper checks it at run time, extents computed so that a product
// which does not fit counts as too large; every proof of safety states it.
const (
	maxSizeBits  = 31 // each size is below 2^31
	maxCountBits = 48 // each array has at most 2^48 elements
)

// SizeLimit says under which limit a proof of safety holds.
const SizeLimit = "each size is below 2^31, each extent and the number of elements of each array is at most 2^48"

var (
	sizeMax  = new(big.Int).Sub(pow2(maxSizeBits), big.NewInt(1))
	countMax = pow2(maxCountBits)
	int64Max = new(big.Int).Sub(pow2(63), big.NewInt(1))
	int64Min = new(big.Int).Neg(pow2(63))
)

func pow2(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }

// An interval holds the integers from lo to hi; empty when hi < lo.
type interval struct{ lo, hi *big.Int }

func (iv interval) fits() bool {
	return iv.lo.Cmp(int64Min) >= 0 && iv.hi.Cmp(int64Max) <= 0
}

func (iv interval) empty() bool { return iv.hi.Cmp(iv.lo) < 0 }

// hull returns the smallest interval with all of vs.
func hull(vs ...*big.Int) interval {
	lo, hi := vs[0], vs[0]
	for _, v := range vs[1:] {
		if v.Cmp(lo) < 0 {
			lo = v
		}
		if v.Cmp(hi) > 0 {
			hi = v
		}
	}
	return interval{lo, hi}
}

// A ranger bounds index expressions by interval arithmetic and reports each
// subexpression whose value might not fit in int64.
type ranger struct {
	vars map[string]interval
	wide func(e loopir.Expr) // told of the innermost expressions that may not fit
}

// bounds gives the interval of e. A part that does not fit is reported once
// and then taken to fit, since what contains it would only repeat the report.
func (r *ranger) bounds(e loopir.Expr) interval {
	iv := r.exact(e)
	if !iv.empty() && !iv.fits() {
		r.wide(e)
		return interval{maxBig(iv.lo, int64Min), minBig(iv.hi, int64Max)}
	}
	return iv
}

func (r *ranger) exact(e loopir.Expr) interval {
	switch e := e.(type) {
	case *loopir.Int:
		return interval{e.Value, e.Value}
	case *loopir.Var:
		if iv, ok := r.vars[e.Name]; ok {
			return iv
		}
		return interval{int64Min, int64Max}
	case *loopir.Unary:
		x := r.bounds(e.X)
		return interval{new(big.Int).Neg(x.hi), new(big.Int).Neg(x.lo)}
	case *loopir.Intrinsic:
		return r.minMax(e)
	case *loopir.Binary:
		return binaryBounds(e.Op, r.bounds(e.X), r.bounds(e.Y))
	}
	panic(fmt.Sprintf("equiv: unexpected index expression %T", e))
}

func (r *ranger) minMax(e *loopir.Intrinsic) interval {
	var out interval
	for i, a := range e.Args {
		iv := r.bounds(a)
		switch {
		case i == 0:
			out = iv
		case e.Name == "min":
			out = interval{minBig(out.lo, iv.lo), minBig(out.hi, iv.hi)}
		default:
			out = interval{maxBig(out.lo, iv.lo), maxBig(out.hi, iv.hi)}
		}
	}
	return out
}

func binaryBounds(op loopir.Op, x, y interval) interval {
	one := big.NewInt(1)
	switch op {
	case loopir.Add:
		return interval{new(big.Int).Add(x.lo, y.lo), new(big.Int).Add(x.hi, y.hi)}
	case loopir.Sub:
		return interval{new(big.Int).Sub(x.lo, y.hi), new(big.Int).Sub(x.hi, y.lo)}
	case loopir.Mul:
		return corners(x, y, func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) })
	case loopir.Div: // the divisor is positive by an obligation of its own
		return corners(x, interval{maxBig(y.lo, one), maxBig(y.hi, one)}, floorDiv)
	case loopir.Mod:
		hi := new(big.Int).Sub(maxBig(y.hi, one), one)
		if x.lo.Sign() >= 0 {
			hi = minBig(hi, x.hi)
		}
		return interval{new(big.Int), hi}
	}
	return interval{new(big.Int), one} // a comparison
}

func corners(x, y interval, f func(*big.Int, *big.Int) *big.Int) interval {
	return hull(f(x.lo, y.lo), f(x.lo, y.hi), f(x.hi, y.lo), f(x.hi, y.hi))
}

// floorDiv is x/y rounded down, for y > 0 (big.Int.Div rounds so there).
func floorDiv(x, y *big.Int) *big.Int { return new(big.Int).Div(x, y) }

func minBig(x, y *big.Int) *big.Int {
	if x.Cmp(y) <= 0 {
		return x
	}
	return y
}

func maxBig(x, y *big.Int) *big.Int {
	if x.Cmp(y) >= 0 {
		return x
	}
	return y
}

// sizeLimits is the limit on sizes as conditions.
func sizeLimits(p *Program) []loopir.Expr {
	var out []loopir.Expr
	for _, s := range p.Sizes {
		out = append(out, loopir.Bin(loopir.Le, loopir.NewVar(s), bigExpr(sizeMax)))
	}
	return out
}

// countLimits is the limit on extents and numbers of elements as conditions. It
// must not be used for where, which is computed before it is checked.
func countLimits(p *Program) []loopir.Expr {
	var out []loopir.Expr
	for _, a := range p.Arrays {
		if a.Param == nil || len(a.Shape) == 0 {
			continue
		}
		count := a.Shape[0]
		out = append(out, loopir.Bin(loopir.Le, count, bigExpr(countMax)))
		for _, e := range a.Shape[1:] {
			out = append(out, loopir.Bin(loopir.Le, e, bigExpr(countMax)))
			count = loopir.Bin(loopir.Mul, count, e)
		}
		if len(a.Shape) > 1 {
			out = append(out, loopir.Bin(loopir.Le, count, bigExpr(countMax)))
		}
	}
	return out
}

func bigExpr(v *big.Int) loopir.Expr { return &loopir.Int{Value: v, Type: loopir.Index} }
