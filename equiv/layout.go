package equiv

import "github.com/loopopt/loopopt/loopir"

// Arrays are compared cell by cell in logical coordinates: those of the array
// that the naive kernel declares, which a Layout maps to packed ones.

// logicalShape gives the extents of the logical array.
func logicalShape(p *loopir.Param) []loopir.Expr {
	if p.Layout != nil {
		return p.Layout.Shape
	}
	return p.Shape
}

// packed gives the index at which a parameter holds a logical cell.
func packed(p *loopir.Param, logical []loopir.Expr) []loopir.Expr {
	if p.Layout == nil {
		return logical
	}
	env := Env{}
	for i, it := range p.Layout.Iters {
		env[it] = logical[i]
	}
	return atAll(env, p.Layout.Index)
}

// unpacked gives the logical cell that lives at an index, provided that one
// does: a guess, which packed confirms.
func unpacked(p *loopir.Param, index []loopir.Expr) ([]loopir.Expr, bool) {
	if p.Layout == nil {
		return index, true
	}
	if len(index) != len(p.Layout.Index) {
		return nil, false
	}
	env, sys := Env{}, newSystem()
	for _, it := range p.Layout.Iters {
		env[it] = loopir.NewVar(it + "!l")
		sys.addUnknown(it+"!l", nil)
	}
	for i, e := range p.Layout.Index {
		sys.equate(env.at(e), index[i])
	}
	sys.solveBoldly()
	sol, ok := sys.solution()
	if !ok {
		return nil, false
	}
	out := make([]loopir.Expr, len(p.Layout.Iters))
	for i, it := range p.Layout.Iters {
		out[i] = sol[it+"!l"]
	}
	return out, true
}

// sameLogicalCell is the condition that index a of p and index b of q, the same
// parameter after and before, hold one logical cell.
func sameLogicalCell(p *loopir.Param, a []loopir.Expr, q *loopir.Param, b []loopir.Expr) (loopir.Expr, bool) {
	if sameLayout(p, q) { // also where the cell is padding
		return sameIndices(a, b), len(a) == len(b)
	}
	logical, ok := unpacked(q, b)
	if !ok || len(logical) != len(logicalShape(p)) || len(logical) != len(logicalShape(q)) {
		return nil, false
	}
	goal := and(sameIndices(packed(p, logical), a), sameIndices(packed(q, logical), b))
	for i, n := range logicalShape(q) {
		goal = and(goal, loopir.Bin(loopir.Le, loopir.NewInt(0), logical[i]), loopir.Bin(loopir.Lt, logical[i], n))
	}
	return goal, true
}

func sameIndices(a, b []loopir.Expr) loopir.Expr {
	out := boolExpr(true)
	for i := range a {
		if i < len(b) {
			out = and(out, eq(a[i], b[i]))
		}
	}
	return out
}

// sameLayout tells whether two parameters hold each logical cell at the same
// index, padding included.
func sameLayout(p, q *loopir.Param) bool {
	if p.Layout == nil || q.Layout == nil {
		return p.Layout == nil && q.Layout == nil
	}
	a, b := p.Layout, q.Layout
	if len(a.Iters) != len(b.Iters) || len(a.Index) != len(b.Index) {
		return false
	}
	rename := map[string]loopir.Expr{}
	for i, it := range a.Iters {
		rename[it] = loopir.NewVar(b.Iters[i])
	}
	for i, e := range a.Index {
		if exprKey(loopir.Subst(e, rename)) != exprKey(b.Index[i]) {
			return false
		}
	}
	for i, e := range a.Shape {
		if exprKey(e) != exprKey(b.Shape[i]) {
			return false
		}
	}
	return true
}
