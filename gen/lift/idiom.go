package lift

import (
	"math"
	"math/big"
	"strconv"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// tidy rewrites a lane's value at its root. Bitwise operations on numbers, and the
// vendor's minimum and maximum, have no operator of the language; sequences of them
// that compute one are recognized here. Each rule holds bit for bit, NaN being one
// value: idiom_test.go tries it on pairs of special values. What no rule fits stays,
// and is an error where it would reach memory.
func tidy(e loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case *loopir.Intrinsic:
		switch e.Name {
		case "select":
			return tidySelect(e)
		case insn.BitAnd, insn.BitOr, insn.BitXor, insn.BitAndNot:
			return tidyBits(e)
		case insn.BitNot:
			if c, ok := e.Args[0].(*loopir.Binary); ok && c.Op == loopir.Eq && c.X.TypeOf().IsFloat() {
				return &loopir.Binary{Op: loopir.Ne, X: c.X, Y: c.Y, Type: loopir.Bool}
			}
			if e.Args[0].TypeOf() == loopir.Bool {
				return opposed(e.Args[0])
			}
		case insn.BitSelect:
			return tidyBitSelect(e)
		}
	case *loopir.Binary:
		switch e.Op {
		case loopir.Sub:
			if n, ok := intValue(e.X); ok && n.Sign() == 0 && e.Type.IsInteger() {
				return &loopir.Unary{Op: loopir.Neg, X: e.Y, Type: e.Type}
			}
			// m1 = max'(a,b) and m2 = max'(b,a) differ where a or b is NaN or both are
			// zeros: d = m1^m2, (m1|d) - d is m1, +0 = -0 - -0, or NaN.
			if d, ok := bits(e.Y, insn.BitXor); ok {
				if o, ok := bits(e.X, insn.BitOr); ok && (sameOperands(o, []loopir.Expr{d[0], e.Y}) || sameOperands(o, []loopir.Expr{d[1], e.Y}) || sameOperands(o, d)) {
					if a, b, ok := bothWays(d[0], d[1], loopir.Gt); ok {
						return extremum("max", a, b)
					}
				}
			}
		case loopir.Add:
			// max'(+0, x) is x or +0, and -0 only for x = -0; adding +0 makes that +0.
			for _, p := range [][2]loopir.Expr{{e.X, e.Y}, {e.Y, e.X}} {
				c, x, ok := vendor(p[0], loopir.Gt)
				if v, isConst := literal(c); ok && isConst && v == 0 && !math.Signbit(v) && sameExpr(c, p[1]) {
					return extremum("max", x, c)
				}
			}
		}
	}
	return e
}

// tidySelect knows max'(c, x) = c > x ? c : x of a constant c: NaN passes, and equal
// values are the same unless they are zeros of different sign.
func tidySelect(e *loopir.Intrinsic) loopir.Expr {
	for op, name := range map[loopir.Op]string{loopir.Gt: "max", loopir.Lt: "min"} {
		c, x, ok := vendor(e, op)
		v, isConst := literal(c)
		if !ok || !isConst || math.IsNaN(v) {
			continue
		}
		if v != 0 || math.Signbit(v) == (op == loopir.Gt) {
			return extremum(name, x, c)
		}
	}
	return e
}

// tidyBitSelect is a choice where the bits that choose are a comparison's: all or none
// of a lane.
func tidyBitSelect(e *loopir.Intrinsic) loopir.Expr {
	c, t := e.Args[0], e.Args[1].TypeOf()
	if _, isConst := isBitConst(e.Args[1]); isConst {
		t = e.Args[2].TypeOf()
	}
	a, okA := asNumber(e.Args[1], t)
	b, okB := asNumber(e.Args[2], t)
	if c.TypeOf() != loopir.Bool || !okA || !okB {
		return e
	}
	return choose(c, a, b)
}

func tidyBits(e *loopir.Intrinsic) loopir.Expr {
	out := idiom(e)
	if raw, ok := out.(*loopir.Intrinsic); ok && bitwiseNames[raw.Name] != "" {
		return onIntegers(raw)
	}
	return out
}

// idiom finds what bits of comparisons and of numbers are put together for.
func idiom(e *loopir.Intrinsic) loopir.Expr {
	x, y := e.Args[0], e.Args[1]
	if x.TypeOf() == loopir.Bool && y.TypeOf() == loopir.Bool {
		switch e.Name {
		case insn.BitAnd:
			return loopir.Bin(loopir.And, x, y)
		case insn.BitOr:
			return loopir.Bin(loopir.Or, x, y)
		}
		return e
	}
	nx, okX := bitsOf(x)
	ny, okY := bitsOf(y)
	if okX && okY {
		z := new(big.Int)
		switch e.Name {
		case insn.BitAnd:
			return bitConst(z.And(nx, ny), e.Type)
		case insn.BitOr:
			return bitConst(z.Or(nx, ny), e.Type)
		case insn.BitXor:
			return bitConst(z.Xor(nx, ny), e.Type)
		}
		return e
	}
	if e.Name == insn.BitOr {
		// Of min'(a,b) and min'(b,a): the same, or -0 of two zeros, or NaN of NaN and b.
		if a, b, ok := bothWays(x, y, loopir.Lt); ok {
			return extremum("min", a, b)
		}
	}
	if okX {
		x, y, ny, okY = y, x, nx, true
	}
	if !okY {
		return e
	}
	if x.TypeOf() == loopir.Bool {
		for n := 8; n <= 64 && e.Name == insn.BitXor; n *= 2 {
			if ny.Cmp(ones(n)) == 0 {
				return opposed(x)
			}
		}
		return e
	}
	width := x.TypeOf().Bits()
	if !x.TypeOf().IsFloat() {
		return e
	}
	sign := new(big.Int).Lsh(big.NewInt(1), uint(width-1))
	switch {
	case e.Name == insn.BitXor && ny.Cmp(sign) == 0:
		return &loopir.Unary{Op: loopir.Neg, X: x, Type: x.TypeOf()}
	case e.Name == insn.BitAnd && ny.Cmp(ones(width-1)) == 0:
		return &loopir.Intrinsic{Name: "abs", Args: []loopir.Expr{x}, Type: x.TypeOf()}
	}
	return e
}

func ones(n int) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(1), uint(n))
	return v.Sub(v, big.NewInt(1))
}

func extremum(name string, a, b loopir.Expr) loopir.Expr {
	return &loopir.Intrinsic{Name: name, Args: []loopir.Expr{a, b}, Type: a.TypeOf()}
}

// vendor takes apart select(a op b, a, b).
func vendor(e loopir.Expr, op loopir.Op) (a, b loopir.Expr, ok bool) {
	s, isSel := e.(*loopir.Intrinsic)
	if !isSel || s.Name != "select" {
		return nil, nil, false
	}
	c, isBin := s.Args[0].(*loopir.Binary)
	if !isBin || c.Op != op || !sameExpr(c.X, s.Args[1]) || !sameExpr(c.Y, s.Args[2]) {
		return nil, nil, false
	}
	return c.X, c.Y, true
}

// bothWays recognizes the vendor's extremum of a, b and of b, a, one of which may be the
// language's, as it is with a constant first.
func bothWays(x, y loopir.Expr, op loopir.Op) (a, b loopir.Expr, ok bool) {
	a, b, ok = vendor(x, op)
	c, d, ok2 := vendor(y, op)
	if ok && ok2 {
		return a, b, sameExpr(a, d) && sameExpr(b, c)
	}
	if !ok {
		x, y, ok = y, x, ok2
		a, b, _ = vendor(x, op)
	}
	name := map[loopir.Op]string{loopir.Gt: "max", loopir.Lt: "min"}[op]
	m, exact := bits(y, name)
	return a, b, ok && exact && len(m) == 2 && sameOperands(m, []loopir.Expr{a, b})
}

func bits(e loopir.Expr, name string) ([]loopir.Expr, bool) {
	i, ok := e.(*loopir.Intrinsic)
	if !ok || i.Name != name {
		return nil, false
	}
	return i.Args, true
}

func sameOperands(x, y []loopir.Expr) bool {
	return sameExpr(x[0], y[0]) && sameExpr(x[1], y[1]) || sameExpr(x[0], y[1]) && sameExpr(x[1], y[0])
}

func sameExpr(a, b loopir.Expr) bool {
	return a == b || a.TypeOf() == b.TypeOf() && loopir.FormatExpr(a) == loopir.FormatExpr(b)
}

// opposed is the opposite truth: of integers, which are always in order, another
// comparison.
func opposed(c loopir.Expr) loopir.Expr {
	b, ok := c.(*loopir.Binary)
	if ok && b.X.TypeOf().IsInteger() && b.Op >= loopir.Eq && b.Op <= loopir.Ge {
		return negated(b)
	}
	return &loopir.Unary{Op: loopir.Not, X: c, Type: loopir.Bool}
}

// bitConst is a lane of known bits.
func bitConst(n *big.Int, t loopir.Type) loopir.Expr {
	return &loopir.Intrinsic{Name: insn.Bits, Args: []loopir.Expr{&loopir.Int{Value: n, Type: loopir.I64}}, Type: t}
}

func isBitConst(e loopir.Expr) (*big.Int, bool) {
	i, ok := e.(*loopir.Intrinsic)
	if !ok || i.Name != insn.Bits {
		return nil, false
	}
	return i.Args[0].(*loopir.Int).Value, true
}

// bitsOf gives the bits of a constant, be it a number already or not.
func bitsOf(e loopir.Expr) (*big.Int, bool) {
	if n, ok := isBitConst(e); ok {
		return n, true
	}
	v, ok := literal(e)
	if !ok || math.IsNaN(v) {
		return nil, false
	}
	switch e.TypeOf() {
	case loopir.F32:
		return new(big.Int).SetUint64(uint64(math.Float32bits(float32(v)))), true
	case loopir.F64:
		return new(big.Int).SetUint64(math.Float64bits(v)), true
	}
	return nil, false
}

// asFloat reads bits as a number of type t. Of the many NaNs it is one that a constant is
// written for, and which all are as values.
func asFloat(e loopir.Expr, t loopir.Type) (loopir.Expr, bool) {
	n, ok := isBitConst(e)
	if !ok {
		return e, e.TypeOf() == t
	}
	v := math.Float64frombits(n.Uint64())
	if t == loopir.F32 {
		if n.BitLen() > 32 {
			return nil, false
		}
		v = float64(math.Float32frombits(uint32(n.Uint64())))
	}
	nan := &loopir.Float{Text: "nan", Type: t}
	if own, _ := constantBits(nan); own.Cmp(n) == 0 {
		return nan, true
	}
	return floatLiteral(v, t)
}

// floatLiteral writes a number; NaN has no literal of its own bits.
func floatLiteral(v float64, t loopir.Type) (loopir.Expr, bool) {
	var out loopir.Expr
	size := max(t.Bits(), 32)
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return nil, false
	case math.IsInf(a, 1):
		out = &loopir.Float{Text: "inf", Type: t}
	case a == math.Trunc(a) && a < 1<<53:
		out = &loopir.Float{Text: strconv.FormatFloat(a, 'f', 1, size), Type: t}
	default:
		out = &loopir.Float{Text: strconv.FormatFloat(a, 'g', -1, size), Type: t}
	}
	if math.Signbit(v) {
		out = &loopir.Unary{Op: loopir.Neg, X: out, Type: t}
	}
	return out, true
}

// literal gives the value of a floating-point constant, rounded once.
func literal(e loopir.Expr) (float64, bool) {
	if e == nil || e.TypeOf() != loopir.F32 && e.TypeOf() != loopir.F64 {
		return 0, false
	}
	t := e.TypeOf()
	switch e := e.(type) {
	case *loopir.Float:
		if e.Text == "nan" {
			return math.NaN(), true
		}
		v, err := strconv.ParseFloat(e.Text, t.Bits())
		return v, err == nil || math.IsInf(v, 0)
	case *loopir.Int: // a literal takes the type of its place
		x := new(big.Float).SetInt(e.Value)
		if t == loopir.F32 {
			v, _ := x.Float32()
			return float64(v), true
		}
		v, _ := x.Float64()
		return v, true
	case *loopir.Unary:
		if e.Op == loopir.Neg {
			v, ok := literal(e.X)
			return -v, ok
		}
	}
	return 0, false
}
