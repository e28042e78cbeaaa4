package equiv

import "github.com/loopopt/loopopt/loopir"

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
// the same bit for bit; nil where e is none.
func choiceOf(e loopir.Expr) loopir.Expr {
	b, ok := e.(*loopir.Binary)
	if !ok || b.Type == loopir.Bool || isChoice(b.X) == isChoice(b.Y) {
		return nil
	}
	arm := func(i int) loopir.Expr {
		out := *b
		if isChoice(b.X) {
			out.X = b.X.(*loopir.Intrinsic).Args[i]
		} else {
			out.Y = b.Y.(*loopir.Intrinsic).Args[i]
		}
		return &out
	}
	choice := b.X
	if !isChoice(b.X) {
		choice = b.Y
	}
	cond := choice.(*loopir.Intrinsic).Args[0]
	return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{cond, arm(1), arm(2)}, Type: b.Type, Span: b.Span}
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

// chosen is the arm that d, a select on data, comes down to, by a fact that is its
// condition.
func (d desc) chosen(ctx known, is func(cond value, fact dataFact) bool) (value, bool) {
	if d.kind != fromValue || d.indexSelect() != nil {
		return value{}, false
	}
	s, ok := d.val.e.(*loopir.Intrinsic)
	if !ok || s.Name != "select" {
		return value{}, false
	}
	for _, fact := range ctx.facts {
		if is(d.val.of(s.Args[0]), fact) {
			if fact.holds {
				return d.val.of(s.Args[1]), true
			}
			return d.val.of(s.Args[2]), true
		}
	}
	return value{}, false
}
