package simd

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// An elementType is what the emitter knows of a type of values: how mnemonics end, and
// whether they differ by sign.
type elementType struct {
	float  string // PS or PD
	bits   string // B, W, D or Q, by size
	signed bool
}

var elementTypes = map[loopir.Type]elementType{
	loopir.F32: {"PS", "D", true}, loopir.F64: {"PD", "Q", true},
	loopir.I8: {"", "B", true}, loopir.U8: {"", "B", false}, loopir.I16: {"", "W", true}, loopir.I32: {"", "D", true}, loopir.I64: {"", "Q", true},
}

func size(t loopir.Type) int64 { return int64(t.Bits() / 8) }

// sized is the letter of a size in bytes.
var sized = map[int64]string{1: "B", 2: "W", 4: "D", 8: "Q"}

// elements notes the types that statements compute with. All lanes of a region are as wide
// apart as the widest of them: a register holds as many, of any type.
func (p *Program) elements(list []loopir.Stmt, funcs map[string]*loopir.Func) {
	note := func(t loopir.Type) {
		if t.IsValue() && !slices.Contains(p.types, t) {
			p.types = append(p.types, t)
			p.wide = max(p.wide, size(t))
		}
	}
	var expr func(e loopir.Expr)
	expr = func(e loopir.Expr) {
		if e.TypeOf() == loopir.Index {
			return
		}
		note(e.TypeOf())
		switch e := e.(type) {
		case *loopir.Read:
			return // indices are no values
		case *loopir.Intrinsic:
			if fn := funcs[e.Name]; fn != nil {
				for _, x := range fn.Exprs() {
					expr(x)
				}
			}
		case *loopir.Cast:
			if e.X.TypeOf() == loopir.Index && e.To.IsFloat() && mayMove(e.X, list) {
				note(loopir.I32) // converted in lanes
			}
		case *loopir.Binary:
			if e.Op == loopir.Mul && size(e.Type) == 1 {
				note(loopir.I16) // there is no product of bytes
			}
		}
		for _, c := range loopir.Children(e) {
			expr(c)
		}
	}
	loopir.Walk(list, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local:
			note(s.Type)
			if s.Init != nil {
				expr(s.Init)
			}
		case *loopir.Assign:
			expr(s.LHS)
			expr(s.RHS)
			if s.Op == loopir.MulTo && size(s.LHS.Type) == 1 {
				note(loopir.I16)
			}
		case *loopir.If:
			expr(s.Cond)
		}
		return true
	})
}

// mayMove tells whether an index may change within statements.
func mayMove(e loopir.Expr, list []loopir.Stmt) bool {
	return has(list, func(s loopir.Stmt) bool {
		l, ok := s.(*loopir.For)
		return ok && !l.Unroll && loopir.UsesVar(e, l.Iter)
	})
}

// narrow is the size of the smallest type of the region.
func (p *Program) narrow() int64 {
	n := p.wide
	for _, t := range p.types {
		n = min(n, size(t))
	}
	return n
}

// plain tells that the region computes with one type, which is floating-point.
func (p *Program) plain() bool { return len(p.used) == 1 && p.used[0].IsFloat() }

// Mixed tells that the region computes with integers, or with several types; AVX-512F alone
// has not all instructions for these.
func (p *Program) Mixed() bool { return !p.plain() }

// known checks that the values of a type have lanes on the ISA.
func (l *lowerer) known(t loopir.Type, at loopir.Span) error {
	if !slices.Contains(l.prog.used, t) {
		l.prog.used = append(l.prog.used, t)
	}
	switch {
	case elementTypes[t] == (elementType{}):
		return unsupported(at, "values of type %s", t)
	case l.isa == NEON && !l.prog.plain():
		return unsupported(at, "integers, or several types, in one region of NEON")
	}
	return nil
}
