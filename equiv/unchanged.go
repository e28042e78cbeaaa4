package equiv

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// sameText tells whether two programs are the same up to what carries no
// meaning: how loops may run, where locals live, labels, prefetches. Steps that
// mark loops leave it at that. Reductions that may combine in any order are not
// the same as anything.
func sameText(a, b *Program) bool {
	for _, p := range []*Program{a, b} {
		for _, s := range p.Stmts {
			if s.unordered() {
				return false
			}
		}
	}
	return a.text() == b.text()
}

// text writes out everything that a program's meaning depends on, but for the
// where clause.
func (p *Program) text() string {
	var b strings.Builder
	for _, a := range p.Arrays {
		fmt.Fprintf(&b, "%s %v%s", a.Name, a.Type, exprsText(a.Shape))
		if q := a.Param; q != nil {
			fmt.Fprintf(&b, " %d %d", q.Kind, q.Dir)
			if l := q.Layout; l != nil {
				fmt.Fprintf(&b, " packs %q%s as%s", l.Iters, exprsText(l.Shape), exprsText(l.Index))
			}
		}
		b.WriteString(siteText(&a.Site))
	}
	for _, s := range p.Stmts {
		fmt.Fprintf(&b, "%s %d %s", loopir.FormatExpr(s.LHS), s.Op, loopir.FormatExpr(s.RHS))
		for _, c := range s.Conds {
			fmt.Fprintf(&b, " if %s is not %t", c.Read.Name, c.Negate)
		}
		b.WriteString(siteText(&s.Site))
	}
	return b.String()
}

func siteText(s *Site) string {
	var b strings.Builder
	fmt.Fprintf(&b, " at %v", s.path)
	for _, l := range s.Loops {
		fmt.Fprintf(&b, " for %s %s", l.Iter, exprsText([]loopir.Expr{l.Lo, l.Hi}))
		if l.Step != nil {
			b.WriteString(" step " + loopir.FormatExpr(l.Step))
		}
	}
	fmt.Fprintf(&b, " where %s\n", exprsText(s.Guards))
	return b.String()
}

func exprsText(es []loopir.Expr) string {
	var b strings.Builder
	for _, e := range es {
		b.WriteString("[" + loopir.FormatExpr(e) + "]")
	}
	return b.String()
}

// unchangedResult is the result for programs of the same text.
func unchangedResult(res *Result, at loopir.Span) *Result {
	res.Outcome, res.Verdict = Proved, Exact
	res.Obligations = []Obligation{{
		Name: "unchanged/same-text", Goal: smt.True(), Span: at, Outcome: Proved, Status: smt.Unsat,
	}}
	return res
}
