package transform

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// A cookToom computes m cells of a correlation with r taps by m+r-1 products:
//
//	y = inverse * ((filter * g) . (input * d)),  d of m+r-1 cells, g of r, y of m
//
// where . is the product cell by cell. Rows of filter and input belong to points, at which the
// polynomials with the coefficients g and y are evaluated; that this is Toom's way to multiply
// polynomials, transposed, is Winograd's observation.
type cookToom struct {
	inverse, filter, input [][]*big.Rat
}

// A point is a rational number, or infinity: nil.
type point *big.Rat

// newCookToom makes the matrices for m+r-1 different points. The row of input for a point a is
// the polynomial that vanishes at all other finite points, that of filter the powers of a over
// that polynomial's value at a.
func newCookToom(m, r int, points []point) *cookToom {
	ct := &cookToom{inverse: make([][]*big.Rat, m)}
	for j, a := range points {
		others := []*big.Rat{big.NewRat(1, 1)} // coefficients, the constant one first
		for k, b := range points {
			if k != j && b != nil {
				others = timesRoot(others, b)
			}
		}
		scale := big.NewRat(1, 1)
		if a != nil {
			scale.Inv(valueAt(others, a))
		}
		sign := big.NewRat(int64(scale.Sign()), 1) // of both rows: filters begin with what is not negative
		filter, input := powers(a, r), make([]*big.Rat, len(points))
		for i := range filter {
			filter[i].Mul(filter[i], scale).Mul(filter[i], sign)
		}
		for i := range input {
			input[i] = new(big.Rat)
			if i < len(others) {
				input[i].Mul(others[i], sign)
			}
		}
		inverse := powers(a, m)
		for _, row := range [][]*big.Rat{input, inverse} { // divisions are left to the filter
			by := oddDenominator(row)
			for _, v := range row {
				v.Mul(v, by)
			}
			for _, v := range filter {
				v.Quo(v, by)
			}
		}
		ct.filter, ct.input = append(ct.filter, filter), append(ct.input, input)
		for i, v := range inverse {
			ct.inverse[i] = append(ct.inverse[i], v)
		}
	}
	return ct
}

// oddDenominator is the least number by which numbers become exact in binary.
func oddDenominator(row []*big.Rat) *big.Rat {
	out := big.NewInt(1)
	for _, v := range row {
		odd := new(big.Int).Rsh(v.Denom(), v.Denom().TrailingZeroBits())
		out.Mul(out, odd.Quo(odd, new(big.Int).GCD(nil, nil, out, odd)))
	}
	return new(big.Rat).SetInt(out)
}

// timesRoot is the polynomial p times x - b.
func timesRoot(p []*big.Rat, b *big.Rat) []*big.Rat {
	out := make([]*big.Rat, len(p)+1)
	for i := range out {
		out[i] = new(big.Rat)
		if i > 0 {
			out[i].Set(p[i-1])
		}
		if i < len(p) {
			out[i].Sub(out[i], new(big.Rat).Mul(b, p[i]))
		}
	}
	return out
}

func valueAt(p []*big.Rat, a *big.Rat) *big.Rat {
	v := new(big.Rat)
	for i := len(p) - 1; i >= 0; i-- {
		v.Mul(v, a).Add(v, p[i])
	}
	return v
}

// powers are the first n powers of a; at infinity the last one counts alone.
func powers(a point, n int) []*big.Rat {
	out := make([]*big.Rat, n)
	for i := range out {
		switch {
		case a != nil && i > 0:
			out[i] = new(big.Rat).Mul(out[i-1], a)
		case a != nil || i == n-1:
			out[i] = big.NewRat(1, 1)
		default:
			out[i] = new(big.Rat)
		}
	}
	return out
}

// usualPoints are n points that are known to keep rounding errors small: numbers, and their
// reciprocals, of small numerator and denominator, and infinity.
func usualPoints(n int) []point {
	out := []point{new(big.Rat)}
	for k := int64(1); len(out) < n-1; k++ {
		for _, p := range []point{big.NewRat(k, 1), big.NewRat(-k, 1), big.NewRat(1, k), big.NewRat(-1, k)} {
			if len(out) < n-1 && !hasPoint(out, p) {
				out = append(out, p)
			}
		}
	}
	return append(out, nil)[:n]
}

func hasPoint(points []point, p point) bool {
	for _, q := range points {
		if p == nil && q == nil || p != nil && q != nil && (*big.Rat)(p).Cmp(q) == 0 {
			return true
		}
	}
	return false
}

// combination is the sum of coefs[i] * cell(i), of type t. Coefficients that are not written
// exactly in binary, as 1/6, have a factor in common taken out, by whose denominator the sum is
// divided: so each literal is exact.
func combination(coefs []*big.Rat, t loopir.Type, cell func(i int) loopir.Expr) loopir.Expr {
	factor := commonFactor(coefs)
	first := -1 // a term to begin with, one without a sign if there is one
	for i, c := range coefs {
		if first < 0 && c.Sign() != 0 || first >= 0 && coefs[first].Sign()*factor.Sign() < 0 && c.Sign()*factor.Sign() > 0 {
			first = i
		}
	}
	typed := func(op loopir.Op, x, y loopir.Expr) loopir.Expr {
		return &loopir.Binary{Op: op, X: x, Y: y, Type: t}
	}
	term := func(c *big.Rat, x loopir.Expr) loopir.Expr {
		if c.Cmp(big.NewRat(1, 1)) == 0 {
			return x
		}
		return typed(loopir.Mul, exactly(c, t), x)
	}
	var sum loopir.Expr
	add := func(i int) {
		c := new(big.Rat).Quo(coefs[i], factor)
		x := cell(i)
		switch sign := c.Sign(); {
		case sum == nil && sign < 0 && c.IsInt() && c.Num().IsInt64() && c.Num().Int64() == -1:
			sum = &loopir.Unary{Op: loopir.Neg, X: x, Type: t}
		case sum == nil && sign < 0:
			sum = typed(loopir.Mul, &loopir.Unary{Op: loopir.Neg, X: exactly(c.Neg(c), t), Type: t}, x)
		case sum == nil:
			sum = term(c, x)
		case sign < 0:
			sum = typed(loopir.Sub, sum, term(c.Neg(c), x))
		default:
			sum = typed(loopir.Add, sum, term(c, x))
		}
	}
	add(first)
	for i, c := range coefs {
		if i != first && c.Sign() != 0 {
			add(i)
		}
	}
	if isDyadic(factor) {
		return term(factor, sum)
	}
	num := new(big.Rat).SetInt(factor.Num())
	return typed(loopir.Div, term(num, sum), exactly(new(big.Rat).SetInt(factor.Denom()), t))
}

// commonFactor is 1 where all coefficients are exact and one of them saves a product; else the
// largest number of which all are multiples.
func commonFactor(coefs []*big.Rat) *big.Rat {
	exact, unit := true, false
	num, den := new(big.Int), big.NewInt(1)
	for _, c := range coefs {
		if c.Sign() == 0 {
			continue
		}
		exact = exact && isDyadic(c)
		unit = unit || c.IsInt() && c.Num().CmpAbs(big.NewInt(1)) == 0
		num.GCD(nil, nil, num, new(big.Int).Abs(c.Num()))
		g := new(big.Int).GCD(nil, nil, den, c.Denom())
		den.Mul(den, new(big.Int).Quo(c.Denom(), g))
	}
	if exact && unit {
		return big.NewRat(1, 1)
	}
	return new(big.Rat).SetFrac(num, den)
}

func isDyadic(c *big.Rat) bool {
	return c.Denom().TrailingZeroBits() == uint(c.Denom().BitLen()-1)
}

// exactly is the literal of a number, not negative, whose denominator is a power of two.
func exactly(c *big.Rat, t loopir.Type) loopir.Expr {
	if c.IsInt() {
		return &loopir.Int{Value: new(big.Int).Set(c.Num()), Type: t}
	}
	return &loopir.Float{Text: c.FloatString(c.Denom().BitLen() - 1), Type: t}
}
