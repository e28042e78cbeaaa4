package equiv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/internal/mutate"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// mutantsPerCase is how many mutants of a case an ordinary test run looks at;
// LOOPOPT_MUTANTS sets it, all for every one.
const mutantsPerCase = 6

// TestMutants changes what was proved and sees to it that no change that a run
// can tell is ever proved again: a mutant that differs from the original is
// refuted or, at worst, unknown, by the comparison or by the check of safety.
func TestMutants(t *testing.T) {
	limit := mutantLimit()
	files, err := filepath.Glob("../testdata/proved/equiv-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	c := campaign{opts: Options{Pool: safetyPool(t)}, total: map[string]int{}}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) { c.run(t, path, limit) })
	}
	t.Logf("mutants: %s", countText(c.total))
}

func mutantLimit() int {
	s := os.Getenv("LOOPOPT_MUTANTS")
	if s == "all" {
		return 1 << 30
	} else if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return mutantsPerCase
}

// A campaign counts what became of mutants.
type campaign struct {
	opts  Options
	total map[string]int
}

func countText(n map[string]int) string {
	var parts []string
	for _, k := range sortedNames(n) {
		parts = append(parts, fmt.Sprintf("%d %s", n[k], k))
	}
	return strings.Join(parts, ", ")
}

func (c *campaign) run(t *testing.T, path string, limit int) {
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fb := mustParse(t, "before.loop", section(ar, "before.loop"))
	fa := mustParse(t, "after.loop", section(ar, "after.loop"))
	before, after := fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
	f := &loopir.File{Funcs: fb.Funcs, Kernels: append(fb.Kernels, fa.Kernels...)}
	if err := giveHints(after, string(section(ar, "hint"))); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	mutate.Each(f, after, limit, func(m *loopir.Kernel, what string) {
		begin := time.Now()
		became := c.judge(t, f, before, m, what)
		t.Log(time.Since(begin).Round(time.Millisecond), became, what)
		counts[became]++
		c.total[became]++
	})
	t.Log(countText(counts))
}

// judge says what became of a mutant, and fails the test when it was proved
// although a run tells it from the original.
func (c *campaign) judge(t *testing.T, f *loopir.File, before, k *loopir.Kernel, what string) string {
	ctx := context.Background()
	differs := anyDifference(ctx, f, before, k, c.opts)
	safe, err := CheckSafety(ctx, f, k, c.opts)
	if err != nil {
		t.Fatal(what, err)
	}
	if safe.Outcome == Refuted {
		return "refuted as unsafe"
	}
	res, err := Check(ctx, f, before, k, c.opts)
	var told *loopir.Error
	if errors.As(err, &told) {
		return "rejected"
	} else if err != nil {
		t.Fatal(what, err)
	}
	if res != nil && res.Verdict == Algebraic { // says nothing of NaN and infinities
		differs = refuteFinite(ctx, f, before, k, nil)
	}
	if differs != nil && res.Outcome == Unknown { // inputs that are NaN or infinite refute exact only
		differs = refute(ctx, f, before, k, c.opts, nil, results)
	}
	switch {
	case differs == nil && safe.Outcome == Proved && res.Outcome == Proved:
		return "equal and proved"
	case differs == nil:
		return "not told apart and not proved"
	case safe.Outcome == Proved && res.Outcome == Proved:
		t.Errorf("%s: proved, but %v", what, differs)
		return "WRONGLY PROVED"
	case res.Outcome != Refuted:
		t.Errorf("%s: %v, though %v", what, res.Outcome, differs)
		return "told apart but not refuted"
	}
	if !res.Counterexample.Replay(f, before, k) {
		t.Errorf("%s: the counterexample does not replay: %v", what, res.Counterexample)
	}
	return "refuted"
}

// TestSafetyMutants compares the check of safety with runs, on mutants of
// kernels that are safe: what was proved never fails, and what was refuted
// fails at some small sizes.
func TestSafetyMutants(t *testing.T) {
	limit := mutantLimit()
	files, err := filepath.Glob("../testdata/proved/safety-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	pool := safetyPool(t)
	total := map[string]int{}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := mustParse(t, "in.loop", section(ar, "in.loop"))
			k := f.Kernels[len(f.Kernels)-1]
			mutate.Each(f, k, limit, func(m *loopir.Kernel, what string) {
				res, err := CheckSafety(context.Background(), f, m, Options{Pool: pool})
				if err != nil {
					t.Fatal(what, err)
				}
				fault := firstFault(f, m)
				if fault == nil && res.Outcome == Refuted {
					fault = faultAt(f, m, res.Findings)
				}
				became := res.Outcome.String()
				switch {
				case res.Outcome == Proved && fault != nil:
					t.Errorf("%s: proved safe, but %v", what, fault)
				case res.Outcome == Refuted && fault == nil:
					t.Errorf("%s: refuted, but no small run fails:\n%s\n%s", what, findingText(res), loopir.FormatKernel(m))
				case fault != nil && res.Outcome == Unknown:
					t.Errorf("%s: unknown, though %v", what, fault)
				}
				total[became]++
			})
		})
	}
	t.Logf("mutants: %s", countText(total))
}

// firstFault runs k on small sizes until a run fails.
func firstFault(f *loopir.File, k *loopir.Kernel) error {
	r := newReferee(context.Background(), f, k, k, searchSteps)
	var found error
	newSizeSearch(k).each(nil, func(sizes map[string]int64) bool {
		if !fewCells(sizes, k) {
			return true
		}
		for filling := range fillings {
			var fault *interp.Fault
			if _, err := r.run(k, sizes, filling, nil); errors.As(err, &fault) && meaningless(fault.Kind) {
				found = fault
			}
		}
		return found == nil && r.left > 0
	})
	return found
}

// faultAt runs k at the sizes that the findings name.
func faultAt(f *loopir.File, k *loopir.Kernel, findings loopir.ErrorList) error {
	r := newReferee(context.Background(), f, k, k, searchSteps)
	for _, e := range findings {
		_, text, _ := strings.Cut(e.Msg, "for example with ")
		text, _, _ = strings.Cut(text, " at (")
		sizes := map[string]int64{}
		for _, pair := range strings.Fields(text) {
			name, value, _ := strings.Cut(pair, "=")
			sizes[name], _ = strconv.ParseInt(value, 10, 64)
		}
		for filling := range fillings {
			if _, err := r.run(k, sizes, filling, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
