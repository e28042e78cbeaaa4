package looprand

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
	"github.com/loopopt/loopopt/loopir/poly"
)

// simplified simplifies every expression under the facts of its place.
func simplified(body []loopir.Stmt, f poly.Facts) {
	for _, s := range body {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr { return poly.Simplify(e, f) })
		switch s := s.(type) {
		case *loopir.For:
			simplified(s.Body, f.Enter(s))
		case *loopir.If:
			simplified(s.Then, f.Assume(s.Cond))
			simplified(s.Else, f.AssumeNot(s.Cond))
		}
	}
}

// TestSimplifyKeepsMeaning compares kernels before and after, bit for bit.
func TestSimplifyKeepsMeaning(t *testing.T) {
	kernels := uint64(120)
	if testing.Short() {
		kernels = 30
	}
	changed := 0
	for seed := range kernels {
		k := Kernel(seed)
		s := k.Clone()
		simplified(s.Body, poly.KernelFacts(k))
		f := &loopir.File{Kernels: []*loopir.Kernel{s}}
		if err := f.CheckKernel(s); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, loopir.FormatKernel(s))
		}
		if loopir.FormatKernel(s) != loopir.FormatKernel(k) {
			changed++
		}
		for try := range uint64(4) {
			sizes := Sizes(seed+try, k)
			in, err := Inputs(seed, k, sizes, true)
			if err != nil {
				t.Fatal(err)
			}
			want, err := interp.Run(context.Background(), nil, k, in, interp.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := interp.Run(context.Background(), f, s, in, interp.Options{})
			if err != nil {
				t.Fatalf("seed %d at %v: %v\n%s\nwas\n%s", seed, sizes, err, loopir.FormatKernel(s), loopir.FormatKernel(k))
			}
			for name, a := range want.Arrays {
				if cell, differ := interp.FirstDifference(a, got.Arrays[name]); differ {
					t.Fatalf("seed %d at %v: %s differs\n%s\nwas\n%s", seed, sizes, interp.CellName(name, cell), loopir.FormatKernel(s), loopir.FormatKernel(k))
				}
			}
		}
	}
	if changed < int(kernels)/4 {
		t.Errorf("only %d of %d kernels changed", changed, kernels)
	}
}
