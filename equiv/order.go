package equiv

import (
	"maps"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// byOrder proves the outputs equal by the order of the real numbers, of which a comparison
// bit for bit makes no use. It gives the checker that did, or nil.
func byOrder(proof *prover, before, after *Program, opts Options) *checker {
	old, places := before.inRealOrder()
	now, more := after.inRealOrder()
	if old == before && now == after || proof.ctx.Err() != nil {
		return nil
	}
	old, now = ready(old, now, proof)
	c := newChecker(proof, old, now)
	g := newGuesser(c)
	c = c.attempt(g)
	if c.failed() && proof.ctx.Err() == nil {
		c = newChecker(proof, now, old)
		c = c.attempt(g.exchanged(c))
		c.exchanged = true
	}
	if c.failed() && proof.ctx.Err() == nil && !opts.ProofOnly {
		c = algebra(proof, old, now, g)
	}
	if c == nil || c.failed() {
		return nil
	}
	for _, at := range append(places, more...) {
		c.worst = weaker(c.worst, Algebraic)
		c.places = append(c.places, Weakness{Span: at, Verdict: Algebraic, Order: true})
		c.ordered = true
	}
	return c
}

// inRealOrder gives the program in which comparisons and choices by them have one form. It is
// the same over the reals, whose order is total, not bit for bit:
//
//	a >= b                                =>    !(a < b)
//	x == x                                =>    true
//	select(a < b, b, a)                   =>    max(a, b)
//	if c { m = x } else { m = y }         =>    m = select(c, x, y)
//	if x > m { m = x }                    =>    m = max(x, m)
//
// NaN breaks the first three, and of 0.0 and -0.0 a maximum takes the first, a choice either.
// So they are only used of values that are never NaN on finite inputs (kindOf). It also lists
// the places where bits may differ: integers have a total order, too.
func (p *Program) inRealOrder() (*Program, []loopir.Span) {
	o := &ordering{p: p, kinds: p.kinds()}
	q := *p
	q.Stmts, q.byID = nil, maps.Clone(p.byID)
	for _, s := range p.Stmts {
		t := *s
		t.RHS = o.expr(s.RHS)
		o.note(&t)
		q.Stmts = append(q.Stmts, &t)
	}
	for n := 0; n != len(q.Stmts); { // from the innermost on
		n = len(q.Stmts)
		q.Stmts = o.branches(q.Stmts)
	}
	o.straighten(q.Stmts)
	if !o.changed {
		return p, nil
	}
	for i, s := range q.Stmts {
		s.index = i
		if s.ID >= 0 {
			q.byID[s.ID] = s
		}
	}
	for id, s := range o.merged {
		q.byID[id] = s
	}
	return &q, o.places
}

// An ordering rewrites the comparisons of a program.
type ordering struct {
	p       *Program
	kinds   map[string]valueKind
	changed bool
	bits    bool // what is being rewritten may differ in bits
	places  []loopir.Span
	merged  map[int]*Stmt // by the ID of the second arm
}

// note remembers where s is if bits may differ there.
func (o *ordering) note(s *Stmt) {
	if o.bits && !slices.Contains(o.places, s.Span) {
		o.places = append(o.places, s.Span)
	}
	o.bits = false
}

func (o *ordering) expr(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		switch e := e.(type) {
		case *loopir.Unary:
			if e.Op == loopir.Not {
				return not(e.X)
			}
		case *loopir.Binary:
			if e.Type == loopir.Bool && !isIndexCond(e) {
				return o.condition(e)
			}
		case *loopir.Intrinsic:
			if e.Name == "select" && len(e.Args) == 3 {
				return o.choice(e.Args[0], e.Args[1], e.Args[2], e)
			}
		}
		return e
	})
}

// condition writes a comparison with < and ==.
func (o *ordering) condition(e *loopir.Binary) loopir.Expr {
	x, y := e.X, e.Y
	switch e.Op {
	case loopir.And:
		return and(x, y)
	case loopir.Or:
		return or(x, y)
	}
	is := func(op loopir.Op, x, y loopir.Expr) loopir.Expr {
		return &loopir.Binary{Op: op, X: x, Y: y, Type: loopir.Bool, Span: e.Span}
	}
	total := o.kindOf(x) < wild && o.kindOf(y) < wild
	same := total && sameNumber(x, y)
	o.changed = o.changed || e.Op != loopir.Lt && e.Op != loopir.Eq || same
	o.bits = o.bits || total && x.TypeOf().IsFloat() && (same || e.Op == loopir.Le || e.Op == loopir.Ge)
	switch e.Op {
	case loopir.Eq:
		if same {
			return boolExpr(true)
		}
	case loopir.Ne:
		return not(o.condition(is(loopir.Eq, x, y).(*loopir.Binary)))
	case loopir.Lt:
		if same {
			return boolExpr(false)
		}
	case loopir.Gt:
		return o.condition(is(loopir.Lt, y, x).(*loopir.Binary))
	case loopir.Ge:
		return o.condition(is(loopir.Le, y, x).(*loopir.Binary))
	case loopir.Le:
		if total {
			return not(o.condition(is(loopir.Lt, y, x).(*loopir.Binary)))
		}
	}
	return e
}

// choice is select(cond, x, y), at a place and of the type that at has: an extremum, or by a
// condition that is no negation.
func (o *ordering) choice(cond, x, y loopir.Expr, at *loopir.Intrinsic) loopir.Expr {
	if v, ok := constBool(cond); ok {
		o.changed = true
		if v {
			return x
		}
		return y
	}
	node := func(name string, args ...loopir.Expr) loopir.Expr {
		return &loopir.Intrinsic{Name: name, Args: args, Type: at.Type, Span: at.Span}
	}
	if isIndexCond(cond) {
		return node("select", cond, x, y)
	}
	if isNegative(cond) {
		o.changed = true
		cond, x, y = not(cond), y, x
	}
	less, ok := cond.(*loopir.Binary)
	if !ok || less.Op != loopir.Lt || o.kindOf(x) == wild || o.kindOf(y) == wild {
		return node("select", cond, x, y)
	}
	name := ""
	switch {
	case sameNumber(less.X, x) && sameNumber(less.Y, y):
		name = "min"
	case sameNumber(less.X, y) && sameNumber(less.Y, x):
		name = "max"
	default:
		return node("select", cond, x, y)
	}
	o.changed = true
	o.bits = o.bits || at.Type.IsFloat()
	return node(name, x, y)
}

// isNegative tells which of a condition and its opposite is not the one to choose by.
func isNegative(cond loopir.Expr) bool {
	switch e := cond.(type) {
	case *loopir.Unary:
		return e.Op == loopir.Not
	case *loopir.Binary:
		return e.Op == loopir.Or
	}
	return false
}

// sameNumber tells whether two expressions at one place have the same value over the reals.
func sameNumber(x, y loopir.Expr) bool {
	if x.TypeOf() != y.TypeOf() {
		return false
	}
	a, okA := constant(x, x.TypeOf())
	b, okB := constant(y, y.TypeOf())
	return okA && okB && a == b || loopir.FormatExpr(x) == loopir.FormatExpr(y)
}

// branches writes assignments under a condition on data that stands right before them as
// choices: both arms of an if where they set one cell, and one arm where it is an extremum.
func (o *ordering) branches(stmts []*Stmt) []*Stmt {
	var out []*Stmt
	tests := map[string]bool{}
	for i := 0; i < len(stmts); i++ {
		s := stmts[i]
		if i > 0 {
			cond := stmts[i-1]
			var t *Stmt
			if i+1 < len(stmts) {
				t = o.bothArms(cond, s, stmts[i+1])
			}
			if t != nil {
				i++
			} else {
				t = o.oneArm(cond, s)
			}
			if t != nil {
				s = t
				o.changed, tests[cond.LHS.Name] = true, true
				o.note(s)
			}
		}
		out = append(out, s)
	}
	return withoutUnused(out, tests)
}

// bothArms is s and t, the arms of an if whose condition cond evaluates, as one assignment, or
// nil.
func (o *ordering) bothArms(cond, s, t *Stmt) *Stmt {
	outer, negS, okS := s.under(cond)
	other, negT, okT := t.under(cond)
	if !okS || !okT || negS || !negT || s.Op != t.Op || !sameRead(s.LHS, t.LHS) || !slices.Equal(outer, other) {
		return nil
	}
	u := *s
	u.Conds = outer
	u.RHS = o.choice(loopir.CloneExpr(cond.RHS), s.RHS, t.RHS, &loopir.Intrinsic{Type: s.LHS.Type, Span: s.Span})
	if t.ID >= 0 {
		if o.merged == nil {
			o.merged = map[int]*Stmt{}
		}
		o.merged[t.ID] = &u
	}
	return &u
}

// oneArm is s, an arm of an if whose condition cond evaluates, as an update by min or max, or
// as one that is always made, or nil.
func (o *ordering) oneArm(cond, s *Stmt) *Stmt {
	outer, negate, ok := s.under(cond)
	if !ok || s.Op != loopir.Set {
		return nil
	}
	was := *o
	test := loopir.CloneExpr(cond.RHS)
	if negate {
		test = not(test)
	}
	t := *s
	t.Conds = outer
	if always, known := constBool(test); known && always {
		return &t
	}
	t.RHS = o.choice(test, s.RHS, loopir.CloneExpr(s.LHS), &loopir.Intrinsic{Type: s.LHS.Type, Span: s.Span})
	if m, ok := t.RHS.(*loopir.Intrinsic); !ok || m.Name != "min" && m.Name != "max" {
		*o = was
		return nil
	}
	return &t
}

// under tells whether s, which sets all of its cell's type, stands right after cond, which
// evaluates the innermost of its conditions, and gives the others. Nothing in between has
// changed what the condition reads, nor does anything that it holds of.
func (s *Stmt) under(cond *Stmt) (outer []Cond, negate, ok bool) {
	n := len(s.Conds) - 1
	if n < 0 || !s.mayLeave() || cond.ID != added || cond.LHS.Name != s.Conds[n].Read.Name || s.RHS.TypeOf() != s.LHS.Type ||
		!slices.Equal(cond.Loops, s.Loops) || !slices.Equal(cond.Guards, s.Guards) {
		return nil, false, false
	}
	return s.Conds[:n:n], s.Conds[n].Negate, true
}

// withoutUnused leaves out the tests whose results nothing asks for any more.
func withoutUnused(stmts []*Stmt, tests map[string]bool) []*Stmt {
	for _, s := range stmts {
		for _, c := range s.Conds {
			delete(tests, c.Read.Name)
		}
	}
	return slices.DeleteFunc(stmts, func(s *Stmt) bool { return tests[s.LHS.Name] })
}

// straighten evaluates no negation as the condition of an if.
func (o *ordering) straighten(stmts []*Stmt) {
	sets := map[string]int{}
	for _, s := range stmts {
		sets[s.LHS.Name]++
	}
	opposite := map[string]bool{}
	for _, s := range stmts {
		if s.ID == added && s.LHS.Type == loopir.Bool && sets[s.LHS.Name] == 1 && isNegative(s.RHS) {
			s.RHS = not(s.RHS)
			opposite[s.LHS.Name], o.changed = true, true
		}
	}
	for _, s := range stmts {
		s.Conds = slices.Clone(s.Conds)
		for i, c := range s.Conds {
			s.Conds[i].Negate = c.Negate != opposite[c.Read.Name]
		}
	}
}

// A valueKind says what values there may be on finite inputs where nothing overflows.
type valueKind uint8

const (
	tame     valueKind = iota // finite
	infinite                  // or infinities
	wild                      // or NaN
)

// kinds are what the cells of each array may hold.
func (p *Program) kinds() map[string]valueKind {
	o := &ordering{p: p, kinds: map[string]valueKind{}}
	for again := true; again; {
		again = false
		for _, s := range p.Stmts {
			e := s.RHS
			if s.Op != loopir.Set {
				e = combine(s.Op, s.LHS, s.RHS)
			}
			if k := o.kindOf(e); k > o.kinds[s.LHS.Name] {
				o.kinds[s.LHS.Name], again = k, true
			}
		}
	}
	return o.kinds
}

// kindOf is what the value of e may be. What is no number for some arguments counts as NaN,
// since over the reals there is no value either.
func (o *ordering) kindOf(e loopir.Expr) valueKind {
	if !e.TypeOf().IsFloat() {
		return tame
	}
	most := func(es ...loopir.Expr) (k valueKind) {
		for _, e := range es {
			k = max(k, o.kindOf(e))
		}
		return k
	}
	finite := func(es ...loopir.Expr) valueKind { // inf - inf and 0*inf are NaN
		if most(es...) == tame {
			return tame
		}
		return wild
	}
	switch e := e.(type) {
	case *loopir.Int:
		return tame
	case *loopir.Float:
		switch e.Text {
		case "inf":
			return infinite
		case "nan":
			return wild
		}
		return tame // others that are too large are rejected
	case *loopir.Read:
		return o.kinds[e.Name]
	case *loopir.Unary:
		return most(e.X)
	case *loopir.Cast:
		return most(e.X)
	case *loopir.Binary:
		if v, ok := constant(e.Y, e.Type); e.Op == loopir.Div && (!ok || v == 0) {
			return wild
		}
		return finite(e.X, e.Y)
	case *loopir.Intrinsic:
		switch e.Name {
		case "min", "max", "abs", "exp", "tanh", "sigmoid", "round", "floor", "ceil", "trunc":
			return most(e.Args...)
		case "select":
			return most(e.Args[1:]...)
		case "fma":
			return finite(e.Args...)
		}
		if strings.Contains(e.Name, lookupMark) { // a read of an input
			return tame
		}
	}
	return wild
}
