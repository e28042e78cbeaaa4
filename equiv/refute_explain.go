package equiv

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A made is how the content of a cell came about in one run.
type made struct {
	cell  string // where it was made: I[0][1], in logical coordinates for an input
	key   uint64 // equal for contents that were made alike in two programs
	stmt  *loopir.Assign
	iters []interp.Iter
	reads []*made // what the right side read
	prev  *made   // the content that an update changed; nil for others
}

// A history follows contents through the cells of a run.
type history struct {
	now    map[string]*made  // by physical cell
	name   map[string]string // logical names of the cells of packed parameters
	packed map[string]bool   // which parameters are packed
}

var seed = maphash.MakeSeed()

func hashOf(parts ...any) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, p := range parts {
		fmt.Fprint(&h, p, "\x00")
	}
	return h.Sum64()
}

// follow runs k and remembers how each cell was made.
func (r *referee) follow(k *loopir.Kernel, d *difference) (*history, bool) {
	in := k.Clone()
	in.InlineLets()
	in, err := r.f.InlineAll(in)
	if err != nil {
		return nil, false
	}
	h := &history{now: map[string]*made{}, name: map[string]string{}, packed: map[string]bool{}}
	h.nameCells(k, d.sizes)
	_, err = r.run(in, d.sizes, d.filling, h.record)
	return h, err == nil
}

// nameCells names the logical cells of packed parameters by their places.
func (h *history) nameCells(k *loopir.Kernel, sizes map[string]int64) {
	for _, p := range k.Params {
		if p.Kind != loopir.ArrayParam || p.Layout == nil {
			continue
		}
		h.packed[p.Name] = true
		pl, ok := newPlacing(p, sizes)
		if !ok {
			continue
		}
		a := pl.newArray(p.Type)
		eachCell(pl.logical, func(index []int64) bool {
			if off := pl.offset(index); off >= 0 {
				h.name[interp.CellName(p.Name, a.Index(int(off)))] = cellName(p.Name, index)
			}
			return true
		})
	}
}

func (h *history) at(a interp.Access) *made {
	cell := interp.CellName(a.Array, a.Cell)
	if m := h.now[cell]; m != nil {
		return m
	}
	name := cell
	if n := h.name[cell]; n != "" {
		name = n
	} else if h.packed[a.Array] {
		name = "padding " + cell
	}
	m := &made{cell: name, key: hashOf(name)}
	h.now[cell] = m
	return m
}

func (h *history) record(e *interp.Event) {
	cell := interp.CellName(e.Write.Array, e.Write.Cell)
	reads := make([]*made, len(e.Reads))
	for i, a := range e.Reads {
		reads[i] = h.at(a)
	}
	if _, isRead := e.Stmt.RHS.(*loopir.Read); isRead && e.Stmt.Op == loopir.Set && len(reads) == 1 {
		h.now[cell] = reads[0] // a copy
		return
	}
	m := &made{cell: cell, stmt: e.Stmt, iters: slices.Clone(e.Iters), reads: reads}
	if n := h.name[cell]; n != "" {
		m.cell = n
	}
	if e.Stmt.Op != loopir.Set && len(reads) > 0 {
		m.prev, m.reads = reads[len(reads)-1], reads[:len(reads)-1]
	}
	m.key = m.contribution()
	if m.prev != nil { // updates in any order are alike
		m.key += m.prev.key
	}
	h.now[cell] = m
}

// contribution identifies what m computed from what it read.
func (m *made) contribution() uint64 {
	if m.stmt == nil {
		return m.key
	}
	keys := make([]uint64, len(m.reads))
	for i, r := range m.reads {
		keys[i] = r.key
	}
	slices.Sort(keys)
	op := m.stmt.Op
	if m.prev == nil {
		op = loopir.Set
	}
	return hashOf(op, len(m.reads) == 0 && !readsIterators(m.stmt.RHS), literalText(m.stmt.RHS, len(m.reads) == 0), keys)
}

func literalText(e loopir.Expr, constant bool) string {
	if !constant || readsIterators(e) {
		return ""
	}
	return loopir.FormatExpr(e)
}

func readsIterators(e loopir.Expr) bool {
	found := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if _, ok := e.(*loopir.Var); ok {
			found = true
		}
		return !found
	})
	return found
}

// chain lists the updates that led to m, first to last, and what they started
// from. Partial sums that were added in are taken apart.
func (m *made) chain() (start *made, updates []*made) {
	for m.prev != nil {
		if len(m.reads) == 1 && m.reads[0].prev != nil && m.reads[0].stmt.Op == m.stmt.Op {
			if _, plain := m.stmt.RHS.(*loopir.Read); plain {
				_, part := m.reads[0].chain()
				slices.Reverse(part)
				updates = append(updates, part...)
				m = m.prev
				continue
			}
		}
		updates = append(updates, m)
		m = m.prev
	}
	slices.Reverse(updates)
	return m, updates
}

// explain says which instance made the difference.
func (r *referee) explain(d *difference) []string {
	old, ok1 := r.follow(r.before, d)
	now, ok2 := r.follow(r.after, d)
	if !ok1 || !ok2 {
		return nil
	}
	x := old.at(r.physical(r.before, d))
	y := now.at(r.physical(r.after, d))
	lines := explain(x, y, maxExplain)
	if n := len(lines); n > 3 { // the way from one to the other matters less than its ends
		lines = []string{lines[0], fmt.Sprintf("and so on, %d steps back", n-2), lines[n-1]}
	}
	return lines
}

// physical is the place of the differing cell in k's array.
func (r *referee) physical(k *loopir.Kernel, d *difference) interp.Access {
	pl, _ := newPlacing(k.Param(d.array), d.sizes)
	a := pl.newArray(loopir.F32)
	return interp.Access{Array: d.array, Cell: a.Index(int(pl.offset(d.cell)))}
}

const maxExplain = 64 // steps back from the differing cell

// explain compares how x and y were made and follows the first difference.
func explain(x, y *made, depth int) []string {
	if depth == 0 {
		return nil
	}
	xs, xu := x.chain()
	ys, yu := y.chain()
	gone, extra := without(xu, yu), without(yu, xu)
	switch {
	case len(gone) > 0 && len(extra) > 0:
		return pairUp(gone[0], extra, xu, yu, depth)
	case len(gone) > 0:
		return []string{fmt.Sprintf("the update %s is missing", gone[0].place(xu))}
	case len(extra) > 0:
		if slices.ContainsFunc(xu, func(m *made) bool { return m.contribution() == extra[0].contribution() }) {
			return []string{fmt.Sprintf("the update %s happens once more", extra[0].place(yu))}
		}
		return []string{fmt.Sprintf("there is a new update %s, which reads %s", extra[0].place(yu), extra[0].readText())}
	case xs.key != ys.key:
		return starts(xs, ys, depth)
	}
	return []string{"the same updates happen, in another order or with another operation"}
}

// pairUp tells how the update m changed: its likeliest counterpart is the one
// that shares most of what it reads.
func pairUp(m *made, extra, xu, yu []*made, depth int) []string {
	best, most := extra[0], -1
	for _, e := range extra {
		shared := 0
		for _, r := range m.reads {
			for _, s := range e.reads {
				if r.key == s.key {
					shared++
				}
			}
		}
		if shared > most {
			best, most = e, shared
		}
	}
	here := m.place(xu)
	for i, r := range m.reads {
		if i < len(best.reads) && best.reads[i].key != r.key {
			s := best.reads[i]
			if s.stmt == nil || r.stmt == nil {
				return []string{fmt.Sprintf("the update %s now reads %s", here, instead(s, r))}
			}
			return append([]string{fmt.Sprintf("the update %s reads %s, which differs already", here, r.name())}, explain(r, s, depth-1)...)
		}
	}
	return []string{fmt.Sprintf("the update %s is now the one %s", here, best.place(yu))}
}

// starts tells how the contents before all updates differ.
func starts(x, y *made, depth int) []string {
	switch {
	case x.stmt == nil && y.stmt == nil:
		return []string{fmt.Sprintf("it is made from %s instead of %s", y.name(), x.name())}
	case x.stmt == nil:
		return []string{fmt.Sprintf("it starts from %s, written %s, instead of %s", y.name(), y.place(nil), x.name())}
	case y.stmt == nil:
		return []string{fmt.Sprintf("it starts from %s; the assignment %s is missing", y.name(), x.place(nil))}
	}
	for i, r := range x.reads {
		if i >= len(y.reads) || y.reads[i].key == r.key {
			continue
		}
		s := y.reads[i]
		if r.stmt == nil || s.stmt == nil {
			return []string{fmt.Sprintf("the assignment %s now reads %s", x.place(nil), instead(s, r))}
		}
		return append([]string{fmt.Sprintf("the assignment %s reads %s, which differs already", x.place(nil), r.name())}, explain(r, s, depth-1)...)
	}
	return []string{fmt.Sprintf("the assignment %s is now the one %s", x.place(nil), y.place(nil))}
}

// instead tells which content stands for another; of one cell, how old each is.
func instead(now, before *made) string {
	if now.name() != before.name() {
		return now.name() + " instead of " + before.name()
	}
	return fmt.Sprintf("%s %s instead of %s", now.name(), now.age(), before.age())
}

func (m *made) age() string {
	if m.stmt == nil {
		return "as it was at the start"
	}
	return "as written " + m.place(nil)
}

// without lists the members of xs that ys lacks, as often as it lacks them.
func without(xs, ys []*made) []*made {
	have := map[uint64]int{}
	for _, y := range ys {
		have[y.contribution()]++
	}
	var out []*made
	for _, x := range xs {
		if k := x.contribution(); have[k] > 0 {
			have[k]--
		} else {
			out = append(out, x)
		}
	}
	return out
}

func (m *made) name() string { return m.cell }

func (m *made) readText() string {
	var names []string
	for _, r := range m.reads {
		names = append(names, r.name())
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// place tells the instance by the iterators that differ among its siblings, or
// outside of all loops by its text.
func (m *made) place(siblings []*made) string {
	varies := func(it interp.Iter) bool {
		for _, s := range siblings {
			for _, o := range s.iters {
				if o.Name == it.Name && o.Value != it.Value {
					return true
				}
			}
		}
		return false
	}
	text := iterText(m.iters, varies)
	if text == "()" {
		text = iterText(m.iters, nil)
	}
	text = "at " + text
	if len(m.iters) == 0 {
		text = "`" + strings.TrimSpace(loopir.FormatStmt(m.stmt)) + "`"
	}
	if m.stmt.Label != "" {
		text = m.stmt.Label + " " + text
	}
	return text
}

// iterText writes (c=1, r=0), with the iterators that keep accepts; nil takes all.
func iterText(its []interp.Iter, keep func(interp.Iter) bool) string {
	var parts []string
	for _, it := range its {
		if keep == nil || keep(it) {
			parts = append(parts, fmt.Sprintf("%s=%d", it.Name, it.Value))
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
