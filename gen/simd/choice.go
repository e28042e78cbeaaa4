package simd

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// choice lowers a condition on data. Nothing jumps: what either side writes is chosen lane by
// lane between the new value and the old one. Both sides are computed, which the language
// lets one do: an access is in bounds whatever data say, and no operation here faults.
func (l *lowerer) choice(c loopir.Expr, yes, no func() ([]node, error)) ([]node, error) {
	cond, err := l.value(c)
	if err != nil {
		return nil, err
	}
	y, err := yes()
	if err != nil {
		return nil, err
	}
	n, err := no()
	if err != nil {
		return nil, err
	}
	cond, before, after := l.before(cond, y, n)
	out := appendNodes(nil, before)
	if both := together(cond, y, n); both != nil {
		return appendNodes(appendNodes(out, both), after), nil
	}
	chosen(y, func(old, new *value) *value {
		return &value{op: opSelect, typ: new.typ, args: []*value{cond, new, old}}
	})
	chosen(n, func(old, new *value) *value {
		return &value{op: opSelect, typ: new.typ, args: []*value{cond, old, new}}
	})
	return appendNodes(appendNodes(appendNodes(out, y), n), after), nil
}

// chosen makes each statement write what choose says, but those on locals of the side.
func chosen(side []node, choose func(old, new *value) *value) {
	own := map[*local]bool{}
	_ = eachStmt(side, func(s *stmt) error {
		if s.end != nil {
			own[s.end] = true
		}
		return nil
	})
	_ = eachStmt(side, func(s *stmt) error {
		if s.rhs != nil && !(s.dst.op == opCell && own[s.dst.cell.loc]) {
			s.rhs = choose(s.dst, s.rhs)
		}
		return nil
	})
}

// together writes two sides that set the same cells, in the same order, as one list: no old
// value is read then, which there need not be. It gives nil for others.
func together(cond *value, y, n []node) []node {
	if len(y) != 1 || len(n) != 1 {
		return nil
	}
	a, okA := y[0].(*block)
	b, okB := n[0].(*block)
	if !okA || !okB || len(a.stmts) != len(b.stmts) {
		return nil
	}
	out := &block{}
	for i, s := range a.stmts {
		t := b.stmts[i]
		if s.rhs == nil || t.rhs == nil || !sameCell(s.dst, t.dst) {
			return nil
		}
		rhs := &value{op: opSelect, typ: s.dst.typ, args: []*value{cond, s.rhs, t.rhs}}
		out.stmts = append(out.stmts, &stmt{lanes: s.lanes, dst: s.dst, rhs: rhs})
	}
	return []node{out}
}

func sameCell(a, b *value) bool {
	return a.op == b.op && a.at == b.at && a.vec == b.vec && a.cell == b.cell
}

// before keeps what the condition is made of, where the sides write it and go on.
func (l *lowerer) before(cond *value, sides ...[]node) (*value, []node, []node) {
	written, count := []*value{}, 0
	for _, side := range sides {
		_ = eachStmt(side, func(s *stmt) error {
			if s.rhs != nil {
				written = append(written, s.dst)
				count++
			}
			return nil
		})
	}
	if count <= 1 || !touches(cond, written) {
		return cond, nil, nil
	}
	var start, end []*stmt
	var copied func(v *value) *value
	copied = func(v *value) *value {
		if v.op == opLoad || v.op == opCell {
			loc := &local{name: fmt.Sprintf("was%d", len(start)), lanePos: -1, perLane: l.lanes > 0}
			c := &value{op: opCell, typ: v.typ, cell: cell{loc: loc, vec: loc.perLane}}
			start = append(start, &stmt{lanes: l.lanes, dst: c, rhs: v})
			end = append(end, &stmt{end: loc})
			return c
		}
		out := *v
		out.args = make([]*value, len(v.args))
		for i, a := range v.args {
			out.args[i] = copied(a)
		}
		return &out
	}
	cond = copied(cond)
	return cond, []node{&block{stmts: start}}, []node{&block{stmts: end}}
}

// touches tells whether v may read a cell that is written.
func touches(v *value, written []*value) bool {
	for _, w := range written {
		switch {
		case v.op == opLoad && w.op == opLoad && v.at.aff.array == w.at.aff.array,
			v.op == opCell && w.op == opCell && v.cell.loc == w.cell.loc,
			v.op == opLane && w.op == opCell && v.cell.loc == w.cell.loc:
			return true
		}
	}
	for _, a := range v.args {
		if touches(a, written) {
			return true
		}
	}
	return false
}

// indexChoice finds a select in e whose condition compares indices, or nil.
func indexChoice(e loopir.Expr) *loopir.Intrinsic {
	var found *loopir.Intrinsic
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if s, ok := e.(*loopir.Intrinsic); ok && found == nil && s.Name == "select" && mentionsIndex(s.Args[0]) {
			found = s
		}
		return found == nil
	})
	return found
}

// assignChoice lowers an assignment with such a select as a guard around two assignments.
func (l *lowerer) assignChoice(s *loopir.Assign, sel *loopir.Intrinsic) ([]node, error) {
	text := loopir.FormatExpr(sel)
	arm := func(i int) func() ([]node, error) {
		return func() ([]node, error) {
			c := *s
			c.RHS = loopir.MapExpr(s.RHS, func(e loopir.Expr) loopir.Expr {
				if x, ok := e.(*loopir.Intrinsic); ok && x.Name == "select" && loopir.FormatExpr(x) == text {
					return x.Args[i]
				}
				return e
			})
			return l.assign(&c)
		}
	}
	return l.cond(sel.Args[0], arm(1), arm(2))
}
