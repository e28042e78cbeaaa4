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
