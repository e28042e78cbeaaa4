package smt

// lower gives a formula without quotients that is satisfiable exactly if f is, by the same
// values of f's variables. Each quotient x/d becomes a variable q of that name with
// 0 <= x - d*q < d where d > 0, and q = 0 elsewhere.
func lower(f *Term) *Term {
	l := lowering{names: map[string]bool{}}
	g := l.formula(f)
	return And(append(l.sides, g)...)
}

type lowering struct {
	names map[string]bool // quotients and conditionals that have their side condition
	ites  bool            // lower conditionals too
	sides []*Term
}

func (l *lowering) formula(t *Term) *Term {
	if !t.compound {
		return t
	}
	switch t.op {
	case opGe:
		return ge(l.sum(t.poly))
	case opEq:
		return eq(l.sum(t.poly))
	case opInt:
		return intTerm(l.sum(t.poly))
	case opTrue, opFalse, opBoolVar:
		return t
	case opNot:
		return Not(l.formula(t.args[0]))
	case opIff:
		return Iff(l.formula(t.args[0]), l.formula(t.args[1]))
	}
	args := make([]*Term, len(t.args))
	for i, a := range t.args {
		args[i] = l.formula(a)
	}
	if t.op == opAnd {
		return And(args...)
	}
	return Or(args...)
}

func (l *lowering) sum(p poly) poly {
	var sum poly
	for _, m := range p {
		f := []*Term{intTerm(constPoly(m.coef))}
		for _, a := range m.atoms {
			f = append(f, l.atom(a))
		}
		sum = sum.add(Mul(f...).poly)
	}
	return sum
}

func (l *lowering) atom(a *atom) *Term {
	if a.kind == atomVar {
		return intTerm(atomPoly(a))
	}
	x, y := l.formula(a.parts[0]), l.formula(a.parts[1])
	switch a.kind {
	case atomProduct:
		return Mul(x, y)
	case atomIte:
		return l.conditional(a, l.formula(a.cond), x, y)
	}
	q := Var(a.key) // no name of a program holds a parenthesis
	if !l.names[a.key] {
		l.names[a.key] = true
		zero := IntConst(0)
		r := Sub(x, Mul(y, q))
		l.sides = append(l.sides, Ite(Le(y, zero), Eq(q, zero), And(Ge(r, zero), Lt(r, y))))
	}
	return q
}

func (l *lowering) conditional(a *atom, c, x, y *Term) *Term {
	if !l.ites {
		return Ite(c, x, y)
	}
	v := Var(a.key)
	if !l.names[a.key] {
		l.names[a.key] = true
		l.sides = append(l.sides, Or(And(c, Eq(v, x)), And(Not(c), Eq(v, y))))
		switch c.text() { // a minimum or maximum: often all that is needed
		case Le(x, y).text():
			l.sides = append(l.sides, Le(v, x), Le(v, y))
		case Le(y, x).text():
			l.sides = append(l.sides, Ge(v, x), Ge(v, y))
		}
	}
	return v
}

// withoutIte gives a formula without conditionals that is satisfiable exactly if f is: each
// becomes a variable of that name, equal to the one or the other.
func withoutIte(f *Term) *Term {
	l := lowering{names: map[string]bool{}, ites: true}
	g := l.formula(f)
	return And(append(l.sides, g)...)
}
