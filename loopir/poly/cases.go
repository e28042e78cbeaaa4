package poly

// Primitive divides p by the common divisor of all coefficients but the constant's, rounding
// the constant down: p >= 0 if and only if the result is.
func (p Poly) Primitive() Poly {
	if g := p.content(); g.Cmp(one) > 0 {
		return p.floorScale(g)
	}
	return p
}

// Least takes a minimum apart: p is the least of the list.
func (p Poly) Least() []Poly {
	if a := p.single(); a != nil && a.kind == minAtom {
		return a.args
	}
	for _, a := range p.atoms() {
		if a.kind != minAtom {
			continue
		}
		coeff, rest, ok := p.split(a.key)
		if !ok || !coeff.Equal(Int(1)) {
			continue
		}
		var out []Poly
		for _, arg := range a.args {
			out = append(out, rest.Add(arg).Least()...)
		}
		return out
	}
	return []Poly{p}
}

// Cases takes p >= 0 apart where p has a minimum or a maximum, or is a quotient and more:
// it holds if and only if all of the first list are >= 0, or, where there is a second one,
// one of that. Both are empty where p is nothing of the kind.
func (p Poly) Cases() (all, some []Poly) {
	for _, a := range p.atoms() {
		coeff, rest, ok := p.split(a.key)
		k, isConst := coeff.Const()
		if !ok || !isConst || rest.mentions(a.key) {
			continue
		}
		switch a.kind {
		case minAtom, maxAtom:
			var list []Poly
			for _, arg := range a.args {
				list = append(list, rest.Add(arg.Scale(k)))
			}
			if (k.Sign() > 0) == (a.kind == minAtom) {
				return list, nil
			}
			return nil, list
		case divAtom:
			d, isConst := a.args[1].Const()
			if !isConst || d.Sign() <= 0 || k.CmpAbs(one) != 0 {
				continue
			}
			if k.Sign() > 0 { // x/d >= -rest
				return []Poly{a.args[0].Add(rest.Scale(d))}, nil
			}
			up := rest.Add(Int(1)).Scale(d) // x/d < rest + 1
			return []Poly{up.Sub(a.args[0]).Sub(Int(1))}, nil
		}
	}
	return nil, nil
}
