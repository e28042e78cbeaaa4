package equiv

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/internal/mutate"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestVerdicts runs every proved case, and mutants of it that are proved too,
// on symbols at small sizes: what is called exact has to compute the very same
// expressions, what is called reassociated the same sums.
func TestVerdicts(t *testing.T) {
	pool := safetyPool(t)
	paths, err := filepath.Glob("../testdata/proved/equiv-*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	mutants := 2
	if testing.Short() {
		mutants = 0
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			fb, fa := mustParse(t, "before.loop", section(ar, "before.loop")), mustParse(t, "after.loop", section(ar, "after.loop"))
			before, after := fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
			f := &loopir.File{Funcs: fb.Funcs, Kernels: append(fb.Kernels, fa.Kernels...)}
			all := 0
			for k, _ := mutate.Mutant(after, all); k != nil; k, _ = mutate.Mutant(after, all) {
				all++
			}
			judge(t, f, before, after, Options{Pool: pool}, "unchanged")
			for n := range mutants {
				k, what := mutate.Mutant(after, (2*n+1)*all/(2*mutants))
				if f.CheckKernel(k) == nil {
					judge(t, f, before, k, Options{Pool: pool}, what)
				}
			}
		})
	}
}

// judge fails the test when a proof names an algebra in which runs differ.
func judge(t *testing.T, f *loopir.File, before, after *loopir.Kernel, opts Options, what string) {
	res, err := Check(context.Background(), f, before, after, opts)
	if err != nil || res.Outcome != Proved {
		return
	}
	mode := interp.Exact
	if res.Verdict != Exact {
		mode = interp.Reassociated
	}
	safe, err := CheckSafety(context.Background(), f, after, opts)
	if err != nil || safe.Outcome != Proved {
		return
	}
	runs := 0
	r := newReferee(context.Background(), f, before, after, 0)
	for _, sizes := range newSizeSearch(before, after).vectors(12) {
		tab := interp.NewTerms()
		limit := interp.Options{MaxSteps: 100_000}
		x, errX := tab.Run(context.Background(), f, before, sizes, limit)
		y, errY := tab.Run(context.Background(), f, after, sizes, limit)
		if errX != nil || errY != nil {
			continue
		}
		runs++
		for _, name := range sortedNames(x) {
			cell, differ := tab.FirstDifference(x[name], y[name], mode)
			if differ && (res.Verdict == Algebraic || !x[name].Type.IsFloat()) { // terms tell too much apart
				differ = valuesDiffer(tab, r, x[name], y[name])
			}
			if differ && res.Verdict == Exact && (choosesByData(before) || choosesByData(after)) {
				differ = bitsDiffer(f, before, after, sizes) // a choice of operations is another term
			}
			if differ {
				t.Errorf("%s: proved %v, but %s%v differs at %v", what, res.Verdict, name, cell, sizes)
				return
			}
		}
	}
	if runs == 0 {
		t.Logf("%s: no run was short enough", what)
	}
}

// choosesByData tells whether k has a select on data, or a local under a condition on data,
// whose content where the condition fails is a term of its own.
func choosesByData(k *loopir.Kernel) bool {
	found := false
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if c, ok := s.(*loopir.If); ok && !isIndexCond(c.Cond) {
			loopir.Walk(c.Then, func(s loopir.Stmt) bool {
				_, ok := s.(*loopir.Local)
				found = found || ok
				return !found
			})
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				found = found || isChoice(x)
				return !found
			})
		}
		return !found
	})
	return found
}

// bitsDiffer runs both kernels on all contents, NaN and infinities among them.
func bitsDiffer(f *loopir.File, before, after *loopir.Kernel, sizes map[string]int64) bool {
	r := newReferee(context.Background(), f, before, after, 100_000)
	r.bits = true
	for _, filling := range append(r.fill.thorough(true), nanFilling, infFilling) {
		if r.compare(sizes, filling) != nil {
			return true
		}
	}
	return false
}

// valuesDiffer computes terms: integers as the machine does, the rest over the
// rationals where that is possible.
func valuesDiffer(tab *interp.Terms, r *referee, x, y *interp.TermArray) bool {
	for filling := range fillings {
		e := r.rationals(tab, filling)
		for i := range x.Cells {
			if x.Cells[i] == 0 || y.Cells[i] == 0 {
				return true
			}
			a, ok1 := e.value(x.Cells[i])
			b, ok2 := e.value(y.Cells[i])
			if ok1 && ok2 && a.Cmp(b) != 0 {
				return true
			}
		}
	}
	return false
}
