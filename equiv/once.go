package equiv

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/loopopt/loopopt/loopir"
)

// A letPair is a comparison of values at least one of which is the initial value of a local,
// such as the lets of a function. Many values are made from each, so it comes up again wherever
// two of these are tried as each other, whether it succeeds or not; what is read back has no
// lets, and says again what they were.
type letPair struct {
	a, b   string // the values and their instances
	fuel   *atomic.Int64
	facts  string       // conditions on data that hold or do not
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

// compareOnce is compareFound for initial values of locals that are scalars, of which no one
// is made from itself, and other values.
func (c *checker) compareOnce(a, b desc, ctx known) (Verdict, *failure) {
	ctx.hyps = c.interned(ctx.hyps)
	k := letPair{
		a: a.text(), b: b.text(), facts: ctx.factsText(),
		fuel: ctx.fuel, known: len(ctx.hyps), budget: ctx.budget, flags: [2]bool{ctx.wide, ctx.onePass},
	}
	if k.known > 0 {
		k.hyps = &ctx.hyps[0]
	}
	x, _ := c.comparisons.LoadOrStore(k, &compared{})
	out := x.(*compared)
	out.once.Do(func() {
		out.failure = failf(a.where(), "the comparison ended in a defect") // should it: nobody else takes it for a proof
		out.verdict, out.failure = c.compareFound(a, b, ctx)
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

// text tells apart values that are computed.
func (d desc) text() string {
	if isLet(d.stmt) {
		return fmt.Sprintf("%d at %s", d.stmt.index, instanceText(d.val.at))
	}
	return d.val.text()
}

func (v value) text() string {
	return fmt.Sprintf("%d %t at %s: %s", v.at.s.index, v.open, instanceText(v.at), loopir.FormatExpr(v.e))
}

// instanceText tells apart the instances of a statement.
func instanceText(at point) string {
	var b strings.Builder
	for _, l := range at.s.Loops {
		fmt.Fprintf(&b, "%s,", loopir.FormatExpr(at.env[l.Iter]))
	}
	return b.String()
}

// factsText tells apart lists of conditions on data.
func (c known) factsText() string {
	var b strings.Builder
	for _, f := range c.facts {
		fmt.Fprintf(&b, "%s\n%s\n%t\n", f.after.text(), f.before.text(), f.holds)
	}
	return b.String()
}
