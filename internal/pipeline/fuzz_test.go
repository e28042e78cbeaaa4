package pipeline

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/looprand"
	"github.com/loopopt/loopopt/internal/mutate"
	"github.com/loopopt/loopopt/internal/referee"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

var (
	fuzzTime = flag.Duration("fuzz-verify", 10*time.Second, "how long TestFuzzVerify runs")
	fuzzSeed = flag.Uint64("fuzz-seed", 1, "the first seed of TestFuzzVerify")
)

// fuzzBudget and fuzzPatience keep one random program from taking all the time.
const (
	fuzzBudget   = 300_000
	fuzzPatience = 2 * time.Second
)

// TestFuzzVerify transforms random programs by random steps, legal or not, and
// changes others a little, and has runs on random inputs judge what the prover
// says: nothing that a run tells apart may be proved, and what is refuted must
// differ when it is run again. A seed alone determines what is tried.
func TestFuzzVerify(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true, RLimit: fuzzBudget})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	limit := *fuzzTime
	if testing.Short() {
		limit = min(limit, 3*time.Second)
	}
	z := &fuzzer{t: t, opts: equiv.Options{Pool: pool}, count: map[string]int{}}
	end := time.Now().Add(limit)
	var wg sync.WaitGroup
	for worker := range uint64(2) {
		wg.Go(func() {
			for seed := *fuzzSeed + worker; time.Now().Before(end) && !t.Failed(); seed += 2 {
				z.transformed(seed)
				z.changed(seed)
				z.partials(seed)
			}
		})
	}
	wg.Wait()
	for _, k := range slices.Sorted(maps.Keys(z.count)) {
		t.Logf("%-40s %d", k, z.count[k])
	}
	if len(z.count) == 0 {
		t.Error("nothing was tried")
	}
}

type fuzzer struct {
	t     *testing.T
	opts  equiv.Options
	mu    sync.Mutex
	count map[string]int
}

func (z *fuzzer) add(what string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.count[what]++
}

// transformed applies random steps to a random program and judges the proof of
// each step, and that of the whole without any claim.
func (z *fuzzer) transformed(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 11))
	f := &loopir.File{Name: "random.loop", Kernels: []*loopir.Kernel{looprand.Kernel(seed)}}
	var steps []string
	var script *transform.Script
	for try := 0; try < 40 && len(steps) < 1+int(seed%4); try++ {
		now := f.Kernels[0]
		if script != nil {
			now = script.Kernel
		}
		next := append(steps[:len(steps):len(steps)], looprand.Step(rng, now))
		if s, err := replaySteps(f, next); err == nil {
			steps, script = next, s
		}
	}
	if script == nil {
		z.add("no step fits")
		return
	}
	name := fmt.Sprintf("seed %d: %s", seed, strings.Join(steps, "; "))
	for _, p := range script.Steps {
		c, err := z.within(func(ctx context.Context) (*Check, error) { return prove(ctx, p, Options{Equiv: z.opts}) })
		if z.judge(name+" at "+loopir.FormatStep(p.Step), "step", p.File, p.Before, p.After, c, err); err != nil || !c.Proved() {
			return // what comes after starts from something wrong
		}
		if m, what := mutant(rng, p.After); m != nil && p.File.CheckKernel(m) == nil {
			before := p.Before.Clone()
			before.Where = m.Where
			z.alone(name+" at "+loopir.FormatStep(p.Step)+": "+what, "changed step, prover alone", p.File, before, m)
		}
	}
	before, after := f.Kernels[0].Clone(), script.Kernel.Clone()
	before.Where = after.Where
	for _, k := range []*loopir.Kernel{before, after} {
		clearClaims(k)
	}
	c, err := z.within(func(ctx context.Context) (*Check, error) {
		return Pair{File: script.File, Before: before, After: after}.Prove(ctx, z.opts)
	})
	z.judge(name, "whole, no claims", script.File, before, after, c, err)
}

// changed compares a random program with one that differs slightly.
func (z *fuzzer) changed(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 13))
	k := looprand.Kernel(seed + 1<<32)
	f := &loopir.File{Name: "random.loop", Kernels: []*loopir.Kernel{k}}
	m, what := mutant(rng, k)
	if m == nil || f.CheckKernel(m) != nil {
		z.add("change: not well formed")
		return
	}
	c, err := z.within(func(ctx context.Context) (*Check, error) {
		return Pair{File: f, Before: k, After: m}.Prove(ctx, z.opts)
	})
	name := fmt.Sprintf("seed %d: %s", seed, what)
	z.judge(name, "change", f, k, m, c, err)
	z.alone(name, "change, prover alone", f, k, m)
}

// partials compares two kernels that are equal by way of partial results, and one of them
// with one that differs slightly from the other.
func (z *fuzzer) partials(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 19))
	before, after := looprand.Partials(seed)
	f := &loopir.File{Name: "partials.loop", Kernels: []*loopir.Kernel{before}}
	c, err := z.within(func(ctx context.Context) (*Check, error) {
		return Pair{File: f, Before: before, After: after}.Prove(ctx, z.opts)
	})
	name := fmt.Sprintf("partial results, seed %d", seed)
	z.judge(name, "partial results", f, before, after, c, err)
	if err == nil && c.Outcome == equiv.Refuted {
		z.t.Errorf("%s: refuted\n%s\n%s", name, loopir.FormatKernel(before), loopir.FormatKernel(after))
	}
	for n := 0; ; n++ {
		m, what := mutate.Mutant(after, n)
		if m == nil {
			return
		}
		if (rng.IntN(16) == 0 || strings.HasSuffix(what, "halved")) && f.CheckKernel(m) == nil {
			z.alone(name+": "+what, "changed partial results, prover alone", f, before, m)
			z.alone(name+": "+what+", exchanged", "changed partial results, prover alone", f, m, before)
		}
	}
}

// mutant is a copy of k that differs slightly, and in what; nil where nothing can differ.
func mutant(rng *rand.Rand, k *loopir.Kernel) (*loopir.Kernel, string) {
	all := 0
	for m, _ := mutate.Mutant(k, all); m != nil; m, _ = mutate.Mutant(k, all) {
		all++
	}
	return mutate.Mutant(k, rng.IntN(max(all, 1)))
}

// alone asks the prover about a pair without any run that might tell the two apart first: that
// wrong ones are not proved must not rest on the luck of a search. Only runs on what it proves
// judge it.
func (z *fuzzer) alone(name, kind string, f *loopir.File, before, after *loopir.Kernel) {
	opts := z.opts
	opts.ProofOnly = true
	c, err := z.within(func(ctx context.Context) (*Check, error) {
		c := new(Check)
		for _, k := range []*loopir.Kernel{before, after} {
			if safe, err := equiv.CheckSafety(ctx, f, k, opts); err != nil || safe.Outcome != equiv.Proved {
				return c, err
			}
		}
		res, err := equiv.Check(ctx, f, before, after, opts)
		if res != nil {
			c.Outcome, c.Verdict = res.Outcome, res.Verdict
		}
		return c, err
	})
	if err == nil && !c.Proved() {
		z.add(kind + ": not proved")
		return
	}
	z.judge(name, kind, f, before, after, c, err)
}

// within gives a proof some seconds. What is cut off has no verdict.
func (z *fuzzer) within(f func(context.Context) (*Check, error)) (*Check, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	return f(ctx)
}

// judge fails the test when the prover is wrong.
func (z *fuzzer) judge(name, kind string, f *loopir.File, before, after *loopir.Kernel, c *Check, err error) {
	var told *loopir.Error
	if errors.As(err, &told) {
		z.add(kind + ": rejected")
		return
	}
	if errors.Is(err, context.DeadlineExceeded) {
		z.add(kind + ": took too long")
		return
	}
	if err != nil {
		z.t.Errorf("%s: %v", name, err)
		return
	}
	r, err := referee.New(f, before, after)
	if err != nil {
		z.t.Errorf("%s: %v", name, err)
		return
	}
	r.Rare = []int64{looprand.Root} // divisors are 0 there
	d := r.Compare(1, 30)
	word := "no run differs"
	if d != nil {
		word = "runs differ"
	}
	z.add(fmt.Sprintf("%s: %v %v, %s", kind, c.Outcome, c.Verdict, word))
	switch {
	case c.Proved() && d != nil && (d.Clear || c.Verdict == equiv.Exact):
		z.t.Errorf("%s: proved %v, but %v\n%s\n%s", name, c.Verdict, d, loopir.FormatKernel(before), loopir.FormatKernel(after))
	case c.Counterexample != nil && !c.Counterexample.Replay(f, before, after):
		z.t.Errorf("%s: the counterexample does not replay: %v\n%s\n%s", name, c.Counterexample, loopir.FormatKernel(before), loopir.FormatKernel(after))
	}
}

func replaySteps(f *loopir.File, steps []string) (*transform.Script, error) {
	text := "schedule random for k {\n" + strings.Join(steps, "\n") + "\n}\n"
	parsed, err := loopir.Parse("random.loop", []byte(loopir.FormatKernel(f.Kernels[0])+"\n"+text))
	if err != nil {
		return nil, err
	}
	return transform.Replay(f, parsed.Schedules[0], nil)
}

// clearClaims forgets where statements came from.
func clearClaims(k *loopir.Kernel) {
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Assign:
			s.From = nil
		case *loopir.Call:
			s.From = nil
		}
		return true
	})
}
