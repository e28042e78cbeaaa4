package equiv

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/looprand"
	"github.com/loopopt/loopopt/loopir"
)

// TestItself proves random kernels equal to themselves.
func TestItself(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		k := looprand.Kernel(uint64(seed))
		f := &loopir.File{Kernels: []*loopir.Kernel{k}}
		res, err := Check(context.Background(), f, k, k, Options{Pool: pool, always: true})
		if err != nil {
			t.Fatal(err)
		}
		if res.Outcome != Proved || res.Verdict != Exact {
			t.Errorf("seed %d: %v %v %v\n%s", seed, res.Outcome, res.Verdict, res.Failures, loopir.FormatKernel(k))
		}
	}
	t.Log(pool.Stats())
}

// convText is a convolution as one would write it down.
const convText = `
kernel conv(N, K, C, P, Q, R, S, stride: size,
            in    I: f32[N][C][stride*(P-1)+R][stride*(Q-1)+S],
            in    W: f32[K][C][R][S],
            inout O: f32[N][K][P][Q])
  where stride >= 1, P >= 1, Q >= 1
{
  for n in 0..N, k in 0..K, c in 0..C {
    for oj in 0..P, oi in 0..Q {
      let ij = stride*oj
      let ii = stride*oi
      for r in 0..R, s in 0..S {
        O[n][k][oj][oi] += I[n][c][ij+r][ii+s] * W[k][c][r][s]
      }
    }
  }
}
`
