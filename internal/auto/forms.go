package auto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A form is what is done with one loop and those around and in it.
type form struct {
	what      string
	about     []string // the loops that it cuts, by their iterators
	assume    []string // sizes that have a value
	steps     []string
	vectorize []string
	unroll    []string
	outer     map[string]string // what a loop's blocks are called that now stand in its place
}

// A builder makes the forms of one kernel.
type builder struct {
	kernel  *loopir.Kernel
	updates []*update
	request Request
	taken   map[string]bool // names of the kernel
}

func newBuilder(k *loopir.Kernel, r Request) *builder {
	k = k.Clone()
	k.InlineLets()
	b := &builder{kernel: k, updates: updates(k.Body), request: r, taken: map[string]bool{}}
	for _, p := range k.Params {
		b.taken[p.Name] = true
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.For:
			b.taken[s.Iter] = true
		case *loopir.Local:
			b.taken[s.Name] = true
		}
		return true
	})
	return b
}

// name is one that the kernel does not have.
func (b *builder) name(text string) string {
	for b.taken[text] {
		text += "x"
	}
	return text
}

// in are the updates in loops called iter.
func (b *builder) in(iter string) []*update {
	var out []*update
	for _, u := range b.updates {
		if u.depth(iter) >= 0 {
			out = append(out, u)
		}
	}
	return out
}

// lanes is how many elements of the widest type that is updated a vector has.
func (b *builder) lanes(list []*update) int64 {
	widest := int64(1)
	for _, u := range list {
		widest = max(widest, int64(u.stmt.LHS.Type.Bits())/8)
	}
	return b.request.Machine.Bytes / widest
}

// masks tells whether the target has them.
func (b *builder) masks() bool { return b.request.Machine.ISA != "neon" }

// forms are what can be done for one update.
func (b *builder) forms(u *update) []*form {
	var out []*form
	for at := len(u.loops) - 1; at >= 0; at-- {
		x := u.loops[at]
		out = append(out, b.tiles(u, x)...)
		out = append(out, b.elementwise(x)...)
		out = append(out, b.partialSums(x)...)
		if at > 0 {
			out = append(out, b.timeTiles(u, u.loops[at-1], x)...)
		}
	}
	return out
}

// sideBySide tells whether the cells that updates in loop x write lie side by side, or are the iteration's own, and
// which sizes have to be 1 so that those that are read do. It wants each to be near, if near is set.
func (b *builder) sideBySide(list []*update, x string, near bool) (assume []string, ok bool) {
	for _, u := range list {
		if to, _ := stepOf(u.stmt.LHS, x, nil); to != unit && !u.private(x) {
			return nil, false
		}
		for _, r := range u.reads() {
			s, factor := stepOf(r, x, b.request.Sizes)
			if s == far && near {
				return nil, false
			}
			if factor != "" && !slices.Contains(assume, factor+" == 1") {
				assume = append(assume, factor+" == 1")
			}
		}
	}
	return assume, len(list) > 0
}

// elementwise makes the iterations of a loop lanes; what is in them stays as it is, or moves out of the
// lanes with its cells in registers.
func (b *builder) elementwise(x *loopir.For) []*form {
	list := b.in(x.Iter)
	assume, ok := b.sideBySide(list, x.Iter, false)
	if !ok {
		return nil
	}
	v := b.lanes(list)
	blocks := b.name(x.Iter + "b")
	f := form{what: "lanes " + x.Iter, about: []string{x.Iter}, assume: assume, outer: map[string]string{x.Iter: blocks}}
	cut := func(f form) form {
		if b.masks() {
			f.steps = append(slices.Clone(f.steps), fmt.Sprintf("block %s by %d into %s, %s tail mask", x.Iter, v, blocks, x.Iter))
		} else {
			f.steps = append(slices.Clone(f.steps), fmt.Sprintf("block %s by %d into %s, %s tail peel into %s, %s", x.Iter, v, blocks, x.Iter, b.name(x.Iter+"t"), b.name(x.Iter+"1")))
			f.vectorize = []string{x.Iter}
		}
		return f
	}
	plain := cut(f)
	out := []*form{&plain}
	if list[0].depth(x.Iter) == 0 { // pieces for goroutines
		pieces := b.name(x.Iter + "p")
		big := f
		big.what = "pieces of lanes " + x.Iter
		big.steps = []string{fmt.Sprintf("block %s by %d into %s, %s tail min", x.Iter, 256*v, pieces, x.Iter)}
		big = cut(big)
		big.outer = map[string]string{x.Iter: pieces}
		out = append(out, &big)
	}
	if inner := b.loopsIn(x); len(inner) > 0 {
		moved := plain
		moved.what += ", loops in them moved out"
		moved.about = append(slices.Clone(moved.about), slices.Concat(inner...)...)
		for _, name := range b.scalarsIn(x) {
			moved.steps = append(moved.steps, fmt.Sprintf("expand %s by %s in registers", name, x.Iter))
		}
		for _, chain := range inner {
			moved.steps = append(moved.steps, fmt.Sprintf("reorder %s, %s", strings.Join(chain, ", "), x.Iter))
		}
		for _, name := range b.accumulated(list, x.Iter) {
			moved.steps = append(moved.steps, fmt.Sprintf("stage %s in registers at %s as %s", name, blocks, b.name(name+"_"+x.Iter)))
		}
		out = append(out, &moved)
		if short := b.short(inner, 32); short != nil {
			written := moved
			written.what += " and written out"
			written.unroll = short
			out = append(out, &written)
		}
	}
	return out
}

// loopsIn are the chains of loops in a loop.
func (b *builder) loopsIn(x *loopir.For) [][]string {
	var out [][]string
	for _, u := range b.in(x.Iter) {
		var chain []string
		for _, l := range u.loops[u.depth(x.Iter)+1:] {
			chain = append(chain, l.Iter)
		}
		if len(chain) > 0 && !slices.ContainsFunc(out, func(c []string) bool { return slices.Equal(c, chain) }) {
			out = append(out, chain)
		}
	}
	return out
}

// short are the loops of all chains if each chain runs a small number of times.
func (b *builder) short(chains [][]string, most int64) []string {
	var out []string
	for _, chain := range chains {
		n := int64(1)
		for _, iter := range chain {
			n *= b.constantTrips(iter)
			if !slices.Contains(out, iter) {
				out = append(out, iter)
			}
		}
		if n == 0 || n > most {
			return nil
		}
	}
	return out
}

// constantTrips is how often loops called iter run, 0 if that depends on sizes.
func (b *builder) constantTrips(iter string) int64 {
	for _, u := range b.updates {
		if at := u.depth(iter); at >= 0 {
			return trips(u.loops[at], nil)
		}
	}
	return 0
}

// scalarsIn are the scalars that are declared in a loop and updated in loops there.
func (b *builder) scalarsIn(x *loopir.For) []string {
	var out []string
	for _, u := range b.in(x.Iter) {
		if name := u.stmt.LHS.Name; u.private(x.Iter) && len(u.stmt.LHS.Index) == 0 && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// accumulated are the arrays, declared outside of loop x, whose cells a loop in x updates again and again.
func (b *builder) accumulated(list []*update, x string) []string {
	var out []string
	for _, u := range list {
		name := u.stmt.LHS.Name
		inner := u.loops[u.depth(x)+1:]
		if !u.private(x) && slices.ContainsFunc(inner, func(l *loopir.For) bool { return u.reduces(l.Iter) }) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// maxVectors is how many vectors side by side a tile has at most.
const maxVectors = 4

// partialSums has each lane sum up a part of what the iterations of a loop add to a cell, or several
// vectors of lanes, as one addition has to wait for the one before.
func (b *builder) partialSums(x *loopir.For) []*form {
	list := b.in(x.Iter)
	if b.request.Exact {
		return nil
	}
	for _, u := range list {
		if !u.reduces(x.Iter) || u.private(x.Iter) || u.loops[len(u.loops)-1].Iter != x.Iter {
			return nil
		}
		beside := false
		for _, r := range u.reads() {
			s, _ := stepOf(r, x.Iter, nil)
			if s == far {
				return nil
			}
			beside = beside || s == unit
		}
		if !beside {
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	v := b.lanes(list)
	lane := x.Iter
	blocks, vector, rest, rest1 := b.name(lane+"b"), b.name(lane+"v"), b.name(lane+"t"), b.name(lane+"1")
	var out []*form
	for _, vectors := range []int64{4, 2, 1} {
		if n := trips(x, b.request.Sizes); vectors > 1 && n > 0 && n < v*vectors {
			continue
		}
		f := &form{what: fmt.Sprintf("partial sums over %s, %s", lane, plural(vectors, "vector")), about: []string{lane}, vectorize: []string{lane}}
		add := func(format string, args ...any) { f.steps = append(f.steps, fmt.Sprintf(format, args...)) }
		guard := b.masks() && loopir.FormatExpr(x.Lo) == "0"
		tail := fmt.Sprintf("peel into %s, %s", rest, rest1)
		if guard {
			tail = "guard"
		}
		add("block %s by %d into %s, %s tail %s", lane, v*vectors, blocks, lane, tail)
		if vectors > 1 {
			add("block %s by %d into %s, %s", lane, v, vector, lane)
			f.unroll = []string{vector}
		}
		seen := map[string]bool{}
		for _, u := range list {
			name := u.stmt.Label
			if name == "" {
				name = u.stmt.LHS.Name
			}
			if seen[name] {
				continue
			}
			seen[name] = true
			add("rfactor %s over %s into %s in registers", name, lane, b.name(u.stmt.LHS.Name+"_"+lane))
			if vectors > 1 {
				add("rfactor %s over %s into %s in registers", name, vector, b.name(u.stmt.LHS.Name+"_"+vector))
			}
		}
		if guard {
			add("split %s at %s", blocks, loopir.FormatExpr(loopir.Bin(loopir.Div, x.Hi, loopir.NewInt(v*vectors))))
			add("simplify")
		}
		out = append(out, f)
	}
	return out
}

// Sizes of a tile of time: steps, and points, which a first-level cache holds several times.
const (
	timeSteps  = 16
	timePoints = 256
)
