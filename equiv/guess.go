package equiv

import (
	"slices"
	"sort"

	"github.com/loopopt/loopopt/loopir"
)

// A guesser finds hints in runs of both programs: instances that computed equal
// values are matched, and maps from iterators to iterators laid through them.
// Nothing that it says is trusted.
type guesser struct {
	c     *checker
	runs  []sampleRun
	equal []map[byValue]map[fingerprint][]int // of each run, rows of before by what they computed
}

// A sampleRun is a run of both programs at the same sizes.
type sampleRun struct {
	sizes         map[string]int64
	before, after *trace
}

// byValue names the values of a statement, those that it wrote or its terms.
type byValue struct {
	stmt int
	term bool
}

// Limits of what is run to guess from.
const (
	sampleRows = 40_000  // instances of one run
	sampleAll  = 150_000 // of all
)

func newGuesser(c *checker) *guesser {
	g := &guesser{c: c}
	left := sampleAll
	sampleSizes(c.before.prog.Kernel, c.after.prog.Kernel, func(sizes map[string]int64, least bool) (ran, more bool) {
		most := min(left, sampleRows)
		if !least {
			most = min(left, sampleRows/8)
		}
		before, ok := c.before.trace(sizes, most)
		var after *trace
		if ok {
			after, ok = c.after.trace(sizes, most)
		}
		if !ok {
			left -= most
			return false, left > 0 && c.proof.ctx.Err() == nil
		}
		left -= most - min(before.left, after.left)
		g.add(sampleRun{sizes, before, after})
		return true, left > 0 && c.proof.ctx.Err() == nil
	})
	return g
}

// rowsEqual lists the rows of statement t of before that computed v in a run.
func (g *guesser) rowsEqual(run int, t *Stmt, term bool, v fingerprint) []int {
	key := byValue{t.index, term}
	m := g.equal[run][key]
	if m == nil {
		m = map[fingerprint][]int{}
		for i, r := range g.runs[run].before.rows[t.index] {
			x := r.wrote
			if term {
				x = r.term
			}
			m[x] = append(m[x], i)
		}
		g.equal[run][key] = m
	}
	return m[v]
}

// A kinship is a statement of before and which values of it are to equal which
// of a statement of after.
type kinship struct {
	stmt       *Stmt
	termA      bool // of after's statement, its terms
	termB      bool
	preference int // the lower the better
}

// kin lists how s of after may be related to statements of before, likely ones
// first.
func (g *guesser) kin(s *Stmt) []kinship {
	var out []kinship
	x := g.c.after.effects[s.index]
	for _, t := range g.c.before.prog.Stmts {
		if t.ID == reader || t.LHS.Type != s.LHS.Type || g.c.before.transparent(t) {
			continue
		}
		y := g.c.before.effects[t.index]
		add := func(termA, termB bool, rank int) {
			rank *= 1000
			if t.LHS.Name != s.LHS.Name {
				rank += 200
			}
			if s.Label != "" && s.Label == t.Label {
				rank -= 100
			}
			out = append(out, kinship{t, termA, termB, rank + min(99, max(s.ID-t.ID, t.ID-s.ID))})
		}
		switch {
		case x.term != nil && x.kind == y.kind:
			add(true, true, 0)
			add(false, false, 2)
		case x.kind == y.kind:
			add(false, false, 0)
		default:
			add(false, false, 1)
			if x.term != nil && y.kind == notFold {
				add(true, false, 2)
			} else if y.term != nil && x.kind == notFold {
				add(false, true, 2)
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].preference < out[j].preference })
	return out
}

// A sample is an instance of a statement of after and the instances of a
// statement of before that computed the same.
type sample struct {
	run int
	row *row
	x   []int64   // features
	ys  [][]int64 // iterators
}

// maxTwins bounds how many equal instances of before are looked at for one of
// after.
const maxTwins = 24

// features are what maps are made of at s: its iterators, 1, sizes and, with
// more, the quotients that occur in it.
func (g *guesser) features(s *Stmt, more bool) []loopir.Expr {
	var out []loopir.Expr
	for _, it := range iters(s.Loops) {
		out = append(out, loopir.NewVar(it))
	}
	out = append(out, loopir.NewInt(1))
	for _, n := range g.c.after.prog.Sizes {
		out = append(out, loopir.NewVar(n))
	}
	if !more {
		return out
	}
	seen := map[string]bool{}
	for _, e := range s.expressions() {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			b, ok := e.(*loopir.Binary)
			if !ok || b.Op != loopir.Div && b.Op != loopir.Mod || b.TypeOf() != loopir.Index {
				return true
			}
			q := loopir.Bin(loopir.Div, b.X, b.Y)
			if key := exprKey(q); !seen[key] {
				seen[key] = true
				out = append(out, q)
			}
			return true
		})
	}
	return out
}

// expressions lists the expressions of s and around it.
func (s *Stmt) expressions() []loopir.Expr {
	out := append([]loopir.Expr{s.RHS}, s.LHS.Index...)
	for _, l := range s.Loops {
		out = append(out, l.Lo, l.Hi)
	}
	return append(out, s.Guards...)
}

// at sets the iterators of a run's env to those of a row.
func (t *trace) at(s *Stmt, r *row) {
	for i, l := range s.Loops {
		t.env[t.slot(l.Iter)] = r.iters[i]
	}
}

// samples pairs the instances of s that satisfy when with equal ones of k.
func (g *guesser) samples(s *Stmt, k kinship, rows []sample, terms []loopir.Expr) []sample {
	var out []sample
	for _, r := range rows {
		v := r.row.wrote
		if k.termA {
			v = r.row.term
		}
		if v == undefined {
			continue
		}
		run := g.runs[r.run]
		twins := g.rowsEqual(r.run, k.stmt, k.termB, v)
		if len(twins) == 0 {
			continue
		}
		run.after.at(s, r.row)
		p := sample{run: r.run, row: r.row, x: run.after.indices(terms)}
		stride := (len(twins) + maxTwins - 1) / maxTwins
		for i := 0; i < len(twins); i += stride {
			p.ys = append(p.ys, run.before.rows[k.stmt.index][twins[i]].iters)
		}
		out = append(out, p)
	}
	return out
}

// allRows lists the instances of s in all runs. Zeros tell nothing: too much is
// zero.
func (g *guesser) allRows(s *Stmt) []sample {
	var out []sample
	for i, run := range g.runs {
		rows := run.after.rows[s.index]
		for j := range rows {
			if r := &rows[j]; r.wrote != undefined && (r.wrote != fingerprint{} || r.term != fingerprint{}) {
				out = append(out, sample{run: i, row: r})
			}
		}
	}
	if len(out) > maxSamples { // not every so many: that would miss what changes as often
		part := make([]sample, 0, maxSamples)
		for i, r := range out {
			if scramble(uint64(i))%uint64(len(out)) < maxSamples {
				part = append(part, r)
			}
		}
		out = part
	}
	return out
}

// maxSamples is about how many instances of a statement are looked at.
const maxSamples = 1500

// through lays a map through samples. An iterator of before that no function
// gives is free: the claim is then made for all its values.
func (g *guesser) through(s *Stmt, k kinship, rows []sample) *hint {
	for _, more := range []bool{false, true} {
		terms := g.features(s, more)
		ps := g.samples(s, k, rows, terms)
		if len(ps) == 0 {
			return nil
		}
		h := mapThrough(k.stmt, ps, terms)
		if h != nil && len(h.free) == 0 {
			return h
		}
		if only := g.throughUnique(s, k, ps, terms); only != nil {
			return only
		}
		if h != nil && g.freely(s, k, h, ps) {
			return h
		}
	}
	return nil
}

// throughUnique lays a map through the samples for which there is just one instance
// of before: with a size of 1, many things are equal by chance.
func (g *guesser) throughUnique(s *Stmt, k kinship, ps []sample, terms []loopir.Expr) *hint {
	unique := slices.DeleteFunc(slices.Clone(ps), func(p sample) bool { return len(p.ys) > 1 })
	if len(unique) == 0 || len(unique) == len(ps) {
		return nil
	}
	h := mapThrough(k.stmt, unique, terms)
	if h == nil || len(h.free) > 0 && !g.freely(s, k, h, unique) {
		return nil
	}
	return h
}

func mapThrough(t *Stmt, ps []sample, terms []loopir.Expr) *hint {
	h := &hint{stmt: t, env: Env{}}
	terms = slices.Clone(terms)
	var features [][]int64
	var ys [][]int64
	for _, p := range ps {
		for _, y := range p.ys {
			features = append(features, slices.Clone(p.x))
			ys = append(ys, y)
		}
	}
	tiles := t.tileIterators()
	values := make([]int64, len(ys))
	for k := len(t.Loops) - 1; k >= 0; k-- {
		it := t.Loops[k].Iter
		for i, y := range ys {
			values[i] = y[k]
		}
		if tiles[it] == nil {
			if coeffs, den, ok := linear(features, values); ok {
				h.env[it] = combination(terms, coeffs, den)
				continue
			}
		}
		h.free = append(h.free, it)
		h.env[it] = loopir.NewVar(it + freeMark)
		terms = append(terms, h.env[it])
		for i, y := range ys {
			features[i] = append(features[i], y[k])
		}
	}
	return h
}

// tileIterators lists the iterators of s that their bounds and the iterators
// inside determine, and how: nothing is lost by claiming something for all their
// values.
func (s *Stmt) tileIterators() Env {
	out := Env{}
	env := s.Fresh("")
	for _, l := range s.Loops {
		sys := newSystem()
		sys.addUnknown(l.Iter, l.Lo)
		sys.within(s.Domain(env))
		sys.solve()
		if sol, ok := sys.solution(); ok {
			out[l.Iter] = sol[l.Iter]
		}
	}
	return out
}

// freely tests a claim with free iterators on the samples: every instance of
// before that the map names computed the same.
func (g *guesser) freely(s *Stmt, k kinship, h *hint, ps []sample) bool {
	stride := max(1, len(ps)/freeTests)
	for i := 0; i < len(ps); i += stride {
		p := ps[i]
		run := g.runs[p.run]
		want := p.row.wrote
		if k.termA {
			want = p.row.term
		}
		run.after.at(s, p.row)
		rows := run.before.rows[h.stmt.index]
		for j := range rows {
			r := &rows[j]
			got := r.wrote
			if k.termB {
				got = r.term
			}
			if got != want && g.names(h, run.after, r) {
				return false
			}
		}
	}
	return true
}

// freeTests is how many samples a claim with free iterators is tested on.
const freeTests = 50

// names tells whether h, at the instance that run stands at, may name r.
func (g *guesser) names(h *hint, run *trace, r *row) bool {
	m := run.mapped(h)
	for i, at := range m.free {
		if at >= 0 {
			run.env[at] = r.iters[i]
		}
	}
	for i, f := range m.code {
		if f() != r.iters[i] {
			return false
		}
	}
	return true
}

// A mapped hint is compiled for one run: for each loop of its statement the slot of
// the iterator that the hint leaves free, or -1, and what computes the iterator.
type mapped struct {
	free []int
	code []func() int64
}

func (t *trace) mapped(h *hint) *mapped {
	if m := t.maps[h]; m != nil {
		return m
	}
	m := &mapped{}
	for _, l := range h.stmt.Loops {
		at := -1
		if slices.Contains(h.free, l.Iter) {
			at = t.slot(l.Iter + freeMark)
		}
		m.free = append(m.free, at)
		m.code = append(m.code, t.index(h.env[l.Iter]))
	}
	t.maps[h] = m
	return m
}
