package smt

import (
	"fmt"
	"slices"
	"sort"
)

// A vars holds the free variables of formulas.
type vars struct{ ints, bools map[string]bool }

func newVars() vars { return vars{map[string]bool{}, map[string]bool{}} }

func (v vars) add(t *Term) {
	switch t.op {
	case opInt, opGe, opEq:
		for _, m := range t.poly {
			for _, a := range m.atoms {
				v.addAtom(a)
			}
		}
	case opBoolVar:
		v.bools[t.name] = true
	}
	for _, a := range t.args {
		v.add(a)
	}
}

func (v vars) addAtom(a *atom) {
	if a.kind == atomVar {
		v.ints[a.name] = true
	}
	if a.cond != nil {
		v.add(a.cond)
	}
	for _, p := range a.parts {
		v.add(p)
	}
}

// clash finds a name used for an integer and for a Boolean.
func (v vars) clash() error {
	for _, n := range sortedKeys(v.ints) {
		if v.bools[n] {
			return fmt.Errorf("variable %s is both an integer and a Boolean", n)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Vars gives the names of the free variables of t, sorted.
func (t *Term) Vars() []string {
	v := newVars()
	v.add(t)
	for n := range v.bools {
		v.ints[n] = true
	}
	return sortedKeys(v.ints)
}

// Subst replaces integer variables by terms, all at once.
func Subst(t *Term, by map[string]*Term) *Term {
	return rebuild(t, func(name string) *Term { return by[name] }, func(string) *Term { return nil })
}

// rebuild replaces variables; nil keeps one as it is.
func rebuild(t *Term, ints, bools func(string) *Term) *Term {
	re := func(t *Term) *Term { return rebuild(t, ints, bools) }
	switch t.op {
	case opTrue, opFalse:
		return t
	case opInt:
		return intTerm(rebuildPoly(t.poly, ints, bools))
	case opGe:
		return ge(rebuildPoly(t.poly, ints, bools))
	case opEq:
		return eq(rebuildPoly(t.poly, ints, bools))
	case opBoolVar:
		if u := bools(t.name); u != nil {
			return u
		}
		return t
	case opNot:
		return Not(re(t.args[0]))
	case opIff:
		return Iff(re(t.args[0]), re(t.args[1]))
	}
	args := make([]*Term, len(t.args))
	for i, a := range t.args {
		args[i] = re(a)
	}
	if t.op == opAnd {
		return And(args...)
	}
	return Or(args...)
}

func rebuildPoly(p poly, ints, bools func(string) *Term) poly {
	terms := make([]*Term, 0, len(p))
	for _, m := range p {
		f := []*Term{intTerm(constPoly(m.coef))}
		for _, a := range m.atoms {
			f = append(f, rebuildAtom(a, ints, bools))
		}
		terms = append(terms, Mul(f...))
	}
	return Add(terms...).poly
}

func rebuildAtom(a *atom, ints, bools func(string) *Term) *Term {
	if a.kind == atomVar {
		if u := ints(a.name); u != nil {
			return u
		}
		return intTerm(atomPoly(a))
	}
	x, y := rebuild(a.parts[0], ints, bools), rebuild(a.parts[1], ints, bools)
	switch a.kind {
	case atomProduct:
		return Mul(x, y)
	case atomDiv:
		return Div(x, y)
	case atomIte:
		return Ite(rebuild(a.cond, ints, bools), x, y)
	}
	panic("smt: unexpected atom " + a.key)
}

// isLinear reports whether no product of variables occurs in t, whose quotients are lowered.
func isLinear(t *Term) bool {
	for _, m := range t.poly {
		if len(m.atoms) > 1 {
			return false
		}
		for _, a := range m.atoms {
			if a.kind == atomVar {
				continue
			}
			if a.kind != atomIte || !isLinear(a.cond) || !isLinear(a.parts[0]) || !isLinear(a.parts[1]) {
				return false
			}
		}
	}
	for _, a := range t.args {
		if !isLinear(a) {
			return false
		}
	}
	return true
}

// HasProduct reports whether a product of variables occurs in t.
func (t *Term) HasProduct() bool {
	for _, m := range t.poly {
		if len(m.atoms) > 1 {
			return true
		}
		for _, a := range m.atoms {
			if a.kind == atomProduct || a.cond != nil && a.cond.HasProduct() || slices.ContainsFunc(a.parts, (*Term).HasProduct) {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.args, (*Term).HasProduct)
}
