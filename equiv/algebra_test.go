package equiv

import (
	"context"
	"fmt"
	"math/rand/v2"
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

func sameRationals(t *testing.T, f *loopir.File, before, after *loopir.Kernel) bool {
	r := newReferee(context.Background(), f, before, after, 0)
	tab := interp.NewTerms()
	sizes := map[string]int64{"N": 5}
	x, errX := tab.Run(context.Background(), f, before, sizes, interp.Options{})
	y, errY := tab.Run(context.Background(), f, after, sizes, interp.Options{})
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return !valuesDiffer(tab, r, x["O"], y["O"])
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
