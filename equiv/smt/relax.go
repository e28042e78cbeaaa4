package smt

// relaxed gives a formula without products that f implies, nil if f has none: each product
// is a variable of its own, of which no more is said than what multiplying facts gives and,
// of a quotient (d*a + b)/d where 0 <= b < d, that it is a. Much of what is asked of
// flattened indices takes no more, and linear arithmetic decides it soon.
func relaxed(f *Term) *Term {
	if g := multiplied(f); g.HasProduct() {
		return flat(g)
	}
	return nil
}

// multiplied is f without quotients and conditionals, with all that is said of products.
func multiplied(f *Term) *Term {
	l := lowering{names: map[string]bool{}}
	g := l.formula(f)
	g = And(append(l.sides, g)...)
	if !g.HasProduct() {
		return g
	}
	occurs := monomials{}
	occurs.of(g)
	var digits []*Term
	for range 2 { // they are about products in each other
		digits = nil
		for _, q := range l.quos {
			if q.d.Const() == nil {
				digits = append(digits, q.digit(occurs))
			}
		}
		occurs.of(And(digits...))
	}
	g = withoutIte(And(append(digits, g)...))
	occurs.of(g)
	return And(append(occurs.products(g), g)...)
}

// monomials are those of a formula, by their keys.
type monomials map[string]mono

func (s monomials) of(t *Term) {
	for _, m := range t.poly {
		s[m.key] = m
	}
	for _, a := range t.args {
		s.of(a)
	}
}

func (s monomials) have(p poly) bool {
	for _, m := range p {
		if _, ok := s[m.key]; !ok && len(m.atoms) > 1 {
			return false
		}
	}
	return true
}

// products multiplies the comparisons that g states, and what comes of that once more, where
// there are no monomials in it but those of g.
func (s monomials) products(g *Term) []*Term {
	var facts []poly
	for _, t := range conjuncts(g) {
		if t.op == opGe && isLinear(t) {
			facts = append(facts, t.poly)
		}
	}
	var out []*Term
	var more []poly
	try := func(p, q poly) {
		if r := p.mul(q); len(out) < maxProducts && s.have(r) {
			out, more = append(out, ge(r)), append(more, r)
		}
	}
	for i, p := range facts {
		for _, q := range facts[:i+1] {
			try(p, q)
		}
	}
	for _, p := range more {
		for _, q := range facts {
			try(p, q)
		}
	}
	return out
}

// digit says that a quotient of d*a + b is a where b is from 0 to below d, and so in all the
// products that it is in.
func (q quo) digit(in monomials) *Term {
	var whole, rest poly
	for _, m := range q.x.poly {
		if n, ok := m.over(q.d.poly); ok {
			whole = append(whole, n)
		} else {
			rest = append(rest, m)
		}
	}
	a, b := intTerm(collect(whole)), intTerm(rest)
	is := []*Term{Eq(q.q, a)}
	for _, key := range sortedKeys(in) {
		if n, ok := in[key].over(q.q.poly); ok && len(n.atoms) > 0 {
			is = append(is, Eq(intTerm(poly{in[key]}), Mul(intTerm(poly{n}), a)))
		}
	}
	return Or(Lt(b, IntConst(0)), Ge(b, q.d), And(is...))
}

// over divides m by d if d is a product of atoms that are all in m.
func (m mono) over(d poly) (mono, bool) {
	if len(d) != 1 || d[0].coef.Cmp(one) != 0 {
		return m, false
	}
	var left []*atom
	by := d[0].atoms
	for _, a := range m.atoms { // both are sorted
		if len(by) > 0 && by[0].key == a.key {
			by = by[1:]
			continue
		}
		left = append(left, a)
	}
	return mono{m.coef, left, monoKey(left)}, len(by) == 0
}

// flat makes each product a variable, in a formula without conditionals.
func flat(t *Term) *Term {
	switch t.op {
	case opGe:
		return ge(flatSum(t.poly))
	case opEq:
		return eq(flatSum(t.poly))
	case opNot:
		return Not(flat(t.args[0]))
	case opIff:
		return Iff(flat(t.args[0]), flat(t.args[1]))
	case opAnd, opOr:
		args := make([]*Term, len(t.args))
		for i, a := range t.args {
			args[i] = flat(a)
		}
		if t.op == opAnd {
			return And(args...)
		}
		return Or(args...)
	}
	return t
}

func flatSum(p poly) poly {
	var sum poly
	for _, m := range p {
		if len(m.atoms) > 1 || len(m.atoms) == 1 && m.atoms[0].kind != atomVar {
			v := Var("(* " + m.key + ")") // no name of a program holds a parenthesis
			m = mono{m.coef, v.poly[0].atoms, v.poly[0].key}
		}
		sum = sum.add(poly{m})
	}
	return sum
}
