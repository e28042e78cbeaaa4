package equiv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestOrderRandom has the prover alone compare random choices between a few values. What it
// proves has to be the same for all contents of a grid, ties and the limits of bytes among them.
func TestOrderRandom(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	kernels, tries := 60, 60
	if testing.Short() {
		kernels, tries = 30, 20
	}
	for _, typ := range []loopir.Type{loopir.F32, loopir.I8} {
		rng := rand.New(rand.NewPCG(1, uint64(typ)))
		classes := map[string][]*loopir.File{}
		var all []*loopir.File
		results := map[*loopir.File]string{}
		for len(all) < kernels {
			f, err := loopir.Parse("random", []byte(randomChoice(rng, typ)))
			if err != nil { // literals without a type
				continue
			}
			text := onGrid(t, f, typ)
			results[f] = text
			classes[text] = append(classes[text], f)
			all = append(all, f)
		}
		proved, equal := 0, 0
		ask := func(a, b *loopir.File) {
			same := results[a] == results[b]
			c := byAllMeans(t, a, a.Kernels[0], b.Kernels[0], Options{Pool: pool})
			switch {
			case c != nil && !same:
				t.Errorf("wrong, and proved\n%s%s", loopir.FormatKernel(a.Kernels[0]), loopir.FormatKernel(b.Kernels[0]))
			case same:
				equal++
				if c != nil {
					proved++
				}
			}
		}
		for range tries {
			ask(all[rng.IntN(len(all))], all[rng.IntN(len(all))])
		}
		for _, text := range sortedNames(classes) {
			for i, f := range classes[text][1:] {
				ask(classes[text][i], f)
			}
		}
		t.Logf("%v: %d of %d that are equal on the grid are proved", typ, proved, equal)
	}
}

// randomChoice is a kernel that chooses between values, by functions or by branches.
func randomChoice(rng *rand.Rand, typ loopir.Type) string {
	one := "1"
	if typ.IsFloat() {
		one = "1.0"
	}
	zero := strings.Replace(one, "1", "0", 1)
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	var value, cond func(depth int) string
	value = func(depth int) string {
		if depth == 0 || rng.IntN(4) == 0 {
			return pick("A[i]", "A[i]", "B[i]", "B[i]", zero, one, "(-A[i])", "(A[i] - B[i])")
		}
		x, y := value(depth-1), value(depth-1)
		switch rng.IntN(6) {
		case 0:
			return fmt.Sprintf("%s(%s, %s)", pick("min", "max"), x, y)
		case 1:
			return fmt.Sprintf("(%s + %s)", x, y)
		case 2:
			return fmt.Sprintf("select(%s, %s, %s)", cond(1), x, y)
		}
		c := fmt.Sprintf("%s %s %s", x, pick("<", "<=", ">", ">="), y)
		return fmt.Sprintf("select(%s, %s, %s)", c, pick(x, x, y), pick(y, y, x))
	}
	cond = func(depth int) string {
		c := fmt.Sprintf("%s %s %s", pick("A[i]", "B[i]"), pick("<", "<=", ">", ">=", "==", "!="), pick("A[i]", "B[i]", zero))
		switch {
		case rng.IntN(3) == 0:
			c = "!(" + c + ")"
		case depth > 0 && rng.IntN(3) == 0:
			c = c + pick(" && ", " || ") + cond(0)
		}
		return c
	}
	body := "C[i] = " + value(2)
	switch x, y := value(0), value(0); rng.IntN(4) {
	case 0:
		body = fmt.Sprintf("if %s { C[i] = %s } else { C[i] = %s }", cond(1), x, y)
	case 1:
		body = fmt.Sprintf("C[i] = %s; if %s %s C[i] { C[i] = %s }", y, x, pick("<", "<=", ">", ">="), pick(x, x, y))
	case 2:
		body = fmt.Sprintf("if %s { C[i] = %s } else if %s { C[i] = %s } else { C[i] = %s }", cond(0), x, cond(0), y, value(1))
	}
	return fmt.Sprintf("kernel k(N: size, in A: %v[N], in B: %v[N], out C: %v[N]) { for i in 0..N { %s } }", typ, typ, typ, body)
}

// onGrid tells what k computes for all pairs of some values.
func onGrid(t *testing.T, f *loopir.File, typ loopir.Type) string {
	values := []float64{-128, -100, -2, -1, 0, 1, 2, 100, 127}
	if typ.IsFloat() {
		values = []float64{-2, -1, -0.5, 0, 0.5, 1, 2}
	}
	n := len(values)
	in := &interp.Inputs{Sizes: map[string]int64{"N": int64(n * n)}, Arrays: map[string]*interp.Array{}}
	for _, name := range []string{"A", "B", "C"} {
		in.Arrays[name] = interp.NewArray(typ, n*n)
	}
	for i := range n * n {
		for name, v := range map[string]float64{"A": values[i/n], "B": values[i%n]} {
			x := interp.Integer(typ, int64(v))
			if typ.IsFloat() {
				x = interp.Float(typ, v)
			}
			in.Arrays[name].Bits[i] = x.Bits
		}
	}
	c, err := interp.Compile(f, f.Kernels[0])
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Run(context.Background(), in, interp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, bits := range out.Arrays["C"].Bits {
		v := interp.Value{Type: typ, Bits: bits}
		if typ.IsFloat() {
			fmt.Fprintf(&text, "%v ", v.Float64()+0) // -0 + 0 is 0
		} else {
			fmt.Fprintf(&text, "%v ", v)
		}
	}
	return text.String()
}
