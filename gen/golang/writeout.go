package golang

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// mostWritten bounds the statements that a loop may be written out to.
const mostWritten = 64

// writtenOut replaces loops that are marked so, and of constant extent, and those of one iteration by copies
// of their bodies. Those that declare locals stay.
func writtenOut(body []loopir.Stmt, facts poly.Facts) []loopir.Stmt {
	var out []loopir.Stmt
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			inside := facts.Enter(s)
			s.Body = writtenOut(s.Body, inside)
			if n, ok := constant(facts, loopir.Bin(loopir.Sub, s.Hi, s.Lo)); ok && s.Step == nil && (n == 1 && s.Par != loopir.Parallel && !declares(s.Body) || s.Unroll && n > 0 && plain(s.Body) && int(n)*len(s.Body) <= mostWritten) {
				for i := range n {
					out = append(out, copyAt(s, loopir.Bin(loopir.Add, s.Lo, loopir.NewInt(i)), facts)...)
				}
				continue
			}
		case *loopir.If:
			s.Then = writtenOut(s.Then, facts.Assume(s.Cond))
			s.Else = writtenOut(s.Else, facts.AssumeNot(s.Cond))
		}
		out = append(out, s)
	}
	return out
}

// plain tells a body without loops and declarations.
func plain(body []loopir.Stmt) bool {
	ok := true
	loopir.Walk(body, func(s loopir.Stmt) bool {
		switch s.(type) {
		case *loopir.Assign, *loopir.If:
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// declares tells a list that has locals of its own.
func declares(body []loopir.Stmt) bool {
	return slices.ContainsFunc(body, func(s loopir.Stmt) bool { _, ok := s.(*loopir.Local); return ok })
}

// copyAt is the body of l for one iteration.
func copyAt(l *loopir.For, at loopir.Expr, facts poly.Facts) []loopir.Stmt {
	body := loopir.CloneStmts(l.Body)
	loopir.SubstStmts(body, map[string]loopir.Expr{l.Iter: at})
	loopir.Walk(body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(x loopir.Expr) loopir.Expr { return poly.Simplify(x, facts) })
		return true
	})
	return body
}
