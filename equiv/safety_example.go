package equiv

import (
	"github.com/loopopt/loopopt/loopir"
)

// Evaluations spent on a claim before and after asking the solver.
const (
	quickEvals   = 60
	patientEvals = 100_000
)

// smallExample looks for small sizes and iterators at which cl fails, by trying
// them out. Most mistakes show in the first few.
func (c *safety) smallExample(cl *claim, evals int) map[string]int64 {
	s := &exampleSearch{cl: cl, vars: cl.vars, left: evals}
	for _, h := range cl.hyps {
		s.hyps = append(s.hyps, conjuncts(h)...)
	}
	s.plan()
	for _, sizes := range c.small {
		if s.try(0, cloneSizes(sizes)) || s.left <= 0 {
			break
		}
	}
	return s.found
}

// smallVectors is how many size vectors are tried for an example.
const smallVectors = 200

// vectors lists the first size vectors of a search.
func (s *sizeSearch) vectors(n int) []map[string]int64 {
	var out []map[string]int64
	s.each(nil, func(sizes map[string]int64) bool {
		out = append(out, sizes)
		return len(out) < n
	})
	return out
}

// An exampleSearch assigns the variables of a claim one after the other.
type exampleSearch struct {
	cl    *claim
	vars  []string
	hyps  []loopir.Expr
	left  int
	tests [][]loopir.Expr // hypotheses to test once vars[:i] have values
	lower [][]loopir.Expr // of vars[i]
	upper [][]loopir.Expr // exclusive
	found map[string]int64
}

// plan finds out which hypotheses bound a variable and when each can be tested.
func (s *exampleSearch) plan() {
	n := len(s.vars)
	s.tests, s.lower, s.upper = make([][]loopir.Expr, n+1), make([][]loopir.Expr, n), make([][]loopir.Expr, n)
	for _, h := range s.hyps {
		at := 0
		for i, v := range s.vars {
			if loopir.UsesVar(h, v) {
				at = i + 1
			}
		}
		s.tests[at] = append(s.tests[at], h)
		b, ok := h.(*loopir.Binary)
		if !ok || at == 0 {
			continue
		}
		isVar := func(e loopir.Expr) bool { v, ok := e.(*loopir.Var); return ok && v.Name == s.vars[at-1] }
		switch {
		case b.Op == loopir.Le && isVar(b.Y) && !loopir.UsesVar(b.X, s.vars[at-1]):
			s.lower[at-1] = append(s.lower[at-1], b.X)
		case b.Op == loopir.Ge && isVar(b.X) && !loopir.UsesVar(b.Y, s.vars[at-1]):
			s.lower[at-1] = append(s.lower[at-1], b.Y)
		case b.Op == loopir.Lt && isVar(b.X) && !loopir.UsesVar(b.Y, s.vars[at-1]):
			s.upper[at-1] = append(s.upper[at-1], b.Y)
		}
	}
}

// try assigns vars[i:]; it reports whether the claim fails somewhere.
func (s *exampleSearch) try(i int, env map[string]int64) bool {
	if s.left--; s.left < 0 || !holds(s.tests[i], env) {
		return false
	}
	if i == len(s.vars) {
		if !s.cl.failsAt(env) {
			return false
		}
		s.found = cloneSizes(env)
		return true
	}
	lo, ok1 := extreme(s.lower[i], env, func(a, b int64) bool { return a > b })
	hi, ok2 := extreme(s.upper[i], env, func(a, b int64) bool { return a < b })
	if !ok1 || !ok2 {
		return false
	}
	for v := lo; v < hi && s.left > 0; v++ {
		env[s.vars[i]] = v
		if s.try(i+1, env) {
			return true
		}
	}
	delete(env, s.vars[i])
	return false
}

// failsAt evaluates the goal, whose hypotheses hold. What has no value in int64
// fails a claim of overflow and says nothing about the others.
func (cl *claim) failsAt(env map[string]int64) bool {
	v, ok := evalInt(cl.goal, env)
	if !ok {
		return cl.name == "overflow"
	}
	return v == 0
}

// extreme is the best of the bounds.
func extreme(bounds []loopir.Expr, env map[string]int64, better func(a, b int64) bool) (best int64, ok bool) {
	for _, b := range bounds {
		v, has := evalInt(b, env)
		if !has {
			return 0, false
		}
		if !ok || better(v, best) {
			best, ok = v, true
		}
	}
	return best, ok
}
