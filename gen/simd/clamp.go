package simd

import (
	"github.com/loopopt/loopopt/loopir"
)

// clamped finds a minimum or maximum in an index that e reads at, with none inside, which
// changes in the region: as in A[min(i+1, N-1)]. It gives nil where there is none, and of
// those that change in a loop inside of lanes, where each iteration would make masks.
func (l *lowerer) clamped(e loopir.Expr) *loopir.Intrinsic {
	var found *loopir.Intrinsic
	loopir.WalkExpr(e, func(x loopir.Expr) bool {
		m, ok := x.(*loopir.Intrinsic)
		if found != nil || !ok || m.Type != loopir.Index || m.Name != "min" && m.Name != "max" {
			return found == nil
		}
		p, err := l.index(m)
		if err != nil || l.invariant(p) || l.changesInside(m) {
			return false
		}
		found = m
		for _, a := range m.Args {
			if inner := l.clamped(a); inner != nil {
				found = inner
			}
		}
		return false
	})
	return found
}

// changesInside tells whether e uses the iterator of a counted loop inside of lanes.
func (l *lowerer) changesInside(e loopir.Expr) bool {
	for name := range l.inside {
		if p, ok := l.iters[name]; ok && loopir.UsesVar(e, name) {
			if _, isConst := p.Const(); !isConst {
				return true
			}
		}
	}
	return false
}

// assignClamped lowers an assignment that reads at such an index as a guard around two: the
// first operand is the index, or it is among the others.
func (l *lowerer) assignClamped(s *loopir.Assign, m *loopir.Intrinsic) ([]node, error) {
	text := loopir.FormatExpr(m)
	with := func(index loopir.Expr) func() ([]node, error) {
		return func() ([]node, error) {
			c := *s
			c.RHS = loopir.MapExpr(s.RHS, func(e loopir.Expr) loopir.Expr {
				if x, ok := e.(*loopir.Intrinsic); ok && x.Type == loopir.Index && loopir.FormatExpr(x) == text {
					return index
				}
				return e
			})
			return l.assign(&c)
		}
	}
	rest, op := m.Args[1], loopir.Le
	if len(m.Args) > 2 {
		rest = &loopir.Intrinsic{Name: m.Name, Args: m.Args[1:], Type: loopir.Index, Span: m.Span}
	}
	if m.Name == "max" {
		op = loopir.Ge
	}
	cond := &loopir.Binary{Op: op, X: m.Args[0], Y: m.Args[1], Type: loopir.Bool, Span: m.Span}
	if len(m.Args) == 2 {
		return l.cond(cond, with(m.Args[0]), with(rest))
	}
	others := &loopir.Intrinsic{Name: m.Name, Args: append([]loopir.Expr{m.Args[0]}, m.Args[2:]...), Type: loopir.Index, Span: m.Span}
	return l.cond(cond, with(others), with(rest))
}
