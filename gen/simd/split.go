package simd

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A run is how many statements of a list, from the one at its place on, use the locals in
// registers that are declared there.
type run struct {
	list *[]loopir.Stmt
	at   loopir.Stmt // the first of them
	n    int
}

// split cuts a list that declares locals in registers into runs from such a declaration to
// the last use of what is declared in it, and says whether that leaves anything out. What
// the rest shares with a run has to be in memory: scalar locals become arrays of one cell.
func (f *finder) split(list *[]loopir.Stmt) bool {
	runs := runsOf(*list)
	if len(runs) == 1 && runs[0][0] == 0 && runs[0][1] == len(*list) {
		return false
	}
	for f.share(list, runs) {
		runs = runsOf(*list)
	}
	for _, r := range runs {
		f.runs = append(f.runs, run{list, (*list)[r[0]], r[1] - r[0]})
	}
	return true
}

// share puts one local into memory, before the run where it is declared if it is in one,
// that a run and what is outside of it have in common. It says whether there was any.
func (f *finder) share(list *[]loopir.Stmt, runs [][2]int) bool {
	for i, s := range *list {
		d, ok := s.(*loopir.Local)
		if !ok || isRegisters(s) || f.twice(d.Name) {
			continue
		}
		for _, r := range runs {
			inside := i >= r[0] && i < r[1]
			beyond := inside && uses((*list)[r[1]:], d.Name)
			switch {
			case len(d.Shape) > 0 && inside && (beyond || !constant(d.Shape)):
				*list = slices.Concat((*list)[:r[0]:r[0]], []loopir.Stmt{d}, (*list)[r[0]:i], (*list)[i+1:])
				return true
			case len(d.Shape) == 0 && beyond:
				toCell(list, i, r[0])
				return true
			case len(d.Shape) == 0 && !inside && assigns((*list)[r[0]:r[1]], d.Name):
				toCell(list, i, i)
				return true
			}
		}
	}
	return false
}

func constant(shape []loopir.Expr) bool {
	return !slices.ContainsFunc(shape, func(e loopir.Expr) bool {
		_, ok := e.(*loopir.Int)
		return !ok
	})
}

// run is how long the run that begins at a place of a list is.
func (f *finder) run(list *[]loopir.Stmt, at int) int {
	for _, r := range f.runs {
		if r.list == list && r.at == (*list)[at] {
			return r.n
		}
	}
	return 0
}

// runsOf gives the runs of a list as half-open ranges.
func runsOf(list []loopir.Stmt) [][2]int {
	var out [][2]int
	for i, s := range list {
		if !isRegisters(s) {
			continue
		}
		last := i
		for j := i + 1; j < len(list); j++ {
			if uses(list[j:j+1], s.(*loopir.Local).Name) {
				last = j
			}
		}
		if n := len(out) - 1; n >= 0 && i < out[n][1] {
			out[n][1] = max(out[n][1], last+1)
			continue
		}
		out = append(out, [2]int{i, last + 1})
	}
	return out
}

// twice tells whether a name is declared more than once.
func (f *finder) twice(name string) bool {
	n := 0
	loopir.Walk(f.kernel.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local:
			if s.Name == name {
				n++
			}
		case *loopir.For:
			if s.Iter == name {
				n++
			}
		}
		return true
	})
	return n > 1
}

// uses tells whether statements mention a local.
func uses(list []loopir.Stmt, name string) bool {
	return has(list, func(s loopir.Stmt) bool {
		return slices.ContainsFunc(loopir.StmtExprs(s), func(e loopir.Expr) bool {
			found := false
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				r, ok := x.(*loopir.Read)
				found = found || ok && r.Name == name
				return !found
			})
			return found
		})
	})
}

// assigns tells whether statements set a local.
func assigns(list []loopir.Stmt, name string) bool {
	return has(list, func(s loopir.Stmt) bool {
		a, ok := s.(*loopir.Assign)
		return ok && a.LHS.Name == name
	})
}

// toCell makes an array of one cell of the scalar that is declared at a place of a list,
// and declares it at another place before.
func toCell(list *[]loopir.Stmt, at, before int) {
	d := *(*list)[at].(*loopir.Local)
	cell := func(e loopir.Expr) loopir.Expr {
		return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
			r, ok := e.(*loopir.Read)
			if !ok || r.Name != d.Name || len(r.Index) > 0 {
				return e
			}
			return cellOf(r)
		})
	}
	rest := (*list)[at+1:]
	loopir.Walk(rest, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, cell)
		return true
	})
	if d.Init != nil {
		first := &loopir.Assign{LHS: cell(&loopir.Read{Name: d.Name, Type: d.Type, Span: d.Span}).(*loopir.Read), RHS: d.Init, Span: d.Span}
		rest = slices.Insert(slices.Clone(rest), 0, loopir.Stmt(first))
	}
	d.Shape, d.Mem, d.Init = []loopir.Expr{loopir.NewInt(1)}, loopir.Stack, nil
	*list = slices.Concat((*list)[:before:before], []loopir.Stmt{&d}, (*list)[before:at], rest)
}

// cellOf is the cell of a scalar that has become an array of one.
func cellOf(r *loopir.Read) *loopir.Read {
	return &loopir.Read{Name: r.Name, Index: []loopir.Expr{loopir.NewInt(0)}, Type: r.Type, Span: r.Span}
}
