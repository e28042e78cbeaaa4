package smt

import (
	"math/bits"
	"slices"
)

// consistent looks for a contradiction by adding up facts (Fourier and Motzkin). True means
// that none was found. Columns that no product mentions go first, so that products are made
// of what the facts say about the others.
func (t *tableau) consistent() bool {
	t.addBounds()
	if factors := t.factors(); len(factors) > 0 {
		all := slices.Clone(t.rows)
		t.eliminateAll(func(j int) bool { return len(t.columns[j].atoms) == 1 && !factors[t.columns[j].atoms[0].key] })
		if !t.conflict {
			for _, r := range all {
				t.add(r)
			}
		}
		t.addProducts()
	}
	t.eliminateAll(func(int) bool { return true })
	return !t.conflict
}

// factors are the keys of the atoms in products.
func (t *tableau) factors() map[string]bool {
	out := map[string]bool{}
	for _, c := range t.columns {
		if len(c.atoms) > 1 {
			for _, a := range c.atoms {
				out[a.key] = true
			}
		}
	}
	return out
}

func (t *tableau) eliminateAll(which func(int) bool) {
	for !t.conflict {
		j := t.cheapest(which)
		if j < 0 || !t.eliminate(j) {
			break
		}
	}
}

// cheapest gives, of some columns, the one whose elimination adds the fewest rows, -1 for
// none.
func (t *tableau) cheapest(which func(int) bool) int {
	best, cost := -1, 0
	for j := range t.columns {
		if !which(j) {
			continue
		}
		pos, neg := 0, 0
		for _, r := range t.rows {
			if j < len(r.c) && r.c[j] > 0 {
				pos++
			} else if j < len(r.c) && r.c[j] < 0 {
				neg++
			}
		}
		if d := pos*neg - pos - neg; pos+neg > 0 && (best < 0 || d < cost) {
			best, cost = j, d
		}
	}
	return best
}

// eliminate replaces the rows with column j by those of their sums that are free of it;
// false means that this would be too much work.
func (t *tableau) eliminate(j int) bool {
	var free, pos, neg []row
	for _, r := range t.rows {
		switch {
		case j >= len(r.c) || r.c[j] == 0:
			free = append(free, r)
		case r.c[j] > 0:
			pos = append(pos, r)
		default:
			neg = append(neg, r)
		}
	}
	rows := len(free) + len(pos)*len(neg)
	if *t.work -= rows; rows > maxRows || *t.work < 0 {
		return false
	}
	t.rows, t.facts = nil, map[string]int{}
	for _, r := range free {
		t.add(r)
	}
	for _, p := range pos {
		for _, n := range neg {
			if r, ok := combine(p, -n.c[j], n, p.c[j]); ok {
				t.add(r)
			}
		}
	}
	return true
}

// combine gives a*p + b*q for a, b > 0 unless its numbers are too large.
func combine(p row, a int64, q row, b int64) (row, bool) {
	g := gcd(a, b)
	a, b = a/g, b/g
	r := row{c: make([]int64, max(len(p.c), len(q.c)))}
	v, ok := times(a, p.k)
	w, ok2 := times(b, q.k)
	r.k, ok = plus(v, w, ok && ok2)
	for j := range r.c {
		v, w = 0, 0
		if j < len(p.c) {
			v, ok2 = times(a, p.c[j])
			ok = ok && ok2
		}
		if j < len(q.c) {
			w, ok2 = times(b, q.c[j])
			ok = ok && ok2
		}
		r.c[j], ok = plus(v, w, ok)
	}
	return r, ok
}

// times multiplies; false means that the product is not below limit.
func times(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	return a * b, hi == 0 && lo < limit
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

// plus adds numbers below limit, where that is so; false means that the sum is not.
func plus(a, b int64, ok bool) (int64, bool) {
	sum := a + b
	return sum, ok && sum < limit && sum > -limit
}
