package looprand

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// Partials makes two kernels that combine the same numbers: by partial results, partial
// results of those and so on, each to a depth of its own, or directly. Iterators of different
// depths share names.
func Partials(seed uint64) (before, after *loopir.Kernel) {
	r := rand.New(rand.NewPCG(seed, 4))
	ops := [][2]string{{"+=", "0"}, {"*=", "1"}, {"max=", "-inf"}, {"min=", "inf"}}
	op := ops[r.IntN(len(ops))]
	term := []string{"X[%s]", "X[%s] * Y[%[1]s]"}[r.IntN(2)]
	block := []int{4, 6, 8, 12, 24}[r.IntN(5)]
	kernel := func() *loopir.Kernel {
		text := partials(r, op[0], op[1], term, block)
		f, err := loopir.Parse("partials.loop", []byte(text))
		if err != nil {
			panic(fmt.Sprintf("looprand: seed %d: %v\n%s", seed, err, text))
		}
		return f.Kernels[0]
	}
	return kernel(), kernel()
}

// partials writes one of the kernels. The first partial results are block many, and those of
// each depth a half, a third or a quarter of those before.
func partials(r *rand.Rand, op, neutral, term string, block int) string {
	var b strings.Builder
	b.WriteString("kernel k(K: size, in X: f32[K], in Y: f32[K], out M: f32[1]) {\n")
	fmt.Fprintf(&b, "var m: f32 = %s\n", neutral)
	inner := func() (string, string) {
		names := r.Perm(len(iterNames))
		return iterNames[names[0]], iterNames[names[1]]
	}
	blocked := func(into, x, y string) {
		at := fmt.Sprintf("%d*%s+%s", block, x, y)
		fmt.Fprintf(&b, "for %s in 0..(K+%d)/%d, %s in 0..%d { if %s < K { %s %s %s } }\n", x, block-1, block, y, block, at, into, op, fmt.Sprintf(term, at))
	}
	var what string // the partial results of the depth before
	count := block
	for d := range r.IntN(4) {
		into := fmt.Sprintf("s%d", d)
		x, y := inner()
		by := 1
		if d > 0 {
			if by = 2 + r.IntN(3); count%by != 0 || count == by {
				break
			}
		}
		count /= by
		fmt.Fprintf(&b, "var %s: f32[%d]\nfor %s in 0..%d { %s[%s] = %s }\n", into, count, y, count, into, y, neutral)
		if d == 0 {
			blocked(fmt.Sprintf("%s[%s]", into, y), x, y)
		} else {
			at := []string{fmt.Sprintf("%d*%s+%s", count, x, y), fmt.Sprintf("%d*%s+%s", by, y, x)}[r.IntN(2)]
			loops := []string{fmt.Sprintf("%s in 0..%d", x, by), fmt.Sprintf("%s in 0..%d", y, count)}
			first := r.IntN(2)
			fmt.Fprintf(&b, "for %s, %s { %s[%s] %s %s[%s] }\n", loops[first], loops[1-first], into, y, op, what, at)
		}
		what = into
	}
	x, y := inner()
	switch {
	case what != "":
		fmt.Fprintf(&b, "for %s in 0..%d { m %s %s[%s] }\n", x, count, op, what, x)
	case r.IntN(2) == 0:
		blocked("m", x, y)
	default:
		fmt.Fprintf(&b, "for %s in 0..K { m %s %s }\n", x, op, fmt.Sprintf(term, x))
	}
	b.WriteString("M[0] = m\n}\n")
	return b.String()
}
