package pipeline

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// stepLimit bounds one case; running out of it is a failure.
const stepLimit = time.Minute

// TestSteps proves the schedule of every testdata/proved/step-*.txtar, and
// refutes the wrong results of testdata/refuted/step-*.txtar: what a primitive
// must not have made of before.loop, handed straight to the prover.
func TestSteps(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	opts := equiv.Options{Pool: pool}
	eachStep(t, "proved", func(ctx context.Context, t *testing.T, a *txtar.Archive) {
		f := parse(t, a, "in.loop")
		r, err := Transform(ctx, f, f.Schedules[len(f.Schedules)-1], Options{Equiv: opts})
		if err != nil {
			t.Fatal(err)
		}
		if bad := r.Failed(); bad != nil {
			t.Fatalf("%s: %v %v", bad.Step, bad.Outcome, bad.Failures)
		}
		if v := strings.TrimSpace(section(a, "verdict")); r.Whole == nil || r.Whole.Verdict.String() != v {
			t.Errorf("the whole is %v, want %s", r.Whole, v)
		}
	})
	eachStep(t, "refuted", func(ctx context.Context, t *testing.T, a *txtar.Archive) {
		pairs, err := Pairs(parse(t, a, "before.loop"), parse(t, a, "after.loop"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := pairs[0].Prove(ctx, opts)
		if err != nil {
			t.Fatal(err)
		}
		if c.Outcome != equiv.Refuted {
			t.Errorf("%v, want refuted: %v", c.Outcome, c.Failures)
		}
	})
}

func eachStep(t *testing.T, outcome string, f func(context.Context, *testing.T, *txtar.Archive)) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", outcome, "step-*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s cases: %v", outcome, err)
	}
	for _, path := range paths {
		t.Run(outcome+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), stepLimit)
			defer cancel()
			f(ctx, t, a)
		})
	}
}

func parse(t *testing.T, a *txtar.Archive, name string) *loopir.File {
	f, err := loopir.Parse(name, []byte(section(a, name)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}
