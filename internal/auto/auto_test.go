package auto_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/internal/auto"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

// propose lists what is proposed for the kernel of a text, all of it with the same score.
func propose(t *testing.T, text, isa string, change func(*auto.Request)) []*auto.Proposal {
	t.Helper()
	f, err := loopir.Parse("t.loop", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := tune.Typical(isa)
	if err != nil {
		t.Fatal(err)
	}
	sizes, ok := auto.Guess(f.Kernels[0])
	if !ok {
		t.Fatal("no sizes")
	}
	r := auto.Request{Sizes: sizes, Machine: m, Library: true}
	if change != nil {
		change(&r)
	}
	return auto.Propose(f.Kernels[0], r, func(*auto.Proposal) (float64, bool) { return 1, true })
}

const gemm = `kernel gemm(M, N, K: size, in A: f32[M][K], in B: f32[K][N], inout C: f32[M][N]) {
  for i in 0..M, j in 0..N, k in 0..K { C[i][j] += A[i][k] * B[k][j] }
}`

const softmax = `kernel softmax(N, K: size, in X: f32[N][K], out Y: f32[N][K]) {
  for n in 0..N {
    var z: f32 = 0
    for j in 0..K { Y[n][j] = exp(X[n][j]) }
    for k in 0..K { z += Y[n][k] }
    for l in 0..K { Y[n][l] = Y[n][l] / z }
  }
}`

func TestPropose(t *testing.T) {
	for _, c := range []struct {
		name, text, isa string
		want, without   []string // steps that some proposal has, or none
		change          func(*auto.Request)
	}{
		{
			name: "tile", text: gemm, isa: "avx512",
			want:    []string{"block i by 6 into ib, i tail peel into it, i1", "stage C in registers at jb as C_j", "stage C in registers at ib as C_j", "parallel ib", "parallel jb", "contract"},
			without: []string{"vectorize i", "vectorize k"},
		},
		{name: "masks", text: gemm, isa: "neon", without: []string{"tail mask"}},
		{name: "bits", text: softmax, isa: "avx2", change: func(r *auto.Request) { r.Exact = true }, without: []string{"contract", "rfactor", "implement"}},
		{
			name: "sums", text: softmax, isa: "avx2",
			want: []string{"implement exp by exp_f32", "rfactor z over k into z_k in registers", "split kb at K / 32", "block l by 8 into lb, l tail mask", "parallel n"},
		},
		{
			name: "recurrence", isa: "avx2",
			text:    "kernel p(N: size, inout Y: f32[N]) { for i in 1..N { Y[i] += Y[i-1] } }",
			without: []string{"parallel"},
		},
		{
			name: "stencil", isa: "avx2",
			text: "kernel s(T, N: size, inout A: f32[2][N]) { for t in 0..T { for i in 2..N-2 { A[(t+1)%2][i] = A[t%2][i-2] + A[t%2][i+2] } } }",
			want: []string{"skew i by 2*t into is", "reorder tb, ib, t, is", "block i by 8 into ib, i tail mask"},
		},
		{
			name: "stride", isa: "avx2",
			text: "kernel s(N, d: size, in A: f32[d*N], out B: f32[N]) where d >= 1 { for i in 0..N { B[i] = A[d*i] } }",
			want: []string{"assume d == 1", "block i by 8 into ib, i tail mask"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var steps []string
			for _, p := range propose(t, c.text, c.isa, c.change) {
				f, err := loopir.Parse("t.loop", []byte(c.text+"\n"+p.Text("auto", strings.Fields(strings.ReplaceAll(c.text, "(", " "))[1], c.isa)))
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range f.Schedules[0].Items {
					steps = append(steps, loopir.FormatStep(s))
				}
			}
			has := func(part string) bool {
				return slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, part) })
			}
			for _, s := range c.want {
				if !has(s) {
					t.Errorf("nothing has %q; there is\n%s", s, strings.Join(steps, "\n"))
				}
			}
			for _, s := range c.without {
				if has(s) {
					t.Errorf("something has %q", s)
				}
			}
		})
	}
}

// TestOrder wants the best score first, the loops as they are last, and the same answer each time.
func TestOrder(t *testing.T) {
	f, err := loopir.Parse("t.loop", []byte(gemm))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := tune.Typical("avx2")
	run := func() []string {
		var out []string
		n := 1000.0
		list := auto.Propose(f.Kernels[0], auto.Request{Sizes: map[string]int64{"M": 64, "N": 64, "K": 64}, Machine: m}, func(*auto.Proposal) (float64, bool) {
			n--
			return n, true
		})
		for i, p := range list {
			if i > 0 && i < len(list)-1 && p.Seconds < list[i-1].Seconds {
				t.Errorf("%s is before what is faster", list[i-1].What)
			}
			out = append(out, p.Text("auto", "gemm", "avx2"))
		}
		if last := list[len(list)-1]; !slices.Equal(last.Steps, []string{"parallel i"}) {
			t.Errorf("the last one is %q", last.Steps)
		}
		return out
	}
	if first := run(); !slices.Equal(first, run()) {
		t.Error("two runs differ")
	}
}

func TestGuess(t *testing.T) {
	for text, want := range map[string]int64{
		"kernel a(N, H, s: size, in A: f32[s*N], out B: f32[N]) where H == s*N, s >= 2 { for i in 0..N { B[i] = A[s*i] } }": 2,
		"kernel a(N, s: size, in A: f32[s*N], out B: f32[N]) where s >= 1 { for i in 0..N { B[i] = A[s*i] } }":              1,
	} {
		f, err := loopir.Parse("t.loop", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := auto.Guess(f.Kernels[0]); !ok || v["s"] != want {
			t.Errorf("%v, want s=%d", v, want)
		}
	}
}
