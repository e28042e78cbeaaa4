package simd

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// An intInst is an instruction on lanes of integers: its stem, to which the letter of the
// size is added, and the sizes that it is there for, with AVX2 and with AVX-512.
type intInst struct {
	stem         string
	avx2, avx512 string
	signed       bool // the sign of the type stands between stem and letter
}

var intOps = map[valueOp]intInst{
	opAdd: {stem: "VPADD", avx2: "BWDQ", avx512: "BWDQ"},
	opSub: {stem: "VPSUB", avx2: "BWDQ", avx512: "BWDQ"},
	opMul: {stem: "VPMULL", avx2: "WD", avx512: "WDQ"},
	opMin: {stem: "VPMIN", avx2: "BWD", avx512: "BWDQ", signed: true},
	opMax: {stem: "VPMAX", avx2: "BWD", avx512: "BWDQ", signed: true},
	opAbs: {stem: "VPABS", avx2: "BWD", avx512: "BWDQ"},
}

// intName is the mnemonic of an operator on integers, if there is one.
func (s *selector) intName(op valueOp, t loopir.Type) (string, error) {
	i, e := intOps[op], elementTypes[t]
	sizes := i.avx2
	if s.e.evex {
		sizes = i.avx512
	}
	if i.stem == "" || !strings.Contains(sizes, e.bits) {
		return "", unsupported(s.e.prog.span, "no instruction for %s of type %s", opNames[op], t)
	}
	if !i.signed {
		return i.stem + e.bits, nil
	}
	if e.signed {
		return i.stem + "S" + e.bits, nil
	}
	return i.stem + "U" + e.bits, nil
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
		name, err := s.shiftName(v.op, t)
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

// shiftName is the mnemonic of a shift by a number of bits. A type with a sign keeps it.
func (s *selector) shiftName(op valueOp, t loopir.Type) (string, error) {
	e := elementTypes[t]
	switch {
	case size(t) == 1:
		return "", unsupported(s.e.prog.span, "there are no instructions that shift bytes")
	case op == opShl:
		return "VPSLL" + e.bits, nil
	case size(t) == 8 && !s.e.evex:
		return "", unsupported(s.e.prog.span, "AVX2 has no instruction that shifts i64 to the right")
	}
	return "VPSRA" + e.bits, nil
}

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

// conversions are the instructions between types of numbers, by "from to"; those that
// need AVX-512 are marked. V stands for the suffix that a source of 16 or 32 bytes takes.
var conversions = map[[2]loopir.Type]string{
	{loopir.I32, loopir.F32}: "VCVTDQ2PS", {loopir.I32, loopir.F64}: "VCVTDQ2PD",
	{loopir.I64, loopir.F64}: "VCVTQQ2PD evex", {loopir.I64, loopir.F32}: "VCVTQQ2PS evex narrow",
	{loopir.F32, loopir.F64}: "VCVTPS2PD", {loopir.F64, loopir.F32}: "VCVTPD2PS narrow",
}

// convert makes lanes of type to from lanes of type from.
func (s *selector) convert(x operand, from, to loopir.Type, dst operand, k int) (operand, error) {
	a, b := elementTypes[from], elementTypes[to]
	emit := func(name string) (operand, error) {
		return s.emit(&inst{op: name, size: size(to), from: size(from), imm: -1, dst: dst, src: []operand{x}, mask: k}), nil
	}
	switch {
	case from == to, from.IsInteger() && to.IsInteger() && size(from) == size(to):
		return s.move(x, to, dst, k), nil
	case from.IsInteger() && to.IsInteger() && size(from) < size(to):
		sign := "Z"
		if a.signed {
			sign = "S"
		}
		return emit("VPMOV" + sign + "X" + a.bits + b.bits)
	case from.IsInteger() && to.IsInteger():
		if !s.e.evex {
			return operand{}, unsupported(s.e.prog.span, "AVX2 has no instruction that makes %s of %s", to, from)
		}
		return emit("VPMOV" + a.bits + b.bits)
	case from.IsInteger() && size(from) < 4:
		wide, err := s.convert(x, from, loopir.I32, operand{}, 0)
		if err != nil {
			return operand{}, err
		}
		return s.convert(wide, loopir.I32, to, dst, k)
	}
	f := strings.Fields(conversions[[2]loopir.Type{from, to}])
	if len(f) == 0 || len(f) > 1 && f[1] == "evex" && !s.e.evex {
		return operand{}, unsupported(s.e.prog.span, "no instruction that makes %s of %s", to, from)
	}
	name := f[0]
	if f[len(f)-1] == "narrow" {
		name += map[int64]string{16: "X", 32: "Y", 64: ""}[s.e.bytes(size(from))]
	}
	return emit(name)
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
