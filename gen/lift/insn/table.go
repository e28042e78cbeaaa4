// Package insn is the meaning of amd64 and arm64 instructions: one entry an instruction,
// its effect on one lane written in the operators of the .loop language. What has
// no entry has no meaning here, and whoever reads assembly by this table reports
// an error.
//
// The effects are written from the vendor's manual, and tested against the
// processor: silicon_test.go executes every entry on random and special values and
// compares the bits; those of arm64 where the test runs on arm64, be it emulated.
package insn

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A Kind says what the operands of an instruction are and where the effect goes.
type Kind uint8

const (
	// Lanes computes each lane of the last operand from the same lane of the
	// others. The operand before the last may not be memory, the first may.
	Lanes Kind = iota
	// LanesImm is Lanes of one operand behind an immediate, which Imm takes too.
	LanesImm
	// Compare is Lanes with a predicate as first operand and a truth value as
	// result, in a mask register or as all ones and all zeros in a lane.
	Compare
	// Move copies lanes; memory may be the first or the last operand.
	Move
	// Broadcast copies the lowest lane, or a general register, to all lanes.
	Broadcast
	// MaskMove is Move with a vector of masks in the middle: the first operand is
	// memory (masked-off lanes become 0) or the last is.
	MaskMove
	// Permute picks for each lane of the result the lane of the first operand that
	// the second operand, a vector of numbers, says; PermuteImm takes two bits of
	// the immediate first operand for each of four lanes.
	Permute
	PermuteImm
	// BlendV picks the second source where the sign bit of the first operand's lane
	// is set; BlendM, where a mask register's bit is.
	BlendV
	BlendM
	// Element copies one lane, written V0.S[1], to all.
	Element
	// Convert is Lanes whose operand has lanes of another type, From.
	Convert
	// FromGeneral puts a general register into the lowest lane and 0 elsewhere; or it
	// moves the lowest bytes, as many as a lane has, from memory or to it.
	FromGeneral
	// Extract stores the lowest lane: the immediate first operand is 0.
	Extract
	// MaskLogic works on mask registers bit by bit.
	MaskLogic
	// The kinds from here on work on general registers, flags and control.
	MoveInt
	Arith
	Flags
	CMov
	Branch
	Jump
	Return
	Nothing // changes nothing that is modelled: PREFETCHT0, and VZEROUPPER at the end
)

// An Entry is one instruction.
type Entry struct {
	Op   string
	Arch string // GOARCH that has it; empty: every one
	Kind Kind
	// Elem is the type of a lane. Where only bits count, and in sums, differences,
	// products and equations, integers of one size are alike.
	Elem loopir.Type
	// From is the type of the operand's lanes of Convert.
	From loopir.Type
	// Bitwise tells that the effect is on bits, whatever they stand for; Signed that the
	// effect on integers depends on their sign.
	Bitwise, Signed bool
	// Feature is what the EVEX encoding needs beyond AVX-512F: BW or DQ.
	Feature string
	// Args counts the lanes that Effect takes, in the order of the vendor's manual:
	// the destination first if it is read.
	Args int
	// Dst tells that the destination is read.
	Dst bool
	// Any tells that lanes of any width are worked on alike; Elem is one of them.
	Any bool
	// ByElement tells that the first operand may be one lane, which all lanes take.
	ByElement bool
	// Scalar instructions work on the lowest lane only.
	Scalar bool
	// VEX and EVEX say which encodings there are: the former has 16 registers, no
	// masks and no embedded broadcast.
	VEX, EVEX bool
	// Effect is the new value of a lane, of a truth value for Compare (by predicate)
	// and MaskLogic.
	Effect func(x ...loopir.Expr) loopir.Expr
	// Imm is the effect of LanesImm by the immediate; nil where that has no meaning.
	Imm func(n int64, x loopir.Expr) loopir.Expr
	// Width is the bytes of the widest register, if the name tells it.
	Width int
	// Preds are the predicates of Compare by immediate.
	Preds map[int64]loopir.Op
	// Cond is what a Branch or CMov tests of the two values last compared.
	Cond loopir.Op
}

// Lookup finds the entry of a mnemonic.
func Lookup(op string) (*Entry, bool) {
	e, ok := table[op]
	return e, ok
}

// All lists the table in no order.
func All() map[string]*Entry { return table }

// Encoded tells whether there is an encoding with AVX-512's registers and masks, or one without.
func (e *Entry) Encoded(evex bool) bool { return evex && e.EVEX || !evex && e.VEX }

// FromMemory tells whether the last of the vendor's sources may be memory, of as many bytes as
// the lanes take that are read.
func (e *Entry) FromMemory() bool {
	return e.Kind == Lanes || e.Kind == Compare || e.Kind == Convert && e.From.Bits() <= e.Elem.Bits()
}

// Commutes tells whether two sources may change places: the effect is the same but for the
// bits of a NaN.
func (e *Entry) Commutes() bool {
	if e.Effect == nil || e.Args != 2 || e.Kind != Lanes && e.Kind != Compare {
		return false
	}
	switch f := e.Effect(&loopir.Read{Name: "x", Type: e.Elem}, &loopir.Read{Name: "y", Type: e.Elem}).(type) {
	case *loopir.Binary:
		return f.Op == loopir.Add || f.Op == loopir.Mul || f.Op == loopir.Eq
	case *loopir.Intrinsic:
		return slices.Contains([]string{"min", "max", BitAnd, BitOr, BitXor}, f.Name)
	}
	return false
}

// Conversion finds what makes lanes of a type from lanes of another type that take a number of
// bytes.
func Conversion(from, to loopir.Type, bytes int64) (*Entry, bool) {
	for _, e := range table {
		if e.Kind == Convert && e.From == from && e.Elem == to && (e.Width == 0 || int64(e.Width) == bytes) {
			return e, true
		}
	}
	return nil, false
}

var table = map[string]*Entry{}

func add(e Entry) {
	if e.Kind != Jump && e.Kind != Return {
		e.Arch = "amd64"
	}
	table[e.Op] = &e
}

// Bitwise operators have no form in the language. They stand for themselves until
// an idiom makes an operator of them; what is left over has no meaning.
const (
	BitAnd    = "bit.and"
	BitOr     = "bit.or"
	BitXor    = "bit.xor"
	BitAndNot = "bit.andnot" // ^x & y
	BitNot    = "bit.not"
	BitSelect = "bit.select" // x & y | ^x & z
)

// Bits is a lane of known bits, whose type its use decides: bit.const(n).
const Bits = "bit.const"

type fun = func(x ...loopir.Expr) loopir.Expr

func operator(op loopir.Op) fun {
	return func(x ...loopir.Expr) loopir.Expr {
		return &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: x[0].TypeOf()}
	}
}

func call(name string) fun {
	return func(x ...loopir.Expr) loopir.Expr {
		return &loopir.Intrinsic{Name: name, Args: x, Type: x[len(x)-1].TypeOf()}
	}
}

func negate(x loopir.Expr) loopir.Expr {
	return &loopir.Unary{Op: loopir.Neg, X: x, Type: x.TypeOf()}
}

// fma is x*y + z rounded once.
func fma(x, y, z loopir.Expr) loopir.Expr { return call("fma")(x, y, z) }

// rounding is to an integer, by an immediate that raises no flag.
func rounding(n int64, x loopir.Expr) loopir.Expr {
	name := map[int64]string{8: "round", 9: "floor", 10: "ceil", 11: "trunc"}[n]
	if name == "" {
		return nil
	}
	return call(name)(x)
}

// shift is by the immediate, if that is less than the bits there are.
func shift(name string) func(int64, loopir.Expr) loopir.Expr {
	return func(n int64, x loopir.Expr) loopir.Expr {
		t := x.TypeOf()
		if n < 0 || n >= int64(t.Bits()) {
			return nil
		}
		by := loopir.NewInt(n)
		by.Type = t
		return &loopir.Intrinsic{Name: name, Args: []loopir.Expr{x, by}, Type: t}
	}
}

// extreme is the first operand if it compares so with the second, else the second:
// also if one is NaN or both are zeros.
func extreme(op loopir.Op) fun {
	return func(x ...loopir.Expr) loopir.Expr {
		c := &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: loopir.Bool}
		return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{c, x[0], x[1]}, Type: x[0].TypeOf()}
	}
}

func init() {
	floats := []struct {
		sfx    string
		elem   loopir.Type
		scalar bool
	}{{"PS", loopir.F32, false}, {"PD", loopir.F64, false}, {"SS", loopir.F32, true}, {"SD", loopir.F64, true}}
	for _, f := range floats {
		lanes := func(op string, args int, dst bool, effect fun) {
			add(Entry{Op: op + f.sfx, Kind: Lanes, Elem: f.elem, Args: args, Dst: dst, Scalar: f.scalar, VEX: true, EVEX: true, Effect: effect})
		}
		lanes("VADD", 2, false, operator(loopir.Add))
		lanes("VSUB", 2, false, operator(loopir.Sub))
		lanes("VMUL", 2, false, operator(loopir.Mul))
		lanes("VDIV", 2, false, operator(loopir.Div))
		lanes("VMAX", 2, false, extreme(loopir.Gt))
		lanes("VMIN", 2, false, extreme(loopir.Lt))
		lanes("VFMADD132", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[0], x[2], x[1]) })
		lanes("VFMADD213", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[1], x[0], x[2]) })
		lanes("VFMADD231", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[1], x[2], x[0]) })
		lanes("VFMSUB132", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[0], x[2], negate(x[1])) })
		lanes("VFMSUB213", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[1], x[0], negate(x[2])) })
		lanes("VFMSUB231", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(x[1], x[2], negate(x[0])) })
		lanes("VFNMADD132", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(negate(x[0]), x[2], x[1]) })
		lanes("VFNMADD213", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(negate(x[1]), x[0], x[2]) })
		lanes("VFNMADD231", 3, true, func(x ...loopir.Expr) loopir.Expr { return fma(negate(x[1]), x[2], x[0]) })
		if f.scalar {
			add(Entry{Op: "VMOV" + f.sfx, Kind: Move, Elem: f.elem, Scalar: true, VEX: true, EVEX: true})
			continue
		}
		lanes("VSQRT", 1, false, call("sqrt"))
		add(Entry{Op: "VROUND" + f.sfx, Kind: LanesImm, Elem: f.elem, Args: 1, VEX: true, Imm: rounding})
		add(Entry{Op: "VRNDSCALE" + f.sfx, Kind: LanesImm, Elem: f.elem, Args: 1, EVEX: true, Imm: rounding})
		for op, name := range map[string]string{"VAND": BitAnd, "VOR": BitOr, "VXOR": BitXor, "VANDN": BitAndNot} {
			add(Entry{Op: op + f.sfx, Kind: Lanes, Elem: f.elem, Args: 2, VEX: true, EVEX: true, Bitwise: true, Feature: "DQ", Effect: call(name)})
		}
		for _, op := range []string{"VMOVU", "VMOVA"} {
			add(Entry{Op: op + f.sfx, Kind: Move, Elem: f.elem, VEX: true, EVEX: true})
		}
		add(Entry{Op: "VCMP" + f.sfx, Kind: Compare, Elem: f.elem, Args: 2, VEX: true, EVEX: true, Preds: floatPreds})
		add(Entry{Op: "VMASKMOV" + f.sfx, Kind: MaskMove, Elem: f.elem, VEX: true})
		add(Entry{Op: "VBLENDV" + f.sfx, Kind: BlendV, Elem: f.elem, VEX: true})
		add(Entry{Op: "VBLENDM" + f.sfx, Kind: BlendM, Elem: f.elem, EVEX: true})
	}
	add(Entry{Op: "VBROADCASTSS", Kind: Broadcast, Elem: loopir.F32, VEX: true, EVEX: true})
	add(Entry{Op: "VBROADCASTSD", Kind: Broadcast, Elem: loopir.F64, VEX: true, EVEX: true})
	add(Entry{Op: "VPERMPS", Kind: Permute, Elem: loopir.F32, VEX: true, EVEX: true})
	add(Entry{Op: "VPERMPD", Kind: Permute, Elem: loopir.F64, EVEX: true}) // by an immediate where that comes first
	integers()
	conversions()
	for _, k := range []struct{ sfx, feature string }{{"W", ""}, {"D", "BW"}, {"Q", "BW"}} {
		for op, o := range map[string]loopir.Op{"KAND": loopir.And, "KOR": loopir.Or} {
			add(Entry{Op: op + k.sfx, Kind: MaskLogic, Args: 2, EVEX: true, Feature: k.feature, Effect: func(x ...loopir.Expr) loopir.Expr {
				return &loopir.Binary{Op: o, X: x[0], Y: x[1], Type: loopir.Bool}
			}})
		}
		add(Entry{Op: "KNOT" + k.sfx, Kind: MaskLogic, Args: 1, EVEX: true, Feature: k.feature, Effect: func(x ...loopir.Expr) loopir.Expr {
			return &loopir.Unary{Op: loopir.Not, X: x[0], Type: loopir.Bool}
		}})
	}
	general()
}

// general adds what works on general registers. Sums and products are exact modulo
// 2^64; comparisons are of signed numbers.
func general() {
	add(Entry{Op: "MOVQ", Kind: MoveInt})
	for op, o := range map[string]loopir.Op{"ADDQ": loopir.Add, "SUBQ": loopir.Sub, "IMULQ": loopir.Mul} {
		add(Entry{Op: op, Kind: Arith, Args: 2, Effect: operator(o)})
	}
	one := loopir.NewInt(1)
	add(Entry{Op: "DECQ", Kind: Arith, Args: 1, Effect: func(x ...loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Sub, x[0], one) }})
	add(Entry{Op: "INCQ", Kind: Arith, Args: 1, Effect: func(x ...loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Add, x[0], one) }})
	add(Entry{Op: "CMPQ", Kind: Flags})
	add(Entry{Op: "TESTQ", Kind: Flags})
	for cc, o := range map[string]loopir.Op{"GT": loopir.Gt, "GE": loopir.Ge, "LT": loopir.Lt, "LE": loopir.Le, "EQ": loopir.Eq, "NE": loopir.Ne} {
		add(Entry{Op: "CMOVQ" + cc, Kind: CMov, Cond: o})
		j := "J" + cc
		if o == loopir.Gt || o == loopir.Lt {
			j = map[loopir.Op]string{loopir.Gt: "JGT", loopir.Lt: "JLT"}[o]
		}
		add(Entry{Op: j, Kind: Branch, Cond: o})
	}
	add(Entry{Op: "JMP", Kind: Jump})
	add(Entry{Op: "RET", Kind: Return})
	for _, op := range []string{"VZEROUPPER", "PREFETCHT0", "PREFETCHT1", "PREFETCHT2"} {
		add(Entry{Op: op, Kind: Nothing})
	}
}

var floatPreds = map[int64]loopir.Op{
	0: loopir.Eq, 1: loopir.Lt, 2: loopir.Le, 4: loopir.Ne, 13: loopir.Ge, 14: loopir.Gt,
	17: loopir.Lt, 18: loopir.Le, 29: loopir.Ge, 30: loopir.Gt,
}

var intPreds = map[int64]loopir.Op{
	0: loopir.Eq, 1: loopir.Lt, 2: loopir.Le, 4: loopir.Ne, 5: loopir.Ge, 6: loopir.Gt,
}
