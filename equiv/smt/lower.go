package smt

import "math/big"

// lower gives a formula without quotients that is satisfiable exactly if f is, by the same
// values of f's variables. Each quotient x/d becomes a variable q of that name with
// 0 <= x - d*q < d where d > 0, and q = 0 elsewhere. Quotients that are near each other, as
// those of n and n+15 by 16, are told how near.
func lower(f *Term) *Term {
	l := lowering{names: map[string]bool{}}
	g := l.formula(f)
	return And(append(l.sides, g)...)
}

type lowering struct {
	names map[string]bool // quotients and conditionals that have their side condition
	quos  []quo
	ites  bool // lower conditionals too
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
	plain := make(poly, 0, len(p))
	for i, m := range p {
		if !p[i : i+1].compound() {
			plain = append(plain, m)
			continue
		}
		f := make([]*Term, 0, len(m.atoms)+1)
		f = append(f, intTerm(constPoly(m.coef)))
		for _, a := range m.atoms {
			f = append(f, l.atom(a))
		}
		sum = sum.add(Mul(f...).poly)
	}
	return plain.add(sum)
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
		now := quo{q, x, y}
		for _, other := range l.quos {
			l.sides = append(l.sides, now.near(other)...)
		}
		l.quos = append(l.quos, now)
	}
	return q
}

// A quo is a quotient q of x by d.
type quo struct{ q, x, d *Term }

// near tells how far two quotients by one divisor are apart where the dividends differ by a
// constant, or by the divisor less 1, as in rounding up.
func (a quo) near(b quo) []*Term {
	if !a.d.Equal(b.d) {
		return nil
	}
	apart := Sub(b.x, a.x)
	if c := apart.Const(); c != nil && c.Sign() < 0 || c == nil && Add(apart, a.d).Equal(IntConst(1)) {
		return b.near(a)
	}
	least, most := new(big.Int), big.NewInt(1)
	switch c, d := apart.Const(), a.d.Const(); {
	case c != nil && d != nil && d.Sign() > 0:
		least, most = floorDiv(c, d), floorDiv(new(big.Int).Add(c, new(big.Int).Sub(d, one)), d)
	case c != nil && c.Cmp(one) <= 0: // d is 1 at least where it is positive, and both are 0 elsewhere
	case Sub(a.d, apart).Equal(IntConst(1)):
	default:
		return nil
	}
	return []*Term{Ge(b.q, Add(a.q, IntVal(least))), Le(b.q, Add(a.q, IntVal(most)))}
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
