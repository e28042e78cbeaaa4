// Package interp is the reference semantics of loopir kernels: a slow and
// obvious interpreter that referees what every other part claims.
//
// Values. An operation on a floating-point type gives the exact result rounded
// once to that type, to nearest, ties to even, with subnormals, signed zeros,
// infinities and NaN; bf16 and f16 included. fma(a, b, c) rounds once. min and
// max are Go's builtins: NaN if any argument is NaN, and -0 < +0. exp, log,
// tanh and sigmoid are computed in float64 by package math (sigmoid as
// 1/(1+exp(-x))) and then rounded to the type. Integers wrap; / and % on them
// truncate and dividing by zero is a fault. A cast to an integer type truncates
// toward zero and saturates, NaN giving 0; one from a wider integer wraps.
// round, floor, ceil and trunc are exact; shr keeps the sign. bitcast of a NaN
// gives the bits of one and the same NaN. What the other built-in functions compute is in
// loopir.Functions. A function with a body is its lets, in order, and its value;
// uninterpreted ones are a fixed hash of their arguments.
//
// Faults. Whatever makes a kernel's meaning undefined is reported as a *Fault:
// see FaultKind.
package interp

import (
	"math"
	"math/big"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// A Value is one scalar. Bits holds the IEEE bits of a float in the low bits,
// an integer sign- or zero-extended to 64 bits, 0 or 1 for a Bool.
type Value struct {
	Type loopir.Type
	Bits uint64
}

// Float makes x a value of type t, rounded, saturated for integer types.
func Float(t loopir.Type, x float64) Value { return Value{t, fromFloat(t, x)} }

// Integer makes x a value of type t, rounded, wrapped for integer types.
func Integer(t loopir.Type, x int64) Value { return Value{t, fromInt(t, x)} }

// Float64 is v as a float64, which is exact for all types but i64.
func (v Value) Float64() float64 { return toFloat(v.Type, v.Bits) }

// Int64 is an integer value; a float is truncated.
func (v Value) Int64() int64 {
	if v.Type.IsFloat() {
		return int64(fromFloat(loopir.I64, v.Float64()))
	}
	return int64(v.Bits)
}

// String prints v so that reading it back in its type gives v.
func (v Value) String() string {
	switch v.Type {
	case loopir.F64:
		return strconv.FormatFloat(v.Float64(), 'g', -1, 64)
	case loopir.F32, loopir.BF16, loopir.F16:
		return strconv.FormatFloat(v.Float64(), 'g', -1, 32)
	case loopir.Bool:
		return strconv.FormatBool(v.Bits != 0)
	}
	return strconv.FormatInt(int64(v.Bits), 10)
}

// Same tells whether v and w are the same bits, all NaNs being the same.
func (v Value) Same(w Value) bool { return v.Type == w.Type && sameBits(v.Type, v.Bits, w.Bits) }

func sameBits(t loopir.Type, a, b uint64) bool {
	return a == b || t.IsFloat() && math.IsNaN(toFloat(t, a)) && math.IsNaN(toFloat(t, b))
}

// toFloat converts exactly, but for large i64.
func toFloat(t loopir.Type, b uint64) float64 {
	switch t {
	case loopir.F64:
		return math.Float64frombits(b)
	case loopir.F32:
		return float64(math.Float32frombits(uint32(b)))
	case loopir.BF16:
		return float64(math.Float32frombits(uint32(b) << 16))
	case loopir.F16:
		return halfToFloat(uint16(b))
	}
	return float64(int64(b))
}

// fromFloat rounds x to t once.
func fromFloat(t loopir.Type, x float64) uint64 {
	switch t {
	case loopir.F64:
		return math.Float64bits(x)
	case loopir.F32:
		return uint64(math.Float32bits(float32(x)))
	}
	if t.IsFloat() {
		return uint64(floatToSmall(x, t.ExponentBits(), t.Precision()))
	}
	return saturate(t, x)
}

// fromInt rounds or wraps x to t.
func fromInt(t loopir.Type, x int64) uint64 {
	switch t {
	case loopir.F64:
		return math.Float64bits(float64(x))
	case loopir.F32:
		return uint64(math.Float32bits(float32(x)))
	case loopir.BF16, loopir.F16:
		return fromFloat(t, oddFloat(x))
	}
	return wrap(t, uint64(x))
}

// oddFloat converts x to a float64 rounded to odd, so that rounding it once
// more gives what rounding x would.
func oddFloat(x int64) float64 {
	const low = 1<<11 - 1
	if x > -1<<53 && x < 1<<53 || x&low == 0 {
		return float64(x)
	}
	return float64(x&^low | (low + 1))
}

// wrap reduces x to the range of an integer type.
func wrap(t loopir.Type, x uint64) uint64 {
	drop := 64 - t.Bits()
	if t.IsUnsigned() {
		return x << drop >> drop
	}
	return uint64(int64(x<<drop) >> drop)
}

func saturate(t loopir.Type, x float64) uint64 {
	lo, hi := int64(-1)<<(t.Bits()-1), int64(uint64(1)<<(t.Bits()-1)-1)
	if t.IsUnsigned() {
		lo, hi = 0, 2*hi+1
	}
	switch {
	case math.IsNaN(x):
		return 0
	case x >= float64(hi):
		return uint64(hi)
	case x <= float64(lo):
		return uint64(lo)
	}
	return uint64(int64(x))
}

func halfToFloat(h uint16) float64 {
	sign := 1.0
	if h>>15 != 0 {
		sign = -1
	}
	e, m := int(h>>10&31), float64(h&1023)
	switch e {
	case 0:
		return sign * math.Ldexp(m, -24)
	case 31:
		if m != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(m+1024, e-25)
}

// floatToSmall rounds x to a format with the given exponent bits and precision
// (hidden bit included), to nearest, ties to even.
func floatToSmall(x float64, expBits, prec int) uint16 {
	bias := 1<<(expBits-1) - 1
	inf := uint16(1<<expBits-1) << (prec - 1)
	sign := uint16(math.Float64bits(x) >> 63 << (expBits + prec - 1))
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return inf | 1<<(prec-2)
	case math.IsInf(x, 0):
		return sign | inf
	case a == 0:
		return sign
	default:
		_, e := math.Frexp(a) // a = f * 2^e, 1/2 <= f < 1
		e = max(e, 2-bias)    // subnormals share the least exponent
		m := math.RoundToEven(math.Ldexp(a, prec-e))
		if m == math.Ldexp(1, prec) {
			m, e = m/2, e+1
		}
		switch {
		case e > bias+1:
			return sign | inf
		case m < math.Ldexp(1, prec-1):
			return sign | uint16(m)
		}
		return sign | uint16(e-2+bias)<<(prec-1) + uint16(m)
	}
}

// addOdd is a+b rounded to odd: inexact results have the last bit set, so that
// rounding to fewer bits afterwards is right.
func addOdd(a, b float64) float64 {
	s := a + b
	if math.IsInf(s, 0) || math.IsNaN(s) {
		return s
	}
	bb := s - a
	err := (a - (s - bb)) + (b - bb)
	bits := math.Float64bits(s)
	if err == 0 || bits&1 == 1 {
		return s
	}
	if (err > 0) == (s > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}

// literal rounds a number as written to t. The texts inf and nan are numbers.
func literal(t loopir.Type, text string) (uint64, bool) {
	switch text {
	case "inf", "nan":
		f := math.Inf(1)
		if text == "nan" {
			f = math.NaN()
		}
		return fromFloat(t, f), t.IsFloat()
	}
	switch t {
	case loopir.F64, loopir.F32:
		bits := 64
		if t == loopir.F32 {
			bits = 32
		}
		f, err := strconv.ParseFloat(text, bits)
		if err != nil && !math.IsInf(f, 0) {
			return 0, false
		}
		return fromFloat(t, f), true
	case loopir.BF16, loopir.F16:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(f) < 1e-60 || math.Abs(f) > 1e60 {
			return fromFloat(t, f), err == nil || math.IsInf(f, 0)
		}
		x, _, err := big.ParseFloat(text, 0, 512, big.ToNearestEven)
		if err != nil {
			return 0, false
		}
		return fromFloat(t, roundOdd(x)), true
	}
	return 0, false
}

// bigLiteral rounds an integer as written to t; integer types must hold it.
func bigLiteral(t loopir.Type, v *big.Int) (uint64, bool) {
	switch {
	case t == loopir.F64:
		f, _ := new(big.Float).SetInt(v).Float64()
		return math.Float64bits(f), true
	case t == loopir.F32:
		f, _ := new(big.Float).SetInt(v).Float32()
		return uint64(math.Float32bits(f)), true
	case t.IsFloat():
		return fromFloat(t, roundOdd(new(big.Float).SetInt(v))), true
	case t.IsInteger() && v.IsInt64():
		b := fromInt(t, v.Int64())
		return b, int64(b) == v.Int64()
	}
	return 0, false
}

// roundOdd rounds x to odd, for one more rounding.
func roundOdd(x *big.Float) float64 {
	y := new(big.Float).SetPrec(53).SetMode(big.ToZero).Set(x)
	f, _ := y.Float64()
	if y.Acc() != big.Exact && !math.IsInf(f, 0) {
		return math.Float64frombits(math.Float64bits(f) | 1)
	}
	return f
}
