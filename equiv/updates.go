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
// one that keeps the larger or smaller of two integers is an extremum,
//
//	if x > m { m = x }           =>    m max= x
//
// and a choice by data between updates is an update by a choice, as one under a condition on
// data is (effect.skipping),
//
//	s = select(c, s - x, s)      =>    s += select(c, -x, -0.0)
//	if c { s += x } else { s -= y }    =>    s += select(c, x, -y)
//
// For floats the second would not be the same: x may be NaN, and -0.0 is not less than 0.0.
func (p *Program) plainUpdates() *Program {
	q := *p
	q.Stmts, q.byID = nil, maps.Clone(p.byID)
	changed := false
	for i := 0; i < len(p.Stmts); i++ {
		s := p.Stmts[i]
		t := s
		if i+1 < len(p.Stmts) {
			if both := s.orElse(p.Stmts[i+1]); both != nil {
				q.byID[p.Stmts[i+1].ID] = both
				t = both
				i++
			}
		}
		if x := t.underCondition(); x != nil {
			t = x
		} else if x := t.chosenUpdate(); x != nil {
			t = x
		} else if i > 0 && t == s {
			if x := s.extremum(p.Stmts[i-1]); x != nil {
				t = x
			}
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
	if len(q.Stmts) < len(p.Stmts) {
		q.renumber()
	}
	return &q
}

// renumber gives statements, some of which are gone, their places.
func (p *Program) renumber() {
	now := map[*Stmt]*Stmt{}
	for i, s := range p.Stmts {
		t := *s
		t.index = i
		p.Stmts[i], now[s] = &t, &t
	}
	for id, s := range p.byID {
		p.byID[id] = now[s]
	}
}

// orElse is s and the next statement t, one of which is made as a condition on data holds or
// does not, as an assignment of a choice, or nil.
func (s *Stmt) orElse(t *Stmt) *Stmt {
	n := len(s.Conds) - 1
	if n < 0 || len(t.Conds) != n+1 || !s.mayLeave() || !t.mayLeave() || !slices.Equal(s.Conds[:n], t.Conds[:n]) ||
		s.Conds[n].Read != t.Conds[n].Read || s.Conds[n].Negate == t.Conds[n].Negate ||
		!sameRead(s.LHS, t.LHS) || !slices.Equal(s.Loops, t.Loops) || !slices.Equal(s.Guards, t.Guards) {
		return nil
	}
	then, els := s.written(), t.written()
	if then.TypeOf() != s.LHS.Type || els.TypeOf() != s.LHS.Type || hasDivision(then) || hasDivision(els) {
		return nil
	}
	if s.Conds[n].Negate {
		then, els = els, then
	}
	both := *s
	both.Op, both.Conds = loopir.Set, s.Conds[:n:n]
	both.RHS = &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{s.Conds[n].Read, then, els}, Type: s.LHS.Type, Span: s.Span}
	if both.From == nil {
		both.From = t.From
	}
	return &both
}

// written is the value that s writes where it writes.
func (s *Stmt) written() loopir.Expr {
	if s.Op == loopir.Set {
		return s.RHS
	}
	return combine(s.Op, loopir.CloneExpr(s.LHS), s.RHS)
}

// chosenUpdate is s, which chooses by data between updates of its cell by one operator, as an
// update by a choice, or nil. Where an arm leaves the cell as it is, it combines it with what
// changes no bit.
func (s *Stmt) chosenUpdate() *Stmt {
	if s.Op != loopir.Set || !isChoice(s.RHS) || s.RHS.TypeOf() != s.LHS.Type || hasDivision(s.RHS) {
		return nil
	}
	for kind, op := range foldOps {
		x, combines := s.termOf(plainer(s.RHS), kind)
		if x != nil && combines && !meets(x, s.LHS) {
			t := *s
			t.Op, t.RHS = op, x
			return &t
		}
	}
	return nil
}

// foldOps are the assignments that combine.
var foldOps = map[foldKind]loopir.AssignOp{foldAdd: loopir.AddTo, foldMul: loopir.MulTo, foldMin: loopir.MinTo, foldMax: loopir.MaxTo}

// termOf is what e combines the cell of s with by kind, or nil; combines tells whether some
// arm of e does.
func (s *Stmt) termOf(e loopir.Expr, kind foldKind) (x loopir.Expr, combines bool) {
	if r, ok := e.(*loopir.Read); ok && sameRead(r, s.LHS) {
		return neutralElement(kind, s.LHS.Type), false
	}
	if isChoice(e) {
		args := e.(*loopir.Intrinsic).Args
		then, first := s.termOf(args[1], kind)
		els, second := s.termOf(args[2], kind)
		if then == nil || els == nil {
			return nil, false
		}
		return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{args[0], then, els}, Type: s.LHS.Type, Span: s.Span}, first || second
	}
	arm := (&effect{value: e, holes: map[*loopir.Read]bool{}}).found(s)
	if arm.kind != kind || arm.fused || arm.term == nil {
		return nil, false
	}
	return arm.term, true
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
	op, folds := foldOps[e.kind]
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
