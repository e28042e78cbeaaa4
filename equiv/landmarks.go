package equiv

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// landmarks are values of recurrences that both programs are known to compute, by the
// hints: in polynomials they are variables, named by a statement of before and an instance
// of it. That is how the polynomials of a recurrence end.
type landmarks struct {
	c    *checker
	used map[*Stmt]bool // of after
}

// atom is the variable for a computed value, or nil if it has to be followed further. What
// a statement of after computes goes by the instance that its hint names, which has to
// exist.
func (l *landmarks) atom(d desc, ctx known) *atom {
	t, env := d.stmt, d.val.at.env
	switch l.c.before.prog.has(t) {
	case true:
		if !slices.ContainsFunc(l.c.after.prog.Stmts, func(s *Stmt) bool { return l.counterpart(s) == t }) {
			return nil
		}
	case false:
		s := t
		if t = l.counterpart(s); t == nil {
			return nil
		}
		env = l.c.hints[s.index].at(env)
		if l.c.proof.need("algebra/counterpart", s.Span, ctx.hyps, and(t.Domain(env)...)).Outcome != Proved {
			return nil
		}
		l.used[s] = true
	}
	a := &atom{head: fmt.Sprintf("#%d", t.index)}
	for _, it := range iters(t.Loops) {
		p, err := poly.FromExpr(env[it])
		if err != nil {
			return nil
		}
		a.index = append(a.index, p)
	}
	return a
}

func (p *Program) has(s *Stmt) bool { return s.index < len(p.Stmts) && p.Stmts[s.index] == s }

// counterpart is the statement of before of which s is said to do the same, where that is
// of use.
func (l *landmarks) counterpart(s *Stmt) *Stmt {
	h := l.c.hints[s.index]
	if s.ID == reader || h == nil || len(h.free) > 0 || !l.c.plausible(h, sameWrite) || h.stmt.LHS.Type != s.LHS.Type ||
		!l.c.after.recurs(s) && !l.c.before.recurs(h.stmt) {
		return nil
	}
	return h.stmt
}

// recurs tells whether what s writes may lead to what it reads.
func (sd *side) recurs(s *Stmt) bool {
	seen := map[string]bool{}
	var leads func(t *Stmt) bool
	leads = func(t *Stmt) bool {
		found := false
		loopir.WalkExpr(sd.effects[t.index].value, func(e loopir.Expr) bool {
			r, ok := e.(*loopir.Read)
			if !ok || found || r.Name == s.LHS.Name {
				found = found || ok && r.Name == s.LHS.Name
				return !found
			}
			if !seen[r.Name] {
				seen[r.Name] = true
				found = slices.ContainsFunc(sd.sets[r.Name], leads) || slices.ContainsFunc(sd.updates[r.Name], leads)
			}
			return !found
		})
		return found
	}
	return leads(s)
}

// match has the claims proved that the polynomials rest on.
func (l *landmarks) match() {
	for _, s := range l.c.after.prog.Stmts {
		if l.used[s] {
			l.c.match(s, l.c.hints[s.index], sameWrite)
		}
	}
}

// A readsKey names the claim that two reads find the same.
type readsKey struct {
	after, before int // Stmt.index
	a, b          string
	openA, openB  bool
}

// claim says that a, a read of after, finds what b does, a read of before, because the hint
// of a's statement leads to b's instance: then it has that proved once for all instances.
// What a read finds was written before, and so were the values that it was computed from;
// so this is induction over the order in which after executes, too.
func (m *polyMatch) claim(a, b value, ctx known) bool {
	c, s := m.c, a.at.s
	h := c.hints[s.index]
	if h == nil || len(h.free) > 0 || h.stmt != b.at.s || a.e.TypeOf() != b.e.TypeOf() {
		return false
	}
	if c.proof.need("algebra/same-instance", a.e.Source(), ctx.hyps, sameInstance(h.stmt, h.at(a.at.env), b.at.env)).Outcome != Proved {
		return false
	}
	if m.until != nil && c.proof.need("algebra/earlier", a.e.Source(), ctx.hyps, Before(&s.Site, a.at.env, &m.until.s.Site, m.until.env)).Outcome != Proved {
		return false
	}
	key := readsKey{s.index, h.stmt.index, loopir.FormatExpr(a.e), loopir.FormatExpr(b.e), a.open, b.open}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reads[key] {
		return true
	}
	c.reads[key] = true
	c.prove(a.e.Source(), func() (Verdict, *failure) {
		env := s.Fresh("")
		old := h.at(env)
		ctx := c.claimed(append(s.Domain(env), h.stmt.Domain(old)...))
		x, y := value{a.e, point{s, env}, a.open}, value{b.e, point{h.stmt, old}, b.open}
		v, f := c.samePolynomial(x, y, ctx, toLandmarks, true)
		if ctx.exhausted() {
			return NoVerdict, tooMany(a.e.Source())
		}
		return v, f
	})
	return true
}
