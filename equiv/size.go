package equiv

import (
	"math/big"
	"slices"
	"strings"
)

// A Size is a polynomial in sizes with rational coefficients, such as
// C*R*S + 1. It is immutable; the zero Size is 0.
type Size struct{ terms map[string]*big.Rat } // by product of names, "" for 1

func constSize(v *big.Rat) Size { return Size{map[string]*big.Rat{"": v}}.clean() }

func intSize(v int64) Size { return constSize(big.NewRat(v, 1)) }

func (s Size) clean() Size {
	for k, c := range s.terms {
		if c.Sign() == 0 {
			delete(s.terms, k)
		}
	}
	return s
}

// merge combines coefficients one by one.
func (s Size) merge(t Size, f func(a, b *big.Rat) *big.Rat) Size {
	out := Size{map[string]*big.Rat{}}
	zero := new(big.Rat)
	at := func(m map[string]*big.Rat, k string) *big.Rat {
		if c := m[k]; c != nil {
			return c
		}
		return zero
	}
	for _, m := range []map[string]*big.Rat{s.terms, t.terms} {
		for k := range m {
			out.terms[k] = f(at(s.terms, k), at(t.terms, k))
		}
	}
	return out.clean()
}

func (s Size) add(t Size) Size {
	return s.merge(t, func(a, b *big.Rat) *big.Rat { return new(big.Rat).Add(a, b) })
}

func (s Size) sub(t Size) Size { return s.add(t.scale(big.NewRat(-1, 1))) }

// join is at least both, sizes being at least 0.
func (s Size) join(t Size) Size { return s.merge(t, greater) }

// meet is at most both.
func (s Size) meet(t Size) Size {
	return s.merge(t, func(a, b *big.Rat) *big.Rat {
		if a.Cmp(b) < 0 {
			return a
		}
		return b
	})
}

func greater(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// positive leaves out negative terms, and so is at least s and at least 0.
func (s Size) positive() Size { return s.join(Size{}) }

func (s Size) scale(c *big.Rat) Size {
	out := Size{map[string]*big.Rat{}}
	for k, v := range s.terms {
		out.terms[k] = new(big.Rat).Mul(v, c)
	}
	return out.clean()
}

func (s Size) mul(t Size) Size {
	out := Size{map[string]*big.Rat{}}
	for j, a := range s.terms {
		for k, b := range t.terms {
			names := slices.DeleteFunc(append(strings.Split(j, "*"), strings.Split(k, "*")...), func(n string) bool { return n == "" })
			slices.Sort(names)
			key := strings.Join(names, "*")
			c := new(big.Rat).Mul(a, b)
			if old := out.terms[key]; old != nil {
				c.Add(c, old)
			}
			out.terms[key] = c
		}
	}
	return out.clean()
}

// nonNegative tells whether no coefficient is negative.
func (s Size) nonNegative() bool {
	for _, c := range s.terms {
		if c.Sign() < 0 {
			return false
		}
	}
	return true
}

func (s Size) constant() (*big.Rat, bool) {
	switch {
	case len(s.terms) == 0:
		return new(big.Rat), true
	case len(s.terms) == 1 && s.terms[""] != nil:
		return s.terms[""], true
	}
	return nil, false
}

func (s Size) degree() int {
	d := 0
	for k := range s.terms {
		if k != "" {
			d = max(d, 1+strings.Count(k, "*"))
		}
	}
	return d
}

// better prefers the bound of lower degree, then of smaller constant.
func (s Size) better(t Size) bool {
	if a, b := s.degree(), t.degree(); a != b {
		return a < b
	}
	d := s.sub(t)
	return len(d.terms) > 0 && d.scale(big.NewRat(-1, 1)).nonNegative()
}

// At is the value at given sizes. It reports false when a size is missing.
func (s Size) At(sizes map[string]int64) (*big.Rat, bool) {
	sum := new(big.Rat)
	for k, c := range s.terms {
		v := new(big.Rat).Set(c)
		for _, n := range strings.Split(k, "*") {
			if n == "" {
				continue
			}
			x, ok := sizes[n]
			if !ok {
				return nil, false
			}
			v.Mul(v, big.NewRat(x, 1))
		}
		sum.Add(sum, v)
	}
	return sum, true
}

// String writes s with the products of most factors first: C*R*S + 1.
func (s Size) String() string {
	keys := sortedNames(s.terms)
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Count(b+"*", "*") - strings.Count(a+"*", "*") })
	if i := slices.Index(keys, ""); i >= 0 {
		keys = append(slices.Delete(keys, i, i+1), "")
	}
	var b strings.Builder
	for i, k := range keys {
		c := s.terms[k]
		switch {
		case i > 0 && c.Sign() < 0:
			b.WriteString(" - ")
			c = new(big.Rat).Neg(c)
		case i > 0:
			b.WriteString(" + ")
		}
		switch {
		case k == "":
			b.WriteString(c.RatString())
		case c.Cmp(big.NewRat(1, 1)) == 0:
			b.WriteString(k)
		default:
			b.WriteString(c.RatString() + "*" + k)
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
