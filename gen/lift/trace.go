package lift

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Two lists of statements do the same if they are one sequence of events but for the order
// of events that touch no cell in common. An event is an assignment, or a loop whose
// bounds are not constant, with the conditions on numbers that it is made under; loops of
// constant bounds are written out. Events are compared by what they do, in which names of
// iterators are numbers, indices are polynomials, conditions a set (given.go), operands of
// commutative operations are in any order, and cells of locals correspond one to one
// (sameevents.go). Emitted code is mostly such a sequence: it unrolls, has lanes of one
// register in place of locals, puts conditions elsewhere, takes lanes together in one loop,
// and exchanges what is independent. So events have a normal form (settle.go): those that
// nothing comes of are left out, a loop is one loop for each group of its events that share
// cells, and conditions stand as far outside as they can.
type event struct {
	given   []given // conditions on numbers
	data    []*term // conditions on data
	reads   []access
	do      *term // the assignment, nil for a loop
	loop    *head
	body    []*event
	touched []access
	text    string // what key has told
}

// A head is a loop from 0 to below each of the bounds.
type head struct {
	iter   string
	step   poly.Poly
	bounds []poly.Poly
}

type access struct {
	array string
	local *local
	index []poly.Poly // nil: any cell
	at    string      // index, as text
	write bool
}

// A local is one declaration's, in one iteration of the loops that are written out.
type local struct {
	name  string
	typ   string
	shape string
	depth int             // of the loops around it that are not written out
	open  bool            // not all of its cells are named by constants
	used  map[string]bool // cells that a value is made from; nil: it may be any
}

// maxEvents bounds the events that are made for one proof, of either list.
const maxEvents = 4000

// longLoop is how many events a loop is written out to where all would be too many.
const longLoop = 1000

// A tracer makes the events of one of two lists.
type tracer struct {
	ctx    context.Context
	events int64 // that may still be made
	failed bool
	most   int64 // events that a loop is written out to
	whole  bool  // of terms, whose keys are looked into
	masks  bool  // a loop that is one condition on its iterator ends where that does
	locals map[string]*local
	values map[string]*computed // of scalars that are set once
	known  map[string]bool      // cells of locals that some event touches, locals of which it may be any
}

// A computed value is its term, and what that reads.
type computed struct {
	term  *term
	reads []access
}

// A stand is where a tracer is: what iterators and locals stand for, and what holds.
type stand struct {
	vars   map[string]loopir.Expr // of iterators
	names  map[string]string      // of locals
	values map[string]loopir.Expr // of scalars that are set once, to numbers
	outer  poly.Facts             // without the conditions
	conds  []given                // on numbers
	facts  poly.Facts             // with them
	data   []*term                // conditions on data
	reads  []access               // of these
	around []given                // conditions around the innermost loop that is not written out
	depth  int
}

// sameEvents tells whether the lists are one sequence of events. Loops of constant bounds are
// written out up to a number of events, those that are one mask if nothing else helps.
func (c *composer) sameEvents(a, b []loopir.Stmt, most int64, facts poly.Facts) bool {
	if mayFault(a) || mayFault(b) {
		return false
	}
	for _, masks := range []bool{true, false} {
		x, ok := eventsOf(c.ctx, a, most, masks, facts)
		if !ok || c.ctx.Err() != nil {
			continue
		}
		y, ok := eventsOf(c.ctx, b, most, masks, facts)
		if p := newPairing(); ok && p.lists(x, y) {
			return true
		}
		if !ok || !sameRanges(x, y) || !sameRanges(y, x) {
			return false // nor are they where masks are written out
		}
	}
	return false
}

func eventsOf(ctx context.Context, list []loopir.Stmt, most int64, masks bool, facts poly.Facts) ([]*event, bool) {
	t := &tracer{ctx: ctx, events: maxEvents, most: most, masks: masks, locals: map[string]*local{}, values: map[string]*computed{}, known: map[string]bool{}}
	ev := t.list(list, stand{vars: map[string]loopir.Expr{}, names: map[string]string{}, values: map[string]loopir.Expr{}, outer: facts, facts: facts})
	if t.failed {
		return nil, false
	}
	return settle(ev), true
}

// mayFault tells whether a list divides integers of data: where it does so, and under which
// conditions, is part of what it does, but not of its events.
func mayFault(list []loopir.Stmt) bool {
	found := false
	divides := func(op loopir.Op, t loopir.Type) bool {
		return (op == loopir.Div || op == loopir.Mod) && t.IsInteger()
	}
	loopir.Walk(list, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			found = found || a.Op == loopir.DivTo && a.LHS.Type.IsInteger()
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				b, ok := x.(*loopir.Binary)
				found = found || ok && divides(b.Op, b.Type)
				return !found
			})
		}
		return !found
	})
	return found
}

// writtenOut is how many events a list has, about, and most if there are more.
func writtenOut(list []loopir.Stmt, most int64) int64 {
	n := int64(0)
	for _, s := range list {
		k := int64(0)
		if _, ok := s.(*loopir.Assign); ok {
			k = 1
		}
		for _, b := range loopir.Bodies(s) {
			k += writtenOut(*b, most)
		}
		if f, ok := s.(*loopir.For); ok {
			trips, isConst := poly.Must(f.Hi).Sub(poly.Must(f.Lo)).Const()
			if isConst && trips.IsInt64() && trips.Sign() > 0 {
				k *= min(trips.Int64(), most)
			}
		}
		if n += k; n >= most {
			return most
		}
	}
	return n
}

func (t *tracer) list(list []loopir.Stmt, at stand) []*event {
	var out []*event
	at.names, at.values = copyMap(at.names), copyMap(at.values)
	for i, s := range list {
		if t.failed = t.failed || t.ctx.Err() != nil; t.failed {
			return nil
		}
		switch s := s.(type) {
		case *loopir.Prefetch:
		case *loopir.Local:
			out = append(out, t.local(s, list[i+1:], at)...)
		case *loopir.Assign:
			out = append(out, t.assign(s.LHS, combined(s), at)...)
		case *loopir.If:
			out = append(out, t.branch(s, at)...)
		case *loopir.For:
			out = append(out, t.loop(s, at)...)
		default:
			t.failed = true
		}
	}
	return out
}

// local names a local. A scalar that is set once, to what does not change as long as it is
// used, is its value.
func (t *tracer) local(s *loopir.Local, rest []loopir.Stmt, at stand) []*event {
	name := fmt.Sprintf("#%d", len(t.locals)+len(t.values))
	if s.Init != nil && setOnce(s, rest) {
		init := t.place(s.Init, at)
		if !hasReads(init) || choiceByNumbers(init) != nil {
			at.values[s.Name] = init
			return nil
		}
		t.values[name] = &computed{t.term(init, at.facts), t.accessesOf(init, at.facts)}
		at.names[s.Name] = name
		delete(at.values, s.Name)
		return nil
	}
	l := &local{name: name, typ: s.Type.String(), depth: at.depth}
	for _, e := range s.Shape {
		l.shape += "[" + at.facts.Reduce(poly.Must(t.place(e, at))).String() + "]"
	}
	if len(s.Shape) == 1 {
		l.used = usedCells(s.Name, rest)
	}
	t.locals[l.name] = l
	at.names[s.Name] = l.name
	delete(at.values, s.Name)
	if s.Init != nil {
		return t.assign(&loopir.Read{Name: s.Name, Type: s.Type}, s.Init, at)
	}
	return nil
}

// setOnce tells whether what follows sets neither a scalar nor anything that it was
// made from.
func setOnce(s *loopir.Local, rest []loopir.Stmt) bool {
	ok := true
	loopir.Walk(rest, func(x loopir.Stmt) bool {
		switch x := x.(type) {
		case *loopir.Assign:
			ok = ok && x.LHS.Name != s.Name && !readsName(s.Init, x.LHS.Name)
		case *loopir.Local:
			ok = ok && x.Name != s.Name && !readsName(s.Init, x.Name)
		}
		return ok
	})
	return ok
}

// place puts into e what names stand for.
func (t *tracer) place(e loopir.Expr, at stand) loopir.Expr {
	e = loopir.Subst(e, at.vars)
	return rebuild(e, func(x loopir.Expr) loopir.Expr {
		r, ok := x.(*loopir.Read)
		if !ok {
			return nil
		}
		if v := at.values[r.Name]; v != nil {
			return v
		}
		if n := at.names[r.Name]; n != "" {
			c := *r
			c.Name, c.Index = n, nil
			for _, i := range r.Index {
				c.Index = append(c.Index, t.place(i, at))
			}
			return &c
		}
		return nil
	})
}

func (t *tracer) assign(lhs *loopir.Read, rhs loopir.Expr, at stand) []*event {
	cell := t.place(lhs, stand{vars: at.vars, names: at.names}).(*loopir.Read)
	if l := t.locals[cell.Name]; l != nil && l.used != nil && len(cell.Index) == 1 {
		if p := poly.Must(cell.Index[0]); !l.used[p.String()] {
			if _, ok := p.Const(); ok {
				return nil
			}
		}
	}
	return t.set(cell, t.place(rhs, at), at)
}

// set is the event of an assignment; of one that chooses by numbers, one for each case.
func (t *tracer) set(cell *loopir.Read, value loopir.Expr, at stand) []*event {
	if s := choiceByNumbers(value); s != nil && !t.failed {
		text := loopir.FormatExpr(s)
		arm := func(i int) func(stand) []*event {
			v := loopir.MapExpr(value, func(e loopir.Expr) loopir.Expr {
				if x, ok := e.(*loopir.Intrinsic); ok && x.Name == "select" && loopir.FormatExpr(x) == text {
					return x.Args[i]
				}
				return e
			})
			return func(in stand) []*event { return t.set(cell, v, in) }
		}
		return t.cases(s.Args[0], arm(1), arm(2), at)
	}
	if t.events--; t.events < 0 {
		t.failed = true
	}
	e := &event{given: at.conds, data: at.data, reads: at.reads}
	e.do = &term{head: "set", args: []*term{t.term(cell, at.facts), t.term(value, at.facts)}}
	e.touched = append(t.accessesOf(value, at.facts), at.reads...)
	for _, i := range cell.Index {
		e.touched = append(e.touched, t.accessesOf(i, at.facts)...)
	}
	w := t.accessOf(cell, at.facts)
	w.write = true
	e.touched = append(e.touched, w) // the last one
	if t.first(w) && w.local.depth == at.depth && len(at.data) == 0 && !hasReads(value) {
		e.given = at.around
	}
	t.note(e.touched)
	return []*event{e}
}

// first tells whether w is the first event on a cell of a local, whose conditions make no
// difference where it sets a constant: the cell is not looked at where they do not hold,
// since neither program reads what it has not written.
func (t *tracer) first(w access) bool {
	if w.local == nil {
		return false
	}
	name, _, ok := w.cell()
	return ok && !t.known[w.array] && !t.known[w.array+" cell"+name]
}

func (t *tracer) note(touched []access) {
	for _, x := range touched {
		if x.local == nil {
			continue
		}
		if name, _, ok := x.cell(); ok {
			t.known[x.array+" cell"+name] = true
		} else {
			t.known[x.array] = true
		}
	}
}

// choiceByNumbers finds a select in e whose condition is on numbers alone, or nil.
func choiceByNumbers(e loopir.Expr) *loopir.Intrinsic {
	var found *loopir.Intrinsic
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if s, ok := e.(*loopir.Intrinsic); ok && found == nil && s.Name == "select" && !hasReads(s.Args[0]) {
			found = s
		}
		return found == nil
	})
	return found
}

// cases are the events of a choice by numbers: each way in which the condition comes about
// has its own, the first first.
func (t *tracer) cases(cond loopir.Expr, yes, no func(stand) []*event, at stand) []*event {
	switch c := cond.(type) {
	case *loopir.Unary:
		if c.Op == loopir.Not {
			return t.cases(c.X, no, yes, at)
		}
	case *loopir.Binary:
		switch c.Op {
		case loopir.And:
			return t.cases(c.X, func(in stand) []*event { return t.cases(c.Y, yes, no, in) }, no, at)
		case loopir.Or:
			return t.cases(c.X, yes, func(in stand) []*event { return t.cases(c.Y, yes, no, in) }, at)
		}
	}
	_, truth := poly.SimplifyCond(cond, at.facts)
	var out []*event
	if yes != nil && truth != poly.False {
		out = yes(at.assuming(cond, truth))
	}
	if no != nil && truth != poly.True {
		out = append(out, no(at.assuming(&loopir.Unary{Op: loopir.Not, X: cond, Type: loopir.Bool}, truth))...)
	}
	return out
}

func (t *tracer) branch(s *loopir.If, at stand) []*event {
	cond := t.place(s.Cond, at)
	if !hasReads(cond) {
		side := func(body []loopir.Stmt) func(stand) []*event {
			if len(body) == 0 {
				return nil
			}
			return func(in stand) []*event { return t.list(body, in) }
		}
		return t.cases(cond, side(s.Then), side(s.Else), at)
	}
	then, ok1 := t.under(cond, s.Then, at)
	var orElse stand
	ok2 := true
	if len(s.Else) > 0 {
		orElse, ok2 = t.under(&loopir.Unary{Op: loopir.Not, X: cond, Type: loopir.Bool}, s.Else, at)
	}
	if !ok1 || !ok2 {
		t.failed = true
		return nil
	}
	var out []*event
	if then.vars != nil {
		out = t.list(s.Then, then)
	}
	if orElse.vars != nil {
		out = append(out, t.list(s.Else, orElse)...)
	}
	return out
}

// under is where body is; its vars are nil if the condition never holds. A condition on data
// must not be on what the body changes.
func (t *tracer) under(cond loopir.Expr, body []loopir.Stmt, at stand) (stand, bool) {
	for _, c := range conjuncts(cond) {
		if hasReads(c) {
			reads := t.accessesOf(c, at.facts)
			loopir.Walk(body, func(s loopir.Stmt) bool {
				if a, ok := s.(*loopir.Assign); ok {
					name := a.LHS.Name
					if n := at.names[name]; n != "" {
						name = n
					}
					t.failed = t.failed || slices.ContainsFunc(reads, func(x access) bool { return x.array == name })
				}
				return true
			})
			at.data = append(at.data[:len(at.data):len(at.data)], t.term(c, at.facts))
			at.reads = append(at.reads[:len(at.reads):len(at.reads)], reads...)
			continue
		}
		_, truth := poly.SimplifyCond(c, at.facts)
		if truth == poly.False {
			return stand{}, !t.failed
		}
		at = at.assuming(c, truth)
	}
	return at, !t.failed
}

// assuming is at where c holds, too, which at decides or leaves open.
func (at stand) assuming(c loopir.Expr, truth poly.Truth) stand {
	if truth == poly.Open {
		at.conds = assume(at.conds, c, at.outer)
		at.facts = at.facts.Assume(c)
	}
	return at
}

func (t *tracer) accessOf(r *loopir.Read, facts poly.Facts) access {
	a := access{array: r.Name, local: t.locals[r.Name], index: []poly.Poly{}}
	for _, i := range r.Index {
		p, err := poly.FromExpr(i)
		if err != nil {
			a.index = nil
			break
		}
		a.index = append(a.index, facts.Reduce(p))
	}
	a.at = atText(a.index)
	if a.local != nil {
		_, _, fixed := a.cell()
		a.local.open = a.local.open || !fixed
	}
	return a
}

func atText(index []poly.Poly) string {
	if index == nil {
		return " any"
	}
	var b strings.Builder
	for _, p := range index {
		b.WriteByte(' ')
		b.WriteString(p.String())
	}
	return b.String()
}

func (t *tracer) accessesOf(e loopir.Expr, facts poly.Facts) []access {
	var out []access
	seen := map[string]bool{} // a large value reads a cell often
	loopir.WalkExpr(e, func(x loopir.Expr) bool {
		if r, ok := x.(*loopir.Read); ok {
			if text := loopir.FormatExpr(r); !seen[text] {
				seen[text] = true
				if v := t.values[r.Name]; v != nil {
					out = append(out, v.reads...)
				} else {
					out = append(out, t.accessOf(r, facts))
				}
			}
		}
		return true
	})
	return distinct(out)
}
