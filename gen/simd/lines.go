package simd

import "github.com/loopopt/loopopt/loopir/poly"

// Pointers into one array that lie on a line, base + c*step with a symbolic
// step and small constants c (the pixels of a tile at a symbolic stride), need
// no register each: a few bases and a few multiples of the step serve all of
// them in the addressing mode base + index*{1,2,4,8}.

// An indexing says how an affine is reached: at + number*scale.
type indexing struct {
	at     *affine
	number *affine
	scale  int64
}

// families gives every pointer's offset as that of the first one of its kind
// plus a difference, which seldom depends on the outer iterators, and puts the
// lines on few bases.
func (l *lowerer) families() {
	all := l.affs
	done := map[*affine]bool{}
	for i, a := range all {
		if a.array == nil || done[a] {
			continue
		}
		family := []*affine{a}
		for _, b := range all[i+1:] {
			if b.array == a.array && !done[b] && a.agrees(b.coeffs) && b.agrees(a.coeffs) {
				b.delta, b.leader = b.base.Sub(a.base), a
				family = append(family, b)
			}
		}
		for _, b := range family {
			done[b] = true
		}
		l.lines(family)
	}
}

// lines covers a family by bases and multiples of one step.
func (l *lowerer) lines(family []*affine) {
	if len(family) < 2 {
		return
	}
	step := family[1].delta
	stepDims := family[1].baseDims.minus(family[0].baseDims)
	left := family
	for len(left) > 0 {
		first := left[0]
		at := map[int64]*affine{}
		var rest []*affine
		for _, a := range left {
			c, ok := multiple(a.base.Sub(first.base), step)
			if ok && at[c] == nil && first.agrees(a.coeffs) {
				at[c] = a
			} else {
				rest = append(rest, a)
			}
		}
		l.cover(at, step, stepDims)
		left = rest
	}
}

const farthest = 64 // largest multiple of a step that is recognized

// multiple gives c with p = c*step.
func multiple(p, step poly.Poly) (int64, bool) {
	for c := int64(-farthest); c <= farthest; c++ {
		if p.Equal(step.Mul(poly.Int(c))) {
			return c, true
		}
	}
	return 0, false
}

// reaches gives the multiple m of the step and the scale by which d steps are
// reached, with one of the first n odd multiples.
func reaches(d int64, n int) (m, scale int64, ok bool) {
	for i := range n {
		m := int64(2*i + 1)
		for _, s := range []int64{1, 2, 4, 8} {
			if m*s == d {
				return m, s, true
			}
		}
	}
	return 0, 0, false
}

// cover chooses, for the members of a line by their multiples, the bases and
// multiples that take the fewest registers, of several choices that with the
// fewest bases, since these are bumped in loops.
func (l *lowerer) cover(at map[int64]*affine, step poly.Poly, stepDims dims) {
	best, bestN := basesFor(at, 0), 0
	for n := 1; n <= 5; n++ {
		if b := basesFor(at, n); len(b)+n <= len(best)+bestN {
			best, bestN = b, n
		}
	}
	numbers := map[int64]*affine{}
	for c := int64(-farthest); c <= farthest; c++ {
		a := at[c]
		if a == nil {
			continue
		}
		for _, b := range best {
			m, scale, ok := reaches(c-b, bestN)
			if !ok || !at[b].agrees(a.coeffs) {
				continue
			}
			if numbers[m] == nil {
				numbers[m] = l.stepNumber(step.Mul(poly.Int(m)), stepDims.times(m), a.array)
			}
			a.by = &indexing{at: at[b], number: numbers[m], scale: scale}
			at[b].learnAll(a)
			break
		}
	}
}

// basesFor takes the smallest member that no base reaches as the next base.
func basesFor(at map[int64]*affine, n int) []int64 {
	var bases []int64
next:
	for c := int64(-farthest); c <= farthest; c++ {
		if at[c] == nil {
			continue
		}
		for _, b := range bases {
			if _, _, ok := reaches(c-b, n); ok {
				continue next
			}
		}
		bases = append(bases, c)
	}
	return bases
}

// stepNumber is a register for an index: a number that no loop moves.
func (l *lowerer) stepNumber(p poly.Poly, index dims, a *array) *affine {
	for _, b := range l.affs {
		if b.index && b.base.Equal(p) {
			return b
		}
	}
	b := &affine{id: len(l.affs), base: p, baseDims: index, index: true, stepOf: a}
	l.affs = append(l.affs, b)
	return b
}

func (a *affine) learnAll(b *affine) { a.learn(b.order, b.coeffs, b.coeffsDims) }
