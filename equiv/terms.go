package equiv

import "github.com/loopopt/loopopt/loopir"

// compareExprs shows that two computations are the same operations on equal
// operands.
func (c *checker) compareExprs(a, b value, ctx known) (Verdict, *failure) {
	a, b = a.of(literalCast(a.e)), b.of(literalCast(b.e))
	if isIndexValue(a.e) && isIndexValue(b.e) {
		ans := c.proof.need("match/same-index", a.e.Source(), ctx.hyps, sameIndex(a.index(a.e), b.index(b.e)))
		return Exact, failed(ans, "the value of this index may differ from before")
	}
	if isNumeral(a.e) && isNumeral(b.e) && sameLiteral(a.e, b.e) {
		return Exact, nil
	}
	if v, f, ok := c.compareIndexLiteral(a, b, ctx); ok {
		return v, f
	}
	switch x := a.e.(type) {
	case *loopir.Cast:
		if y, ok := b.e.(*loopir.Cast); ok && x.To == y.To && x.X.TypeOf() == y.X.TypeOf() {
			return c.compare(a.of(x.X), b.of(y.X), ctx)
		}
	case *loopir.Unary:
		if y, ok := b.e.(*loopir.Unary); ok && x.Op == y.Op && x.Type == y.Type {
			return c.compare(a.of(x.X), b.of(y.X), ctx)
		}
	case *loopir.Binary:
		y, ok := b.e.(*loopir.Binary)
		if ok && x.Op != y.Op && x.Op <= loopir.Sub && y.Op <= loopir.Sub {
			return c.compareExprs(a.of(asSum(x)), b.of(asSum(y)), ctx)
		}
		if ok && x.Op == y.Op && x.Type == y.Type && x.X.TypeOf() == y.X.TypeOf() {
			return c.compareOperands(commutes(x.Op), a, b, []loopir.Expr{x.X, x.Y}, []loopir.Expr{y.X, y.Y}, ctx)
		}
	case *loopir.Intrinsic:
		if y, ok := b.e.(*loopir.Intrinsic); ok && x.Name == y.Name && x.Type == y.Type && len(x.Args) == len(y.Args) {
			if x.Name == "select" {
				return c.compareChoice(a, b, x.Args, y.Args, ctx)
			}
			return c.compareOperands(x.Name == "fma" || len(x.Args) == 2 && (x.Name == "min" || x.Name == "max"), a, b, x.Args, y.Args, ctx)
		}
	}
	if v, f, ok := c.compareFused(a, b, ctx); ok {
		return v, f
	}
	if x := choiceOf(a.e); x != nil && isChoice(b.e) {
		return c.compareExprs(a.of(x), b, ctx)
	}
	if y := choiceOf(b.e); y != nil && isChoice(a.e) {
		return c.compareExprs(a, b.of(y), ctx)
	}
	return NoVerdict, failf(a.e.Source(), "not shown to compute what was computed before").note(b.e.Source(), "by this")
}

// asSum writes x - y as x + (-y), which is the same in IEEE and in wrapping
// arithmetic.
func asSum(e *loopir.Binary) loopir.Expr {
	if e.Op == loopir.Add {
		return e
	}
	y := &loopir.Unary{Op: loopir.Neg, X: e.Y, Type: e.Type, Span: e.Span}
	return &loopir.Binary{Op: loopir.Add, X: e.X, Y: y, Type: e.Type, Span: e.Span}
}

// of is another expression at the same instance.
func (v value) of(e loopir.Expr) value { return value{e, v.at, v.open} }

// commutes names the operators whose operands may change places exactly: IEEE
// sums and products, comparisons for equality and logic do not depend on the
// order of two operands.
func commutes(op loopir.Op) bool {
	switch op {
	case loopir.Add, loopir.Mul, loopir.Eq, loopir.Ne, loopir.And, loopir.Or:
		return true
	}
	return false
}

// compareOperands compares operands pairwise; where the first two may change
// places, it tries each way that does not fail on sight.
func (c *checker) compareOperands(swap bool, a, b value, xs, ys []loopir.Expr, ctx known) (Verdict, *failure) {
	if swap && fits(xs[0], ys[1], fitDepth) && fits(xs[1], ys[0], fitDepth) {
		swapped := append([]loopir.Expr{ys[1], ys[0]}, ys[2:]...)
		if !fits(xs[0], ys[0], fitDepth) || !fits(xs[1], ys[1], fitDepth) {
			return c.compareAll(a, b, xs, swapped, ctx)
		}
		v, f := c.compareAll(a, b, xs, ys, ctx)
		if f == nil {
			return v, nil
		}
		if w, g := c.compareAll(a, b, xs, swapped, ctx); g == nil {
			return w, nil
		}
		return v, f
	}
	return c.compareAll(a, b, xs, ys, ctx)
}

func (c *checker) compareAll(a, b value, xs, ys []loopir.Expr, ctx known) (Verdict, *failure) {
	worst := Exact
	for i := range xs {
		v, f := c.compare(a.of(xs[i]), b.of(ys[i]), ctx)
		if f != nil {
			return NoVerdict, f
		}
		worst = weaker(worst, v)
	}
	return worst, nil
}

// fits reports false when two expressions can't be the same computation by
// their form, down to depth. A cell can hold anything, and sums are written in
// many ways.
func fits(x, y loopir.Expr, depth int) bool {
	x, y = literalCast(x), literalCast(y)
	if depth == 0 || loose(x) || loose(y) {
		return true
	}
	if isNumeral(x) && isNumeral(y) && sameLiteral(x, y) {
		return true
	}
	if isLiteral(x) || isLiteral(y) {
		return isIndexCast(x) || isIndexCast(y)
	}
	xs, ys := loopir.Children(x), loopir.Children(y)
	if head(x) != head(y) || len(xs) != len(ys) {
		return false
	}
	if b, ok := x.(*loopir.Binary); ok && commutes(b.Op) && fits(xs[0], ys[1], depth-1) && fits(xs[1], ys[0], depth-1) {
		return true
	}
	for i := range xs {
		if !fits(xs[i], ys[i], depth-1) {
			return false
		}
	}
	return true
}

// fitDepth bounds the forms that are looked at, whose number doubles with it.
const fitDepth = 3

func loose(e loopir.Expr) bool {
	switch e := e.(type) {
	case *loopir.Read:
		return true
	case *loopir.Unary:
		return e.Op == loopir.Neg
	case *loopir.Binary:
		return e.Op == loopir.Add || e.Op == loopir.Sub
	case *loopir.Intrinsic:
		return e.Name == "fma" || e.Name == "select"
	}
	return isIndexValue(e)
}

// literalCast writes a small literal that is converted to a type of integers as one of it.
func literalCast(e loopir.Expr) loopir.Expr {
	c, ok := e.(*loopir.Cast)
	if !ok || !c.To.IsInteger() {
		return e
	}
	n, ok := c.X.(*loopir.Int)
	if !ok || !n.Value.IsInt64() || n.Value.Int64() < 0 || n.Value.Int64() > 127 {
		return e
	}
	return &loopir.Int{Value: n.Value, Type: c.To, Span: c.Span}
}

// isIndexCast tells an index that is converted to a value.
func isIndexCast(e loopir.Expr) bool {
	c, ok := e.(*loopir.Cast)
	return ok && c.X.TypeOf() == loopir.Index
}

// compareFused matches fma(x, y, z) with x*y + z, which rounds once more. Of
// two products in one sum either may be the one that was fused.
func (c *checker) compareFused(a, b value, ctx known) (Verdict, *failure, bool) {
	var first *failure
	if a.e.TypeOf() != b.e.TypeOf() {
		return NoVerdict, nil, false
	}
	for _, xs := range mulAdds(a.e) {
		for _, ys := range mulAdds(b.e) {
			v, f := c.compareOperands(true, a, b, xs, ys, ctx)
			if f == nil {
				return weaker(v, Reassociated), nil, true
			}
			if first == nil {
				first = f
			}
		}
	}
	return NoVerdict, first, first != nil
}

// mulAdds lists the ways to read e as x*y + z, and gives x, y and z.
func mulAdds(e loopir.Expr) [][]loopir.Expr {
	switch e := e.(type) {
	case *loopir.Intrinsic:
		if e.Name == "fma" && len(e.Args) == 3 {
			return [][]loopir.Expr{e.Args}
		}
	case *loopir.Binary:
		var out [][]loopir.Expr
		if e.Op != loopir.Add && e.Op != loopir.Sub {
			return nil
		}
		if m, ok := e.Y.(*loopir.Binary); ok && m.Op == loopir.Mul {
			x := m.X
			if e.Op == loopir.Sub {
				x = minus(x)
			}
			out = append(out, []loopir.Expr{x, m.Y, e.X})
		}
		if m, ok := e.X.(*loopir.Binary); ok && m.Op == loopir.Mul {
			z := e.Y
			if e.Op == loopir.Sub {
				z = minus(z)
			}
			out = append(out, []loopir.Expr{m.X, m.Y, z})
		}
		return out
	}
	return nil
}

// minus is -e, and x where e is -x.
func minus(e loopir.Expr) loopir.Expr {
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Neg {
		return u.X
	}
	return &loopir.Unary{Op: loopir.Neg, X: e, Type: e.TypeOf(), Span: e.Source()}
}

// indexSelect returns e when it is a select on sizes and iterators.
func indexSelect(e loopir.Expr) *loopir.Intrinsic {
	if s, ok := e.(*loopir.Intrinsic); ok && s.Name == "select" && len(s.Args) == 3 && isIndexCond(s.Args[0]) {
		return s
	}
	return nil
}

// indexSelect is indexSelect of what d computes.
func (d desc) indexSelect() *loopir.Intrinsic {
	if d.kind != fromValue {
		return nil
	}
	return indexSelect(d.val.e)
}

// compareArms compares each arm of a select under its condition.
func (c *checker) compareArms(s *loopir.Intrinsic, v value, ctx known, arm func(value, known) (Verdict, *failure)) (Verdict, *failure) {
	worst := Exact
	cond := v.index(s.Args[0])
	for i, g := range []loopir.Expr{cond, not(cond)} {
		in := ctx.with(g)
		if c.proof.impossible("match/arm", s.Span, in.hyps) {
			continue
		}
		w, f := arm(v.of(s.Args[i+1]), in)
		if f != nil {
			return NoVerdict, f
		}
		worst = weaker(worst, w)
	}
	return worst, nil
}

// split describes each arm of a select under its condition, by way of describe.
func (sd *side) split(s *loopir.Intrinsic, v value, ctx known, describe func(value, known) ([]desc, *failure)) ([]desc, *failure) {
	var out []desc
	cond := v.index(s.Args[0])
	for i, g := range []loopir.Expr{cond, not(cond)} {
		in := ctx.with(g)
		if sd.proof.impossible("match/arm", s.Span, in.hyps) {
			continue
		}
		ds, f := describe(v.of(s.Args[i+1]), in)
		if f != nil {
			return nil, f
		}
		out = append(out, under(ds, g)...)
	}
	return out, nil
}

// isIndexValue tells exact integers of sizes and iterators, and conditions on
// them, from data.
func isIndexValue(e loopir.Expr) bool {
	switch t := e.TypeOf(); t {
	case loopir.Index:
		return true
	case loopir.Bool:
		return isIndexCond(e)
	}
	return false
}

// sameIndex says that two index values, or two conditions, are equal.
func sameIndex(a, b loopir.Expr) loopir.Expr {
	if a.TypeOf() == loopir.Bool {
		return and(implies(a, b), implies(b, a))
	}
	return eq(a, b)
}

func isLiteral(e loopir.Expr) bool {
	switch e.(type) {
	case *loopir.Int, *loopir.Float:
		return true
	}
	return false
}

// isNumeral tells a literal or the negative of one: -1 is parsed as a literal, -1.0 as the
// negative of one.
func isNumeral(e loopir.Expr) bool {
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Neg {
		e = u.X
	}
	return isLiteral(e)
}
