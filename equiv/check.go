package equiv

import (
	"context"
	"fmt"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// Options configure Check and CheckSafety. The zero value is a good choice.
type Options struct {
	Pool    *smt.Pool // answers the obligations; nil: one of its own for each call
	Explain bool      // have Check fill in Result.Explanation

	// ProofOnly leaves out the search for a counterexample, and for more guesses where
	// a proof fails: for comparing parts of programs, which may differ on inputs that
	// never occur.
	ProofOnly bool

	// Require is the strength that is asked for; the zero value asks for none. Where Exact is
	// and no more than something weaker is proved, runs that differ in any bit refute it, NaN,
	// infinities and signed zeros among their inputs.
	Require Verdict

	always    bool           // compare even what has the same text
	roundings map[string]int // how many roundings functions of after count for, where it is not what is usual
}

// A Result says what Check found.
type Result struct {
	Outcome     Outcome
	Verdict     Verdict      // when Proved
	Weaker      []Weakness   // what is no more than Verdict, when that is not Exact
	Obligations []Obligation // that the proof rests on; when not Proved, the failed one too
	// Bounds has a forward error bound for each output, or the reason why none
	// is stated, when the verdict is not Exact.
	Bounds     []*Bound
	Magnitudes *Magnitudes // that Bounds are relative to
	// Assumptions are conditions on sizes that only one of the kernels
	// states; the result holds for the sizes that satisfy them.
	Assumptions    []loopir.Expr
	Counterexample *Counterexample // when Refuted
	Failures       []*loopir.Error // when not Proved: where and why
	Explanation    *Explanation    // with Options.Explain

	// Measured are the functions that stand for built-in ones, when the verdict is Approximate.
	Measured []Measured

	termwise bool // when Proved: the terms are the same, but for 0.0 where a sum starts
}

// withPool fills in a pool; done closes it if it was made here.
func (o Options) withPool() (_ Options, done func(), err error) {
	if o.Pool != nil {
		return o, func() {}, nil
	}
	o.Pool, err = smt.NewPool(smt.Options{})
	return o, func() { _ = o.Pool.Close() }, err
}

// Check tells whether after computes what before computes, for all sizes that
// satisfy the where clauses of both. The origins of after's assignments, whose
// numbers are those that f.Number gives before, say which statement does what
// an earlier one did; a wrong origin can cost the proof, but never make a wrong
// one. Both kernels are taken to be safe, which CheckSafety shows. The error is
// for kernels that can't be compared at all.
//
// Check, Options, Result and what they are made of are the package's stable
// interface; package equivtest wraps them for tests.
func Check(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options) (_ *Result, err error) {
	defer smt.Contain(&err)
	return checkApproximate(ctx, f, before, after, opts)
}

// check is Check of the functions that are written.
func check(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options) (*Result, error) {
	opts, done, err := opts.withPool()
	if err != nil {
		return nil, err
	}
	defer done()
	old, err := NewProgram(f, before)
	if err != nil {
		return nil, err
	}
	now, err := NewProgram(f, after)
	if err != nil {
		return nil, err
	}
	if err := sameInterface(old, now); err != nil {
		return nil, err
	}
	assume := old.Assume()
	assume = append(assume, now.Where...)
	proof := newProver(ctx, opts.Pool, assume)
	empty, err := satisfiable(proof, old, now)
	if err != nil {
		return nil, err
	}
	res := &Result{Assumptions: assumptions(proof, old, now)}
	if !opts.always && !opts.Explain && sameText(old, now) {
		return unchangedResult(res, after.Span), ctx.Err()
	}
	if !opts.ProofOnly {
		if res.Counterexample = refuteQuickly(ctx, f, before, after); res.Counterexample != nil {
			res.Outcome = Refuted
			if opts.Explain {
				res.Explanation = newChecker(proof, old, now).explain(false)
			}
			return res, ctx.Err()
		}
	}
	plain := [2]*Program{old, now}
	var g *guesser
	var c *checker
	if !opts.ProofOnly && (f.CallsBodies(before.Body) || f.CallsBodies(after.Body)) {
		if c, err = opaquely(f, before, after, proof); err != nil {
			return nil, err
		}
	}
	if c == nil {
		old, now = ready(old, now, proof)
		if !opts.ProofOnly {
			c = byClaims(proof, old, now)
		}
	}
	if c == nil {
		c = newChecker(proof, old, now)
		if !opts.ProofOnly {
			g = newGuesser(c)
			if res.Counterexample = refuteAt(ctx, f, before, after, g.differ()); res.Counterexample != nil {
				res.Outcome = Refuted
				return res, ctx.Err()
			}
		}
		c = c.attempt(g)
	}
	if c.failed() && ctx.Err() == nil { // equality is symmetric, the search for a proof is not
		d := newChecker(proof, now, old)
		if d = d.attempt(g.exchanged(d)); !d.failed() {
			d.exchanged = true
			c = d
		}
	}
	if c.failed() && ctx.Err() == nil && !opts.ProofOnly {
		var byAlgebra *checker
		if res.Counterexample = refuteFinite(ctx, f, before, after, proof.models()); res.Counterexample == nil {
			byAlgebra = algebra(proof, old, now, g)
		}
		if res.Counterexample == nil && byAlgebra == nil {
			byAlgebra = byOrder(proof, plain[0], plain[1], opts)
		}
		if res.Counterexample == nil && byAlgebra == nil {
			res.Counterexample = refute(ctx, f, before, after, opts, proof.models(), finite)
		}
		if res.Counterexample == nil {
			c = c.again()
			c.thoroughly()
			if c.failed() {
				if d := bareChecker(proof, old, now); d.inTextOrder() {
					if d.thoroughly(); !d.failed() {
						c = d
					}
				}
			}
		}
		if byAlgebra != nil && (c.failed() || c.worst > byAlgebra.worst) {
			c = byAlgebra
		}
		if res.Counterexample == nil && c.failed() {
			res.Counterexample = refute(ctx, f, before, after, opts, proof.models(), results)
		}
	} else if c.failed() && ctx.Err() == nil {
		if d := byOrder(proof, plain[0], plain[1], opts); d != nil {
			c = d
		}
	}
	c.first.add(empty)
	c.conclude(res)
	if res.Counterexample == nil && res.Verdict != Exact && !opts.ProofOnly {
		res.beyond(ctx, f, before, after, opts, proof)
	}
	if opts.Explain {
		res.Explanation = c.explain(true)
		markVacuous(ctx, opts.Pool, res.Obligations)
	}
	shown, err := res.faults(ctx, f, before, after, opts, proof)
	if err != nil {
		return nil, err
	}
	res.Obligations = append(res.Obligations, shown...)
	if res.Outcome == Proved && (res.Verdict > Exact || opts.roundings != nil) {
		if err := res.bounds(f, before, after, proof, opts.roundings); err != nil {
			return nil, err
		}
		res.Obligations = append(proof.obligations(), shown...)
	}
	return res, ctx.Err()
}

// beyond looks at inputs of which strengths other than exact say nothing. What is equal under
// these is not refuted by them, but a difference there speaks against exact.
func (res *Result) beyond(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options, proof *prover) {
	switch {
	case opts.Require == Exact:
		if res.Counterexample = refute(ctx, f, before, after, opts, proof.models(), everyBit); res.Counterexample != nil {
			res.Outcome, res.Verdict, res.Weaker = Refuted, NoVerdict, nil
			res.Counterexample.Explanation = append(res.Counterexample.Explanation, "so they are not exact; weaker strengths say nothing of this")
		}
	case len(res.Failures) > 0:
		if c := refute(ctx, f, before, after, opts, nil, special); c != nil {
			e := res.Failures[0]
			e.Notes = append(e.Notes, loopir.Note{Msg: fmt.Sprintf("they differ where inputs are %s, of which only exact says anything: %v", c.inputs(), c)})
		}
	}
}

// ready makes programs plain to compare.
func ready(old, now *Program, proof *prover) (*Program, *Program) {
	old, now = unpackedAlike(old, now, proof)
	together(
		func() { old = destage(old.unpacked(proof), proof) },
		func() { now = destage(now.unpacked(proof), proof) },
	)
	return old.plainUpdates().restarts(), now.plainUpdates().restarts()
}

// opaquely is byClaims without a look into functions with bodies, which most steps do not
// change.
func opaquely(f *loopir.File, before, after *loopir.Kernel, proof *prover) (*checker, error) {
	old, err := opaqueProgram(f, before)
	if err != nil {
		return nil, err
	}
	now, err := opaqueProgram(f, after)
	if err != nil {
		return nil, err
	}
	old, now = ready(old, now, proof)
	return byClaims(proof, old, now), nil
}

func newChecker(proof *prover, before, after *Program) *checker {
	c := bareChecker(proof, before, after)
	c.infer()
	return c
}

// bareChecker makes a checker that has no hints but those that came with after.
func bareChecker(proof *prover, before, after *Program) *checker {
	c := &checker{proof: proof, before: newSide(before, proof), after: newSide(after, proof)}
	c.outputs()
	return c
}

// outputs adds to both programs, for each output array, a last statement that
// reads each logical cell, and asks for them to be equal.
func (c *checker) outputs() {
	before, after := c.before.prog, c.after.prog
	for _, a := range after.Arrays {
		if !a.IsOutput() {
			continue
		}
		c.after.addReader(a.Param)
		c.before.addReader(before.Array(a.Name).Param)
	}
	for _, s := range after.Stmts {
		if s.ID == reader {
			c.hints = append(c.hints, &hint{stmt: before.readerOf(s), env: s.Fresh("")})
			continue
		}
		c.hints = append(c.hints, hintOf(s, before))
	}
}

// interfaces shows that the parameters have equal logical extents.
func (c *checker) interfaces() {
	for _, a := range c.after.prog.Arrays {
		if a.Param == nil {
			continue
		}
		old := c.before.prog.Array(a.Name).Param
		goal := sameIndices(logicalShape(a.Param), logicalShape(old))
		ans := c.proof.need("interface/shape", a.Param.Span, nil, goal)
		c.first.note(ans, "parameter "+a.Name+" may have other extents than before", old.Span)
	}
}

// run proves the outputs equal, or notes where that fails.
func (c *checker) run() {
	c.asked, c.reads = map[matchKey]bool{}, map[readsKey]bool{}
	c.worst, c.places, c.first, c.defect = NoVerdict, nil, firstFailure{}, nil
	c.interfaces()
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader {
			c.match(s, c.hints[s.index], sameWrite)
		}
	}
	c.wg.Wait()
	stopAt(c.defect)
}

// conclude turns what the checker found into a result.
func (c *checker) conclude(res *Result) {
	res.Obligations = c.proof.obligations()
	f := c.first.get()
	switch {
	case res.Counterexample != nil:
		res.Outcome = Refuted
	case f == nil:
		res.Outcome, res.Verdict = Proved, max(c.worst, Exact)
		res.termwise = !c.polynomials && !c.overInputs && !c.ordered
		res.Weaker = c.weakest()
	}
	if f != nil {
		res.Failures = append(res.Failures, f.err())
		if f.answer != nil {
			res.Obligations = append(res.Obligations, f.answer.Obligation)
		}
	}
}

func (c *checker) failed() bool { return c.first.get() != nil }

func (f *failure) err() *loopir.Error {
	return &loopir.Error{Kind: loopir.Undecided, Span: f.at, Msg: f.msg, Notes: f.notes}
}

// reader is the ID of the statements that read the outputs at the end.
const reader = -2

// addReader appends a statement that reads each logical cell of p after
// everything else. It writes nothing that is ever read.
func (sd *side) addReader(param *loopir.Param) {
	s := &Stmt{ID: reader, Span: param.Span, index: len(sd.prog.Stmts)}
	s.path = []int{endOfText + s.index}
	var cell []loopir.Expr
	for i, n := range logicalShape(param) {
		it := fmt.Sprintf("%s!%d", param.Name, i)
		s.Loops = append(s.Loops, &loopir.For{Iter: it, Lo: loopir.NewInt(0), Hi: n})
		s.path = append(s.path, 0)
		cell = append(cell, loopir.NewVar(it))
	}
	s.LHS = &loopir.Read{Name: param.Name + "!out", Index: cell, Type: param.Type, Span: param.Span}
	s.RHS = &loopir.Read{Name: param.Name, Index: packed(param, cell), Type: param.Type, Span: param.Span}
	sd.prog.Stmts = append(sd.prog.Stmts, s)
	sd.effects = append(sd.effects, effectOf(s))
}

// endOfText is a textual position after every statement.
const endOfText = 1 << 40

func (p *Program) readerOf(s *Stmt) *Stmt {
	for _, t := range p.Stmts {
		if t.ID == reader && t.LHS.Name == s.LHS.Name {
			return t
		}
	}
	return nil
}

// sameInterface compares the parameters, whose order is free.
func sameInterface(before, after *Program) error {
	for _, p := range before.Kernel.Params {
		q := after.Kernel.Param(p.Name)
		switch {
		case q == nil:
			return loopir.Rejectf(p.Span, "%s has no parameter %s", after.Kernel.Name, p.Name)
		case q.Kind != p.Kind || q.Type != p.Type || q.Dir != p.Dir:
			return loopir.Rejectf(q.Span, "parameter %s is declared differently", p.Name).Note(p.Span, "before")
		case len(logicalShape(p)) != len(logicalShape(q)):
			return loopir.Rejectf(q.Span, "parameter %s has %d dimensions, but %d before", p.Name, len(logicalShape(q)), len(logicalShape(p)))
		}
	}
	for _, q := range after.Kernel.Params {
		if before.Kernel.Param(q.Name) == nil {
			return loopir.Rejectf(q.Span, "%s has no parameter %s", before.Kernel.Name, q.Name)
		}
	}
	return nil
}

// assumptions lists the where clauses of one program that do not follow from
// those of the other.
func assumptions(proof *prover, a, b *Program) []loopir.Expr {
	var out []loopir.Expr
	for _, pair := range [][2]*Program{{a, b}, {b, a}} {
		weak := newProver(proof.ctx, proof.pool, pair[0].Assume())
		for _, w := range pair[1].Where {
			if weak.try("where/implied", w.Source(), nil, w).Outcome != Proved {
				out = append(out, w)
			}
		}
	}
	return out
}
