// Package rt is the run-time support of generated kernels. Its source is copied
// into every generated package, so that generated code imports nothing of
// loopopt.
package rt

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// maxSize bounds every size argument, and maxElems every array, so that all
// index arithmetic of a kernel fits in an int of 64 bits. Where int has 32 bits, a product
// of two iterators need not fit: there maxElems is no int, and nothing of this compiles.
const (
	maxSize  int = 1<<31 - 1
	maxElems int = 1 << 48
)

// A ShapeError says what is wrong with an argument of a kernel. Nothing was written then.
type ShapeError struct{ msg string }

func (e *ShapeError) Error() string { return e.msg }

// shapeError makes a ShapeError.
func shapeError(format string, args ...any) error {
	return &ShapeError{fmt.Sprintf(format, args...)}
}

// checkSize wants 0 <= v <= maxSize.
func checkSize(kernel, name string, v int) error {
	if v < 0 || v > maxSize {
		return shapeError("%s: size %s = %d is outside 0..%d", kernel, name, v, maxSize)
	}
	return nil
}

// checkLen wants as many elements as the extents say. Its errors copy these, so that they are
// not allocated where there is none.
func checkLen(kernel, name string, have int, extents ...int) error {
	want := 1
	for _, e := range extents {
		if e < 0 {
			return shapeError("%s: array %s has the negative extent %d in shape %v", kernel, name, e, slices.Clone(extents))
		}
		hi, lo := bits.Mul64(uint64(want), uint64(e))
		if hi != 0 || lo > uint64(maxElems) {
			return shapeError("%s: array %s of shape %v has more than %d elements", kernel, name, slices.Clone(extents), uint64(maxElems))
		}
		want = int(lo)
	}
	if have < want {
		return shapeError("%s: %s has %d elements, shape %v needs %d", kernel, name, have, slices.Clone(extents), want)
	}
	return nil
}

// checkRoom wants an array that is made inside to have no more elements than an argument
// may have. The sign of an extent does not count: such an array is not made.
func checkRoom(kernel, name string, extents ...int) error {
	n := uint64(1)
	for _, e := range extents {
		if e < 0 {
			e = -e
		}
		hi, lo := bits.Mul64(n, uint64(e))
		if hi != 0 || lo > uint64(maxElems) {
			return shapeError("%s: array %s of shape %v has more than %d elements", kernel, name, slices.Clone(extents), uint64(maxElems))
		}
		n = lo
	}
	return nil
}

// addInt, subInt and mulInt compute a shape's extent and set over when it does
// not fit in an int.
func addInt(over *bool, a, b int) int {
	c := a + b
	*over = *over || (c > a) != (b > 0)
	return c
}

func subInt(over *bool, a, b int) int {
	c := a - b
	*over = *over || (c < a) != (b > 0)
	return c
}

func mulInt(over *bool, a, b int) int {
	c := a * b
	*over = *over || a != 0 && (c/a != b || a == -1 && b == math.MinInt)
	return c
}

// overlap tells whether two slices share memory.
func overlap[T, U any](a []T, b []U) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	pa, pb := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return pa < pb+uintptr(len(b))*unsafe.Sizeof(b[0]) && pb < pa+uintptr(len(a))*unsafe.Sizeof(a[0])
}

// floorDiv and floorMod round towards minus infinity; d is positive.
func floorDiv(x, d int) int {
	q := x / d
	if x%d < 0 {
		q--
	}
	return q
}

func floorMod(x, d int) int {
	m := x % d
	if m < 0 {
		m += d
	}
	return m
}

// inRange is an index that data gives, which the kernel takes for one below n. Nothing
// outside is read: where it is not, that is a panic with a *ShapeError.
func inRange[T int8 | uint8 | int16 | int32 | int64](x T, n int) int {
	if int64(x) < 0 || int64(x) >= int64(n) {
		panic(shapeError("an index in the data is %d, outside of 0..%d", x, n))
	}
	return int(x)
}

// trip is the number of iterations of lo, lo+step, ... below hi.
func trip(lo, hi, step int) int {
	if hi <= lo {
		return 0
	}
	return (hi - lo + step - 1) / step
}

// fma32 is x*y+z with one rounding. The product of two float32 is exact in
// float64, and rounding the sum there first does no harm unless it then lies
// half way between two float32, or is too small for a normal one.
func fma32(x, y, z float32) float32 {
	s := float64(x)*float64(y) + float64(z)
	if b := math.Float64bits(s); b&(1<<29-1) != 1<<28 && b<<1 >= 0x3810000000000000<<1 {
		return float32(s)
	}
	return fma32Odd(x, y, z)
}

// fma32Odd rounds the float64 sum to odd, so that the last rounding is right
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
func fma32Odd(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	b := math.Float64bits(s)
	if b&1 != 0 || math.IsNaN(s) || math.IsInf(s, 0) {
		return float32(s)
	}
	// TwoSum (Knuth): s + e = p + c exactly.
	t := s - p
	e := (p - (s - t)) + (c - t)
	if e == 0 {
		return float32(s)
	}
	if (e > 0) == (s > 0) {
		b++
	} else {
		b--
	}
	return float32(math.Float64frombits(b))
}

// Elementary functions of narrow types are those of float64, rounded once.
func exp32(x float32) float32  { return float32(math.Exp(float64(x))) }
func log32(x float32) float32  { return float32(math.Log(float64(x))) }
func tanh32(x float32) float32 { return float32(math.Tanh(float64(x))) }
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
func abs32(x float32) float32  { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// So are these, of which float64 has the same values.
func round32(x float32) float32 { return float32(math.RoundToEven(float64(x))) }
func floor32(x float32) float32 { return float32(math.Floor(float64(x))) }
func ceil32(x float32) float32  { return float32(math.Ceil(float64(x))) }
func trunc32(x float32) float32 { return float32(math.Trunc(float64(x))) }

// Bits of a number as an integer, and back.
func bits32(x float32) int32    { return int32(math.Float32bits(x)) }
func bits64(x float64) int64    { return int64(math.Float64bits(x)) }
func float32of(x int32) float32 { return math.Float32frombits(uint32(x)) }
func float64of(x int64) float64 { return math.Float64frombits(uint64(x)) }

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
func sigmoid32(x float32) float32 { return float32(sigmoid64(float64(x))) }

// opaque keeps Go from folding constants at compile time.
func opaque[T any](x T) T { return x }

// absInt is |x|; the most negative value wraps to itself.
func absInt[T int8 | uint8 | int16 | int32 | int64](x T) T {
	if x < 0 {
		return -x
	}
	return x
}

// truncTo rounds x towards zero and saturates; NaN gives 0.
func truncTo[T int8 | uint8 | int16 | int32 | int64](x float64) T {
	var zero T
	n := int(unsafe.Sizeof(zero)) * 8
	lo, hi := 0.0, math.Ldexp(1, n) // the range of T is [lo, hi)
	if zero-1 < 0 {
		lo, hi = -math.Ldexp(1, n-1), math.Ldexp(1, n-1)
	}
	switch {
	case x != x:
		return 0
	case x <= lo:
		return T(int64(lo))
	case x >= hi:
		return ^T(int64(lo)) // all ones but the sign
	}
	return T(int64(x))
}

// scratch returns n elements of *buf with unspecified content, growing it.
func scratch[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, n)
	}
	return (*buf)[:n]
}

// A BF16 holds a number of type bf16, an F16 one of type f16: IEEE 754 bits, with 8 and 5
// bits of exponent.
type (
	BF16 uint16
	F16  uint16
)

// fromBF16 and fromF16 are exact.
func fromBF16[T float32 | float64](x BF16) T { return T(math.Float32frombits(uint32(x) << 16)) }

func fromF16[T float32 | float64](x F16) T {
	sign, e, m := uint32(x>>15)<<31, uint32(x>>10&31), uint32(x&1023)
	switch e {
	case 0: // m * 2^-24, exact
		return T(math.Float32frombits(math.Float32bits(float32(m)*(1.0/(1<<24))) | sign))
	case 31:
		e = 255 - 112
	}
	return T(math.Float32frombits(sign | (e+112)<<23 | m<<13))
}

// toBF16 and toF16 round once, to the nearest, ties to even.
func toBF16(x float64) BF16 { return BF16(narrow(x, 8, 7)) }

func toF16(x float64) F16 { return F16(narrow(x, 5, 10)) }

// narrow rounds to a format with exp bits of exponent and mant bits behind the point.
func narrow(x float64, exp, mant int) uint16 {
	b := math.Float64bits(x)
	sign, b := uint16(b>>63)<<(exp+mant), b&^(1<<63)
	inf := uint16(1<<exp-1) << mant
	e := int(b>>52) - 1023 + (1<<(exp-1) - 1) // the exponent there
	v, drop := b&(1<<52-1), 52-mant
	switch {
	case x != x:
		return inf | 1<<(mant-1)
	case e >= 1<<exp-1:
		return sign | inf
	case e > 0:
		v |= uint64(e) << 52
	default: // subnormal there
		v |= 1 << 52
		drop += 1 - e
	}
	if drop > 54 {
		return sign
	}
	// Half of the last kept bit, less a little unless that bit is odd; a carry goes into the
	// exponent.
	v += 1<<(drop-1) - 1 + v>>drop&1
	return sign | uint16(v>>drop)
}
