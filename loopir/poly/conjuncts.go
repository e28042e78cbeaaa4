package poly

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// conjuncts takes a condition apart into facts about polynomials.
type conjuncts struct {
	c       *compiled
	ineqs   []Poly // >= 0
	unequal []Poly // != 0
	mods    []exactDiv
}

func (s *conjuncts) add(e loopir.Expr, holds bool) {
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Not {
		s.add(u.X, !holds)
		return
	}
	b, ok := e.(*loopir.Binary)
	if !ok {
		return
	}
	switch b.Op {
	case loopir.And, loopir.Or:
		if holds == (b.Op == loopir.And) {
			s.add(b.X, holds)
			s.add(b.Y, holds)
		}
		return
	}
	op := b.Op
	if !holds {
		op = negated[op]
	}
	x, errX := FromExpr(b.X)
	y, errY := FromExpr(b.Y)
	if errX != nil || errY != nil {
		return
	}
	s.compare(op, x.Sub(y), b)
}

var negated = map[loopir.Op]loopir.Op{
	loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq, loopir.Lt: loopir.Ge,
	loopir.Ge: loopir.Lt, loopir.Gt: loopir.Le, loopir.Le: loopir.Gt,
}

// compare adds d op 0.
func (s *conjuncts) compare(op loopir.Op, d Poly, b *loopir.Binary) {
	switch op {
	case loopir.Lt:
		s.ineqs = append(s.ineqs, d.Neg().Sub(Int(1)))
	case loopir.Le:
		s.ineqs = append(s.ineqs, d.Neg())
	case loopir.Gt:
		s.ineqs = append(s.ineqs, d.Sub(Int(1)))
	case loopir.Ge:
		s.ineqs = append(s.ineqs, d)
	case loopir.Ne:
		s.unequal = append(s.unequal, d)
	case loopir.Eq:
		s.ineqs = append(s.ineqs, d, d.Neg())
		for _, side := range [][2]loopir.Expr{{b.X, b.Y}, {b.Y, b.X}} {
			s.remainder(side[0], side[1])
		}
		for _, a := range d.atoms() {
			coeff, rest, ok := d.split(a.key)
			k, isConst := coeff.Const()
			v, restConst := rest.Const()
			if a.kind == varAtom && ok && isConst && restConst && k.CmpAbs(one) == 0 {
				s.c.fix(a.name, Const(new(big.Int).Mul(k, new(big.Int).Neg(v))))
			}
		}
	}
}

// remainder adds x % d == 0.
func (s *conjuncts) remainder(e, zero loopir.Expr) {
	m, ok := e.(*loopir.Binary)
	if !ok || m.Op != loopir.Mod {
		return
	}
	z, err := FromExpr(zero)
	if err != nil || !z.IsZero() {
		return
	}
	x, errX := FromExpr(m.X)
	d, errD := FromExpr(m.Y)
	if errX == nil && errD == nil {
		s.mods = append(s.mods, exactDiv{p: x, d: d})
	}
}
