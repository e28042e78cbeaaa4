package lift

import (
	"math"
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// bitcast reads the bits of a number as one of type t, which has as many.
func bitcast(t loopir.Type, e loopir.Expr) loopir.Expr {
	if i, ok := e.(*loopir.Intrinsic); ok && i.Name == "bitcast" && i.Args[0].TypeOf() == t {
		return i.Args[0]
	}
	if e.TypeOf() == t {
		return e
	}
	if n, ok := constantBits(e); ok {
		if c, ok := asNumber(bitConst(n, t), t); ok {
			return c
		}
	}
	if !hasType(e) {
		e = &loopir.Cast{To: e.TypeOf(), X: e, Span: e.Source()}
	}
	return &loopir.Intrinsic{Name: "bitcast", Args: []loopir.Expr{e}, Type: t, Span: e.Source()}
}

// hasType tells whether an expression as it is written has a type: one of literals takes that
// of its place.
func hasType(e loopir.Expr) bool {
	found := false
	loopir.WalkExpr(e, func(x loopir.Expr) bool {
		switch x := x.(type) {
		case *loopir.Read, *loopir.Cast, *loopir.Var:
			found = true
		case *loopir.Intrinsic:
			if x.Name == "select" { // what its condition compares has a type of its own
				found = found || hasType(x.Args[1]) || hasType(x.Args[2])
				return false
			}
			found = found || x.Name == "bitcast"
		}
		return !found
	})
	return found
}

// twins tells whether bits of one type may be read as the other.
func twins(a, b loopir.Type) bool { return a != b && a.Twin() == b }

var bitwiseNames = map[string]string{insn.BitAnd: "and", insn.BitOr: "or", insn.BitXor: "xor"}

// bitwise is an operator on the bits of integers of type t, which may be those of a
// floating-point number: as the language has it, and as a function of that where it is one.
func bitwise(name string, t loopir.Type, x, y loopir.Expr) loopir.Expr {
	if _, ok := constantBits(x); ok {
		x, y = y, x
	}
	n, isConst := constantBits(y)
	if f := t.Twin(); isConst && f.IsFloat() {
		if i, ok := x.(*loopir.Intrinsic); ok && i.Name == "bitcast" && i.Args[0].TypeOf() == f {
			raw := map[string]string{"and": insn.BitAnd, "or": insn.BitOr, "xor": insn.BitXor}[name]
			e := idiom(&loopir.Intrinsic{Name: raw, Args: []loopir.Expr{i.Args[0], bitConst(n, f)}, Type: f})
			if b, ok := e.(*loopir.Intrinsic); !ok || b.Name != raw {
				return bitcast(t, e)
			}
		}
	}
	if name == "xor" && isConst && n.Cmp(ones(t.Bits())) == 0 {
		return &loopir.Intrinsic{Name: "not", Args: []loopir.Expr{x}, Type: t}
	}
	return &loopir.Intrinsic{Name: name, Args: []loopir.Expr{x, y}, Type: t}
}

// onIntegers writes an operation on bits as the language has it, on integers. That of two
// floating-point numbers stays: it may be part of a minimum or maximum.
func onIntegers(e *loopir.Intrinsic) loopir.Expr {
	x, y := e.Args[0], e.Args[1]
	t, some := loopir.Invalid, false
	for _, a := range e.Args {
		switch _, isConst := constantBits(a); {
		case isConst:
			some = true
		case !a.TypeOf().IsValue():
			return e
		case a.TypeOf().IsInteger():
			t, some = a.TypeOf(), true
		case t == loopir.Invalid:
			t = a.TypeOf().Twin()
		}
	}
	x, okX := asNumber(x, t)
	y, okY := asNumber(y, t)
	if !some || !t.IsInteger() || !okX || !okY {
		return e
	}
	return bitwise(bitwiseNames[e.Name], t, x, y)
}

// directBits writes the root of an expression on bits as the lifted program has it.
func directBits(e *loopir.Intrinsic) loopir.Expr {
	switch e.Name {
	case "bitcast":
		return bitcast(e.Type, e.Args[0])
	case "and", "or", "xor":
		return bitwise(e.Name, e.Type, e.Args[0], e.Args[1])
	}
	return e
}

// constantBits gives the bits of a constant of any type.
func constantBits(e loopir.Expr) (*big.Int, bool) {
	if n, ok := bitsOf(e); ok {
		return n, true
	}
	if n, ok := intValue(e); ok && e.TypeOf().IsInteger() {
		return new(big.Int).Mod(n, new(big.Int).Lsh(big.NewInt(1), uint(e.TypeOf().Bits()))), true
	}
	if v, ok := literal(e); ok && math.IsNaN(v) {
		if e.TypeOf() == loopir.F32 {
			return new(big.Int).SetUint64(uint64(math.Float32bits(float32(v)))), true
		}
		return new(big.Int).SetUint64(math.Float64bits(v)), true
	}
	return nil, false
}
