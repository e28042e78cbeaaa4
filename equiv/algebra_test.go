package equiv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestRandomPolynomials compares random expressions with rewritten ones, by laws
// of arithmetic and by others: what is equal has to be proved, and what is
// proved has to be equal over the rationals.
func TestRandomPolynomials(t *testing.T) {
	pool := safetyPool(t)
	rng := rand.New(rand.NewPCG(3, 4))
	n := 300
	if testing.Short() {
		n = 60
	}
	count := map[string]int{}
	for range n {
		e := randomArithmetic(rng, 3)
		lawful := rng.IntN(2) == 0
		other := rewritten(rng, e, lawful)
		kernel := func(name, body string) string {
			return fmt.Sprintf("kernel %s(N: size, in A: f32[N], in B: f32[N], in C: f32[N], out O: f32[N]) {\n  for i in 0..N { O[i] = %s }\n}\n", name, body)
		}
		f := mustParse(t, "random.loop", []byte(kernel("b", e.String())+kernel("a", other.String())))
		before, after := f.Kernels[0], f.Kernels[1]
		res, err := Check(context.Background(), f, before, after, Options{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		count[res.Outcome.String()+" "+res.Verdict.String()]++
		switch equal := sameRationals(t, f, before, after); {
		case res.Outcome == Proved && !equal:
			t.Errorf("proved %v: %v and %v", res.Verdict, e, other)
		case lawful && res.Outcome != Proved:
			t.Errorf("%v: %v and %v: %v %v", res.Outcome, e, other, res.Counterexample, res.Failures)
		}
	}
	t.Log(count)
}

// TestRandomSums compares sums that are split, ordered and factored in different ways with
// each other, some of which lose or repeat summands.
func TestRandomSums(t *testing.T) {
	pool := safetyPool(t)
	rng := rand.New(rand.NewPCG(5, 6))
	n := 150
	if testing.Short() {
		n = 40
	}
	count := map[string]int{}
	for range n {
		terms := make([]string, 1+rng.IntN(3))
		for i := range terms {
			terms[i] = []string{"A[j]", "A[j]*B[j]", "A[i]*B[j]", "B[j]*A[N-1-j]", "A[j]*A[j]", "A[i]*A[j]", "tanh(A[j])", "C[i]"}[rng.IntN(8)]
		}
		lawful := rng.IntN(2) == 0
		kernel := func(name string, wrong bool) string {
			return fmt.Sprintf("kernel %s(N: size, x: f32, in A: f32[N], in B: f32[N], in C: f32[N], out O: f32[N]) {\n  for i in 0..N {\n    O[i] = 0\n%s  }\n}\n", name, randomSums(rng, terms, wrong))
		}
		text := kernel("b", false) + kernel("a", !lawful)
		f := mustParse(t, "random.loop", []byte(text))
		before, after := f.Kernels[0], f.Kernels[1]
		res, err := Check(context.Background(), f, before, after, Options{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		count[res.Outcome.String()+" "+res.Verdict.String()]++
		if res.Outcome == Proved && !sameRationals(t, f, before, after) {
			t.Errorf("proved %v:\n%s", res.Verdict, text)
		}
	}
	t.Log(count)
	if count["proved algebraic"] < n/4 {
		t.Error("hardly any of them is proved by algebra")
	}
}

// randomSums adds x times the sum over j of each term to O[i].
func randomSums(rng *rand.Rand, terms []string, wrong bool) string {
	var b strings.Builder
	last := ""
	slip := func(e string) string {
		if wrong && rng.IntN(4) == 0 {
			return fmt.Sprintf("max(0, %s-%d)", e, 1+rng.IntN(2))
		}
		return e
	}
	for i, k := range rng.Perm(len(terms)) {
		term, s, by := terms[k], fmt.Sprint("s", i), 2+rng.IntN(3)
		add := fmt.Sprintf("O[i] += x*%s", term)
		if rng.IntN(2) == 0 {
			add = fmt.Sprintf("%s += %s", s, term)
			fmt.Fprintf(&b, "    var %s: f32 = 0\n", s)
			last += fmt.Sprintf("    O[i] += %s*x\n", s)
		}
		add = "{ " + add + " }\n"
		switch rng.IntN(5) {
		case 0:
			fmt.Fprintf(&b, "    for j in 0..%s %s", slip("N"), add)
		case 1:
			fmt.Fprintf(&b, "    for q in 0..(N+%d)/%d, j in %s..min(%d*q+%d, N) %s", by-1, by, slip(fmt.Sprintf("%d*q", by)), by, by, add)
		case 2:
			fmt.Fprintf(&b, "    for j in 0..N/%d %s    for j in %s..N %s", by, add, slip(fmt.Sprintf("N/%d", by)), add)
		case 3:
			down := strings.NewReplacer("[j]", "[N-1-j]", "N-1-j", "j").Replace(add)
			fmt.Fprintf(&b, "    for j in 0..%s %s", slip("N"), down)
		case 4:
			for r := range by {
				fmt.Fprintf(&b, "    for q in 0..%s { let j = %d*q+%d\n    %s }\n", slip(fmt.Sprintf("(N-%d+%d)/%d", r, by-1, by)), by, r, add[2:len(add)-3])
			}
		}
	}
	return b.String() + last
}

func sameRationals(t *testing.T, f *loopir.File, before, after *loopir.Kernel) bool {
	r := newReferee(context.Background(), f, before, after, 0)
	for _, n := range []int64{1, 4, 5, 9} {
		tab := interp.NewTerms()
		sizes := map[string]int64{"N": n}
		x, errX := tab.Run(context.Background(), f, before, sizes, interp.Options{})
		y, errY := tab.Run(context.Background(), f, after, sizes, interp.Options{})
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		if valuesDiffer(tab, r, x["O"], y["O"]) {
			return false
		}
	}
	return true
}

// An arithmetical is a leaf, or op applied to x and y.
type arithmetical struct {
	op   string
	x, y *arithmetical
}

func (e *arithmetical) String() string {
	switch {
	case e.x == nil:
		return e.op
	case e.y == nil:
		return "(" + e.op + e.x.String() + ")"
	}
	return "(" + e.x.String() + " " + e.op + " " + e.y.String() + ")"
}

func randomArithmetic(rng *rand.Rand, depth int) *arithmetical {
	if depth == 0 || rng.IntN(6) == 0 {
		return &arithmetical{op: []string{"A[i]", "B[i]", "C[i]", "2", "0.5", "3"}[rng.IntN(6)]}
	}
	op := []string{"+", "-", "*", "*", "neg"}[rng.IntN(5)]
	if op == "neg" {
		return &arithmetical{op: "-", x: randomArithmetic(rng, depth-1)}
	}
	return &arithmetical{op, randomArithmetic(rng, depth-1), randomArithmetic(rng, depth-1)}
}

// rewritten applies laws all over e; without lawful, wrong ones now and then.
func rewritten(rng *rand.Rand, e *arithmetical, lawful bool) *arithmetical {
	if e.x == nil {
		return e
	}
	x := rewritten(rng, e.x, lawful)
	if e.y == nil {
		return &arithmetical{op: "-", x: x}
	}
	y := rewritten(rng, e.y, lawful)
	if !lawful && rng.IntN(8) == 0 {
		return &arithmetical{[]string{"+", "-", "*"}[rng.IntN(3)], x, y}
	}
	sum := func(z *arithmetical) bool { return z.y != nil && z.op != "*" }
	switch {
	case e.op == "*" && sum(y) && rng.IntN(2) == 0:
		return &arithmetical{y.op, &arithmetical{"*", x, y.x}, &arithmetical{"*", y.y, x}}
	case e.op == "*" && sum(x) && rng.IntN(2) == 0:
		return &arithmetical{x.op, &arithmetical{"*", x.x, y}, &arithmetical{"*", x.y, y}}
	case e.op == "-" && rng.IntN(2) == 0:
		return &arithmetical{"+", &arithmetical{op: "-", x: y}, x}
	case e.op != "-" && rng.IntN(2) == 0:
		return &arithmetical{e.op, y, x}
	}
	return &arithmetical{e.op, x, y}
}
