package pipeline

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

var update = flag.Bool("update", false, "rewrite what proved cases expect; never moves a case")

// Cases of testdata are called <kind>-<what>.txtar. The kinds that run here are
// the primitives, and these.
var otherKinds = []string{
	"assume",
	"edge", // loops that run zero times, negative bounds, steps, size 0
	"trap", // trap-<number>-<what>: a mistake that real systems made
}

// TestPrimitives proves the last schedule of in.loop of each case in proved,
// step by step and as a whole, with the verdicts in the file expect; or
// after.loop equal to before.loop. In refuted, after.loop is wrong and must be
// refuted by a run of both kernels, or by sizes at which it is not safe. A file
// hint claims, rightly or wrongly, what became of the statements of before.loop.
func TestPrimitives(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		t.Log(pool.Stats())
		pool.Close()
	})
	opts := equiv.Options{Pool: pool}
	for _, path := range cases(t, equiv.Proved) {
		t.Run("proved/"+caseName(path), func(t *testing.T) {
			t.Parallel()
			proveCase(t, path, opts)
		})
	}
	for _, path := range cases(t, equiv.Refuted) {
		t.Run("refuted/"+caseName(path), func(t *testing.T) {
			t.Parallel()
			refuteCase(t, path, opts)
		})
	}
}

// TestPrimitivesCovered wants a proved case of each primitive, and two results
// that are wrong in the ways in which it may go wrong.
func TestPrimitivesCovered(t *testing.T) {
	count := func(outcome equiv.Outcome) map[string]int {
		n := map[string]int{}
		for _, path := range cases(t, outcome) {
			kind, _, _ := strings.Cut(caseName(path), "-")
			n[kind]++
		}
		return n
	}
	proved, refuted := count(equiv.Proved), count(equiv.Refuted)
	for _, kind := range kinds() {
		if proved[kind] < 1 || refuted[kind] < 2 {
			t.Errorf("%s: %d proved, %d refuted; want at least one and two", kind, proved[kind], refuted[kind])
		}
	}
}

func kinds() []string {
	all := slices.Clone(otherKinds)
	for _, p := range transform.Primitives {
		all = append(all, p.Name)
	}
	return all
}

// cases lists the files that run here; there are some.
func cases(t *testing.T, outcome equiv.Outcome) []string {
	t.Helper()
	var out []string
	for _, kind := range kinds() {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", outcome.String(), kind+"-*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, paths...)
	}
	if len(out) == 0 {
		t.Fatalf("no %v cases", outcome)
	}
	return out
}

func caseName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".txtar") }

func proveCase(t *testing.T, path string, opts equiv.Options) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var checks []*Check
	if section(a, "in.loop") != "" {
		f := parse(t, a, "in.loop")
		r, err := Transform(context.Background(), f, f.Schedules[len(f.Schedules)-1], Options{Equiv: opts})
		if err != nil {
			t.Fatal(err)
		}
		checks = r.checks()
	} else {
		checks = []*Check{provePair(t, casePair(t, a), opts)}
		checks[0].Step = "whole"
	}
	var got strings.Builder
	for _, c := range checks {
		if !c.Proved() {
			t.Fatalf("%s: %v, want proved: %s", c.Step, c.Outcome, c.Reason)
		}
		if c.Count == 0 {
			t.Errorf("%s: proved by nothing", c.Step)
		}
		if !strings.HasPrefix(c.Step, "check ") {
			fmt.Fprintf(&got, "%v: %s\n", c.Verdict, c.Step)
		}
	}
	if checks[len(checks)-1].Step != "whole" {
		t.Error("the whole was not proved")
	}
	if diff := cmp.Diff(section(a, "expect"), got.String()); diff != "" && *update {
		rewrite(t, path, a, got.String())
	} else if diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// rewrite sets the file expect of the archive at path.
func rewrite(t *testing.T, path string, a *txtar.Archive, expect string) {
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "expect" })
	a.Files = append(a.Files, txtar.File{Name: "expect", Data: []byte(expect)})
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func refuteCase(t *testing.T, path string, opts equiv.Options) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := casePair(t, a)
	c := provePair(t, p, opts)
	if c.Outcome != equiv.Refuted {
		t.Fatalf("%v, want refuted: %s", c.Outcome, c.Reason)
	}
	switch {
	case c.Counterexample != nil:
		t.Log(c.Counterexample)
		if !c.Counterexample.Replay(p.File, p.Before, p.After) {
			t.Errorf("the counterexample does not replay: %v", c.Counterexample)
		}
	case !strings.Contains(c.Reason, "for example with "):
		t.Errorf("refuted without an example: %s", c.Reason)
	default:
		t.Log(c.Reason)
	}
}

func casePair(t *testing.T, a *txtar.Archive) Pair {
	before, after := parse(t, a, "before.loop"), parse(t, a, "after.loop")
	if hint := section(a, "hint"); hint != "" {
		claim(t, after.Kernels[len(after.Kernels)-1], hint)
	}
	pairs, err := Pairs(before, after)
	if err != nil {
		t.Fatal(err)
	}
	return pairs[len(pairs)-1]
}

// provePair compares a pair as it is, claims included. That before is safe is
// the case's own business.
func provePair(t *testing.T, p Pair, opts equiv.Options) *Check {
	safe, err := safety(context.Background(), p.File, p.Before.Clone(), Options{Equiv: opts})
	if err != nil {
		t.Fatal(err)
	}
	if !safe.Proved() {
		t.Fatalf("before is not safe: %s", safe.Reason)
	}
	c, err := check(context.Background(), p.File, p.Before, p.After, Options{Equiv: opts})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// claim sets the origins of labelled statements from the steps of a schedule,
// such as T1 0, c = 16*cb + c2, n = n: T1 does what statement 0 did at these
// values of its iterators.
func claim(t *testing.T, k *loopir.Kernel, hint string) {
	f, err := loopir.Parse("hint", []byte("schedule hint for any {\n"+hint+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range f.Schedules[0].Items {
		args := loopir.NewCursor(step)
		stmt, err := args.Int(nil)
		if err != nil {
			t.Fatal(err)
		}
		o := &loopir.Origin{Stmt: int(stmt.Int64()), Iters: map[string]loopir.Expr{}}
		for args.Accept(",") {
			it := args.Next()
			if err := args.Expect("="); err != nil {
				t.Fatal(err)
			}
			if o.Iters[it.Text], err = args.Expr(nil); err != nil {
				t.Fatal(err)
			}
		}
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			if s, ok := s.(*loopir.Assign); ok && s.Label == step.Verb {
				s.From = o
			}
			return true
		})
	}
}
