package simd

import (
	"cmp"
	"fmt"
	"strings"
)

// print writes op, whose operands are registers and memory, in the order of
// the Go assembler: immediate, sources from last to first, mask, destination.
func (e x86) print(op *inst) error {
	src := op.src
	if op.op == numberInst {
		return e.broadcastNumber(op)
	}
	if len(src) == 0 && op.dst.kind == vector { // x xor x
		src = []operand{op.dst, op.dst}
	}
	name := op.op
	var args []string
	if op.imm >= 0 {
		args = append(args, fmt.Sprintf("$%d", op.imm))
	}
	for i := len(src) - 1; i >= 0; i-- {
		if src[i].cast && !op.load {
			name += ".BCST"
		}
		args = append(args, e.operand(op, src[i], cmp.Or(op.from, op.size)))
	}
	if op.zero {
		name += ".Z"
	}
	if op.mask > 0 {
		args = append(args, fmt.Sprintf("K%d", op.mask))
	}
	args = append(args, e.operand(op, op.dst, op.size))
	e.line("%s %s", name, strings.Join(args, ", "))
	return nil
}

func (e x86) operand(op *inst, o operand, size int64) string {
	switch o.kind {
	case vector:
		if o.low || size < 0 {
			return fmt.Sprintf("X%d", o.n)
		}
		return e.reg(o.n, size)
	case kmask:
		return fmt.Sprintf("K%d", o.n)
	case memory:
		if o.at.aff == nil {
			return o.text
		}
		return e.address(o.at)
	}
	panic(fmt.Sprintf("simd: unexpected operand %d in %s", o.kind, op.op))
}

// broadcastNumber puts a number, wrapped around to the size of a lane, into all lanes.
func (e x86) broadcastNumber(op *inst) error {
	at, r := op.src[0].at, e.number(op.src[0].at.aff)
	if at.disp != 0 || e.gp.isSlot(r) || strings.HasSuffix(r, ")") {
		from := r
		r = e.scratch()
		e.set(from, r)
		if at.disp != 0 {
			e.line("ADDQ $%d, %s", at.disp, r)
		}
	}
	to := e.operand(op, op.dst, op.size)
	if e.evex {
		k := ""
		if op.mask > 0 {
			k = fmt.Sprintf("K%d, ", op.mask)
		}
		e.line("VPBROADCAST%s %s, %s%s", sized[op.size], r, k, to)
		return nil
	}
	move := "VMOVD"
	if op.size == 8 {
		move = "VMOVQ"
	}
	e.line("%s %s, X%d", move, r, op.dst.n)
	e.line("VPBROADCAST%s X%d, %s", sized[op.size], op.dst.n, to)
	return nil
}
