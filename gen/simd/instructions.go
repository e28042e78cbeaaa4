package simd

import (
	"fmt"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// intOps are the stems of instructions on lanes of integers, to which the letter of the size
// is added; the sign of the type stands between the two in those of ordered.
var (
	intOps  = map[valueOp]string{opAdd: "VPADD", opSub: "VPSUB", opMul: "VPMULL", opMin: "VPMIN", opMax: "VPMAX", opAbs: "VPABS", opShl: "VPSLL", opShr: "VPSRA"}
	ordered = map[valueOp]bool{opMin: true, opMax: true}
)

// intName is the mnemonic of an operator on integers, if the table has it in the encoding that
// is used.
func (s *selector) intName(op valueOp, t loopir.Type) (string, error) {
	e, sign := elementTypes[t], ""
	if ordered[op] {
		sign = map[bool]string{true: "S", false: "U"}[e.signed]
	}
	entry := entryOf(intOps[op] + sign + e.bits)
	if !entry.Encoded(s.e.evex) {
		return "", unsupported(s.e.prog.span, "no instruction for %s of type %s", opNames[op], t)
	}
	return entry.Op, nil
}

var opNames = map[valueOp]string{
	opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opMin: "min", opMax: "max", opAbs: "abs", opSqrt: "sqrt", opFMA: "fma",
	opRound: "round", opFloor: "floor", opCeil: "ceil", opTrunc: "trunc",
	opBitAnd: "and", opBitOr: "or", opBitXor: "xor", opBitNot: "not", opShl: "shl", opShr: "shr",
}

// integer computes an operator on integers.
func (s *selector) integer(v *value, args []operand, dst operand, k int) (operand, error) {
	t := v.typ
	switch {
	case v.op == opNeg:
		return s.op(s.mustInt(opSub, t), t, dst, k, s.constant(0, t, operand{}, 0), args[0]), nil
	case v.op == opMul && size(t) == 1:
		// The low half of a product does not depend on what the high halves are.
		for i := range args {
			var err error
			if args[i], err = s.convert(args[i], t, loopir.I16, operand{}, 0); err != nil {
				return operand{}, err
			}
		}
		m := s.op("VPMULLW", loopir.I16, operand{}, 0, args...)
		return s.convert(m, loopir.I16, t, dst, k)
	case (v.op == opMin || v.op == opMax) && size(t) == 8 && !s.e.evex:
		x, y := args[0], args[1]
		gt := s.op("VPCMPGTQ", t, operand{}, 0, x, y)
		if v.op == opMin {
			x, y = y, x
		}
		return s.op(s.blendName(t), t, dst, 0, y, x, gt), nil
	}
	switch v.op {
	case opBitAnd, opBitOr, opBitXor:
		return s.op(s.bitwise(bitOps[v.op], t), t, dst, k, args...), nil
	case opBitNot:
		return s.op(s.bitwise("XOR", t), t, dst, k, args[0], s.constant(allOnes(t), t, operand{}, 0)), nil
	case opShl, opShr:
		name, err := s.intName(v.op, t)
		if err != nil {
			return operand{}, err
		}
		return s.emit(&inst{op: name, size: size(t), imm: int(v.step), dst: dst, src: args, mask: k}), nil
	}
	name, err := s.intName(v.op, t)
	if err != nil {
		return operand{}, err
	}
	return s.op(name, t, dst, k, args...), nil
}

var bitOps = map[valueOp]string{opBitAnd: "AND", opBitOr: "OR", opBitXor: "XOR"}

func allOnes(t loopir.Type) uint64 { return 1<<(t.Bits()-1)<<1 - 1 }

func (s *selector) mustInt(op valueOp, t loopir.Type) string {
	name, err := s.intName(op, t)
	if err != nil {
		panic(err) // there are all sizes
	}
	return name
}

// op emits an instruction on lanes of one type.
func (s *selector) op(name string, t loopir.Type, dst operand, k int, src ...operand) operand {
	return s.emit(&inst{op: name, size: size(t), imm: -1, dst: dst, src: src, mask: k})
}

// convert makes lanes of type to from lanes of type from.
func (s *selector) convert(x operand, from, to loopir.Type, dst operand, k int) (operand, error) {
	become := to
	switch {
	case from == to, from.IsInteger() && to.IsInteger() && size(from) == size(to):
		return s.move(x, to, dst, k), nil
	case from.IsInteger() && to == loopir.U8: // the low bits, whatever they stand for
		become = loopir.I8
	case from.IsInteger() && to.IsFloat() && size(from) < 4:
		wide, err := s.convert(x, from, loopir.I32, operand{}, 0)
		if err != nil {
			return operand{}, err
		}
		return s.convert(wide, loopir.I32, to, dst, k)
	}
	entry, ok := insn.Conversion(from, become, s.e.bytes(size(from)))
	switch {
	case !ok:
		return operand{}, unsupported(s.e.prog.span, "no instruction that makes %s of %s", to, from)
	case !entry.Encoded(s.e.evex):
		return operand{}, unsupported(s.e.prog.span, "AVX2 has no instruction that makes %s of %s", to, from)
	}
	return s.emit(&inst{op: entry.Op, size: size(to), from: size(from), imm: -1, dst: dst, src: []operand{x}, mask: k}), nil
}

// moves by type: of whole vectors from and to memory, and between registers.
func (s *selector) moveName(t loopir.Type, aligned bool) string {
	switch {
	case t.IsFloat() && aligned:
		return s.name("VMOVA", t)
	case t.IsFloat():
		return s.name("VMOVU", t)
	case s.e.evex:
		return fmt.Sprintf("VMOVDQU%d", t.Bits())
	}
	return "VMOVDQU"
}

// loneName moves the lowest lane to memory.
func loneName(t loopir.Type) (name string, imm int) {
	if t.IsFloat() {
		return map[int64]string{4: "VMOVSS", 8: "VMOVSD"}[size(t)], -1
	}
	return map[int64]string{1: "VPEXTRB", 2: "VPEXTRW", 4: "VMOVD", 8: "VMOVQ"}[size(t)], map[int64]int{1: 0, 2: 0, 4: -1, 8: -1}[size(t)]
}
