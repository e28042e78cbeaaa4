package simd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/gen/simd"
	"github.com/loopopt/loopopt/loopir"
)

func parseKernel(t *testing.T, src string) *loopir.Kernel {
	t.Helper()
	f, err := loopir.Parse("t.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	k, err := f.InlineCalls(f.Kernels[0])
	if err != nil {
		t.Fatal(err)
	}
	k.InlineLets()
	return k
}

// TestRejected has regions without an assembly form: the error says which
// construct, and where.
func TestRejected(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"function", "for l in 0..16 vectorize { B[i][l] = exp(A[i][l]) }", "exp"},
		{"nested", "for l in 0..4 vectorize { for m in 0..4 vectorize { B[i][4*l+m] = exp(A[i][l]) } }", "vectorized loop m inside another one"},
		{"unroll", "for l in 0..16 vectorize { for j in 0..i unroll { B[i][l] += A[j][l] } }", "unrolled loop j has no constant extent"},
		{"mixed", "for l in 0..16 vectorize { if A[i][l] > 0 { B[i][l] = exp(A[i][l]) } }", "exp"},
		{"quotient", "for l in 0..8 vectorize { J[i][l] = J[i][l] / 3 }", "no instructions to divide integers"},
		{"half", "for l in 0..16 vectorize { H[i][l] = H[i][l] }", "values of type bf16"},
		{"to integer", "for l in 0..8 vectorize { J[i][l] = i32(A[i][l]) }", "no instructions that convert f32 to i32"},
		{"large index", "for l in 0..16 vectorize { B[i][l] = f32(N*i+l) }", "isn't known to fit in 32 bits"},
		{"buffer", "for l in 0..16 vectorize { var t: f32[4] in stack\nt[0] = 1\nB[i][l] = t[0] }", "array t lives in memory"},
		{"offset", "for l in 0..16 vectorize { B[i][l] = A[8589934592*N][l] + A[4294967296][l] }", "the constant offset 274877906944 is too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := parseKernel(t, fmt.Sprintf("kernel f(N: size, in A: f32[N][16], inout B: f32[N][16], inout H: bf16[N][16], inout J: i32[N][16]) { for i in 0..N { %s } }", tt.body))
			rs := simd.FindRegions(k, nil, simd.AVX512)
			if len(rs) != 1 {
				t.Fatalf("%d regions", len(rs))
			}
			_, err := simd.Lower(rs[0], simd.AVX512)
			var e *loopir.Error
			if !errors.As(err, &e) || !strings.Contains(e.Msg, tt.want) || e.Span.Start.Line == 0 {
				t.Errorf("got %v, want a positioned error with %q", err, tt.want)
			}
		})
	}
}

// TestTooManyVectors has a tile that only the larger register file holds, and
// one that none does.
func TestTooManyVectors(t *testing.T) {
	for _, tt := range []struct {
		rows int
		isa  simd.ISA
		ok   bool
	}{{7, simd.AVX2, true}, {8, simd.AVX2, false}, {30, simd.AVX512, true}, {32, simd.AVX512, false}} {
		k := parseKernel(t, fmt.Sprintf(`kernel f(N: size, in A: f32[%[1]d][N], in B: f32[N][16], out C: f32[%[1]d][16]) {
			for j in 0..1 {
				var acc: f32[%[1]d][16] in registers
				for i in 0..%[1]d unroll { for l in 0..16 vectorize { acc[i][l] = 0 } }
				for k in 0..N { for i in 0..%[1]d unroll { for l in 0..16 vectorize { acc[i][l] = fma(A[i][k], B[k][l], acc[i][l]) } } }
				for i in 0..%[1]d unroll { for l in 0..16 vectorize { C[i][l] = acc[i][l] } }
			}
		}`, tt.rows))
		p, err := simd.Lower(simd.FindRegions(k, nil, simd.AVX512)[0], simd.AVX512)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Emit(tt.isa, "f")
		if (err == nil) != tt.ok {
			t.Errorf("%d rows, %s: %v", tt.rows, tt.isa, err)
		}
		if err != nil && !strings.Contains(err.Error(), "vectors are live") {
			t.Errorf("%d rows, %s: %v", tt.rows, tt.isa, err)
		}
	}
}

// TestFindRegions tells which statements become regions.
func TestFindRegions(t *testing.T) {
	tile := "var t: f32[16] in registers\nfor l in 0..16 vectorize { t[l] = A[i][l] }\nfor l in 0..16 vectorize { B[i][l] = t[l] }"
	tests := []struct {
		name, body string
		path       []int // loops around each region
		stmts      []int // statements of each
	}{
		{"row of tiles", "for i in 0..N {" + tile + "}", []int{0}, []int{1}},
		{"parallel tiles", "for i in 0..N parallel {" + tile + "}", []int{1}, []int{3}},
		{"one row at a time", "for j in 0..1 { for i in 0..N {" + tile + "} }", []int{1}, []int{1}},
		{"tile in a vector nest", "for i in 0..N { for l in 0..16 vectorize { B[i][l] = A[i][l] } }", []int{0}, []int{1}},
		{"parallel inside", "for j in 0..1 { for i in 0..N parallel { for l in 0..16 vectorize { B[i][l] = A[i][l] } } }", []int{2}, []int{1}},
		{"scalar", "for i in 0..N { for l in 0..16 { B[i][l] = A[i][l] } }", nil, nil},
		{"inner part", "for i in 0..N { for l in 0..16 vectorize { B[i][l] = A[i][l] }\nfor l in 0..16 { B[i][l] = exp(A[i][l]) } }", []int{1}, []int{1}},
		{"tile beside Go", "for i in 0..N { var s: f32 = 0.0\n" + tile + "\ns = t[0] + t[1]\nB[i][0] = exp(s) }", []int{1}, []int{4}},
		{"two tiles about Go", "for i in 0..N { " + tile + "\nB[i][0] = exp(B[i][0])\n" + strings.NewReplacer("var t:", "var u:", "t[l]", "u[l]").Replace(tile) + "\n}", []int{1, 1}, []int{3, 3}},
	}
	for _, tt := range tests {
		k := parseKernel(t, "kernel f(N: size, in A: f32[N][16], inout B: f32[N][16]) { "+tt.body+" }")
		rs := simd.FindRegions(k, nil, simd.AVX512)
		if len(rs) != len(tt.path) {
			t.Errorf("%s: %d regions, want %d", tt.name, len(rs), len(tt.path))
			continue
		}
		for i, r := range rs {
			if len(r.Path) != tt.path[i] || len(r.Stmts()) != tt.stmts[i] {
				t.Errorf("%s: region of %d statements in %d loops, want %d in %d", tt.name, len(r.Stmts()), len(r.Path), tt.stmts[i], tt.path[i])
			}
		}
	}
}

// TestOuterScalars has scalars that a region sets and that statements around it declare: they
// become cells where there is an assembly form then, and stay what they are otherwise.
func TestOuterScalars(t *testing.T) {
	sum := func(s string) string {
		return "var p: f32[16] in registers\nfor l in 0..16 vectorize { p[l] = A[i][l] }\nfor l1 in 0..16 { " + s + " += p[l1] }"
	}
	tests := []struct {
		name, body string
		cells      int
		why        string // of the region without a form, if one is found
	}{
		{"two loops out", "var s: f32 = 0\nfor i in 0..N { for j in 0..1 { " + sum("s") + " } }\nB[0][0] = s", 1, ""},
		{"in a loop", "for i in 0..N { var m: f32 = -inf\nfor j in 0..N { var a: f32 = 0\n" + sum("a") + "\nm max= a }\nB[i][0] = m }", 1, ""},
		{"in a condition", "if N > 3 { var s: f32 = 0\nfor i in 0..N { " + sum("s") + " }\nB[0][0] = s }", 1, ""},
		{"two", "var s: f32 = 0\nvar t: f32 = 0\nfor i in 0..N { " + sum("s") + "\nt += p[0] }\nB[0][0] = s\nB[0][1] = t", 2, ""},
		{"beside the sum of a nest", "var s: f32 = 0\nfor i in 0..N { for l in 0..16 vectorize { B[i][l] = A[i][l] }\ns += A[i][0] }\nB[0][0] = s", 1, ""},
		{"after a region", "var s: f32 = 0\nfor i in 0..N { for l in 0..16 vectorize { B[i][l] = A[i][l] } }\nfor i in 0..N { " + sum("s") + " }\nB[0][0] = s", 1, ""},
		{"set in Go", "var s: f32 = 0\nfor i in 0..N { for l in 0..16 vectorize { B[i][l] = A[i][l] }\ns += exp(A[i][0]) }\nB[0][0] = s", 0, ""},
		{"without a form", "var s: f32 = 0\nfor i in 0..N { " + strings.Replace(sum("s"), "p[l] =", "p[l] = exp(A[i][l]) +", 1) + "\ns = exp(s) }\nB[0][0] = s", 0, "no instructions for exp"},
	}
	for _, tt := range tests {
		for _, isa := range isas {
			k := parseKernel(t, "kernel f(N: size, in A: f32[N][16], inout B: f32[N][16]) { "+tt.body+" }")
			why := ""
			for _, r := range simd.FindRegions(k, nil, isa) {
				p, err := simd.Lower(r, isa)
				if err == nil {
					_, err = p.Emit(isa, "f")
				}
				if err != nil {
					why = err.Error()
				}
			}
			if (why != "") != (tt.why != "") || !strings.Contains(why, tt.why) {
				t.Errorf("%s, %s: got %q, want %q", tt.name, isa, why, tt.why)
			}
			cells := strings.Count(loopir.FormatKernel(k), ": f32[1]")
			if cells != tt.cells {
				t.Errorf("%s, %s: %d cells, want %d\n%s", tt.name, isa, cells, tt.cells, loopir.FormatKernel(k))
			}
		}
	}
}
