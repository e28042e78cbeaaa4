package lift

import (
	"fmt"
	"maps"
	"slices"
)

// Forward substitution. One of two programs keeps an intermediate result in a local, or where
// the final one will be, the other one computes it where it is used, or keeps it in a local that
// served for something else before. So a cell of a local that is set anew is another cell from
// there on, what a cell was set to stands in the place of its reads as long as it would still be
// that, and what sets a cell that is not looked at before it is set again, or never, is left out.
type propagation struct {
	cells map[string]*local          // whose a cell is by now
	held  map[string]held            // what cells hold
	of    map[string]map[string]bool // which of them may be made of an array
	fresh *int                       // locals that were made
}

// mostReads bounds what a held value is made of: long sums are left in their locals.
const mostReads = 64

// A held value is what a cell was set to, and under which conditions.
type held struct {
	computed
	cell  access
	given []given
}

func propagate(list []*event) []*event {
	return propagation{cells: map[string]*local{}, held: map[string]held{}, fresh: new(int)}.list(list, 0)
}

// list is the events of a body of depth loops that are not written out.
func (p propagation) list(list []*event, depth int) []*event {
	p.cells, p.held = maps.Clone(p.cells), maps.Clone(p.held)
	p.of = map[string]map[string]bool{}
	for cell, h := range p.held {
		p.index(cell, h)
	}
	uses := map[string][]use{}
	for i, e := range list {
		e.usesAt(i, uses)
	}
	out := make([]*event, 0, len(list))
	for i, e := range list {
		c := *e
		c.data, c.reads = p.terms(e.data, e.given), p.reads(e.reads, e.given)
		if e.loop != nil {
			p.forget(setIn(e))
			c.body = p.list(e.body, depth+1)
		} else {
			p.set(&c, depth, func(cell string) bool { return another(uses[cell], i, e.given) })
		}
		out = append(out, &c)
	}
	return withoutDead(out, depth)
}

// set is an assignment, which is to a cell of a new local when anew tells so.
func (p propagation) set(e *event, depth int, anew func(string) bool) {
	cell, v := e.do.args[0], e.do.args[1]
	c := *cell
	c.args = p.terms(cell.args, e.given)
	v = p.terms([]*term{v}, e.given)[0]
	reads := p.reads(e.touched, e.given)
	w := e.touched[len(e.touched)-1]
	if w.closed() && w.local.depth == depth && len(e.data) == 0 && anew(w.cellName()) {
		*p.fresh++
		l := *w.local
		l.name = fmt.Sprintf("%s'%d", l.name, *p.fresh)
		p.cells[w.cellName()] = &l
	}
	w = p.now(w)
	c.local = w.local
	e.do = &term{head: e.do.head, args: []*term{&c, v}}
	e.do.binds()
	e.touched = append(reads, w)
	p.forget([]access{w})
	if w.named() && len(e.data) == 0 && len(reads) <= mostReads && !slices.ContainsFunc(reads, w.clashes) {
		h := held{computed{v, reads}, w, e.given}
		p.held[w.cellName()] = h
		p.index(w.cellName(), h)
	}
}

func (p propagation) index(cell string, h held) {
	for _, x := range append(h.reads[:len(h.reads):len(h.reads)], h.cell) {
		if p.of[x.array] == nil {
			p.of[x.array] = map[string]bool{}
		}
		p.of[x.array][cell] = true
	}
}

// now is a cell as it is called by now.
func (p propagation) now(x access) access {
	if x.closed() {
		if l := p.cells[x.cellName()]; l != nil {
			x.array, x.local = l.name, l
		}
	}
	return x
}

// holds is what a cell holds where conditions are given.
func (p propagation) holds(cell string, at []given) (held, bool) {
	h, ok := p.held[cell]
	return h, ok && includes(at, h.given)
}

// includes tells whether all conditions of b are among those of a.
func includes(a, b []given) bool {
	for _, g := range b {
		if !slices.ContainsFunc(a, func(h given) bool { return h.text == g.text }) {
			return false
		}
	}
	return true
}

// forget is what is held no longer when cells are set.
func (p propagation) forget(sets []access) {
	for _, w := range sets {
		w = p.now(w)
		for cell := range p.of[w.array] {
			if h := p.held[cell]; slices.ContainsFunc(h.reads, w.clashes) || h.cell.clashes(w) {
				delete(p.held, cell)
			}
			if _, ok := p.held[cell]; !ok {
				delete(p.of[w.array], cell)
			}
		}
	}
}

// terms puts what cells hold in the place of their reads.
func (p propagation) terms(list []*term, at []given) []*term {
	met := map[*term]*term{}
	var put func(t *term) *term
	put = func(t *term) *term {
		if !t.reads {
			return t
		}
		if x := met[t]; x != nil {
			return x
		}
		c := *t
		if name, ok := t.cell(); ok {
			if l := p.cells[name]; l != nil {
				c.local = l
				name, _ = c.cell()
			}
			if h, ok := p.holds(name, at); ok {
				met[t] = h.term
				return h.term
			}
		}
		c.args = make([]*term, len(t.args))
		for i, a := range t.args {
			c.args[i] = put(a)
		}
		c.binds()
		met[t] = &c
		return &c
	}
	var out []*term
	for _, t := range list {
		out = append(out, put(t))
	}
	return out
}

// reads are the reads among accesses, those of cells whose values are put there being what
// these are made of.
func (p propagation) reads(list []access, at []given) []access {
	var out []access
	for _, x := range list {
		if x.write {
			continue
		}
		x = p.now(x)
		if x.named() {
			if h, ok := p.holds(x.cellName(), at); ok {
				out = append(out, h.reads...)
				continue
			}
		}
		out = append(out, x)
	}
	return distinct(out)
}

// A use is that the i-th event of a list, or one in it, touches a cell.
type use struct {
	i     int
	given []given
}

func (e *event) usesAt(i int, uses map[string][]use) {
	for _, x := range slices.Concat(e.touched, e.reads) {
		if x.closed() {
			uses[x.cellName()] = append(uses[x.cellName()], use{i, e.given})
		}
	}
	for _, b := range e.body {
		b.usesAt(i, uses)
	}
}

// another tells whether a cell that the i-th event sets is touched before, and after it only
// where that is done.
func another(uses []use, i int, at []given) bool {
	before := false
	for _, u := range uses {
		before = before || u.i < i
		if u.i > i && !includes(u.given, at) {
			return false
		}
	}
	return before
}

// withoutDead leaves out what sets a cell of a local of these events that none of those after
// it reads, and what sets any cell that is set again before it may be read.
func withoutDead(list []*event, depth int) []*event {
	read := map[string]bool{}
	again := map[string]map[string]*event{} // of arrays, by cell
	var note func(e *event)
	note = func(e *event) {
		for _, x := range slices.Concat(e.touched, e.reads) {
			if x.write {
				continue
			}
			if x.local != nil {
				read[x.cellName()] = true
			}
			for cell, f := range again[x.array] {
				if x.clashes(f.touched[len(f.touched)-1]) {
					delete(again[x.array], cell)
				}
			}
		}
		for _, b := range e.body {
			note(b)
		}
	}
	var out []*event
	for _, e := range slices.Backward(list) {
		if e.loop == nil {
			w := e.touched[len(e.touched)-1]
			if w.closed() && w.local.depth == depth && !read[w.cellName()] {
				continue
			}
			if f := again[w.array][w.cellName()]; f != nil && includes(e.given, f.given) {
				continue
			}
			note(e)
			if w.named() && len(e.data) == 0 && !slices.ContainsFunc(e.touched[:len(e.touched)-1], w.clashes) {
				if again[w.array] == nil {
					again[w.array] = map[string]*event{}
				}
				again[w.array][w.cellName()] = e
			}
		} else {
			note(e)
		}
		out = append(out, e)
	}
	slices.Reverse(out)
	return out
}

// setIn is what the events in a loop set.
func setIn(l *event) []access {
	var out []access
	for _, e := range l.body {
		if e.loop != nil {
			out = append(out, setIn(e)...)
		} else {
			out = append(out, e.touched[len(e.touched)-1])
		}
	}
	for i := range out {
		out[i] = out[i].outside(l.loop.iter)
	}
	return distinct(out)
}

// named tells whether its index tells the cell.
func (x access) named() bool { return x.index != nil && (x.local == nil || !x.local.open) }

// closed tells whether it is of a local all of whose cells are named by constants.
func (x access) closed() bool { return x.local != nil && !x.local.open }
