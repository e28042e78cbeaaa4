package equiv

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// within adds the conditions under which an instance exists, for unknowns that
// no equation settles: 32*b <= x and x < 32*b + 32 leave one b, which is x/32.
// What is no comparison of sums is passed over.
func (s *system) within(conds []loopir.Expr) {
	for _, c := range conds {
		for _, c := range conjuncts(c) {
			b, ok := c.(*loopir.Binary)
			if !ok {
				continue
			}
			switch b.Op {
			case loopir.Le:
				s.atMost(b.X, b.Y, 0)
			case loopir.Lt:
				s.atMost(b.X, b.Y, 1)
			case loopir.Ge:
				s.atMost(b.Y, b.X, 0)
			case loopir.Gt:
				s.atMost(b.Y, b.X, 1)
			case loopir.Eq: // where a loop with a step stops, or a guard
				if s.holdsUnknown(b.X) || s.holdsUnknown(b.Y) {
					s.equate(b.X, b.Y)
				}
			case loopir.Ne: // of two remainders it is the other one
				if m, ok := b.X.(*loopir.Binary); ok && m.Op == loopir.Mod && isConst(m.Y, 2) && s.holdsUnknown(m.X) {
					s.equate(m, loopir.Bin(loopir.Sub, loopir.NewInt(1), b.Y))
				}
			}
		}
	}
}

func isConst(e loopir.Expr, v int64) bool {
	c, ok := constIndex(e)
	return ok && c == v
}

// atMost adds x + gap <= y; a maximum on the left and a minimum on the right
// are several conditions, and so are quotients: x/d <= y is x <= d*y + d-1.
func (s *system) atMost(x, y loopir.Expr, gap int64) {
	for _, lo := range extrema(x, "max") {
		for _, hi := range extrema(y, "min") {
			p, okX := s.poly(lo)
			q, okY := s.poly(hi)
			if okX && okY {
				rest := q.Sub(p).Sub(poly.Int(gap))
				s.ineqs = append(s.ineqs, rest)
				s.bounds(rest)
			}
		}
	}
}

// bounds notes what p >= 0 says of a variable if that is all that there is in p.
func (s *system) bounds(p poly.Poly) {
	vars := p.Vars()
	if len(vars) != 1 {
		return
	}
	c, rest, ok := p.Coeff(vars[0])
	v, isConst := c.Const()
	k, alone := rest.Const()
	switch {
	case !ok || !isConst || !alone || v.CmpAbs(big.NewInt(1)) != 0:
	case v.Sign() > 0:
		s.facts = s.facts.Range(vars[0], poly.Const(k).Neg().Expr(), nil)
	default:
		s.facts = s.facts.Range(vars[0], nil, poly.Const(k).Add(poly.Int(1)).Expr())
	}
}

// extrema lists what e is the extremum of, where a sum with a maximum in it is a maximum
// of sums, and the negative of a minimum a maximum of negatives.
func extrema(e loopir.Expr, name string) []loopir.Expr {
	other := map[string]string{"min": "max", "max": "min"}[name]
	switch e := e.(type) {
	case *loopir.Intrinsic:
		if e.Name != name {
			break
		}
		var out []loopir.Expr
		for _, a := range e.Args {
			out = append(out, extrema(a, name)...)
		}
		return out
	case *loopir.Unary:
		if e.Op != loopir.Neg {
			break
		}
		xs := extrema(e.X, other)
		for i, x := range xs {
			xs[i] = loopir.Bin(loopir.Sub, loopir.NewInt(0), x)
		}
		return xs
	case *loopir.Binary:
		ofY := name
		switch e.Op {
		case loopir.Add:
		case loopir.Sub:
			ofY = other
		default:
			return []loopir.Expr{e}
		}
		var out []loopir.Expr
		for _, x := range extrema(e.X, name) {
			for _, y := range extrema(e.Y, ofY) {
				out = append(out, loopir.Bin(e.Op, x, y))
			}
		}
		return out
	}
	return []loopir.Expr{e}
}

// A bound says that c*u is at most, or at least, a value without unknowns.
type bound struct {
	u        string
	c, value poly.Poly
}

// pinned solves an unknown u for which c*u <= x and c*u > x - c are known.
func (s *system) pinned() bool {
	var upper, lower []bound
	for _, p := range s.ineqs {
		p = s.inSteps(p)
		for _, u := range s.unknownsOf(p) {
			c, rest, ok := p.Coeff(u)
			if !ok || len(s.unknownsOf(c)) > 0 {
				continue
			}
			if rest, ok = s.relaxed(rest); !ok {
				continue
			}
			if v, isConst := c.Const(); isConst && v.Sign() > 0 || !isConst {
				lower = append(lower, bound{u, c, rest.Neg()})
			}
			if v, isConst := c.Const(); isConst && v.Sign() < 0 || !isConst {
				upper = append(upper, bound{u, c.Neg(), rest})
			}
		}
	}
	for _, hi := range upper {
		for _, lo := range lower {
			if hi.u != lo.u || !hi.c.Equal(lo.c) {
				continue
			}
			gap := hi.c.Sub(hi.value).Add(lo.value) // what is left of c: at least 1 if one u is
			if least, _ := s.facts.PolyBounds(gap); least != nil && least.Sign() > 0 {
				s.set(hi.u, poly.FloorDiv(hi.value, hi.c))
				return true
			}
		}
	}
	return false
}

// relaxed gives a sum without unknowns that is at least p: where p has an unknown, it
// takes the bound that makes the most of it.
func (s *system) relaxed(p poly.Poly) (poly.Poly, bool) {
	for _, u := range s.unknownsOf(p) {
		c, rest, ok := p.Coeff(u)
		v, isConst := c.Const()
		if !ok || !isConst {
			return p, false
		}
		b := poly.Int(0)
		if v.Sign() > 0 {
			if b, ok = s.most(u); !ok {
				return p, false
			}
		} else if e := s.lower[u]; e != nil {
			if b, ok = s.poly(e); !ok || len(s.unknownsOf(b)) > 0 {
				return p, false
			}
		} else if s.isQuotient(u) {
			return p, false
		}
		p = rest.Add(b.Scale(v))
	}
	return p, true
}

// most is an upper bound of an unknown.
func (s *system) most(u string) (poly.Poly, bool) {
	for _, p := range s.ineqs {
		c, rest, ok := p.Coeff(u)
		if v, isConst := c.Const(); ok && isConst && v.Cmp(big.NewInt(-1)) == 0 && len(s.unknownsOf(rest)) == 0 {
			return rest, true
		}
	}
	return poly.Poly{}, false
}

// atMostBounds is the least of e and all known upper bounds of an unknown.
func (s *system) atMostBounds(u string, e loopir.Expr) loopir.Expr {
	p, ok := s.poly(e)
	if !ok {
		return e
	}
	bounds := []poly.Poly{p}
	for _, p := range s.ineqs {
		c, rest, ok := p.Coeff(u)
		if v, isConst := c.Const(); ok && isConst && v.Cmp(big.NewInt(-1)) == 0 && len(s.unknownsOf(rest)) == 0 {
			bounds = append(bounds, rest)
		}
	}
	return poly.Min(bounds...).Expr()
}

// decided replaces the extrema in e that are one of their arguments whatever the
// variables: T - 4*((T+3)/4) + 4 is at most 4.
func decided(e loopir.Expr) loopir.Expr {
	found := false
	out := loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		f, ok := e.(*loopir.Intrinsic)
		if !ok || f.Name != "min" && f.Name != "max" || f.Type != loopir.Index || len(f.Args) != 2 {
			return e
		}
		x, errX := poly.FromExpr(f.Args[0])
		y, errY := poly.FromExpr(f.Args[1])
		if errX != nil || errY != nil {
			return e
		}
		lo, hi := poly.Facts{}.PolyBounds(x.Sub(y))
		switch {
		case lo != nil && lo.Sign() >= 0: // x is the larger one
			found = true
			return f.Args[map[string]int{"max": 0, "min": 1}[f.Name]]
		case hi != nil && hi.Sign() <= 0:
			found = true
			return f.Args[map[string]int{"min": 0, "max": 1}[f.Name]]
		}
		return e
	})
	if !found {
		return e // terms are known by their expression
	}
	return out
}

// inSteps writes an unknown v that runs in steps, v = lo + d*q, in terms of q.
func (s *system) inSteps(p poly.Poly) poly.Poly {
	for _, e := range s.eqs {
		us := s.unknownsOf(e)
		if len(us) != 2 || !s.isQuotient(us[0]) && !s.isQuotient(us[1]) {
			continue
		}
		v := us[0]
		if s.isQuotient(v) {
			v = us[1]
		}
		if s.isQuotient(v) {
			continue
		}
		c, rest, ok := e.Coeff(v)
		if !ok || len(s.unknownsOf(p)) != 1 || !p.Uses(v) {
			continue
		}
		if n, isConst := c.Const(); isConst && n.CmpAbs(big.NewInt(1)) == 0 {
			p = p.Subst(map[string]poly.Poly{v: rest.Scale(new(big.Int).Neg(n))})
		}
	}
	return p
}

// divided writes x%d == 0, where a loop with a step stops, as x == d*q with the
// quotient q in normal form. It is for conditions to prove: d is above 0 wherever the
// loop is reached, and q a witness.
func divided(cond loopir.Expr) loopir.Expr {
	b, ok := cond.(*loopir.Binary)
	if !ok || b.Op != loopir.Eq {
		return cond
	}
	m, ok := b.X.(*loopir.Binary)
	if c, isConst := constIndex(b.Y); !ok || m.Op != loopir.Mod || !isConst || c != 0 {
		return cond
	}
	x, errX := poly.FromExpr(m.X)
	d, errD := poly.FromExpr(m.Y)
	if errX != nil || errD != nil {
		return cond
	}
	q, exact := x.DivExact(d)
	if !exact {
		q = poly.FloorDiv(x, d)
	}
	return eq(m.X, loopir.Bin(loopir.Mul, m.Y, q.Expr()))
}

// unmoved gives iterators of s, as env names them, the values that they would have if each
// minimum in the index that s writes were the argument that they are in. Where a tile is moved
// back to fit, as in min(8*t, N-8) + l, that is the tile that the cell would be in otherwise.
func unmoved(s *Stmt, env Env, cell []loopir.Expr) map[string]loopir.Expr {
	sys, found := newSystem(), false
	own := map[string]bool{}
	for _, l := range s.Loops {
		if v, ok := env[l.Iter].(*loopir.Var); ok {
			sys.addUnknown(v.Name, env.at(l.Lo))
			own[v.Name] = true
		}
	}
	for i, e := range s.LHS.Index {
		if i == len(cell) {
			break
		}
		sys.equate(loopir.MapExpr(loopir.CloneExpr(env.at(e)), func(e loopir.Expr) loopir.Expr {
			m, ok := e.(*loopir.Intrinsic)
			if !ok || m.Name != "min" || m.Type != loopir.Index {
				return e
			}
			for _, arg := range m.Args {
				if sys.holdsUnknown(arg) {
					found = true
					return arg
				}
			}
			return e
		}), cell[i])
	}
	if !found {
		return nil
	}
	sys.within(s.Domain(env))
	sys.solve()
	out := map[string]loopir.Expr{}
	for v, p := range sys.value {
		if own[v] && len(sys.unknownsOf(p)) == 0 {
			out[v] = p.Expr()
		}
	}
	return out
}
