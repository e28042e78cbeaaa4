package auto

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// An update is an assignment in loops.
type update struct {
	stmt  *loopir.Assign
	loops []*loopir.For  // around it, outermost first
	local map[string]int // scalars and arrays declared around it: inside of how many of the loops
}

// updates lists the assignments of a body that are in loops, in their order.
func updates(body []loopir.Stmt) []*update {
	var out []*update
	var visit func(list []loopir.Stmt, loops []*loopir.For, local map[string]int)
	visit = func(list []loopir.Stmt, loops []*loopir.For, local map[string]int) {
		inner := map[string]int{}
		for name, depth := range local {
			inner[name] = depth
		}
		for _, s := range list {
			switch s := s.(type) {
			case *loopir.Local:
				inner[s.Name] = len(loops)
			case *loopir.Assign:
				if len(loops) > 0 {
					out = append(out, &update{s, slices.Clone(loops), inner})
				}
			case *loopir.For:
				visit(s.Body, append(loops[:len(loops):len(loops)], s), inner)
				continue
			}
			for _, b := range loopir.Bodies(s) {
				visit(*b, loops, inner)
			}
		}
	}
	visit(body, nil, nil)
	return out
}

// depth is the place of a loop among those around an update, -1 if it is none.
func (u *update) depth(iter string) int {
	return slices.IndexFunc(u.loops, func(l *loopir.For) bool { return l.Iter == iter })
}

// reduces tells whether the iterations of a loop update one cell.
func (u *update) reduces(iter string) bool {
	at := u.depth(iter)
	declared, isLocal := u.local[u.stmt.LHS.Name]
	return at >= 0 && !loopir.UsesVar(u.stmt.LHS, iter) && (!isLocal || declared <= at) && u.accumulates()
}

// private tells whether the cell is one that each iteration of a loop has for itself.
func (u *update) private(iter string) bool {
	declared, isLocal := u.local[u.stmt.LHS.Name]
	return isLocal && declared > u.depth(iter)
}

// accumulates tells whether the new value depends on the one before.
func (u *update) accumulates() bool {
	if u.stmt.Op != loopir.Set {
		return true
	}
	cell, found := loopir.FormatExpr(u.stmt.LHS), false
	loopir.WalkExpr(u.stmt.RHS, func(e loopir.Expr) bool {
		r, ok := e.(*loopir.Read)
		found = found || ok && loopir.FormatExpr(r) == cell
		return !found
	})
	return found
}

// reads are the cells that are read from arrays, indices of data left out.
func (u *update) reads() []*loopir.Read {
	var out []*loopir.Read
	loopir.WalkExpr(u.stmt.RHS, func(e loopir.Expr) bool {
		r, ok := e.(*loopir.Read)
		if ok && len(r.Index) > 0 {
			out = append(out, r)
		}
		return !ok
	})
	return out
}

// A step is how far a cell moves in its array from one iteration of a loop to the next.
type step uint8

const (
	still step = iota // the same cell
	unit              // the next one
	far               // any other
)

// stepOf looks at the index of a cell. Where a size is the factor and has the value 1, the size comes back:
// the step is a unit for such sizes only.
func stepOf(r *loopir.Read, iter string, sizes map[string]int64) (step, string) {
	out, factor := still, ""
	for d, e := range r.Index {
		if !loopir.UsesVar(e, iter) {
			continue
		}
		p, err := poly.FromExpr(e)
		if err != nil || d < len(r.Index)-1 {
			return far, ""
		}
		coeff, _, ok := p.Coeff(iter)
		if !ok {
			return far, ""
		}
		if c, ok := coeff.Const(); ok && c.Cmp(big.NewInt(1)) == 0 {
			out = unit
			continue
		}
		v, ok := coeff.Expr().(*loopir.Var)
		if !ok || sizes[v.Name] != 1 {
			return far, ""
		}
		out, factor = unit, v.Name
	}
	return out, factor
}

// trips is how often a loop runs on sizes, 0 where that depends on other loops.
func trips(l *loopir.For, sizes map[string]int64) int64 {
	m := map[string]poly.Poly{}
	for name, v := range sizes {
		m[name] = poly.Int(v)
	}
	lo, err := poly.FromExpr(l.Lo)
	hi, err2 := poly.FromExpr(l.Hi)
	if err != nil || err2 != nil || l.Step != nil {
		return 0
	}
	n, ok := hi.Sub(lo).Subst(m).Const()
	if !ok || !n.IsInt64() {
		return 0
	}
	return max(0, n.Int64())
}

// independent tells whether iterations of loop l seem to touch no cell with a write that another
// one touches: each array from outside that is written has the iterator in one dimension, alike in
// all places.
func independent(l *loopir.For) bool {
	inside := map[string]bool{}
	places := map[string][]*loopir.Read{}
	written := map[string]bool{}
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local:
			inside[s.Name] = true
		case *loopir.Assign:
			written[s.LHS.Name] = true
		case *loopir.Call:
			for _, arg := range s.Args {
				if w, ok := arg.(*loopir.Window); ok {
					written[w.Name] = true
					places[w.Name] = append(places[w.Name], &loopir.Read{Name: w.Name}) // any cell
				}
			}
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if r, ok := e.(*loopir.Read); ok {
					places[r.Name] = append(places[r.Name], r)
				}
				return true
			})
		}
		return true
	})
	for name := range written {
		if !inside[name] && !partitioned(places[name], l.Iter) {
			return false
		}
	}
	return true
}

// partitioned tells whether one dimension has the same index everywhere, which the iterator moves.
func partitioned(places []*loopir.Read, iter string) bool {
	for d := range places[0].Index {
		first := loopir.FormatExpr(places[0].Index[d])
		p, err := poly.FromExpr(places[0].Index[d])
		if err != nil {
			continue
		}
		coeff, _, ok := p.Coeff(iter)
		if c, isConst := coeff.Const(); !ok || !isConst || c.Sign() == 0 {
			continue
		}
		if !slices.ContainsFunc(places, func(r *loopir.Read) bool {
			return len(r.Index) <= d || loopir.FormatExpr(r.Index[d]) != first
		}) {
			return true
		}
	}
	return false
}
