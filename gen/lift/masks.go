package lift

import (
	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// maskOf gives the condition of a mask register for n lanes.
func (l *lifter) maskOf(in *asm.Inst, o asm.Operand, n int) (loopir.Expr, error) {
	v := l.vecs[o.Reg]
	if v.kind != value {
		return nil, l.errorf(in, "%s holds no known mask", o.Reg)
	}
	if v.lanes < n {
		return nil, l.errorf(in, "%s has %d bits, %d are used", o.Reg, v.lanes, n)
	}
	return v.e, nil
}

func (l *lifter) comparison(m *machine, f *form) error {
	effect := f.e.Effect
	if f.e.Preds != nil {
		if len(f.src) == 0 || f.src[0].Kind != asm.Imm {
			return l.errorf(f.in, "the first operand is the predicate")
		}
		op, ok := f.e.Preds[f.src[0].Off]
		if !ok {
			return l.errorf(f.in, "the predicate %d has no operator in the language", f.src[0].Off)
		}
		effect = func(x ...loopir.Expr) loopir.Expr {
			return &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: loopir.Bool}
		}
		f.src = f.src[1:]
	}
	if err := l.want(f, 2); err != nil {
		return err
	}
	if f.dst.Kind == asm.Reg && asm.IsMask(f.dst.Reg) != (f.evex && f.e.EVEX || f.lanes*f.bits == 512) {
		return l.errorf(f.in, "the result has no such form")
	}
	x, err := l.operand(m, f, f.src[1])
	if err != nil {
		return err
	}
	y, err := l.operand(m, f, f.src[0])
	if err != nil {
		return err
	}
	want := loopir.Index
	if f.e.Elem.IsFloat() {
		want = f.e.Elem
	}
	if x.TypeOf() != want || y.TypeOf() != want {
		return l.errorf(f.in, "the operands can't be compared")
	}
	var truth loopir.Expr = l.spelled(effect(x, y).(*loopir.Binary))
	if f.mask != nil { // bits that are masked off become 0
		truth = loopir.Bin(loopir.And, f.mask, truth)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: truth})
}

// mirrored is the comparison with its sides exchanged: the same truth, NaN or not.
var mirrored = map[loopir.Op]loopir.Op{loopir.Lt: loopir.Gt, loopir.Gt: loopir.Lt, loopir.Le: loopir.Ge, loopir.Ge: loopir.Le}

// spelled exchanges the sides of a comparison that the kernel has only the other way
// round; arm64 has no less.
func (l *lifter) spelled(c *loopir.Binary) *loopir.Binary {
	if m, ok := mirrored[c.Op]; ok && l.call.compares(m) && !l.call.compares(c.Op) {
		return &loopir.Binary{Op: m, X: c.Y, Y: c.X, Type: c.Type}
	}
	return c
}

func (l *lifter) maskMove(m *machine, f *form) error {
	if len(f.src) != 2 || f.src[1].Kind != asm.Reg {
		return l.errorf(f.in, "wrong operands")
	}
	load := f.dst.Kind == asm.Reg
	k, err := l.register(f.in, f.src[1])
	if err != nil {
		return err
	}
	if k.e.TypeOf() != loopir.Bool || k.bits != f.bits || k.lanes < f.lanes {
		return l.errorf(f.in, "%s holds no mask for %d lanes", f.src[1].Reg, f.lanes)
	}
	f.mask = k.e
	if !load {
		if f.src[0].Kind != asm.Reg || f.dst.Kind != asm.Mem {
			return l.errorf(f.in, "wrong operands")
		}
		return l.store(m, f, f.src[0])
	}
	if f.src[0].Kind != asm.Mem {
		return l.errorf(f.in, "wrong operands")
	}
	v, err := l.memory(m, f, f.src[0], f.lanes)
	if err != nil {
		return err
	}
	f.zero = true
	return l.result(m, f, v.e)
}

func (l *lifter) blend(m *machine, f *form) error {
	if len(f.src) != 3 || f.src[1].Kind != asm.Reg || f.src[2].Kind != asm.Reg {
		return l.errorf(f.in, "wrong operands")
	}
	yes, no := f.src[0], f.src[1] // BlendM: then, else, mask
	var c loopir.Expr
	if f.e.Kind == insn.BlendM {
		var err error
		if c, err = l.maskOf(f.in, f.src[2], f.lanes); err != nil {
			return err
		}
	} else {
		k, err := l.register(f.in, f.src[0])
		if err != nil {
			return err
		}
		if k.e.TypeOf() != loopir.Bool || k.bits != f.bits || k.lanes < f.lanes {
			return l.errorf(f.in, "%s holds no mask for %d lanes", f.src[0].Reg, f.lanes)
		}
		c, yes, no = k.e, f.src[1], f.src[2]
	}
	a, err := l.operand(m, f, yes)
	if err != nil {
		return err
	}
	b, err := l.operand(m, f, no)
	if err != nil {
		return err
	}
	a, okA := asFloat(a, f.e.Elem)
	b, okB := asFloat(b, f.e.Elem)
	if !okA || !okB {
		return l.errorf(f.in, "only numbers are blended")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: tidy(choose(c, a, b))})
}

func (l *lifter) maskLogic(f *form) error {
	if len(f.src) != f.e.Args {
		return l.errorf(f.in, "wrong operands")
	}
	lanes := 16
	var args []loopir.Expr
	for i := len(f.src) - 1; i >= 0; i-- {
		o := f.src[i]
		if o.Kind != asm.Reg || !asm.IsMask(o.Reg) {
			return l.errorf(f.in, "wrong operands")
		}
		v := l.vecs[o.Reg]
		if v.kind != value {
			return l.errorf(f.in, "%s holds no known mask", o.Reg)
		}
		lanes = min(lanes, v.lanes)
		args = append(args, v.e)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: lanes, e: f.e.Effect(args...)})
}

// conditional writes what keeps a cell's old value where a condition doesn't hold as a
// statement under that condition.
func conditional(items []item) []item {
	for i, it := range items {
		if it.dst == nil || it.cond != nil {
			continue
		}
		s, ok := it.val.(*loopir.Intrinsic)
		if ok && s.Name == "select" && sameExpr(s.Args[2], it.dst) {
			items[i].cond, items[i].val = s.Args[0], under(s.Args[0], s.Args[1])
		}
	}
	return items
}
