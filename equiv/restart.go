package equiv

import (
	"maps"

	"github.com/loopopt/loopopt/loopir"
)

// restarts gives the program in which a set to the first step of a sum, as in
// c = 0.0 + x before c += y, is written as two statements, c = 0.0 and c += x. That
// computes the same, bit for bit, and leaves a sum whose first update was peeled off
// with the same updates as before.
func (p *Program) restarts() *Program {
	q := *p
	q.Stmts, q.byID = nil, maps.Clone(p.byID)
	for _, s := range p.Stmts {
		t := *s
		t.path = append([]int(nil), s.path...)
		for i := range t.path { // room between any two
			t.path[i] *= 2
		}
		sum := p.startsSum(s)
		if sum != nil {
			first := t
			first.ID, first.From, first.RHS = -1, nil, sum.X
			q.Stmts = append(q.Stmts, &first)
			t.path = append([]int(nil), t.path...)
			t.path[len(t.path)-1]++
			t.Op, t.RHS = loopir.AddTo, sum.Y
		}
		q.Stmts = append(q.Stmts, &t)
		if t.ID >= 0 {
			q.byID[t.ID] = &t
		}
	}
	if len(q.Stmts) == len(p.Stmts) {
		return p
	}
	for i, s := range q.Stmts {
		s.index = i
	}
	return &q
}

// startsSum gives literal + x where s sets its cell to that, x does not depend on the
// array, and other statements add to it.
func (p *Program) startsSum(s *Stmt) *loopir.Binary {
	b, ok := s.RHS.(*loopir.Binary)
	if !ok || s.Op != loopir.Set || len(s.Conds) > 0 || b.Op != loopir.Add || !isLiteral(b.X) || readsArray(b.Y, s.LHS.Name) {
		return nil
	}
	for _, t := range p.Stmts {
		if t.LHS.Name == s.LHS.Name && effectOf(t).kind == foldAdd {
			return b
		}
	}
	return nil
}

func readsArray(e loopir.Expr, name string) (yes bool) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok && r.Name == name {
			yes = true
		}
		return !yes
	})
	return yes
}
