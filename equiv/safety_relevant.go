package equiv

import (
	"github.com/loopopt/loopopt/loopir"
)

// relevant keeps the hypotheses that are about the variables of goal, directly
// or through others. Fewer hypotheses prove less, so a failure says nothing;
// but what is left is solved faster, and more often the same as before.
func relevant(hyps []loopir.Expr, goal loopir.Expr) []loopir.Expr {
	reached := map[string]bool{}
	reach := func(e loopir.Expr) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if v, ok := e.(*loopir.Var); ok {
				reached[v.Name] = true
			}
			return true
		})
	}
	touches := func(e loopir.Expr) (yes bool) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if v, ok := e.(*loopir.Var); ok && reached[v.Name] {
				yes = true
			}
			return !yes
		})
		return yes
	}
	reach(goal)
	var flat []loopir.Expr
	for _, h := range hyps {
		flat = append(flat, conjuncts(h)...)
	}
	keep := make([]bool, len(flat))
	for again := true; again; {
		again = false
		for i, h := range flat {
			if !keep[i] && touches(h) {
				keep[i], again = true, true
				reach(h)
			}
		}
	}
	var out []loopir.Expr
	for i, h := range flat {
		if keep[i] {
			out = append(out, h)
		}
	}
	return out
}
