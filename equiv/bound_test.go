package equiv

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestBoundsHold runs the proved cases whose verdict allows rounding on random
// data and compares both results with each other and, in double precision, with
// the exact ones: no error may exceed its bound.
func TestBoundsHold(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "proved", "equiv-*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		c := readCase(t, path)
		if v := c.sections["verdict"]; !strings.Contains(v, "reassociated") && !strings.Contains(v, "algebraic") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			res, err := Check(context.Background(), c.file, c.before, c.after, Options{Pool: pool})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range res.Bounds {
				t.Log(b)
			}
			n += checkBounds(t, c, res)
		})
	}
	if n < 1000 {
		t.Errorf("only %d cells were compared", n)
	}
	t.Logf("%d cells", n)
}

// checkBounds runs a case at some sizes and returns how many cells it compared.
func checkBounds(t *testing.T, c *testCase, res *Result) int {
	if res.Magnitudes == nil {
		return 0
	}
	s := newSizeSearch(c.before, c.after)
	runs, cells := 0, 0
	s.each(nil, func(sizes map[string]int64) bool {
		if runs++; fewCells(sizes, c.before, c.after) && runs%7 == 0 {
			cells += checkBoundsAt(t, c, res, sizes)
		}
		return runs < 400 && !t.Failed()
	})
	return cells
}

func checkBoundsAt(t *testing.T, c *testCase, res *Result, sizes map[string]int64) int {
	rng := rand.New(rand.NewPCG(1, uint64(len(sizes))))
	data := map[string]func(i int) float64{}
	for _, p := range c.before.Params {
		xs := map[int]float64{}
		data[p.Name] = func(i int) float64 {
			if _, ok := xs[i]; !ok {
				xs[i] = float64(float32(rng.NormFloat64()))
			}
			return xs[i]
		}
	}
	run := func(k *loopir.Kernel) map[string]*interp.Array {
		in, ok := randomInputs(k, sizes, data)
		if !ok {
			return nil
		}
		out, err := interp.Run(context.Background(), c.file, k, in, interp.Options{MaxSteps: 1_000_000})
		if err != nil {
			return nil
		}
		return out.Arrays
	}
	before, after := run(c.before), run(c.after)
	exact := run(doubled(c.file, c.before))
	m1, m2 := run(res.Magnitudes.Before), run(res.Magnitudes.After)
	if before == nil || after == nil || exact == nil {
		return 0
	}
	if m1 == nil || m2 == nil {
		t.Fatalf("the magnitudes do not run:\n%s", loopir.FormatKernel(res.Magnitudes.Before))
	}
	n := 0
	for _, b := range res.Bounds {
		if b.Reason != "" {
			continue
		}
		g1, ok1 := b.Before.Gamma(sizes)
		g2, ok2 := b.After.Gamma(sizes)
		if !ok1 || !ok2 {
			continue
		}
		x1, _ := g1.Float64()
		x2, _ := g2.Float64()
		p, q := newPlacingOf(c.before, b.Array, sizes), newPlacingOf(c.after, b.Array, sizes)
		eachCell(p.logical, func(index []int64) bool {
			i, j := p.offset(index), q.offset(index)
			v, w, e := valueAt(before[b.Array], i), valueAt(after[b.Array], j), valueAt(exact[b.Array], i)
			b1, b2 := x1*valueAt(m1[b.Array], i), x2*valueAt(m2[b.Array], j)
			tiny := 1e-12 * (b1 + b2 + math.Abs(e)) // of the computations in double precision
			if math.Abs(w-v) > b1+b2+tiny || math.Abs(v-e) > b1+tiny || math.Abs(w-e) > b2+tiny {
				t.Errorf("%s at %v, sizes %v: before %g after %g exact %g, bounds %g and %g", b.Array, index, sizes, v, w, e, b1, b2)
			}
			if b.Magnitude != "" && math.Abs(b1*x2-b2*x1) > 1e-9*(b1*x2+b2*x1) {
				t.Errorf("%s at %v, sizes %v: magnitudes %g and %g are told to be equal", b.Array, index, sizes, b1/x1, b2/x2)
			}
			n++
			return true
		})
	}
	return n
}

func newPlacingOf(k *loopir.Kernel, array string, sizes map[string]int64) placing {
	p, _ := newPlacing(k.Param(array), sizes)
	return p
}

func valueAt(a *interp.Array, off int64) float64 {
	return interp.Value{Type: a.Type, Bits: a.Bits[off]}.Float64()
}

// randomInputs gives k the same logical contents as other kernels.
func randomInputs(k *loopir.Kernel, sizes map[string]int64, data map[string]func(int) float64) (*interp.Inputs, bool) {
	in := &interp.Inputs{Sizes: sizes, Scalars: map[string]interp.Value{}, Arrays: map[string]*interp.Array{}}
	value := func(p *loopir.Param, i int) interp.Value {
		if p.Type.IsFloat() {
			return interp.Float(p.Type, data[p.Name](i))
		}
		return interp.Integer(p.Type, int64(data[p.Name](i)*3))
	}
	for _, p := range k.Params {
		switch {
		case p.Kind == loopir.ScalarParam:
			in.Scalars[p.Name] = value(p, 0)
		case p.Kind == loopir.ArrayParam && p.Dir != loopir.Out:
			pl, ok := newPlacing(p, sizes)
			if !ok {
				return nil, false
			}
			a, n := pl.newArray(p.Type), 0
			eachCell(pl.logical, func(index []int64) bool {
				if off := pl.offset(index); off >= 0 {
					a.Bits[off] = value(p, n).Bits
				}
				n++
				return true
			})
			in.Arrays[p.Name] = a
		}
	}
	return in, true
}

// doubled is k in double precision.
func doubled(f *loopir.File, k *loopir.Kernel) *loopir.Kernel {
	k = k.Clone()
	k.InlineLets()
	k, err := f.InlineCalls(k)
	if err != nil {
		return nil
	}
	for _, p := range k.Params {
		if p.Type.IsFloat() {
			p.Type = loopir.F64
		}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.Local); ok && l.Type.IsFloat() {
			l.Type = loopir.F64
		}
		loopir.MapStmtExprs(s, double)
		return true
	})
	return k
}

// TestBoundTexts fixes what is stated for kernels of several shapes: sums,
// split and nested ones, recurrences, products within them, conditions, types.
func TestBoundTexts(t *testing.T) {
	pool := safetyPool(t)
	for _, c := range []struct{ name, before, after, want string }{
		{"nested sums", `
kernel k(M, N: size, in A: f32[M][N], in b: f32[M], out O: f32[1]) {
  O[0] = 0
  for i in 0..M {
    var s: f32 = 0
    for j in 0..N { s += A[i][j] }
    O[0] += b[i] * s
  }
}`, `
kernel k(M, N: size, in A: f32[M][N], in b: f32[M], out O: f32[1]) {
  O[0] = 0
  for i in 0..M, j in 0..N { O[0] += b[i] * A[i][j] }
}`, "O: |after - before| <= gamma(M + N + 1)*M_before(O) + gamma(M*N + 1)*M_after(O)"},
		{"split accumulators", `
kernel k(N: size, in A: f64[4*N], out O: f64[1]) {
  O[0] = 0
  for i in 0..4*N { O[0] += A[i] }
}`, `
kernel k(N: size, in A: f64[4*N], out O: f64[1]) {
  var p: f64[4]
  for l in 0..4 { p[l] = 0 }
  for i in 0..N, l in 0..4 { p[l] += A[4*i+l] }
  O[0] = (p[0] + p[1]) + (p[2] + p[3])
}`, "O: |after - before| <= (gamma(4*N) + gamma(N + 2))*(sum |A|)"},
		{"contraction", `
kernel k(N: size, in A: f32[N], in B: f32[N], inout O: f32[1]) {
  for i in 0..N { O[0] += A[i] * B[i] }
}`, `
kernel k(N: size, in A: f32[N], in B: f32[N], inout O: f32[1]) {
  for i in 0..N { O[0] = fma(A[i], B[i], O[0]) }
}`, "O: |after - before| <= (gamma(N + 1) + gamma(N))*(|O| + sum |A|*|B|)"},
		{"recurrence over time", `
kernel k(T, N: size, inout A: f32[T+1][N+2]) {
  for t in 0..T, i in 1..N+1 { A[t+1][i] = 0.5*A[t][i-1] + 0.3*A[t][i+1] }
}`, `
kernel k(T, N: size, inout A: f32[T+1][N+2]) {
  for t in 0..T, i in 1..N+1 { A[t+1][i] = fma(0.5, A[t][i-1], 0.3*A[t][i+1]) }
}`, "A: |after - before| <= 2*gamma(3*T)*M(A)"},
		{"values of a recurrence multiplied", `
kernel k(T: size, in X: f32[T], inout A: f32[T+1]) {
  for t in 0..T { A[t+1] = tanh(A[t])*A[t] + X[t]*X[t] }
}`, `
kernel k(T: size, in X: f32[T], inout A: f32[T+1]) {
  for t in 0..T { A[t+1] = fma(X[t], X[t], A[t]*tanh(A[t])) }
}`, "A: |after - before| <= gamma(6*T)*M_before(A) + gamma(6*T)*M_after(A)"},
		{"several types", `
kernel k(N: size, in A: bf16[N], in B: bf16[N], out O: bf16[1]) {
  var s: f32 = 0
  for i in 0..N { s += f32(A[i]) * f32(B[i]) }
  O[0] = bf16(s)
}`, `
kernel k(N: size, in A: bf16[N], in B: bf16[N], out O: bf16[1]) {
  var s: f32 = 0
  for i in 0..N { s += f32(A[N-1-i]) * f32(B[N-1-i]) }
  O[0] = bf16(s)
}`, "O: |after - before| <= 2*gamma(f32: N + 1, bf16: 1)*(sum |A|*|B|)"},
		{"triangle", `
kernel k(N: size, in L: f32[N][N], in x: f32[N], inout b: f32[N]) {
  for i in 0..N, j in 0..i { b[i] -= L[i][j] * x[j] }
}`, `
kernel k(N: size, in L: f32[N][N], in x: f32[N], inout b: f32[N]) {
  for j in 0..N, i in j+1..N { b[i] = fma(-L[i][j], x[j], b[i]) }
}`, "b: |after - before| <= (gamma(N + 1) + gamma(N))*(|b| + sum |L|*|x|)"},
		{"a choice by data that is rounded", `
kernel k(N: size, in A: f32[N], out O: f32[1], out P: f32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[i] }
  O[0] = select(s > 1, s, 0)
  P[0] = s
}`, `
kernel k(N: size, in A: f32[N], out O: f32[1], out P: f32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[N-1-i] }
  O[0] = select(s > 1, s, 0)
  P[0] = s
}`, "O: no error bound: before.loop:4:17: this depends on a value that may be rounded\n" +
			"P: |after - before| <= 2*gamma(N)*(sum |A|)"},
		{"a divisor that is rounded", `
kernel k(N: size, in A: f32[N], out O: f32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[i] }
  O[0] = 1 / s
}`, `
kernel k(N: size, in A: f32[N], out O: f32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[N-1-i] }
  O[0] = 1 / s
}`, "O: |after - before| <= gamma(N + 1)*M_before(O) + gamma(N + 1)*M_after(O), provided that 2*gamma*M(y) <= |y| for each quotient by y"},
		{"softmax", `
kernel k(N: size, in X: f32[N], out Y: f32[N]) {
  var m: f32 = -inf
  var z: f32 = 0
  for i in 0..N { m max= X[i] }
  for j in 0..N { Y[j] = exp(X[j] - m) }
  for k in 0..N { z += Y[k] }
  for l in 0..N { Y[l] = Y[l] / z }
}`, `
kernel k(N: size, in X: f32[N], out Y: f32[N]) {
  var m: f32 = -inf
  var z: f32 = 0
  for i in 0..N { m max= X[i] }
  for j in 0..N { Y[j] = exp(X[j] - m) }
  for k in 0..N { z += Y[N-1-k] }
  for l in 0..N { Y[l] = Y[l] / z }
}`, "Y: |after - before| <= gamma(N + 6)*M_before(Y) + gamma(N + 6)*M_after(Y), provided that 2*gamma*M(y) <= |y| for each quotient by y, gamma*M(x) <= 1 for each exp(x)"},
		{"functions of rounded values", `
kernel k(N: size, in A: f32[N], inout O: f32[1], inout P: f32[1]) {
  for i in 0..N { O[0] += A[i]*A[i] }
  O[0] = sqrt(O[0]*O[0])
  P[0] = log(3 + O[0])
  P[0] /= O[0]
}`, `
kernel k(N: size, in A: f32[N], inout O: f32[1], inout P: f32[1]) {
  for i in 0..N { O[0] = fma(A[i], A[i], O[0]) }
  O[0] = sqrt(O[0]*O[0])
  P[0] = log(3 + O[0])
  P[0] /= O[0]
}`, "O: |after - before| <= gamma(2*N + 4)*M_before(O) + gamma(2*N + 2)*M_after(O)\n" +
			"P: |after - before| <= gamma(2*N + 10)*M_before(P) + gamma(2*N + 8)*M_after(P), provided that 2*gamma*M(x) <= x for each log(x), 2*gamma*M(y) <= |y| for each quotient by y"},
		{"cells that meet again, cells that are set", `
kernel k(M, N: size, in A: f32[M][N], inout O: f32[M+N], inout P: f32[M+1]) {
  for i in 0..M, j in 0..N { O[i+j] += A[i][j] }
  P[0] = 0
  for i in 0..M, j in 0..N { P[i] += A[i][j] }
}`, `
kernel k(M, N: size, in A: f32[M][N], inout O: f32[M+N], inout P: f32[M+1]) {
  for j in 0..N, i in 0..M { O[i+j] += A[i][j] }
  P[0] = 0
  for i in 0..M, j in 0..N { P[i] += A[i][N-1-j] }
}`, "O: |after - before| <= (gamma(M) + gamma(N))*(|O| + sum |A|)\nP: |after - before| <= 2*gamma(N)*(|P| + sum |A|)"},
		{"integers are exact", `
kernel k(N: size, in A: f32[N], in B: i32[N], out O: f32[1], out P: i32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[i] * f32(B[i]) }
  P[0] = 0
  for j in 0..N { P[0] += B[j] }
  O[0] = s
}`, `
kernel k(N: size, in A: f32[N], in B: i32[N], out O: f32[1], out P: i32[1]) {
  var s: f32 = 0
  for i in 0..N { s += A[N-1-i] * f32(B[N-1-i]) }
  P[0] = 0
  for j in 0..N { P[0] += B[N-1-j] }
  O[0] = s
}`, "O: |after - before| <= 2*gamma(N + 2)*M(O)\nP: nothing rounds, after = before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fb, fa := mustParse(t, "before.loop", []byte(c.before[1:])), mustParse(t, "after.loop", []byte(c.after[1:]))
			tc := &testCase{file: &loopir.File{Funcs: fb.Funcs}, before: fb.Kernels[0], after: fa.Kernels[0]}
			res, err := Check(context.Background(), tc.file, tc.before, tc.after, Options{Pool: pool})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, b := range res.Bounds {
				lines = append(lines, b.String())
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("%v %v %v:\n%s\nwant\n%s", res.Outcome, res.Verdict, res.Failures, got, c.want)
			}
			if res.Magnitudes != nil {
				for _, k := range []*loopir.Kernel{res.Magnitudes.Before, res.Magnitudes.After} {
					mustParse(t, "magnitude.loop", []byte(loopir.FormatKernel(k)))
				}
				if n := checkBounds(t, tc, res); n == 0 {
					t.Error("no cell was compared")
				}
			}
		})
	}
}
