package smt

import "math/big"

// bound derives bounds of columns from the rows, a few times over; false means that a
// contradiction was found.
func (t *tableau) bound() bool {
	for range 4 {
		changed := false
		for _, r := range t.rows {
			for j := range r.c {
				if r.c[j] != 0 && t.tighten(r, j) {
					changed = true
				}
			}
		}
		for j := range t.columns {
			if len(t.columns[j].atoms) > 1 {
				t.multiplyBounds(j)
			}
			c := t.columns[j]
			if c.lo.ok && c.hi.ok && c.lo.v > c.hi.v {
				t.conflict = true
			}
		}
		if t.conflict || !changed {
			break
		}
	}
	for _, p := range t.wide {
		t.conflict = t.conflict || t.negative(p)
	}
	return !t.conflict
}

// tighten solves r for column j: c*x >= -k - (the most that the other columns can be).
func (t *tableau) tighten(r row, j int) bool {
	most := t.most(r, j)
	if !most.ok {
		return false
	}
	col, c := &t.columns[j], r.c[j]
	if c > 0 { // x >= ceil(-most / c)
		return col.lo.raise(-floorQuo(most.v, c))
	}
	return col.hi.lower(floorQuo(most.v, -c)) // x <= floor(most / -c)
}

func (b *bound) raise(v int64) bool {
	if b.ok && b.v >= v || v >= limit || v <= -limit {
		return false
	}
	*b = bound{v, true}
	return true
}

func (b *bound) lower(v int64) bool {
	if b.ok && b.v <= v || v >= limit || v <= -limit {
		return false
	}
	*b = bound{v, true}
	return true
}

// most gives the greatest value of r without column skip.
func (t *tableau) most(r row, skip int) bound {
	sum := r.k
	for j, c := range r.c {
		if c == 0 || j == skip {
			continue
		}
		b := t.columns[j].hi
		if c < 0 {
			b = t.columns[j].lo
		}
		if !b.ok {
			return bound{}
		}
		term, ok := times(c, b.v)
		if sum, ok = plus(sum, term, ok); !ok {
			return bound{}
		}
	}
	return bound{sum, true}
}

// multiplyBounds bounds a square, or a product of non-negative factors.
func (t *tableau) multiplyBounds(j int) {
	lo, hi := t.productBounds(t.columns[j].atoms)
	if lo != nil && lo.IsInt64() {
		t.columns[j].lo.raise(lo.Int64())
	}
	if hi != nil && hi.IsInt64() {
		t.columns[j].hi.lower(hi.Int64())
	}
}

// productBounds bounds a product by its factors' bounds, nil standing for none.
func (t *tableau) productBounds(atoms []*atom) (lo, hi *big.Int) {
	if len(atoms) == 2 && atoms[0].key == atoms[1].key {
		lo = new(big.Int)
	}
	low, high := big.NewInt(1), big.NewInt(1)
	for _, a := range atoms {
		j, ok := t.index[a.key]
		if !ok {
			return lo, nil
		}
		f := t.columns[j]
		if len(atoms) > 1 && (!f.lo.ok || f.lo.v < 0) {
			return lo, nil
		}
		low = scaleBound(low, f.lo)
		high = scaleBound(high, f.hi)
	}
	for _, c := range t.columns {
		if w := t.factorBound(c, atoms); w != nil && (high == nil || w.Cmp(high) < 0) {
			high = w
		}
	}
	return low, high
}

// factorBound bounds a product of non-negative factors by a larger one, c, whose other
// factors are at least 1; nil if it is none.
func (t *tableau) factorBound(c column, atoms []*atom) *big.Int {
	if !c.hi.ok || len(c.atoms) <= len(atoms) {
		return nil
	}
	high := big.NewInt(c.hi.v)
	for _, a := range c.atoms { // both are sorted by key
		if len(atoms) > 0 && atoms[0].key == a.key {
			atoms = atoms[1:]
			continue
		}
		j, ok := t.index[a.key]
		if !ok || !t.columns[j].lo.ok || t.columns[j].lo.v < 1 {
			return nil
		}
		high.Div(high, big.NewInt(t.columns[j].lo.v))
	}
	if len(atoms) > 0 {
		return nil
	}
	return high
}

func scaleBound(v *big.Int, b bound) *big.Int {
	if v == nil || !b.ok {
		return nil
	}
	return new(big.Int).Mul(v, big.NewInt(b.v))
}

// excludes reports that the bounds leave no room for f.
func (t *tableau) excludes(f *Term) bool {
	switch f.op {
	case opAnd:
		for _, a := range f.args {
			if t.excludes(a) {
				return true
			}
		}
	case opGe:
		return t.negative(f.poly)
	case opEq:
		return t.negative(f.poly) || t.negative(f.poly.scale(minusOne))
	}
	return false
}

// negative reports that p < 0 by the bounds, in numbers of any size.
func (t *tableau) negative(p poly) bool {
	most := new(big.Int)
	for _, m := range p {
		if m.key == "" {
			most.Add(most, m.coef)
			continue
		}
		lo, hi := t.productBounds(m.atoms)
		if j, ok := t.index[m.key]; ok { // may know better
			lo, hi = closer(lo, t.columns[j].lo, 1), closer(hi, t.columns[j].hi, -1)
		}
		if m.coef.Sign() < 0 {
			hi = lo
		}
		if hi == nil {
			return false
		}
		most.Add(most, new(big.Int).Mul(m.coef, hi))
	}
	return most.Sign() < 0
}

// closer gives the larger of two lower bounds (sign 1) or the smaller of two upper (-1).
func closer(v *big.Int, b bound, sign int) *big.Int {
	if !b.ok {
		return v
	}
	w := big.NewInt(b.v)
	if v == nil || w.Cmp(v) == sign {
		return w
	}
	return v
}

// addBounds makes rows of the bounds.
func (t *tableau) addBounds() {
	for j, c := range t.columns {
		if c.lo.ok {
			r := row{make([]int64, j+1), -c.lo.v}
			r.c[j] = 1
			t.add(r)
		}
		if c.hi.ok {
			r := row{make([]int64, j+1), c.hi.v}
			r.c[j] = -1
			t.add(r)
		}
	}
}
