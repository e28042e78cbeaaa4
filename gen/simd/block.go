package simd

import "sort"

// An item is one vector of a statement: what the order of a block moves.
type item struct {
	s     *stmt
	group int64
	pos   int

	reads, writes []int // registers of cells
	load, store   []span
	sources       []int // loads and constants, numbered in the block

	waits int // items before it that must come first
	then  []*item
}

// A span is a range of bytes at an affine.
type span struct {
	aff    *affine
	lo, hi int64
}

func (a span) meets(b span) bool {
	switch {
	case a.aff.array != b.aff.array:
		return false // arrays don't overlap
	case a.aff != b.aff:
		return true
	}
	return a.lo < b.hi && b.lo < a.hi
}

// block emits straight-line code: the statements in an order with few live
// vectors, then instructions, then registers.
func (e *emitter) block(b *block) error {
	var items []*item
	for i, s := range b.stmts {
		if s.end != nil {
			// A later local may get the same registers: nothing moves across.
			if err := e.run(items, b.stmts[i:]); err != nil {
				return err
			}
			items = nil
			e.end(s.end)
			continue
		}
		for g := range e.groups(s) {
			items = append(items, &item{s: s, group: g, pos: i})
		}
	}
	return e.run(items, nil)
}

// run emits items, of which what then follows ends the locals that it begins with.
func (e *emitter) run(items []*item, then []*stmt) error {
	if len(items) == 0 {
		return nil
	}
	numbers := sourceNumbers{}
	for _, it := range items {
		if err := e.describe(it, it.s.dst, true, numbers); err != nil {
			return err
		}
		if err := e.describe(it, it.s.rhs, false, numbers); err != nil {
			return err
		}
	}
	free := 0
	for _, u := range e.vec.used {
		if !u {
			free++
		}
	}
	s := selector{e: e, known: map[string]operand{}, versions: map[int]int{}}
	for _, it := range order(items, len(numbers), free) {
		if err := s.item(it); err != nil {
			return err
		}
	}
	list := s.ops
	if e.isa == NEON {
		byElement(list)
	} else {
		list = fold(list, e.evex)
	}
	ops, err := e.arrange(list, e.dying(then), free)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := e.to.print(op); err != nil {
			return err
		}
	}
	return nil
}

// arrange gives the instructions an order and registers: the best order that the free
// registers suffice for, which at least that given should be.
func (e *emitter) arrange(list []*inst, dying map[int]bool, free int) ([]*inst, error) {
	for room := free - 2; room > 0; room -= 2 {
		if ops, err := e.allocate(spread(list, dying, room), dying); err == nil {
			return ops, nil
		}
	}
	return e.allocate(list, dying)
}

type source struct {
	at   place
	vec  bool
	text string
}

type sourceNumbers map[source]int

func (n sourceNumbers) of(s source) int {
	if _, ok := n[s]; !ok {
		n[s] = len(n)
	}
	return n[s]
}

// describe notes what the item reads and writes through v.
func (e *emitter) describe(it *item, v *value, dst bool, numbers sourceNumbers) error {
	switch {
	case v == nil:
	case v.op == opCell || v.op == opLane:
		r, err := e.cell(v.cell, e.groupOf(v, it.group))
		if err != nil {
			return err
		}
		if dst {
			it.writes = append(it.writes, r)
		} else {
			it.reads = append(it.reads, r)
		}
	case v.op == opLoad && it.s.prefetch > 0:
	case v.op == opLoad:
		at := e.groupPlace(v, it.group)
		sp := span{at.aff, at.disp, at.disp + size(v.typ)}
		if v.vec {
			sp.hi = at.disp + e.bytes(size(v.typ))
		}
		if dst {
			it.store = append(it.store, sp)
			break
		}
		it.load = append(it.load, sp)
		it.sources = append(it.sources, numbers.of(source{at: at, vec: v.vec}))
	case v.op == opConst || v.op == opScalar:
		it.sources = append(it.sources, numbers.of(source{text: v.text}))
	}
	for _, a := range v.argsOrNil() {
		if err := e.describe(it, a, false, numbers); err != nil {
			return err
		}
	}
	return nil
}

func (v *value) argsOrNil() []*value {
	if v == nil {
		return nil
	}
	return v.args
}

// groupPlace is where vector group of v lies.
func (e *emitter) groupPlace(v *value, group int64) place {
	at := v.at
	if v.vec {
		at.disp += group * e.bytes(size(v.typ))
	}
	return at
}

// link makes items wait for those that they depend on.
func link(items []*item) {
	lastWrite := map[int]*item{}
	readers := map[int][]*item{}
	var loads, stores []*item
	after := func(a, b *item) {
		if a != nil && a != b {
			a.then = append(a.then, b)
			b.waits++
		}
	}
	for i, it := range items {
		for _, r := range it.reads {
			after(lastWrite[r], it)
		}
		for _, r := range it.writes {
			after(lastWrite[r], it)
			for _, o := range readers[r] {
				after(o, it)
			}
		}
		for _, r := range it.reads {
			readers[r] = append(readers[r], it)
		}
		for _, r := range it.writes {
			lastWrite[r], readers[r] = it, nil
		}
		if it.s.prefetch > 0 && i > 0 {
			after(items[i-1], it)
		}
		for _, o := range stores {
			if anyMeet(o.store, it.load) || anyMeet(o.store, it.store) {
				after(o, it)
			}
		}
		if len(it.store) > 0 {
			for _, o := range loads {
				if anyMeet(it.store, o.load) {
					after(o, it)
				}
			}
			stores = append(stores, it)
		}
		if len(it.load) > 0 {
			loads = append(loads, it)
		}
	}
}

func anyMeet(as, bs []span) bool {
	for _, a := range as {
		for _, b := range bs {
			if a.meets(b) {
				return true
			}
		}
	}
	return false
}

// order chooses, of the items that wait for nothing, always the one that needs
// the fewest loads beyond those at hand, then the one that is the last use of
// most of these, then the first. So an outer product of many broadcasts and few
// vectors keeps the vectors and takes one broadcast at a time. At hand are as
// many loads as there are free registers.
func order(items []*item, sources, free int) []*item {
	link(items)
	const tooMany = 6000 // the choice is quadratic
	if len(items) > tooMany {
		return items
	}
	uses := make([]int, sources)
	for _, it := range items {
		for _, s := range it.sources {
			uses[s]++
		}
	}
	var ready []*item
	for _, it := range items {
		if it.waits == 0 {
			ready = append(ready, it)
		}
	}
	hand := hand{free: free, last: make([]int, sources)}
	out := make([]*item, 0, len(items))
	for len(ready) > 0 {
		best, bestLoads, bestEnds := 0, 1<<30, 0
		for i, it := range ready {
			loads, ends := hand.cost(it, uses)
			if loads < bestLoads || loads == bestLoads && ends > bestEnds {
				best, bestLoads, bestEnds = i, loads, ends
			}
		}
		it := ready[best]
		ready = append(ready[:best], ready[best+1:]...)
		out = append(out, it)
		hand.use(it, uses)
		for _, o := range it.then {
			if o.waits--; o.waits == 0 {
				i := sort.Search(len(ready), func(i int) bool { return less(o, ready[i]) })
				ready = append(ready, nil)
				copy(ready[i+1:], ready[i:])
				ready[i] = o
			}
		}
	}
	return out
}

func less(a, b *item) bool {
	if a.pos != b.pos {
		return a.pos < b.pos
	}
	return a.group < b.group
}

// A hand is the loads whose values are still in registers, by time of last use.
type hand struct {
	free  int
	clock int
	last  []int // 0: not at hand
	count int
}

func (h *hand) cost(it *item, uses []int) (loads, ends int) {
	for _, s := range it.sources {
		if h.last[s] == 0 {
			loads++
		} else if uses[s] == 1 {
			ends++
		}
	}
	return loads, ends
}

func (h *hand) use(it *item, uses []int) {
	for _, s := range it.sources {
		h.clock++
		if h.last[s] == 0 {
			h.count++
		}
		h.last[s] = h.clock
		if uses[s]--; uses[s] == 0 {
			h.last[s] = 0
			h.count--
		}
	}
	for h.count > h.free {
		oldest := -1
		for s, t := range h.last {
			if t > 0 && (oldest < 0 || t < h.last[oldest]) {
				oldest = s
			}
		}
		h.last[oldest] = 0
		h.count--
	}
}
