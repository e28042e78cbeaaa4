package corpus

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/referee"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// TestStrength runs the pairs whose verdict is exact, or only regroups, on symbols: there
// both programs have to compute the same expressions, or the same but for the order of sums
// and products. Expressions tell too much apart where constants were folded, integers
// multiplied out, or data chose; there it is random numbers that have to give the same.
func TestStrength(t *testing.T) {
	cases, err := ReadAll([]string{root}, ArchiveExt, ManifestExt)
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		cases = Shard(cases, 1, 10)
	}
	same, other := 0, 0
	for i := range cases {
		c := &cases[i]
		mode := interp.Exact
		switch c.Want.Verdict {
		case equiv.Exact:
		case equiv.Reassociated:
			mode = interp.Reassociated
		default:
			continue
		}
		pairs, err := c.kernels()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			if sameTerms(p, mode) {
				same++
				continue
			}
			other++
			r, err := referee.New(p.File, p.Before, p.After)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			if d := r.Compare(uint64(i), 40); d != nil && (d.Clear || mode == interp.Exact) {
				t.Errorf("%s: expected to be %v, but %v", c.Name, c.Want, d)
			}
		}
	}
	t.Logf("%d pairs compute the same expressions, %d the same numbers", same, other)
	if same < 10*other {
		t.Error("ten of eleven pairs ought to compute the same expressions")
	}
}

// sameTerms runs a pair on symbols at a few sizes, those that it allows.
func sameTerms(p pipeline.Pair, mode interp.Mode) bool {
	runs := 0
	for n, base := range []int64{1, 1, 3, 3, 5, 5, 17, 17} {
		sizes := map[string]int64{} // in rising order and in falling: where may ask for either
		cells := int64(1)
		for i, q := range p.Before.Params {
			if q.Kind == loopir.SizeParam {
				sizes[q.Name] = base + int64([]int{i % 3, 2 - i%3}[n%2])
				cells *= base + 2
			}
		}
		if cells > 50_000 {
			break
		}
		tab := interp.NewTerms()
		limit := interp.Options{MaxSteps: 30_000}
		x, errX := tab.Run(context.Background(), p.File, p.Before, sizes, limit)
		y, errY := tab.Run(context.Background(), p.File, p.After, sizes, limit)
		if errX != nil || errY != nil {
			continue
		}
		runs++
		for array := range x {
			if _, differ := tab.FirstDifference(x[array], y[array], mode); differ {
				return false
			}
		}
	}
	return runs > 0
}
