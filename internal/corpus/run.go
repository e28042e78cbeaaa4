package corpus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// A Result is what came of one case.
type Result struct {
	*Case
	Outcome equiv.Outcome
	Verdict equiv.Verdict     // when proved
	Checks  []*pipeline.Check // one for each pair of kernels, or step and whole
	Err     error             // why there is no outcome
	Time    time.Duration
}

// A Standing says how a result stands to what is expected.
type Standing uint8

const (
	Wrong     Standing = iota // another outcome or verdict
	Illegal                   // nothing could be asked, as the programs are not legal
	Undecided                 // unknown
	Met                       // as expected
)

// Standing compares outcome and verdict with the expectation. That the first
// program is not even safe is never what was meant.
func (r *Result) Standing() Standing {
	switch {
	case r.Err != nil:
		return r.illegal()
	case r.Unsafe() != nil:
		return Wrong
	case r.Outcome == equiv.Unknown:
		return Undecided
	case r.Outcome != r.Want.Outcome:
		return Wrong
	case r.Want.Verdict != equiv.NoVerdict && r.Verdict != r.Want.Verdict:
		return Wrong
	}
	return Met
}

// illegal is the standing of a result with an error: what was proved wrong is no less so.
func (r *Result) illegal() Standing {
	var list loopir.ErrorList
	var one *loopir.Error
	if errors.As(r.Err, &one) {
		list = loopir.ErrorList{one}
	} else {
		errors.As(r.Err, &list)
	}
	for _, e := range list {
		if e.Kind == loopir.Refuted {
			return Wrong
		}
	}
	return Illegal
}

// Unsafe is the failed safety check of a first program, nil if there is none.
func (r *Result) Unsafe() *pipeline.Check {
	for _, c := range r.Checks {
		if c.Original && !c.Proved() {
			return c
		}
	}
	return nil
}

// Options steer Run.
type Options struct {
	Jobs int // cases at a time
	// Prover gives the options for one case and what to do afterwards.
	Prover func() (equiv.Options, func() error, error)
	Done   func(*Result) // told of each result as it comes, one call at a time
}

// Run has every case proved, Jobs at a time. The results come in the order of
// the cases; after cancellation those that were not begun carry the error.
func Run(ctx context.Context, cases []Case, opts Options) []Result {
	results := make([]Result, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range max(1, opts.Jobs) {
		wg.Go(func() {
			for i := range next {
				r := &results[i]
				r.Case = &cases[i]
				r.prove(ctx, opts)
				if opts.Done != nil {
					mu.Lock()
					opts.Done(r)
					mu.Unlock()
				}
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

func (r *Result) prove(ctx context.Context, opts Options) {
	if r.Err = ctx.Err(); r.Err != nil {
		return
	}
	eq, done, err := opts.Prover()
	if err != nil {
		r.Err = err
		return
	}
	begin := time.Now()
	if err := smt.Guard(func() { r.proveWith(ctx, eq) }); err != nil {
		r.Err = err
	}
	r.Time = time.Since(begin)
	for _, c := range r.Checks {
		c.Obligations = nil // they are counted, and would fill the memory
	}
	if err := done(); err != nil && r.Err == nil {
		r.Err = err
	}
}

// proveWith proves the schedule or all kernels of the pair; of these the worst
// outcome and the weakest verdict count.
func (r *Result) proveWith(ctx context.Context, eq equiv.Options) {
	if r.Schedule != "" {
		r.Err = r.transform(ctx, eq)
		return
	}
	pairs, err := r.kernels()
	if err != nil {
		r.Err = err
		return
	}
	r.Outcome = equiv.Proved
	for _, p := range pairs {
		c, err := p.Prove(ctx, eq)
		if err != nil {
			r.Err = err
			return
		}
		r.Checks = append(r.Checks, c)
		r.Outcome = equiv.Worse(r.Outcome, c.Outcome)
		r.Verdict = max(r.Verdict, c.Verdict)
	}
	if r.Outcome != equiv.Proved {
		r.Verdict = equiv.NoVerdict
	}
}

func (r *Result) transform(ctx context.Context, eq equiv.Options) error {
	f, s, err := r.schedule()
	if err != nil {
		return err
	}
	report, err := pipeline.Transform(ctx, f, s, pipeline.Options{Equiv: eq})
	if err != nil {
		return err
	}
	if r.Outcome = report.Outcome(); r.Outcome == equiv.Proved {
		r.Verdict = report.Whole.Verdict
		r.Checks = append(report.Steps, report.Whole)
		return nil
	}
	r.Checks = report.Steps
	return nil
}

// Reason tells why the outcome is not Proved: counterexamples and what could not
// be shown.
func (r *Result) Reason() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	var out []string
	for _, c := range r.Checks {
		if c.Original && !c.Proved() {
			out = append(out, "the first program is not safe by itself:")
		}
		if c.Counterexample != nil {
			out = append(out, c.Counterexample.String())
		}
		if c.Reason != "" {
			out = append(out, c.Reason)
		}
	}
	return strings.Join(out, "\n")
}

// Weaker tells what of the proofs is no more than the verdict: of a schedule, of the
// proof from end to end.
func (r *Result) Weaker() []string {
	checks := r.Checks
	if r.Schedule != "" {
		checks = checks[max(0, len(checks)-1):]
	}
	var out []string
	for _, c := range checks {
		if c.Proved() && c.Verdict == r.Verdict {
			out = append(out, c.Weaker...)
		}
	}
	return out
}
