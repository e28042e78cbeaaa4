package simd

import (
	"cmp"
	"slices"

	"github.com/loopopt/loopopt/gen/lift/insn"
)

// entryOf is what the table of instructions says; one without an entry has no meaning.
func entryOf(op string) *insn.Entry {
	if e, ok := insn.Lookup(op); ok {
		return e
	}
	return &insn.Entry{Op: op, Kind: insn.Nothing}
}

// fold makes a load that has one use a memory operand of that use.
func fold(ops []*inst, evex bool) []*inst {
	uses := map[int]int{}
	def := map[int]*inst{}
	for _, op := range ops {
		for _, o := range op.src {
			if o.kind == temp {
				uses[o.n]++
			}
		}
		if op.dst.kind == temp {
			def[op.dst.n] = op
		}
	}
	gone := map[*inst]bool{}
	for _, op := range ops {
		can := func(o operand) bool {
			return o.kind == temp && uses[o.n] == 1 && foldable(def[o.n], op, evex)
		}
		at := -1
		entry := entryOf(op.op)
		switch last := len(op.src) - 1; {
		case op.fma && can(op.src[0]):
			at = 0
		case op.fma && can(op.src[1]):
			at = 1
		case op.fma || !entry.FromMemory() || last < 0:
		case can(op.src[last]):
			at = last
		case last == 1 && entry.Commutes() && can(op.src[0]):
			op.src[0], op.src[1] = op.src[1], op.src[0]
			at = 1
		}
		if at >= 0 {
			d := def[op.src[at].n]
			op.src[at] = d.src[0]
			gone[d] = true
		}
	}
	return slices.DeleteFunc(ops, func(op *inst) bool { return gone[op] })
}

// An allocation gives the temps of a block registers, in order. When none is
// free, the load whose next use is farthest is forgotten and repeated later. A cell whose
// local ends with the block leaves its register after the last use.
type allocation struct {
	e      *emitter
	ops    []*inst
	out    []*inst
	def    map[int]*inst
	uses   map[int][]int // positions that are still to come
	stores map[*array][]int
	cells  map[int]int // the last use of each register whose cell ends with the block
	reg    map[int]int // registers of the temps that are in one
	free   []bool
}

func (e *emitter) allocate(list []*inst, dying map[int]bool) ([]*inst, error) {
	ops := make([]*inst, len(list)) // what is given is tried in several orders
	for i, op := range list {
		again := *op
		again.src = slices.Clone(op.src)
		ops[i] = &again
	}
	a := &allocation{
		e: e, ops: ops, def: map[int]*inst{}, uses: map[int][]int{}, stores: map[*array][]int{}, cells: map[int]int{},
		reg: map[int]int{}, free: make([]bool, len(e.vec.used)),
	}
	for i, u := range e.vec.used {
		a.free[i] = !u
	}
	for pos, op := range ops {
		for _, o := range op.src {
			if o.kind == temp {
				a.uses[o.n] = append(a.uses[o.n], pos)
			}
		}
		for _, o := range append(op.src[:len(op.src):len(op.src)], op.dst) {
			if o.kind == vector && dying[o.n] {
				a.cells[o.n] = pos
			}
		}
		if op.dst.kind == temp {
			a.def[op.dst.n] = op
		}
		if op.dst.kind == memory && op.dst.at.aff.array != nil {
			a.stores[op.dst.at.aff.array] = append(a.stores[op.dst.at.aff.array], pos)
		}
	}
	for pos, op := range ops {
		if err := a.step(pos, op); err != nil {
			return nil, err
		}
	}
	return a.out, nil
}

func (a *allocation) step(pos int, op *inst) error {
	temps := append([]operand(nil), op.src...)
	for i, o := range op.src {
		if o.kind != temp {
			continue
		}
		if _, ok := a.reg[o.n]; !ok && a.inPlace(op, i) {
			op.src[i] = a.def[o.n].src[0]
			continue
		} else if !ok {
			again := *a.def[o.n]
			r, err := a.take(pos, temps)
			if err != nil {
				return err
			}
			a.reg[o.n] = r
			again.dst = operand{kind: vector, n: r}
			a.out = append(a.out, &again)
		}
		op.src[i] = operand{kind: vector, n: a.reg[o.n]}
	}
	for i, o := range temps {
		if a.dies(pos, o) {
			a.free[op.src[i].n] = true
		}
		if o.kind != temp {
			continue
		}
		r, held := a.reg[o.n]
		if a.uses[o.n] = a.uses[o.n][1:]; len(a.uses[o.n]) == 0 && held {
			a.free[r] = true
		}
	}
	if op.fma {
		return a.e.to.fma(a, pos, op, temps)
	}
	if op.dst.kind == temp {
		r, err := a.define(pos, op.dst.n, temps)
		if err != nil {
			return err
		}
		op.dst = operand{kind: vector, n: r}
	}
	a.out = append(a.out, op)
	return nil
}

// dies tells whether a source of the instruction at pos is a cell that nothing uses later.
func (a *allocation) dies(pos int, o operand) bool {
	last, ends := a.cells[o.n]
	return o.kind == vector && ends && last == pos
}

// inPlace tells whether op may read its source i, a load that was forgotten,
// from memory: there is no free register and no other source in memory.
func (a *allocation) inPlace(op *inst, i int) bool {
	d := a.def[op.src[i].n]
	if a.e.isa == NEON || slices.Contains(a.free, true) || !foldable(d, op, a.e.evex) {
		return false
	}
	for _, o := range op.src {
		if o.kind == memory {
			return false
		}
	}
	return op.fma && i < 2 || !op.fma && entryOf(op.op).FromMemory() && i == len(op.src)-1
}

// foldable tells whether d is a load that op may contain. Parts of vectors are contained in
// what converts them.
func foldable(d, op *inst, evex bool) bool {
	if !d.load || d.mask != 0 || len(d.src) != 1 || d.size != cmp.Or(op.from, op.size) {
		return false
	}
	if entryOf(op.op).Kind == insn.Convert {
		return !d.src[0].cast
	}
	return d.op != "VMOVQ" && d.op != "VMOVD" && (!d.src[0].cast || evex && d.size >= 4)
}

// define gives the temp n a register for the value made at pos.
func (a *allocation) define(pos, n int, busy []operand) (int, error) {
	r, err := a.take(pos, busy)
	if err != nil {
		return 0, err
	}
	a.reg[n] = r
	if len(a.uses[n]) == 0 {
		a.free[r] = true
	}
	return r, nil
}

// take finds a register that no temp in busy holds.
func (a *allocation) take(pos int, busy []operand) (int, error) {
	for r, free := range a.free {
		if free {
			a.free[r] = false
			for n, held := range a.reg {
				if held == r {
					delete(a.reg, n)
				}
			}
			return r, nil
		}
	}
	victim, next := -1, -1
	for n, r := range a.reg {
		if a.free[r] || len(a.uses[n]) == 0 || !a.repeatable(n) || slices.ContainsFunc(busy, func(o operand) bool { return o.kind == temp && o.n == n }) {
			continue
		}
		if u := a.uses[n][0]; u > next || u == next && n < victim {
			victim, next = n, u
		}
	}
	if victim < 0 {
		return 0, a.e.tooManyVectors()
	}
	r := a.reg[victim]
	delete(a.reg, victim)
	return r, nil
}

// repeatable tells whether the load of n would still give the same at its last
// use.
func (a *allocation) repeatable(n int) bool {
	d := a.def[n]
	if !d.load {
		return false
	}
	if len(d.src) == 0 {
		return true
	}
	from := d.src[len(d.src)-1]
	if from.at.aff == nil {
		return true
	}
	last := a.uses[n][len(a.uses[n])-1]
	for _, s := range a.stores[from.at.aff.array] {
		if s <= last && s > slices.Index(a.ops, d) {
			return false
		}
	}
	return true
}

// fma chooses the form of dst = x*y + z in which a source is overwritten.
func (x86) fma(a *allocation, pos int, op *inst, temps []operand) error {
	x, y, z := op.src[0], op.src[1], op.src[2]
	if x.kind == memory {
		x, y = y, x
		temps[0], temps[1] = temps[1], temps[0]
	}
	if op.dst.kind == temp {
		dies := func(i int) bool {
			return temps[i].kind == temp && len(a.uses[temps[i].n]) == 0 || a.dies(pos, temps[i])
		}
		n := op.dst.n
		switch {
		case dies(2):
			op.dst = z
		case dies(0):
			op.dst = x
		case dies(1) && y.kind == vector:
			op.dst = y
		default:
			r, err := a.define(pos, n, temps)
			if err != nil {
				return err
			}
			op.dst = operand{kind: vector, n: r}
		}
		for m, r := range a.reg {
			if r == op.dst.n && m != n {
				delete(a.reg, m)
			}
		}
		a.reg[n] = op.dst.n
		a.free[op.dst.n] = len(a.uses[n]) == 0
	}
	form := func(digits string, src ...operand) {
		op.op = op.op[:len("VFMADD")] + digits + op.op[len("VFMADD"):]
		op.src = src
		a.out = append(a.out, op)
	}
	if y == op.dst && z != op.dst {
		x, y = y, x
	}
	switch {
	case z == op.dst:
		form("231", x, y) // dst = x*y + dst
	case x == op.dst && y.kind == memory:
		form("132", z, y) // dst = dst*y + z
	case x == op.dst:
		form("213", y, z) // dst = y*dst + z
	default:
		a.out = append(a.out, &inst{op: "VMOVA" + op.op[len(op.op)-2:], size: op.size, imm: -1, dst: op.dst, src: []operand{z}})
		form("231", x, y)
	}
	return nil
}
