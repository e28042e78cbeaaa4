package pipeline

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// Conditions on other sizes are none of an array's packing, unless one ties them to its own.
func TestPackingNeedsWhatIsAboutItsLayout(t *testing.T) {
	f, err := loopir.Parse("a.loop", []byte(`kernel k(N, K, L, M: size, in A: f32[K/16][16] packs [k: K] as [k/16][k%16], out B: f32[N])
  where K % 16 == 0, N % 6 == 0, L == 2*K, L % 8 == 0, M <= N
{
  for n in 0..N { B[n] = 0.0 }
}
`))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Kernels[0]
	concerns := about(k.Params[4], k.Where)
	for i, want := range []bool{true, false, true, true, false} {
		if got := concerns(k.Where[i]); got != want {
			t.Errorf("%s: %v, want %v", loopir.FormatExpr(k.Where[i]), got, want)
		}
	}
}
