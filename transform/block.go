package transform

import (
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

var block = &Primitive{
	Name:   "block",
	Syntax: "block i by B into ib, i2 [tail exact|guard|min|mask|peel [into ib2, i3]]",
	Doc: `Cuts the iterations of a loop into blocks of B: i becomes B*ib + i2.

	for i in 0..n { S(i) }
=>	for ib in 0..n/B { for i2 in 0..B { S(B*ib+i2) } }

Without a tail, B must divide n (say so by assume). What is left over otherwise:

	tail guard  for ib in 0..(n+B-1)/B { for i2 in 0..B { if B*ib+i2 < n { S } } }
	tail min    for ib in 0..(n+B-1)/B { for i2 in 0..min(B, n-B*ib) { S } }
	tail mask   as guard, the inner loop vectorized: lanes beyond n are masked
	tail peel   a second nest does the last n%B iterations, with loops of the
	            same names, or of those after its own into

A loop lo..hi step s is cut from its start: i = lo + s*(B*ib+i2). When lo
depends on an outer loop, blocks are cut at the multiples of B instead, so that
they do not move with the outer loop; only guard, min and mask can do this.`,
	Apply: applyBlock,
}

// A blocking is what a block step asks for.
type blocking struct {
	of           Ref
	by           loopir.Expr
	outer, inner loopir.Token
	tail         string       // exact, guard, min, mask, peel
	outer2       loopir.Token // the tail's loops; empty Text: as outer, inner
	inner2       loopir.Token
}

var tails = []string{"exact", "guard", "min", "mask", "peel"}

func applyBlock(c *Context, args *loopir.Cursor) error {
	b := blocking{tail: "exact"}
	var err error
	if b.of, err = ParseRef(args); err != nil {
		return err
	}
	if err := args.Expect("by"); err != nil {
		return err
	}
	if b.by, err = args.Expr(c.Params); err != nil {
		return err
	}
	if err := args.Expect("into"); err != nil {
		return err
	}
	if b.outer, b.inner, err = parsePair(args); err != nil {
		return err
	}
	if err := c.parseTail(args, &b); err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	return c.EachLoop(b.of, func(l *Loop) error {
		_, err := c.block(l, &b)
		return err
	})
}

func parsePair(args *loopir.Cursor) (a, b loopir.Token, err error) {
	if a, err = args.Name(); err != nil {
		return a, b, err
	}
	if err = args.Expect(","); err != nil {
		return a, b, err
	}
	b, err = args.Name()
	return a, b, err
}

func (c *Context) parseTail(args *loopir.Cursor, b *blocking) error {
	if !args.Accept("tail") {
		return nil
	}
	kind := args.Next() // min is no name
	b.tail = ""
	for _, t := range tails {
		if kind.Text == t {
			b.tail = t
		}
	}
	switch {
	case kind.Kind == loopir.TokEOF:
		return c.Reject(kind.Span, "which tail? one of %s", strings.Join(tails, ", "))
	case b.tail == "":
		return c.Reject(kind.Span, "there is no tail %s%s", kind.Text, legal("the tails are", kind.Text, tails))
	}
	var err error
	if b.tail == "peel" && args.Accept("into") {
		b.outer2, b.inner2, err = parsePair(args)
	}
	return err
}

// block cuts l and returns the loops over the inner iterator that it made.
func (c *Context) block(l *Loop, b *blocking) ([]*loopir.For, error) {
	if err := c.checkBlock(l, b); err != nil {
		return nil, err
	}
	if one, ok := b.by.(*loopir.Int); ok && one.Value.IsInt64() && one.Value.Int64() == 1 {
		c.Note(b.by.Source(), "blocks of one iteration: loop %s runs once, and %s as %s did", b.inner.Text, b.outer.Text, b.of)
	}
	moving := c.dependsOnLoops(l.Lo, l.Around)
	origin := l.Lo
	if moving {
		origin = lit(0)
		if b.tail == "exact" || b.tail == "peel" || l.Step != nil {
			return nil, c.Reject(b.of.Name.Span, "the lower bound %s of %s depends on an outer loop: take tail min or guard, or shift %s to start at 0",
				loopir.FormatExpr(l.Lo), b.of, b.of)
		}
	}
	outer := &loopir.For{Label: l.Label, Iter: b.outer.Text, Lo: lit(0), Par: l.Par, Reduce: l.Reduce, Span: l.Span}
	inner := &loopir.For{Iter: b.inner.Text, Lo: lit(0), Hi: loopir.CloneExpr(b.by), Span: l.Span}
	if l.Par == loopir.Vectorize {
		outer.Par, inner.Par = loopir.Sequential, loopir.Vectorize
	}
	at := plus(times(b.by, ivar(outer.Iter)), ivar(inner.Iter))
	n := trips(l.For)
	switch b.tail {
	case "exact":
		outer.Hi = quot(n, b.by)
	case "peel":
		n = c.Simplify(maxOf(n, lit(0)), l.Around)
		outer.Hi = quot(n, b.by)
	default:
		outer.Hi = quotUp(n, b.by)
		if moving {
			outer.Lo, outer.Hi = quot(l.Lo, b.by), quotUp(l.Hi, b.by)
		}
	}
	if b.tail == "mask" {
		inner.Par = loopir.Vectorize
	}
	body := loopir.CloneStmts(l.Body)
	loopir.SubstStmts(body, map[string]loopir.Expr{l.Iter: plus(origin, times(step(l.For), at))})
	switch {
	case b.tail == "min" && moving:
		inner.Lo = maxOf(lit(0), minus(l.Lo, times(b.by, ivar(outer.Iter))))
		inner.Hi = minOf(b.by, minus(l.Hi, times(b.by, ivar(outer.Iter))))
	case b.tail == "min":
		inner.Hi = minOf(b.by, minus(n, times(b.by, ivar(outer.Iter))))
	case (b.tail == "guard" || b.tail == "mask") && moving:
		body = []loopir.Stmt{&loopir.If{Cond: conj(le(l.Lo, at), lt(at, l.Hi)), Then: body}}
	case b.tail == "guard" || b.tail == "mask":
		body = []loopir.Stmt{&loopir.If{Cond: lt(at, n), Then: body}}
	}
	inner.Body = body
	outer.Body = []loopir.Stmt{inner}
	if b.tail != "peel" {
		c.Replace(l.For, outer)
		return []*loopir.For{inner}, nil
	}
	rest, restInner := peeled(l, b, origin, n)
	c.Replace(l.For, outer, rest)
	return []*loopir.For{inner, restInner}, nil
}

// peeled makes the nest that does the last n%B iterations.
func peeled(l *Loop, b *blocking, origin, n loopir.Expr) (outer, inner *loopir.For) {
	outer = &loopir.For{Iter: b.outer.Text, Lo: quot(n, b.by), Hi: quotUp(n, b.by), Par: l.Par, Reduce: l.Reduce, Span: l.Span}
	inner = &loopir.For{Iter: b.inner.Text, Lo: lit(0), Hi: rem(n, b.by), Span: l.Span}
	if b.outer2.Text != "" {
		outer.Iter, inner.Iter = b.outer2.Text, b.inner2.Text
	}
	if l.Par == loopir.Vectorize {
		outer.Par, inner.Par = loopir.Sequential, loopir.Vectorize
	}
	at := plus(times(b.by, ivar(outer.Iter)), ivar(inner.Iter))
	inner.Body = loopir.CloneStmts(l.Body)
	loopir.SubstStmts(inner.Body, map[string]loopir.Expr{l.Iter: plus(origin, times(step(l.For), at))})
	outer.Body = []loopir.Stmt{inner}
	return outer, inner
}

func (c *Context) checkBlock(l *Loop, b *blocking) error {
	toks := []loopir.Token{b.outer, b.inner}
	if b.outer2.Text != "" {
		toks = append(toks, b.outer2, b.inner2)
		if b.outer2.Text == b.inner2.Text {
			return c.Reject(b.inner2.Span, "the two loops need different names")
		}
	}
	if b.outer.Text == b.inner.Text {
		return c.Reject(b.inner.Span, "the two loops need different names")
	}
	for _, t := range toks {
		if err := c.CheckNew(t, l.For, l.Iter); err != nil {
			return err
		}
	}
	if l.Unroll {
		return c.Reject(b.of.Name.Span, "%s is unrolled: block it before", b.of)
	}
	return c.checkFactor(b.by, l, b.of.Name.Span)
}

// checkFactor rejects a block size that is not positive or not known around l.
func (c *Context) checkFactor(by loopir.Expr, l *Loop, at loopir.Span) error {
	if by.Source().Start.Line != 0 {
		at = by.Source()
	}
	if err := c.checkVars(by, l.Around, at); err != nil {
		return err
	}
	switch {
	case c.Holds(le(lit(1), by), l.Around):
		return nil
	case c.Holds(le(by, lit(0)), l.Around):
		return c.Reject(at, "the block size %s must be at least 1", loopir.FormatExpr(by))
	}
	return c.Reject(at, "the block size %s may be 0: say assume %s >= 1", loopir.FormatExpr(by), loopir.FormatExpr(by))
}
