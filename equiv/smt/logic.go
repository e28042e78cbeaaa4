package smt

import "sort"

// Iff gives a <=> b.
func Iff(a, b *Term) *Term {
	a.mustBool()
	b.mustBool()
	switch {
	case a.IsTrue():
		return b
	case b.IsTrue():
		return a
	case a.IsFalse():
		return Not(b)
	case b.IsFalse():
		return Not(a)
	case a.text() == b.text():
		return trueTerm
	case a.text() == Not(b).text():
		return falseTerm
	}
	if b.text() < a.text() {
		a, b = b, a
	}
	return &Term{op: opIff, args: []*Term{a, b}, compound: a.compound || b.compound}
}

// Not negates a, pushing the negation inwards.
func Not(a *Term) *Term {
	switch a.op {
	case opTrue:
		return falseTerm
	case opFalse:
		return trueTerm
	case opGe: // not p >= 0 is -p - 1 >= 0
		n := a.negation.Load()
		if n == nil {
			n = ge(a.poly.scale(minusOne).add(constPoly(minusOne)))
			a.negation.Store(n)
		}
		return n
	case opNot:
		return a.args[0]
	case opAnd:
		return Or(notAll(a.args)...)
	case opOr:
		return And(notAll(a.args)...)
	case opIff:
		return Iff(Not(a.args[0]), a.args[1])
	}
	a.mustBool()
	return &Term{op: opNot, args: []*Term{a}, compound: a.compound}
}

func notAll(ts []*Term) []*Term {
	out := make([]*Term, len(ts))
	for i, t := range ts {
		out[i] = Not(t)
	}
	return out
}

// And gives the conjunction of ts, True for none.
func And(ts ...*Term) *Term { return junction(opAnd, trueTerm, falseTerm, ts) }

// Or gives the disjunction of ts, False for none.
func Or(ts ...*Term) *Term { return junction(opOr, falseTerm, trueTerm, ts) }

// Implies gives a => b.
func Implies(a, b *Term) *Term { return Or(Not(a), b) }

func junction(o op, neutral, absorbing *Term, ts []*Term) *Term {
	args, ok := gather(o, neutral, absorbing, ts)
	switch {
	case !ok:
		return absorbing
	case len(args) == 0:
		return neutral
	case len(args) == 1:
		return args[0]
	}
	sort.Slice(args, func(i, j int) bool { return args[i].text() < args[j].text() })
	t := &Term{op: o, args: args}
	for _, a := range args {
		t.compound = t.compound || a.compound
	}
	return t
}

// gather flattens and removes repetitions; neutral disappears, and false is returned if
// absorbing or a pair of opposites decides.
func gather(o op, neutral, absorbing *Term, ts []*Term) (args []*Term, ok bool) {
	seen := make(map[string]bool, len(ts))
	args = make([]*Term, 0, len(ts))
	var take func(ts []*Term)
	take = func(ts []*Term) {
		for _, t := range ts {
			t.mustBool()
			switch {
			case t.op == o:
				take(t.args)
			case t.op != neutral.op && !seen[t.text()]:
				seen[t.text()] = true
				args = append(args, t)
			}
		}
	}
	take(ts)
	for _, t := range args {
		if t.op == absorbing.op || opposite(t, seen) {
			return nil, false
		}
	}
	return args, true
}

// opposite looks the negation of a literal up; of larger formulas it is not worth forming.
func opposite(t *Term, seen map[string]bool) bool {
	switch t.op {
	case opNot:
		return seen[t.args[0].text()]
	case opGe:
		return seen[Not(t).text()]
	}
	return false
}
