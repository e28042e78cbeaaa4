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
kernel packed(N, M: size, in p: i32[N], in A: f64[M][M] packs [i: M][j: M] as [i][j], out B: f64[N]) {
  for i in 0..N { B[i] = A[p[i]][p[N-1-i]] }
}
kernel transposed(N, M: size, in p: i32[N], in A: f64[M][M] packs [j: M][i: M] as [i][j], out B: f64[N]) {
  for i in 0..N { B[i] = A[p[i]][p[N-1-i]] }
}
kernel window(N, M: size, in p: i32[N], in A: f64[M+2], out B: f64[N]) { look(N, M, p, A[2..M+2], B) }
kernel windowBackwards(N, M: size, in p: i32[N], in A: f64[M+2], out B: f64[N]) { backwards(N, M, p, A[2..M+2], B) }
kernel otherWindow(N, M: size, in p: i32[N], in A: f64[M+2], out B: f64[N]) { look(N, M, p, A[1..M+1], B) }
`

// TestLookups compares reads at indices of data, states what it takes for granted, and
// says that it can't tell where the array is written or packed: the same place may hold
// another cell then.
func TestLookups(t *testing.T) {
	f := mustParse(t, "in.loop", []byte(lookups))
	opts := Options{Pool: safetyPool(t)}
	ctx := context.Background()
	for _, c := range []struct {
		before, after string
		want          Outcome
		tells         string // of the counterexample, or the error
	}{
		{"look", "backwards", Proved, ""},
		{"look", "shifted", Refuted, "out of bounds"},
		{"window", "windowBackwards", Proved, ""},
		{"window", "otherWindow", Refuted, ""},
		{"scaled", "scaled", Unknown, "written elsewhere"},
		{"packed", "transposed", Unknown, "packed"},
	} {
		res, err := Check(ctx, f, f.Kernel(c.before), f.Kernel(c.after), opts)
		var e *loopir.Error
		switch {
		case c.want == Unknown:
			if !errors.As(err, &e) || e.Kind != loopir.Undecided || !strings.Contains(e.Msg, c.tells) {
				t.Errorf("%s and %s: %v, want undecided", c.before, c.after, err)
			}
		case err != nil || res.Outcome != c.want || c.want == Proved && res.Verdict != Exact:
			t.Errorf("%s and %s: %v, %v, want %v", c.before, c.after, res, err, c.want)
		case c.want == Refuted && !strings.Contains(res.Counterexample.After, c.tells):
			t.Errorf("%s and %s: %v, want %q", c.before, c.after, res.Counterexample, c.tells)
		}
	}
	safe, err := CheckSafety(ctx, f, f.Kernel("backwards"), opts)
	if err != nil || safe.Outcome != Proved {
		t.Fatalf("backwards: %v, %v", safe, err)
	}
	if want := "p[N-1-i] is within 0..M where A is read"; strings.Join(safe.Assumptions, "\n") != want {
		t.Errorf("assumptions %q, want %q", safe.Assumptions, want)
	}
}
