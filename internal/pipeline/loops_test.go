package pipeline

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TestPrintoutsParse wants the nest after every step, and the final one, to be .loop text
// by themselves: with the kernels that a step outlined, and the functions that they use.
func TestPrintoutsParse(t *testing.T) {
	const src = `func score(a, b: f32): f32

kernel k(M, N: size, in A: f32[M][N], inout C: f32[M][N]) {
  for i in 0..M, j in 0..N { C[i][j] += score(A[i][j], 2.0) }
}

schedule s for k {
  outline j as row
  block i by 4 into ib, i tail guard
}
`
	f, err := loopir.Parse("k.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	r, err := Transform(context.Background(), f, f.Schedules[0], Options{Equiv: equiv.Options{Pool: pool}})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{r.Loops}
	for _, c := range r.Steps {
		texts = append(texts, c.Nest)
	}
	if len(texts) != 4 {
		t.Fatalf("%d nests, want that of the kernel, two steps and the end", len(texts))
	}
	for _, text := range texts {
		if back, err := loopir.Parse("out.loop", []byte(text)); err != nil || back.Kernel("k") == nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}
