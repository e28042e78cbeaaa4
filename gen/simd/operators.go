package simd

import (
	"fmt"
	"math"
	"strconv"
)

var arithmetic = map[valueOp]string{opAdd: "VADD", opSub: "VSUB", opMul: "VMUL", opDiv: "VDIV", opSqrt: "VSQRT"}

func (s *selector) operate(v *value, args []operand, dst operand, k int) operand {
	op := func(name string, dst operand, k int, src ...operand) operand {
		return s.emit(&inst{op: name, imm: -1, dst: dst, src: src, mask: k})
	}
	sign := uint64(1) << (8*s.e.elem - 1)
	switch v.op {
	case opAdd, opSub, opMul, opDiv, opSqrt:
		return op(s.name(arithmetic[v.op]), dst, k, args...)
	case opFMA:
		return s.emit(&inst{op: s.name("VFMADD"), imm: -1, dst: dst, src: args, mask: k, fma: true})
	case opNeg:
		return op(s.bitwise("XOR"), dst, k, args[0], s.constant(sign, operand{}, 0))
	case opAbs:
		return op(s.bitwise("AND"), dst, k, args[0], s.constant(sign-1, operand{}, 0))
	case opMin, opMax:
		return s.extremum(v, args, dst, k)
	}
	panic(fmt.Sprintf("simd: unexpected operator %d", v.op))
}

// extremum is min or max as in Go: NaN if an operand is, and -0 < +0. The
// instruction alone gives its second operand if one is NaN or both are zeros.
func (s *selector) extremum(v *value, args []operand, dst operand, k int) operand {
	name := s.name("VMAX")
	if v.op == opMin {
		name = s.name("VMIN")
	}
	op := func(name string, dst operand, k int, src ...operand) operand {
		return s.emit(&inst{op: name, imm: -1, dst: dst, src: src, mask: k})
	}
	if s.e.isa == NEON {
		return op(name, dst, k, args...) // as the language has it
	}
	for i, a := range v.args {
		c, err := strconv.ParseFloat(a.text, 64)
		if a.op != opConst || err != nil || math.IsNaN(c) {
			continue
		}
		// The constant comes first, so NaN passes; equal values are the same but zeros.
		if c != 0 || v.op == opMin && !math.Signbit(c) || v.op == opMax && math.Signbit(c) {
			return op(name, dst, k, args[i], args[1-i])
		}
		if v.op == opMax {
			m := op(name, operand{}, 0, args[i], args[1-i])
			return op(s.name("VADD"), dst, k, m, args[i]) // -0 + 0 is +0, all else stays
		}
	}
	x, y := args[0], args[1]
	a, b := op(name, operand{}, 0, x, y), op(name, operand{}, 0, y, x)
	if v.op == opMin {
		return op(s.bitwise("OR"), dst, k, a, b) // of -0 and +0: -0; of NaN and y: NaN
	}
	d := op(s.bitwise("XOR"), operand{}, 0, a, b) // 0, or the sign of zero, or NaN against y
	o := op(s.bitwise("OR"), operand{}, 0, a, d)
	return op(s.name("VSUB"), dst, k, o, d) // m-0, or -0 - -0 = +0, or NaN
}

var predicates = map[valueOp]int{opEq: 0, opNe: 4, opLt: 17, opLe: 18, opGt: 30, opGe: 29}

// choose is select(cond, a, b).
func (s *selector) choose(v *value, group int64, dst operand, k int) (operand, error) {
	arms := make([]operand, 2)
	for i := range arms {
		var err error
		if arms[i], err = s.value(v.args[i+1], group, operand{}, 0); err != nil {
			return operand{}, err
		}
	}
	c, err := s.predicate(v.args[0], group)
	if err != nil {
		return operand{}, err
	}
	if s.e.evex {
		o := s.emit(&inst{op: map[int64]string{4: "VBLENDMPS", 8: "VBLENDMPD"}[s.e.elem], imm: -1, src: []operand{arms[1], arms[0]}, mask: c.n})
		s.e.vec.giveK(c.n)
		return s.move(o, dst, k), nil
	}
	return s.emit(&inst{op: s.name("VBLENDV"), imm: -1, dst: dst, src: []operand{arms[1], arms[0], c}}), nil
}

// predicate evaluates a comparison into a mask register, or into all ones and
// all zeros.
func (s *selector) predicate(v *value, group int64) (operand, error) {
	var args []operand
	for _, a := range v.args {
		f := func() (operand, error) { return s.value(a, group, operand{}, 0) }
		if v.op == opAnd || v.op == opOr || v.op == opNot {
			f = func() (operand, error) { return s.predicate(a, group) }
		}
		o, err := f()
		if err != nil {
			return operand{}, err
		}
		args = append(args, o)
	}
	imm, compares := predicates[v.op]
	if compares {
		i := &inst{op: s.name("VCMP"), imm: imm, src: args}
		if s.e.evex {
			n, ok := s.e.vec.takeK()
			if !ok {
				return operand{}, unsupported(s.e.prog.span, "more masks than the processor has")
			}
			i.dst = operand{kind: kmask, n: n}
		}
		return s.emit(i), nil
	}
	if s.e.evex {
		name := map[valueOp]string{opAnd: "KANDW", opOr: "KORW", opNot: "KNOTW"}[v.op]
		for _, a := range args[1:] {
			s.e.vec.giveK(a.n)
		}
		return s.emit(&inst{op: name, imm: -1, dst: args[0], src: args}), nil
	}
	switch v.op {
	case opAnd:
		return s.emit(&inst{op: s.bitwise("AND"), imm: -1, src: args}), nil
	case opOr:
		return s.emit(&inst{op: s.bitwise("OR"), imm: -1, src: args}), nil
	}
	ones := s.constant(1<<(8*s.e.elem-1)<<1-1, operand{}, 0)
	return s.emit(&inst{op: s.bitwise("XOR"), imm: -1, src: []operand{args[0], ones}}), nil
}
