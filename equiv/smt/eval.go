package smt

import "math/big"

// A Model gives variables their values; of a Boolean variable 0 is false and 1 is true. A
// variable that it leaves out has the value 0, or false.
type Model map[string]*big.Int

func (m Model) value(name string) *big.Int {
	if v := m[name]; v != nil {
		return v
	}
	return new(big.Int)
}

// EvalInt gives the value of an integer term.
func EvalInt(t *Term, m Model) *big.Int { return evalPoly(t.mustInt(), m) }

// EvalBool tells whether a formula holds.
func EvalBool(t *Term, m Model) bool {
	switch t.op {
	case opTrue:
		return true
	case opFalse:
		return false
	case opBoolVar:
		return m.value(t.name).Sign() != 0
	case opGe:
		return evalPoly(t.poly, m).Sign() >= 0
	case opEq:
		return evalPoly(t.poly, m).Sign() == 0
	case opNot:
		return !EvalBool(t.args[0], m)
	case opAnd:
		for _, a := range t.args {
			if !EvalBool(a, m) {
				return false
			}
		}
		return true
	case opOr:
		for _, a := range t.args {
			if EvalBool(a, m) {
				return true
			}
		}
		return false
	case opIff:
		return EvalBool(t.args[0], m) == EvalBool(t.args[1], m)
	}
	panic("smt: integer used as a formula: " + t.text())
}

func evalPoly(p poly, m Model) *big.Int {
	sum := new(big.Int)
	for _, mo := range p {
		v := new(big.Int).Set(mo.coef)
		for _, a := range mo.atoms {
			v.Mul(v, evalAtom(a, m))
		}
		sum.Add(sum, v)
	}
	return sum
}

func evalAtom(a *atom, m Model) *big.Int {
	switch a.kind {
	case atomVar:
		return m.value(a.name)
	case atomProduct:
		v := EvalInt(a.parts[0], m)
		return v.Mul(v, EvalInt(a.parts[1], m))
	case atomDiv:
		x, d := EvalInt(a.parts[0], m), EvalInt(a.parts[1], m)
		if d.Sign() <= 0 {
			return new(big.Int)
		}
		return floorDiv(x, d)
	case atomIte:
		if EvalBool(a.cond, m) {
			return EvalInt(a.parts[0], m)
		}
		return EvalInt(a.parts[1], m)
	}
	panic("smt: unexpected atom " + a.key)
}
