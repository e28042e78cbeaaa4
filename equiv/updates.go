package equiv

import (
	"maps"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// plainUpdates gives the program in which updates that are written as choices are plain
// ones, where that is the same bit for bit: one by what changes nothing wherever a condition
// on sizes and iterators fails is one under that condition,
//
//	m max= select(c, x, -inf)    =>    if c { m max= x }
//
// and one that keeps the larger or smaller of two integers is an extremum,
//
//	if x > m { m = x }           =>    m max= x
//
// For floats that would not be the same: x may be NaN, and -0.0 is not less than 0.0.
func (p *Program) plainUpdates() *Program {
	q := *p
	q.Stmts, q.byID = nil, maps.Clone(p.byID)
	changed := false
	for i, s := range p.Stmts {
		t := s.underCondition()
		if t == nil && i > 0 {
			t = s.extremum(p.Stmts[i-1])
		}
		if t == nil {
			t = s
		}
		changed = changed || t != s
		if t.ID >= 0 {
			q.byID[t.ID] = t
		}
		q.Stmts = append(q.Stmts, t)
	}
	if !changed {
		return p
	}
	return &q
}

// underCondition is s as an update under a condition, or nil.
func (s *Stmt) underCondition() *Stmt {
	e := effectOf(s)
	choice := indexSelect(e.term)
	if choice == nil || e.fused {
		return nil
	}
	cond, x, none := choice.Args[0], choice.Args[1], choice.Args[2]
	if !leavesAll(e.kind, none) {
		cond, x, none = not(cond), none, x
	}
	ops := map[foldKind]loopir.AssignOp{foldAdd: loopir.AddTo, foldMul: loopir.MulTo, foldMin: loopir.MinTo, foldMax: loopir.MaxTo}
	op, folds := ops[e.kind]
	if !folds || !leavesAll(e.kind, none) || hasDivision(cond) {
		return nil
	}
	t := *s
	t.Site = s.guarded(cond)
	t.Op, t.RHS = op, x
	return &t
}

// leavesAll tells whether combining anything with the literal e by kind changes no bit of it.
func leavesAll(kind foldKind, e loopir.Expr) bool {
	return identity(kind, e) && !(kind == foldAdd && e.TypeOf().IsFloat() && isPlainZero(e))
}

// extremum is s, an assignment under a condition on data that cond evaluates right before it,
// as an update by min or max, or nil.
func (s *Stmt) extremum(cond *Stmt) *Stmt {
	n := len(s.Conds) - 1
	test, compares := cond.RHS.(*loopir.Binary)
	if n < 0 || s.Op != loopir.Set || !s.mayLeave() || s.LHS.Type.IsFloat() || s.RHS.TypeOf() != s.LHS.Type || s.Conds[n].Negate ||
		!compares || cond.LHS.Name != s.Conds[n].Read.Name || hasDivision(test) || !slices.Equal(cond.Loops, s.Loops) || !slices.Equal(cond.Guards, s.Guards) {
		return nil
	}
	ops := map[loopir.Op]loopir.AssignOp{loopir.Gt: loopir.MaxTo, loopir.Ge: loopir.MaxTo, loopir.Lt: loopir.MinTo, loopir.Le: loopir.MinTo}
	mirrored := map[loopir.AssignOp]loopir.AssignOp{loopir.Set: loopir.Set, loopir.MaxTo: loopir.MinTo, loopir.MinTo: loopir.MaxTo}
	op, x, old := ops[test.Op], test.X, test.Y
	if loopir.FormatExpr(x) != loopir.FormatExpr(s.RHS) {
		op, x, old = mirrored[op], old, x
	}
	r, isRead := old.(*loopir.Read)
	if op == loopir.Set || !isRead || !sameRead(r, s.LHS) || loopir.FormatExpr(x) != loopir.FormatExpr(s.RHS) {
		return nil
	}
	t := *s
	t.Op, t.Conds = op, s.Conds[:n:n]
	return &t
}
