package equiv

import "github.com/loopopt/loopopt/loopir"

// sampleSizes yields sizes to run at: small ones, all different so that a map
// tells them apart, then one of them beyond the constants of the kernels, and all where
// they are few. Where a run gets too long the other sizes are taken smaller, as small
// as may be in the end.
func sampleSizes(before, after *loopir.Kernel, yield func(sizes map[string]int64, least bool) (ran, more bool)) {
	s := newSizeSearch(before, after)
	seen := map[string]bool{}
	scale := 0 // larger sizes are known to run too long
	emit := func(picks ...func(i int) int64) bool {
		for n, pick := range picks {
			if n < scale {
				continue
			}
			env, tries := map[string]int64{}, nearTries
			if !s.near(0, pick, env, &tries) || seen[vectorKey(s.names, env)] {
				continue
			}
			seen[vectorKey(s.names, env)] = true
			if ran, more := yield(env, n == len(picks)-1); ran || !more {
				return more
			}
			scale = min(n+1, len(picks)-1)
		}
		return true
	}
	one, two := func(int) int64 { return 1 }, func(int) int64 { return 2 }
	for _, base := range []int64{4, 5} {
		mixed := func(i int) int64 { return base - 1 + int64(i*i)%3 }
		if !emit(func(i int) int64 { return base + int64(i) }, mixed, two, one) ||
			!emit(func(i int) int64 { return base + 1 + int64(len(s.names)-i) }, mixed, two, one) {
			return
		}
	}
	big := int64(leastLarge)
	for _, c := range indexLiterals([]*loopir.Kernel{before, after}) {
		if c <= largestSampled {
			big = max(big, c)
		}
	}
	for less, n := range []int64{2*big + 3, big + 3} {
		for at := range s.names {
			large := func(other func(int) int64) func(int) int64 {
				return func(i int) int64 {
					if i == at {
						return n
					}
					return other(i)
				}
			}
			if !emit(large(func(i int) int64 { return int64(4 - less + i%3) }), large(func(i int) int64 { return 3 + int64(i)%2 }), large(two), large(one)) {
				return
			}
		}
	}
	if len(s.names) <= fewSizes { // arrays of more would be large
		emit(func(i int) int64 { return big + 3 + int64(i) })
	}
}

// fewSizes is how many sizes are tried beyond the constants all at once.
const fewSizes = 2

// leastLarge is a number beyond which one size is tried at a time, whatever the
// constants: where sizes are near each other, loops over their difference are short.
const leastLarge = 4

// largestSampled is the largest constant beyond which sizes are tried.
const largestSampled = 70

// near gives sizes from the i-th on values next to those of pick.
func (s *sizeSearch) near(i int, pick func(int) int64, env map[string]int64, tries *int) bool {
	if i == len(s.names) {
		return true
	}
	if s.derived[s.names[i]] != nil {
		return s.set(i, nil, env) && s.near(i+1, pick, env, tries)
	}
	want := pick(i)
	for d := range int64(nearest) {
		for _, v := range []int64{want + d, want - d} {
			if *tries--; *tries < 0 {
				return false
			}
			if v > 0 && s.set(i, &v, env) && s.near(i+1, pick, env, tries) {
				return true
			}
		}
	}
	return false
}

// nearest bounds how far from a wanted value a size is sought, nearTries how many
// values of all sizes are tried.
const (
	nearest   = 17
	nearTries = 5000
)
