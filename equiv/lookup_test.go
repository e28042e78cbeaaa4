package equiv

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

const lookups = `
kernel look(N, M: size, in p: i32[N], in A: f64[M], out B: f64[N]) {
  for i in 0..N { B[i] = A[p[i]] }
}
kernel backwards(N, M: size, in p: i32[N], in A: f64[M], out B: f64[N]) {
  for i in 0..N { B[N-1-i] = A[p[N-1-i]] }
}
kernel shifted(N, M: size, in p: i32[N], in A: f64[M], out B: f64[N]) {
  for i in 0..N { B[i] = A[p[i] + 1] }
}
kernel scaled(N, M: size, in p: i32[N], inout A: f64[M], out B: f64[N]) {
  for i in 0..M { A[i] = 2.0 * A[i] }
  look(N, M, p, A, B)
}
`

// TestLookups compares reads at indices of data, states what it takes for granted, and
// says that it can't tell where the array is written.
func TestLookups(t *testing.T) {
	f := mustParse(t, "in.loop", []byte(lookups))
	opts := Options{Pool: safetyPool(t)}
	ctx := context.Background()
	res, err := Check(ctx, f, f.Kernel("look"), f.Kernel("backwards"), opts)
	if err != nil || res.Outcome != Proved || res.Verdict != Exact {
		t.Errorf("look and backwards: %v, %v", res, err)
	}
	if res, err = Check(ctx, f, f.Kernel("look"), f.Kernel("shifted"), opts); err != nil || res.Outcome != Refuted ||
		!strings.Contains(res.Counterexample.After, "out of bounds") {
		t.Errorf("look and shifted: %v, %v", res, err)
	}
	safe, err := CheckSafety(ctx, f, f.Kernel("backwards"), opts)
	if err != nil || safe.Outcome != Proved {
		t.Fatalf("backwards: %v, %v", safe, err)
	}
	if want := "p[N-1-i] is within 0..M where A is read"; strings.Join(safe.Assumptions, "\n") != want {
		t.Errorf("assumptions %q, want %q", safe.Assumptions, want)
	}
	_, err = CheckSafety(ctx, f, f.Kernel("scaled"), opts)
	var e *loopir.Error
	if !errors.As(err, &e) || e.Kind != loopir.Undecided || !strings.Contains(e.Msg, "written elsewhere") {
		t.Errorf("scaled: %v, want undecided", err)
	}
}
