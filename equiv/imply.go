package equiv

import (
	"context"

	"github.com/loopopt/loopopt/loopir"
)

// Imply asks whether hyps imply goal, all conditions over sizes and iterators, for
// all integers. The obligation that it returns is Proved or Unknown.
func Imply(ctx context.Context, name string, at loopir.Span, hyps []loopir.Expr, goal loopir.Expr, opts Options) Obligation {
	return newProver(ctx, opts.Pool, nil).need(name, at, hyps, goal).Obligation
}
