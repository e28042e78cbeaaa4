package tune

import "github.com/loopopt/loopopt/loopir"

// An interval is what an index can be: lo, hi and what lies between.
type interval struct{ lo, hi int64 }

// An env has the sizes and the iterators around a place; those of loops that are not looked at
// one by one have more than one value.
type env map[string]interval

func (v env) with(name string, x interval) env {
	out := make(env, len(v)+1)
	for n, y := range v {
		out[n] = y
	}
	out[name] = x
	return out
}

// eval is the interval of an index expression; exact where its names have one value each. It is
// not ok for indices that are data.
func eval(e loopir.Expr, v env) (x interval, ok bool) {
	switch e := e.(type) {
	case *loopir.Int:
		if !e.Value.IsInt64() {
			return x, false
		}
		return interval{e.Value.Int64(), e.Value.Int64()}, true
	case *loopir.Var:
		x, ok = v[e.Name]
		return x, ok
	case *loopir.Unary:
		if x, ok = eval(e.X, v); e.Op != loopir.Neg || !ok {
			return x, false
		}
		return interval{-x.hi, -x.lo}, true
	case *loopir.Intrinsic:
		return extremum(e, v)
	case *loopir.Binary:
		a, ok := eval(e.X, v)
		b, ok2 := eval(e.Y, v)
		if !ok || !ok2 {
			return x, false
		}
		return arithmetic(e.Op, a, b)
	}
	return x, false
}

func arithmetic(op loopir.Op, a, b interval) (interval, bool) {
	switch op {
	case loopir.Add:
		return interval{a.lo + b.lo, a.hi + b.hi}, true
	case loopir.Sub:
		return interval{a.lo - b.hi, a.hi - b.lo}, true
	case loopir.Mul:
		p := []int64{a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi}
		return interval{min(p[0], p[1], p[2], p[3]), max(p[0], p[1], p[2], p[3])}, true
	case loopir.Div:
		if b.lo != b.hi || b.lo <= 0 {
			return interval{}, false
		}
		return interval{floorDiv(a.lo, b.lo), floorDiv(a.hi, b.lo)}, true
	case loopir.Mod:
		if b.lo != b.hi || b.lo <= 0 {
			return interval{}, false
		}
		if floorDiv(a.lo, b.lo) != floorDiv(a.hi, b.lo) {
			return interval{0, b.lo - 1}, true
		}
		at := floorDiv(a.lo, b.lo) * b.lo
		return interval{a.lo - at, a.hi - at}, true
	}
	return interval{}, false
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func extremum(e *loopir.Intrinsic, v env) (out interval, ok bool) {
	if e.Name != "min" && e.Name != "max" {
		return out, false
	}
	for i, arg := range e.Args {
		x, ok := eval(arg, v)
		switch {
		case !ok:
			return out, false
		case i == 0:
			out = x
		case e.Name == "min":
			out = interval{min(out.lo, x.lo), min(out.hi, x.hi)}
		default:
			out = interval{max(out.lo, x.lo), max(out.hi, x.hi)}
		}
	}
	return out, len(e.Args) > 0
}

// never tells whether a condition is known not to hold.
func never(e loopir.Expr, v env) bool {
	switch e := e.(type) {
	case *loopir.Unary:
		return e.Op == loopir.Not && always(e.X, v)
	case *loopir.Binary:
		switch e.Op {
		case loopir.And:
			return never(e.X, v) || never(e.Y, v)
		case loopir.Or:
			return never(e.X, v) && never(e.Y, v)
		}
		a, ok := eval(e.X, v)
		b, ok2 := eval(e.Y, v)
		if !ok || !ok2 {
			return false
		}
		switch e.Op {
		case loopir.Eq:
			return a.hi < b.lo || b.hi < a.lo
		case loopir.Ne:
			return a == b && a.lo == a.hi
		case loopir.Lt:
			return a.lo >= b.hi
		case loopir.Le:
			return a.lo > b.hi
		case loopir.Gt:
			return a.hi <= b.lo
		case loopir.Ge:
			return a.hi < b.lo
		}
	}
	return false
}

// opposite has the comparison that holds where another one does not.
var opposite = map[loopir.Op]loopir.Op{
	loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq, loopir.Lt: loopir.Ge, loopir.Ge: loopir.Lt, loopir.Le: loopir.Gt, loopir.Gt: loopir.Le,
}

// always tells whether a condition is known to hold.
func always(e loopir.Expr, v env) bool {
	switch e := e.(type) {
	case *loopir.Unary:
		return e.Op == loopir.Not && never(e.X, v)
	case *loopir.Binary:
		switch e.Op {
		case loopir.And:
			return always(e.X, v) && always(e.Y, v)
		case loopir.Or:
			return always(e.X, v) || always(e.Y, v)
		}
		if op, ok := opposite[e.Op]; ok {
			return never(loopir.Bin(op, e.X, e.Y), v)
		}
	}
	return false
}
