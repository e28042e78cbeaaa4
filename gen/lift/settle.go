package lift

import (
	"cmp"
	"slices"

	"github.com/loopopt/loopopt/loopir/poly"
)

// settle puts events into normal form.
func settle(list []*event) []*event {
	list = propagate(list)
	live := map[string]bool{}
	for again := true; again; {
		again = wake(list, live)
	}
	return apartLoops(list, live)
}

// cellName is the cell's that is looked at when it comes to what lives.
func (x access) cellName() string {
	if x.local != nil && x.local.open {
		return x.array
	}
	return x.array + x.at
}

// wakes tells whether what an event does is of use: it sets a cell that is no local's or
// is used.
func (e *event) wakes(live map[string]bool) bool {
	for _, x := range e.touched {
		if x.write && (x.local == nil || live[x.cellName()]) {
			return true
		}
	}
	return false
}

// wake finds cells of locals that are used, and tells whether there are new ones.
func wake(list []*event, live map[string]bool) bool {
	more := false
	use := func(reads []access) {
		for _, x := range reads {
			if x.local != nil && !x.write && !live[x.cellName()] {
				live[x.cellName()], more = true, true
			}
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		e := list[i]
		if e.loop != nil {
			more = wake(e.body, live) || more
			if anyOf(e.body, live) {
				use(e.reads)
			}
			continue
		}
		if e.wakes(live) {
			use(e.touched)
		}
	}
	return more
}

func anyOf(list []*event, live map[string]bool) bool {
	return slices.ContainsFunc(list, func(e *event) bool {
		if e.loop != nil {
			return anyOf(e.body, live)
		}
		return e.wakes(live)
	})
}

// apartLoops leaves out what nothing comes of, and makes one loop for each group of events
// of a loop that share cells.
func apartLoops(list []*event, live map[string]bool) []*event {
	var out []*event
	for _, e := range list {
		switch {
		case e.loop == nil && e.wakes(live):
			out = append(out, e)
		case e.loop != nil:
			for _, part := range groups(apartLoops(e.body, live), e.loop.iter) {
				l := *e
				h := *e.loop
				l.loop, l.body = &h, part
				l.lift()
				l.touched = touchedIn(&l)
				out = append(out, &l)
			}
		}
	}
	return out
}

// groups takes the body of a loop apart into what may be done in loops of their own: between
// events of two groups no cell is shared that one of them sets, in whatever iterations.
func groups(body []*event, iter string) [][]*event {
	root := make([]int, len(body))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, cells := range shared(body, iter) {
		for _, i := range cells[1:] {
			root[find(i)] = find(cells[0])
		}
	}
	parts := map[int][]*event{}
	var order []int
	for i, e := range body {
		r := find(i)
		if parts[r] == nil {
			order = append(order, r)
		}
		parts[r] = append(parts[r], e)
	}
	var out [][]*event
	for _, r := range order {
		out = append(out, parts[r])
	}
	return out
}

// shared lists, for each cell that one of the events sets, the events that touch it. The cells
// of an array count as one unless their indices differ by constants only.
func shared(body []*event, iter string) [][]int {
	type place struct {
		events []int
		set    bool
	}
	arrays, cells := map[string]*place{}, map[string]*place{}
	shapes := map[string]string{}
	mixed := map[string]bool{}
	var order []string
	add := func(m map[string]*place, key string, i int, write bool) {
		if m[key] == nil {
			m[key] = &place{}
			order = append(order, key)
		}
		m[key].events = append(m[key].events, i)
		m[key].set = m[key].set || write
	}
	of := map[string]string{}
	for i, e := range body {
		for _, x := range e.touched {
			x = x.outside(iter)
			shape, cell := x.keys()
			if old, ok := shapes[x.array]; ok && old != shape || x.index == nil {
				mixed[x.array] = true
			}
			shapes[x.array] = shape
			add(arrays, x.array, i, x.write)
			of[cell] = x.array
			add(cells, cell, i, x.write)
		}
	}
	var out [][]int
	for _, key := range order {
		if p := arrays[key]; p != nil && mixed[key] && p.set {
			out = append(out, p.events)
		}
		if p := cells[key]; p != nil && !mixed[of[key]] && p.set {
			out = append(out, p.events)
		}
	}
	return out
}

// outside is what a loop touches in any of its iterations.
func (x access) outside(iter string) access {
	for _, p := range x.index {
		if p.Uses(iter) {
			x.index, x.at = nil, atText(nil)
			break
		}
	}
	return x
}

func touchedIn(l *event) []access {
	out := slices.Clone(l.reads)
	for _, e := range l.body {
		for _, x := range e.touched {
			out = append(out, x.outside(l.loop.iter))
		}
	}
	return distinct(out)
}

// distinct leaves out what is told twice.
func distinct(list []access) []access {
	seen := map[string]bool{}
	var out []access
	for _, x := range list {
		key := x.array + x.at
		if x.write {
			key += " set"
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, x)
		}
	}
	return out
}

// lift moves conditions that all of a loop's events are under out of it: to its bounds where
// they bound its iterator, around it where they are not on it.
func (e *event) lift() {
	common := e.body[0].given
	for _, b := range e.body[1:] {
		common = slices.DeleteFunc(slices.Clone(common), func(g given) bool {
			return !slices.ContainsFunc(b.given, func(h given) bool { return h.text == g.text })
		})
	}
	gone := map[string]bool{}
	e.given = nil
	for _, g := range common {
		bound, ok := g.below(e.loop.iter)
		switch {
		case ok && e.loop.step.Equal(poly.Int(1)):
			e.loop.bounds = append(e.loop.bounds[:len(e.loop.bounds):len(e.loop.bounds)], bound)
		case !g.mentions(e.loop.iter):
			e.given = insert(e.given, g)
		default:
			continue
		}
		gone[g.text] = true
	}
	slices.SortFunc(e.loop.bounds, func(a, b poly.Poly) int { return cmp.Compare(a.String(), b.String()) })
	if len(gone) == 0 {
		return
	}
	for i, b := range e.body {
		c := *b
		c.given = slices.DeleteFunc(slices.Clone(b.given), func(g given) bool { return gone[g.text] })
		e.body[i] = &c
	}
}
