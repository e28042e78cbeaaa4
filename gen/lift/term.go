package lift

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A term is an expression such that what means the same often is the same. A cell of a local
// has no name in its key: which cells correspond is found out by comparing (sameevents.go).
type term struct {
	head  string
	args  []*term
	free  int // how many of the first ones may be in any order
	local *local
	text  string // what key has told
	bound bool   // there are locals in it
	reads bool   // there are cells in it
	whole bool   // its key is told as it is, however long
}

// longKey is how long a key is told as it is; a longer one is its hash.
const longKey = 200

// term makes a term of an expression.
func (t *tracer) term(e loopir.Expr, facts poly.Facts) *term {
	return t.termWith(e, facts, map[string]*term{})
}

// termWith makes a term of what may hold the same index many times, where a function is
// written out; those met are kept by their text.
func (t *tracer) termWith(e loopir.Expr, facts poly.Facts, met map[string]*term) *term {
	if e.TypeOf() == loopir.Index {
		text := loopir.FormatExpr(e)
		if x := met[text]; x != nil {
			return x
		}
		if p, err := poly.FromExpr(e); err == nil {
			met[text] = &term{head: facts.Reduce(p).String()}
			return met[text]
		}
	}
	e = direct(e)
	if r, ok := e.(*loopir.Read); ok && t.values[r.Name] != nil {
		return t.values[r.Name].term
	}
	if v, ok := literal(e); ok {
		return &term{head: fmt.Sprintf("%s(%x)", e.TypeOf(), math.Float64bits(v))}
	}
	out := &term{whole: t.whole}
	for _, x := range loopir.Children(e) {
		out.args = append(out.args, t.termWith(x, facts, met))
	}
	switch e := e.(type) {
	case *loopir.Binary:
		out.head = e.Op.String()
		if m, ok := mirrored[e.Op]; ok && e.Op != loopir.Lt && e.Op != loopir.Le {
			out.head = m.String()
			slices.Reverse(out.args)
		}
		if e.Op == loopir.Add || e.Op == loopir.Mul || e.Op == loopir.Eq || e.Op == loopir.Ne {
			out.free = 2
		}
	case *loopir.Unary:
		out.head = e.Op.String()
	case *loopir.Intrinsic:
		out.head = e.Name
		switch e.Name {
		case "fma":
			out.free = 2
		case "min", "max", "and", "or", "xor":
			out.free = len(out.args)
		}
	case *loopir.Cast:
		out.head = "to " + e.To.String()
	case *loopir.Read:
		out.head, out.local = cellHead+e.Name, t.locals[e.Name]
	default:
		out.head = fmt.Sprintf("%T %s %s", e, e.TypeOf(), loopir.FormatExpr(e))
	}
	out.binds()
	return out
}

// flatten makes max(max(x, y), z) max(x, y, z), and its like: an extremum is the same however
// its operands are grouped, NaN and signed zeros included.
func (t *term) flatten() {
	if t.head != "min" && t.head != "max" {
		return
	}
	var args []*term
	for _, a := range t.args {
		if a.head == t.head {
			args = append(args, a.args...)
		} else {
			args = append(args, a)
		}
	}
	t.args, t.free = args, len(args)
}

// binds notes what is in a term.
func (t *term) binds() {
	t.flatten()
	t.bound, t.reads = t.local != nil, strings.HasPrefix(t.head, cellHead)
	for _, a := range t.args {
		t.bound, t.reads = t.bound || a.bound, t.reads || a.reads
	}
}

// cell names the cell of an array or of a local that a term is a read of, if its index tells
// it, as access does.
func (t *term) cell() (string, bool) {
	name, ok := strings.CutPrefix(t.head, cellHead)
	if t.local != nil {
		name, ok = t.local.name, ok && !t.local.open
	}
	for _, a := range t.args {
		ok = ok && len(a.args) == 0
		name += " " + a.head
	}
	return name, ok
}

// cellHead is how the head of a read begins.
const cellHead = "cell "

// plain is the text of a condition on numbers.
func plain(e loopir.Expr, facts poly.Facts) string {
	t := tracer{whole: true}
	x := t.term(e, facts)
	return x.key()
}

// key is equal for terms that may be the same. It is asked for when all events are made.
func (t *term) key() string {
	if t.text != "" {
		return t.text
	}
	args := t.args
	if t.local != nil {
		t.head = "local " + t.local.typ
		if t.local.open {
			t.head += t.local.shape
		} else {
			args = nil
		}
	}
	keys := make([]string, len(args))
	for i, a := range args {
		keys[i] = a.key()
	}
	if t.free > 0 {
		t.args = slices.Clone(args)
		slices.SortStableFunc(t.args[:t.free], func(a, b *term) int { return strings.Compare(a.text, b.text) })
		slices.Sort(keys[:t.free])
	}
	t.text = t.head + "(" + strings.Join(keys, ", ") + ")"
	if len(t.text) > longKey && !t.whole { // of each node of a large value, it would fill the memory
		sum := sha256.Sum256([]byte(t.text))
		t.text = string(sum[:])
	}
	return t.text
}

// name is the cell's that a read of a local is of, or the array's.
func (t *term) name() string {
	if t.local.open {
		return t.local.name
	}
	out := t.local.name
	for _, a := range t.args {
		out += " " + a.head
	}
	return out
}
