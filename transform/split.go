package transform

import "github.com/loopopt/loopopt/loopir"

var split = &Primitive{
	Name:   "split",
	Syntax: "split i at e [into i2]",
	Doc: `Cuts the range of a loop in two.

	for i in lo..hi { S }
=>	for i in lo..min(e, hi) { S }
	for i in max(e, lo)..hi { S }

Always legal: the same iterations in the same order. Both loops keep the name i,
but the second takes i2 when that is given; min and max go away where e is known to
lie inside the range.`,
	Apply: func(c *Context, args *loopir.Cursor) error {
		r, err := ParseRef(args)
		if err != nil {
			return err
		}
		if err := args.Expect("at"); err != nil {
			return err
		}
		e, err := args.Expr(c.Params)
		if err != nil {
			return err
		}
		into, err := parseInto(args)
		if err != nil {
			return err
		}
		if err := args.Done(); err != nil {
			return err
		}
		return c.EachLoop(r, func(l *Loop) error {
			if err := c.checkVars(e, l.Around, e.Source()); err != nil {
				return err
			}
			if into.Text != "" {
				if err := c.CheckNew(into, l.For, l.Iter); err != nil {
					return err
				}
			}
			start := maxOf(e, l.Lo)
			if l.Step != nil { // the first iteration at e or after it
				start = plus(l.Lo, times(l.Step, quotUp(maxOf(minus(e, l.Lo), lit(0)), l.Step)))
			}
			second := c.splitAt(l.For, minOf(e, l.Hi), start)
			if into.Text != "" {
				c.renumber(second, into.Text, second.Lo, second.Hi, loopir.NewVar(into.Text))
			}
			return nil
		})
	},
}

var peel = &Primitive{
	Name:   "peel",
	Syntax: "peel i first|last n",
	Doc: `Cuts the first or last n iterations off a loop.

	for i in lo..hi { S }
=>	for i in lo..min(lo+n, hi) { S }      or  for i in lo..max(hi-n, lo) { S }
	for i in min(lo+n, hi)..hi { S }          for i in max(hi-n, lo)..hi { S }

Always legal. Both loops keep the name i; simplify writes a loop of one iteration
without the loop.`,
	Apply: applyPeel,
}

func applyPeel(c *Context, args *loopir.Cursor) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	first := args.Accept("first")
	if !first && !args.Accept("last") {
		return c.Reject(args.Peek().Span, "expected first or last, found %s", args.Peek().Text)
	}
	n, err := args.Expr(c.Params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	return c.EachLoop(r, func(l *Loop) error {
		if err := c.checkVars(n, l.Around, n.Source()); err != nil {
			return err
		}
		if !c.Holds(le(lit(0), n), l.Around) {
			return c.Reject(n.Source(), "can't peel %s iterations: it must be at least 0", loopir.FormatExpr(n))
		}
		// Full iterations before the cut; beyond the end is harmless.
		whole := n
		if !first {
			whole = maxOf(minus(trips(l.For), n), lit(0))
		}
		at := plus(l.Lo, times(step(l.For), whole))
		if first {
			at = minOf(at, l.Hi)
		}
		c.splitAt(l.For, at, at)
		return nil
	})
}
