package equiv

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/library"
)

// TestStandIns has functions that call what was measured: it stands for a built-in function in
// them if only after calls them.
func TestStandIns(t *testing.T) {
	src := library.Source() + `
func doubled(x: f32): f32 { return 2.0*exp_f32(x) }
func own(x: f32): f32 { return 2.0*exp(x) }
kernel naive(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = own(A[i]) } }
kernel better(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = doubled(A[i]) } }
kernel direct(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = doubled(A[i]) + exp_f32(A[i]) } }
kernel sigmoids(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = sigmoid_f32(A[i]) + exp(A[i]) } }
kernel both(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = sigmoid_f32(A[i]) + exp_f32(A[i]) } }
`
	f, err := loopir.Parse("standins.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		before, after string
		n             int
	}{
		{"naive", "better", 1},
		{"better", "naive", 0},  // exp stands for nothing
		{"better", "direct", 0}, // before calls it too
		{"sigmoids", "both", 1},
	}
	for _, tt := range tests {
		g, k, all := standIns(f, f.Kernel(tt.before), f.Kernel(tt.after))
		if len(all) != tt.n {
			t.Errorf("%s, %s: %d functions stand for others, want %d", tt.before, tt.after, len(all), tt.n)
		}
		if g == nil {
			continue
		}
		if _, calls := called(g, k, true)["exp_f32"]; calls {
			t.Errorf("%s, %s: it is still called", tt.before, tt.after)
		}
		if fn := g.Func("sigmoid_f32"); !measured(g, fn) {
			t.Errorf("%s, %s: the text of a measured function changed", tt.before, tt.after)
		}
	}
}
