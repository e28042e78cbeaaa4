package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
	"github.com/loopopt/loopopt/transform"
)

// root is where divisor is 0. A polynomial of the third degree is none that the search for
// counterexamples solves, so that what it can't refute has to be unproved.
const root = 5001

// divisor divides by 0 where B at an index is root.
func divisor(at string) string {
	return strings.ReplaceAll("(B[@]*B[@]*B[@] - 125075015001)", "@", at)
}

// divisorCases are loops with divisions that may fault, for each primitive. DIV(x) stands for
// the divisor at x.
var divisorCases = []struct{ name, body, schedule string }{
	{"assume", `for i in 0..N { A[i] = C[i] / DIV(i) }`, `assume N % 4 == 0`},
	{"block", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `block i by 4 into ib, i tail guard`},
	{"block peel", `for i in 0..N { A[i] = select(C[i] > 0, 9 % DIV(i), 1) }`, `block i by 4 into ib, i tail peel`},
	{"block min", `for i in 0..N { A[i] /= DIV(i) }`, `block i by 4 into ib, i tail min`},
	{"block mask", `for i in 0..N { A[i] = C[i] / DIV(i) }`, `block i by 4 into ib, i tail mask`},
	{"contract", `for i in 0..N { var t: f64 = f64(C[i]) + f64(9 / DIV(i)) * 2.0
      if C[i] > 0 { A[i] = i64(t) } }`, `contract`},
	{"expand", `for i in 0..N { var t: i64 = 9 / DIV(i)
      for j in 0..M { A[i] += t } }`, `expand t by i`},
	{"fission", `for i in 0..N { A[i] = C[i]
      Q: S[0] += 9 / DIV(i) }`, `fission i at Q`},
	{"fission of an if", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) }
      if C[i] > 3 { Q: S[0] += 9 / DIV(i) } }`, `fission i at 1`},
	{"fuse", `for i in 0..N { A[i] = 9 / DIV(i) }
    for j in 0..N { S[0] += A[j] }`, `fuse i, j`},
	{"fuse others", `for i in 0..N { A[i] = C[i] }
    for j in 0..N { if A[j] > 0 { S[0] += 9 / DIV(j) } }`, `fuse i, j`},
	{"hoist", `for i in 0..N { var t: i64 = 9 / DIV(0)
      A[i] = t }`, `hoist t out of i`},
	{"hoist of a store", `for i in 0..N { H: S[0] = 9 / DIV(0)
      A[i] = S[0] }`, `hoist H out of i`},
	{"implement", `for i in 0..N { if C[i] > 0 { A[i] = i64(exp(f32(9 / DIV(i)))) } }`, `implement exp by exp_f32`},
	{"inline", `for i in 0..N { var t: i64 = 9 / DIV(i)
      if C[i] > 0 { A[i] = t } }`, `inline t`},
	{"inline twice", `for i in 0..N { var t: i64 = 9 / DIV(i)
      A[i] = t + t }`, `inline t`},
	{"layout", `for i in 0..N { A[i] = select(C[i] > 0, 9 / DIV(i), 1) }`, `assume N % 4 == 0
    layout C[i] as [i/4][i%4]`},
	{"outline", `for i in 0..N { T: A[i] = C[i] / DIV(i) }`, `outline T as f`},
	{"outline of an if", `for i in 0..N { if C[i] > 0 { T: A[i] = C[i] / DIV(i) } }`, `outline i as f`},
	{"parallel", `for i in 0..N { A[i] = C[i] / DIV(i) }`, `parallel i`},
	{"peel", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `peel i first 1`},
	{"peel last", `for i in 0..N { A[i] = 9 / DIV(i) }`, `peel i last 1`},
	{"prefetch", `for i in 0..N { A[i] = C[i] / DIV(i) }`, `prefetch C[i+8] at i`},
	{"reciprocal", `for i in 0..N { A[i] = select(f64(C[i]) / f64(9 / DIV(0)) > 0.5, 1, 2) }`, `reciprocal out of i as r`},
	{"reorder", `for i in 0..N, j in 0..M { S[0] += 9 / DIV(i) }`, `reorder j, i`},
	{"reorder of a guard", `for i in 0..N, j in 0..M { if C[i] > 0 { S[0] += 9 / DIV(i) } }`, `reorder j, i`},
	{"replace", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `replace i by quotients`},
	{"replace of a part", `for i in 0..N { for j in 0..M { S[0] += 9 / DIV(i) } }`, `replace j by repeated(N, M, i, B, S)`},
	{"reverse", `for i in 0..N { A[i] = 9 % DIV(i) }`, `reverse i`},
	{"rfactor", `for i in 0..N { for j in 0..M { Q: A[i] += C[i] / DIV(i) } }`, `block j by 4 into jb, j tail guard
    rfactor Q over j into t in stack`},
	{"shift", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `shift i by 3`},
	{"shrink", `var t: i64[N+1]
    for i in 0..N { t[i] = 9 / DIV(i)
      A[i] = t[i] }`, `shrink t at i`},
	{"simplify", `for i in 0..N, j in i..i+1 { A[j] = 9 / DIV(j) }`, `simplify j`},
	{"simplify at most once", `for i in 0..N, j in i..min(i+1, M) { A[j] = 0 * (9 / DIV(j)) }`, `simplify j`},
	{"sink", `H: S[0] = 9 / DIV(0)
    for i in 0..N { A[i] = S[0] }`, `sink H into i`},
	{"sink of a local", `var t: i64 = 9 / DIV(0)
    for i in 0..N { A[i] = t }`, `sink t into i`},
	{"skew", `for i in 0..N, j in 0..M { S[0] += 9 / DIV(i) }`, `skew j by i into j2`},
	{"specialize", `for i in 0..N { A[i] = 9 / DIV(i) }`, `specialize i on M > 2`},
	{"split", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `split i at min(N, 2) into i2`},
	{"stage", `for i in 0..N { for j in 0..M { if C[i] > 0 { A[i] += 9 / DIV(i) } } }`, `stage A in registers around j as t`},
	{"stage of a divisor", `for i in 0..N { for j in 0..M { if C[i] > 0 { A[i] += 9 / DIV(i) } } }`, `stage B in stack around j as t`},
	{"unroll", `for i in 0..N { if C[i] > 0 { A[i] = 9 / DIV(i) } }`, `unroll i by 2 tail peel`},
	{"unroll and jam", `for i in 0..N { for j in 0..M { A[i] += 9 / DIV(i) } }`, `unroll_and_jam i by 2 tail peel`},
	{"unswitch", `for i in 0..N { if M > 2 { A[i] = 9 / DIV(i) } }`, `unswitch i`},
	{"vectorize", `for i in 0..N { A[i] = select(C[i] > 0, 9 / DIV(i), 1) }`, `block i by 4 into ib, i tail guard
    vectorize i`},
	{"winograd", `for i in 0..N - 2 { for r in 0..3 { A[i] += C[i+r] * (9 / DIV(r)) } }`, `winograd i by 2 into t as U, V, P`},
}

// divisorKernels are what the steps named replace call.
const divisorKernels = `
kernel quotients(n: size, in b, c: i64[n+1], inout a: i64[n+1]) {
  for i in 0..n { if c[i] > 0 { a[i] = 9 / (b[i]*b[i]*b[i] - 125075015001) } }
}
kernel repeated(n, m, i: size, in b: i64[n+1], inout s: i64[1]) where i < n {
  for j in 0..m { s[0] += 9 / (b[i]*b[i]*b[i] - 125075015001) }
}
`

// TestDivisors: a step on loops that divide by what no search makes 0 is proved only where
// runs that make it 0 fault in both kernels or in neither, or only before.
func TestDivisors(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	proved := 0
	named := map[string]bool{}
	for _, c := range divisorCases {
		verb, _, _ := strings.Cut(c.schedule, " ")
		if last := strings.LastIndex(c.schedule, "\n    "); last >= 0 {
			named[strings.Fields(c.schedule[last:])[0]] = true
		}
		named[verb] = true
		t.Run(c.name, func(t *testing.T) {
			body := c.body
			for _, at := range []string{"i", "j", "r", "0"} {
				body = strings.ReplaceAll(body, "DIV("+at+")", divisor(at))
			}
			src := fmt.Sprintf("kernel k(N, M: size, in B, C: i64[N+1], inout A: i64[N+1], inout S: i64[1]) {\n  %s\n}\nschedule s for k {\n    %s\n}\n", body, c.schedule)
			if verb == "replace" {
				src += divisorKernels
			}
			if c.name == "layout" { // a packed array has no cell more
				src = strings.Replace(src, "in B, C: i64[N+1]", "in B: i64[N+1], in C: i64[N]", 1)
			}
			f, err := loopir.Parse("in.loop", []byte(src))
			if err != nil {
				t.Fatal(err, src)
			}
			r, err := Transform(t.Context(), f, f.Schedules[0], Options{Equiv: equiv.Options{Pool: pool}})
			if err != nil {
				t.Logf("rejected: %v", err)
				return
			}
			if bad := r.Failed(); bad != nil || r.Whole == nil {
				t.Logf("%v: %v", bad.Outcome, bad.Failures)
				return
			}
			proved++
			compareAtRoots(t, r)
		})
	}
	for _, p := range transform.Primitives {
		if !named[p.Name] {
			t.Errorf("no case for %s", p.Name)
		}
	}
	if proved < len(divisorCases)/2 {
		t.Errorf("%d of %d proved", proved, len(divisorCases))
	}
}

// compareAtRoots runs both kernels where some cells of B are the root.
func compareAtRoots(t *testing.T, r *Report) {
	t.Helper()
	old, err := interp.Compile(r.File, r.Original)
	if err != nil {
		t.Fatal(err)
	}
	now, err := interp.Compile(r.File, r.Final)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, m := []int64{0, 1, 2, 3, 4, 8}[rng.IntN(6)], int64(rng.IntN(6))
		draw := func(extra int64, values ...int64) *interp.Array {
			return interp.NewArray(loopir.I64, int(n+extra)).Fill(func(int) interp.Value { return interp.Integer(loopir.I64, values[rng.IntN(len(values))]) })
		}
		b, a, s := draw(1, 1, 2, root), draw(1, 3, 4), draw(1-n, 5)
		c := draw(extraOf(r, "C"), -1, 0, 1, 4)
		inputs := func(k *loopir.Kernel) *interp.Inputs {
			in := &interp.Inputs{Sizes: map[string]int64{"N": n, "M": m}, Scalars: map[string]interp.Value{}, Arrays: map[string]*interp.Array{}}
			for name, x := range map[string]*interp.Array{"A": a, "B": b, "C": c, "S": s} {
				y := interp.NewArray(loopir.I64, x.Shape...)
				if l := len(k.Param(name).Shape); l == 2 {
					y = interp.NewArray(loopir.I64, x.Shape[0]/4, 4)
				}
				copy(y.Bits, x.Bits)
				in.Arrays[name] = y
			}
			return in
		}
		if len(r.Assumes) > 0 && n%4 != 0 {
			continue
		}
		x, err := old.Run(context.Background(), inputs(r.Original), interp.Options{})
		if err != nil {
			continue
		}
		y, err := now.Run(context.Background(), inputs(r.Final), interp.Options{})
		if err != nil {
			t.Fatalf("N=%d M=%d B=%v C=%v: only after: %v", n, m, b.Bits, c.Bits, err)
		}
		for _, name := range []string{"A", "S"} {
			for i, v := range x.Arrays[name].Bits {
				if y.Arrays[name].Bits[i] != v {
					t.Fatalf("N=%d M=%d: %s differs", n, m, name)
				}
			}
		}
	}
}

// extraOf is how many cells more than N an array has.
func extraOf(r *Report, name string) int64 {
	if loopir.FormatExpr(r.Original.Param(name).Shape[0]) == "N" {
		return 0
	}
	return 1
}
