package equiv

import "github.com/loopopt/loopopt/loopir"

// A hint is the unproved claim that each instance of a statement of after does
// what one instance of stmt did; with free iterators, what each of the instances
// did that differ in these.
type hint struct {
	stmt *Stmt    // of before
	env  Env      // stmt's iterators, over those of the statement of after and free ones
	free []string // iterators of stmt, marked by freeMark in env

	wrong [sameUpdate + 1]bool // the claims that differ in a run; of selects they may hold even so
}

// freeMark marks the iterators of before for all values of which a hint is meant.
const freeMark = "!f"

// anyMark marks them in the proof of such a claim.
const anyMark = "!u"

// at gives the instance of before that belongs to an instance of after.
func (h *hint) at(env Env) Env { return h.env.in(env) }

// choosing is at with the free iterators as chosen.
func (h *hint) choosing(env, chosen Env) Env {
	if len(h.free) == 0 {
		return h.at(env)
	}
	all := Env{}
	for it, e := range env {
		all[it] = e
	}
	for _, it := range h.free {
		all[it+freeMark] = chosen[it]
	}
	return h.at(all)
}

// hintOf reads the origin that came with s. It is nil when there is none or
// when it does not name an instance.
func hintOf(s *Stmt, before *Program) *hint {
	if s.From == nil {
		return nil
	}
	old := before.ByID(s.From.Stmt)
	if old == nil {
		return nil
	}
	h := &hint{stmt: old, env: Env{}}
	known := map[string]bool{}
	for _, it := range append(iters(s.Loops), before.Sizes...) {
		known[it] = true
	}
	for _, it := range iters(old.Loops) {
		e := s.From.Iters[it]
		if e == nil || !isIndexCond(e) || !usesOnly(e, known) {
			return nil
		}
		h.env[it] = e
	}
	return h
}

func usesOnly(e loopir.Expr, names map[string]bool) bool {
	ok := true
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if v, isVar := e.(*loopir.Var); isVar && !names[v.Name] {
			ok = false
		}
		return ok
	})
	return ok
}
