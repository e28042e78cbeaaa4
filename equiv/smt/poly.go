package smt

import (
	"math/big"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/internal/integer"
)

// An atom is what a polynomial treats as indivisible: a variable, a quotient, a
// conditional, or a product that would be too large to multiply out.
type atom struct {
	kind  atomKind
	name  string  // atomVar
	cond  *Term   // atomIte
	parts []*Term // atomIte: then, else; atomDiv: dividend, divisor; atomProduct: two factors
	key   string  // SMT-LIB text; equal keys mean equal atoms
}

type atomKind uint8

const (
	atomVar atomKind = iota
	atomDiv
	atomIte
	atomProduct
)

// A mono is coef * product of atoms.
type mono struct {
	coef  *big.Int // never zero, never changed
	atoms []*atom  // sorted by key, repeated for powers
	key   string   // the atoms' keys joined; empty for the constant
}

// A poly is a sum of monomials with distinct keys, sorted by key: the constant comes first.
type poly []mono

// maxTerms bounds the monomials that a multiplication may produce. Beyond it the product is
// kept as an opaque atom: still sound, only less recognisable.
const maxTerms = 1024

var (
	one      = big.NewInt(1)
	minusOne = big.NewInt(-1)
)

func constPoly(v *big.Int) poly {
	if v.Sign() == 0 {
		return nil
	}
	return poly{{coef: v}}
}

func atomPoly(a *atom) poly {
	return poly{{coef: one, atoms: []*atom{a}, key: a.key}}
}

// isConst reports the value of a constant polynomial.
func (p poly) isConst() (*big.Int, bool) {
	switch {
	case len(p) == 0:
		return new(big.Int), true
	case len(p) == 1 && p[0].key == "":
		return p[0].coef, true
	}
	return nil, false
}

// split gives the constant part of p and the rest.
func (p poly) split() (*big.Int, poly) {
	if len(p) > 0 && p[0].key == "" {
		return p[0].coef, p[1:]
	}
	return new(big.Int), p
}

// add gives p + q by merging the sorted sums.
func (p poly) add(q poly) poly {
	switch {
	case len(p) == 0:
		return q
	case len(q) == 0:
		return p
	}
	out := make(poly, 0, len(p)+len(q))
	for len(p) > 0 && len(q) > 0 {
		switch {
		case p[0].key < q[0].key:
			out, p = append(out, p[0]), p[1:]
		case p[0].key > q[0].key:
			out, q = append(out, q[0]), q[1:]
		default:
			if c := integer.Add(p[0].coef, q[0].coef); c.Sign() != 0 {
				out = append(out, mono{c, p[0].atoms, p[0].key})
			}
			p, q = p[1:], q[1:]
		}
	}
	return append(append(out, p...), q...)
}

func (p poly) scale(c *big.Int) poly {
	switch {
	case c.Sign() == 0:
		return nil
	case c.Cmp(one) == 0:
		return p
	}
	out := make(poly, len(p))
	for i, m := range p {
		out[i] = mono{integer.Mul(m.coef, c), m.atoms, m.key}
	}
	return out
}

func (p poly) sub(q poly) poly { return p.add(q.scale(minusOne)) }

// mul gives p * q; the caller bounds the size.
func (p poly) mul(q poly) poly {
	if c, ok := p.isConst(); ok {
		return q.scale(c)
	}
	if c, ok := q.isConst(); ok {
		return p.scale(c)
	}
	all := make(poly, 0, len(p)*len(q))
	for _, a := range p {
		for _, b := range q {
			all = append(all, a.mul(b))
		}
	}
	return collect(all)
}

func (m mono) mul(n mono) mono {
	coef := integer.Mul(m.coef, n.coef)
	switch {
	case len(m.atoms) == 0:
		return mono{coef, n.atoms, n.key}
	case len(n.atoms) == 0:
		return mono{coef, m.atoms, m.key}
	}
	atoms, a, b := make([]*atom, 0, len(m.atoms)+len(n.atoms)), m.atoms, n.atoms
	for len(a) > 0 && len(b) > 0 {
		if a[0].key <= b[0].key {
			atoms, a = append(atoms, a[0]), a[1:]
		} else {
			atoms, b = append(atoms, b[0]), b[1:]
		}
	}
	atoms = append(append(atoms, a...), b...)
	return mono{coef, atoms, monoKey(atoms)}
}

func monoKey(atoms []*atom) string {
	if len(atoms) == 1 {
		return atoms[0].key
	}
	n := len(atoms)
	for _, a := range atoms {
		n += len(a.key)
	}
	var b strings.Builder
	b.Grow(n)
	for i, a := range atoms {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.key)
	}
	return b.String()
}

// collect sorts monomials and adds up those with equal keys.
func collect(all poly) poly {
	slices.SortStableFunc(all, func(a, b mono) int { return strings.Compare(a.key, b.key) })
	out := make(poly, 0, len(all))
	for _, m := range all {
		if n := len(out); n > 0 && out[n-1].key == m.key {
			sum := integer.Add(out[n-1].coef, m.coef)
			if sum.Sign() == 0 {
				out = out[:n-1]
			} else {
				out[n-1] = mono{sum, m.atoms, m.key}
			}
			continue
		}
		out = append(out, m)
	}
	return out
}

// content gives the greatest common divisor of the coefficients, zero for none.
func (p poly) content() *big.Int {
	g := integer.Of(0)
	for _, m := range p {
		if g = integer.GCD(g, m.coef); g.Cmp(one) == 0 {
			break
		}
	}
	return g
}

// quo divides every coefficient by d, which divides them all.
func (p poly) quo(d *big.Int) poly {
	out := make(poly, len(p))
	for i, m := range p {
		out[i] = mono{new(big.Int).Quo(m.coef, d), m.atoms, m.key}
	}
	return out
}

// floorDiv gives floor(a / d) for d > 0.
func floorDiv(a, d *big.Int) *big.Int {
	// Div is Euclidean, which for a positive divisor is the floor.
	return new(big.Int).Div(a, d)
}
