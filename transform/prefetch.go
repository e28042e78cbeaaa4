package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var prefetch = &Primitive{
	Name:   "prefetch",
	Syntax: "prefetch A[i][j].. at L [to L1|L2]",
	Doc: `Asks for a cell of A at the start of each iteration of loop L; the cell may lie
outside of A, since a prefetch neither faults nor changes a value.

	for i in 0..N { S }
=>	for i in 0..N { prefetch A[i+8] to L1; S }     // prefetch A[i+8] at i to L1

The index may use L, the loops around it and the sizes. L1 is meant when no level is
given.`,
	Apply: applyPrefetch,
}

func applyPrefetch(c *Context, args *loopir.Cursor) error {
	name := args.Peek()
	cell, err := args.Cell(c.Params)
	if err != nil {
		return err
	}
	if err := args.Expect("at"); err != nil {
		return err
	}
	ref, err := ParseRef(args)
	if err != nil {
		return err
	}
	level := 1
	if args.Accept("to") {
		t, err := args.Name()
		if err != nil {
			return err
		}
		if level = 1 + slices.Index([]string{"L1", "L2"}, t.Text); level == 0 {
			return c.Reject(t.Span, "prefetch to L1 or L2, not %s", t.Text)
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	return c.EachLoop(ref, func(l *Loop) error {
		a := c.visible(name.Text, l.Inside())
		if a == nil {
			return c.noArray(name)
		}
		if len(cell.Index) != len(a.shape) {
			return c.Reject(name.Span, "%s has %d dimensions, not %d", a.name, len(a.shape), len(cell.Index))
		}
		p := &loopir.Prefetch{Cell: &loopir.Read{Name: a.name, Type: a.typ, Span: name.Span}, Level: level, Span: name.Span}
		for _, e := range cell.Index {
			if err := c.checkVars(e, l.Inside(), name.Span); err != nil {
				return err
			}
			p.Cell.Index = append(p.Cell.Index, c.Simplify(e, l.Inside()))
		}
		at := 0 // after the declarations of locals that it may name
		for i, s := range l.Body {
			if d, ok := s.(*loopir.Local); ok && d == a.local {
				at = i + 1
			}
		}
		l.Body = slices.Insert(l.Body, at, loopir.Stmt(p))
		return nil
	})
}
