package looprand

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestRichRuns runs rich kernels: none may fault, the same seed gives the same kernel, and
// together they have all that they are for.
func TestRichRuns(t *testing.T) {
	casts, calls := 0, 0
	for seed := range uint64(120) {
		f := Rich(seed, "k")
		text := string(loopir.Format(f))
		if again := string(loopir.Format(Rich(seed, "k"))); again != text {
			t.Fatalf("seed %d gives two kernels:\n%s\n%s", seed, text, again)
		}
		k := f.Kernels[len(f.Kernels)-1]
		calls += len(f.Kernels) - 1
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
				if c, ok := e.(*loopir.Cast); ok && c.X.TypeOf() != loopir.Index {
					casts++
				}
				return e
			})
			return true
		})
		sizes := Sizes(seed, k)
		in, err := Inputs(seed, k, sizes, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := interp.Run(context.Background(), f, k, in, interp.Options{MaxSteps: 1e6}); err != nil {
			t.Fatalf("seed %d at %v: %v\n%s", seed, sizes, err, text)
		}
	}
	if casts == 0 || calls == 0 {
		t.Errorf("%d casts and %d calls", casts, calls)
	}
}
