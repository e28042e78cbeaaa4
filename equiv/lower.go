package equiv

import (
	"fmt"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A lowering turns conditions over sizes and iterators into solver terms. The
// same expression under one pointer is lowered once.
type lowering struct {
	terms map[loopir.Expr]*smt.Term
	err   error // the first construct outside the theory
}

// A lowered keeps the terms of conditions that many queries have in common. It is safe
// for concurrent use.
type lowered struct {
	mu    sync.Mutex
	terms map[loopir.Expr]*smt.Term
}

// maxLowered bounds how many conditions a lowered keeps.
const maxLowered = 20_000

// query states that hyps imply goal.
func query(name string, hyps []loopir.Expr, goal loopir.Expr) (*smt.Query, error) {
	return new(lowered).query(name, hyps, goal)
}

func (m *lowered) query(name string, hyps []loopir.Expr, goal loopir.Expr) (*smt.Query, error) {
	l := lowering{terms: map[loopir.Expr]*smt.Term{}}
	q := &smt.Query{Name: name}
	for _, h := range hyps {
		q.Hyps = append(q.Hyps, m.cond(&l, h))
	}
	q.Goal = l.cond(goal)
	return q, l.err
}

// cond is l.cond for what does not change any more.
func (m *lowered) cond(l *lowering, e loopir.Expr) *smt.Term {
	m.mu.Lock()
	t := m.terms[e]
	m.mu.Unlock()
	if t != nil {
		return t
	}
	if t = l.cond(e); l.err != nil {
		return t
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.terms == nil || len(m.terms) >= maxLowered {
		m.terms = map[loopir.Expr]*smt.Term{}
	}
	m.terms[e] = t
	return t
}

func (l *lowering) fail(e loopir.Expr, what string) {
	if l.err == nil {
		l.err = loopir.Errorf(e.Source(), "%s can't be decided in a condition on sizes and iterators", what)
	}
}

// once gives what f lowers e to, from before if it did already.
func (l *lowering) once(e loopir.Expr, f func(loopir.Expr) *smt.Term) *smt.Term {
	t := l.terms[e]
	if t == nil {
		t = f(e)
		l.terms[e] = t
	}
	return t
}

// cond lowers a condition; after a failure the result means nothing.
func (l *lowering) cond(e loopir.Expr) *smt.Term { return l.once(e, l.formula) }

func (l *lowering) formula(e loopir.Expr) *smt.Term {
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op == loopir.Not {
			return smt.Not(l.cond(e.X))
		}
	case *loopir.Binary:
		switch e.Op {
		case loopir.And:
			return smt.And(l.cond(e.X), l.cond(e.Y))
		case loopir.Or:
			return smt.Or(l.cond(e.X), l.cond(e.Y))
		case loopir.Eq, loopir.Ne, loopir.Lt, loopir.Le, loopir.Gt, loopir.Ge:
			return compareTerms(e.Op, l.index(e.X), l.index(e.Y))
		}
	}
	l.fail(e, "this condition")
	return smt.True()
}

func compareTerms(op loopir.Op, x, y *smt.Term) *smt.Term {
	switch op {
	case loopir.Eq:
		return smt.Eq(x, y)
	case loopir.Ne:
		return smt.Ne(x, y)
	case loopir.Lt:
		return smt.Lt(x, y)
	case loopir.Le:
		return smt.Le(x, y)
	case loopir.Gt:
		return smt.Gt(x, y)
	case loopir.Ge:
		return smt.Ge(x, y)
	}
	panic(fmt.Sprintf("equiv: operator %d does not compare", op))
}

func (l *lowering) index(e loopir.Expr) *smt.Term { return l.once(e, l.term) }

func (l *lowering) term(e loopir.Expr) *smt.Term {
	switch e := e.(type) {
	case *loopir.Int:
		return smt.IntVal(e.Value)
	case *loopir.Var:
		return smt.Var(e.Name)
	case *loopir.Unary:
		if e.Op == loopir.Neg {
			return smt.Neg(l.index(e.X))
		}
	case *loopir.Binary:
		x, y := l.index(e.X), l.index(e.Y)
		switch e.Op {
		case loopir.Add:
			return smt.Add(x, y)
		case loopir.Sub:
			return smt.Sub(x, y)
		case loopir.Mul:
			return smt.Mul(x, y)
		case loopir.Div:
			return smt.Div(x, y)
		case loopir.Mod:
			return smt.Mod(x, y)
		}
	case *loopir.Intrinsic:
		if len(e.Args) > 0 && (e.Name == "min" || e.Name == "max") {
			return l.extremum(e)
		}
	}
	l.fail(e, "this expression")
	return smt.IntConst(0)
}

func (l *lowering) extremum(e *loopir.Intrinsic) *smt.Term {
	out := l.index(e.Args[0])
	for _, a := range e.Args[1:] {
		if e.Name == "min" {
			out = smt.Min(out, l.index(a))
		} else {
			out = smt.Max(out, l.index(a))
		}
	}
	return out
}
