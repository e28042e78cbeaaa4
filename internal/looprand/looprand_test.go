package looprand

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestRuns runs many kernels at many sizes: none may fault, all must print and
// read back as themselves, and most must do something.
func TestRuns(t *testing.T) {
	kernels := uint64(150)
	if testing.Short() {
		kernels = 40
	}
	changed := 0
	for seed := range kernels {
		k := Kernel(seed)
		text := loopir.FormatKernel(k)
		if again := loopir.FormatKernel(Kernel(seed)); again != text {
			t.Fatalf("seed %d gives two kernels:\n%s\n%s", seed, text, again)
		}
		f, err := loopir.Parse("k.loop", []byte(text))
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if back := loopir.FormatKernel(f.Kernels[0]); back != text {
			t.Fatalf("seed %d reads back as\n%s\nnot\n%s", seed, back, text)
		}
		for try := range uint64(5) {
			sizes := Sizes(seed+try, k)
			in, err := Inputs(seed+try, k, sizes, try == 4)
			if err != nil {
				t.Fatal(err)
			}
			out, err := interp.Run(context.Background(), f, k, in, interp.Options{MaxSteps: 1e6})
			if err != nil {
				t.Fatalf("seed %d at %v: %v\n%s", seed, sizes, err, text)
			}
			twice, err := interp.Run(context.Background(), f, f.Kernels[0], in, interp.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for name, a := range out.Arrays {
				if cell, differ := interp.FirstDifference(a, twice.Arrays[name]); differ {
					t.Fatalf("seed %d: reading back changes %s", seed, interp.CellName(name, cell))
				}
			}
			if _, differ := interp.FirstDifference(in.Arrays["C"], out.Arrays["C"]); differ {
				changed++
			}
		}
	}
	if changed < int(kernels) {
		t.Errorf("only %d of %d runs changed C", changed, 5*kernels)
	}
}

// TestSymbolicAgrees evaluates symbolic results on numbers.
func TestSymbolicAgrees(t *testing.T) {
	for seed := range uint64(60) {
		k := Kernel(seed)
		sizes := Sizes(seed, k)
		in, err := Inputs(seed, k, sizes, seed%2 == 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := interp.Run(context.Background(), nil, k, in, interp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tab := interp.NewTerms()
		got, err := tab.Run(context.Background(), nil, k, sizes, interp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range got {
			for off, id := range a.Cells {
				v, err := tab.Eval(id, func(n interp.Term) interp.Value {
					if n.Cell == nil {
						return in.Scalars[n.Name]
					}
					return in.Arrays[n.Name].At(n.Cell...)
				})
				if w := (interp.Value{Type: a.Type, Bits: want.Arrays[name].Bits[off]}); err != nil || !v.Same(w) {
					t.Fatalf("seed %d: %s[%d]: %v %v, want %v\n%s", seed, name, off, v, err, w, loopir.FormatKernel(k))
				}
			}
		}
	}
}
