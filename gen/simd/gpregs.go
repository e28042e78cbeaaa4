package simd

import (
	"fmt"
	"sort"
	"strings"
)

// gpRegs says where the affines and loop counters of a segment live: registers
// for those used in the deepest loops, stack slots for the rest.
type gpRegs struct {
	live     []*affine // in the order of their ids
	home     map[*affine]string
	counters []string // by depth
	temps    [2]string
	held     [2]*affine // the slots that the temps have a copy of
	owes     map[debt]bool
	slots    int
}

func (g *gpRegs) isSlot(home string) bool { return strings.HasSuffix(home, "(SP)") }

// scratch gives the register for values from stack slots.
func (e *emitter) scratch() string {
	e.gp.held[0] = nil
	return e.gp.temps[0]
}

// segment emits a statement of the region itself. Its affines start from the
// arguments, so that nothing in a register outlives a segment but the cells.
func (e *emitter) segment(n node) error {
	u := usage{deepest: map[*affine]int{}}
	u.node(n, 0)
	e.homes(&u)
	for _, a := range e.gp.live {
		e.start(a)
	}
	return e.node(n, 0, true)
}

// usage finds the affines of a segment, how deep in loops each is used, and
// how deep the loops are nested.
type usage struct {
	deepest map[*affine]int
	depth   int
	masks   bool // registers for numbers are needed
}

func (u *usage) node(n node, depth int) {
	u.depth = max(u.depth, depth)
	switch n := n.(type) {
	case *block:
		for _, s := range n.stmts {
			u.value(s.dst, depth)
			u.value(s.rhs, depth)
		}
	case *loop:
		for _, m := range n.body {
			u.node(m, depth+1)
		}
	case *guard:
		u.use(n.at.aff, depth)
		u.masks = u.masks || n.lanes > 0
		for _, m := range n.yes {
			u.node(m, depth)
		}
		for _, m := range n.no {
			u.node(m, depth)
		}
	}
}

func (u *usage) value(v *value, depth int) {
	if v == nil {
		return
	}
	if v.op == opLoad || v.op == opNumber {
		u.use(v.at.aff, depth)
		u.masks = u.masks || v.op == opNumber
	}
	for _, a := range v.args {
		u.value(a, depth)
	}
}

func (u *usage) use(a *affine, depth int) {
	if a.by != nil {
		u.use(a.by.at, depth)
		u.use(a.by.number, depth)
		return
	}
	if a.array == nil && a.fixed() && !a.index {
		return // compared where the arguments are
	}
	if d, ok := u.deepest[a]; !ok || d < depth {
		u.deepest[a] = depth
	}
}

// fixed tells whether no loop moves a.
func (a *affine) fixed() bool { return len(a.bump) == 0 }

// isZero tells whether a is the constant 0.
func (a *affine) isZero() bool { return a.array == nil && a.fixed() && a.start.arg == "" }

func (e *emitter) homes(u *usage) {
	g := &e.gp
	*g = gpRegs{home: map[*affine]string{}, owes: map[debt]bool{}, slots: g.slots}
	for a := range u.deepest {
		g.live = append(g.live, a)
	}
	sort.Slice(g.live, func(i, j int) bool { return g.live[i].id < g.live[j].id })

	type tenant struct {
		weight int
		move   func(home string)
	}
	var tenants []tenant
	for _, a := range g.live {
		tenants = append(tenants, tenant{u.deepest[a], func(h string) { g.home[a] = h }})
	}
	g.counters = make([]string, u.depth)
	for d := range u.depth {
		tenants = append(tenants, tenant{d, func(h string) { g.counters[d] = h }})
	}
	sort.SliceStable(tenants, func(i, j int) bool { return tenants[i].weight > tenants[j].weight })

	free := e.to.pool()
	if u.masks || len(tenants) > len(free) {
		g.temps = [2]string{free[len(free)-1], free[len(free)-2]}
		free = free[:len(free)-2]
	}
	for i, t := range tenants {
		if i < len(free) {
			t.move(free[i])
			continue
		}
		slot := i - len(free)
		g.slots = max(g.slots, slot+1)
		t.move(fmt.Sprintf("s%d-%d(SP)", slot, 8*(slot+1)))
	}
}

// start sets a to its value where no loop has run.
func (e *emitter) start(a *affine) {
	home := e.gp.home[a]
	r := home
	if e.gp.isSlot(home) {
		r = e.scratch()
	}
	switch {
	case a.array != nil:
		e.to.set(e.arg(a.array.arg), r)
		e.add(amount{arg: a.start.arg}, r, false)
		e.add(amount{arg: a.offset.arg}, r, false)
	case a.start.arg != "":
		e.to.set(e.arg(a.start.arg), r)
	default:
		e.to.set("$0", r)
	}
	if r != home {
		e.to.set(r, home)
	}
}

// register gives the register of a, loading it from its slot into temps[t].
func (e *emitter) register(a *affine, t int) string {
	home := e.gp.home[a]
	if !e.gp.isSlot(home) {
		return home
	}
	if e.gp.held[t] != a {
		e.to.set(home, e.gp.temps[t])
		e.gp.held[t] = a
	}
	return e.gp.temps[t]
}
