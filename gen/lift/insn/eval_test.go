package insn

import (
	"cmp"
	"fmt"
	"math"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// eval gives the bits of an effect, its operands being bits by name. A truth value is
// 0 or 1.
func eval(e loopir.Expr, env map[string]uint64) uint64 {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.Uint64()
	case *loopir.Read:
		return env[e.Name]
	case *loopir.Unary:
		x := eval(e.X, env)
		if e.Op == loopir.Not {
			return 1 - x
		}
		return x ^ 1<<(e.Type.Bits()-1)
	case *loopir.Binary:
		return evalBinary(e, eval(e.X, env), eval(e.Y, env))
	case *loopir.Cast:
		return evalCast(e, eval(e.X, env))
	case *loopir.Intrinsic:
		args := make([]uint64, len(e.Args))
		for i, a := range e.Args {
			args[i] = eval(a, env)
		}
		return evalCall(e, args)
	}
	panic(fmt.Sprintf("insn: no value for %T", e))
}

func evalBinary(e *loopir.Binary, x, y uint64) uint64 {
	truth := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	switch e.Op {
	case loopir.And:
		return x & y
	case loopir.Or:
		return x | y
	}
	t := e.X.TypeOf()
	if t.IsInteger() {
		a, b := integer(t, x), integer(t, y)
		if e.Op >= loopir.Eq && e.Op <= loopir.Ge {
			return truth(compare(e.Op, float64(cmp.Compare(a, b)), 0, a == b))
		}
		return map[loopir.Op]uint64{loopir.Add: x + y, loopir.Sub: x - y, loopir.Mul: x * y}[e.Op]
	}
	if e.Op >= loopir.Eq && e.Op <= loopir.Ge {
		a, b := number(t, x), number(t, y)
		return truth(compare(e.Op, a, b, a == b))
	}
	if t == loopir.F32 {
		a, b := math.Float32frombits(uint32(x)), math.Float32frombits(uint32(y))
		return uint64(math.Float32bits(map[loopir.Op]float32{loopir.Add: a + b, loopir.Sub: a - b, loopir.Mul: a * b, loopir.Div: a / b}[e.Op]))
	}
	a, b := math.Float64frombits(x), math.Float64frombits(y)
	return math.Float64bits(map[loopir.Op]float64{loopir.Add: a + b, loopir.Sub: a - b, loopir.Mul: a * b, loopir.Div: a / b}[e.Op])
}

func compare(op loopir.Op, a, b float64, eq bool) bool {
	switch op {
	case loopir.Eq:
		return eq
	case loopir.Ne:
		return !eq
	case loopir.Lt:
		return a < b
	case loopir.Le:
		return a < b || eq
	case loopir.Gt:
		return a > b
	}
	return a > b || eq
}

func number(t loopir.Type, x uint64) float64 {
	if t == loopir.F32 {
		return float64(math.Float32frombits(uint32(x)))
	}
	return math.Float64frombits(x)
}

// integer is the value of the low bits of x.
func integer(t loopir.Type, x uint64) int64 {
	n := 64 - t.Bits()
	if t == loopir.U8 {
		return int64(x << n >> n)
	}
	return int64(x<<n) >> n
}

func evalCast(e *loopir.Cast, x uint64) uint64 {
	from := e.X.TypeOf()
	switch {
	case from.IsInteger() && e.To.IsInteger():
		return uint64(integer(from, x))
	case from.IsInteger() && e.To == loopir.F32:
		return uint64(math.Float32bits(float32(integer(from, x))))
	case from.IsInteger():
		return math.Float64bits(float64(integer(from, x)))
	case e.To == loopir.F32:
		return uint64(math.Float32bits(float32(number(from, x))))
	}
	return math.Float64bits(number(from, x))
}

func evalCall(e *loopir.Intrinsic, x []uint64) uint64 {
	mask := uint64(math.MaxUint64) >> (64 - e.Type.Bits())
	switch e.Name {
	case "select":
		if x[0] == 1 {
			return x[1]
		}
		return x[2]
	case "round", "floor", "ceil", "trunc":
		f := map[string]func(float64) float64{"round": math.RoundToEven, "floor": math.Floor, "ceil": math.Ceil, "trunc": math.Trunc}[e.Name]
		if e.Type == loopir.F32 {
			return uint64(math.Float32bits(float32(f(number(loopir.F32, x[0])))))
		}
		return math.Float64bits(f(number(loopir.F64, x[0])))
	case "shl":
		return x[0] << x[1] & mask
	case "shr":
		return uint64(integer(e.Type, x[0])>>x[1]) & mask
	case "sqrt":
		if e.Type == loopir.F32 {
			return uint64(math.Float32bits(float32(math.Sqrt(number(loopir.F32, x[0])))))
		}
		return math.Float64bits(math.Sqrt(number(loopir.F64, x[0])))
	case "fma":
		if e.Type == loopir.F64 {
			return math.Float64bits(math.FMA(number(loopir.F64, x[0]), number(loopir.F64, x[1]), number(loopir.F64, x[2])))
		}
		return uint64(math.Float32bits(fma32(number(loopir.F32, x[0]), number(loopir.F32, x[1]), number(loopir.F32, x[2]))))
	case BitAnd:
		return x[0] & x[1] & mask
	case BitOr:
		return (x[0] | x[1]) & mask
	case BitXor:
		return (x[0] ^ x[1]) & mask
	case BitAndNot:
		return ^x[0] & x[1] & mask
	case BitNot:
		return ^x[0] & mask
	case BitSelect:
		return (x[0]&x[1] | ^x[0]&x[2]) & mask
	case "min", "max", "abs":
		if e.Type.IsInteger() {
			a, b := integer(e.Type, x[0]), -integer(e.Type, x[0])
			if len(x) == 2 {
				b = integer(e.Type, x[1])
			}
			if e.Name == "min" {
				return uint64(min(a, b)) & mask
			}
			return uint64(max(a, b)) & mask
		}
		a, b := number(e.Type, x[0]), number(e.Type, x[1])
		v := min(a, b)
		if e.Name == "max" {
			v = max(a, b)
		}
		if e.Type == loopir.F32 {
			return uint64(math.Float32bits(float32(v)))
		}
		return math.Float64bits(v)
	}
	panic("insn: no value for " + e.Name)
}

// fma32 rounds the exact x*y+z once.
func fma32(x, y, z float64) float32 {
	p := x * y // exact
	s := p + z
	if math.IsNaN(s) || math.IsInf(s, 0) || p == 0 || z == 0 || s == 0 && p == -z {
		return float32(s)
	}
	exact := new(big.Float).SetPrec(2000)
	exact.Add(new(big.Float).SetPrec(2000).SetFloat64(p), new(big.Float).SetPrec(2000).SetFloat64(z))
	out, _ := exact.Float32()
	return out
}
