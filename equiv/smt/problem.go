package smt

import (
	"fmt"
	"strings"
)

// A problem is what an engine decides: the satisfiability of a conjunction, with variables
// renamed so that obligations that differ in names only are one problem.
type problem struct {
	asserts []*Term
	ints    []string // sorted
	bools   []string // sorted
	logic   string   // QF_LIA or QF_NIA
	text    string   // declarations and assertions, SMT-LIB 2, without logic and check-sat
}

// newProblem states that all conjuncts of f hold.
func newProblem(f *Term) *problem {
	v := newVars()
	v.add(f)
	p := &problem{asserts: conjuncts(f), ints: sortedKeys(v.ints), bools: sortedKeys(v.bools), logic: "QF_NIA"}
	if isLinear(f) {
		p.logic = "QF_LIA"
	}
	var b strings.Builder
	for _, n := range p.ints {
		fmt.Fprintf(&b, "(declare-const %s Int)\n", symbol(n))
	}
	for _, n := range p.bools {
		fmt.Fprintf(&b, "(declare-const %s Bool)\n", symbol(n))
	}
	for _, a := range p.asserts {
		fmt.Fprintf(&b, "(assert %s)\n", a.text())
	}
	p.text = b.String()
	return p
}

// script gives p as a complete SMT-LIB 2 file.
func (p *problem) script() string {
	return "(set-option :produce-models true)\n(set-logic " + p.logic + ")\n" + p.text + "(check-sat)\n"
}

func conjuncts(f *Term) []*Term {
	switch f.op {
	case opAnd:
		return f.args
	case opTrue:
		return nil
	}
	return []*Term{f}
}
