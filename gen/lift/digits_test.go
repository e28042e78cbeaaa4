package lift

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// TestCoordinates finds the cell of an offset that fits several boxes.
func TestCoordinates(t *testing.T) {
	f, err := loopir.Parse("t.loop", []byte(`kernel k(H, W, R, C: size, inout A: f32[H][W][C], inout B: f32[H][W-R+1], inout D: f32[H][C%16])
  where R >= 1, W >= R
{
  for p in 0..H, x in 0..W-R+1, c in 0..C, m in 0..C%16 {
    A[p][W-1][c] = 0
    A[p][x+R-1][c] = 0
    B[p][x] = 0
    B[p][W-R-x] = 0
    D[p][m] = 0
  }
}`))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Kernels[0]
	facts, body := poly.KernelFacts(k), k.Body
	for len(body) == 1 {
		l := body[0].(*loopir.For)
		facts, body = facts.Enter(l), l.Body
	}
	for _, s := range body {
		cell := s.(*loopir.Assign).LHS
		shape, flat := k.Param(cell.Name).Shape, poly.Int(0)
		for i, e := range cell.Index {
			flat = flat.Mul(poly.Must(shape[i])).Add(poly.Must(e))
		}
		got, shown := coordinates(facts.Reduce(flat), shape, facts)
		for i, e := range cell.Index {
			if !facts.Same(got[i], poly.Must(e)) || !shown {
				t.Errorf("%s: index %d is %s, shown %v", loopir.FormatExpr(cell), i, got[i], shown)
			}
		}
	}
}

// TestFlattened: every array has one dimension, and accesses follow.
func TestFlattened(t *testing.T) {
	f, err := loopir.Parse("t.loop", []byte(`kernel k(H, W: size, in I: f32[H][W], out O: f32[H][W]) {
  for p in 0..H, q in 0..W {
    var s: f32[2][3]
    s[1][2] = I[p][q]
    O[p][q] = s[1][2]
  }
}`))
	if err != nil {
		t.Fatal(err)
	}
	k := flattened(f.Kernels[0])
	if err := f.CheckKernel(k); err != nil {
		t.Fatalf("%v\n%s", err, loopir.FormatKernel(k))
	}
	if n := len(k.Param("I").Shape); n != 1 {
		t.Errorf("I has %d dimensions", n)
	}
}

// TestLastBlock has conditions that only sizes without a rest fulfil.
func TestLastBlock(t *testing.T) {
	f, err := loopir.Parse("t.loop", []byte(`kernel k(H, W: size, inout A: f32[H][W]) {
  for y in 0..H, b in 0..W/16, l in 0..16 {
    if W - 16*b <= 16 && max(0, min(16, W-16*b-1)) <= l { A[y][W-1] = 0 }
  }
}`))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Kernels[0]
	facts, at := poly.KernelFacts(k), k.Body[0]
	for l, ok := at.(*loopir.For); ok; l, ok = at.(*loopir.For) {
		facts, at = facts.Enter(l), l.Body[0]
	}
	facts = facts.Assume(at.(*loopir.If).Cond)
	w := poly.Var("W")
	got, _ := coordinates(poly.Var("y").Mul(w).Add(w).Sub(poly.Int(1)), k.Params[2].Shape, facts)
	if !got[0].Equal(poly.Var("y")) {
		t.Errorf("A[y][W-1] is taken for %s, %s", got[0], got[1])
	}
}
