package equiv

import (
	"context"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// byClaims proves the outputs equal by the hints that came with after, if there is one for
// each computation, as where a step of a schedule left them: such hints are seldom wrong,
// and no runs need to be made to judge them. It is nil where that is no proof.
func byClaims(proof *prover, before, after *Program) *checker {
	c := bareChecker(proof, before, after)
	if !c.hintsAll() {
		return nil
	}
	c.infer()
	if !c.tried() {
		return nil
	}
	return c
}

// attempt tries to prove the outputs equal, with the hints from the text and with
// those from runs: these first if the text leaves a computation without one. It gives
// the checker that got it done, or that got furthest. Without g, runs are made only
// when the text does not suffice.
func (c *checker) attempt(g *guesser) *checker {
	first := g == nil
	if !first {
		g.contradict(c)
		first = c.hintsAll()
	}
	if first && c.tried() || c.proof.ctx.Err() != nil {
		return c
	}
	if g == nil {
		g = newGuesser(c)
	}
	t := c.traced(g)
	if t != nil && t.tried() {
		return t
	}
	if !first && c.tried() || t == nil {
		return c
	}
	return t
}

// hintsAll tells whether each computation of after has a hint that no run contradicts.
func (c *checker) hintsAll() bool {
	for _, s := range c.after.prog.Stmts {
		h := c.hints[s.index]
		if s.ID != reader && !c.after.transparent(s) && (h == nil || h.wrong[sameWrite] && h.wrong[sameTerm]) {
			return false
		}
	}
	return true
}

// thoroughly is tried with more guesses, copies kept.
func (c *checker) thoroughly() {
	c.keepCopies()
	c.thorough = true
	c.run()
}

// inTextOrder hints that each statement does what the one at its place in the text
// did, by the same iterations of its loops. It reports false where statements or
// loops do not pair up.
func (c *checker) inTextOrder() bool {
	before, after := c.before.prog.Stmts, c.after.prog.Stmts
	if len(before) != len(after) {
		return false
	}
	for i, s := range after {
		t := before[i]
		if s.ID == reader {
			continue
		}
		if len(s.Loops) != len(t.Loops) || s.LHS.Name != t.LHS.Name || s.Op != t.Op {
			return false
		}
		h := &hint{stmt: t, env: Env{}}
		for j, l := range t.Loops {
			h.env[l.Iter] = loopir.NewVar(s.Loops[j].Iter)
		}
		c.hints[i] = h
	}
	return true
}

// tried proves the outputs equal, copies followed or kept, or reports false.
func (c *checker) tried() bool {
	c.run()
	if c.failed() && c.keepCopies() {
		c.run()
	}
	return !c.failed()
}

// differ gives the sizes of a run in which an output has different fingerprints.
func (g *guesser) differ() []map[string]*big.Int {
	for _, r := range g.runs {
		for _, s := range g.c.after.prog.Stmts {
			if s.ID != reader {
				continue
			}
			t := g.c.before.prog.readerOf(s)
			x, y := r.after.rows[s.index], r.before.rows[t.index]
			same := len(x) == len(y)
			for i := range x {
				same = same && x[i].wrote == y[i].wrote
			}
			if same {
				continue
			}
			sizes := map[string]*big.Int{}
			for n, v := range r.sizes {
				sizes[n] = big.NewInt(v)
			}
			return []map[string]*big.Int{sizes}
		}
	}
	return nil
}

// refuteAt looks for a counterexample at the given sizes only, to make smaller
// what it finds.
func refuteAt(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, sizes []map[string]*big.Int) *Counterexample {
	if len(sizes) == 0 {
		return nil
	}
	r := newReferee(ctx, f, before, after, farSteps)
	r.most = farSteps / 2
	s := newSizeSearch(before, after)
	for _, m := range sizes {
		env := s.fromModel(m)
		if env == nil {
			continue
		}
		for _, filling := range r.fill.thorough(r.exact) {
			found := r.compare(env, filling)
			if found == nil {
				continue
			}
			r.left = shrinkSteps
			found = r.shrink(found)
			r.left = shrinkSteps
			return r.tell(found)
		}
	}
	return nil
}

// exchanged is what g knows for a checker of the same programs in exchanged roles.
func (g *guesser) exchanged(c *checker) *guesser {
	if g == nil {
		return nil
	}
	out := &guesser{c: c}
	for _, r := range g.runs {
		out.add(sampleRun{r.sizes, r.after, r.before})
	}
	return out
}

func (g *guesser) add(r sampleRun) {
	g.runs = append(g.runs, r)
	g.equal = append(g.equal, map[byValue]map[fingerprint][]int{})
}
