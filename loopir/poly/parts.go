package poly

import (
	"math/big"
	"sort"
)

// IsZero tells whether p is the constant 0.
func (p Poly) IsZero() bool { return len(p.terms) == 0 }

// Const returns p's value when p is a constant.
func (p Poly) Const() (*big.Int, bool) {
	switch {
	case len(p.terms) == 0:
		return new(big.Int), true
	case len(p.terms) == 1 && len(p.terms[0].m.fs) == 0:
		return p.terms[0].c, true
	}
	return nil, false
}

// Degree is the total degree of p, an atom that is not a variable counting 1.
func (p Poly) Degree() int {
	n := 0
	for _, t := range p.terms {
		n = max(n, t.m.degree())
	}
	return n
}

// Vars returns the names of p's variables, those inside atoms included, sorted.
func (p Poly) Vars() []string {
	set := map[string]bool{}
	p.addVars(set)
	out := make([]string, 0, len(set))
	for v := range set {
		out = append(out, v)
	}
	sort.Strings(out)
	return out
}

func (p Poly) addVars(set map[string]bool) {
	for _, t := range p.terms {
		for _, f := range t.m.fs {
			if f.a.kind == varAtom {
				set[f.a.name] = true
			}
			for _, q := range f.a.args {
				q.addVars(set)
			}
		}
	}
}

// Uses tells whether the variable name occurs in p, atoms included.
func (p Poly) Uses(name string) bool {
	for _, t := range p.terms {
		for _, f := range t.m.fs {
			if f.a.kind == varAtom && f.a.name == name {
				return true
			}
			for _, q := range f.a.args {
				if q.Uses(name) {
					return true
				}
			}
		}
	}
	return false
}

// Coeff splits p = coeff*name + rest with neither part using name. It fails
// when name occurs with a higher power or inside an atom.
func (p Poly) Coeff(name string) (coeff, rest Poly, ok bool) {
	coeff, rest, ok = p.split(name)
	return coeff, rest, ok && !coeff.Uses(name) && !rest.Uses(name)
}

// split is Coeff for the atom with the given key; occurrences inside other
// atoms are not looked at.
func (p Poly) split(key string) (coeff, rest Poly, ok bool) {
	var in []term
	out := make([]term, 0, len(p.terms))
next:
	for _, t := range p.terms {
		for i, f := range t.m.fs {
			if f.a.key != key {
				continue
			}
			if f.n > 1 {
				return Poly{}, Poly{}, false
			}
			fs := make([]factor, 0, len(t.m.fs)-1)
			fs = append(append(fs, t.m.fs[:i]...), t.m.fs[i+1:]...)
			in = append(in, term{t.c, newMono(fs)})
			continue next
		}
		out = append(out, t)
	}
	return collect(in), Poly{out}, true
}

// Subst replaces variables by polynomials, inside atoms too.
func (p Poly) Subst(m map[string]Poly) Poly {
	return p.mapAtoms(func(a *atom) (Poly, bool) {
		if a.kind == varAtom {
			q, ok := m[a.name]
			return q, ok
		}
		if !a.usesAny(m) {
			return Poly{}, false
		}
		args := make([]Poly, len(a.args))
		for i, q := range a.args {
			args[i] = q.Subst(m)
		}
		return rebuild(a.kind, args), true
	})
}

// usesAny tells whether one of the variables that m is about is a, or in it.
func (a *atom) usesAny(m map[string]Poly) bool {
	if a.kind == varAtom {
		_, ok := m[a.name]
		return ok
	}
	for _, q := range a.args {
		for _, t := range q.terms {
			for _, f := range t.m.fs {
				if f.a.usesAny(m) {
					return true
				}
			}
		}
	}
	return false
}

// divExact gives q with p = q*d, when there is one.
func (p Poly) divExact(d Poly) (Poly, bool) {
	q, r, ok := p.quoRem(d)
	return q, ok && r.IsZero()
}

// quoRem splits p = q*d + r, r without a term that d's leading term divides.
func (p Poly) quoRem(d Poly) (q, r Poly, ok bool) {
	if d.IsZero() {
		return Poly{}, Poly{}, false
	}
	lead := d.leading()
	for limit := 0; !p.IsZero(); limit++ {
		if limit > 1000 {
			return Poly{}, Poly{}, false
		}
		t := p.leading()
		m, fits := t.m.div(lead.m)
		c, rem := new(big.Int).QuoRem(t.c, lead.c, new(big.Int))
		if !fits || rem.Sign() != 0 {
			r = r.Add(Poly{[]term{t}})
			p = p.Sub(Poly{[]term{t}})
			continue
		}
		s := Poly{[]term{{c, m}}}
		q = q.Add(s)
		p = p.Sub(s.Mul(d))
	}
	return q, r, true
}

// leading is the largest term by degree, then key: a monomial order good
// enough for exact division (quoRem is bounded anyway).
func (p Poly) leading() term {
	best := p.terms[0]
	for _, t := range p.terms[1:] {
		a, b := t.m.degree(), best.m.degree()
		if a > b || a == b && lexLess(best.m, t.m) {
			best = t
		}
	}
	return best
}

// lexLess is the lexicographic order of exponent vectors, atoms by key.
func lexLess(a, b mono) bool {
	for i := 0; ; i++ {
		switch {
		case i == len(b.fs):
			return false
		case i == len(a.fs):
			return true
		case a.fs[i].a.key != b.fs[i].a.key:
			return b.fs[i].a.key < a.fs[i].a.key
		case a.fs[i].n != b.fs[i].n:
			return a.fs[i].n < b.fs[i].n
		}
	}
}

// DivExact is the q with p = q*d, if there is one.
func (p Poly) DivExact(d Poly) (Poly, bool) { return p.divExact(d) }

// A Split is a division with remainder: what is divided is Quo*d + Rem.
type Split struct{ Quo, Rem Poly }

// Splits divides p by d, each time by another of d's monomials, those of the highest degree
// first: no term of Rem is a multiple of it, but for a coefficient below d's. Of an offset in
// a row-major array one of them, as a rule, is the coordinate that goes with stride d and what
// is left of the offset; in W + 2*p - (S-1)*d the monomial of the highest degree counts down.
// There is at least one; d = 0 divides nothing.
func (p Poly) Splits(d Poly) []Split {
	var out, more []Split
	for _, t := range d.terms {
		switch {
		case t.m.degree() == d.Degree() && t.c.Sign() > 0:
			q, r := p.splitBy(t, d)
			out = append(out, Split{q, r})
		case t.c.Sign() > 0 && d.multiples(t.m) == 1:
			q, r := p.splitBy(t, d)
			more = append(more, Split{q, r})
		}
	}
	if out = append(out, more...); out == nil {
		out = []Split{{Poly{}, p}}
	}
	return out
}

// multiples counts the terms that m divides.
func (p Poly) multiples(m mono) int {
	n := 0
	for _, t := range p.terms {
		if _, ok := t.m.div(m); ok {
			n++
		}
	}
	return n
}

func (p Poly) splitBy(lead term, d Poly) (q, r Poly) {
	for limit := 0; !p.IsZero() && limit < 1000; limit++ {
		t := p.leading()
		for _, u := range p.terms { // what lead divides goes first: other terms of d may hold it
			if _, ok := u.m.div(lead.m); ok {
				t = u
				break
			}
		}
		m, fits := t.m.div(lead.m)
		c := new(big.Int).Div(t.c, lead.c)
		if !fits || c.Sign() == 0 {
			r = r.Add(Poly{[]term{t}})
			p = p.Sub(Poly{[]term{t}})
			continue
		}
		s := Poly{[]term{{c, m}}}
		q = q.Add(s)
		p = p.Sub(s.Mul(d))
	}
	return q, r.Add(p)
}
