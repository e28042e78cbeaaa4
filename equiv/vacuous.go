package equiv

import (
	"context"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A proof under assumptions that contradict each other says nothing. So sizes that
// satisfy all of them are looked for before anything is proved: small ones by
// trying, others by the solver.

// contradicted tells the clause with which clauses become impossible, and those
// that it contradicts, a smallest set of them.
func contradicted(ctx context.Context, pool *smt.Pool, p *Program, where []loopir.Expr) *loopir.Error {
	var clauses []loopir.Expr
	for _, w := range where {
		clauses = append(clauses, conjuncts(w)...)
	}
	notNegative := p.Assume()[:len(p.Sizes)]
	sizes := append(notNegative[:len(p.Sizes):len(p.Sizes)], sizeLimits(p)...)
	impossible := func(some []loopir.Expr) bool {
		all := append(sizes[:len(sizes):len(sizes)], some...)
		return newProver(ctx, pool, all).impossible("where/satisfiable", loopir.Span{}, nil)
	}
	last := 0
	for last < len(clauses) && !impossible(clauses[:last+1]) {
		last++
	}
	if last == len(clauses) {
		return nil
	}
	others := append([]loopir.Expr(nil), clauses[:last]...)
	culprit := clauses[last : last+1]
	for i := len(others) - 1; i >= 0; i-- {
		fewer := append(append([]loopir.Expr(nil), others[:i]...), others[i+1:]...)
		if impossible(append(fewer[:len(fewer):len(fewer)], culprit...)) {
			others = fewer
		}
	}
	err := loopir.Rejectf(culprit[0].Source(), "no sizes satisfy `%s` and what holds besides it: everything proved would be empty", loopir.FormatExpr(culprit[0]))
	for _, o := range others {
		err.Note(o.Source(), "it contradicts `%s`", loopir.FormatExpr(o))
	}
	if sizes = notNegative; !impossible(append(others, culprit...)) {
		err.Note(loopir.Span{}, "each size is below 2^%d", maxSizeBits)
	}
	return err
}

// satisfiable shows that some sizes satisfy the where clauses of both programs.
// It returns an error when none do, and a failure when that can't be told.
func satisfiable(proof *prover, old, now *Program) (*failure, error) {
	clauses := append(old.Where[:len(old.Where):len(old.Where)], now.Where...)
	if len(clauses) == 0 {
		return nil, nil
	}
	if small := newSizeSearch(old.Kernel, now.Kernel).vectors(1); len(small) > 0 && holds(clauses, small[0]) {
		return nil, nil
	}
	switch a := proof.need("where/satisfiable", clauses[0].Source(), sizeLimits(old), boolExpr(false)); {
	case a.Outcome == Proved:
		if err := contradicted(proof.ctx, proof.pool, old, clauses); err != nil {
			return nil, err
		}
		return nil, loopir.Rejectf(clauses[0].Source(), "no sizes satisfy the where clauses: everything proved would be empty")
	case a.Status != smt.Sat:
		return failf(clauses[0].Source(), "could not find sizes that satisfy the where clauses: what is proved may be empty"), nil
	}
	return nil, nil
}

// markVacuous finds the obligations whose hypotheses contradict each other: they
// hold of nothing. That is no fault, as where a case never comes up, but worth
// knowing. A goal that is false asks for just this and is left alone.
func markVacuous(ctx context.Context, pool *smt.Pool, obligations []Obligation) {
	var qs []*smt.Query
	var of []int
	for i, o := range obligations {
		if o.Outcome == Proved && o.Goal != nil && !o.Goal.IsFalse() && len(o.Hyps) > 0 {
			qs = append(qs, &smt.Query{Name: o.Name, Hyps: o.Hyps, Want: smt.Sat})
			of = append(of, i)
		}
	}
	for n, a := range pool.CheckAll(ctx, qs) {
		obligations[of[n]].Vacuous = a.Status == smt.Unsat
	}
}
