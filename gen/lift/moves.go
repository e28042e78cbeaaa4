package lift

import (
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

func (l *lifter) moveLanes(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	src := f.src[0]
	if (src.Kind == asm.Mem || f.dst.Kind == asm.Mem) && (f.in.Op == "VMOVAPS" || f.in.Op == "VMOVAPD") {
		return l.errorf(f.in, "nothing is known of the alignment of arrays")
	}
	if f.dst.Kind == asm.Mem {
		if src.Kind != asm.Reg {
			return l.errorf(f.in, "a register is stored")
		}
		return l.store(m, f, src)
	}
	if f.e.Scalar && src.Kind == asm.Reg {
		return l.errorf(f.in, "a scalar move between registers is not read")
	}
	e, err := l.operand(m, f, src)
	if err != nil {
		return err
	}
	if n, w, ok := asm.IsVector(f.dst.Reg); !ok || n > 31 || f.e.Scalar && w != 16 {
		return l.errorf(f.in, "the last operand is a vector register")
	}
	return l.result(m, f, e)
}

func (l *lifter) broadcast(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	src := f.src[0]
	var v vec
	var err error
	switch {
	case src.Kind != asm.Reg:
		v, err = l.memory(m, f, src, 1)
	case vectorName(src.Reg) == "":
		if f.e.Elem.IsFloat() || !f.evex && f.lanes*f.bits != 512 && !f.e.EVEX {
			return l.errorf(f.in, "%s is no vector register", src.Reg)
		}
		v, err = l.integer(m, f, src)
	default:
		if _, w, _ := asm.IsVector(src.Reg); w != 16 {
			return l.errorf(f.in, "the source is an X register")
		}
		v, err = l.register(f.in, src)
		if err == nil {
			v.e = loopir.Subst(v.e, map[string]loopir.Expr{l.lane: loopir.NewInt(0)})
		}
	}
	if err != nil {
		return err
	}
	_, isConst := isBitConst(v.e)
	if low := v.e.TypeOf() == loopir.Index && v.bits > f.bits; v.bits != f.bits && !isConst && !low {
		return l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
	}
	if f.mask != nil {
		return l.result(m, f, v.e)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: v.e})
}

// integer puts a general register into lanes, which hold its low bits.
func (l *lifter) integer(m *machine, f *form, o asm.Operand) (vec, error) {
	w, err := l.load(m, f.in, o)
	if err != nil {
		return vec{}, err
	}
	if w.kind != number {
		return vec{}, l.errorf(f.in, "%s is no number", o.Reg)
	}
	return vec{kind: value, lanes: 1, bits: f.bits, e: w.p.Expr()}, nil
}

func (l *lifter) fromGeneral(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	if f.src[0].Kind == asm.Mem || f.dst.Kind == asm.Mem {
		return l.lowest(m, f)
	}
	if n, w, ok := asm.IsVector(f.dst.Reg); !ok || w != 16 || n > 15 || f.src[0].Kind != asm.Reg || vectorName(f.src[0].Reg) != "" {
		return l.errorf(f.in, "wrong operands")
	}
	v, err := l.integer(m, f, f.src[0])
	if err != nil {
		return err
	}
	return l.set(f.in, f.dst, v)
}

// lowest moves the lowest bytes of a register, as many lanes as they hold, from memory or to
// it. What a load leaves in the other lanes is not looked at.
func (l *lifter) lowest(m *machine, f *form) error {
	mem, reg := f.src[0], f.dst
	if f.dst.Kind == asm.Mem {
		mem, reg = f.dst, f.src[0]
	}
	t := l.call.elem(m.words[mem.Reg].array)
	if _, w, ok := asm.IsVector(reg.Reg); reg.Kind != asm.Reg || !ok || w != 16 || !t.IsValue() || t.Bits() > f.bits {
		return l.errorf(f.in, "wrong operands")
	}
	typed := *f.e
	typed.Elem = t
	f.e, f.lanes, f.bits = &typed, f.bits/t.Bits(), t.Bits()
	f.known = f.lanes
	if f.dst.Kind == asm.Mem {
		return l.store(m, f, reg)
	}
	e, err := l.operand(m, f, mem)
	if err != nil {
		return err
	}
	return l.result(m, f, e)
}

// extract stores the lowest lane.
func (l *lifter) extract(m *machine, f *form) error {
	if len(f.src) != 2 || f.src[0].Kind != asm.Imm || f.src[0].Off != 0 || f.src[1].Kind != asm.Reg || f.dst.Kind != asm.Mem {
		return l.errorf(f.in, "wrong operands")
	}
	return l.store(m, f, f.src[1])
}

// permute picks lanes by constant numbers.
func (l *lifter) permute(m *machine, f *form) error {
	if err := l.want(f, 2); err != nil {
		return err
	}
	if f.mask != nil {
		return l.errorf(f.in, "a masked permutation is not read")
	}
	if f.src[0].Kind == asm.Imm {
		if f.in.Op != "VPERMPD" && f.in.Op != "VPERMQ" || f.lanes != 4 {
			return l.errorf(f.in, "wrong operands")
		}
		b := f.src[0].Off
		if b < 0 || b > 255 || b&3 != b>>2&3 || b&15 != b>>4 {
			return l.errorf(f.in, "only one lane to all is read")
		}
		v, err := l.register(f.in, f.src[1])
		if err != nil {
			return err
		}
		return l.pick(f, v, loopir.NewInt(b&3))
	}
	src, err := l.operand(m, f, f.src[0])
	if err != nil {
		return err
	}
	ix, err := l.register(f.in, f.src[1])
	if err != nil {
		return err
	}
	n, isConst := isBitConst(ix.e)
	if !isConst || n.Sign() != 0 && (ix.bits != f.bits || ix.lanes < f.lanes) {
		return l.errorf(f.in, "only one lane to all is read")
	}
	k := new(big.Int).And(n, big.NewInt(int64(f.lanes-1)))
	return l.pick(f, vec{kind: value, lanes: f.known, bits: f.bits, e: src}, loopir.NewInt(k.Int64()))
}

// pick copies one lane to all that the instruction has.
func (l *lifter) pick(f *form, v vec, lane loopir.Expr) error {
	if v.bits != f.bits || v.lanes < f.lanes {
		return l.errorf(f.in, "the lanes do not fit")
	}
	v.lanes, v.e = f.lanes, loopir.Subst(v.e, map[string]loopir.Expr{l.lane: lane})
	return l.set(f.in, f.dst, v)
}
