package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A part is some of the instances of a statement of after and what they did
// before; hint is nil where that is not known.
type part struct {
	guards []loopir.Expr
	hint   *hint
}

// maxParting bounds into how many parts a statement is split.
const maxParting = 5

// traced compares the same programs anew with hints from runs; nil when runs
// tell nothing new. A statement whose instances do what different statements
// did, as when a loop was peeled or its iterations unrolled before, is split: its
// parts have the same place in the text, and each instance belongs to one.
func (c *checker) traced() *checker {
	g := newGuesser(c)
	if len(g.runs) == 0 {
		return nil
	}
	parts := map[*Stmt][]part{}
	changed := false
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader {
			continue
		}
		h := c.hints[s.index]
		if ps := g.parts(s, h); ps != nil {
			parts[s] = ps
			changed = changed || len(ps) > 1 || ps[0].hint != nil
		}
	}
	if !changed {
		return nil
	}
	return c.parted(parts)
}

// parted is a checker of the same programs with statements of after split.
func (c *checker) parted(parts map[*Stmt][]part) *checker {
	now := *c.after.prog
	now.Stmts = nil
	var hints []*hint
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader {
			continue
		}
		ps := parts[s]
		if ps == nil {
			ps = []part{{hint: c.hints[s.index]}}
		}
		for _, p := range ps {
			t := *s
			t.Guards = append(t.Guards[:len(t.Guards):len(t.Guards)], p.guards...)
			now.Stmts = append(now.Stmts, &t)
			hints = append(hints, p.hint)
		}
	}
	old := *c.before.prog
	old.Stmts = slices.DeleteFunc(slices.Clone(old.Stmts), func(s *Stmt) bool { return s.ID == reader })
	out := bareChecker(c.proof, &old, &now)
	copy(out.hints, hints)
	return out
}

// again is a checker of the same programs with the same hints that has proved
// nothing yet.
func (c *checker) again() *checker { return c.parted(nil) }

// parts says what s did before, in one part or several; nil when h says it as
// well as the runs do.
func (g *guesser) parts(s *Stmt, h *hint) []part {
	rows := g.allRows(s)
	if len(rows) == 0 {
		return nil
	}
	kin := g.kin(s)
	var good, bad []sample
	if h != nil {
		good, bad = g.judge(s, h, kin, rows)
	}
	guesses := g.guesses(s, kin, rows, nil)
	if len(good) == len(rows) && !slices.ContainsFunc(guesses, func(x guess) bool { return len(x.hint.free) > 0 }) {
		return nil
	}
	for _, x := range guesses {
		if len(x.good) == len(rows) {
			return []part{{hint: x.hint}}
		}
	}
	if ps := g.split(s, kin, guesses, rows); ps != nil {
		return ps
	}
	if h != nil && len(bad) == 0 || len(guesses) == 0 {
		return nil
	}
	best := slices.MaxFunc(guesses, func(a, b guess) int { return len(a.good) - len(b.good) })
	return []part{{hint: best.hint}}
}

// A guess is a hint and the samples that it holds for, among those it was
// judged by.
type guess struct {
	hint *hint
	kin  kinship
	good []sample
}

// guesses lays maps through rows, those that fulfil a condition only if there
// is one.
func (g *guesser) guesses(s *Stmt, kin []kinship, rows []sample, cond loopir.Expr) []guess {
	if cond != nil {
		rows = g.where(s, rows, cond)
	}
	var out []guess
	for _, k := range kin {
		h := g.through(s, k, rows)
		if h == nil {
			continue
		}
		good, bad := g.judge(s, h, []kinship{k}, rows)
		if len(good) == 0 {
			continue
		}
		out = append(out, guess{h, k, good})
		if len(good) == len(rows) && len(bad) == 0 {
			break
		}
	}
	return out
}

// where picks the samples for which a condition over s's iterators holds.
func (g *guesser) where(s *Stmt, rows []sample, cond loopir.Expr) []sample {
	var out []sample
	for _, r := range rows {
		run := g.runs[r.run].after
		run.at(s, r.row)
		if run.index(cond)() != 0 {
			out = append(out, r)
		}
	}
	return out
}

// judge tells the samples for which the instance of before that h names exists
// and did the same in one of the ways of kin from those for which it exists and
// did something else.
func (g *guesser) judge(s *Stmt, h *hint, kin []kinship, rows []sample) (good, bad []sample) {
	for _, r := range rows {
		exists, same := false, false
		run := g.runs[r.run]
		run.after.at(s, r.row)
		for _, k := range kin {
			if k.stmt != h.stmt || same {
				continue
			}
			v := r.row.wrote
			if k.termA {
				v = r.row.term
			}
			for _, i := range g.rowsEqual(r.run, k.stmt, k.termB, v) {
				if g.names(h, run.after, &run.before.rows[k.stmt.index][i]) {
					same = true
					break
				}
			}
		}
		if !same && len(h.free) == 0 {
			exists = g.exists(h, run)
		}
		switch {
		case same:
			good = append(good, r)
		case exists:
			bad = append(bad, r)
		}
	}
	return good, bad
}

// exists tells whether h names an instance where the run of after stands.
func (g *guesser) exists(h *hint, run sampleRun) bool {
	for _, c := range h.stmt.Domain(h.env) {
		if run.after.index(c)() == 0 {
			return false
		}
	}
	return true
}

// split divides the instances of s among guesses. A part is where the instance
// that a guess names exists and, if that is not enough, a simple condition on an
// iterator holds.
func (g *guesser) split(s *Stmt, kin []kinship, guesses []guess, rows []sample) []part {
	atoms := g.atoms(s)
	all := guesses
	for _, a := range atoms {
		all = append(all, g.guesses(s, kin, rows, a)...)
	}
	var out []part
	var before []loopir.Expr // the parts so far don't hold
	rest := rows
	for len(rest) > 0 && len(out) < maxParting {
		best, guard, left := g.bestPart(s, all, atoms, rest)
		if best == nil {
			break
		}
		out = append(out, part{append(slices.Clone(before), guard), best.hint})
		before = append(before, not(guard))
		rest = left
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, part{guards: before})
}

// bestPart picks the guess and the guard with which it holds for the most of
// rows and fails for none.
func (g *guesser) bestPart(s *Stmt, guesses []guess, atoms []loopir.Expr, rows []sample) (best *guess, guard loopir.Expr, rest []sample) {
	most := 0
	for i := range guesses {
		x := &guesses[i]
		base := and(x.hint.guards()...)
		for _, a := range append([]loopir.Expr{boolExpr(true)}, atoms...) {
			cond := and(base, a)
			in := g.where(s, rows, cond)
			if len(in) <= most {
				continue
			}
			if good, _ := g.judge(s, x.hint, []kinship{x.kin}, in); len(good) != len(in) {
				continue
			}
			best, guard, most = x, cond, len(in)
		}
	}
	if best != nil {
		rest = g.where(s, rows, not(guard))
	}
	return best, guard, rest
}

// guards is where the instance that h names exists, as far as its free
// iterators don't matter, and is meant exactly.
func (h *hint) guards() []loopir.Expr {
	var out []loopir.Expr
	for _, l := range h.stmt.Loops {
		if b, ok := h.env[l.Iter].(*loopir.Binary); ok && b.Op == loopir.Div {
			out = append(out, eq(loopir.Bin(loopir.Mod, b.X, b.Y), loopir.NewInt(0)))
		}
	}
	for _, c := range h.stmt.Domain(h.env) {
		open := false
		for _, it := range h.free {
			open = open || loopir.UsesVar(c, it+freeMark)
		}
		if !open {
			out = append(out, c)
		}
	}
	return out
}

// atoms lists simple conditions on the iterators of s: the first and the last
// value, and remainders by the small constants of the programs.
func (g *guesser) atoms(s *Stmt) []loopir.Expr {
	var out []loopir.Expr
	for _, l := range s.Loops {
		v := loopir.NewVar(l.Iter)
		for _, e := range []loopir.Expr{l.Lo, loopir.Bin(loopir.Sub, l.Hi, loopir.NewInt(1))} {
			out = append(out, eq(v, e), loopir.Bin(loopir.Ne, v, e))
		}
		for _, c := range indexLiterals([]*loopir.Kernel{g.c.before.prog.Kernel, g.c.after.prog.Kernel}) {
			if c < 2 || c > maxRemainder {
				continue
			}
			for r := range c {
				out = append(out, eq(loopir.Bin(loopir.Mod, v, loopir.NewInt(c)), loopir.NewInt(r)))
			}
		}
	}
	return out
}

// maxRemainder bounds the constants by which instances are told apart.
const maxRemainder = 4
