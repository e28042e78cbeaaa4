package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// contradiction tells which of the clauses can't hold together with those before
// it and the limits on sizes, nil if that is not shown: what is proved under them
// would mean nothing. Each part of a clause counts as one.
func contradiction(proof *prover, at loopir.Span, p *Program, clauses []loopir.Expr) *loopir.Error {
	proof = newProver(proof.ctx, proof.pool, nil)
	var sizes, all []loopir.Expr
	for _, s := range p.Sizes {
		sizes = append(sizes, ge(loopir.NewVar(s), 0))
	}
	limited := append(sizes[:len(sizes):len(sizes)], sizeLimits(p)...)
	for _, c := range clauses {
		all = append(all, conjuncts(c)...)
	}
	impossible := func(under, cs []loopir.Expr) bool {
		return proof.impossible("where/satisfiable", at, slices.Concat(under, cs))
	}
	if !impossible(limited, all) {
		return nil
	}
	n := 0
	for n < len(all)-1 && !impossible(limited, all[:n+1]) {
		n++
	}
	culprit, rest := all[n], slices.Clone(all[:n])
	for i := n - 1; i >= 0; i-- {
		if fewer := slices.Delete(slices.Clone(rest), i, i+1); impossible(limited, append(fewer, culprit)) {
			rest = fewer
		}
	}
	err := loopir.Rejectf(place(culprit, at), "no sizes satisfy %s, so nothing proved under it would mean anything", loopir.FormatExpr(culprit))
	for _, c := range rest {
		err.Note(place(c, at), "it contradicts %s", loopir.FormatExpr(c))
	}
	if !impossible(sizes, append(rest, culprit)) {
		err.Note(loopir.Span{}, "each size is below 2^%d", maxSizeBits)
	}
	return err
}
