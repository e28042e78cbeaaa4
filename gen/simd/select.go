package simd

import (
	"errors"
	"fmt"
	"math"
	"strconv"
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
	imm  int // -1: none
	dst  operand
	src  []operand
	mask int  // K register, or 0
	zero bool // masked lanes become 0 instead of staying
	fma  bool // dst = src[0]*src[1] + src[2]; the form follows from the registers
	load bool // may be repeated, as long as nothing is stored there
	one  bool // NEON: a load of the first lane only; an fma by the first lane of src[1]
}

// A selector turns the items of a block, in order, into instructions.
type selector struct {
	e        *emitter
	ops      []*inst
	temps    int
	known    map[string]operand // values at hand, by what they are
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

// name completes a mnemonic by the element type.
func (s *selector) name(op string) string {
	if s.e.elem == 8 {
		return op + "PD"
	}
	return op + "PS"
}

func (s *selector) item(it *item) error {
	e := s.e
	if it.s.prefetch > 0 {
		s.emit(&inst{
			op: fmt.Sprintf("PREFETCHT%d", it.s.prefetch-1), imm: -1,
			dst: operand{kind: memory, at: it.s.dst.at},
		})
		return nil
	}
	m, masked := mask(0), e.vec.masks != nil
	if masked {
		m = e.vec.masks[it.group]
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
	s.store(it, v, m, masked)
	return nil
}

func (s *selector) store(it *item, v operand, m mask, masked bool) {
	to := operand{kind: memory, at: s.e.groupPlace(it.s.dst, it.group)}
	i := &inst{op: s.name("VMOVU"), imm: -1, dst: to, src: []operand{v}}
	switch {
	case it.s.lanes == 0 && s.e.elem == 8:
		i.op = "VMOVSD"
	case it.s.lanes == 0:
		i.op = "VMOVSS"
	case masked && s.e.evex:
		i.mask = int(m)
	case masked:
		i.op, i.src = s.name("VMASKMOV"), []operand{{kind: vector, n: int(m)}, v}
	}
	s.emit(i)
	if s.stores == nil {
		s.stores = map[*array]int{}
	}
	s.stores[to.at.aff.array]++
}

// intoCell evaluates the item into register r, leaving lanes outside m alone.
func (s *selector) intoCell(it *item, r int, m mask, masked bool) error {
	to := operand{kind: vector, n: r}
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
		s.emit(&inst{op: s.name("VMOVA"), imm: -1, dst: to, src: []operand{v}, mask: int(m)})
		return nil
	}
	s.emit(&inst{op: s.name("VBLENDV"), imm: -1, dst: to, src: []operand{to, v, {kind: vector, n: int(m)}}})
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
		return s.move(operand{kind: vector, n: r}, dst, k), nil
	case opLane:
		return s.lane(v, dst)
	case opLoad:
		return s.load(v, group, dst, k), nil
	case opConst:
		f, err := strconv.ParseFloat(v.text, int(8*s.e.elem))
		if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range is infinite
			return operand{}, unsupported(s.e.prog.span, "constant %s", v.text)
		}
		bits := math.Float64bits(f)
		if s.e.elem == 4 {
			bits = uint64(math.Float32bits(float32(f)))
		}
		return s.constant(bits, dst, k), nil
	case opScalar:
		return s.broadcast(s.e.arg(v.text), dst, k), nil
	case opSelect:
		return s.choose(v, group, dst, k)
	}
	args := make([]operand, len(v.args))
	for i, a := range v.args {
		var err error
		if args[i], err = s.value(a, group, operand{}, 0); err != nil {
			return operand{}, err
		}
	}
	key := fmt.Sprint(v.op)
	for _, a := range args {
		key += fmt.Sprintf(" %d.%d.%d", a.kind, a.n, s.versions[a.n])
	}
	if o, ok := s.known[key]; ok {
		return s.move(o, dst, k), nil
	}
	o := s.operate(v, args, dst, k)
	if dst.kind == none {
		s.known[key] = o
	}
	return o, nil
}

// lane copies one lane of a cell to all lanes.
func (s *selector) lane(v *value, dst operand) (operand, error) {
	e := s.e
	r, err := e.cell(v.cell, e.groupOf(v, 0))
	if err != nil {
		return operand{}, err
	}
	from := operand{kind: vector, n: r}
	lane := v.cell.off % (e.width / e.elem)
	switch {
	case e.isa == NEON:
		return s.emit(&inst{op: "VDUP", imm: int(lane), dst: dst, src: []operand{from}}), nil
	case e.width == 16:
		return operand{}, unsupported(v.cell.loc.span, "one lane of %s, whose vectors have only 16 bytes", v.cell.loc.name)
	case lane == 0 && e.elem == 4:
		return s.emit(&inst{op: "VBROADCASTSS", imm: -1, dst: dst, src: []operand{{kind: vector, n: r, low: true}}}), nil
	case lane == 0:
		return s.emit(&inst{op: "VBROADCASTSD", imm: -1, dst: dst, src: []operand{{kind: vector, n: r, low: true}}}), nil
	case e.elem == 8 && !e.evex:
		return s.emit(&inst{op: "VPERMPD", imm: int(0x55 * lane), dst: dst, src: []operand{from}}), nil
	}
	index := s.constant(uint64(lane), operand{}, 0)
	return s.emit(&inst{op: s.name("VPERM"), imm: -1, dst: dst, src: []operand{index, from}}), nil
}

// move copies from to dst, if there is one.
func (s *selector) move(from, dst operand, k int) operand {
	if dst.kind == none || from == dst {
		return from
	}
	return s.emit(&inst{op: s.name("VMOVA"), imm: -1, dst: dst, src: []operand{from}, mask: k})
}

func (s *selector) load(v *value, group int64, dst operand, k int) operand {
	e := s.e
	from := operand{kind: memory, at: e.groupPlace(v, group), cast: !v.vec}
	key := fmt.Sprintf("m%d+%d.%v.%d", from.at.aff.id, from.at.disp, v.vec, s.stores[from.at.aff.array])
	if o, ok := s.known[key]; ok {
		return s.move(o, dst, k)
	}
	i := &inst{op: s.name("VMOVU"), imm: -1, dst: dst, src: []operand{from}, mask: k, load: true}
	masked := e.vec.masks != nil
	switch {
	case !v.vec:
		i.op = s.broadcastName()
	case masked && e.evex:
		i.mask, i.zero = int(e.vec.masks[group]), k == 0
	case masked:
		i.op = s.name("VMASKMOV")
		i.src = []operand{{kind: vector, n: int(e.vec.masks[group])}, from}
	}
	o := s.emit(i)
	if dst.kind == none {
		s.known[key] = o
	}
	return o
}

func (s *selector) broadcastName() string {
	switch {
	case s.e.elem == 4:
		return "VBROADCASTSS"
	case s.e.width == 16:
		return "VMOVDDUP" // there is no VBROADCASTSD to 16 bytes
	}
	return "VBROADCASTSD"
}

// broadcast loads the element at text into all lanes.
func (s *selector) broadcast(text string, dst operand, k int) operand {
	if o, ok := s.known[text]; ok {
		return s.move(o, dst, k)
	}
	from := operand{kind: memory, text: text, cast: true}
	o := s.emit(&inst{op: s.broadcastName(), imm: -1, dst: dst, src: []operand{from}, mask: k, load: true})
	if dst.kind == none {
		s.known[text] = o
	}
	return o
}

func (s *selector) constant(bits uint64, dst operand, k int) operand {
	if bits != 0 {
		return s.broadcast(s.e.data.constant(bits)+"(SB)", dst, k)
	}
	if o, ok := s.known["0"]; ok {
		return s.move(o, dst, k)
	}
	o := s.emit(&inst{op: s.bitwise("XOR"), imm: -1, dst: dst, mask: k, zero: false, load: true})
	if dst.kind == none {
		s.known["0"] = o
	}
	return o
}

func (s *selector) bitwise(op string) string {
	switch {
	case !s.e.evex:
		return s.name("V" + op)
	case s.e.elem == 8:
		return "VP" + op + "Q"
	}
	return "VP" + op + "D"
}
