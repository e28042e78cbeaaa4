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
	switch {
	case e.Op == loopir.Add && t == loopir.I64:
		return x + y
	case e.Op == loopir.Sub && t == loopir.I64:
		return x - y
	}
	if t.IsInteger() {
		a, b := int64(x), int64(y)
		if t == loopir.I32 {
			a, b = int64(int32(x)), int64(int32(y))
		}
		return truth(compare(e.Op, float64(cmp.Compare(a, b)), 0, a == b))
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

func evalCall(e *loopir.Intrinsic, x []uint64) uint64 {
	mask := uint64(math.MaxUint64)
	if e.Type.Bits() == 32 {
		mask = math.MaxUint32
	}
	switch e.Name {
	case "select":
		if x[0] == 1 {
			return x[1]
		}
		return x[2]
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
	case "min", "max":
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
