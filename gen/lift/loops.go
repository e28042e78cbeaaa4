package lift

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A counted loop is known by the words that change by the same amount in each
// iteration. trips is how often it runs, if that is at least 1.
type counted struct {
	trips poly.Poly
	start map[string]word      // of the words that step
	step  map[string]poly.Poly // what each iteration adds
	last  map[string]word      // what the others hold after an iteration, if that is the same each time
	all   map[string]bool
}

// at sets the words to what they hold when iteration i begins.
func (c *counted) at(m *machine, i poly.Poly) {
	for r := range c.all {
		w, ok := c.start[r]
		if !ok {
			delete(m.words, r)
			continue
		}
		w.p = w.p.Add(c.step[r].Mul(i))
		m.words[r] = w
	}
	m.flags = flagsWord{}
}

func (c *counted) exit(m *machine) {
	c.at(m, c.trips)
	for r, w := range c.last {
		m.words[r] = w
	}
}

// count finds how the words change in a loop by executing its body on names. What
// it finds is checked again when the body is executed for good.
func (l *lifter) count(n *node, m *machine) (*counted, error) {
	l.runs++
	suffix := fmt.Sprintf("#%d", l.runs)
	compare, call := l.compare, l.call
	l.compare = nil
	defer func() { l.compare, l.call = compare, call }()

	c := &counted{start: map[string]word{}, step: map[string]poly.Poly{}, last: map[string]word{}, all: map[string]bool{}}
	written([]*node{n}, c.all, map[string]bool{})
	inner := m.clone()
	inner.flags = flagsWord{}
	for r := range c.all {
		w, ok := m.words[r]
		if !ok {
			continue
		}
		w.p = poly.Var(r + suffix)
		inner.words[r] = w
	}
	if err := l.dry(n.body, inner); err != nil {
		return nil, err
	}
	for r := range c.all {
		before, ok := m.words[r]
		after := inner.words[r]
		if ok && after.kind == before.kind && after.array == before.array {
			if d := after.p.Sub(poly.Var(r + suffix)); !mentions(d, suffix) {
				c.start[r], c.step[r] = before, d
				continue
			}
		}
		if after.kind != unset && !mentions(after.p, suffix) {
			c.last[r] = after
		}
	}
	// The jump back is taken while the counter, less 1 each time, is not 0.
	if e, _ := insn.Lookup(n.end.Op); e.Cond != loopir.Ne || !inner.flags.set || !inner.flags.y.IsZero() {
		return nil, l.errorf(n.end, "a loop counts a register or slot down to 0")
	}
	for r := range c.start {
		if w := inner.words[r]; w.kind == number && w.p.Equal(inner.flags.x) {
			if k, ok := c.step[r].Const(); ok && k.IsInt64() && k.Int64() == -1 {
				c.trips = c.start[r].p
				return c, nil
			}
		}
	}
	return nil, l.errorf(n.end, "what is tested does not count down by 1")
}

// mentions tells whether p uses a variable that ends in suffix.
func mentions(p poly.Poly, suffix string) bool {
	for _, v := range p.Vars() {
		if strings.HasSuffix(v, suffix) {
			return true
		}
	}
	return false
}

var labelNumber = regexp.MustCompile(`_[0-9]+$`)

func (l *lifter) loop(n *node, m *machine) ([]loopir.Stmt, error) {
	c, err := l.count(n, m)
	if err != nil {
		return nil, err
	}
	l.exact(n.end, c.trips, poly.Int(0))
	runs := loopir.Bin(loopir.Ge, c.trips.Expr(), loopir.NewInt(1))
	l.call.oblige(l.span(n.end.Line), "loop/terminates", l.sc, runs)
	f := &loopir.For{
		Iter: l.call.enter(labelNumber.ReplaceAllString(n.label, "")), Lo: loopir.NewInt(0), Hi: c.trips.Expr(), Span: l.span(n.end.Line),
	}
	defer l.call.leave(f.Iter)
	vecs := map[string]bool{}
	written([]*node{n}, map[string]bool{}, vecs)
	l.forget(vecs)
	outer := l.sc
	l.sc = l.sc.enter(f)
	c.at(m, poly.Var(f.Iter))
	inner := m.clone()
	body, err := l.list(n.body, inner, n.id)
	if err != nil {
		return nil, err
	}
	next := poly.Var(f.Iter).Add(poly.Int(1))
	for r, w := range c.start {
		w.p = w.p.Add(c.step[r].Mul(next))
		if !inner.words[r].equal(w) {
			return nil, l.errorf(n.end, "%s does not change evenly", r)
		}
	}
	if !inner.flags.set || !inner.flags.x.Equal(c.trips.Sub(next)) {
		return nil, l.errorf(n.end, "the counter does not count")
	}
	l.sc = outer
	l.forget(vecs)
	c.exit(m)
	f.Body = l.declare(n.id, body)
	if len(body) == 0 {
		return nil, nil
	}
	return []loopir.Stmt{f}, nil
}

// forget leaves of vector registers that change only what is in the webs' locals.
func (l *lifter) forget(vecs map[string]bool) {
	for r := range vecs {
		l.vecs[r] = vec{kind: stored}
		if r[0] == 'K' {
			l.vecs[r] = vec{}
		}
	}
}

func (l *lifter) branch(n *node, m *machine) ([]loopir.Stmt, error) {
	jump, err := l.condition(m, n.end)
	if err != nil {
		return nil, err
	}
	stay := negated(jump.(*loopir.Binary))
	vecs := map[string]bool{}
	written([]*node{n}, map[string]bool{}, vecs)
	outer, before := l.sc, copyVecs(l.vecs)
	other := m.clone()

	l.sc = outer.assume(stay)
	then, err := l.list(n.body, m, n.id)
	if err != nil {
		return nil, err
	}
	l.sc, l.vecs = outer.assume(jump), before
	orElse, err := l.list(n.orElse, other, -n.id)
	if err != nil {
		return nil, err
	}
	l.sc = outer
	l.forget(vecs)
	l.merge(m, other, jump)
	then, orElse = l.declare(n.id, then), l.declare(-n.id, orElse)
	switch {
	case len(then)+len(orElse) == 0:
		return nil, nil
	case len(orElse) == 0 && guardsItself(then, stay):
		return then, nil
	case len(then) == 0:
		stay, then, orElse = jump.(*loopir.Binary), orElse, nil
	}
	s := &loopir.If{Cond: stay, Then: then, Else: orElse, Span: l.span(n.end.Line)}
	return []loopir.Stmt{s}, nil
}

func copyVecs(m map[string]vec) map[string]vec {
	out := map[string]vec{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func negated(c *loopir.Binary) *loopir.Binary {
	op := map[loopir.Op]loopir.Op{
		loopir.Gt: loopir.Le, loopir.Le: loopir.Gt, loopir.Lt: loopir.Ge, loopir.Ge: loopir.Lt, loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq,
	}[c.Op]
	return loopir.Bin(op, c.X, c.Y)
}

// guardsItself tells whether body is one loop that runs no iteration unless n > 0,
// which is the guard.
func guardsItself(body []loopir.Stmt, guard *loopir.Binary) bool {
	if len(body) != 1 || guard.Op != loopir.Gt || !poly.Must(guard.Y).IsZero() {
		return false
	}
	f, ok := body[0].(*loopir.For)
	return ok && poly.Must(f.Lo).IsZero() && poly.Must(f.Hi).Equal(poly.Must(guard.X))
}

// merge joins the words after a branch; m is what the code behind the jump left, of
// other what comes when jump holds.
func (l *lifter) merge(m, other *machine, jump loopir.Expr) {
	jumped, stayed := l.sc.facts.Assume(jump), l.sc.facts.AssumeNot(jump)
	for r, w := range m.words {
		v, ok := other.words[r]
		switch {
		case !ok || v.kind != w.kind || v.array != w.array:
			delete(m.words, r)
		case w.p.Equal(v.p) || jumped.Same(w.p, v.p):
		case stayed.Same(w.p, v.p):
			m.words[r] = v
		default:
			delete(m.words, r)
		}
	}
	m.flags = flagsWord{}
}
