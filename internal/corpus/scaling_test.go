package corpus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
)

var scalingFigures = flag.String("scaling-figures", "", "file for the figures of TestScaling; with it, all sizes are tried")

// chainPair is n stages through n arrays, against one loop through scalars.
func chainPair(n int) Case {
	var before, after strings.Builder
	const head = "kernel k(N: size, in A: f32[N], out B: f32[N]) {\n"
	before.WriteString(head)
	after.WriteString(head + "  for i in 0..N {\n")
	last, scalar := "A[i]", "A[i]"
	for s := 1; s <= n; s++ {
		fmt.Fprintf(&before, "  var t%d: f32[N]\n  for i in 0..N { t%d[i] = %s * %d.5 + A[i] }\n", s, s, last, s)
		fmt.Fprintf(&after, "    let v_%d = %s * %d.5 + A[i]\n", s, scalar, s)
		last, scalar = fmt.Sprintf("t%d[i]", s), fmt.Sprintf("v_%d", s)
	}
	fmt.Fprintf(&before, "  for i in 0..N { B[i] = %s }\n}\n", last)
	fmt.Fprintf(&after, "    B[i] = %s\n  }\n}\n", scalar)
	return scalingCase(fmt.Sprintf("chain of %d", n), before.String(), after.String())
}

// nestPair is a nest of depth d against the same with its loops in the other order
// and the innermost in blocks.
func nestPair(d int) Case {
	var sizes, index, forth, back []string
	shape := ""
	for l := range d {
		sizes = append(sizes, fmt.Sprintf("N%d", l))
		index = append(index, fmt.Sprintf("[x%d]", l))
		shape += fmt.Sprintf("[N%d]", l)
		forth = append(forth, fmt.Sprintf("x%d in 0..N%d", l, l))
		if l+1 < d {
			back = append([]string{fmt.Sprintf("x%d in 0..N%d", l, l)}, back...)
		}
	}
	n := d - 1
	head := fmt.Sprintf("kernel k(%s: size, in A: f32%s, out B: f32%s) {\n", strings.Join(sizes, ", "), shape, shape)
	at := strings.Join(index, "")
	stmt := fmt.Sprintf("B%s = A%s * 2.5\n", at, at)
	before := head + "  for " + strings.Join(forth, ", ") + " {\n    " + stmt + "  }\n}\n"
	blocks := fmt.Sprintf("ib in 0..(N%d+7)/8, x%d in 8*ib..min(8*ib+8, N%d)", n, n, n)
	after := head + "  for " + strings.Join(append(back, blocks), ", ") + " {\n    " + stmt + "  }\n}\n"
	return scalingCase(fmt.Sprintf("nest of depth %d", d), before, after)
}

func scalingCase(name, before, after string) Case {
	return Case{
		Name: name, Before: Text{"before.loop", []byte(before)}, After: Text{"after.loop", []byte(after)},
		Want: Expectation{equiv.Proved, equiv.Exact},
	}
}

// TestScaling proves ever longer chains and ever deeper nests.
func TestScaling(t *testing.T) {
	chains, depths := []int{1, 4, 16}, []int{2, 4}
	if *scalingFigures != "" {
		chains, depths = []int{1, 2, 4, 8, 16, 32, 64}, []int{2, 3, 4, 5, 6, 7, 8, 9, 10}
	}
	var cases []Case
	for _, n := range chains {
		cases = append(cases, chainPair(n))
	}
	for _, d := range depths {
		cases = append(cases, nestPair(d))
	}
	results := Run(context.Background(), cases, Options{Jobs: 1, Prover: cold})
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\ncpu: %s\n\n", runtime.GOOS, runtime.GOARCH, cpuName())
	for i := range results {
		r := &results[i]
		said := strings.TrimSpace(r.Outcome.String() + " " + r.Verdict.String())
		fmt.Fprintf(&b, "%-20s %-16s %10.1f ms\n", r.Name, said, millis(r.Time))
		if r.Err != nil {
			t.Errorf("%s: %v", r.Name, r.Err)
		} else if r.Standing() != Met {
			t.Errorf("%s: %s\n%s", r.Name, said, r.Reason())
		}
	}
	t.Log(b.String())
	if *scalingFigures != "" {
		if err := os.WriteFile(*scalingFigures, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
