package simd

import (
	"fmt"
	"strings"
)

// print writes op, whose operands are registers and memory, in the order of
// the Go assembler: immediate, sources from last to first, mask, destination.
func (e x86) print(op *inst) error {
	src := op.src
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
		args = append(args, e.operand(op, src[i]))
	}
	if op.zero {
		name += ".Z"
	}
	if op.mask > 0 {
		args = append(args, fmt.Sprintf("K%d", op.mask))
	}
	args = append(args, e.operand(op, op.dst))
	e.line("%s %s", name, strings.Join(args, ", "))
	return nil
}

func (e x86) operand(op *inst, o operand) string {
	switch o.kind {
	case vector:
		if o.low || op.op == "VMOVSS" || op.op == "VMOVSD" {
			return fmt.Sprintf("X%d", o.n)
		}
		return e.reg(o.n)
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
