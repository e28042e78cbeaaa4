package loopir

import (
	"math"
	"math/big"
	"strconv"
)

// push gives an untyped expression, which infer made, the type of its place.
func (c *checker) push(e Expr, t Type) Expr {
	switch e := e.(type) {
	case *Int:
		c.fits(e, t)
		e.Type = t
	case *Float:
		if !t.IsFloat() {
			c.errorf(e.Span, "%s is no integer, but %s is expected", e.Text, placeName(t))
		} else if overflows(e.Text, t) {
			c.errorf(e.Span, "%s does not fit into %s", e.Text, t)
		}
		e.Type = t
	case *Binary:
		if e.TypeOf() == untypedInt && t.IsFloat() {
			c.inexactDivision(e)
		}
		e.X, e.Y = c.push(e.X, t), c.push(e.Y, t)
		e.Type = c.arithmetic(e)
	case *Unary:
		e.Type = t
		if n, ok := e.X.(*Int); ok && e.Op == Neg && t.IsInteger() { // the least value is one, its opposite is not
			c.fits(&Int{Value: new(big.Int).Neg(n.Value), Type: t, Span: e.Span}, t)
			n.Type = t
			break
		}
		e.X = c.push(e.X, t)
	case *Intrinsic:
		for i, a := range e.Args {
			if a.TypeOf() != Bool {
				e.Args[i] = c.push(a, t)
			}
		}
		if f := Builtin(e.Name); f != nil {
			e.Type = c.intrinsicType(f, e, t)
		}
	}
	return e
}

func placeName(t Type) string {
	if t == Index {
		return "an index"
	}
	return t.String()
}

// fits checks that an integer literal is a value of t.
func (c *checker) fits(e *Int, t Type) {
	bits := uint(t.Bits())
	lo, hi := new(big.Int), big.NewInt(1)
	switch {
	case t.IsUnsigned():
		hi.Lsh(hi, bits)
	case t.IsInteger():
		hi.Lsh(hi, bits-1)
		lo.Neg(hi)
	case t.IsFloat():
		if overflows(e.Value.String(), t) {
			c.errorf(e.Span, "%s does not fit into %s", FormatExpr(e), t)
		}
		return
	default:
		return
	}
	if e.Value.Cmp(lo) < 0 || e.Value.Cmp(hi) >= 0 {
		c.errorf(e.Span, "%s does not fit into %s", FormatExpr(e), t)
	}
}

// overflows tells whether a number rounds to infinity in t.
func overflows(text string, t Type) bool {
	if text == "inf" || text == "nan" {
		return false
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return true
	}
	// From half a unit above the largest number on, infinity is nearest.
	limit := math.Ldexp(2-math.Ldexp(1, -t.Precision()), 1<<(t.ExponentBits()-1)-1)
	return math.Abs(v) >= limit
}

// ambiguousDivision complains about a quotient of literals whose place does not
// say whether it is an index, which floors, or a value, which truncates.
func (c *checker) ambiguousDivision(e Expr) {
	WalkExpr(e, func(e Expr) bool {
		b, ok := e.(*Binary)
		if !ok || b.Op != Div && b.Op != Mod {
			return true
		}
		x, y := constValue(b.X), constValue(b.Y)
		if x == nil || y == nil || y.Sign() == 0 {
			return true
		}
		r := new(big.Int).Rem(x, y)
		if r.Sign() != 0 && (r.Sign() < 0) != (y.Sign() < 0) {
			c.errorf(b.Span, "%s floors as an index but truncates as a value; write the number that is meant", exprText(b, tight))
		}
		return true
	})
}

// inexactDivision complains about 1/2 where a float stands: 0.5, or 0 as in Go?
func (c *checker) inexactDivision(b *Binary) {
	x, y := constValue(b.X), constValue(b.Y)
	if b.Op != Div || x == nil || y == nil || y.Sign() == 0 || new(big.Int).Rem(x, y).Sign() == 0 {
		return
	}
	c.errorf(b.Span, "%s of integers is a fraction; write %s.0/%s to divide floating-point numbers", exprText(b, tight), x, y)
}
