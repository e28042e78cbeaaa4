package simd

import (
	"slices"
	"strings"
)

// A schedule is an order of a block's instructions in which few wait for the one before. The
// processor looks ahead, but not from one function's long chain of operations across the
// whole of the next.
type schedule struct {
	ops  []*inst
	then [][]int // what waits for an instruction
	wait []int   // for how many it does
	at   []int   // when its sources are there

	loads map[int]bool      // temps that are loads
	dying map[int]bool      // registers of cells that end with the block
	left  map[operandID]int // instructions to come that use a temp or such a cell
	live  int               // temps in registers, less the cells that have ended
	room  int               // how many may be
}

type operandID struct {
	kind operandKind
	n    int
}

func (o operand) id() operandID { return operandID{o.kind, o.n} }

// spread orders ops: the first that would not wait for another's result, in the order given,
// as long as no more than room values are live at once; else the first one that is left.
func spread(ops []*inst, dying map[int]bool, room int) []*inst {
	s := &schedule{
		ops: ops, then: make([][]int, len(ops)), wait: make([]int, len(ops)), at: make([]int, len(ops)),
		loads: map[int]bool{}, dying: dying, left: map[operandID]int{}, room: room,
	}
	s.link()
	for _, op := range ops {
		if op.load && op.dst.kind == temp {
			s.loads[op.dst.n] = true
		}
		for _, id := range s.held(op) {
			s.left[id]++
		}
	}
	var ready []int
	for i, n := range s.wait {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	out := make([]*inst, 0, len(ops))
	for clock := 0; len(ready) > 0; clock++ {
		k := s.choose(ready, clock)
		i := ready[k]
		ready = slices.Delete(ready, k, k+1)
		clock = max(clock, s.at[i])
		s.live += s.grows(ops[i])
		for _, id := range s.held(ops[i]) {
			s.left[id]--
		}
		out = append(out, ops[i])
		for _, j := range s.then[i] {
			s.at[j] = max(s.at[j], clock+ops[i].latency())
			if s.wait[j]--; s.wait[j] == 0 {
				k, _ := slices.BinarySearch(ready, j)
				ready = slices.Insert(ready, k, j)
			}
		}
	}
	return out
}

// choose takes one of those that wait for nothing, which are in the order given.
func (s *schedule) choose(ready []int, clock int) int {
	best := 0
	for k, i := range ready {
		if k > 0 && s.live+s.grows(s.ops[i]) > s.room {
			continue
		}
		if s.at[i] <= clock {
			return k
		}
		if s.at[i] < s.at[ready[best]] {
			best = k
		}
	}
	return best
}

// grows is by how many values more are live after op.
func (s *schedule) grows(op *inst) int {
	n := 0
	if op.dst.kind == temp && !op.load {
		n++
	}
	for _, id := range s.held(op) {
		if s.left[id] == 1 {
			n--
		}
	}
	return n
}

// held are the sources of op that take registers: a load does not, as it can be repeated; a
// cell does if it ends.
func (s *schedule) held(op *inst) []operandID {
	var ids []operandID
	for _, o := range op.src {
		if id := o.id(); (o.kind == temp && !s.loads[o.n] || o.kind == vector && s.dying[o.n]) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// link makes instructions wait for those that they depend on.
func (s *schedule) link() {
	written, read := map[operandID]int{}, map[operandID][]int{}
	var loads, stores []int
	after := func(i, j int) {
		if i != j {
			s.then[i] = append(s.then[i], j)
			s.wait[j]++
		}
	}
	for j, op := range s.ops {
		for _, o := range s.reads(op) {
			if i, ok := written[o.id()]; ok {
				after(i, j)
			}
			read[o.id()] = append(read[o.id()], j)
			if o.kind == memory && o.at.aff != nil {
				for _, i := range stores {
					if touch(s.ops[i].dst, o) {
						after(i, j)
					}
				}
				loads = append(loads, j)
			}
		}
		switch id := op.dst.id(); {
		case op.dst.kind == memory && !strings.HasPrefix(op.op, "PREFETCH"):
			for _, i := range stores {
				if touch(s.ops[i].dst, op.dst) {
					after(i, j)
				}
			}
			for _, i := range loads {
				for _, o := range s.ops[i].src {
					if o.kind == memory && o.at.aff != nil && touch(o, op.dst) {
						after(i, j)
					}
				}
			}
			stores = append(stores, j)
		case op.dst.kind != memory:
			if i, ok := written[id]; ok {
				after(i, j)
			}
			for _, i := range read[id] {
				after(i, j)
			}
			written[id], read[id] = j, nil
		}
	}
}

// reads are the operands that op reads, its mask included.
func (s *schedule) reads(op *inst) []operand {
	if op.mask == 0 {
		return op.src
	}
	return append(op.src[:len(op.src):len(op.src)], operand{kind: kmask, n: op.mask})
}

// touch tells whether two operands are in one array. No load passes a store there, though it
// might be of other cells: what is read back has no copies of an array's cells then.
func touch(a, b operand) bool { return a.at.aff.array == b.at.aff.array }

// latency is how long op's result takes, in halves of cycles: two instructions begin in one.
func (op *inst) latency() int {
	switch {
	case op.load:
		return 0 // the processor begins them early
	case strings.HasPrefix(op.op, "VDIV"), strings.HasPrefix(op.op, "VSQRT"):
		return 24
	case strings.HasPrefix(op.op, "VP"), strings.HasPrefix(op.op, "VMOV"):
		return 2
	}
	return 8
}
