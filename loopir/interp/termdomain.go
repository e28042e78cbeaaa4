package interp

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// terms is the domain of symbolic values.
type terms struct{ *Terms }

func (terms) symbolic() bool { return true }

func (t terms) boolean(b bool) uint64 {
	return uint64(t.lit(loopir.Bool, concrete{}.boolean(b)))
}

func (t terms) position(x uint64) (int64, bool) {
	n := t.nodes[x]
	return int64(n.Bits), n.Op == "lit"
}

func (t terms) undefined() uint64 { return uint64(t.op("undefined", loopir.Invalid)) }

func (t terms) float(typ loopir.Type, text string) (uint64, bool) {
	b, ok := literal(typ, text)
	return uint64(t.lit(typ, b)), ok
}

func (t terms) integer(typ loopir.Type, v *big.Int) (uint64, bool) {
	b, ok := bigLiteral(typ, v)
	return uint64(t.lit(typ, b)), ok
}

func (t terms) index(typ loopir.Type, v int64) uint64 {
	return uint64(t.lit(typ, fromInt(typ, v)))
}

func (t terms) cast(from, to loopir.Type) func(uint64) uint64 {
	if from == to {
		return func(x uint64) uint64 { return x }
	}
	return func(x uint64) uint64 { return uint64(t.op("cast", to, TermID(x))) }
}

func (t terms) unary(op string, typ loopir.Type) func(uint64) uint64 {
	result := typ
	if f := loopir.Builtin(op); f != nil {
		result = f.Result(typ)
	}
	return func(x uint64) uint64 {
		n := t.nodes[x]
		if n.Op == "lit" && (op == "-" || op == "!") {
			return uint64(t.lit(typ, concrete{}.unary(op, typ)(n.Bits)))
		}
		return uint64(t.op(op, result, TermID(x)))
	}
}

func (t terms) binary(op string, typ loopir.Type) func(x, y uint64) uint64 {
	result := typ
	switch op {
	case "==", "!=", "<", "<=", ">", ">=":
		result = loopir.Bool
	}
	return func(x, y uint64) uint64 { return uint64(t.op(op, result, TermID(x), TermID(y))) }
}

func (t terms) fma(typ loopir.Type) func(x, y, z uint64) uint64 {
	return func(x, y, z uint64) uint64 {
		return uint64(t.op("fma", typ, TermID(x), TermID(y), TermID(z)))
	}
}

func (t terms) choose(typ loopir.Type, cond, x, y uint64) uint64 {
	if x == y {
		return x
	}
	return uint64(t.op("select", typ, TermID(cond), TermID(x), TermID(y)))
}

func (t terms) apply(fn *loopir.Func, args []uint64) uint64 {
	t.funcs[fn.Name] = fn
	n := Term{Op: "call", Type: fn.Result, Name: fn.Name}
	for _, a := range args {
		n.Args = append(n.Args, TermID(a))
	}
	return uint64(t.make(n))
}
