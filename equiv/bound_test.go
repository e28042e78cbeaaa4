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
