package smt

import "encoding/binary"

// A tableau holds facts sum(c*m) + k >= 0 over monomials m, each a column. Numbers stay
// below limit; facts that would need larger ones are dropped, which is always allowed.
type tableau struct {
	columns  []column
	index    map[string]int // by monomial key
	rows     []row
	facts    map[string]int // row by its coefficients
	wide     []poly         // facts of larger numbers, compared with the bounds only
	work     *int           // left for adding up rows, in rows
	conflict bool           // a contradiction was found
}

// A column is a monomial with what is known of its value.
type column struct {
	atoms  []*atom
	lo, hi bound
}

// A bound is a number, or none.
type bound struct {
	v  int64
	ok bool
}

// A row is the fact c.columns + k >= 0. Coefficients beyond the end are zero.
type row struct {
	c []int64
	k int64
}

const (
	limit   = 1 << 62 // of numbers
	maxRows = 400     // of a tableau under elimination
)

// newTableau takes the comparisons among literals.
func newTableau(literals []*Term, work *int) *tableau {
	t := &tableau{index: map[string]int{}, facts: map[string]int{}, work: work}
	for _, l := range literals {
		switch l.op {
		case opGe:
			t.addPoly(l.poly)
		case opEq:
			t.addPoly(l.poly)
			t.addPoly(l.poly.scale(minusOne))
		}
	}
	return t
}

// rowOf gives p over the columns, adding those that are missing.
func (t *tableau) rowOf(p poly) (row, bool) {
	var r row
	for _, m := range p {
		if m.coef.BitLen() > 61 {
			return row{}, false
		}
		c := m.coef.Int64()
		if m.key == "" {
			r.k = c
			continue
		}
		j, ok := t.index[m.key]
		if !ok {
			j = len(t.columns)
			t.index[m.key] = j
			t.columns = append(t.columns, column{atoms: m.atoms})
		}
		for len(r.c) <= j {
			r.c = append(r.c, 0)
		}
		r.c[j] = c
	}
	return r, true
}

func (t *tableau) addPoly(p poly) {
	if r, ok := t.rowOf(p); ok {
		t.add(r)
	} else {
		t.wide = append(t.wide, p)
	}
}

// add keeps r, divided by the common divisor of its coefficients with the constant rounded
// down, unless a stronger fact of the same coefficients is there.
func (t *tableau) add(r row) {
	var g int64
	for _, c := range r.c {
		g = gcd(g, c)
	}
	if g == 0 {
		t.conflict = t.conflict || r.k < 0
		return
	}
	if g > 1 {
		for j := range r.c {
			r.c[j] /= g
		}
		r.k = floorQuo(r.k, g)
	}
	for len(r.c) > 0 && r.c[len(r.c)-1] == 0 {
		r.c = r.c[:len(r.c)-1]
	}
	for _, c := range r.c {
		if c >= limit || c <= -limit {
			return
		}
	}
	if r.k >= limit || r.k <= -limit {
		return
	}
	var buf [256]byte
	key := rowKey(buf[:0], r.c)
	if i, ok := t.facts[string(key)]; ok {
		t.rows[i].k = min(t.rows[i].k, r.k)
		return
	}
	t.facts[string(key)] = len(t.rows)
	t.rows = append(t.rows, r)
}

func rowKey(key []byte, cs []int64) []byte {
	for _, c := range cs {
		key = binary.LittleEndian.AppendUint64(key, uint64(c))
	}
	return key
}

func gcd(a, b int64) int64 {
	if b < 0 {
		b = -b
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// floorQuo gives floor(a / b) for b > 0.
func floorQuo(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
