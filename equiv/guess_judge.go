package equiv

import "github.com/loopopt/loopopt/loopir"

// judge tells the samples for which the instance of before that h names exists
// and did the same in one of the ways of kin from those for which it exists and
// did something else.
func (g *guesser) judge(s *Stmt, h *hint, kin []kinship, rows []sample) (good, bad []sample) {
	v := g.judgement(s, h, kin)
	for _, r := range rows {
		switch same, exists := v.of(r); {
		case same:
			good = append(good, r)
		case exists:
			bad = append(bad, r)
		}
	}
	return good, bad
}

// A judgement tests a hint on samples.
type judgement struct {
	g      *guesser
	s      *Stmt
	h      *hint
	kin    []kinship // ways in which both may have done the same
	exists []loopir.Expr
}

func (g *guesser) judgement(s *Stmt, h *hint, kin []kinship) *judgement {
	v := &judgement{g: g, s: s, h: h, exists: h.stmt.Domain(h.env)}
	for _, k := range kin {
		if k.stmt == h.stmt {
			v.kin = append(v.kin, k)
		}
	}
	return v
}

func (v *judgement) of(r sample) (same, exists bool) {
	run := v.g.runs[r.run]
	run.after.at(v.s, r.row)
	for _, k := range v.kin {
		x := r.row.wrote
		if k.termA {
			x = r.row.term
		}
		for _, i := range v.g.rowsEqual(r.run, k.stmt, k.termB, x) {
			if v.g.names(v.h, run.after, &run.before.rows[k.stmt.index][i]) {
				return true, true
			}
		}
	}
	if len(v.h.free) > 0 {
		return false, false
	}
	for _, c := range v.exists {
		if run.after.index(c)() == 0 {
			return false, false
		}
	}
	return false, true
}

// contradict notes on the hints of c what the runs show to be wrong of them, so that
// it is not tried in vain, or the proof lost that does without.
func (g *guesser) contradict(c *checker) {
	for _, s := range c.after.prog.Stmts {
		if h := c.hints[s.index]; s.ID != reader && h != nil {
			c.hints[s.index] = g.contradicted(s, h, nil)
		}
	}
}

// contradicted is h, a hint for the instances of s where when holds, with the claims
// that a run shows to be wrong.
func (g *guesser) contradicted(s *Stmt, h *hint, when []loopir.Expr) (marked *hint) {
	defer recoverTrace(func() { marked = h })
	out := *h
	x, y := g.c.after.effects[s.index], g.c.before.effects[h.stmt.index]
	rows := g.allRows(s)
	rows = pick(rows, g.test(s, rows, and(when...)))
	_, bad := g.judge(s, h, []kinship{{stmt: h.stmt}}, rows)
	out.wrong[sameWrite] = len(bad) > 0
	_, bad = g.judge(s, h, []kinship{{stmt: h.stmt, termA: x.term != nil, termB: y.term != nil}}, rows)
	out.wrong[sameTerm] = len(bad) > 0
	return &out
}
