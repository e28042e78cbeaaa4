package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// An access is a cell that an assignment reads or writes.
type access struct {
	stmt   *Stmt
	cell   *loopir.Read
	write  bool
	update bool          // the cell of op=, which is read and written
	guards []loopir.Expr // of the arms of select around the read
	opaque bool          // a condition on data decides whether it happens
}

// accesses lists what s touches, its write last. Of reads of one cell those are left out that
// happen only where an earlier one does: a large expression has many.
func accesses(s *Stmt) []access {
	var out []access
	read := map[string]bool{} // cells; those behind ! whatever the data are
	for _, c := range s.Conds {
		out = append(out, access{stmt: s, cell: c.Read})
	}
	var walk func(e loopir.Expr, a access)
	walk = func(e loopir.Expr, a access) {
		switch e := e.(type) {
		case *loopir.Read:
			a.cell = e
			text := loopir.FormatExpr(e)
			if read["!"+text] || a.opaque && read[text] {
				return
			}
			if len(a.guards) == 0 {
				read[text] = true
				read["!"+text] = !a.opaque
			}
			out = append(out, a)
		case *loopir.Intrinsic:
			if e.Name == "select" {
				walk(e.Args[0], a)
				walk(e.Args[1], a.under(e.Args[0]))
				walk(e.Args[2], a.under(not(e.Args[0])))
				return
			}
			for _, x := range e.Args {
				walk(x, a)
			}
		case *loopir.Binary:
			walk(e.X, a)
			switch e.Op {
			case loopir.And:
				a = a.under(e.X)
			case loopir.Or:
				a = a.under(not(e.X))
			}
			walk(e.Y, a)
		default:
			for _, c := range loopir.Children(e) {
				walk(c, a)
			}
		}
	}
	walk(s.RHS, access{stmt: s, opaque: len(s.Conds) > 0})
	return append(out, access{stmt: s, cell: s.LHS, write: true, update: s.Op != loopir.Set, opaque: len(s.Conds) > 0})
}

func (a access) under(c loopir.Expr) access {
	for _, c := range conjuncts(c) {
		if isIndexCond(c) {
			a.guards = append(a.guards[:len(a.guards):len(a.guards)], c)
		} else {
			a.opaque = true
		}
	}
	return a
}

func (a access) domain(e Env) []loopir.Expr {
	out := a.stmt.Domain(e)
	for _, g := range a.guards {
		out = append(out, e.at(g))
	}
	return out
}

// races claims, for each parallel and each vectorized loop, that no two of its
// iterations touch one cell when one of them writes it; p is the program unpacked.
func (w *walker) races(p *Program) {
	for _, l := range p.Loops {
		if l.For.Par == loopir.Sequential {
			continue
		}
		depth := len(l.Loops)
		var all []access
		for _, s := range p.Stmts {
			if len(s.Loops) > depth && s.Loops[depth] == l.For {
				all = append(all, accesses(s)...)
			}
		}
		for i, a := range all {
			for _, b := range all[i:] {
				if a.cell.Name == b.cell.Name && (a.write || b.write) && !reduces(l.For, a, b) {
					w.race(p, l, a, b, all)
				}
			}
		}
	}
}

// reduces tells whether l was declared to run these updates concurrently.
func reduces(l *loopir.For, a, b access) bool {
	for _, r := range l.Reduce {
		if r.Name == a.cell.Name && a.update && b.update && a.stmt.Op == r.Op && b.stmt.Op == r.Op {
			return true
		}
	}
	return false
}

// race claims that a and b, among all accesses in the loop, never touch one cell.
func (w *walker) race(p *Program, l *Loop, a, b access, all []access) {
	ea, eb := Env{}, Env{}
	one, two := iters(a.stmt.Loops), iters(b.stmt.Loops)
	for d := range one {
		ea[one[d]] = loopir.NewVar(one[d])
	}
	for d, it := range two {
		if d >= len(l.Loops) {
			two[d] += "'"
		}
		eb[it] = loopir.NewVar(two[d])
	}
	order := loopir.Ne
	if a.stmt == b.stmt && a.cell == b.cell {
		order = loopir.Lt
	}
	hyps := append(p.Assume(), a.domain(ea)...)
	hyps = append(hyps, b.domain(eb)...)
	hyps = append(hyps, loopir.Bin(order, ea[l.For.Iter], eb[l.For.Iter]))
	same := p.SameCell(a.cell.Name, atAll(ea, a.cell.Index), ea, b.cell.Name, atAll(eb, b.cell.Index), eb)
	if v, ok := constBool(same); ok && !v {
		return
	}
	word := map[loopir.Par]string{loopir.Parallel: "parallel", loopir.Vectorize: "vectorize"}[l.For.Par]
	first, second := a, b
	if !first.write {
		first, second = b, a
	}
	verb := "reads"
	if second.write {
		verb = "writes"
	}
	i := l.For.Iter
	w.claims = append(w.claims, claim{
		name: "race", fault: interp.Race, array: a.cell.Name,
		span: first.cell.Span, hyps: hyps, goal: not(same), opaque: a.opaque || b.opaque,
		vars: append(one[:len(one):len(one)], two[len(l.Loops):]...), places: [][]string{one, two},
		group: fmt.Sprintf("race %v %s %s", l.For.Span, l.For.Iter, a.cell.Name),
		what:  fmt.Sprintf("no two iterations of the %s loop %s touch one cell of %s", word, i, a.cell.Name),
		tell: func(env map[string]int64) *loopir.Error {
			x, y := env[i], env[i+"'"]
			if first.cell != a.cell {
				x, y = y, x
			}
			err := refuted(l.For.Span, "the %s loop %s: iteration %s=%d writes a cell of %s that iteration %s=%d %s",
				word, i, i, x, a.cell.Name, i, y, verb)
			err.Note(first.cell.Span, "the write is here")
			if second.cell != first.cell {
				err.Note(second.cell.Span, "the other iteration %s the cell here", verb)
			}
			if first.update && second.update && first.stmt.Op == second.stmt.Op {
				adviseReduction(err, l.For, first, all)
			}
			return err
		},
	})
}

// adviseReduction tells how iterations of loop l may all do the update a, given all accesses
// in the loop.
func adviseReduction(err *loopir.Error, l *loopir.For, a access, all []access) {
	s, name := a.stmt, asWritten(a.cell.Name)
	for _, x := range all {
		switch {
		case x.cell.Name != a.cell.Name:
		case !x.update:
			err.Note(x.cell.Span, "%s is also used here, so each iteration needs what the ones before made of it: choose another loop", name)
			return
		case x.stmt.Op != s.Op || l.Par == loopir.Vectorize && x.stmt != s:
			return
		}
	}
	switch {
	case s.Op == loopir.DivTo:
		return
	case l.Par == loopir.Vectorize && loopir.UsesVar(a.cell, l.Iter):
		return // each lane has a result already, but some share it
	case l.Par == loopir.Vectorize && s.Label == "":
		err.Note(loopir.Span{}, "give each lane a partial result first: label the update, `S: %s`, then `rfactor S over %s into t`", updateText(s), l.Iter)
	case l.Par == loopir.Vectorize:
		err.Note(loopir.Span{}, "give each lane a partial result first: `rfactor %s over %s into t`, where %s labels the update", s.Label, l.Iter, s.Label)
	case s.Op == loopir.SubTo:
		err.Note(loopir.Span{}, "written as += of the negated term, `parallel reduction(+: %s)` would permit concurrent updates", name)
	default:
		err.Note(loopir.Span{}, "`parallel reduction(%s: %s)` would permit concurrent updates", opText(s.Op), name)
	}
}

// updateText is how an update begins, as it is written.
func updateText(s *Stmt) string {
	op := map[loopir.AssignOp]string{
		loopir.AddTo: "+=", loopir.SubTo: "-=", loopir.MulTo: "*=", loopir.MinTo: "min=", loopir.MaxTo: "max=",
	}[s.Op]
	return asWritten(loopir.FormatExpr(s.LHS)) + " " + op + " ..."
}

// opText is the operator of op as a reduction clause spells it.
func opText(op loopir.AssignOp) string {
	return map[loopir.AssignOp]string{
		loopir.AddTo: "+", loopir.MulTo: "*", loopir.MinTo: "min", loopir.MaxTo: "max",
	}[op]
}
