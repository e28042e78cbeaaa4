package equiv

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A realPoly is a value as a sum of terms; of no terms, 0.
type realPoly []realTerm

// A realTerm is coef times its factors, summed over the values of vars, and
// counts only where conds hold.
type realTerm struct {
	coef    *big.Rat
	factors []*atom
	vars    []string
	conds   []loopir.Expr
}

// An atom is a factor that is not taken apart: an input cell, an index as a
// value, or a function of values.
type atom struct {
	head  string
	index []poly.Poly
	args  []realPoly
	read  *value // for a read that was not followed
	// partial is set when the factor has no value for some values of its
	// arguments. Where it vanishes from a sum, so does that condition.
	partial bool
	float   bool   // of an extremum
	name    string // what a function of sums goes by while polynomials are compared
}

func constPoly(v *big.Rat) realPoly {
	if v.Sign() == 0 {
		return nil
	}
	return realPoly{{coef: v}}
}

func (a *atom) poly() realPoly { return realPoly{{coef: big.NewRat(1, 1), factors: []*atom{a}}} }

// constant is p's value when it has no factors and holds everywhere.
func (p realPoly) constant() (*big.Rat, bool) {
	switch {
	case len(p) == 0:
		return new(big.Rat), true
	case len(p) == 1 && len(p[0].factors)+len(p[0].vars)+len(p[0].conds) == 0:
		return p[0].coef, true
	}
	return nil, false
}

func (p realPoly) scale(c *big.Rat) realPoly {
	out := make(realPoly, len(p))
	for i, t := range p {
		t.coef = new(big.Rat).Mul(t.coef, c)
		out[i] = t
	}
	return out
}

// under makes p count only where conds hold.
func (p realPoly) under(conds []loopir.Expr) realPoly {
	if len(conds) == 0 {
		return p
	}
	out := make(realPoly, len(p))
	for i, t := range p {
		t.conds = append(t.conds[:len(t.conds):len(t.conds)], conds...)
		out[i] = t
	}
	return out
}

// partial tells whether p has a value only under a condition.
func (p realPoly) partial() bool {
	return slices.ContainsFunc(p, func(t realTerm) bool {
		return slices.ContainsFunc(t.factors, func(a *atom) bool {
			return a.partial || slices.ContainsFunc(a.args, realPoly.partial)
		})
	})
}

// weight counts terms, those in arguments of functions included, as often as they stand
// there. It counts no further than a few more than maxWeight.
func (p realPoly) weight() int {
	n := len(p)
	for _, t := range p {
		for _, a := range t.factors {
			for _, arg := range a.args {
				if n > maxWeight {
					return n
				}
				n += arg.weight()
			}
		}
	}
	return n
}

// rename replaces index variables.
func (t realTerm) rename(env Env) realTerm {
	m := map[string]poly.Poly{}
	for n, e := range env {
		m[n] = poly.Must(e)
	}
	t.conds = atAll(env, t.conds)
	t.factors = renamed(t.factors, env, m)
	return t
}

func renamed(factors []*atom, env Env, m map[string]poly.Poly) []*atom {
	out := make([]*atom, len(factors))
	for i, a := range factors {
		b := *a
		b.index = nil
		for _, p := range a.index {
			b.index = append(b.index, p.Subst(m))
		}
		b.args = nil
		for _, arg := range a.args {
			var p realPoly
			for _, t := range arg {
				t.conds, t.factors = atAll(env, t.conds), renamed(t.factors, env, m)
				p = append(p, t)
			}
			b.args = append(b.args, p)
		}
		if a.read != nil {
			b.read = &value{a.read.e, point{a.read.at.s, a.read.at.env.in(env)}, a.read.open}
		}
		out[i] = &b
	}
	return out
}
