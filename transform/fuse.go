package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var fuse = &Primitive{
	Name:   "fuse",
	Syntax: "fuse i, i2 | fuse i, j into ij",
	Doc: `Makes one loop of two.

Two loops that follow one another and run equally often:

	for i in 0..n { A(i) }
	for i2 in 0..n { B(i2) }
=>	for i in 0..n { A(i); B(i) }

Legal when no B(i2) touches what an A(i) after it, i > i2, touches with a write.
fuse i, i makes one loop of each row of loops called i, as fission leaves them.

With into, a loop and the one that is all of its body:

	for i in 0..n { for j in 0..m { S(i, j) } }
=>	for ij in 0..n*m { S(ij/m, ij%m) }

Always legal.`,
	Apply: applyFuse,
}

func applyFuse(c *Context, args *loopir.Cursor) error {
	first, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Expect(","); err != nil {
		return err
	}
	second, err := ParseRef(args)
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
	if _, err := c.Loops(second); err != nil {
		return err
	}
	gone := map[*loopir.For]bool{} // second loops that a former pair took
	return c.EachLoop(first, func(l *Loop) error {
		switch {
		case into.Text != "":
			return c.collapse(l, second, into)
		case gone[l.For]:
			return nil
		}
		if err := c.fuseSiblings(l, first, second, gone); err != nil || first.String() != second.String() {
			return err
		}
		for c.fuseSiblings(l, first, second, gone) == nil { // the rest of a row of them
		}
		return nil
	})
}

func (c *Context) fuseSiblings(l *Loop, first, second Ref, gone map[*loopir.For]bool) error {
	next, between := c.nextLoop(l.For)
	if next == nil || next.Iter != second.Name.Text {
		e := c.Reject(second.Name.Span, "no loop %s follows right after loop %s", second, first)
		if next != nil {
			e.Note(next.Span, "what follows is loop %s", next.Iter)
		}
		return e
	}
	if !c.same(trips(l.For), trips(next), l.Around) || !c.same(step(l.For), step(next), l.Around) {
		return c.Reject(second.Name.Span, "%s runs over %s..%s, but %s over %s..%s: make them run equally often, by split, peel or an if",
			l.Iter, loopir.FormatExpr(l.Lo), loopir.FormatExpr(l.Hi), next.Iter, loopir.FormatExpr(next.Lo), loopir.FormatExpr(next.Hi)).
			Note(next.Span, "the second loop")
	}
	if l.Par != next.Par || l.Unroll != next.Unroll {
		return c.Reject(second.Name.Span, "%s and %s are marked differently (parallel, vectorize, unroll): fuse them before", l.Iter, next.Iter)
	}
	loopir.SubstStmts(next.Body, map[string]loopir.Expr{next.Iter: plus(ivar(l.Iter), c.difference(next.Lo, l.Lo, l.Around))})
	l.Body = append(l.Body, next.Body...)
	l.Reduce = append(l.Reduce, next.Reduce...)
	gone[next] = true
	body, at := c.Parent(l.For)
	with := append(slices.Clone(between), loopir.Stmt(l.For))
	*body = slices.Replace(*body, at, at+len(between)+2, with...)
	return nil
}

// nextLoop returns the loop after l, with the uninitialized locals declared in
// between; nil when something else follows.
func (c *Context) nextLoop(l *loopir.For) (*loopir.For, []loopir.Stmt) {
	body, at := c.Parent(l)
	for i, s := range (*body)[at+1:] {
		switch s := s.(type) {
		case *loopir.For:
			return s, (*body)[at+1 : at+1+i]
		case *loopir.Local:
			if s.Init == nil {
				continue
			}
		}
		break
	}
	return nil, nil
}

// collapse makes one loop of l and the loop that is its body.
func (c *Context) collapse(l *Loop, second Ref, into loopir.Token) error {
	var inner *loopir.For
	if len(l.Body) == 1 {
		inner, _ = l.Body[0].(*loopir.For)
	}
	switch {
	case inner == nil || inner.Iter != second.Name.Text:
		return c.Reject(second.Name.Span, "loop %s is not all of the body of loop %s", second, l.Iter)
	case uses(inner.Lo, map[string]bool{l.Iter: true}) || uses(inner.Hi, map[string]bool{l.Iter: true}) || uses(step(inner), map[string]bool{l.Iter: true}):
		return c.Reject(second.Name.Span, "the range %s..%s of %s depends on %s: the two can't be one loop",
			loopir.FormatExpr(inner.Lo), loopir.FormatExpr(inner.Hi), second, l.Iter)
	case l.Par != inner.Par && !(l.Par == loopir.Sequential || inner.Par == loopir.Sequential):
		return c.Reject(second.Name.Span, "%s and %s are marked differently", l.Iter, inner.Iter)
	}
	if err := c.CheckNew(into, l.For, l.Iter, inner.Iter); err != nil {
		return err
	}
	n := c.Simplify(maxOf(trips(l.For), lit(0)), l.Around)
	m := c.Simplify(maxOf(trips(inner), lit(0)), l.Around)
	at := ivar(into.Text)
	loopir.SubstStmts(inner.Body, map[string]loopir.Expr{
		l.Iter:     plus(l.Lo, times(step(l.For), quot(at, m))),
		inner.Iter: plus(inner.Lo, times(step(inner), rem(at, m))),
	})
	l.Iter, l.Lo, l.Hi, l.Step, l.Body = into.Text, lit(0), times(n, m), nil, inner.Body
	if l.Par != inner.Par { // only both together may run in any order
		l.Par, l.Reduce = loopir.Sequential, nil
	}
	l.Unroll = l.Unroll && inner.Unroll
	return nil
}
