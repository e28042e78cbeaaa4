package equiv

import (
	"context"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A SafetyResult says whether a kernel is safe for all sizes within SizeLimit
// that satisfy its where clause.
type SafetyResult struct {
	Outcome     Outcome // Refuted when one finding is certain, Unknown when one is open
	Obligations []Obligation
	Findings    loopir.ErrorList // what is wrong, and what was not decided, by position
	Assumptions []string         // what is taken for granted of the inputs: that indices of data are legal
}

// CheckSafety proves of one kernel what a comparison takes for granted: where
// can be satisfied; extents are not negative, divisors and steps are positive;
// every access is in bounds, but for indices of data, which are
// Assumptions; no cell is read before it is written, and every
// cell of an out array is; no two iterations of a parallel or vectorized loop
// touch one cell with a write; every index expression fits in int64 under
// SizeLimit, and so every flat offset, being below the number of elements;
// calls alias no cell that they write. A call means its contract, too: the same is
// proved of each kernel that is called, by itself and under its own where clause; that this
// holds at a call is part of what is proved of the caller. An error is returned only for a
// kernel that can't be laid out, or when ctx ends.
func CheckSafety(ctx context.Context, f *loopir.File, k *loopir.Kernel, opts Options) (_ *SafetyResult, err error) {
	defer smt.Contain(&err)
	opts, done, err := opts.withPool()
	if err != nil {
		return nil, err
	}
	defer done()
	res, err := safetyOf(ctx, f, k, opts)
	if err != nil {
		return nil, err
	}
	for _, callee := range f.Callees(k) {
		r, err := safetyOf(ctx, f, callee, opts)
		if err != nil {
			return nil, err
		}
		r.conclude()
		for _, e := range r.Findings {
			e.Note(loopir.Span{}, "%s calls %s, whose contract is that of a kernel by itself", k.Name, callee.Name)
		}
		res.Obligations = append(res.Obligations, r.Obligations...)
		res.Findings = append(res.Findings, r.Findings...)
		for _, text := range r.Assumptions {
			if !slices.Contains(res.Assumptions, text) {
				res.Assumptions = append(res.Assumptions, text)
			}
		}
	}
	res.conclude()
	return res, nil
}

// DataIndices lists what CheckSafety assumes of indices that are data, in k and what it calls.
func DataIndices(f *loopir.File, k *loopir.Kernel) ([]string, error) {
	var out []string
	for _, k := range append([]*loopir.Kernel{k}, f.Callees(k)...) {
		p, err := opaqueProgram(f, k)
		if err != nil {
			return nil, err
		}
		w := newWalker(p, p)
		w.body(p.Kernel.Body)
		for _, text := range w.assumed {
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out, nil
}

// safetyOf is CheckSafety of a kernel alone, the calls in it taken at their contracts
// and inlined.
func safetyOf(ctx context.Context, f *loopir.File, k *loopir.Kernel, opts Options) (*SafetyResult, error) {
	p, err := opaqueProgram(f, k)
	if err != nil {
		return nil, err
	}
	proof := newProver(ctx, opts.Pool, p.Assume())
	unpacked := p.unpacked(proof)
	unpacked, _ = unpackedAlike(unpacked, unpacked, proof)
	w := newWalker(p, unpacked)
	w.params(p.Kernel)
	w.body(p.Kernel.Body)
	w.races(unpacked)
	w.initialized(unpacked)
	w.covered(unpacked, proof)
	in := k.Clone()
	in.InlineLets()
	w.calls(f, in)
	res := &SafetyResult{Outcome: Proved, Obligations: proof.obligations(), Assumptions: w.assumed}
	c := &safety{p: p, f: f, k: k, pool: opts.Pool, res: res, search: newSizeSearch(p.Kernel)}
	c.small = c.search.vectors(smallVectors)
	c.satisfiable(ctx)
	c.discharge(ctx, w.claims)
	return res, ctx.Err()
}

// conclude draws the outcome from the findings. Those that other errors mask
// are left out beside certain ones.
func (r *SafetyResult) conclude() {
	for _, e := range r.Findings {
		if e.Kind != loopir.Undecided {
			r.Outcome = Refuted
		} else if r.Outcome == Proved {
			r.Outcome = Unknown
		}
	}
	if r.Outcome == Refuted {
		r.Findings = slices.DeleteFunc(r.Findings, func(e *loopir.Error) bool {
			return e.Kind == loopir.Undecided && len(e.Notes) == 1 && e.Notes[0].Msg == maskedReason
		})
	}
	_ = r.Findings.Err() // sorts
}

// safety is one run of CheckSafety.
type safety struct {
	p    *Program
	f    *loopir.File
	k    *loopir.Kernel
	pool *smt.Pool
	res  *SafetyResult

	search *sizeSearch
	small  []map[string]int64 // sizes to try, the most telling first
}

// satisfiable finds sizes that where admits; else every proof would be vacuous.
func (c *safety) satisfiable(ctx context.Context) {
	if len(c.p.Where) == 0 {
		return
	}
	ob := Obligation{Name: "where/satisfiable", Span: c.p.Where[0].Source(), Outcome: Proved, Status: smt.Sat}
	if len(c.small) == 0 || !holds(c.p.Where, c.small[0]) {
		q, err := query(ob.Name, append(c.p.Assume(), sizeLimits(c.p)...), boolExpr(false))
		ans := smt.Answer{Reason: fmt.Sprint(err)}
		if err == nil {
			q.Want = smt.Sat
			ans = c.pool.Check(ctx, q)
			ob.Hyps, ob.Goal = q.Hyps, q.Goal
		}
		ob.Status, ob.Reason, ob.Time = ans.Status, ans.Reason, ans.Time
		switch ans.Status {
		case smt.Sat:
		case smt.Unsat:
			ob.Outcome = Refuted
			e := contradicted(ctx, c.pool, c.p, c.p.Where)
			if e == nil {
				e = loopir.Rejectf(ob.Span, "no sizes satisfy this where clause: everything proved would be empty")
			}
			c.res.Findings = append(c.res.Findings, e)
		default:
			ob.Outcome = Unknown
			c.res.Findings = append(c.res.Findings, undecided(ob.Span, "that sizes exist which satisfy the where clause", ans.Reason))
		}
	}
	c.res.Obligations = append(c.res.Obligations, ob)
}

// discharge decides claims, several at a time, and keeps their order.
func (c *safety) discharge(ctx context.Context, claims []claim) {
	obs := make([]Obligation, len(claims))
	errs := make([]*loopir.Error, len(claims))
	inParallel(len(claims), func(i int) { obs[i], errs[i] = c.decide(ctx, &claims[i]) })
	c.res.Obligations = append(c.res.Obligations, obs...)
	seen := map[string]bool{}
	for i, e := range errs {
		if e == nil {
			continue
		}
		key := claims[i].group
		if key == "" { // one place may be claimed twice, as read and as write
			key = e.Error()
		}
		if !seen[key] {
			seen[key] = true
			c.res.Findings = append(c.res.Findings, e)
		}
	}
}

// inParallel calls f(0) ... f(n-1) on all cores and waits for them.
func inParallel(n int, f func(int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	errs := make([]error, n)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = smt.Guard(func() { f(i) })
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	stopAt(errs...)
}

// decide proves cl if that is easy; else looks for a small example against it,
// asks the solver, and looks once more, harder, when there is no proof.
func (c *safety) decide(ctx context.Context, cl *claim) (Obligation, *loopir.Error) {
	ob := Obligation{Name: cl.name, Span: cl.span, Status: smt.Sat}
	if cl.first != nil {
		if goal := cl.first(); goal != nil {
			if q, err := query(cl.name, relevant(cl.hyps, goal), goal); err == nil {
				if ans := c.pool.Presolve(ctx, q); ans.Valid() {
					return ob.proved(q, ans), nil
				}
			}
		}
		cl.goal, cl.opaque = cl.later()
	}
	q, err := query(cl.name, relevant(cl.hyps, cl.goal), cl.goal)
	if err == nil {
		if ans := c.pool.Presolve(ctx, q); ans.Valid() {
			return ob.proved(q, ans), nil
		}
	}
	if env := c.smallExample(cl, quickEvals); env != nil {
		return c.against(ctx, cl, env, ob)
	}
	if err == nil {
		if ans := c.pool.Check(ctx, q); ans.Valid() {
			return ob.proved(q, ans), nil
		}
	}
	if q, err = query(cl.name, cl.hyps, cl.goal); err != nil {
		ob.Status, ob.Reason = smt.Unknown, err.Error()
		return ob, undecided(cl.span, "that "+cl.what, ob.Reason)
	}
	ans := c.pool.Check(ctx, q)
	if ans.Valid() {
		return ob.proved(q, ans), nil
	}
	ob.Hyps, ob.Goal, ob.Status, ob.Reason, ob.Time = q.Hyps, q.Goal, ans.Status, ans.Reason, ans.Time
	return c.unproved(ctx, cl, ans, ob)
}

func (ob Obligation) proved(q *smt.Query, ans smt.Answer) Obligation {
	ob.Hyps, ob.Goal, ob.Status, ob.Time, ob.Outcome = q.Hyps, q.Goal, ans.Status, ans.Time, Proved
	return ob
}

// unproved looks for an example against cl, the solver's at last.
func (c *safety) unproved(ctx context.Context, cl *claim, ans smt.Answer, ob Obligation) (Obligation, *loopir.Error) {
	env := c.smallExample(cl, patientEvals)
	if env == nil && ans.Status == smt.Sat {
		env = c.values(cl, ans.Model)
	}
	if env == nil && !cl.witnessed {
		if ans.Status == smt.Sat {
			ob.Reason = "the example that the solver found could not be replayed"
		}
		return ob, undecided(cl.span, "that "+cl.what, ob.Reason)
	}
	return c.against(ctx, cl, env, ob)
}

// against tells how cl fails at env, once a run confirms it where that is open.
func (c *safety) against(ctx context.Context, cl *claim, env map[string]int64, ob Obligation) (Obligation, *loopir.Error) {
	if cl.opaque || cl.witnessed {
		return c.confirm(ctx, cl, env, ob)
	}
	ob.Outcome, ob.Reason = Refuted, c.example(cl, env)
	e := cl.tell(env)
	e.Msg += ", for example with " + ob.Reason
	return ob, e
}

// values takes sizes and iterators from a model, nil unless they contradict
// the claim when evaluated.
func (c *safety) values(cl *claim, m smt.Model) map[string]int64 {
	env := map[string]int64{}
	for _, n := range append(c.p.Sizes[:len(c.p.Sizes):len(c.p.Sizes)], cl.vars...) {
		v := m[n]
		if v == nil {
			v = new(big.Int)
		}
		if !v.IsInt64() {
			return nil
		}
		env[n] = v.Int64()
	}
	if !holds(cl.hyps, env) || !cl.failsAt(env) {
		return nil
	}
	return env
}
