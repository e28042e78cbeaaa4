package transform

import "github.com/loopopt/loopopt/loopir"

var shift = &Primitive{
	Name:   "shift",
	Syntax: "shift i by e [into i2]",
	Doc: `Moves the iterations of a loop along the number line.

	for i in lo..hi { S(i) }
=>	for i2 in lo+e..hi+e { S(i2-e) }

The order of the iterations stays, so this is always legal. e may use sizes and
outer loops; i2 is i when not given.`,
	Apply: func(c *Context, args *loopir.Cursor) error { return applyShift(c, args, false) },
}

var skew = &Primitive{
	Name:   "skew",
	Syntax: "skew j by e into j2",
	Doc: `Shifts a loop by an amount that grows with an outer loop.

	for t in 0..T { for j in lo..hi { S(t, j) } }
=>	for t in 0..T { for j2 in lo+e(t)..hi+e(t) { S(t, j2-e(t)) } }

Always legal by itself: the order stays. After skew j by t, a dependence on the
neighbours j-1, j and j+1 of the step before points to j2-2, j2-1 and j2, so that
j2 can be blocked and its blocks moved outside of t.`,
	Apply: func(c *Context, args *loopir.Cursor) error { return applyShift(c, args, true) },
}

func applyShift(c *Context, args *loopir.Cursor, skewed bool) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Expect("by"); err != nil {
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
	if into.Text == "" {
		into = r.Name
	}
	return c.EachLoop(r, func(l *Loop) error {
		if err := c.checkVars(e, l.Around, e.Source()); err != nil {
			return err
		}
		if skewed && !c.dependsOnLoops(e, l.Around) {
			return c.Reject(e.Source(), "%s uses no loop around %s: say shift, or name one%s", loopir.FormatExpr(e), r,
				legal("the loops around are", "", iteratorsOf(l.Around)))
		}
		if err := c.CheckNew(into, l.For, l.Iter); err != nil {
			return err
		}
		c.renumber(l.For, into.Text, plus(l.Lo, e), plus(l.Hi, e), minus(ivar(into.Text), e))
		return nil
	})
}

func iteratorsOf(around []Scope) []string {
	var out []string
	for _, sc := range around {
		if l, ok := sc.Stmt.(*loopir.For); ok {
			out = append(out, l.Iter)
		}
	}
	return out
}
