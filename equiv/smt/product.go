package smt

import (
	"sort"
	"strings"
)

// maxProducts bounds the products of facts that a tableau takes.
const maxProducts = 120

// addProducts adds p*q >= 0 for facts p >= 0 and q >= 0 where the product is about
// monomials that occur anyway: other products have nothing to cancel against.
func (t *tableau) addProducts() {
	facts := t.rows[:len(t.rows):len(t.rows)]
	products := 0
	for i, p := range facts {
		if !t.linear(p) {
			continue
		}
		for k, q := range facts {
			if k < i && t.linear(q) {
				continue // was q times p
			}
			if r, ok := t.product(p, q); ok {
				t.add(r)
				if products++; products >= maxProducts {
					return
				}
			}
		}
	}
}

func (t *tableau) linear(r row) bool {
	for j, c := range r.c {
		if c != 0 && len(t.columns[j].atoms) > 1 {
			return false
		}
	}
	return true
}

// product multiplies two rows if all monomials of the result have a column.
func (t *tableau) product(p, q row) (row, bool) {
	r := row{c: make([]int64, len(t.columns))}
	fits := true
	add := func(j int, a, b int64) {
		v := &r.k
		if j >= 0 {
			v = &r.c[j]
		}
		ab, ok := times(a, b)
		*v, fits = plus(*v, ab, ok && fits)
	}
	add(-1, p.k, q.k)
	for i, a := range p.c {
		if a == 0 {
			continue
		}
		add(i, a, q.k)
		for j, b := range q.c {
			if b == 0 {
				continue
			}
			k, found := t.columnOfProduct(i, j)
			if !found {
				return row{}, false
			}
			add(k, a, b)
		}
	}
	for j, b := range q.c {
		add(j, b, p.k)
	}
	return r, fits
}

// columnOfProduct finds the column of the product of two columns.
func (t *tableau) columnOfProduct(i, j int) (int, bool) {
	a, b := t.columns[i].atoms, t.columns[j].atoms
	keys := make([]string, 0, len(a)+len(b))
	for _, x := range a {
		keys = append(keys, x.key)
	}
	for _, x := range b {
		keys = append(keys, x.key)
	}
	sort.Strings(keys)
	k, ok := t.index[strings.Join(keys, " ")]
	return k, ok
}
