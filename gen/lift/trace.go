package lift

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Two lists of statements do the same if they are one sequence of events but for the order
// of events that touch no cell in common. An event is an assignment, or a loop whose
// bounds are not constant, with the conditions on numbers that it is made under; loops of
// constant bounds are written out. Events are compared by their text, in which names of
// iterators and locals are numbers, indices are polynomials, conditions a set, and
// operands of commutative operations are in order. Emitted code is mostly such a
// sequence: it unrolls, puts conditions elsewhere, and exchanges what is independent.
type event struct {
	text     string // of a loop: its head
	body     []event
	accesses []access
}

type access struct {
	array string
	index []poly.Poly // nil: any cell
	write bool
}

// maxEvents bounds the events that are made for one proof, of either list.
const maxEvents = 4000

// A tracer makes the events of one of two lists.
type tracer struct {
	events int64 // that may still be made
	failed bool
	locals map[string]int // how many there are, by type and shape
}

// A stand is where a tracer is: what iterators and locals stand for, and what holds.
type stand struct {
	vars   map[string]loopir.Expr // of iterators
	names  map[string]string      // of locals
	values map[string]loopir.Expr // of scalars that are set once
	outer  poly.Facts             // without the conditions
	conds  []loopir.Expr          // on numbers
	facts  poly.Facts             // with them
	data   []string               // conditions on data
	reads  []access               // of these
	depth  int
}

// traced tells whether the lists are one sequence of events.
func (c *composer) traced(a, b []loopir.Stmt, facts poly.Facts) bool {
	trace := func(list []loopir.Stmt) ([]event, bool) {
		t := &tracer{events: c.events, locals: map[string]int{}}
		ev := t.list(list, stand{vars: map[string]loopir.Expr{}, names: map[string]string{}, values: map[string]loopir.Expr{}, outer: facts, facts: facts})
		return ev, !t.failed
	}
	n := max(writtenOut(a, c.events+1), writtenOut(b, c.events+1))
	if n > c.events || mayFault(a) || mayFault(b) {
		return false
	}
	x, ok := trace(a)
	c.events -= n
	if !ok || c.ctx.Err() != nil {
		return false
	}
	y, ok := trace(b)
	return ok && sameEvents(x, y)
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

// sameEvents takes the events of b one by one: each is the first of a's left that reads
// alike, and changes places with those before it that are left.
func sameEvents(a, b []event) bool {
	if len(a) != len(b) {
		return false
	}
	left := make([]bool, len(a))
	first := 0
	for _, e := range b {
		for first < len(a) && left[first] {
			first++
		}
		found := false
		for i := first; i < len(a) && !found; i++ {
			switch {
			case left[i]:
			case a[i].text == e.text && sameEvents(a[i].body, e.body):
				left[i], found = true, true
			case !commute(a[i], e):
				return false
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// commute tells whether no cell is touched by both, and written.
func commute(e, f event) bool {
	for _, x := range e.accesses {
		for _, y := range f.accesses {
			if x.array == y.array && (x.write || y.write) && !apart(x, y) {
				return false
			}
		}
	}
	return true
}

func apart(x, y access) bool {
	if x.index == nil || y.index == nil {
		return false
	}
	for i := range x.index {
		if d, ok := x.index[i].Sub(y.index[i]).Const(); ok && d.Sign() != 0 {
			return true
		}
	}
	return false
}

func (t *tracer) list(list []loopir.Stmt, at stand) []event {
	var out []event
	at.names, at.values = copyMap(at.names), copyMap(at.values)
	for i, s := range list {
		if t.failed {
			return nil
		}
		switch s := s.(type) {
		case *loopir.Prefetch:
		case *loopir.Local:
			out = append(out, t.local(s, list[i+1:], at)...)
		case *loopir.Assign:
			out = append(out, t.assign(s.LHS, combined(s), at))
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
func (t *tracer) local(s *loopir.Local, rest []loopir.Stmt, at stand) []event {
	if s.Init != nil && setOnce(s, rest) {
		at.values[s.Name] = t.place(s.Init, at)
		return nil
	}
	key := s.Type.String()
	for _, e := range s.Shape {
		key += "[" + at.facts.Reduce(poly.Must(t.place(e, at))).String() + "]"
	}
	t.locals[key]++
	at.names[s.Name] = fmt.Sprintf("%s#%d", key, t.locals[key])
	delete(at.values, s.Name)
	if s.Init != nil {
		return []event{t.assign(&loopir.Read{Name: s.Name, Type: s.Type}, s.Init, at)}
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

func (t *tracer) assign(lhs *loopir.Read, rhs loopir.Expr, at stand) event {
	if t.events--; t.events < 0 {
		t.failed = true
	}
	facts := at.facts
	cell, value := t.place(lhs, stand{vars: at.vars, names: at.names}).(*loopir.Read), t.place(rhs, at)
	e := event{text: t.given(at) + text(cell, facts) + " = " + text(value, facts)}
	e.accesses = append(accessesOf(value, facts), at.reads...)
	w := accessOf(cell, facts)
	w.write = true
	e.accesses = append(e.accesses, w)
	for _, i := range cell.Index {
		e.accesses = append(e.accesses, accessesOf(i, facts)...)
	}
	return e
}

// given is the text of the conditions around an event.
func (t *tracer) given(at stand) string {
	set := map[string]bool{}
	for _, c := range at.conds {
		set[condition(c, at.outer)] = true
	}
	for _, d := range at.data {
		set[d] = true
	}
	var out []string
	for c := range set {
		out = append(out, c)
	}
	sort.Strings(out)
	return "if " + strings.Join(out, " && ") + ": "
}

func (t *tracer) branch(s *loopir.If, at stand) []event {
	cond := t.place(s.Cond, at)
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
	var out []event
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
			loopir.Walk(body, func(s loopir.Stmt) bool {
				if a, ok := s.(*loopir.Assign); ok {
					name := a.LHS.Name
					if n := at.names[name]; n != "" {
						name = n
					}
					t.failed = t.failed || readsName(c, name)
				}
				return true
			})
			at.data = append(at.data[:len(at.data):len(at.data)], text(c, at.facts))
			at.reads = append(at.reads[:len(at.reads):len(at.reads)], accessesOf(c, at.facts)...)
			continue
		}
		switch _, truth := poly.SimplifyCond(c, at.facts); truth {
		case poly.False:
			return stand{}, !t.failed
		case poly.Open:
			at.conds = append(at.conds[:len(at.conds):len(at.conds)], c)
			at.facts = at.facts.Assume(c)
		}
	}
	return at, !t.failed
}

// conjuncts takes a condition apart into comparisons as far as it can.
func conjuncts(c loopir.Expr) []loopir.Expr {
	switch x := c.(type) {
	case *loopir.Binary:
		if x.Op == loopir.And {
			return append(conjuncts(x.X), conjuncts(x.Y)...)
		}
		if l, ok := x.X.(*loopir.Intrinsic); ok && l.Name == "min" && l.Type == loopir.Index && (x.Op == loopir.Gt || x.Op == loopir.Ge) {
			var out []loopir.Expr
			for _, a := range l.Args {
				out = append(out, conjuncts(loopir.Bin(x.Op, a, x.Y))...)
			}
			return out
		}
	case *loopir.Unary:
		if x.Op != loopir.Not {
			break
		}
		switch y := x.X.(type) {
		case *loopir.Unary:
			if y.Op == loopir.Not {
				return conjuncts(y.X)
			}
		case *loopir.Binary:
			if y.Op == loopir.Or {
				no := func(e loopir.Expr) []loopir.Expr {
					return conjuncts(&loopir.Unary{Op: loopir.Not, X: e, Type: loopir.Bool})
				}
				return append(no(y.X), no(y.Y)...)
			}
			if y.X.TypeOf() == loopir.Index && y.Op != loopir.And {
				return []loopir.Expr{negated(y)}
			}
		}
	}
	return []loopir.Expr{c}
}

// loop writes out a loop of constant bounds. Others are events that count from 0; upper
// bounds of the iterator among the conditions in it become bounds of the loop.
func (t *tracer) loop(s *loopir.For, at stand) []event {
	if len(s.Reduce) > 0 {
		t.failed = true
		return nil
	}
	lo, hi, step := poly.Must(t.place(s.Lo, at)), poly.Must(t.place(s.Hi, at)), poly.Must(t.place(stepOf(s), at))
	trips, body := hi.Sub(lo), s.Body
	iter := fmt.Sprintf("#%d", at.depth)
	at.vars, at.depth = copyMap(at.vars), at.depth+1
	at.vars[s.Iter] = poly.Var(iter).Add(lo).Expr()
	one := step.Equal(poly.Int(1))
	if f, ok := single(body); ok && one {
		trips, body = t.narrowed(trips, f, iter, at)
	}
	if n, ok := at.facts.Reduce(trips).Const(); ok && one {
		var out []event
		for i := int64(0); n.IsInt64() && i < n.Int64() && !t.failed; i++ {
			at.vars[s.Iter] = lo.Add(poly.Int(i)).Expr()
			out = append(out, t.list(body, at)...)
		}
		t.failed = t.failed || !n.IsInt64()
		return out
	}
	return t.counted(trips, step, iter, body, at)
}

// counted is the event of a loop. Conditions that hold when it runs at all are none of it.
func (t *tracer) counted(trips, step poly.Poly, iter string, body []loopir.Stmt, at stand) []event {
	f := &loopir.For{Iter: iter, Lo: loopir.NewInt(0), Hi: at.outer.Reduce(trips).Expr(), Step: step.Expr()}
	runs := at.outer.Enter(f)
	var conds []loopir.Expr
	for _, c := range at.conds {
		if !runs.Holds(c) {
			conds = append(conds, c)
		}
	}
	at.conds, at.facts = conds, at.outer
	for _, c := range conds {
		at.facts = at.facts.Assume(c)
	}
	facts := at.facts
	e := event{text: fmt.Sprintf("%sfor %s below %s by %s", t.given(at), iter, facts.Reduce(trips), facts.Reduce(step))}
	in := at
	in.outer, in.conds, in.data, in.reads = facts.Enter(f), nil, nil, nil
	in.facts = in.outer
	e.body = t.list(body, in)
	if len(e.body) == 0 {
		return nil
	}
	all := append([]access(nil), at.reads...)
	for _, b := range e.body {
		all = append(all, b.accesses...)
	}
	seen := map[string]bool{} // any cell of these arrays
	for _, x := range all {
		if k := fmt.Sprint(x.array, x.write); !seen[k] {
			seen[k] = true
			e.accesses = append(e.accesses, access{array: x.array, write: x.write})
		}
	}
	return []event{e}
}

func single(body []loopir.Stmt) (*loopir.If, bool) {
	if len(body) != 1 {
		return nil, false
	}
	f, ok := body[0].(*loopir.If)
	return f, ok && len(f.Else) == 0
}

// narrowed makes the conditions iter < e of an if that is all of a loop's body bounds of
// the loop.
func (t *tracer) narrowed(trips poly.Poly, f *loopir.If, iter string, at stand) (poly.Poly, []loopir.Stmt) {
	var rest []loopir.Expr
	hi := []loopir.Expr{trips.Expr()}
	for _, c := range conjuncts(t.place(f.Cond, at)) {
		p, ok := atLeastZero(c)
		k, other, linear := p.Coeff(iter)
		if n, isConst := k.Const(); ok && linear && isConst && n.IsInt64() && n.Int64() == -1 {
			hi = append(hi, other.Add(poly.Int(1)).Expr())
			continue
		}
		rest = append(rest, c)
	}
	if len(rest) > 0 || len(hi) == 1 {
		return trips, []loopir.Stmt{f}
	}
	least := &loopir.Intrinsic{Name: "min", Args: hi, Type: loopir.Index}
	return poly.Must(least), f.Then
}

// atLeastZero is the p for which a comparison of indices says p >= 0.
func atLeastZero(c loopir.Expr) (poly.Poly, bool) {
	b, ok := c.(*loopir.Binary)
	if !ok || b.X.TypeOf() != loopir.Index || hasReads(b) {
		return poly.Poly{}, false
	}
	x, y := poly.Must(b.X), poly.Must(b.Y)
	switch b.Op {
	case loopir.Ge:
		return x.Sub(y), true
	case loopir.Gt:
		return x.Sub(y).Sub(poly.Int(1)), true
	case loopir.Le:
		return y.Sub(x), true
	case loopir.Lt:
		return y.Sub(x).Sub(poly.Int(1)), true
	}
	return poly.Poly{}, false
}

// condition is the text of a condition on numbers.
func condition(c loopir.Expr, facts poly.Facts) string {
	if p, ok := atLeastZero(c); ok {
		return facts.Reduce(p).String() + " >= 0"
	}
	return text(c, facts)
}

// text writes an expression such that what means the same often reads the same.
func text(e loopir.Expr, facts poly.Facts) string {
	if e.TypeOf() == loopir.Index {
		if p, err := poly.FromExpr(e); err == nil {
			return facts.Reduce(p).String()
		}
	}
	e = direct(e)
	if v, ok := literal(e); ok {
		return fmt.Sprintf("%s(%x)", e.TypeOf(), math.Float64bits(v))
	}
	var args []string
	for _, x := range loopir.Children(e) {
		args = append(args, text(x, facts))
	}
	name, free := "", 0 // how many operands may be in any order
	switch e := e.(type) {
	case *loopir.Binary:
		name = e.Op.String()
		if m, ok := mirrored[e.Op]; ok && e.Op != loopir.Lt && e.Op != loopir.Le {
			name, args[0], args[1] = m.String(), args[1], args[0]
		}
		if e.Op == loopir.Add || e.Op == loopir.Mul || e.Op == loopir.Eq || e.Op == loopir.Ne {
			free = 2
		}
	case *loopir.Unary:
		name = e.Op.String()
	case *loopir.Intrinsic:
		name = e.Name
		switch e.Name {
		case "fma":
			free = 2
		case "min", "max":
			free = len(args)
		}
	case *loopir.Cast:
		name = "to " + e.To.String()
	case *loopir.Read:
		name = "cell " + e.Name
	default:
		return fmt.Sprintf("%T %s %s", e, e.TypeOf(), loopir.FormatExpr(e))
	}
	sort.Strings(args[:free])
	return name + "(" + strings.Join(args, ", ") + ")"
}

func accessOf(r *loopir.Read, facts poly.Facts) access {
	a := access{array: r.Name, index: []poly.Poly{}}
	for _, i := range r.Index {
		p, err := poly.FromExpr(i)
		if err != nil {
			return access{array: r.Name}
		}
		a.index = append(a.index, facts.Reduce(p))
	}
	return a
}

func accessesOf(e loopir.Expr, facts poly.Facts) []access {
	var out []access
	loopir.WalkExpr(e, func(x loopir.Expr) bool {
		if r, ok := x.(*loopir.Read); ok {
			out = append(out, accessOf(r, facts))
		}
		return true
	})
	return out
}
