package equiv

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// chain is n stages, each over the whole of a temporary of its own.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("kernel k(N: size, in A: f64[N], out C: f64[N]) {\n")
	prev := "A"
	for s := 1; s <= n; s++ {
		fmt.Fprintf(&b, "  var t%d: f64[N]\n  for i in 0..N { t%d[i] = %s[i] * A[i] + %d.0 }\n", s, s, prev, s)
		prev = fmt.Sprintf("t%d", s)
	}
	fmt.Fprintf(&b, "  for i in 0..N { C[i] = %s[i] }\n}\n", prev)
	return b.String()
}

// chainFused is chain in one loop, in blocks of 8, with scalars.
func chainFused(n int) string {
	var b strings.Builder
	b.WriteString("kernel k(N: size, in A: f64[N], out C: f64[N]) {\n  for ib in 0..(N+7)/8, i in 8*ib..min(N, 8*ib+8) {\n")
	prev := "A[i]"
	for s := 1; s <= n; s++ {
		fmt.Fprintf(&b, "    var t%d: f64 = %s * A[i] + %d.0\n", s, prev, s)
		prev = fmt.Sprintf("t%d", s)
	}
	fmt.Fprintf(&b, "    C[i] = %s\n  }\n}\n", prev)
	return b.String()
}

// nest is a sum over the last of d loops.
func nest(d int, tiled bool) string {
	var sizes, shape, cell, outShape, outCell, clauses []string
	for i := range d {
		it, n := fmt.Sprintf("x%d", i), fmt.Sprintf("N%d", i)
		sizes = append(sizes, n)
		shape, cell = append(shape, "["+n+"]"), append(cell, "["+it+"]")
		if i < d-1 {
			outShape, outCell = append(outShape, "["+n+"]"), append(outCell, "["+it+"]")
		}
		clauses = append(clauses, fmt.Sprintf("%s in 0..%s", it, n))
	}
	if tiled { // every loop in blocks of 4, blocks outside, all interchanged
		for i := range d {
			j := d - 1 - i
			clauses[i] = fmt.Sprintf("b%d in 0..(N%d+3)/4", j, j)
			clauses = append(clauses, fmt.Sprintf("x%d in 4*b%d..min(N%d, 4*b%d+4)", j, j, j, j))
		}
	}
	return fmt.Sprintf("kernel k(%s: size, in A: f64%s, inout C: f64%s) {\n  for %s { C%s += A%s }\n}\n",
		strings.Join(sizes, ", "), strings.Join(shape, ""), strings.Join(outShape, ""),
		strings.Join(clauses, ", "), strings.Join(outCell, ""), strings.Join(cell, ""))
}

func provePair(t testing.TB, before, after string) *Result {
	t.Helper()
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	fb, err := loopir.Parse("before", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	fa, err := loopir.Parse("after", []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	f := &loopir.File{Kernels: append(fb.Kernels, fa.Kernels...)}
	res, err := Check(context.Background(), f, fb.Kernels[0], fa.Kernels[0], Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if res.Outcome != Proved {
		t.Fatalf("%v: %v", res.Outcome, res.Failures)
	}
	return res
}

// TestScaling has the work for a chain grow with its length, and that for a nest
// with its depth, no faster than a little above linear. It counts obligations, as
// seconds depend on the machine; the benchmarks have those.
func TestScaling(t *testing.T) {
	lengths := []int{1, 2, 4, 8, 16, 32, 64}
	if testing.Short() {
		lengths = lengths[:5]
	}
	first := 0
	for _, n := range lengths {
		got := len(provePair(t, chain(n), chainFused(n)).Obligations)
		if first == 0 {
			first = got
		}
		if got > (n+1)*first {
			t.Errorf("%d obligations for %d stages, %d for one", got, n, first)
		}
	}
	first = 0
	for d := 2; d <= 10; d++ {
		got := len(provePair(t, nest(d, false), nest(d, true)).Obligations)
		if first == 0 {
			first = got
		}
		if got > d*first {
			t.Errorf("%d obligations for %d loops, %d for two", got, d, first)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				provePair(b, chain(n), chainFused(n))
			}
		})
	}
}

func BenchmarkNest(b *testing.B) {
	for _, d := range []int{2, 4, 6, 8, 10} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			for range b.N {
				provePair(b, nest(d, false), nest(d, true))
			}
		})
	}
}
