package equiv

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// smallOutputs is how many steps it may take to write outputs over the inputs before anything
// else is tried.
const smallOutputs = 400

// algebra tries to show the outputs of two programs equal as polynomials over the inputs, if
// these are not large, and then, where they are not, statement by statement. It gives the
// checker that did, or nil.
func algebra(proof *prover, before, after *Program, g *guesser) *checker {
	c := newChecker(proof, before, after)
	if c.sameOutputs(smallOutputs) {
		return c
	}
	if done := newChecker(proof, before, after).alongHints(g); done != nil {
		return done
	}
	if c.sameOutputs(math.MaxInt64) {
		return c
	}
	d := newChecker(proof, after, before)
	done := d.alongHints(g.exchanged(d))
	if done != nil {
		done.exchanged = true
	}
	return done
}

// alongHints compares statements as polynomials along the hints: those from the text and
// those from runs, which know values that are equal by algebra.
func (c *checker) alongHints(g *guesser) *checker {
	t := c.traced(g)
	c.inferByCells()
	g.contradict(c)
	for _, d := range []*checker{c, t} {
		if d == nil {
			continue
		}
		d.polynomials = true
		if d.tried() {
			return d
		}
	}
	return nil
}

// inferByCells guesses hints for statements that look like none of before: those that write
// the same cells of the same array, in the same way, or else in another one if they are no
// other statement's.
func (c *checker) inferByCells() {
	taken := map[*Stmt]bool{}
	for _, h := range c.hints {
		if h != nil {
			taken[h.stmt] = true
		}
	}
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader || c.hints[s.index] != nil {
			continue
		}
		kind := c.after.effects[s.index].kind
		for _, alike := range []bool{true, false} {
			for _, t := range c.before.prog.Stmts {
				if t.ID == reader || t.LHS.Name != s.LHS.Name || c.hints[s.index] != nil {
					continue
				}
				if same := c.before.effects[t.index].kind == kind; same == alike && (same || !taken[t]) {
					c.hints[s.index] = c.byCells(s, t)
				}
			}
		}
	}
}

// byCells is the hint that s does what the instance of t does that writes the same cell, or
// nil.
func (c *checker) byCells(s, t *Stmt) *hint {
	al := &alignment{c: c, sys: newSystem(), env: t.Fresh("!o")}
	for _, l := range t.Loops {
		al.sys.addUnknown(l.Iter+"!o", al.env.at(l.Lo))
	}
	if !al.alignCells(s.LHS, t.LHS) {
		return nil
	}
	al.sys.solve()
	for _, it := range iters(s.Loops) {
		if al.sys.unknown[it+"!o"] {
			al.sys.fill(it+"!o", loopir.NewVar(it))
		}
	}
	env, ok := solutionEnv(al.sys, t, "!o")
	if !ok {
		return nil
	}
	return &hint{stmt: t, env: env}
}

// sameOutputs compares the outputs as polynomials over the inputs, each in so many steps.
func (c *checker) sameOutputs(steps int64) bool {
	c.worst, c.places = NoVerdict, nil
	worst := Exact
	for _, s := range c.after.prog.Stmts {
		if s.ID != reader {
			continue
		}
		h := c.hints[s.index]
		ctx := c.claimed(append(s.Domain(s.Fresh("")), h.stmt.Domain(h.env)...))
		ctx.fuel.Store(steps)
		v, f := c.samePolynomial(value{e: s.RHS, at: point{s, s.Fresh("")}}, value{e: h.stmt.RHS, at: point{h.stmt, h.env}}, ctx, toInputs, false)
		if f != nil || ctx.exhausted() {
			return false
		}
		worst = weaker(worst, v)
		c.note(s.Span, v)
	}
	c.worst, c.overInputs = worst, true
	return true
}

// samePolynomial shows that a of after and b of before are one polynomial, in the values
// that are found where reads are followed to a depth. With claimed, that is what a claim
// about reads says of them. Where they are not, functions that are made of others are
// written so in both.
func (c *checker) samePolynomial(a, b value, ctx known, to depth, claimed bool) (Verdict, *failure) {
	xa, xb := c.expanders(to)
	v, f := c.expanded(xa, xb, a, b, ctx, claimed)
	if f == nil || !xa.lawful && !xb.lawful || ctx.exhausted() {
		return v, f
	}
	xa, xb = c.expanders(to)
	xa.laws, xa.used, xb.laws = true, true, true
	if w, g := c.expanded(xa, xb, a, b, ctx, claimed); g == nil {
		return w, nil
	}
	return v, f
}

// expanders are for after and for before.
func (c *checker) expanders(to depth) (*expander, *expander) {
	return &expander{sd: c.after, depth: to, written: map[string]*written{}},
		&expander{sd: c.before, depth: to, written: map[string]*written{}}
}

// expanded is samePolynomial as the expanders of after and before write a and b.
func (c *checker) expanded(xa, xb *expander, a, b value, ctx known, claimed bool) (Verdict, *failure) {
	marks := &landmarks{c: c, used: map[*Stmt]bool{}}
	xa.marks, xb.marks = marks, marks
	p, f := xa.value(a, ctx, nil)
	if f != nil {
		return NoVerdict, f
	}
	xb.fresh = xa.fresh // no bound variable is one of both sides
	q, f := xb.value(b, ctx, nil)
	if f != nil {
		return NoVerdict, f
	}
	if xa.lost || xb.lost {
		return NoVerdict, failf(a.e.Source(), "a quotient is multiplied by 0, which hides that it may not exist")
	}
	if p.weight()+q.weight() > maxWeight {
		return NoVerdict, tooMany(a.e.Source())
	}
	m := &polyMatch{c: c, at: a.e.Source(), effort: maxEffort, used: xa.used || xb.used || xa.started != xb.started, verdict: Exact}
	if claimed {
		m.until = &a.at
	}
	if f := m.compare(p, q, ctx, nil, maxCaseSplits); f != nil {
		return NoVerdict, f
	}
	marks.match()
	switch {
	case !xa.floats && !xb.floats: // integers wrap: what is equal as a polynomial is equal
		return m.verdict, nil
	case m.used:
		return weaker(m.verdict, Algebraic), nil
	}
	return weaker(m.verdict, Reassociated), nil
}

// Bounds of what is compared as polynomials.
const (
	maxCaseSplits = 24      // conditions that are split on, one inside the other
	maxWeight     = 20_000  // terms of both sides, those in arguments of functions included
	maxEffort     = 200_000 // terms that are looked at in all cases together
)

// A polyMatch compares two polynomials.
type polyMatch struct {
	c       *checker
	at      loopir.Span
	used    bool
	verdict Verdict // of what both read
	until   *point  // claims about reads are used of earlier ones only
	effort  int     // terms that may still be looked at
	choices int     // conditions on data that were split on

	reads []matchedRead     // of before
	named map[string]string // reads of after, by their text
}

// A matchedRead is a read that was not followed and the name that it goes by.
type matchedRead struct {
	v    value
	name string
}

// compare splits cases until each condition on the result's cell is decided,
// and then compares normal forms. The conditions in facts hold.
func (m *polyMatch) compare(p, q realPoly, ctx known, facts []loopir.Expr, splits int) *failure {
	if m.effort -= p.weight() + q.weight(); m.effort < 0 {
		return tooMany(m.at)
	}
	s := &simplifier{proof: m.c.proof, at: m.at, ctx: ctx, facts: facts, decided: map[string]decision{}}
	p, q = s.poly(p, nil), s.poly(q, nil)
	if s.open == nil {
		used := m.used
		f := m.sameText(p, q, ctx, s.facts)
		if f != nil {
			m.used = used
			if g, ok := m.byChoices(p, q, ctx, s.facts, splits); ok {
				return g
			}
		}
		return f
	}
	if splits == 0 {
		return failf(m.at, "where the terms of this come from splits into too many cases")
	}
	for _, g := range []loopir.Expr{s.open, not(s.open)} {
		in := ctx.with(g)
		if m.c.proof.impossible("algebra/case", m.at, in.hyps) {
			continue
		}
		if f := m.compare(p, q, in, append(s.facts[:len(s.facts):len(s.facts)], g), splits-1); f != nil {
			return f
		}
	}
	return nil
}

func (m *polyMatch) sameText(p, q realPoly, ctx known, facts []loopir.Expr) *failure {
	cn := &canon{known: map[string]poly.Poly{}}
	for _, e := range append(ctx.hyps[:len(ctx.hyps):len(ctx.hyps)], facts...) {
		for _, g := range conjuncts(e) {
			cn.learn(g)
		}
	}
	p, q = m.alike(p, q, ctx, facts)
	m.reads, m.named = nil, map[string]string{}
	cn.names = func(v *value, bound bool) string { return m.nameBefore(*v, bound) }
	y := cn.collect(q, nil, 0)
	cn.names = func(v *value, bound bool) string { return m.nameAfter(*v, bound, ctx) }
	x := cn.collect(p, nil, 0)
	m.used = m.used || cn.merged
	switch {
	case cn.deep:
		return failf(m.at, "the terms of this are nested sums too deep to compare")
	case cn.lost:
		return failf(m.at, "a quotient cancels, which hides that it may not exist")
	}
	f := m.sameSums(unlike(x, y), unlike(y, x), true, ctx)
	if f != nil && cn.merged { // 2*x*y may be x*y and y*x, which are summands of their own
		f = m.sameSums(p, q, false, ctx)
	}
	return f
}

// nameBefore names a read of before, and remembers it.
func (m *polyMatch) nameBefore(v value, bound bool) string {
	key := m.c.before.readKey(v)
	if !bound && !slices.ContainsFunc(m.reads, func(r matchedRead) bool { return r.name == key }) {
		m.reads = append(m.reads, matchedRead{v, key})
	}
	return key
}

// readKey tells reads of one program apart: by the cell and by when it is read.
func readKey(v value) string {
	return keyIn(v, fmt.Sprint(v.at.s.index), v.at.s.Loops)
}

// readKey is one for reads that find the same as nothing is written in between: all that
// writes what they read stands before them, in the same iteration of the loops in common.
func (sd *side) readKey(v value) string {
	s := v.at.s
	name := v.e.(*loopir.Read).Name
	shared := 0
	for _, w := range slices.Concat(sd.sets[name], sd.updates[name]) {
		if v.open || slices.Compare(w.path, s.path) >= 0 {
			return readKey(v)
		}
		for shared < min(len(s.Loops), len(w.Loops)) && s.Loops[shared] == w.Loops[shared] {
			shared++
		}
	}
	return keyIn(v, "the end", s.Loops[:shared])
}

func keyIn(v value, place string, loops []*loopir.For) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read %s in %s", loopir.FormatExpr(v.index(v.e)), place)
	for _, l := range loops {
		fmt.Fprintf(&b, ", %s=%s", l.Iter, loopir.FormatExpr(v.at.env[l.Iter]))
	}
	return b.String()
}

// nameAfter gives a read of after the name of one of before that finds the same.
// Those that look the same are tried first.
func (m *polyMatch) nameAfter(v value, bound bool, ctx known) string {
	key := m.c.after.readKey(v)
	if bound {
		return "new " + key
	}
	if name, ok := m.named[key]; ok {
		return name
	}
	m.named[key] = "new " + key
	for _, alike := range []bool{true, false} {
		for _, r := range m.reads {
			if r.v.e.TypeOf() != v.e.TypeOf() || (loopir.FormatExpr(r.v.index(r.v.e)) == loopir.FormatExpr(v.index(v.e))) != alike {
				continue
			}
			if w, f := m.c.compare(v, r.v, ctx); f == nil {
				m.verdict = weaker(m.verdict, w)
				m.named[key] = r.name
				return r.name
			}
		}
	}
	return m.named[key]
}

// A simplifier decides the conditions of terms that hold no bound variables.
type simplifier struct {
	proof   *prover
	at      loopir.Span
	ctx     known
	facts   []loopir.Expr       // what was found to hold
	decided map[string]decision // conditions by their text
	open    loopir.Expr         // a condition that is not decided
}

// A decision is what the hypotheses say of a condition.
type decision uint8

const (
	isOpen decision = iota
	isTrue
	isFalse
)

func (s *simplifier) poly(p realPoly, bound []string) realPoly {
	var out realPoly
	for _, t := range p {
		in := append(bound[:len(bound):len(bound)], t.vars...)
		conds, holds := s.conds(t.conds, in)
		if !holds {
			continue
		}
		t.conds = conds
		factors := make([]*atom, len(t.factors))
		for i, a := range t.factors {
			b := *a
			b.args = nil
			for _, arg := range a.args {
				b.args = append(b.args, s.poly(arg, in))
			}
			factors[i] = &b
		}
		t.factors = factors
		out = append(out, t)
	}
	return out
}

// conds leaves out what holds, and reports false when one does not.
func (s *simplifier) conds(conds []loopir.Expr, bound []string) ([]loopir.Expr, bool) {
	var out []loopir.Expr
	for _, e := range conds {
		for _, g := range conjuncts(e) {
			if uses(g, bound) {
				out = append(out, g)
				continue
			}
			switch s.decide(g) {
			case isFalse:
				return nil, false
			case isOpen:
				if s.open == nil {
					s.open = g
				}
				out = append(out, g)
			}
		}
	}
	return out, true
}

func (s *simplifier) decide(g loopir.Expr) decision {
	key := loopir.FormatExpr(g)
	d, known := s.decided[key]
	if known {
		return d
	}
	switch {
	case s.proof.need("algebra/holds", s.at, s.ctx.hyps, g).Outcome == Proved:
		d = isTrue
		s.facts = append(s.facts, g)
	case s.proof.impossible("algebra/fails", s.at, s.ctx.with(g).hyps):
		d = isFalse
	}
	s.decided[key] = d
	return d
}

func uses(e loopir.Expr, names []string) bool {
	for _, n := range names {
		if loopir.UsesVar(e, n) {
			return true
		}
	}
	return false
}
