package simd

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

type operandKind uint8

const (
	none   operandKind = iota
	temp               // a value made once in the block, not yet in a register
	vector             // a vector register
	kmask              // a mask register
	memory
)

// An operand is what an instruction reads or writes.
type operand struct {
	kind operandKind
	n    int    // number of a temp, vector or kmask
	at   place  // memory: the address, if it is in an array
	text string // memory: the address otherwise
	cast bool   // memory: one element, broadcast
	low  bool   // vector: only its first 16 bytes, named X
}

// An inst is one instruction; operands in the order of the vendor's manual,
// which the text reverses.
type inst struct {
	op   string
	size int64 // bytes of a lane
	from int64 // bytes of a source's lane, where it differs
	imm  int   // -1: none
	dst  operand
	src  []operand
	mask int  // K register, or 0
	zero bool // masked lanes become 0 instead of staying
	fma  bool // dst = src[0]*src[1] + src[2]; the form follows from the registers
	load bool // may be repeated, as long as nothing is stored there
	one  bool // NEON: a load of the first lane only; an fma by the first lane of src[1]
}

// numberInst stands for putting a number of general registers into all lanes.
const numberInst = "number"

// A selector turns the items of a block, in order, into instructions.
type selector struct {
	e        *emitter
	ops      []*inst
	temps    int
	known    map[string]operand // values at hand, by what they are
	shared   map[*value]operand // of this item: a value that several name is evaluated once
	versions map[int]int        // of vector registers that hold cells
	stores   map[*array]int
}

func (s *selector) emit(i *inst) operand {
	if i.dst.kind == none {
		s.temps++
		i.dst = operand{kind: temp, n: s.temps - 1}
	}
	s.ops = append(s.ops, i)
	return i.dst
}

// name completes a mnemonic by a floating-point type.
func (s *selector) name(op string, t loopir.Type) string { return op + elementTypes[t].float }

func (s *selector) item(it *item) error {
	e := s.e
	s.shared = map[*value]operand{}
	if it.s.prefetch > 0 {
		s.emit(&inst{
			op: fmt.Sprintf("PREFETCHT%d", it.s.prefetch-1), imm: -1,
			dst: operand{kind: memory, at: it.s.dst.at},
		})
		return nil
	}
	m, masked := mask(0), e.vec.masks != nil
	if masked {
		m = e.vec.masks.of(it.s.dst.typ, it.group)
	}
	if it.s.dst.op == opCell {
		r, err := e.cell(it.s.dst.cell, it.group)
		if err != nil {
			return err
		}
		// Lanes outside the mask of a cell without a value need none.
		err = s.intoCell(it, r, m, masked && !e.vec.fresh[r])
		s.versions[r]++
		delete(e.vec.fresh, r)
		return err
	}
	v, err := s.value(it.s.rhs, it.group, operand{}, 0)
	if err != nil {
		return err
	}
	return s.store(it, v, m, masked)
}

func (s *selector) store(it *item, v operand, m mask, masked bool) error {
	t := it.s.dst.typ
	to := operand{kind: memory, at: s.e.groupPlace(it.s.dst, it.group)}
	i := &inst{op: s.moveName(t, false), size: size(t), imm: -1, dst: to, src: []operand{v}}
	switch part := s.e.part(t); {
	case it.s.lanes == 0:
		i.op, i.imm = loneName(t)
		i.from = -1
	case masked && s.e.evex:
		i.mask = int(m)
	case masked:
		name, err := s.maskMove(t)
		if err != nil {
			return err
		}
		i.op, i.src = name, []operand{{kind: vector, n: int(m)}, v}
	case part != "":
		i.op = part
	}
	s.emit(i)
	if s.stores == nil {
		s.stores = map[*array]int{}
	}
	s.stores[to.at.aff.array]++
	return nil
}

// maskMove names AVX2's masked move.
func (s *selector) maskMove(t loopir.Type) (string, error) {
	switch {
	case t.IsFloat():
		return s.name("VMASKMOV", t), nil
	case size(t) < 4:
		return "", unsupported(s.e.prog.span, "masked lanes of %s without AVX-512", t)
	}
	return "VPMASKMOV" + elementTypes[t].bits, nil
}

// intoCell evaluates the item into register r, leaving lanes outside m alone.
func (s *selector) intoCell(it *item, r int, m mask, masked bool) error {
	to, t := operand{kind: vector, n: r}, it.s.dst.typ
	if !masked {
		_, err := s.value(it.s.rhs, it.group, to, 0)
		return err
	}
	if s.e.evex {
		if it.s.rhs.op != opFMA {
			_, err := s.value(it.s.rhs, it.group, to, int(m))
			return err
		}
		if c := it.s.rhs.args[2]; c.op == opCell {
			if n, err := s.e.cell(c.cell, it.group); err == nil && n == r {
				_, err := s.value(it.s.rhs, it.group, to, int(m))
				return err
			}
		}
	}
	v, err := s.value(it.s.rhs, it.group, operand{}, 0)
	if err != nil {
		return err
	}
	if s.e.evex {
		s.op(s.moveName(t, true), t, to, int(m), v)
		return nil
	}
	s.op(s.blendName(t), t, to, 0, to, v, operand{kind: vector, n: int(m)})
	return nil
}

// value evaluates v, into dst if that is given, else wherever it is or may be.
// The mask k goes with dst.
func (s *selector) value(v *value, group int64, dst operand, k int) (operand, error) {
	switch v.op {
	case opCell:
		r, err := s.e.cell(v.cell, group)
		if err != nil {
			return operand{}, err
		}
		return s.move(operand{kind: vector, n: r}, v.typ, dst, k), nil
	case opLane:
		return s.lane(v, dst)
	case opLoad:
		return s.load(v, group, dst, k)
	case opConst:
		bits, err := constantBits(v.text, v.typ)
		if err != nil {
			return operand{}, unsupported(s.e.prog.span, "constant %s", v.text)
		}
		return s.constant(bits, v.typ, dst, k), nil
	case opScalar:
		return s.broadcast(s.e.arg(v.text), v.typ, dst, k), nil
	case opNumber:
		return s.number(v, dst, k), nil
	case opIota:
		return s.iota(v, group, dst, k)
	}
	if o, ok := s.shared[v]; ok {
		return s.move(o, v.typ, dst, k), nil
	}
	if v.op == opSelect {
		o, err := s.choose(v, group, dst, k)
		if dst.kind == none {
			s.shared[v] = o
		}
		return o, err
	}
	args, err := s.arguments(v.args, group)
	if err != nil {
		return operand{}, err
	}
	key := fmt.Sprint(v.op, v.typ, v.step)
	for _, a := range args {
		key += fmt.Sprintf(" %d.%d.%d", a.kind, a.n, s.versions[a.n])
	}
	if o, ok := s.known[key]; ok {
		s.shared[v] = o
		return s.move(o, v.typ, dst, k), nil
	}
	o, err := s.operate(v, args, dst, k)
	if err != nil {
		return operand{}, err
	}
	if dst.kind == none {
		s.known[key], s.shared[v] = o, o
	}
	return o, nil
}

// arguments evaluates what needs most registers first: the others' values are not held
// meanwhile.
func (s *selector) arguments(of []*value, group int64) ([]operand, error) {
	args := make([]operand, len(of))
	for _, i := range byNeed(of) {
		var err error
		if args[i], err = s.value(of[i], group, operand{}, 0); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// constantBits gives the bits of a literal of type t; a float out of range is infinite, an
// integer wraps around.
func constantBits(text string, t loopir.Type) (uint64, error) {
	if t.IsInteger() {
		n, ok := new(big.Int).SetString(text, 0)
		if !ok {
			return 0, strconv.ErrSyntax
		}
		m := new(big.Int).Lsh(big.NewInt(1), uint(t.Bits()))
		return n.Mod(n, m).Uint64(), nil
	}
	f, err := strconv.ParseFloat(text, t.Bits())
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, err
	}
	if t == loopir.F32 {
		return uint64(math.Float32bits(float32(f))), nil
	}
	return math.Float64bits(f), nil
}

// lane copies one lane of a cell to all lanes.
func (s *selector) lane(v *value, dst operand) (operand, error) {
	e, t := s.e, v.typ
	r, err := e.cell(v.cell, e.groupOf(v, 0))
	if err != nil {
		return operand{}, err
	}
	from, width := operand{kind: vector, n: r}, e.bytes(size(t))
	lane := v.cell.off % e.per()
	imm := func(name string, imm int64) (operand, error) {
		return s.emit(&inst{op: name, size: size(t), imm: int(imm), dst: dst, src: []operand{from}}), nil
	}
	switch {
	case e.isa == NEON:
		return imm("VDUP", lane)
	case t.IsFloat() && width == 16:
		return operand{}, unsupported(v.cell.loc.span, "one lane of %s, whose vectors have only 16 bytes", v.cell.loc.name)
	case lane == 0:
		from.low = true
		return s.op(s.broadcastName(t), t, dst, 0, from), nil
	case size(t) == 8 && !e.evex:
		return imm(map[bool]string{true: "VPERMPD", false: "VPERMQ"}[t.IsFloat()], 0x55*lane)
	case size(t) < 4 && !e.evex, size(t) == 1, width == 16, width == 32 && size(t) == 8:
		return operand{}, unsupported(v.cell.loc.span, "one lane of %s, of type %s", v.cell.loc.name, t)
	}
	index := s.constant(uint64(lane), t, operand{}, 0)
	name := "VPERM" + elementTypes[t].bits
	if t.IsFloat() {
		name = s.name("VPERM", t)
	}
	return s.op(name, t, dst, 0, index, from), nil
}

// move copies from to dst, if there is one.
func (s *selector) move(from operand, t loopir.Type, dst operand, k int) operand {
	if dst.kind == none || from == dst {
		return from
	}
	return s.op(s.moveName(t, true), t, dst, k, from)
}

func (s *selector) load(v *value, group int64, dst operand, k int) (operand, error) {
	e, t := s.e, v.typ
	from := operand{kind: memory, at: e.groupPlace(v, group), cast: !v.vec}
	key := fmt.Sprintf("m%d+%d.%v.%d", from.at.aff.id, from.at.disp, v.vec, s.stores[from.at.aff.array])
	if o, ok := s.known[key]; ok {
		return s.move(o, t, dst, k), nil
	}
	i := &inst{op: s.moveName(t, false), size: size(t), imm: -1, dst: dst, src: []operand{from}, mask: k, load: true}
	masked := e.vec.masks != nil
	switch part := e.part(t); {
	case !v.vec:
		i.op = s.broadcastName(t)
	case masked && e.evex:
		i.mask, i.zero = int(e.vec.masks.of(t, group)), k == 0
	case masked:
		name, err := s.maskMove(t)
		if err != nil {
			return operand{}, err
		}
		i.op = name
		i.src = []operand{{kind: vector, n: int(e.vec.masks.of(t, group))}, from}
	case part != "" && k == 0:
		i.op = part
	case part != "":
		return operand{}, unsupported(e.prog.span, "a masked part of a vector")
	}
	o := s.emit(i)
	if dst.kind == none {
		s.known[key] = o
	}
	return o, nil
}

func (s *selector) broadcastName(t loopir.Type) string {
	switch {
	case t == loopir.F32:
		return "VBROADCASTSS"
	case t.IsInteger():
		return "VPBROADCAST" + elementTypes[t].bits
	case s.e.bytes(8) == 16:
		return "VMOVDDUP" // there is no VBROADCASTSD to 16 bytes
	}
	return "VBROADCASTSD"
}

// broadcast loads the element at text into all lanes.
func (s *selector) broadcast(text string, t loopir.Type, dst operand, k int) operand {
	if o, ok := s.known[text]; ok {
		return s.move(o, t, dst, k)
	}
	from := operand{kind: memory, text: text, cast: true}
	o := s.emit(&inst{op: s.broadcastName(t), size: size(t), imm: -1, dst: dst, src: []operand{from}, mask: k, load: true})
	if dst.kind == none {
		s.known[text] = o
	}
	return o
}

// number puts a number of general registers into all lanes.
func (s *selector) number(v *value, dst operand, k int) operand {
	key := fmt.Sprintf("n%d+%d %s", v.at.aff.id, v.at.disp, v.typ)
	if o, ok := s.known[key]; ok {
		return s.move(o, v.typ, dst, k)
	}
	o := s.emit(&inst{op: numberInst, size: size(v.typ), imm: -1, dst: dst, src: []operand{{kind: memory, at: v.at}}, mask: k})
	if dst.kind == none {
		s.known[key] = o
	}
	return o
}

// iota is a multiple of each lane's number.
func (s *selector) iota(v *value, group int64, dst operand, k int) (operand, error) {
	t := v.typ
	first := group * s.e.per()
	text := fmt.Sprintf("%s<>+%d(SB)", s.e.data.iota(first+s.e.per(), size(t), v.step), first*size(t))
	last := v.step * (first + s.e.per())
	if limit := int64(1) << (t.Bits() - 1); size(t) < 8 && (last > limit || last < -limit) {
		return operand{}, unsupported(s.e.prog.span, "numbers of lanes that type %s doesn't hold", t)
	}
	if s.e.part(t) != "" {
		return operand{}, unsupported(s.e.prog.span, "numbers of lanes of type %s beside wider values", t)
	}
	if o, ok := s.known[text]; ok {
		return s.move(o, t, dst, k), nil
	}
	from := operand{kind: memory, text: text}
	o := s.emit(&inst{op: s.moveName(t, false), size: size(t), imm: -1, dst: dst, src: []operand{from}, mask: k, load: true})
	if dst.kind == none {
		s.known[text] = o
	}
	return o, nil
}

func (s *selector) constant(bits uint64, t loopir.Type, dst operand, k int) operand {
	if bits != 0 {
		return s.broadcast(s.e.data.constant(bits, size(t))+"(SB)", t, dst, k)
	}
	if o, ok := s.known["0"]; ok {
		return s.move(o, t, dst, k)
	}
	n := s.e.elem
	if dst.kind != none {
		n = size(t)
	}
	o := s.emit(&inst{op: s.bitwise("XOR", t), size: n, imm: -1, dst: dst, mask: k, zero: false, load: true})
	if dst.kind == none {
		s.known["0"] = o
	}
	return o
}

func (s *selector) bitwise(op string, t loopir.Type) string {
	switch {
	case s.e.evex && size(t) == 8:
		return "VP" + op + "Q"
	case s.e.evex:
		return "VP" + op + "D"
	case t.IsInteger():
		return "VP" + op
	}
	return s.name("V"+op, t)
}
