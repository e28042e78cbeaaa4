// Package equivtest lets the tests of any project ask whether two .loop programs
// compute the same, for all sizes:
//
//	func TestBlocked(t *testing.T) {
//		equivtest.Equivalent(t, "naive.loop", "blocked.loop")
//	}
//
// A test fails when the programs differ, with a counterexample in their own
// names, and also when the prover can't tell. Package equiv is what to use on
// programs that are no files.
package equivtest

import (
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
)

// An Option changes what is claimed about two programs, or how it is shown.
type Option func(*config)

type config struct {
	weakest equiv.Verdict
	relate  []string
	smt     smt.Options
}

// AtLeast wants the programs to be equal in an algebra as strong as v: Exact, say,
// rules out that sums are reordered. Without it every verdict will do.
func AtLeast(v equiv.Verdict) Option { return func(c *config) { c.weakest = v } }

// Relate says how an array of the second program packs one of the first:
// `I[n][c] ~ I2[n][c/16][c%16]`.
func Relate(relation string) Option {
	return func(c *config) { c.relate = append(c.relate, relation) }
}

// Solver sets the solver's options: its budget, where proofs are cached.
func Solver(o smt.Options) Option { return func(c *config) { c.smt = o } }

// Equivalent fails the test unless the kernels of two files, the only ones or
// those of the same name, are proved to compute the same for all sizes.
func Equivalent(t testing.TB, before, after string, opts ...Option) {
	t.Helper()
	c, checks := prove(t, before, after, opts)
	for _, r := range checks {
		switch {
		case r.Outcome != equiv.Proved:
			t.Errorf("%s against %s: %v\n%s", after, before, r.Outcome, why(r))
		case c.weakest != equiv.NoVerdict && r.Verdict > c.weakest:
			t.Errorf("%s against %s: %v, wanted %v", after, before, r.Verdict, c.weakest)
		}
	}
}

// Different fails the test unless some kernel of the second file is shown to
// differ from its counterpart by a run: the twin of a test of Equivalent.
func Different(t testing.TB, before, after string, opts ...Option) {
	t.Helper()
	_, checks := prove(t, before, after, opts)
	for _, r := range checks {
		if r.Outcome == equiv.Refuted && !r.Original {
			return
		}
	}
	for _, r := range checks {
		t.Errorf("%s against %s: %v %v, wanted a difference\n%s", after, before, r.Outcome, r.Verdict, why(r))
	}
}

// prove compares the kernels; what keeps it from doing so ends the test.
func prove(t testing.TB, before, after string, opts []Option) (config, []*pipeline.Check) {
	t.Helper()
	var c config
	for _, o := range opts {
		o(&c)
	}
	fb, _, err := pipeline.Load(before)
	if err != nil {
		t.Fatal(err)
	}
	fa, _, err := pipeline.Load(after)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := pipeline.Pairs(fb, fa)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := smt.NewPool(c.smt)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // the verdicts are out
	var checks []*pipeline.Check
	for _, p := range pairs {
		for _, r := range c.relate {
			if err := p.Relate(r); err != nil {
				t.Fatal(err)
			}
		}
		r, err := p.Prove(t.Context(), equiv.Options{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		checks = append(checks, r)
	}
	return c, checks
}

func why(r *pipeline.Check) string {
	var out []string
	if r.Original {
		out = append(out, "the first program is not safe by itself:")
	}
	if r.Counterexample != nil {
		out = append(out, r.Counterexample.String())
	}
	return strings.Join(append(out, r.Reason), "\n")
}
