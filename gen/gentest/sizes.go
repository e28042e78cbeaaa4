package gentest

import (
	"math/rand/v2"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// candidates are the sizes to draw from: empty, odd, and around the block sizes
// that schedules use.
var candidates = []int64{0, 1, 1, 2, 2, 3, 3, 5, 7, 13, 14, 15, 16, 17, 29, 32, 33, 48, 64}

// randomSizes draws sizes that satisfy k's where clause, small ones more often.
func randomSizes(rng *rand.Rand, k *loopir.Kernel) (map[string]int64, bool) {
	sizes := map[string]int64{}
	var names []string
	for _, p := range k.Params {
		if p.Kind == loopir.SizeParam {
			names = append(names, p.Name)
			sizes[p.Name] = draw(rng)
		}
	}
	for range 400 {
		broken := violated(k, sizes)
		if broken == nil {
			return sizes, true
		}
		for _, n := range names {
			if loopir.UsesVar(broken, n) {
				sizes[n] = draw(rng)
			}
		}
	}
	return nil, false
}

func draw(rng *rand.Rand) int64 {
	n := len(candidates)
	if rng.IntN(2) == 0 {
		n = 9
	}
	return candidates[rng.IntN(n)]
}

// violated returns a condition that the sizes break, nil for none.
func violated(k *loopir.Kernel, sizes map[string]int64) loopir.Expr {
	i := slices.IndexFunc(k.Where, func(w loopir.Expr) bool {
		ok, err := interp.EvalCond(w, sizes)
		return err != nil || !ok
	})
	if i < 0 {
		return nil
	}
	return k.Where[i]
}
