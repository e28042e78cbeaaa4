package lift

import (
	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// maskOf gives the condition of a mask register for n lanes, or for the fewer that may be on.
func (l *lifter) maskOf(in *asm.Inst, o asm.Operand, n int) (loopir.Expr, int, error) {
	v := l.vecs[o.Reg]
	if v.kind != value {
		return nil, 0, l.errorf(in, "%s holds no known mask", o.Reg)
	}
	if v.lanes < n && !v.rest {
		return nil, 0, l.errorf(in, "%s has %d bits, %d are used", o.Reg, v.lanes, n)
	}
	return v.e, min(n, v.lanes), nil
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
	if f.dst.Kind == asm.Reg && asm.IsMask(f.dst.Reg) != (f.evex && f.e.EVEX) {
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
	args := []loopir.Expr{x, y}
	if ps, ok := indices(args, f.bits); ok && f.e.Elem != loopir.U8 {
		for i, p := range ps {
			l.fitsLane(f.in, p, f.bits, f.lanes)
			args[i] = p.Expr()
		}
	} else if f.e.Elem.IsInteger() {
		if args, err = l.numbers(f, args); err != nil {
			return err
		}
	}
	if x, y = args[0], args[1]; x.TypeOf() != y.TypeOf() || f.e.Elem.IsFloat() && x.TypeOf() != f.e.Elem {
		return l.errorf(f.in, "the operands can't be compared")
	}
	var truth loopir.Expr = l.spelled(bounded(effect(x, y).(*loopir.Binary)))
	if f.mask != nil { // bits that are masked off become 0
		truth = loopir.Bin(loopir.And, f.mask, truth)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.known, bits: f.bits, rest: f.known == f.lanes, e: truth})
}

// bounded knows x = min(x, y), which is x <= y of integers, and x = max(x, y).
func bounded(c *loopir.Binary) *loopir.Binary {
	if c.Op != loopir.Eq || !c.X.TypeOf().IsInteger() {
		return c
	}
	for _, side := range [][2]loopir.Expr{{c.X, c.Y}, {c.Y, c.X}} {
		i, ok := side[0].(*loopir.Intrinsic)
		if !ok || len(i.Args) != 2 || i.Name != "min" && i.Name != "max" {
			continue
		}
		op := map[string]loopir.Op{"min": loopir.Le, "max": loopir.Ge}[i.Name]
		for at, x := range i.Args {
			if sameExpr(x, side[1]) {
				return &loopir.Binary{Op: op, X: x, Y: i.Args[1-at], Type: loopir.Bool}
			}
		}
	}
	return c
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
		if c, f.known, err = l.maskOf(f.in, f.src[2], f.lanes); err != nil {
			return err
		}
	} else {
		k, err := l.register(f.in, f.src[0])
		if err != nil {
			return err
		}
		if f.e.Any && k.bits > 0 { // by bytes, which are alike throughout a lane
			f.bits, f.lanes = k.bits, f.lanes*f.bits/k.bits
			f.known = min(f.lanes, k.lanes)
		}
		if k.e.TypeOf() != loopir.Bool || k.bits != f.bits || k.lanes < f.known {
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
	t := f.e.Elem
	if t.IsInteger() {
		t = elemOf(&insn.Entry{Elem: intOf[f.bits]}, []loopir.Expr{a, b})
	}
	a, okA := asNumber(a, t)
	b, okB := asNumber(b, t)
	if !okA || !okB {
		return l.errorf(f.in, "only numbers are blended")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.known, bits: f.bits, e: l.extreme(tidy(choose(c, a, b)))})
}

func (l *lifter) maskLogic(f *form) error {
	if len(f.src) != f.e.Args {
		return l.errorf(f.in, "wrong operands")
	}
	width := map[byte]int{'W': 16, 'D': 32, 'Q': 64}[f.in.Op[len(f.in.Op)-1]]
	lanes := width
	var args []loopir.Expr
	var from []vec
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
		args, from = append(args, v.e), append(from, v)
	}
	// Beyond its lanes the result is off where one operand of an and is, or both of an or are.
	off := func(v vec) bool { return v.rest && v.lanes == lanes }
	rest := lanes == width
	switch f.in.Op[:3] {
	case "KAN":
		rest = rest || off(from[0]) || off(from[1])
	case "KOR":
		rest = rest || off(from[0]) && off(from[1])
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: lanes, rest: rest, e: f.e.Effect(args...)})
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
