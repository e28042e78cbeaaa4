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

// rebuild replaces variables; nil keeps one as it is. A term in which nothing is replaced
// is given back itself, with the text that it may know.
func rebuild(t *Term, ints, bools func(string) *Term) *Term {
	switch t.op {
	case opTrue, opFalse:
		return t
	case opInt, opGe, opEq:
		p, changed := rebuildPoly(t.poly, ints, bools)
		switch {
		case !changed:
			return t
		case t.op == opGe:
			return ge(p)
		case t.op == opEq:
			return eq(p)
		}
		return intTerm(p)
	case opBoolVar:
		if u := bools(t.name); u != nil {
			return u
		}
		return t
	}
	changed := false
	args := make([]*Term, len(t.args))
	for i, a := range t.args {
		args[i] = rebuild(a, ints, bools)
		changed = changed || args[i] != a
	}
	switch {
	case !changed:
		return t
	case t.op == opNot:
		return Not(args[0])
	case t.op == opIff:
		return Iff(args[0], args[1])
	case t.op == opAnd:
		return And(args...)
	}
	return Or(args...)
}

// rebuildPoly tells whether anything was replaced.
func rebuildPoly(p poly, ints, bools func(string) *Term) (poly, bool) {
	var kept, sum poly
	changed := false
	for i, m := range p {
		q, other := rebuildMono(m, ints, bools)
		switch {
		case !other && changed:
			kept = append(kept, m)
			continue
		case !other:
			continue
		case !changed:
			changed, kept = true, append(make(poly, 0, len(p)), p[:i]...)
		}
		sum = sum.add(q)
	}
	if !changed {
		return p, false
	}
	return kept.add(sum), true
}

// rebuildMono gives false where nothing is replaced.
func rebuildMono(m mono, ints, bools func(string) *Term) (poly, bool) {
	var by []*Term
	for i, a := range m.atoms {
		if u := rebuildAtom(a, ints, bools); u != nil {
			if by == nil {
				by = make([]*Term, len(m.atoms)+1)
			}
			by[i+1] = u
		}
	}
	if by == nil {
		return nil, false
	}
	by[0] = intTerm(constPoly(m.coef))
	for i, a := range m.atoms {
		if by[i+1] == nil {
			by[i+1] = intTerm(atomPoly(a))
		}
	}
	return Mul(by...).poly, true
}

// rebuildAtom gives nil where nothing is replaced.
func rebuildAtom(a *atom, ints, bools func(string) *Term) *Term {
	if a.kind == atomVar {
		return ints(a.name)
	}
	x, y, c := rebuild(a.parts[0], ints, bools), rebuild(a.parts[1], ints, bools), a.cond
	if a.kind == atomIte {
		c = rebuild(c, ints, bools)
	}
	switch {
	case x == a.parts[0] && y == a.parts[1] && c == a.cond:
		return nil
	case a.kind == atomProduct:
		return Mul(x, y)
	case a.kind == atomDiv:
		return Div(x, y)
	}
	return Ite(c, x, y)
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
