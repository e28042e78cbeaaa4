package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// index compiles an expression over sizes and iterators; a condition gives 0
// or 1.
func (t *trace) index(e loopir.Expr) func() int64 {
	f, ok := t.code[e]
	if !ok {
		f = t.compileIndex(e)
		t.code[e] = f
	}
	return f
}

func (t *trace) compileIndex(e loopir.Expr) func() int64 {
	switch e := e.(type) {
	case *loopir.Int:
		if !e.Value.IsInt64() {
			panic(errTrace)
		}
		v := e.Value.Int64()
		return func() int64 { return v }
	case *loopir.Var:
		at := t.slot(e.Name)
		return func() int64 { return t.env[at] }
	case *loopir.Unary:
		x := t.index(e.X)
		if e.Op == loopir.Not {
			return func() int64 { return 1 - x() }
		}
		return func() int64 { return -x() }
	case *loopir.Binary:
		x, y := t.index(e.X), t.index(e.Y)
		return indexOp(e.Op, x, y)
	case *loopir.Intrinsic:
		if e.Name == "min" || e.Name == "max" {
			return t.compileExtremum(e)
		}
	}
	panic(errTrace)
}

func (t *trace) compileExtremum(e *loopir.Intrinsic) func() int64 {
	f := t.index(e.Args[0])
	for _, a := range e.Args[1:] {
		x, y := f, t.index(a)
		if e.Name == "min" {
			f = func() int64 { return min(x(), y()) }
		} else {
			f = func() int64 { return max(x(), y()) }
		}
	}
	return f
}

func indexOp(op loopir.Op, x, y func() int64) func() int64 {
	is := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	switch op {
	case loopir.Add:
		return func() int64 { return x() + y() }
	case loopir.Sub:
		return func() int64 { return x() - y() }
	case loopir.Mul:
		return func() int64 { return x() * y() }
	case loopir.Div:
		return func() int64 { q, _ := floorDivMod(x(), y()); return q }
	case loopir.Mod:
		return func() int64 { _, r := floorDivMod(x(), y()); return r }
	case loopir.Eq:
		return func() int64 { return is(x() == y()) }
	case loopir.Ne:
		return func() int64 { return is(x() != y()) }
	case loopir.Lt:
		return func() int64 { return is(x() < y()) }
	case loopir.Le:
		return func() int64 { return is(x() <= y()) }
	case loopir.Gt:
		return func() int64 { return is(x() > y()) }
	case loopir.Ge:
		return func() int64 { return is(x() >= y()) }
	case loopir.And:
		return func() int64 {
			if x() == 0 {
				return 0
			}
			return y()
		}
	case loopir.Or:
		return func() int64 {
			if x() != 0 {
				return 1
			}
			return y()
		}
	}
	panic(errTrace)
}

func floorDivMod(x, d int64) (q, r int64) {
	if d <= 0 {
		panic(errTrace)
	}
	q, r = x/d, x%d
	if r < 0 {
		q, r = q-1, r+d
	}
	return q, r
}

// value compiles an expression over data.
func (t *trace) value(e loopir.Expr) func() fingerprint {
	f, ok := t.values[e]
	if !ok {
		f = t.compileValue(e)
		t.values[e] = f
	}
	return f
}

func (t *trace) compileValue(e loopir.Expr) func() fingerprint {
	if isLiteral(e) {
		v := literalPrint(e)
		return func() fingerprint { return v }
	}
	if isIndexValue(e) {
		x := t.index(e)
		return func() fingerprint { return intPrint(x()) }
	}
	switch e := e.(type) {
	case *loopir.Read:
		return t.compileRead(e)
	case *loopir.Cast:
		x := t.value(e.X)
		if from := e.X.TypeOf(); from == loopir.Index || from == e.To {
			return x
		}
		op := fmt.Sprintf("cast %v", e.To)
		return func() fingerprint { return mix(op, x()) }
	case *loopir.Unary:
		x := t.value(e.X)
		if e.Op == loopir.Not {
			return func() fingerprint { return mix("!", x()) }
		}
		return func() fingerprint { return x().neg() }
	case *loopir.Binary:
		return t.compileBinary(e)
	case *loopir.Intrinsic:
		return t.compileCall(e)
	}
	panic(errTrace)
}

func (t *trace) compileRead(r *loopir.Read) func() fingerprint {
	m := t.arrays[r.Name]
	if m == nil {
		panic(errTrace)
	}
	index := make([]func() int64, len(r.Index))
	for i, e := range r.Index {
		if !isIndexCond(e) {
			panic(errTrace)
		}
		index[i] = t.index(e)
	}
	return func() fingerprint {
		at := make([]int64, len(index))
		for i, f := range index {
			at[i] = f()
		}
		return t.read(m, at)
	}
}

func (t *trace) compileBinary(e *loopir.Binary) func() fingerprint {
	x, y := t.value(e.X), t.value(e.Y)
	switch e.Op {
	case loopir.Add:
		return func() fingerprint { return x().add(y()) }
	case loopir.Sub:
		return func() fingerprint { return x().add(y().neg()) }
	case loopir.Mul:
		return func() fingerprint { return x().mul(y()) }
	case loopir.Div:
		if e.Type.IsFloat() {
			return func() fingerprint { return x().mul(y().inverse()) }
		}
	case loopir.Gt:
		return func() fingerprint { return mix("binary<", y(), x()) }
	case loopir.Ge:
		return func() fingerprint { return mix("binary<=", y(), x()) }
	case loopir.Lt:
		return func() fingerprint { return mix("binary<", x(), y()) }
	case loopir.Le:
		return func() fingerprint { return mix("binary<=", x(), y()) }
	}
	op := fmt.Sprintf("binary %d", e.Op)
	if commutes(e.Op) {
		return func() fingerprint { return mix(op, x().add(y()), x().mul(y())) }
	}
	return func() fingerprint { return mix(op, x(), y()) }
}

func (t *trace) compileCall(e *loopir.Intrinsic) func() fingerprint {
	if s := indexSelect(e); s != nil {
		cond, x, y := t.index(s.Args[0]), t.value(s.Args[1]), t.value(s.Args[2])
		return func() fingerprint {
			if cond() != 0 {
				return x()
			}
			return y()
		}
	}
	args := make([]func() fingerprint, len(e.Args))
	for i, a := range e.Args {
		args[i] = t.value(a)
	}
	switch e.Name {
	case "fma":
		return func() fingerprint { return args[0]().mul(args[1]()).add(args[2]()) }
	case "min", "max":
		return func() fingerprint {
			out := args[0]()
			for _, a := range args[1:] {
				out = out.lesser(a(), e.Name == "max")
			}
			return out
		}
	}
	return func() fingerprint {
		vs := make([]fingerprint, len(args))
		for i, a := range args {
			vs[i] = a()
		}
		return mix(e.Name, vs...)
	}
}
