package lift

import (
	"maps"
	"math"
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// A pattern is the body of a function as the lifted program has it where the function is
// computed in place: its lets written out, its parameters open.
type pattern struct {
	fn   *loopir.Func
	body loopir.Expr
}

// patterns are the functions with a body, those first that others call.
func patterns(funcs []*loopir.Func) []pattern {
	var out []pattern
	for _, fn := range funcs {
		if fn.Value == nil {
			continue
		}
		lets := map[string]loopir.Expr{}
		written := func(e loopir.Expr) loopir.Expr {
			return canonical(loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				if r, ok := e.(*loopir.Read); ok && lets[r.Name] != nil {
					return lets[r.Name]
				}
				return e
			}), out)
		}
		for _, l := range fn.Lets {
			lets[l.Name] = written(l.Value)
		}
		p := pattern{fn, written(fn.Value)}
		if len(loopir.Children(p.body)) > 0 { // an argument or a constant is not known again
			out = append(out, p)
		}
	}
	return out
}

// canonical writes an expression as the lifted program has it, from the leaves to the root.
func canonical(e loopir.Expr, known []pattern) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		if i, ok := e.(*loopir.Intrinsic); ok {
			switch i.Name {
			case "bitcast":
				return bitcast(i.Type, i.Args[0])
			case "and", "or", "xor":
				return bitwise(i.Name, i.Type, i.Args[0], i.Args[1])
			case "not":
				return bitwise("xor", i.Type, i.Args[0], intLiteral(ones(i.Type.Bits()), i.Type))
			case "min", "max":
				e = nested(i)
			}
		}
		return folded(tidy(e), known)
	})
}

// nested is a minimum or maximum of several, two at a time.
func nested(e *loopir.Intrinsic) loopir.Expr {
	out := e.Args[0]
	for _, a := range e.Args[1:] {
		out = &loopir.Intrinsic{Name: e.Name, Args: []loopir.Expr{out, a}, Type: e.Type, Span: e.Span}
	}
	return out
}

// folded is the call of a function that e is written out.
func folded(e loopir.Expr, known []pattern) loopir.Expr {
	for _, p := range known {
		args := map[string]loopir.Expr{}
		if e.TypeOf() != p.fn.Result || !p.match(p.body, e, args) || len(args) != len(p.fn.Names) {
			continue
		}
		call := &loopir.Intrinsic{Name: p.fn.Name, Type: p.fn.Result, Span: e.Source()}
		for _, n := range p.fn.Names {
			call.Args = append(call.Args, args[n])
		}
		return call
	}
	return e
}

// match finds what the parameters stand for, such that p is e, operands of commutative
// operations in any order.
func (p pattern) match(x, e loopir.Expr, args map[string]loopir.Expr) bool {
	if r, ok := x.(*loopir.Read); ok {
		if e, ok = asNumber(e, r.Type); !ok {
			return false
		}
		if old := args[r.Name]; old != nil {
			return sameExpr(old, e)
		}
		args[r.Name] = e
		return true
	}
	if i, ok := x.(*loopir.Intrinsic); ok && i.Name == "bitcast" {
		e, ok := asNumber(e, i.Type)
		return ok && p.match(i.Args[0], bitcast(i.Args[0].TypeOf(), e), args)
	}
	if v, ok := constantBits(x); ok {
		w, isConst := constantBits(e)
		return isConst && v.Cmp(w) == 0
	}
	if x.TypeOf() != e.TypeOf() {
		return false
	}
	xs, es := loopir.Children(x), loopir.Children(e)
	if len(xs) != len(es) {
		return false
	}
	free := false
	switch x := x.(type) {
	case *loopir.Binary:
		y, ok := e.(*loopir.Binary)
		if !ok {
			return false
		}
		if m, has := mirrored[x.Op]; has && y.Op == m {
			es = []loopir.Expr{y.Y, y.X}
		} else if x.Op != y.Op {
			return false
		}
		free = x.Op == loopir.Add || x.Op == loopir.Mul || x.Op == loopir.Eq || x.Op == loopir.Ne || x.Op == loopir.And || x.Op == loopir.Or
	case *loopir.Unary:
		if y, ok := e.(*loopir.Unary); !ok || x.Op != y.Op {
			return false
		}
	case *loopir.Intrinsic:
		if y, ok := e.(*loopir.Intrinsic); !ok || x.Name != y.Name {
			return false
		}
		switch x.Name {
		case "fma", "min", "max", "and", "or", "xor":
			free = true
		}
	case *loopir.Cast:
		if y, ok := e.(*loopir.Cast); !ok || x.To != y.To {
			return false
		}
	default:
		return false
	}
	before := maps.Clone(args)
	if p.all(xs, es, args) {
		return true
	}
	if !free {
		return false
	}
	clear(args)
	maps.Copy(args, before)
	other := append([]loopir.Expr{es[1], es[0]}, es[2:]...)
	return p.all(xs, other, args)
}

func (p pattern) all(xs, es []loopir.Expr, args map[string]loopir.Expr) bool {
	for i := range xs {
		if !p.match(xs[i], es[i], args) {
			return false
		}
	}
	return true
}

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
	return &loopir.Intrinsic{Name: "bitcast", Args: []loopir.Expr{e}, Type: t, Span: e.Source()}
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
			e := tidyBits(&loopir.Intrinsic{Name: raw, Args: []loopir.Expr{i.Args[0], bitConst(n, f)}, Type: f})
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

// spellBits writes expressions on bits as the lifted program has them.
func spellBits(list []loopir.Stmt) {
	loopir.Walk(list, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			bits := false
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				i, ok := x.(*loopir.Intrinsic)
				bits = bits || ok && (i.Name == "bitcast" || i.Name == "not" || bitwiseOps[i.Name])
				return !bits
			})
			if !bits {
				return e
			}
			return canonical(e, nil)
		})
		return true
	})
}

var bitwiseOps = map[string]bool{"and": true, "or": true, "xor": true}

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
