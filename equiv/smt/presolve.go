package smt

import (
	"slices"
	"sort"
)

// The presolver refutes most obligations without a solver. It only ever says Unsat, and
// every step replaces facts by facts that they imply:
//
//   - an equation x = e eliminates x;
//   - literals that are known, or that bounds of variables decide, simplify clauses;
//   - a sum of facts p >= 0, q >= 0 with positive factors is a fact, and so is p*q >= 0
//     (sums.go, product.go);
//   - a clause is refuted by refuting each of its alternatives.
//
// A contradiction among the facts so derived refutes the formula.

// A budget bounds the work on one formula, in steps rather than time: the same formula always
// comes out the same.
type budget struct{ cases, rows int }

// fullBudget is some milliseconds.
var fullBudget = budget{cases: 16, rows: 2000}

// presolve decides f, which has no quotients, if that is cheap.
func presolve(f *Term) result {
	budget := fullBudget
	if refute([]*Term{withoutIte(f)}, &budget) {
		return result{status: Unsat}
	}
	return unknown("")
}

// refute reports that the facts contradict each other; false means nothing.
func refute(facts []*Term, budget *budget) bool {
	for {
		if budget.cases--; budget.cases < 0 || budget.rows < 0 {
			return false
		}
		known, clauses, ok := propagate(facts)
		if !ok {
			return true
		}
		t := newTableau(known, &budget.rows)
		if !t.bound() {
			return true
		}
		units, clauses, ok := decide(clauses, t)
		if !ok {
			return true
		}
		units = append(units, divide(known, t)...)
		if len(units) > 0 {
			facts = append(append(known, clauses...), units...)
			continue
		}
		if !t.consistent() {
			return true
		}
		if len(clauses) == 0 {
			return false
		}
		return refuteCases(known, clauses, budget)
	}
}

// refuteCases splits on the clause with the fewest alternatives.
func refuteCases(known, clauses []*Term, budget *budget) bool {
	sort.SliceStable(clauses, func(i, j int) bool { return len(clauses[i].args) < len(clauses[j].args) })
	rest := append(append([]*Term(nil), known...), clauses[1:]...)
	for _, c := range clauses[0].args {
		if !refute(append(rest[:len(rest):len(rest)], c), budget) {
			return false
		}
		if c.op != opAnd { // the next cases may take it that this one is not so
			rest = append(rest, Not(c))
		}
	}
	return true
}

// propagate eliminates variables by equations and simplifies clauses by literals, until
// nothing changes. It gives literals and clauses, all of the kind opOr, or a contradiction.
func propagate(facts []*Term) (known, clauses []*Term, ok bool) {
	for {
		if facts, ok = gather(opAnd, trueTerm, falseTerm, facts); !ok {
			return nil, nil, false
		}
		if next, changed := eliminate(facts); changed {
			facts = next
			continue
		}
		known, clauses = nil, nil
		literal := map[string]bool{}
		for _, t := range facts {
			switch {
			case t.op == opOr:
				clauses = append(clauses, t)
			case t.op == opIff:
				a, b := t.args[0], t.args[1]
				clauses = append(clauses, Or(Not(a), b), Or(a, Not(b)))
			case t.op == opNot && t.args[0].op == opEq:
				clauses = append(clauses, apart(t.args[0].poly)...)
			default:
				known = append(known, t)
				literal[t.text()] = true
				if a, r := t.poly.factor(); t.op == opEq && a != nil {
					clauses = append(clauses, Or(eq(atomPoly(a)), eq(r)))
				}
			}
		}
		units, left, ok := simplify(clauses, func(t *Term) *Term {
			switch {
			case literal[t.text()]:
				return trueTerm
			case literal[Not(t).text()]:
				return falseTerm
			}
			return t
		})
		if !ok {
			return nil, nil, false
		}
		if len(units) == 0 {
			return known, left, true
		}
		facts = append(append(known, left...), units...)
	}
}

// apart states that p is not 0: no factor is, each of them being negative or positive.
func apart(p poly) []*Term {
	if a, r := p.factor(); a != nil {
		return append(apart(atomPoly(a)), apart(r)...)
	}
	return []*Term{Or(ge(p.add(constPoly(minusOne))), ge(p.scale(minusOne).add(constPoly(minusOne))))}
}

// factor finds an atom that divides p and gives the quotient; nil if there is none.
func (p poly) factor() (*atom, poly) {
	if len(p) == 0 || len(p[0].atoms) == 0 || len(p) == 1 && len(p[0].atoms) == 1 {
		return nil, nil
	}
next:
	for _, a := range p[0].atoms {
		var rest poly
		for _, m := range p {
			i := slices.IndexFunc(m.atoms, func(b *atom) bool { return a.key == b.key })
			if i < 0 {
				continue next
			}
			atoms := slices.Concat(m.atoms[:i], m.atoms[i+1:])
			rest = append(rest, mono{m.coef, atoms, monoKey(atoms)})
		}
		return a, collect(rest)
	}
	return nil, nil
}

// divide makes r >= 1 of a*r >= k > 0 where a >= 0, of facts and of sums of two: n < d*q + d
// and n >= 0 make q + 1 >= 1.
func divide(known []*Term, t *tableau) []*Term {
	var out []*Term
	try := func(f poly) {
		k, p := f.split()
		if a, r := p.factor(); a != nil && k.Sign() < 0 {
			r := ge(r.add(constPoly(minusOne)))
			if t.excludes(ge(atomPoly(a).scale(minusOne).add(constPoly(minusOne)))) && !holds(known, r) && !holds(out, r) {
				out = append(out, r)
			}
		}
	}
	for _, f := range known {
		if f.op != opGe {
			continue
		}
		try(f.poly)
		if !f.HasProduct() {
			continue
		}
		for _, g := range known {
			if g.op == opGe && g.poly.cancels(f.poly) {
				try(f.poly.add(g.poly))
			}
		}
	}
	return out
}

// cancels tells whether each monomial of p, constants aside, goes where q is added.
func (p poly) cancels(q poly) bool {
	_, p = p.split()
	for _, m := range p {
		i := slices.IndexFunc(q, func(n mono) bool { return n.key == m.key })
		if i < 0 || q[i].coef.CmpAbs(m.coef) != 0 || q[i].coef.Sign() == m.coef.Sign() {
			return false
		}
	}
	return len(p) > 0
}

func holds(known []*Term, f *Term) bool {
	return slices.ContainsFunc(known, f.Equal)
}

// simplify replaces the alternatives of clauses. What is no longer a clause is a unit.
func simplify(clauses []*Term, by func(*Term) *Term) (units, left []*Term, ok bool) {
	for _, c := range clauses {
		if c.op == opOr {
			args := make([]*Term, len(c.args))
			for i, a := range c.args {
				args[i] = by(a)
			}
			c = Or(args...)
		}
		switch c.op {
		case opFalse:
			return nil, nil, false
		case opTrue:
		case opOr:
			left = append(left, c)
		default:
			units = append(units, c)
		}
	}
	return units, left, true
}

// decide simplifies clauses by the bounds of variables.
func decide(clauses []*Term, t *tableau) (units, left []*Term, ok bool) {
	return simplify(clauses, func(f *Term) *Term {
		switch {
		case t.excludes(f):
			return falseTerm
		case t.excludes(Not(f)):
			return trueTerm
		}
		return f
	})
}
