package equiv

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/loopopt/loopopt/loopir"
)

// A letPair is a comparison of the initial values of two locals, such as the lets of a function.
// Many values are made from each, so it comes up again wherever two of these are tried as
// each other, whether it succeeds or not.
type letPair struct {
	a, b   int    // the statements
	at     string // their instances
	fuel   *atomic.Int64
	hyps   *loopir.Expr // of what is known, which is the same where that list is
	known  int          // its length
	budget int
	flags  [2]bool
}

// A compared is the outcome for a letPair.
type compared struct {
	once    sync.Once
	verdict Verdict
	failure *failure
}

// compareOnce is compareAnew for initial values of locals that are scalars, of which no one
// is made from itself.
func (c *checker) compareOnce(a, b desc, ctx known) (Verdict, *failure) {
	ctx.hyps = c.interned(ctx.hyps)
	k := letPair{
		a: a.stmt.index, b: b.stmt.index, at: instanceText(a) + "|" + instanceText(b),
		fuel: ctx.fuel, known: len(ctx.hyps), budget: ctx.budget, flags: [2]bool{ctx.wide, ctx.onePass},
	}
	if k.known > 0 {
		k.hyps = &ctx.hyps[0]
	}
	x, _ := c.comparisons.LoadOrStore(k, &compared{})
	out := x.(*compared)
	out.once.Do(func() {
		out.failure = failf(a.stmt.Span, "the comparison ended in a defect") // should it: nobody else takes it for a proof
		out.verdict, out.failure = c.compareAnew(a, b, ctx)
	})
	return out.verdict, out.failure
}

// interned is a list of the same hypotheses, each once, which is the same list for the same
// ones.
func (c *checker) interned(hyps []loopir.Expr) []loopir.Expr {
	seen := map[string]bool{}
	var out []loopir.Expr
	var all strings.Builder
	for _, h := range hyps {
		text := loopir.FormatExpr(h)
		if !seen[text] {
			seen[text] = true
			out = append(out, h)
			all.WriteString(text + "\n")
		}
	}
	list, _ := c.lists.LoadOrStore(all.String(), out)
	return list.([]loopir.Expr)
}

// isLet tells the initial value of a scalar local. Following these ends: each is made from
// what stands above it in the text, or from what is assigned otherwise.
func isLet(s *Stmt) bool {
	return s != nil && s.ID == added && len(s.Conds) == 0 && len(s.LHS.Index) == 0
}

// instanceText tells apart the instances of a statement.
func instanceText(d desc) string {
	var b strings.Builder
	for _, l := range d.stmt.Loops {
		fmt.Fprintf(&b, "%s,", loopir.FormatExpr(d.val.at.env[l.Iter]))
	}
	return b.String()
}
