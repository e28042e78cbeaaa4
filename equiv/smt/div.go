package smt

import "math/big"

// Div gives floor(x / d) where d > 0, and 0 where d <= 0. Nothing may rest on the latter: a
// program that divides by what may not be positive is not safe, which is an obligation of
// its own.
func Div(x, d *Term) *Term {
	p := x.mustInt()
	d.mustInt()
	if len(p) == 0 {
		return x
	}
	if c, ok := d.poly.isConst(); ok {
		return divConst(p, c)
	}
	return quotient(x, d)
}

// Mod gives x - d*Div(x, d): the remainder in 0..d where d > 0, and x where d <= 0.
func Mod(x, d *Term) *Term { return Sub(x, Mul(d, Div(x, d))) }

func quotient(x, d *Term) *Term {
	return intTerm(atomPoly(&atom{
		kind: atomDiv, parts: []*Term{x, d}, key: "(div " + x.text() + " " + d.text() + ")",
	}))
}

// divConst takes out of the dividend what d divides: (16*k + i) / 16 is k + i/16.
func divConst(p poly, d *big.Int) *Term {
	if d.Sign() <= 0 {
		return intTerm(nil)
	}
	var whole, rest poly
	c, ms := p.split()
	for _, m := range ms {
		q, r := new(big.Int).QuoRem(m.coef, d, new(big.Int))
		if r.Sign() == 0 {
			whole = append(whole, mono{q, m.atoms, m.key})
		} else {
			rest = append(rest, m)
		}
	}
	whole = whole.add(constPoly(floorDiv(c, d)))
	c = new(big.Int).Mod(c, d)
	if len(rest) == 0 { // 0 <= c < d
		return intTerm(whole)
	}
	// floor(floor(y/g) / (d/g)) is floor(y/d), so common factors go.
	g := new(big.Int).GCD(nil, nil, rest.content(), d)
	rest = constPoly(floorDiv(c, g)).add(rest.quo(g))
	return Add(intTerm(whole), unnest(rest, new(big.Int).Quo(d, g)))
}

// unnest makes (y/a + c) / d into (y + c*a) / (a*d) for constants a, d > 0.
func unnest(p poly, d *big.Int) *Term {
	c, ms := p.split()
	if len(ms) == 1 && len(ms[0].atoms) == 1 && ms[0].coef.Cmp(one) == 0 {
		q := ms[0].atoms[0]
		if q.kind == atomDiv {
			if a, ok := q.parts[1].poly.isConst(); ok {
				y := q.parts[0].poly.add(constPoly(new(big.Int).Mul(c, a)))
				return divConst(y, new(big.Int).Mul(a, d))
			}
		}
	}
	return quotient(intTerm(p), intTerm(constPoly(d)))
}
