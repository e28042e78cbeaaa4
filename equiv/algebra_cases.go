package equiv

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// maxChoices bounds how many conditions on data are split on, one inside the other.
const maxChoices = 4

// byChoices compares p and q where a condition on data that some choice in them asks holds,
// and where it does not. Where it says that an atom has a constant value, as beta == 0 does,
// that takes the place of the atom. It reports false if there is no such choice.
func (m *polyMatch) byChoices(p, q realPoly, ctx known, facts []loopir.Expr, splits int) (*failure, bool) {
	cond := choiceIn(p)
	if cond == nil {
		cond = choiceIn(q)
	}
	if cond == nil || m.choices == maxChoices {
		return nil, false
	}
	m.choices++
	defer func() { m.choices-- }()
	for _, holds := range []bool{true, false} {
		s := &settling{key: atomKey(cond), holds: holds, order: orderOf(cond, holds)}
		if holds {
			s.atom, s.value = cond.pins()
		}
		a, b := s.poly(p), s.poly(q)
		m.used = m.used || s.used
		if s.lost {
			return failf(m.at, "a quotient is multiplied by 0, which hides that it may not exist"), true
		}
		if f := m.compare(a, b, ctx, facts, splits); f != nil {
			return f, true
		}
	}
	return nil, true
}

// choiceIn finds a condition that a choice in p asks, and that holds or not for all of p. It
// is one on inputs and on what both programs keep: reads that were not followed are named in
// each program by itself.
func choiceIn(p realPoly) *atom {
	for _, t := range p {
		for _, a := range t.factors {
			if a.uses(t.vars) {
				continue
			}
			for _, arg := range a.args {
				if c := choiceIn(arg); c != nil {
					return c
				}
			}
			if a.head == "select" && len(a.args) == 3 {
				if c := plainCondition(a.args[0]); c != nil && !c.reads() {
					return c
				}
			}
		}
	}
	return nil
}

// reads tells whether a is made of reads that were not followed.
func (a *atom) reads() bool {
	return a.read != nil || slices.ContainsFunc(a.args, func(p realPoly) bool {
		return slices.ContainsFunc(p, func(t realTerm) bool { return slices.ContainsFunc(t.factors, (*atom).reads) })
	})
}

// plainCondition is the comparison that a condition is, or that it negates, or nil.
func plainCondition(p realPoly) *atom {
	if !plainProduct(p) || len(p[0].factors) != 1 || len(p[0].conds) > 0 {
		return nil
	}
	a := p[0].factors[0]
	if a.head == "!" && len(a.args) == 1 {
		return plainCondition(a.args[0])
	}
	return a
}

// atomKey is a text that tells atoms apart.
func atomKey(a *atom) string {
	return (&canon{names: func(v *value, _ bool) string { return readKey(*v) }}).atom(a, nil, 0)
}

// comparison is the head of an atom that compares values of a type.
func comparison(op loopir.Op, t loopir.Type) string { return fmt.Sprintf("?%d:%v", op, t) }

// pins gives the atom to which a comparison that holds gives a constant value.
func (a *atom) pins() (key string, value *big.Rat) {
	if len(a.args) != 2 || !strings.HasPrefix(a.head, fmt.Sprintf("?%d:", loopir.Eq)) {
		return "", nil
	}
	for i, x := range a.args {
		c, isConst := a.args[1-i].constant()
		if isConst && plainProduct(x) && len(x[0].factors) == 1 && len(x[0].conds) == 0 && x[0].coef.Cmp(big.NewRat(1, 1)) == 0 && !x.partial() {
			return atomKey(x[0].factors[0]), c
		}
	}
	return "", nil
}

// A settling writes polynomials for the case that a condition holds, or that it does not.
type settling struct {
	key   string // of the condition
	holds bool
	order *caseOrder
	atom  string // the atom that has a value, by its key, or ""
	value *big.Rat
	used  bool // something was done that is no regrouping
	lost  bool // a value that has a condition to exist was multiplied by 0
}

func (s *settling) poly(p realPoly) realPoly {
	var out realPoly
	for _, t := range p {
		sum := realPoly{{coef: t.coef, vars: t.vars, conds: t.conds}}
		for _, a := range t.factors {
			sum = s.times(sum, s.factor(a))
		}
		s.used = s.used || len(sum) == 0
		s.lost = s.lost || len(sum) == 0 && realPoly{t}.partial()
		out = append(out, sum...)
	}
	return out
}

// factor is what a comes down to.
func (s *settling) factor(a *atom) realPoly {
	if s.value != nil && atomKey(a) == s.atom {
		s.used = true
		return constPoly(s.value)
	}
	if a.head == "select" && len(a.args) == 3 {
		if c := plainCondition(a.args[0]); c != nil {
			if holds, known := s.decides(c); known && holds != isNegation(a.args[0]) {
				return s.poly(a.args[1])
			} else if known {
				return s.poly(a.args[2])
			}
		}
	}
	if len(a.args) == 0 {
		return a.poly()
	}
	b := *a
	b.args = nil
	for _, arg := range a.args {
		b.args = append(b.args, s.poly(arg))
	}
	if p, known := s.order.extremum(&b); known {
		s.used = true
		return p
	}
	return b.poly()
}

// decides tells whether a condition holds in the case.
func (s *settling) decides(cond *atom) (holds, known bool) {
	if atomKey(cond) == s.key {
		return s.holds, true
	}
	holds, known = s.order.says(cond)
	s.used = s.used || known
	return holds, known
}

// isNegation tells whether a condition is the opposite of its comparison.
func isNegation(p realPoly) bool {
	a := p[0].factors[0]
	return a.head == "!" && len(a.args) == 1 && !isNegation(a.args[0])
}

func (s *settling) times(p, q realPoly) realPoly {
	s.used = s.used || !plainProduct(q) && (len(p) != 1 || len(p[0].factors) > 0)
	var out realPoly
	for _, a := range p {
		for _, b := range q {
			out = append(out, realTerm{
				coef:    new(big.Rat).Mul(a.coef, b.coef),
				factors: append(a.factors[:len(a.factors):len(a.factors)], b.factors...),
				vars:    append(a.vars[:len(a.vars):len(a.vars)], b.vars...),
				conds:   append(a.conds[:len(a.conds):len(a.conds)], b.conds...),
			})
		}
	}
	return out
}
