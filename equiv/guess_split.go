package equiv

import (
	"fmt"
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
func (c *checker) traced(g *guesser) *checker {
	if len(g.runs) == 0 {
		return nil
	}
	parts := map[*Stmt][]part{}
	changed := false
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader || c.after.transparent(s) {
			continue
		}
		h := c.hints[s.index]
		if ps := g.parts(s, h); ps != nil {
			for i, p := range ps {
				if p.hint != nil {
					ps[i].hint = g.contradicted(s, p.hint, p.guards)
				}
			}
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
			if len(ps) > 1 && t.whole == nil {
				t.whole = s
			}
			t.Guards = append(t.Guards[:len(t.Guards):len(t.Guards)], p.guards...)
			if p.hint == nil && len(ps) > 1 && c.proof.impossible("match/part", s.Span, t.Domain(t.Fresh(""))) {
				continue
			}
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
// well as the runs do, or when a map that was tried can't be evaluated.
func (g *guesser) parts(s *Stmt, h *hint) (out []part) {
	defer recoverTrace(func() { out = nil })
	rows := g.allRows(s)
	if len(rows) == 0 {
		return nil
	}
	kin := g.kin(s)
	var good, bad []sample
	if h != nil {
		good, bad = g.judge(s, h, kin, rows)
	}
	guesses := g.guesses(s, kin, rows)
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
	if _, bad := g.judge(s, best.hint, kin, rows); len(bad) > 0 || 2*len(best.good) < len(rows) {
		return nil
	}
	return []part{{hint: best.hint}}
}

// A guess is a hint and the samples that it holds for, among those it was
// judged by.
type guess struct {
	hint *hint
	kin  kinship
	good []sample
}

// guesses lays maps through rows.
func (g *guesser) guesses(s *Stmt, kin []kinship, rows []sample) []guess {
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

// A division is what there is to divide the instances of a statement by: for
// each sample, which conditions hold and which guesses do.
type division struct {
	g      *guesser
	s      *Stmt
	rows   []sample
	atoms  []loopir.Expr
	holds  [][]bool // of each atom
	ways   []guess
	guards []loopir.Expr // of each guess: where the instance that it names exists
	exists [][]bool      // of each guess, that its guards hold
	good   [][]bool
}

// split divides the instances of s among guesses. A part is where the instance
// that a guess names exists and, if that is not enough, a simple condition on an
// iterator holds.
func (g *guesser) split(s *Stmt, kin []kinship, guesses []guess, rows []sample) []part {
	d := &division{g: g, s: s, rows: rows}
	known := map[string]bool{}
	for _, x := range guesses {
		d.way(x, known)
	}
	for _, a := range append([]loopir.Expr{boolExpr(true)}, g.atoms(s)...) {
		holds := g.test(s, rows, a)
		if !slices.Contains(holds, true) {
			continue
		}
		d.atoms, d.holds = append(d.atoms, a), append(d.holds, holds)
		if len(d.atoms) > 1 {
			for _, x := range g.guesses(s, kin, pick(rows, holds)) {
				d.way(x, known)
			}
		}
	}
	var out []part
	var before []loopir.Expr // the parts so far don't hold
	rest := make([]bool, len(rows))
	for i := range rest {
		rest[i] = true
	}
	for slices.Contains(rest, true) && len(out) < maxParting {
		way, atom := d.best(rest)
		if way < 0 {
			break
		}
		guard := d.plainest(and(d.guards[way], d.atoms[atom]), before)
		out = append(out, part{append(slices.Clone(before), guard), d.ways[way].hint})
		before = append(before, not(guard))
		for i := range rest {
			rest[i] = rest[i] && !(d.exists[way][i] && d.holds[atom][i])
		}
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, part{guards: before})
}

// plainest drops from a guard what holds of all instances for which the rest of it and
// others hold.
func (d *division) plainest(guard loopir.Expr, others []loopir.Expr) loopir.Expr {
	hyps := append(d.s.Domain(d.s.Fresh("")), others...)
	conds := conjuncts(guard)
	for i := 0; i < len(conds); {
		rest := slices.Concat(conds[:i], conds[i+1:])
		seen := pick(d.rows, d.g.test(d.s, d.rows, and(slices.Concat(others, rest)...)))
		if !slices.Contains(d.g.test(d.s, seen, conds[i]), false) &&
			d.g.c.proof.try("match/part", d.s.Span, slices.Concat(hyps, rest), conds[i]).Outcome == Proved {
			conds = rest
			continue
		}
		i++
	}
	return and(conds...)
}

// way adds a guess, once.
func (d *division) way(x guess, known map[string]bool) {
	key := fmt.Sprint(x.hint.stmt.index, x.kin.termA, x.kin.termB)
	for _, l := range x.hint.stmt.Loops {
		key += ";" + exprKey(x.hint.env[l.Iter])
	}
	if known[key] || len(known) > maxWays {
		return
	}
	known[key] = true
	guards, inTiles := x.hint.guards()
	exists := d.g.test(d.s, d.rows, and(guards...))
	for _, c := range inTiles {
		holds := d.g.test(d.s, d.rows, c)
		news := false
		for i := range exists {
			news = news || exists[i] && !holds[i]
			exists[i] = exists[i] && holds[i]
		}
		if news {
			guards = append(guards, c)
		}
	}
	good := make([]bool, len(d.rows))
	v := d.g.judgement(d.s, x.hint, []kinship{x.kin})
	for i, r := range d.rows {
		if exists[i] {
			good[i], _ = v.of(r)
		}
	}
	d.ways, d.guards, d.exists, d.good = append(d.ways, x), append(d.guards, and(guards...)), append(d.exists, exists), append(d.good, good)
}

// maxWays bounds how many guesses a statement is divided among.
const maxWays = 60

// test tells for which rows a condition over the iterators of s holds.
func (g *guesser) test(s *Stmt, rows []sample, cond loopir.Expr) []bool {
	out := make([]bool, len(rows))
	for i, r := range rows {
		run := g.runs[r.run].after
		run.at(s, r.row)
		out[i] = run.index(cond)() != 0
	}
	return out
}

func pick(rows []sample, which []bool) []sample {
	var out []sample
	for i, r := range rows {
		if which[i] {
			out = append(out, r)
		}
	}
	return out
}

// best picks the guess and the condition with which it holds for the most of
// the samples left and fails for none of them.
func (d *division) best(left []bool) (way, atom int) {
	way, most := -1, 0
	for w := range d.ways {
		for a := range d.atoms {
			n := 0
			for i, in := range left {
				if !in || !d.exists[w][i] || !d.holds[a][i] {
					continue
				}
				if !d.good[w][i] {
					n = -1
					break
				}
				n++
			}
			if n > most {
				way, atom, most = w, a, n
			}
		}
	}
	return way, atom
}

// guards is where the instance that h names exists, as far as its free
// iterators don't matter, and is meant exactly. inTiles is what free iterators of tiles
// have to satisfy, which the others determine.
func (h *hint) guards() (out, inTiles []loopir.Expr) {
	for _, l := range h.stmt.Loops {
		if b, ok := h.env[l.Iter].(*loopir.Binary); ok && b.Op == loopir.Div {
			out = append(out, eq(loopir.Bin(loopir.Mod, b.X, b.Y), loopir.NewInt(0)))
		}
	}
	open := func(e loopir.Expr) bool {
		return slices.ContainsFunc(h.free, func(it string) bool { return loopir.UsesVar(e, it+freeMark) })
	}
	settled := Env{}
	if len(h.free) > 0 {
		tiles := h.stmt.tileIterators()
		for i := len(h.stmt.Loops) - 1; i >= 0; i-- {
			it := h.stmt.Loops[i].Iter
			if e := tiles[it]; e != nil && slices.Contains(h.free, it) {
				settled[it+freeMark] = settled.at(h.env.at(e))
			}
		}
	}
	for _, c := range h.stmt.Domain(h.env) {
		if !open(c) {
			out = append(out, c)
		} else if c = settled.at(c); !open(c) {
			inTiles = append(inTiles, c)
		}
	}
	return out, inTiles
}

// atoms lists simple conditions on the iterators of s: the first and the last
// value, remainders by the small constants of the programs, also of sizes that are
// divided, and the order of two that run to the same end.
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
	for _, n := range g.c.after.prog.Sizes {
		v := loopir.NewVar(n)
		if !slices.ContainsFunc(s.expressions(), func(e loopir.Expr) bool { return divides(e, n) }) {
			continue
		}
		for c := int64(2); c <= maxRemainder; c++ {
			for r := range c {
				out = append(out, eq(loopir.Bin(loopir.Mod, v, loopir.NewInt(c)), loopir.NewInt(r)))
			}
		}
	}
	for i, l := range s.Loops {
		for _, m := range s.Loops[:i] {
			if exprKey(l.Hi) == exprKey(m.Hi) {
				for _, op := range []loopir.Op{loopir.Le, loopir.Gt} {
					out = append(out, loopir.Bin(op, loopir.NewVar(m.Iter), loopir.NewVar(l.Iter)))
				}
			}
		}
	}
	return out
}

// divides tells whether a size is divided in e.
func divides(e loopir.Expr, size string) (yes bool) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		b, ok := e.(*loopir.Binary)
		if ok && (b.Op == loopir.Div || b.Op == loopir.Mod) && loopir.UsesVar(b.X, size) {
			yes = true
		}
		return !yes
	})
	return yes
}

// maxRemainder bounds the constants by which instances are told apart.
const maxRemainder = 4
