package lift

import (
	"strings"

	"github.com/loopopt/loopopt/loopir/poly"
)

// A pairing says which cells of locals of two lists correspond.
type pairing struct {
	right, left map[string]string
	order       []string          // of the left ones, as they were paired
	met         map[[2]*term]bool // pairs of terms that are the same with these
}

func newPairing() *pairing {
	return &pairing{right: map[string]string{}, left: map[string]string{}, met: map[[2]*term]bool{}}
}

func (p *pairing) pair(a, b string) bool {
	x, ok := p.right[a]
	y, ok2 := p.left[b]
	if ok || ok2 {
		return x == b && y == a
	}
	p.right[a], p.left[b] = b, a
	p.order = append(p.order, a)
	return true
}

// back forgets the pairs that were made since there were n.
func (p *pairing) back(n int) {
	if len(p.order) > n {
		clear(p.met)
	}
	for _, a := range p.order[n:] {
		delete(p.left, p.right[a])
		delete(p.right, a)
	}
	p.order = p.order[:n]
}

// lists takes the events of b one by one, the last one first, since what is stored in arrays
// tells which locals correspond: each is the last of a's left that does the same, and changes
// places with those behind it that are left.
func (p *pairing) lists(a, b []*event) bool {
	if len(a) != len(b) {
		return false
	}
	taken := make([]bool, len(a))
	last := len(a) - 1
	for i := len(b) - 1; i >= 0; i-- {
		for last >= 0 && taken[last] {
			last--
		}
		found := -1
		for j := last; j >= 0 && found < 0; j-- {
			if !taken[j] && p.events(a[j], b[i]) {
				found = j
			}
		}
		if found < 0 {
			return false
		}
		taken[found] = true
		for j := found + 1; j <= last; j++ {
			if !taken[j] && !commute(a[found], a[j]) {
				return false
			}
		}
	}
	return true
}

// events tells whether two events do the same; the pairs that this takes are kept.
func (p *pairing) events(a, b *event) bool {
	if a.key() != b.key() {
		return false
	}
	n := len(p.order)
	if p.ordered(a.data, b.data) && (a.do == nil || p.terms(a.do, b.do)) && p.lists(a.body, b.body) {
		return true
	}
	p.back(n)
	return false
}

func (p *pairing) ordered(a, b []*term) bool {
	for i := range a {
		if !p.terms(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func (p *pairing) terms(a, b *term) bool {
	if a.key() != b.key() {
		return false
	}
	if !a.bound || p.met[[2]*term{a, b}] {
		return true
	}
	if p.args(a, b) {
		p.met[[2]*term{a, b}] = true
		return true
	}
	return false
}

// args tells whether terms of one key have the same locals.
func (p *pairing) args(a, b *term) bool {
	n := len(p.order)
	if a.local != nil {
		if !p.pair(a.name(), b.name()) {
			return false
		}
		if !a.local.open {
			return true
		}
	}
	if p.ordered(a.args, b.args) {
		return true
	}
	p.back(n)
	if a.free == 2 && a.args[0].key() == a.args[1].key() {
		if p.terms(a.args[0], b.args[1]) && p.terms(a.args[1], b.args[0]) && p.ordered(a.args[2:], b.args[2:]) {
			return true
		}
		p.back(n)
	}
	return false
}

// key is equal for events that may do the same, their bodies aside.
func (e *event) key() string {
	if e.text != "" {
		return e.text
	}
	var b strings.Builder
	b.WriteString("if ")
	b.WriteString(textOf(e.given))
	for _, d := range e.data {
		b.WriteString(d.key())
		b.WriteString(" && ")
	}
	if e.do != nil {
		b.WriteString(e.do.key())
	} else {
		b.WriteString("for " + e.loop.iter + " by " + e.loop.step.String())
		for _, x := range e.loop.bounds {
			b.WriteString(" below " + x.String())
		}
	}
	e.text = b.String()
	return e.text
}

// sameRanges tells whether each loop of b but for those over lanes has a bound that a loop of
// a has.
func sameRanges(a, b []*event) bool {
	bounds := map[string]bool{}
	apart := func(x poly.Poly) string { return x.Sub(poly.Const(x.ConstTerm())).String() }
	walkLoops(a, func(h *head) bool {
		for _, x := range h.bounds {
			bounds[apart(x)] = true
		}
		return true
	})
	return walkLoops(b, func(h *head) bool {
		_, lanes := constBound(h.bounds)
		for _, x := range h.bounds {
			lanes = lanes || bounds[apart(x)] // of all lanes, or what one register leaves for the next
		}
		return lanes
	})
}

func walkLoops(list []*event, f func(*head) bool) bool {
	for _, e := range list {
		if e.loop != nil && (!f(e.loop) || !walkLoops(e.body, f)) {
			return false
		}
	}
	return true
}

// commute tells whether no cell is touched by both, and written.
func commute(e, f *event) bool {
	for _, x := range e.touched {
		for _, y := range f.touched {
			if x.clashes(y) {
				return false
			}
		}
	}
	return true
}

// cell tells a local's cell by constants.
func (x access) cell() (name string, dims int, ok bool) {
	if x.index == nil {
		return "", 0, false
	}
	for _, p := range x.index {
		if _, isConst := p.Const(); !isConst {
			return "", 0, false
		}
		name += " " + p.String()
	}
	return name, len(x.index), true
}

// clashes tells whether the accesses may be of one cell, which one of them writes.
func (x access) clashes(y access) bool {
	if x.array != y.array || !x.write && !y.write {
		return false
	}
	if x.index == nil || y.index == nil {
		return true
	}
	for i := range x.index {
		if x.index[i].Apart(y.index[i]) {
			return false
		}
	}
	return true
}

// keys tell accesses whose indices differ by constants only, and those of one cell.
func (x access) keys() (shape, cell string) {
	shape, cell = x.array, x.array+" cell"
	for _, p := range x.index {
		shape += "," + p.Sub(poly.Const(p.ConstTerm())).String()
		cell += "," + p.String()
	}
	return shape, cell
}
