package smt

import (
	"slices"
	"strings"
)

// eliminate uses up one equation x = e, or the literal of one Boolean variable.
func eliminate(facts []*Term) ([]*Term, bool) {
	for i, t := range facts {
		ints, bools := map[string]*Term{}, map[string]*Term{}
		var name string
		switch {
		case t.op == opEq:
			x, e := t.poly.solve()
			if e == nil {
				continue
			}
			name, ints[x] = x, e
		case t.op == opBoolVar:
			name, bools[t.name] = t.name, trueTerm
		case t.op == opNot && t.args[0].op == opBoolVar:
			name = t.args[0].name
			bools[name] = falseTerm
		default:
			continue
		}
		out, text := make([]*Term, 0, len(facts)), symbol(name)
		for j, u := range facts {
			switch {
			case j == i:
			case strings.Contains(u.text(), text):
				out = append(out, rebuild(u, lookup(ints), lookup(bools)))
			default:
				out = append(out, u)
			}
		}
		return out, true
	}
	return facts, false
}

func lookup(m map[string]*Term) func(string) *Term {
	return func(n string) *Term { return m[n] }
}

// settled puts their values in the place of variables that f fixes, and gives those: where a
// stride is 1, its products are none.
func settled(f *Term) (*Term, Model) {
	values := Model{}
	for {
		by := map[string]*Term{}
		for _, t := range conjuncts(f) {
			if t.op != opEq {
				continue
			}
			if x, e := t.poly.solve(); e != nil && e.Const() != nil {
				by[x], values[x] = e, e.Const()
			}
		}
		if len(by) == 0 {
			return f, values
		}
		f = Subst(f, by)
	}
}

// solve gives x and e with p = 0 exactly if x = e, where x does not occur in e; nil if no
// variable of p can be isolated.
func (p poly) solve() (string, *Term) {
	for i, m := range p {
		if len(m.atoms) != 1 || m.atoms[0].kind != atomVar || m.coef.CmpAbs(one) != 0 {
			continue
		}
		rest := slices.Concat(p[:i], p[i+1:])
		x := m.atoms[0].name
		if rest.mentions(x) {
			continue
		}
		e := intTerm(rest)
		if m.coef.Sign() > 0 {
			e = Neg(e)
		}
		return x, e
	}
	return "", nil
}

// mentions reports whether x may occur in p.
func (p poly) mentions(x string) bool {
	for _, m := range p {
		for _, a := range m.atoms {
			if a.name == x || a.kind != atomVar && strings.Contains(a.key, symbol(x)) {
				return true
			}
		}
	}
	return false
}
