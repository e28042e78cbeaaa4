package transform

import "github.com/loopopt/loopopt/loopir"

var reverse = &Primitive{
	Name:   "reverse",
	Syntax: "reverse i {, j}",
	Doc: `Runs the iterations of a loop in the opposite order.

	for i in lo..hi { S(i) }
=>	for i in lo..hi { S(lo+hi-1-i) }

Legal when no iteration needs what another one did; sums change their order and
become reassociated.`,
	Apply: func(c *Context, args *loopir.Cursor) error {
		return c.eachOf(args, func(l *Loop) error {
			last := plus(l.Lo, times(step(l.For), minus(trips(l.For), lit(1))))
			c.renumber(l.For, l.Iter, l.Lo, l.Hi, minus(plus(l.Lo, last), ivar(l.Iter)))
			return nil
		})
	},
}

// eachOf reads loop references to the end of the step and calls f on the loops
// of each.
func (c *Context) eachOf(args *loopir.Cursor, f func(*Loop) error) error {
	refs, err := ParseRefs(args)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	for _, r := range refs {
		if err := c.EachLoop(r, f); err != nil {
			return err
		}
	}
	return nil
}
