package transform

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

var vectorize = &Primitive{
	Name:   "vectorize",
	Syntax: "vectorize i {, j}",
	Doc: `Makes the iterations of a loop the lanes of vectors.

	for i in lo..hi { S }  =>  for i in lo..hi vectorize { S }

Legal when no iteration needs what another one did.`,
	Apply: func(c *Context, args *loopir.Cursor) error {
		return c.eachOf(args, func(l *Loop) error { return c.mark(l, loopir.Vectorize) })
	},
}

var parallel = &Primitive{
	Name:   "parallel",
	Syntax: "parallel i {, j} [reduction(+: s {, t})]",
	Doc: `Lets the iterations of a loop run at the same time, in any order.

	for i in lo..hi { S }  =>  for i in lo..hi parallel { S }

Legal when no two iterations touch one cell with a write. With reduction(+: s) the
iterations may all update s by +=; * (for *=), min and max likewise.`,
	Apply: applyParallel,
}

func applyParallel(c *Context, args *loopir.Cursor) error {
	refs, err := ParseRefs(args)
	if err != nil {
		return err
	}
	var reduce []loopir.Reduction
	for args.Accept("reduction") || args.Accept("reduce") {
		more, err := c.parseReduction(args)
		if err != nil {
			return err
		}
		reduce = append(reduce, more...)
	}
	if err := args.Done(); err != nil {
		return err
	}
	for _, r := range refs {
		err := c.EachLoop(r, func(l *Loop) error {
			if err := c.mark(l, loopir.Parallel); err != nil {
				return err
			}
			l.Reduce = append(l.Reduce, reduce...)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// parseReduction reads (+: s, t).
func (c *Context) parseReduction(args *loopir.Cursor) ([]loopir.Reduction, error) {
	if err := args.Expect("("); err != nil {
		return nil, err
	}
	op, ok := loopir.Set, false
	for _, o := range reductionOps {
		if args.Accept(o.text) {
			op, ok = o.op, true
			break
		}
	}
	if !ok {
		return nil, c.Reject(args.Peek().Span, "expected one of + * min max, found %s", args.Peek().Text)
	}
	if err := args.Expect(":"); err != nil {
		return nil, err
	}
	names, err := args.Names()
	if err != nil {
		return nil, err
	}
	var out []loopir.Reduction
	for _, n := range names {
		if !mentions(c.Kernel.Body, n.Text) {
			return nil, c.Reject(n.Span, "no array or scalar %s is updated here", n.Text)
		}
		out = append(out, loopir.Reduction{Op: op, Name: n.Text})
	}
	return out, args.Expect(")")
}

var reductionOps = []struct {
	text string
	op   loopir.AssignOp
}{{"+", loopir.AddTo}, {"*", loopir.MulTo}, {"min", loopir.MinTo}, {"max", loopir.MaxTo}}

func (c *Context) mark(l *Loop, par loopir.Par) error {
	words := map[loopir.Par]string{loopir.Parallel: "parallel", loopir.Vectorize: "vectorized"}
	switch {
	case l.Par == par:
		c.Note(l.Span, "%s is already %s", l.Iter, words[par])
		return nil
	case l.Par != loopir.Sequential:
		return c.Reject(loopir.Span{}, "%s is %s: a loop can't be both", l.Iter, words[l.Par])
	}
	l.Par = par
	return nil
}

var unroll = &Primitive{
	Name:   "unroll",
	Syntax: "unroll i {, j} | unroll i by B [into ib, i2] [tail ...]",
	Doc: `Has every iteration of a loop written out.

	for i in 0..4 { S(i) }  =>  for i in 0..4 unroll { S(i) }

The number of iterations must be constant. unroll i by B is block i by B, then
unroll of the inner loop; tail says what happens to the rest, as in block.`,
	Apply: applyUnroll,
}

// maxUnroll bounds the iterations that one loop may have written out.
const maxUnroll = 1024

func applyUnroll(c *Context, args *loopir.Cursor) error {
	refs, err := ParseRefs(args)
	if err != nil {
		return err
	}
	if len(refs) == 1 && args.Accept("by") {
		_, err := c.unrollBy(refs[0], args)
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	for _, r := range refs {
		if err := c.EachLoop(r, func(l *Loop) error { return c.unroll(l) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Context) unroll(l *Loop) error {
	n, ok := c.Simplify(trips(l.For), l.Around).(*loopir.Int)
	switch {
	case l.Unroll:
		c.Note(l.Span, "%s is already unrolled", l.Iter)
		return nil
	case !ok:
		return c.Reject(loopir.Span{}, "%s runs %s times, which is not a constant: unroll it by a number, or block it first",
			l.Iter, loopir.FormatExpr(c.Simplify(trips(l.For), l.Around)))
	case n.Value.Cmp(big.NewInt(maxUnroll)) > 0:
		return c.Reject(loopir.Span{}, "%s runs %s times: more than %d are not written out", l.Iter, n.Value, maxUnroll)
	}
	l.Unroll = true
	return nil
}

// unrollBy reads the rest of "unroll i by B ..." and returns the unrolled loops.
func (c *Context) unrollBy(r Ref, args *loopir.Cursor) ([]*loopir.For, error) {
	b := blocking{of: r, tail: "exact"}
	var err error
	if b.by, err = args.Expr(c.Params); err != nil {
		return nil, err
	}
	b.outer, b.inner = r.Name, r.Name
	b.inner.Text = c.Fresh(r.Name.Text + "u")
	if args.Accept("into") {
		if b.outer, b.inner, err = parsePair(args); err != nil {
			return nil, err
		}
	}
	if err := c.parseTail(args, &b); err != nil {
		return nil, err
	}
	if err := args.Done(); err != nil {
		return nil, err
	}
	if b.tail == "mask" {
		return nil, c.Reject(loopir.Span{}, "tail mask makes vectors, which are not unrolled: take tail guard, min or peel")
	}
	var made []*loopir.For
	err = c.EachLoop(r, func(l *Loop) error {
		inner, err := c.block(l, &b)
		if err != nil {
			return err
		}
		full := &Loop{inner[0], c.Around(inner[0])}
		made = append(made, inner[0])
		return c.unroll(full)
	})
	return made, err
}
