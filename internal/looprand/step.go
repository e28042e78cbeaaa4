package looprand

import (
	"fmt"
	"math/rand/v2"

	"github.com/loopopt/loopopt/loopir"
)

// Step writes a step for something that k has. Many don't fit; the caller
// tries again.
func Step(rng *rand.Rand, k *loopir.Kernel) string {
	var loops, labels, locals, arrays []string
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.For:
			loops = append(loops, s.Iter)
		case *loopir.Assign:
			if s.Label != "" {
				labels = append(labels, s.Label)
			}
		case *loopir.Local:
			locals = append(locals, s.Name)
		}
		return true
	})
	for _, p := range k.Params {
		if p.Kind == loopir.ArrayParam {
			arrays = append(arrays, p.Name)
		}
	}
	pick := func(list []string) string {
		if len(list) == 0 {
			return "none"
		}
		return list[rng.IntN(len(list))]
	}
	n, l, m := 1+rng.IntN(4), pick(loops), pick(loops)
	fresh := fmt.Sprintf("z%d", rng.IntN(1000))
	ways := []string{
		fmt.Sprintf("block %s by %d into %so, %si tail %s", l, 1+n, fresh, fresh, pick([]string{"guard", "min", "mask", "peel", "exact"})),
		fmt.Sprintf("reorder %s, %s", l, m),
		fmt.Sprintf("fuse %s, %s", l, m),
		fmt.Sprintf("fission %s after %s", l, pick(labels)),
		fmt.Sprintf("peel %s %s %d", l, pick([]string{"first", "last"}), n),
		fmt.Sprintf("split %s at %s", l, pick([]string{"1", "2", "M", "N-1", "N/2"})),
		fmt.Sprintf("shift %s by %s into %s", l, pick([]string{"1", "-2", "N", "M-1"}), fresh),
		fmt.Sprintf("skew %s by %s into %s", l, m, fresh),
		fmt.Sprintf("reverse %s", l),
		fmt.Sprintf("unroll %s by %d into %so, %si", l, 1+n, fresh, fresh),
		fmt.Sprintf("unroll_and_jam %s by %d into %so, %si", l, 1+n, fresh, fresh),
		fmt.Sprintf("unswitch %s", l),
		fmt.Sprintf("specialize %s on %s", l, pick([]string{"N == 4", "M >= 2", "N%2 == 0", "N > M"})),
		fmt.Sprintf("stage %s in stack at %s as %s", pick(arrays), l, fresh),
		fmt.Sprintf("stage %s in heap around %s as %s", pick(arrays), l, fresh),
		fmt.Sprintf("expand %s by %s", pick(locals), l),
		fmt.Sprintf("shrink %s at %s", pick(locals), l),
		fmt.Sprintf("inline %s", pick(locals)),
		fmt.Sprintf("hoist %s out of %s", pick(append(labels, locals...)), l),
		fmt.Sprintf("sink %s into %s", pick(append(labels, locals...)), l),
		fmt.Sprintf("rfactor %s over %s into %s", pick(labels), l, fresh),
		fmt.Sprintf("parallel %s", l),
		fmt.Sprintf("vectorize %s", l),
		fmt.Sprintf("layout %s[a] as [a/%d][a%%%d]", pick(arrays), 1+n, 1+n),
		fmt.Sprintf("layout %s[a][b] as [b][a]", pick(arrays)),
		"contract",
		"simplify",
	}
	return pick(ways)
}
