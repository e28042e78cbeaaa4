package poly

import "math/big"

// Reduce is p in the simplest form that the facts allow: divisions and extrema
// decided where they can be, fixed variables replaced.
func (f Facts) Reduce(p Poly) Poly {
	c := f.compile()
	return c.restore(c.reduce(p))
}

// Same tells whether the facts make p and q equal; false means "not found".
func (f Facts) Same(p, q Poly) bool {
	c := f.compile()
	d := c.reduce(p.Sub(q))
	return d.IsZero() || c.nonNeg(d) && c.nonNeg(d.Neg())
}

// reduce gives a polynomial over the facts' own variables; see restore.
func (c *compiled) reduce(p Poly) Poly {
	if _, isConst := p.Const(); isConst {
		return p
	}
	key := p.Key()
	if q, ok := c.short.Load(key); ok {
		return q.(Poly)
	}
	q := c.shorten(p)
	c.short.Store(key, q)
	return q
}

func (c *compiled) shorten(p Poly) Poly {
	p = p.mapAtoms(func(a *atom) (Poly, bool) {
		if a.kind == varAtom {
			q, ok := c.subst[a.name]
			return q, ok
		}
		args := make([]Poly, len(a.args))
		for i, q := range a.args {
			args[i] = c.reduce(q)
		}
		if a.kind == divAtom {
			return c.floorDiv(args[0], args[1]), true
		}
		return c.extremum(a.kind, args), true
	})
	return c.useExact(p)
}

// useExact turns d*(x/d) into x where x % d == 0.
func (c *compiled) useExact(p Poly) Poly {
	for _, e := range c.exact {
		for _, t := range e.quo.terms {
			a := (Poly{[]term{t}}).single()
			if a == nil || a.kind != divAtom || !p.mentions(a.key) {
				continue
			}
			coeff, rest, ok := p.split(a.key)
			if !ok || coeff.IsZero() {
				continue
			}
			if k, ok := coeff.divExact(e.d); ok { // d*q = e.p, and q = a + others
				others := e.quo.Sub(fromAtom(a))
				p = rest.Add(k.Mul(e.p.Sub(e.d.Mul(others))))
			}
		}
	}
	return p
}

// floorDiv is FloorDiv with the remainder's range known.
func (c *compiled) floorDiv(p, d Poly) Poly {
	if v, ok := d.Const(); ok {
		if v.Sign() <= 0 {
			return FloorDiv(p, d)
		}
		return FloorDiv(p, d).mapAtoms(func(a *atom) (Poly, bool) {
			if a.kind == divAtom {
				return c.decideDiv(a), true
			}
			return Poly{}, false
		})
	}
	if !c.nonNeg(d.Sub(Int(1))) {
		return FloorDiv(p, d)
	}
	q, r, ok := p.quoRem(d)
	if !ok {
		return FloorDiv(p, d)
	}
	for shift := int64(-1); shift <= 1; shift++ { // r in [0, d) or next to it
		if s := r.Sub(d.Mul(Int(shift))); c.nonNeg(s) && c.nonNeg(d.Sub(s).Sub(Int(1))) {
			return q.Add(Int(shift))
		}
	}
	return q.Add(FloorDiv(r, d))
}

// decideDiv simplifies x/d for constant d > 0 and x as FloorDiv leaves it.
func (c *compiled) decideDiv(a *atom) Poly {
	x := a.args[0]
	d, ok := a.args[1].Const()
	if !ok || d.Sign() <= 0 {
		return fromAtom(a)
	}
	if c.nonNeg(x) && c.nonNeg(a.args[1].Sub(x).Sub(Int(1))) {
		return Poly{}
	}
	lo, hi := c.lower(x, nil), c.lower(x.Neg(), nil)
	if lo != nil && hi != nil {
		lo = new(big.Int).Div(lo, d)
		if lo.Cmp(new(big.Int).Div(new(big.Int).Neg(hi), d)) == 0 {
			return Const(lo)
		}
	}
	// x = g*u + w with 0 <= w < g and g dividing d: x/d = u/(d/g).
	for _, t := range x.terms {
		g := new(big.Int).GCD(nil, nil, new(big.Int).Abs(t.c), d)
		if len(t.m.fs) == 0 || g.Cmp(one) <= 0 {
			continue
		}
		var u, w []term
		for _, t := range x.terms {
			q, r := new(big.Int).DivMod(t.c, g, new(big.Int))
			if len(t.m.fs) > 0 && r.Sign() != 0 {
				q, r = new(big.Int), t.c
			}
			if q.Sign() != 0 {
				u = append(u, term{q, t.m})
			}
			if r.Sign() != 0 {
				w = append(w, term{r, t.m})
			}
		}
		if low := (Poly{w}); c.nonNeg(low) && c.nonNeg(Const(g).Sub(low).Sub(Int(1))) {
			return c.floorDiv(Poly{u}, Const(new(big.Int).Div(d, g)))
		}
	}
	return fromAtom(a)
}

// extremum drops arguments that another one decides.
func (c *compiled) extremum(k atomKind, args []Poly) Poly {
	p := extremum(k, args)
	a := p.single()
	if a == nil || a.kind != k {
		return p
	}
	var kept []Poly
	args = a.args
next:
	for i, x := range args {
		for j, y := range args {
			if i == j {
				continue
			}
			d := x.Sub(y)
			if k == maxAtom {
				d = d.Neg()
			}
			// y is never beyond x; of two equal ones the first stays.
			if c.nonNeg(d) && (j < i || !c.nonNeg(d.Neg())) {
				continue next
			}
		}
		kept = append(kept, x)
	}
	if len(kept) == 0 { // contradictory facts
		return p
	}
	return extremum(k, kept)
}

// restore writes the facts' own quotients in the program's variables again: d*q
// as v, a lone q as v/d.
func (c *compiled) restore(p Poly) Poly {
	for i := len(c.quots) - 1; i >= 0; i-- {
		q := c.quots[i]
		if !p.Uses(q.name) {
			continue
		}
		var sum Poly
		for _, t := range p.terms {
			sum = sum.Add(c.restoreTerm(t, q))
		}
		p = sum
	}
	return p
}

func (c *compiled) restoreTerm(t term, q quotient) Poly {
	self := Var(q.name).terms[0].m
	out := Int(1)
	left := Poly{[]term{t}}
	for {
		m, ok := left.terms[0].m.div(self)
		if !ok {
			break
		}
		rest := Poly{[]term{{left.terms[0].c, m}}}
		if whole, ok := rest.divExact(q.dRed); ok {
			out, left = out.Mul(Var(q.v)), whole
		} else {
			out, left = out.Mul(newAtom(divAtom, []Poly{Var(q.v), q.d})), rest
		}
	}
	// What is left may hold q inside atoms.
	left = left.mapAtoms(func(a *atom) (Poly, bool) {
		if a.kind == varAtom {
			return Poly{}, false
		}
		args := make([]Poly, len(a.args))
		for i, p := range a.args {
			if args[i] = p; p.Uses(q.name) {
				args[i] = c.restore(p)
			}
		}
		return rebuild(a.kind, args), true
	})
	return out.Mul(left)
}
