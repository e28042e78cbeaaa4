package smt

import (
	"context"
	"fmt"
	"strings"
)

// A replay is how a query is put to a second solver: as it was asked. Hypotheses and
// negated goal are assertions of their own, which nothing folded, and to programs that read
// text quotients are the solver's. So the second solver judges what the presolver decided,
// too, and the way in which problems are made simpler for the first.

// replayed states q for a solver program.
func replayed(q *Query) *problem {
	p := &problem{asserts: q.parts(), logic: "QF_NIA"}
	return p.write(nativeQuotients)
}

// replayedLowered states q for an engine that knows no quotients.
func replayedLowered(q *Query) *problem {
	l := lowering{names: map[string]bool{}}
	p := &problem{logic: "QF_NIA"}
	for _, t := range q.parts() {
		p.asserts = append(p.asserts, l.formula(t))
	}
	p.asserts = append(p.asserts, l.sides...)
	return p.write(func(s string) string { return s })
}

func (q *Query) parts() []*Term {
	fs := append([]*Term(nil), q.Hyps...)
	if q.Goal != nil {
		fs = append(fs, Not(q.Goal))
	}
	return fs
}

// write fills in variables and text.
func (p *problem) write(text func(string) string) *problem {
	v := newVars()
	for _, t := range p.asserts {
		v.add(t)
	}
	p.ints, p.bools = sortedKeys(v.ints), sortedKeys(v.bools)
	var b strings.Builder
	for _, n := range p.ints {
		fmt.Fprintf(&b, "(declare-const %s Int)\n", symbol(n))
	}
	for _, n := range p.bools {
		fmt.Fprintf(&b, "(declare-const %s Bool)\n", symbol(n))
	}
	for _, t := range p.asserts {
		fmt.Fprintf(&b, "(assert %s)\n", text(t.text()))
	}
	p.text = b.String()
	return p
}

// nativeQuotients guards the quotients in the text of a term: ours are 0 where the divisor
// is not positive, the solver's may be anything.
func nativeQuotients(s string) string {
	const head = "(div "
	i := strings.Index(s, head)
	if i < 0 {
		return s
	}
	x, rest := operand(s[i+len(head):])
	y, rest := operand(rest[1:])
	x, y, rest = nativeQuotients(x), nativeQuotients(y), nativeQuotients(rest[1:])
	if isPositiveNumeral(y) {
		return s[:i] + head + x + " " + y + ")" + rest
	}
	return s[:i] + "(ite (> " + y + " 0) (div " + x + " " + y + ") 0)" + rest
}

// operand splits an S-expression off the front of s.
func operand(s string) (first, rest string) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '|':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth == 0, c == ' ' && depth == 0:
			return s[:i], s[i:]
		case c == ')':
			depth--
		}
	}
	return s, ""
}

func isPositiveNumeral(s string) bool {
	return s != "0" && strings.Trim(s, "0123456789") == ""
}

// replay has q decided by s, a solver that cross-checks.
func (s *solver) replay(ctx context.Context, q *Query) Answer {
	p := replayed(q)
	if !s.engine.readsText() {
		p = replayedLowered(q)
	}
	r, cached, spent := s.lookup(ctx, p)
	return Answer{Status: r.status, Reason: r.reason, By: s.engine.identity(), Cached: cached, Time: spent}
}

// A CrossCheck counts what one second solver said.
type CrossCheck struct {
	Solver   string
	Agreed   int
	Unknown  int      // it, or the first solver, could not tell
	Disagree []string // what the two said, by obligation
}

// CrossChecks tells how the second solvers compare so far.
func (p *Pool) CrossChecks() []CrossCheck {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]CrossCheck(nil), p.checks...)
}

// Disagreement is an error when a second solver contradicted the first one: then no verdict
// of this pool is to be trusted.
func (p *Pool) Disagreement() error {
	for _, c := range p.CrossChecks() {
		if len(c.Disagree) > 0 {
			return fmt.Errorf("solvers disagree on %d obligations; the first: %s", len(c.Disagree), c.Disagree[0])
		}
	}
	return nil
}

// crossCheck asks the second solvers. Only a contradiction counts against the first one,
// who said a.
func (p *Pool) crossCheck(ctx context.Context, q *Query, a Answer) Answer {
	out := a
	for i, s := range p.seconds {
		b := s.replay(ctx, q)
		out.Time += b.Time
		p.mu.Lock()
		switch c := &p.checks[i]; {
		case a.Status == Unknown || b.Status == Unknown:
			c.Unknown++
		case a.Status == b.Status:
			c.Agreed++
		default:
			err := fmt.Errorf("%s: %s says %s, %s says %s", q.Name, a.By, a.Status, b.By, b.Status)
			c.Disagree = append(c.Disagree, err.Error())
			err = fmt.Errorf("solvers disagree on %w", err)
			out = Answer{Reason: err.Error(), Err: err, By: a.By, Time: out.Time}
		}
		p.mu.Unlock()
	}
	return out
}
