package poly

import "math/big"

// eliminate bounds p = coeff*a + rest by what is known about a.
func (s *search) eliminate(p Poly, a *atom, goal *big.Int, depth int) *big.Int {
	coeff, rest, ok := p.split(a.key)
	if !ok {
		return nil
	}
	up, down := s.atLeast(coeff, zero, depth), s.atLeast(coeff.Neg(), zero, depth)
	if a.kind == minAtom || a.kind == maxAtom {
		return s.eliminateExtremum(coeff, rest, a, up && a.kind == maxAtom || down && a.kind == minAtom, goal, depth)
	}
	var low, high *big.Int // found by lower and by upper bounds of a
	for _, q := range s.known(a, depth) {
		c0, r, ok := q.split(a.key)
		if !ok || c0.IsZero() {
			continue
		}
		k, isConst := c0.Const()
		if !isConst {
			// coeff = c0*m with m >= 0: coeff*a = m*(c0*a) >= -m*r.
			if m, ok := coeff.divExact(c0); ok && s.atLeast(m, zero, depth) {
				lo := s.lower(rest.Sub(m.Mul(r)), goal, depth+1)
				low, high = better(low, lo), better(high, lo)
			}
			continue
		}
		if k.Sign() > 0 && down && !up || k.Sign() < 0 && up && !down {
			continue
		}
		lo := s.replace(coeff, rest, r, k, goal, depth)
		if k.Sign() > 0 {
			low = better(low, lo)
		} else {
			high = better(high, lo)
		}
		if up && reached(low, goal) || down && reached(high, goal) {
			break
		}
	}
	switch {
	case up:
		return low
	case down:
		return high
	}
	return worse(low, high)
}

// replace bounds coeff*a + rest by k*a + r >= 0, coeff having the sign of k.
func (s *search) replace(coeff, rest, r Poly, k, goal *big.Int, depth int) *big.Int {
	abs := new(big.Int).Abs(k)
	moved := coeff.Mul(r)
	if k.Sign() > 0 {
		moved = moved.Neg()
	}
	if goal != nil { // lo/abs, rounded up, has to reach goal
		goal = new(big.Int).Sub(goal, one)
		goal.Mul(goal, abs).Add(goal, one)
	}
	lo := s.lower(rest.Scale(abs).Add(moved), goal, depth+1)
	if lo == nil {
		return nil
	}
	return ceilDiv(lo, abs)
}

// eliminateExtremum puts the arguments in a's place: any one will do where a
// bounds the product from the right side, else all must hold.
func (s *search) eliminateExtremum(coeff, rest Poly, a *atom, any bool, goal *big.Int, depth int) *big.Int {
	var best *big.Int
	for i, arg := range a.args {
		lo := s.lower(rest.Add(coeff.Mul(arg)), goal, depth+1)
		switch {
		case any:
			best = better(best, lo)
		case i == 0:
			best = lo
		default:
			best = worse(best, lo)
		}
	}
	return best
}

// known lists inequalities >= 0 that mention a: the facts, and what a floor
// division is.
func (s *search) known(a *atom, depth int) []Poly {
	var out []Poly
	for _, q := range s.c.ineqs {
		if q.mentions(a.key) {
			out = append(out, q)
		}
	}
	if a.kind != divAtom {
		return out
	}
	p, d := a.args[0], a.args[1]
	if !s.atLeast(d, one, depth) {
		return out
	}
	self := fromAtom(a)
	if lo := s.atomLow(a, depth); lo != nil {
		out = append(out, self.Sub(Const(lo)))
	}
	dq := d.Mul(self) // p - d < d*a <= p
	return append(out, p.Sub(dq), dq.Sub(p).Add(d).Sub(Int(1)))
}

// mentions tells whether the atom is among p's top-level atoms.
func (p Poly) mentions(key string) bool {
	for _, t := range p.terms {
		for _, f := range t.m.fs {
			if f.a.key == key {
				return true
			}
		}
	}
	return false
}
