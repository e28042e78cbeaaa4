package equiv

import (
	"maps"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// restarts gives the program in which an assignment that takes several steps of a sum
// or an extremum at once, as c = 0.0 + x before c += y does, or m = max(m, x, y), is
// written as one assignment for each step: c = 0.0 and c += x, m max= x and m max= y.
// That computes the same, bit for bit, and leaves a sum whose first update was peeled
// off with the same updates as before.
func (p *Program) restarts() *Program {
	q := *p
	q.Stmts, q.byID = nil, maps.Clone(p.byID)
	for _, s := range p.Stmts {
		pieces := p.steps(s)
		if len(pieces) == 0 || len(pieces) > maxPieces {
			pieces = []assignment{{s.Op, s.RHS}}
		}
		for i, a := range pieces {
			t := *s
			t.path = append([]int(nil), s.path...)
			for j := range t.path { // room between any two
				t.path[j] *= maxPieces
			}
			t.path[len(t.path)-1] += i
			t.Op, t.RHS = a.op, a.rhs
			if i < len(pieces)-1 { // the last one stands for the whole
				t.ID, t.From = -1, nil
			} else if t.ID >= 0 {
				q.byID[t.ID] = &t
			}
			q.Stmts = append(q.Stmts, &t)
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

// maxPieces bounds into how many assignments one is taken apart.
const maxPieces = 8

// An assignment is what a statement does to its cell.
type assignment struct {
	op  loopir.AssignOp
	rhs loopir.Expr
}

// steps takes an assignment apart, or gives nil. What the later steps add does not
// depend on what the first ones wrote.
func (p *Program) steps(s *Stmt) []assignment {
	if s.Op != loopir.Set || s.mayLeave() || s.RHS.TypeOf() != s.LHS.Type {
		return nil
	}
	if b, ok := s.RHS.(*loopir.Binary); ok && b.Op == loopir.Add && isLiteral(b.X) && !meets(b.Y, s.LHS) && p.folded(s, foldAdd) {
		return []assignment{{loopir.Set, b.X}, {loopir.AddTo, b.Y}}
	}
	m, ok := s.RHS.(*loopir.Intrinsic)
	if !ok || m.Name != "min" && m.Name != "max" || m.Type == loopir.Index {
		return nil
	}
	op, kind := loopir.MinTo, foldMin
	if m.Name == "max" {
		op, kind = loopir.MaxTo, foldMax
	}
	args := spine(m)
	for _, x := range args[1:] {
		if meets(x, s.LHS) {
			return nil
		}
	}
	var out []assignment
	if r, ok := args[0].(*loopir.Read); ok && sameRead(r, s.LHS) {
		if len(args) == 2 {
			return nil
		}
	} else if p.folded(s, kind) {
		out = []assignment{{loopir.Set, args[0]}}
	} else {
		return nil
	}
	for _, x := range args[1:] {
		out = append(out, assignment{op, x})
	}
	return out
}

// spine lists what an extremum is computed of from the left: x, y and z for
// max(max(x, y), z) and for max(x, y, z).
func spine(m *loopir.Intrinsic) []loopir.Expr {
	args := m.Args
	if first, ok := args[0].(*loopir.Intrinsic); ok && first.Name == m.Name {
		args = append(spine(first), args[1:]...)
	}
	return args
}

// folded tells whether another statement combines something with the cells of s's
// array by kind.
func (p *Program) folded(s *Stmt, kind foldKind) bool {
	for _, t := range p.Stmts {
		if t != s && t.LHS.Name == s.LHS.Name && effectOf(t).kind == kind {
			return true
		}
	}
	return false
}

// meets tells whether e may read cell.
func meets(e loopir.Expr, cell *loopir.Read) (yes bool) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok && r.Name == cell.Name && !apart(r, cell) {
			yes = true
		}
		return !yes
	})
	return yes
}

// apart tells whether two reads of one statement name different cells for certain.
func apart(a, b *loopir.Read) bool {
	for i := range min(len(a.Index), len(b.Index)) {
		x, errX := poly.FromExpr(a.Index[i])
		y, errY := poly.FromExpr(b.Index[i])
		if errX != nil || errY != nil {
			continue
		}
		if d, ok := x.Sub(y).Const(); ok && d.Sign() != 0 {
			return true
		}
	}
	return false
}
