package simd

import (
	"fmt"
	"math"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

var arithmetic = map[valueOp]string{opAdd: "VADD", opSub: "VSUB", opMul: "VMUL", opDiv: "VDIV", opSqrt: "VSQRT"}

func (s *selector) operate(v *value, args []operand, dst operand, k int) (operand, error) {
	t := v.typ
	switch v.op {
	case opCast:
		return s.convert(args[0], v.args[0].typ, t, dst, k)
	case opBitcast: // registers have no types
		return s.move(args[0], t, dst, k), nil
	}
	if t.IsInteger() {
		return s.integer(v, args, dst, k)
	}
	sign := uint64(1) << (t.Bits() - 1)
	switch v.op {
	case opAdd, opSub, opMul, opDiv, opSqrt:
		return s.op(s.name(arithmetic[v.op], t), t, dst, k, args...), nil
	case opFMA:
		return s.emit(&inst{op: s.name("VFMADD", t), size: size(t), imm: -1, dst: dst, src: args, mask: k, fma: true}), nil
	case opNeg:
		return s.op(s.bitwise("XOR", t), t, dst, k, args[0], s.constant(sign, t, operand{}, 0)), nil
	case opAbs:
		return s.op(s.bitwise("AND", t), t, dst, k, args[0], s.constant(sign-1, t, operand{}, 0)), nil
	case opMin, opMax:
		return s.extremum(v, args, dst, k), nil
	case opRound, opFloor, opCeil, opTrunc:
		name := "VROUND"
		if s.e.evex {
			name = "VRNDSCALE"
		}
		return s.emit(&inst{op: s.name(name, t), size: size(t), imm: roundings[v.op], dst: dst, src: args, mask: k}), nil
	}
	panic(fmt.Sprintf("simd: unexpected operator %d", v.op))
}

// roundings are the immediates of roundings to an integer, which raise no flag.
var roundings = map[valueOp]int{opRound: 8, opFloor: 9, opCeil: 10, opTrunc: 11}

// extremum is min or max as in Go: NaN if an operand is, and -0 < +0. The
// instruction alone gives its second operand if one is NaN or both are zeros.
func (s *selector) extremum(v *value, args []operand, dst operand, k int) operand {
	t := v.typ
	name := s.name("VMAX", t)
	if v.op == opMin {
		name = s.name("VMIN", t)
	}
	op := func(name string, dst operand, k int, src ...operand) operand { return s.op(name, t, dst, k, src...) }
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
			return op(s.name("VADD", t), dst, k, m, args[i]) // -0 + 0 is +0, all else stays
		}
	}
	x, y := args[0], args[1]
	a, b := op(name, operand{}, 0, x, y), op(name, operand{}, 0, y, x)
	if v.op == opMin {
		return op(s.bitwise("OR", t), dst, k, a, b) // of -0 and +0: -0; of NaN and y: NaN
	}
	d := op(s.bitwise("XOR", t), operand{}, 0, a, b) // 0, or the sign of zero, or NaN against y
	o := op(s.bitwise("OR", t), operand{}, 0, a, d)
	return op(s.name("VSUB", t), dst, k, o, d) // m-0, or -0 - -0 = +0, or NaN
}

// The predicates of comparisons, of floating-point numbers and of integers.
var (
	predicates    = map[valueOp]int{opEq: 0, opNe: 4, opLt: 17, opLe: 18, opGt: 30, opGe: 29}
	intPredicates = map[valueOp]int{opEq: 0, opNe: 4, opLt: 1, opLe: 2, opGt: 6, opGe: 5}
)

// choose is select(cond, a, b).
func (s *selector) choose(v *value, group int64, dst operand, k int) (operand, error) {
	arms, err := s.arguments(v.args[1:], group)
	if err != nil {
		return operand{}, err
	}
	t := v.typ
	c, err := s.predicate(v.args[0], group, size(t))
	if err != nil {
		return operand{}, err
	}
	if s.e.evex {
		name := "VPBLENDM" + elementTypes[t].bits
		if t.IsFloat() {
			name = s.name("VBLENDM", t)
		}
		o := s.op(name, t, operand{}, c.n, arms[1], arms[0])
		s.e.vec.giveK(c.n)
		return s.move(o, t, dst, k), nil
	}
	return s.op(s.blendName(t), t, dst, 0, arms[1], arms[0], c), nil
}

// blendName is the choice by the bits of a vector.
func (s *selector) blendName(t loopir.Type) string {
	if t.IsFloat() {
		return s.name("VBLENDV", t)
	}
	return "VPBLENDVB"
}

// predicate evaluates a condition into a mask register, or into all ones and all zeros in
// lanes of n bytes.
func (s *selector) predicate(v *value, group, n int64) (operand, error) {
	var args []operand
	for _, a := range v.args {
		f := func() (operand, error) { return s.value(a, group, operand{}, 0) }
		if v.op == opAnd || v.op == opOr || v.op == opNot {
			f = func() (operand, error) { return s.predicate(a, group, n) }
		}
		o, err := f()
		if err != nil {
			return operand{}, err
		}
		args = append(args, o)
	}
	if _, compares := predicates[v.op]; compares {
		return s.compare(v, args, n)
	}
	if s.e.evex {
		name := map[valueOp]string{opAnd: "KAND", opOr: "KOR", opNot: "KNOT"}[v.op]
		for _, a := range args[1:] {
			s.e.vec.giveK(a.n)
		}
		return s.emit(&inst{op: name + s.e.maskLetter(), imm: -1, dst: args[0], src: args}), nil
	}
	t := s.e.maskType(n)
	switch v.op {
	case opAnd:
		return s.op(s.bitwise("AND", t), t, operand{}, 0, args...), nil
	case opOr:
		return s.op(s.bitwise("OR", t), t, operand{}, 0, args...), nil
	}
	return s.not(args[0], t), nil
}

// not inverts a mask that is a vector.
func (s *selector) not(x operand, t loopir.Type) operand {
	ones := s.constant(1<<(8*size(t)-1)<<1-1, t, operand{}, 0)
	return s.op(s.bitwise("XOR", t), t, operand{}, 0, x, ones)
}

// compare compares lanes, for a choice of lanes of n bytes.
func (s *selector) compare(v *value, args []operand, n int64) (operand, error) {
	t := v.args[0].typ
	if s.e.evex {
		k, ok := s.e.vec.takeK()
		if !ok {
			return operand{}, unsupported(s.e.prog.span, "more masks than the processor has")
		}
		i := &inst{op: "VPCMP" + elementTypes[t].bits, size: size(t), imm: intPredicates[v.op], src: args, dst: operand{kind: kmask, n: k}}
		switch {
		case t.IsFloat():
			i.op, i.imm = s.name("VCMP", t), predicates[v.op]
		case t == loopir.U8:
			i.op = "VPCMPUB"
		}
		return s.emit(i), nil
	}
	var o operand
	if t.IsFloat() {
		o = s.emit(&inst{op: s.name("VCMP", t), size: size(t), imm: predicates[v.op], src: args})
	} else {
		o = s.compareBits(v.op, t, args[0], args[1])
	}
	switch {
	case size(t) > n:
		return operand{}, unsupported(s.e.prog.span, "values of %d bytes chosen by a comparison of type %s without AVX-512", n, t)
	case size(t) < n: // all ones and all zeros stay so
		return s.emit(&inst{op: "VPMOVSX" + sized[size(t)] + sized[n], size: n, from: size(t), imm: -1, src: []operand{o}}), nil
	}
	return o, nil
}

// compareBits compares integers with what AVX2 has: equal, and greater of signed ones.
func (s *selector) compareBits(op valueOp, t loopir.Type, x, y operand) operand {
	letter := elementTypes[t].bits
	eq := func(x, y operand) operand { return s.op("VPCMPEQ"+letter, t, operand{}, 0, x, y) }
	gt := func(x, y operand) operand { return s.op("VPCMPGT"+letter, t, operand{}, 0, x, y) }
	if t == loopir.U8 {
		switch op {
		case opLe, opGt:
			o := eq(s.op("VPMINUB", t, operand{}, 0, x, y), x)
			if op == opGt {
				o = s.not(o, t)
			}
			return o
		case opGe, opLt:
			o := eq(s.op("VPMAXUB", t, operand{}, 0, x, y), x)
			if op == opLt {
				o = s.not(o, t)
			}
			return o
		}
	}
	switch op {
	case opEq:
		return eq(x, y)
	case opNe:
		return s.not(eq(x, y), t)
	case opGt:
		return gt(x, y)
	case opLt:
		return gt(y, x)
	case opLe:
		return s.not(gt(x, y), t)
	}
	return s.not(gt(y, x), t)
}
