package equiv

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/loopir"
)

// refuteCases are pairs of kernels before and after that differ, and what is
// told about them.
var refuteCases = []struct {
	name, src, want string
}{
	{"dropped tap", `
kernel before(N, K, C, P, R: size, in I: f32[N][C][P+R], in W: f32[K][C][R], inout O: f32[N][K][P]) where K%16 == 0 {
  for n in 0..N, k in 0..K, c in 0..C, p in 0..P, r in 0..R { O[n][k][p] += I[n][c][p+r]*W[k][c][r] }
}
kernel after(N, K, C, P, R: size, in I: f32[N][C][P+R], in W: f32[K][C][R], inout O: f32[N][K][P]) where K%16 == 0 {
  for n in 0..N, kb in 0..K/16, c in 0..C, p in 0..P, r in 0..R-1, k in 0..16 { O[n][16*kb+k][p] += I[n][c][p+r]*W[16*kb+k][c][r] }
}`, "N=1 K=16 C=1 P=1 R=1 O[0][0][0]: -13 before, -3 after; the update at (n=0, k=0, c=0, p=0, r=0) is missing"},
	{"wrong index", `
kernel before(N, M: size, in A: f32[N][M], inout B: f32[N]) {
  for i in 0..N, j in 0..M { B[i] += A[i][j] }
}
kernel after(N, M: size, in A: f32[N][M], inout B: f32[N]) {
  for i in 0..N, j in 0..M { B[i] += A[i][max(j-1, 0)] }
}`, "N=1 M=2 B[0]: -8 before, -2 after; the update at (j=1) now reads A[0][0] instead of A[0][1]"},
	{"tail", `
kernel before(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] += A[i] }
}
kernel after(N: size, in A: f32[N], inout B: f32[N]) {
  for ib in 0..N/16, i in 0..16 { B[16*ib+i] += A[16*ib+i] }
}`, "N=1 B[0]: 1 before, -4 after; the update at (i=0) is missing"},
	{"tail read past the end", `
kernel before(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] += A[i] }
}
kernel after(N: size, in A: f32[N], inout B: f32[N]) {
  for ib in 0..(N+15)/16, i in 0..16 { B[16*ib+i] += A[16*ib+i] }
}`, "N=1 runs to its end before, but after: A[1] is out of bounds: index 0 of extent 1 at (ib=0, i=1)"},
	{"lost init", `
kernel before(N: size, in A: f32[N], inout S: f32[1]) {
  S[0] = 0
  for i in 0..N { S[0] += A[i] }
}
kernel after(N: size, in A: f32[N], inout S: f32[1]) {
  for i in 0..N { S[0] += A[i] }
}`, "N=0 S[0]: 0 before, 2 after; it starts from S[0]; the assignment `S[0] = 0` is missing"},
	{"computing on padding", `
kernel before(C: size, in A: f32[C], inout S: f32[1]) {
  for c in 0..C { S[0] += A[c] }
}
kernel after(C: size, in A: f32[(C+3)/4][4] packs [c: C] as [c/4][c%4], inout S: f32[1]) {
  for cb in 0..(C+3)/4, c in 0..4 { S[0] += A[cb][c] }
}`, "C=1 S[0]: 7 before, NaN after; there is a new update at (c=1), which reads padding A[0][1]"},
	{"recurrence", `
kernel before(T: size, in X: f32[T], inout H: f32[T+1]) {
  for t in 0..T { H[t+1] = tanh(H[t] + X[t]) }
}
kernel after(T: size, in X: f32[T], inout H: f32[T+1]) {
  for t in 0..T { H[t+1] = tanh(H[max(t-1, 0)] + X[t]) }
}`, "T=2 H[2]: -0.74521977 before, -0.46211717 after; the assignment at (t=1) now reads H[0] instead of H[1]"},
	{"partial sums", `
kernel before(N: size, in A: f32[N], inout S: f32[1]) {
  for i in 0..N { S[0] += A[i] }
}
kernel after(N: size, in A: f32[N], inout S: f32[1]) {
  var a: f32[2]
  for j in 0..2 { a[j] = 0 }
  for i in 0..(N+1)/2, j in 0..2 { a[j] += A[min(2*i+j, N-1)] }
  for j in 0..2 { S[0] += a[j] }
}`, "N=1 S[0]: 7 before, 12 after; the update at (j=1) happens once more"},
	{"only at 17 and more", `
kernel before(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] += A[i] }
}
kernel after(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..min(N, 16) { B[i] += A[i] }
}`, "N=17 B[16]: 0 before, 5 after; the update at (i=16) is missing"},
	{"operator", `
kernel before(N: size, a: f32, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] = max(B[i], a*A[i]) }
}
kernel after(N: size, a: f32, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] = min(B[i], a*A[i]) }
}`, "N=1 a=2 B[0]: 10 before, -4 after; the same updates happen, in another order or with another operation"},
}

func TestRefute(t *testing.T) {
	for _, c := range refuteCases {
		t.Run(c.name, func(t *testing.T) {
			f := mustParse(t, "in.loop", []byte(c.src))
			begin := time.Now()
			got := anyDifference(context.Background(), f, f.Kernel("before"), f.Kernel("after"), Options{})
			if got == nil {
				t.Fatal("no counterexample")
			}
			t.Log(time.Since(begin))
			if got.String() != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var again Counterexample
			if err := json.Unmarshal(text, &again); err != nil {
				t.Fatal(err)
			}
			if !again.Replay(f, f.Kernel("before"), f.Kernel("after")) {
				t.Error("does not replay")
			}
			if again.Replay(f, f.Kernel("before"), f.Kernel("before")) {
				t.Error("replays on equal kernels")
			}
		})
	}
}

// TestRefuteEqual looks for differences where there are none but of rounding.
func TestRefuteEqual(t *testing.T) {
	for name, src := range map[string]string{
		"conv": `
kernel before(N, K, C, P, Q, R, S, stride: size, in I: f32[N][C][stride*(P-1)+R][stride*(Q-1)+S], in W: f32[K][C][R][S], inout O: f32[N][K][P][Q])
  where stride >= 1, P >= 1, Q >= 1, K%16 == 0, C%16 == 0
{
  for n in 0..N, k in 0..K, c in 0..C, oj in 0..P, oi in 0..Q, r in 0..R, s in 0..S {
    O[n][k][oj][oi] += I[n][c][stride*oj+r][stride*oi+s] * W[k][c][r][s]
  }
}
kernel after(N, K, C, P, Q, R, S, stride: size, in I: f32[N][C][stride*(P-1)+R][stride*(Q-1)+S], in W: f32[K][C][R][S], inout O: f32[N][K][P][Q])
  where stride >= 1, P >= 1, Q >= 1, K%16 == 0, C%16 == 0
{
  for n in 0..N, k in 0..K, oj in 0..P, oi in 0..Q, c in 0..C, r in 0..R, s in 0..S {
    O[n][k][oj][oi] += I[n][c][stride*oj+r][stride*oi+s] * W[k][c][r][s]
  }
}`,
		"regrouped": `
kernel before(N: size, in A: f32[N], inout S: f32[1]) {
  for i in 0..N { S[0] += A[i] }
}
kernel after(N: size, in A: f32[N], inout S: f32[1]) {
  var a: f32 = 0
  for i in 0..N { a += A[N-1-i] }
  S[0] += a
}`,
		"approximated": strings.ReplaceAll(`
kernel before(N: size, in A: bf16[N], inout S: bf16[N]) {
  for i in 0..N { S[i] = sigmoid(A[i]) }
}
kernel after(N: size, in A: bf16[N], inout S: bf16[N]) {
  for i in 0..N { S[i] = 1/(1+exp(-A[i])) }
}`, "\t", ""),
	} {
		t.Run(name, func(t *testing.T) {
			f := mustParse(t, "in.loop", []byte(src))
			begin := time.Now()
			if got := anyDifference(context.Background(), f, f.Kernel("before"), f.Kernel("after"), Options{}); got != nil {
				t.Fatal(got)
			}
			t.Log(time.Since(begin))
		})
	}
}

// anyDifference looks for a counterexample among finite numbers, then among NaN and infinities.
func anyDifference(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options) *Counterexample {
	for _, with := range []contents{finite, results, special} {
		if c := refute(ctx, f, before, after, opts, nil, with); c != nil {
			return c
		}
	}
	return nil
}
