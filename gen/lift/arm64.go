package lift

import (
	"math/big"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// generalARM64 executes an instruction on words. Memory is only moved, and only SUBS
// and CMP set flags.
func (f *frame) generalARM64(m *machine, in *asm.Inst, e *insn.Entry) error {
	switch e.Kind {
	case insn.Nothing:
		if len(in.Args) != 2 || in.Args[0].Kind != asm.Mem || in.Args[1].Kind != asm.Label || !strings.HasPrefix(in.Args[1].Name, "PLD") {
			return f.errorf(in, "wrong operands")
		}
		return nil
	case insn.MoveInt:
		return f.move(m, in)
	case insn.Arith:
		return f.arithARM64(m, in, e)
	case insn.Flags:
		return f.compareARM64(m, in)
	}
	return f.errorf(in, "this instruction is out of place")
}

// arithARM64 is dst = y op x of `OP x, y, dst`, y being dst if it is left out; x may be
// a constant or shifted.
func (f *frame) arithARM64(m *machine, in *asm.Inst, e *insn.Entry) error {
	n := len(in.Args)
	if n != 2 && n != 3 {
		return f.errorf(in, "two or three operands are read")
	}
	shift := int64(1)
	first := in.Args[0]
	if first.Scale > 0 {
		shift, first.Scale = first.Scale, 0
	}
	for i, o := range in.Args {
		if o.Kind != asm.Reg && !(i == 0 && o.Kind == asm.Imm) || i > 0 && o.Scale > 0 {
			return f.errorf(in, "arithmetic is on registers")
		}
	}
	x, err := f.load(m, in, first)
	if err != nil {
		return err
	}
	y, err := f.load(m, in, in.Args[1])
	if err != nil {
		return err
	}
	to, err := f.place(in, in.Args[n-1])
	if err != nil {
		return err
	}
	effect := poly.Must(e.Effect(loopir.NewVar("y"), loopir.NewVar("x")))
	out := word{kind: number, p: effect.Subst(map[string]poly.Poly{"y": y.p, "x": x.p.Scale(big.NewInt(shift))})}
	switch {
	case x.kind == number && y.kind == number:
	case y.kind == pointer && x.kind == number && in.Op != "SUBS":
		out.kind, out.array = pointer, y.array
	case y.kind == number && x.kind == pointer && in.Op == "ADD" && shift == 1:
		out.kind, out.array = pointer, x.array
	default:
		return f.errorf(in, "this arithmetic on pointers has no known result")
	}
	m.words[to] = out
	if in.Op == "SUBS" {
		m.flags = flagsWord{set: true, x: out.p, result: true}
	}
	return nil
}

// compareARM64 reads CMP x, y, which compares y with x.
func (f *frame) compareARM64(m *machine, in *asm.Inst) error {
	if len(in.Args) != 2 || in.Args[1].Kind != asm.Reg || in.Args[0].Kind != asm.Reg && in.Args[0].Kind != asm.Imm {
		return f.errorf(in, "a register is compared with another or a constant")
	}
	x, err := f.load(m, in, in.Args[0])
	if err != nil {
		return err
	}
	y, err := f.load(m, in, in.Args[1])
	if err != nil {
		return err
	}
	if x.kind != number || y.kind != number {
		return f.errorf(in, "only numbers are compared")
	}
	m.flags = flagsWord{set: true, x: y.p, y: x.p}
	return nil
}

// parseARM64 finds the lanes of an instruction on vectors. Floating-point registers
// stand in moves from and to memory, elements in VDUP, whole vectors elsewhere.
func (l *lifter) parseARM64(m *machine, in *asm.Inst, e *insn.Entry) (*form, error) {
	if len(in.Args) < 2 || len(in.Sfx) > 0 {
		return nil, l.errorf(in, "this form is not read")
	}
	memory := e.Kind == insn.Move && e.Op[0] == 'F'
	for i, o := range in.Args {
		switch {
		case o.Kind != asm.Reg:
			if !memory {
				return nil, l.errorf(in, "vectors are computed in registers")
			}
		case o.Scale > 0 || memory != (o.Reg[0] == 'F') || !memory && o.Arr == "":
			return nil, l.errorf(in, "%s has no place here", o.Reg)
		case o.IsElement() != (e.Kind == insn.Element && i == 0) && !(e.ByElement && i == 0):
			return nil, l.errorf(in, "one lane of %s has no place here", o.Reg)
		}
	}
	last := len(in.Args) - 1
	f := &form{in: in, e: e, src: append([]asm.Operand(nil), in.Args[:last]...), dst: in.Args[last]}
	if e.Any {
		typed := *e
		if typed.Elem = l.elemARM64(m, in); typed.Elem == loopir.Invalid {
			return nil, l.errorf(in, "nothing is known of the lanes")
		}
		f.e = &typed
	}
	f.bits = f.e.Elem.Bits()
	f.lanes = 128 / f.bits
	f.known = f.lanes
	if e.Scalar {
		f.lanes, f.known = 1, 1
	}
	return f, nil
}

// elemARM64 is the type of the lanes of an instruction that works on bits: that of an
// array, or of what is known of a register that is read.
func (l *lifter) elemARM64(m *machine, in *asm.Inst) loopir.Type {
	for _, o := range in.Args {
		if o.Kind == asm.Mem {
			return l.call.elem(m.words[o.Reg].array)
		}
	}
	regs, _ := effects(in)
	for _, r := range regs {
		v, err := l.register(in, asm.Operand{Kind: asm.Reg, Reg: r})
		if err == nil && v.bits == 64 {
			return loopir.F64
		}
	}
	return loopir.F32
}

// element copies one lane to all.
func (l *lifter) element(f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	v, err := l.register(f.in, f.src[0])
	if err != nil {
		return err
	}
	if v, err = l.oneLane(f, f.src[0], v); err != nil {
		return err
	}
	return l.set(f.in, f.dst, v)
}

// oneLane is lane o of a register that holds v, in all lanes.
func (l *lifter) oneLane(f *form, o asm.Operand, v vec) (vec, error) {
	if map[string]int{"S": 32, "D": 64}[o.Arr] != f.bits || o.Off >= int64(v.lanes) {
		return vec{}, l.errorf(f.in, "%s has no such lane", o.Reg)
	}
	if v.bits != f.bits && !isZero(v.e) {
		return vec{}, l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
	}
	e := loopir.Subst(v.e, map[string]loopir.Expr{l.lane: loopir.NewInt(o.Off)})
	return vec{kind: value, lanes: f.lanes, bits: f.bits, e: e}, nil
}
