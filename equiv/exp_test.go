package equiv

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestExpAlone gives the prover of polynomials normalized rows without any run that would
// tell wrong ones: nothing but the laws of exp and log may make them equal.
func TestExpAlone(t *testing.T) {
	pool := safetyPool(t)
	kernel := func(name, body string) string {
		return "kernel " + name + "(N, K: size, in X: f32[N][K], in Q: f32[N], out Y: f32[N][K], out Z: f32[N]) where K >= 1 {\n  for n in 0..N {\n" + body + "\n  }\n}\n"
	}
	const largest = "var m: f32 = -inf\n for i in 0..K { m max= X[n][i] }\n var z: f32 = 0\n"
	const sum, rows = "for j in 0..K { z += exp(X[n][j] - m) }\n", "for l in 0..K { Y[n][l] = exp(X[n][l] - m) / z }\n"
	plain := kernel("before", "var z: f32 = 0\n for j in 0..K { z += exp(X[n][j]) }\n for l in 0..K { Y[n][l] = exp(X[n][l]) / z }\n Z[n] = log(z)")
	for _, c := range []struct {
		name, body string
		equal      bool
	}{
		{"maximum", largest + sum + rows + "Z[n] = log(z) + m", true},
		{"any shift", "var z: f32 = 0\n for j in 0..K { z += exp(X[n][j] - Q[n]) }\n for l in 0..K { Y[n][l] = exp(X[n][l] - Q[n]) / z }\n Z[n] = log(z) + Q[n]", true},
		{"changed in between", largest + sum + "m += Q[n]\n" + rows + "Z[n] = log(z) + m", false},
		{"changed before the logarithm", largest + sum + rows + "m += Q[n]\n Z[n] = log(z) + m", false},
		{"running", "var m: f32 = -inf\n var z: f32 = 0\n for j in 0..K { m max= X[n][j]\n z += exp(X[n][j] - m) }\n" + rows + "Z[n] = log(z) + m", false},
		{"subtracted again", largest + sum + rows + "Z[n] = log(z) - m", false},
		{"added below the line", largest + "for j in 0..K { z += exp(X[n][j] + m) }\n" + rows + "Z[n] = log(z) + m", false},
		{"changed for some", largest + sum + "for l in 0..K { if l == 5 { m = Q[n] }\n Y[n][l] = exp(X[n][l] - m) / z }\n Z[n] = log(z) + m", false},
		{"changed for the last", largest + "for j in 0..K { z += exp(X[n][j] - m)\n if j == K-1 { m = m + 1.0 } }\n" + rows + "Z[n] = log(z) + m", false},
		{"a term less", largest + "for j in 1..K { z += exp(X[n][j] - m) }\n" + rows + "Z[n] = log(z) + m", false},
		{"from 1", largest + "z = 1\n" + sum + rows + "Z[n] = log(z) + m", false},
		{"a shift for each", "var z: f32 = 0\n for j in 0..K { z += exp(X[n][j] - X[n][j]*Q[n]) }\n for l in 0..K { Y[n][l] = exp(X[n][l] - X[n][l]*Q[n]) / z }\n Z[n] = log(z)", false},
		{"of another row", "var z: f32 = 0\n for j in 0..K { z += exp(X[n][j] - Q[0]) }\n for l in 0..K { Y[n][l] = exp(X[n][l] - Q[n]) / z }\n Z[n] = log(z) + Q[n]", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, "in.loop", []byte(plain+kernel("after", c.body)))
			for _, order := range [][2]*loopir.Kernel{{f.Kernels[0], f.Kernels[1]}, {f.Kernels[1], f.Kernels[0]}} {
				old, err := NewProgram(f, order[0])
				if err != nil {
					t.Fatal(err)
				}
				now, err := NewProgram(f, order[1])
				if err != nil {
					t.Fatal(err)
				}
				proof := newProver(context.Background(), pool, append(old.Assume(), now.Where...))
				old, now = ready(old, now, proof)
				if done := algebra(proof, old, now, newGuesser(newChecker(proof, old, now))); (done != nil) != c.equal {
					t.Errorf("proved: %v", done != nil)
				}
			}
		})
	}
}
