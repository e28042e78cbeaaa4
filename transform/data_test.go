package transform_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
	"github.com/loopopt/loopopt/transform"
	"github.com/rogpeppe/go-internal/txtar"
)

// dataCases are the golden cases whose kernels are executed.
var dataCases = []string{"contract", "expand", "inline", "layout", "outline", "prefetch", "reciprocal", "replace", "rfactor", "shrink", "stage", "winograd"}

// TestDataReferee executes, for several sizes, both sides of each step in the
// golden cases of the data primitives. Arrays hold small integers, so that sums
// are exact in every order.
func TestDataReferee(t *testing.T) {
	for _, dir := range dataCases {
		paths, err := filepath.Glob("testdata/" + dir + "/*.txtar")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no cases of %s: %v", dir, err)
		}
		for _, path := range paths {
			t.Run(dir+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
				a, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				f, err := loopir.Parse(path, section(a, "in.loop").Data)
				if err != nil {
					t.Fatal(err)
				}
				script, err := transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
				if err != nil {
					t.Fatal(err)
				}
				executed := 0
				for _, p := range script.Steps {
					executed += compareRuns(t, p)
				}
				if executed == 0 {
					t.Error("no sizes were executed")
				}
			})
		}
	}
}

// compareRuns executes both kernels of a proposal for several sizes, and
// returns for how many.
func compareRuns(t *testing.T, p *transform.Proposal) int {
	t.Helper()
	n := 0
	for seed := range someSizes {
		sizes := sizesOf(p.After, seed)
		if product(sizes) < 20000 && compareRun(t, p, sizes, seed) {
			n++
		}
	}
	return n
}

// compareRun executes both kernels and compares the results; it returns false
// when these sizes are not admitted.
func compareRun(t *testing.T, p *transform.Proposal, sizes map[string]int64, seed int) bool {
	t.Helper()
	if !admits(p.After, sizes) {
		return false
	}
	in, err := interp.RandomInputs(p.Before, sizes, func(q *loopir.Param, off int) interp.Value { return smallValue(q, off+seed) })
	if err != nil {
		t.Fatal(err)
	}
	before, err := interp.Run(context.Background(), p.File, p.Before, in, interp.Options{})
	var fault *interp.Fault
	if errors.As(err, &fault) { // sizes for which the kernel means nothing
		return false
	}
	after, err := interp.Run(context.Background(), p.File, p.After, repacked(t, p, in), interp.Options{})
	if err != nil {
		t.Fatalf("%s: for %v: %v\n%s", words(p.Step), sizes, err, loopir.FormatKernel(p.After))
	}
	for _, name := range slices.Sorted(maps.Keys(before.Arrays)) {
		x, y := unpacked(t, p.Before, name, before.Arrays[name], sizes), unpacked(t, p.After, name, after.Arrays[name], sizes)
		if cell, differ := interp.FirstDifference(x, y); differ {
			t.Fatalf("%s: for %v, %s: %v before, %v after\n%s", words(p.Step), sizes, interp.CellName(name, cell),
				x.At(cell...), y.At(cell...), loopir.FormatKernel(p.After))
		}
	}
	return true
}

// someSizes are sizes in the order of parameters: multiples of what the cases
// block by, odd ones, small ones and none.
var someSizes = [][]int64{
	{1, 32, 16, 2, 15, 1, 2, 1},
	{1, 16, 16, 2, 14, 1, 2, 1},
	{8, 8, 8, 1, 2, 1, 1, 1},
	{5, 7, 3, 2, 3, 2, 1, 2},
	{1, 1, 1, 1, 1, 1, 1, 1},
	{0, 0, 0, 0, 0, 0, 0, 0},
	{17, 6, 12, 1, 2, 1, 1, 3},
	{16, 16, 4, 1, 2, 1, 1, 1},
	{1, 64, 16, 2, 1, 1, 1, 2},
	{9, 24, 2, 1, 2, 1, 1, 1},
	{12, 8, 4, 2, 1, 1, 2, 1},
	{1, 32, 16, 2, 1, 1, 1, 1},
	{4, 16, 3, 1, 2, 2, 1, 1},
}

func sizesOf(k *loopir.Kernel, seed int) map[string]int64 {
	sizes := map[string]int64{}
	for i, q := range k.Params {
		if q.Kind == loopir.SizeParam {
			sizes[q.Name] = someSizes[seed][i]
		}
	}
	return sizes
}

// smallSizes are the sizes that k admits and whose product is small; the
// smallest, when none is, unless it is large.
func smallSizes(k *loopir.Kernel) []map[string]int64 {
	var out []map[string]int64
	for seed := range someSizes {
		if sizes := sizesOf(k, seed); admits(k, sizes) {
			out = append(out, sizes)
		}
	}
	slices.SortStableFunc(out, func(x, y map[string]int64) int { return int(product(x) - product(y)) })
	for i, sizes := range out {
		if n := product(sizes); n > 1100 || n > 200 && i > 0 {
			return out[:i]
		}
	}
	return out
}

func admits(k *loopir.Kernel, sizes map[string]int64) bool {
	for _, w := range k.Where {
		if ok, err := interp.EvalCond(w, sizes); err != nil || !ok {
			return false
		}
	}
	return true
}

func smallValue(q *loopir.Param, off int) interp.Value {
	v := int64((off*7+len(q.Name)*3+off/5)%9 - 4)
	switch q.Type {
	case loopir.F32, loopir.F64, loopir.F16, loopir.BF16:
		return interp.Float(q.Type, float64(v))
	}
	return interp.Integer(q.Type, v)
}

// repacked brings the inputs of the kernel before into the layouts of the one
// after.
func repacked(t *testing.T, p *transform.Proposal, in *interp.Inputs) *interp.Inputs {
	out := *in
	out.Arrays = map[string]*interp.Array{}
	for name, a := range in.Arrays {
		q := p.After.Param(name)
		a = unpacked(t, p.Before, name, a, in.Sizes)
		if q.Layout != nil {
			pk, err := interp.NewPacking(q, in.Sizes)
			if err != nil {
				t.Fatal(err)
			}
			a = pk.Pack(a, interp.Float(a.Type, 99))
		}
		out.Arrays[name] = a
	}
	return &out
}

func unpacked(t *testing.T, k *loopir.Kernel, name string, a *interp.Array, sizes map[string]int64) *interp.Array {
	q := k.Param(name)
	if q.Layout == nil {
		return a
	}
	pk, err := interp.NewPacking(q, sizes)
	if err != nil {
		t.Fatal(err)
	}
	return pk.Unpack(a)
}

// TestDataOrigins compares what both sides of each step in the golden cases
// execute: every old instance has one successor, except where values are
// computed in the place of their use, and but for winograd, which computes others.
func TestDataOrigins(t *testing.T) {
	for _, dir := range dataCases {
		paths, _ := filepath.Glob("testdata/" + dir + "/*.txtar")
		for _, path := range paths {
			t.Run(dir+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
				a, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				f, err := loopir.Parse(path, section(a, "in.loop").Data)
				if err != nil {
					t.Fatal(err)
				}
				script, err := transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range script.Steps {
					checkClaims(t, p)
				}
			})
		}
	}
}

// checkClaims executes both kernels with their calls inlined and compares the
// instances by their claims.
func checkClaims(t *testing.T, p *transform.Proposal) {
	t.Helper()
	before, err := p.File.InlineCalls(p.Before)
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.File.InlineCalls(p.After)
	if err != nil {
		t.Fatal(err)
	}
	for _, sizes := range smallSizes(p.After) {
		old, now := map[string]int{}, map[string]int{}
		countClaims(t, before.Body, sizes, old)
		countClaims(t, after.Body, sizes, now)
		for _, c := range slices.Sorted(maps.Keys(now)) {
			if old[c] != now[c] {
				t.Fatalf("%s: for %v, %d instances claim to be %s, which ran %d times", words(p.Step), sizes, now[c], c, old[c])
			}
		}
		if len(now) < len(old) && p.Step.Verb != "inline" && p.Step.Verb != "winograd" {
			t.Fatalf("%s: for %v, %s", words(p.Step), sizes, fmt.Sprint(len(old)-len(now), " instances have no successor"))
		}
	}
}

// countClaims executes body and counts the instances that claim to be each old
// one.
func countClaims(t *testing.T, body []loopir.Stmt, env map[string]int64, claims map[string]int) {
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			step := int64(1)
			if s.Step != nil {
				step = index(t, s.Step, env)
			}
			for v, hi := index(t, s.Lo, env), index(t, s.Hi, env); v < hi; v += step {
				env[s.Iter] = v
				countClaims(t, s.Body, env, claims)
			}
			delete(env, s.Iter)
		case *loopir.If:
			yes, err := interp.EvalCond(s.Cond, env)
			if err != nil {
				t.Fatal(err)
			}
			if yes {
				countClaims(t, s.Then, env, claims)
			} else {
				countClaims(t, s.Else, env, claims)
			}
		case *loopir.Assign:
			if s.From != nil {
				claims[claim(t, s.From, env)]++
			}
		}
	}
}

func product(sizes map[string]int64) int64 {
	n := int64(1)
	for _, v := range sizes {
		n *= max(1, v)
	}
	return n
}
