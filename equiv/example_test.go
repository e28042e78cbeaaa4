package equiv_test

import (
	"context"
	"fmt"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// Two kernels of one file are compared for all sizes, and one that is wrong is
// refuted by the smallest run that differs.
func ExampleCheck() {
	f, err := loopir.Parse("sums.loop", []byte(`
kernel rows(M, N: size, in A: f32[M][N], inout S: f32[M]) {
  for i in 0..M, j in 0..N { S[i] += A[i][j] }
}
kernel columns(M, N: size, in A: f32[M][N], inout S: f32[M]) {
  for j in 0..N, i in 0..M { S[i] += A[i][j] }
}
kernel short(M, N: size, in A: f32[M][N], inout S: f32[M]) {
  for j in 1..N, i in 0..M { S[i] += A[i][j] }
}
`))
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"columns", "short"} {
		res, err := equiv.Check(context.Background(), f, f.Kernel("rows"), f.Kernel(name), equiv.Options{})
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %v %v%v\n", name, res.Outcome, res.Verdict, res.Counterexample)
	}
	// Output:
	// columns: proved exact
	// short: refuted M=1 N=1 S[0]: 3 before, 2 after; the update at (i=0, j=0) is missing
}
