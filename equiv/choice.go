package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A dataFact is a condition on data, as each program writes it, and its value.
type dataFact struct {
	after, before value
	holds         bool
}

// compareChoice compares selects on data: equal conditions, and arms that are equal
// where the condition chooses them.
func (c *checker) compareChoice(a, b value, xs, ys []loopir.Expr, ctx known) (Verdict, *failure) {
	worst, f := c.compare(a.of(xs[0]), b.of(ys[0]), ctx)
	for i := 1; i < 3 && f == nil; i++ {
		in := ctx
		in.facts = append(ctx.facts[:len(ctx.facts):len(ctx.facts)], dataFact{a.of(xs[0]), b.of(ys[0]), i == 1})
		var v Verdict
		v, f = c.compare(a.of(xs[i]), b.of(ys[i]), in)
		worst = weaker(worst, v)
	}
	return worst, f
}

// choiceOf writes an operation on a choice by data as the choice of the operations, which is
// the same bit for bit; nil where e is none. An arm that combines by what changes nothing is
// what it is combined with: y + select(c, x, -0.0) is select(c, y+x, y).
func choiceOf(e loopir.Expr) loopir.Expr {
	if isChoice(e) || e.TypeOf() == loopir.Bool {
		return nil
	}
	at, operands := -1, operandsOf(e)
	for i, x := range operands {
		if isChoice(x) {
			if at >= 0 {
				return nil
			}
			at = i
		}
	}
	if at < 0 {
		return nil
	}
	choice := operands[at].(*loopir.Intrinsic)
	arm := func(i int) loopir.Expr {
		xs := slices.Clone(operands)
		xs[at] = choice.Args[i]
		if len(xs) == 2 && combinesNothing(e, xs[at]) {
			return xs[1-at]
		}
		return withOperands(e, xs)
	}
	return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{choice.Args[0], arm(1), arm(2)}, Type: e.TypeOf(), Span: e.Source()}
}

// operandsOf lists what an operation on data is computed of; other expressions have none.
func operandsOf(e loopir.Expr) []loopir.Expr {
	switch e.(type) {
	case *loopir.Binary, *loopir.Unary, *loopir.Cast, *loopir.Intrinsic:
		return loopir.Children(e)
	}
	return nil
}

// withOperands is the operation e on other operands.
func withOperands(e loopir.Expr, xs []loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case *loopir.Binary:
		out := *e
		out.X, out.Y = xs[0], xs[1]
		return &out
	case *loopir.Unary:
		out := *e
		out.X = xs[0]
		return &out
	case *loopir.Cast:
		out := *e
		out.X = xs[0]
		return &out
	}
	out := *e.(*loopir.Intrinsic)
	out.Args = xs
	return &out
}

// combinesNothing tells whether x as an operand of e makes it the other operand, bit for bit.
func combinesNothing(e loopir.Expr, x loopir.Expr) bool {
	kind := notFold
	switch e := e.(type) {
	case *loopir.Binary:
		kind = map[loopir.Op]foldKind{loopir.Add: foldAdd, loopir.Mul: foldMul}[e.Op]
	case *loopir.Intrinsic:
		kind = map[string]foldKind{"min": foldMin, "max": foldMax}[e.Name]
	}
	return kind != notFold && leavesAll(kind, x)
}

// isChoice tells a select on data.
func isChoice(e loopir.Expr) bool {
	s, ok := e.(*loopir.Intrinsic)
	return ok && s.Name == "select" && !isIndexCond(s.Args[0])
}

// compareIndexLiteral shows that an index converted to a value is a small literal, which it
// is converted to exactly. It reports false for other pairs.
func (c *checker) compareIndexLiteral(a, b value, ctx known) (Verdict, *failure, bool) {
	cast, isCast := a.e.(*loopir.Cast)
	v, lit := a, b.e
	if !isCast {
		cast, isCast = b.e.(*loopir.Cast)
		v, lit = b, a.e
	}
	n, isNumber := number(lit)
	if !isCast || !isNumber || cast.X.TypeOf() != loopir.Index || !isIndexCond(cast.X) || a.e.TypeOf() != b.e.TypeOf() || n < 0 || n > 127 {
		return NoVerdict, nil, false
	}
	ans := c.proof.need("match/same-index", a.e.Source(), ctx.hyps, eq(v.index(cast.X), loopir.NewInt(int64(n))))
	return Exact, failed(ans, "the value of this index may differ from before"), true
}

// compareChosen compares a and b where one of them is a select on data whose
// condition is known. It reports false where that does not help.
func (c *checker) compareChosen(a, b desc, ctx known) (Verdict, bool) {
	if len(ctx.facts) == 0 {
		return NoVerdict, false
	}
	in := ctx
	in.facts = nil
	same := func(x, y value) bool {
		v, f := c.compare(x, y, in)
		return f == nil && v == Exact
	}
	das, dbs := []desc{a}, []desc{b}
	var f *failure
	if x, ok := a.chosen(ctx, func(cond value, fact dataFact) bool { return same(cond, fact.before) }); ok {
		das, f = c.after.describeValue(x, ctx)
	} else if y, ok := b.chosen(ctx, func(cond value, fact dataFact) bool { return same(fact.after, cond) }); ok {
		dbs, f = c.before.describeValue(y, ctx)
	} else {
		return NoVerdict, false
	}
	var v Verdict
	if f == nil {
		v, f = c.compareCases(das, dbs, a.where(), ctx)
	}
	return v, f == nil
}

// chosen is the arm that d, a select on data or an operation on one, comes down to where facts
// decide its condition; is tells whether a condition is that of a fact.
func (d desc) chosen(ctx known, is func(cond value, fact dataFact) bool) (value, bool) {
	if d.kind != fromValue || d.indexSelect() != nil {
		return value{}, false
	}
	e := d.val.e
	if x := choiceOf(e); x != nil {
		e = x
	}
	s, ok := e.(*loopir.Intrinsic)
	if !ok || s.Name != "select" {
		return value{}, false
	}
	switch holds, known := ctx.decides(d.val.of(s.Args[0]), is); {
	case !known:
		return value{}, false
	case holds:
		return d.val.of(s.Args[1]), true
	}
	return d.val.of(s.Args[2]), true
}

// decides tells whether a condition on data holds, where the facts decide it.
func (c known) decides(cond value, is func(cond value, fact dataFact) bool) (holds, known bool) {
	for _, fact := range c.facts {
		if is(cond, fact) {
			return fact.holds, true
		}
	}
	switch e := cond.e.(type) {
	case *loopir.Unary:
		if e.Op == loopir.Not {
			holds, known = c.decides(cond.of(e.X), is)
			return !holds, known
		}
	case *loopir.Binary:
		if e.Op != loopir.And && e.Op != loopir.Or {
			break
		}
		decisive := e.Op == loopir.Or // the value of a part that decides the whole
		x, knownX := c.decides(cond.of(e.X), is)
		if knownX && x == decisive {
			return decisive, true
		}
		y, knownY := c.decides(cond.of(e.Y), is)
		if knownY && y == decisive {
			return decisive, true
		}
		return !decisive, knownX && knownY
	}
	return false, false
}
