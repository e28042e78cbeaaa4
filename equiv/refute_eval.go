package equiv

import (
	"math"
	"math/bits"

	"github.com/loopopt/loopopt/loopir"
)

// evalInt evaluates an index expression or, with 0 and 1, a condition over
// sizes and iterators. It reports false for what has no int64 value: an
// overflow, a division by zero or less, a name that env lacks, data.
func evalInt(e loopir.Expr, env map[string]int64) (int64, bool) {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.Int64(), e.Value.IsInt64()
	case *loopir.Var:
		v, ok := env[e.Name]
		return v, ok
	case *loopir.Unary:
		x, ok := evalInt(e.X, env)
		if e.Op == loopir.Not {
			return 1 - x, ok
		}
		return -x, ok && x != math.MinInt64
	case *loopir.Intrinsic:
		return evalMinMax(e, env)
	case *loopir.Binary:
		x, ok := evalInt(e.X, env)
		if !ok {
			return 0, false
		}
		switch { // the right arm has a value only where the left one lets it matter
		case e.Op == loopir.And && x == 0:
			return 0, true
		case e.Op == loopir.Or && x != 0:
			return 1, true
		}
		y, ok := evalInt(e.Y, env)
		if !ok {
			return 0, false
		}
		return evalBinary(e.Op, x, y)
	}
	return 0, false
}

func evalMinMax(e *loopir.Intrinsic, env map[string]int64) (int64, bool) {
	if e.Name != "min" && e.Name != "max" {
		return 0, false
	}
	var best int64
	for i, a := range e.Args {
		v, ok := evalInt(a, env)
		if !ok {
			return 0, false
		}
		if i == 0 || e.Name == "min" && v < best || e.Name == "max" && v > best {
			best = v
		}
	}
	return best, true
}

func evalBinary(op loopir.Op, x, y int64) (int64, bool) {
	truth := func(b bool) (int64, bool) {
		if b {
			return 1, true
		}
		return 0, true
	}
	switch op {
	case loopir.Add:
		return x + y, (x+y > x) == (y > 0)
	case loopir.Sub:
		return x - y, (x-y < x) == (y > 0)
	case loopir.Mul:
		hi, lo := bits.Mul64(magnitude(x), magnitude(y))
		return x * y, hi == 0 && lo < 1<<63
	case loopir.Div, loopir.Mod:
		if y <= 0 {
			return 0, false
		}
		q, r := x/y, x%y
		if r < 0 {
			q, r = q-1, r+y
		}
		if op == loopir.Div {
			return q, true
		}
		return r, true
	case loopir.Eq:
		return truth(x == y)
	case loopir.Ne:
		return truth(x != y)
	case loopir.Lt:
		return truth(x < y)
	case loopir.Le:
		return truth(x <= y)
	case loopir.Gt:
		return truth(x > y)
	case loopir.Ge:
		return truth(x >= y)
	case loopir.And:
		return truth(x != 0 && y != 0)
	case loopir.Or:
		return truth(x != 0 || y != 0)
	}
	return 0, false
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}
