package interp

import (
	"math"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// A domain is what values are and what the operations of the language do.
type domain interface {
	symbolic() bool
	boolean(bool) uint64
	float(t loopir.Type, text string) (uint64, bool)
	integer(t loopir.Type, v *big.Int) (uint64, bool)
	index(t loopir.Type, v int64) uint64 // a cast from Index
	cast(from, to loopir.Type) func(uint64) uint64
	unary(op string, t loopir.Type) func(uint64) uint64
	binary(op string, t loopir.Type) func(x, y uint64) uint64
	fma(t loopir.Type) func(x, y, z uint64) uint64
	choose(t loopir.Type, cond, x, y uint64) uint64 // only where cond is not known
	apply(fn *loopir.Func, args []uint64) uint64
	undefined() uint64
	position(x uint64) (int64, bool) // an integer as an index, if its value is known
}

// concrete computes numbers.
type concrete struct{}

func (concrete) symbolic() bool { return false }

func (concrete) boolean(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (concrete) undefined() uint64 { return 0 }

func (concrete) position(x uint64) (int64, bool) { return int64(x), true }

func (concrete) float(t loopir.Type, text string) (uint64, bool) { return literal(t, text) }

func (concrete) integer(t loopir.Type, v *big.Int) (uint64, bool) { return bigLiteral(t, v) }

func (concrete) index(t loopir.Type, v int64) uint64 { return fromInt(t, v) }

func (concrete) cast(from, to loopir.Type) func(uint64) uint64 {
	if from.IsFloat() {
		return func(x uint64) uint64 { return fromFloat(to, toFloat(from, x)) }
	}
	return func(x uint64) uint64 { return fromInt(to, int64(x)) }
}

func (concrete) unary(op string, t loopir.Type) func(uint64) uint64 {
	f := loopir.Builtin(op)
	switch {
	case t == loopir.Bool:
		return func(x uint64) uint64 { return 1 - x }
	case f != nil && f.Takes == loopir.Recastables:
		to := f.Result(t)
		return func(x uint64) uint64 {
			if t.IsFloat() && math.IsNaN(toFloat(t, x)) {
				x = fromFloat(t, math.NaN()) // which one it is, is not told
			}
			return recast(to, x)
		}
	case f != nil && t.IsFloat():
		return func(x uint64) uint64 { return fromFloat(t, f.Float1(toFloat(t, x))) }
	case f != nil:
		return func(x uint64) uint64 { return wrap(t, uint64(f.Int1(int64(x)))) }
	case t.IsFloat():
		return func(x uint64) uint64 { return fromFloat(t, -toFloat(t, x)) }
	}
	return func(x uint64) uint64 { return wrap(t, -x) }
}

// recast gives the bits of x in type t of the same width.
func recast(t loopir.Type, x uint64) uint64 {
	if t.IsFloat() {
		drop := 64 - t.Bits()
		return x << drop >> drop
	}
	return wrap(t, x)
}

func (d concrete) binary(op string, t loopir.Type) func(x, y uint64) uint64 {
	switch {
	case t == loopir.Bool && op == "&&":
		return func(x, y uint64) uint64 { return x & y }
	case t == loopir.Bool:
		return func(x, y uint64) uint64 { return x | y }
	case t == loopir.F32:
		if f := float32Ops[op]; f != nil {
			return func(x, y uint64) uint64 {
				return uint64(math.Float32bits(f(math.Float32frombits(uint32(x)), math.Float32frombits(uint32(y)))))
			}
		}
	}
	if t.IsFloat() {
		// For f32, bf16 and f16 computing in float64 and rounding again is
		// right: 53 bits are more than twice theirs plus two.
		if f := float64Ops[op]; f != nil {
			return func(x, y uint64) uint64 { return fromFloat(t, f(toFloat(t, x), toFloat(t, y))) }
		}
		if f := loopir.Builtin(op); f != nil {
			return func(x, y uint64) uint64 { return fromFloat(t, f.Float2(toFloat(t, x), toFloat(t, y))) }
		}
		f := floatTests[op]
		return func(x, y uint64) uint64 { return d.boolean(f(toFloat(t, x), toFloat(t, y))) }
	}
	if f := intOps[op]; f != nil {
		return func(x, y uint64) uint64 { return wrap(t, uint64(f(int64(x), int64(y)))) }
	}
	if f := loopir.Builtin(op); f != nil {
		return func(x, y uint64) uint64 { return wrap(t, uint64(f.Int2(int64(x), int64(y)))) }
	}
	f := intTests[op]
	return func(x, y uint64) uint64 { return d.boolean(f(int64(x), int64(y))) }
}

// The conversions keep a compiler from fusing operations.
var float32Ops = map[string]func(x, y float32) float32{
	"+": func(x, y float32) float32 { return float32(x + y) },
	"-": func(x, y float32) float32 { return float32(x - y) },
	"*": func(x, y float32) float32 { return float32(x * y) },
	"/": func(x, y float32) float32 { return float32(x / y) },
}

var float64Ops = map[string]func(x, y float64) float64{
	"+": func(x, y float64) float64 { return float64(x + y) },
	"-": func(x, y float64) float64 { return float64(x - y) },
	"*": func(x, y float64) float64 { return float64(x * y) },
	"/": func(x, y float64) float64 { return float64(x / y) },
}

var floatTests = map[string]func(x, y float64) bool{
	"==": func(x, y float64) bool { return x == y },
	"!=": func(x, y float64) bool { return x != y },
	"<":  func(x, y float64) bool { return x < y },
	"<=": func(x, y float64) bool { return x <= y },
	">":  func(x, y float64) bool { return x > y },
	">=": func(x, y float64) bool { return x >= y },
}

var intOps = map[string]func(x, y int64) int64{
	"+": func(x, y int64) int64 { return x + y },
	"-": func(x, y int64) int64 { return x - y },
	"*": func(x, y int64) int64 { return x * y },
	"/": func(x, y int64) int64 { return x / y },
	"%": func(x, y int64) int64 { return x % y },
}

var intTests = map[string]func(x, y int64) bool{
	"==": func(x, y int64) bool { return x == y },
	"!=": func(x, y int64) bool { return x != y },
	"<":  func(x, y int64) bool { return x < y },
	"<=": func(x, y int64) bool { return x <= y },
	">":  func(x, y int64) bool { return x > y },
	">=": func(x, y int64) bool { return x >= y },
}

func (concrete) fma(t loopir.Type) func(x, y, z uint64) uint64 {
	switch {
	case t == loopir.F64:
		return func(x, y, z uint64) uint64 {
			return math.Float64bits(math.FMA(math.Float64frombits(x), math.Float64frombits(y), math.Float64frombits(z)))
		}
	case t.IsFloat():
		// The product is exact in float64; the sum is rounded to odd, so that
		// the second rounding is the only one that counts.
		return func(x, y, z uint64) uint64 {
			return fromFloat(t, addOdd(toFloat(t, x)*toFloat(t, y), toFloat(t, z)))
		}
	}
	return func(x, y, z uint64) uint64 { return wrap(t, x*y+z) }
}

func (concrete) choose(_ loopir.Type, cond, x, y uint64) uint64 {
	if cond != 0 {
		return x
	}
	return y
}

// apply hashes the arguments to a small number that every type holds exactly.
func (concrete) apply(fn *loopir.Func, args []uint64) uint64 {
	h := uint64(14695981039346656037)
	mix := func(x uint64) {
		h ^= x
		h *= 0xbf58476d1ce4e5b9
		h ^= h >> 29
	}
	for _, b := range []byte(fn.Name) {
		mix(uint64(b))
	}
	for i, a := range args {
		if t := fn.Params[i]; t.IsFloat() && math.IsNaN(toFloat(t, a)) {
			a = fromFloat(t, math.NaN())
		} else if t.IsFloat() && toFloat(t, a) == 0 {
			a = 0 // -0 == +0: equal arguments give equal results
		}
		mix(a)
	}
	mix(h >> 32)
	switch t := fn.Result; {
	case t == loopir.Bool:
		return h >> 40 & 1
	case t.IsFloat():
		return fromFloat(t, float64(int8(h>>40))/64)
	default:
		return wrap(t, uint64(int64(int8(h>>40))))
	}
}
