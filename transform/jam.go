package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var unrollAndJam = &Primitive{
	Name:   "unroll_and_jam",
	Syntax: "unroll_and_jam i by B [into ib, i2] [tail ...]",
	Doc: `Blocks a loop and has the iterations of a block done side by side, in the
innermost loops.

	for i in 0..n { for j in 0..m { S(i, j) } }
=>	for i in 0..n/B { for j in 0..m { for iu in 0..B unroll { S(B*i+iu, j) } } }

That is block i by B, reorder of the inner loop to the innermost place of every
statement, unroll. tail as in block. Legal when both the block's order and the
new one respect every dependence.`,
	Apply: applyUnrollAndJam,
}

func applyUnrollAndJam(c *Context, args *loopir.Cursor) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Expect("by"); err != nil {
		return err
	}
	made, err := c.unrollBy(r, args)
	if err != nil {
		return err
	}
	return c.permute(func(path []elem) []elem {
		at := slices.IndexFunc(path, func(e elem) bool { return e.loop != nil && slices.Contains(made, e.loop) })
		if at < 0 {
			return path
		}
		out := slices.Delete(slices.Clone(path), at, at+1)
		return append(out, path[at])
	})
}
