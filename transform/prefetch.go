package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var prefetch = &Primitive{
	Name:   "prefetch",
	Syntax: "prefetch A[i][j].. at L [for x in lo..hi {, y in lo..hi}] [to L1|L2]",
	Doc: `Asks for a cell of A at the start of each iteration of loop L; the cell may lie
outside of A, since a prefetch neither faults nor changes a value.

	for i in 0..N { S }
=>	for i in 0..N { prefetch A[i+8] to L1; S }     // prefetch A[i+8] at i to L1

The index may use L, the loops around it and the sizes, and iterators of its own,
over constant ranges, for several cells:

	for i in 0..N { for x in 0..4 unroll { prefetch A[i+1][16*x] to L1 }; S }
						       // prefetch A[i+1][16*x] at i for x in 0..4

L1 is meant when no level is given.`,
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
	own, err := c.prefetchLoops(args)
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
		inside := l.Inside()
		for _, f := range own {
			if err := c.CheckNew(loopir.Token{Text: f.Iter, Span: f.Span}, l.For); err != nil {
				return err
			}
			inside = append(inside, Scope{Stmt: f})
		}
		p := &loopir.Prefetch{Cell: &loopir.Read{Name: a.name, Type: a.typ, Span: name.Span}, Level: level, Span: name.Span}
		for _, e := range cell.Index {
			if err := c.checkVars(e, inside, name.Span); err != nil {
				return err
			}
			p.Cell.Index = append(p.Cell.Index, c.Simplify(e, inside))
		}
		at := 0 // after the declarations of locals that it may name
		for i, s := range l.Body {
			if d, ok := s.(*loopir.Local); ok && d == a.local {
				at = i + 1
			}
		}
		var s loopir.Stmt = p
		for _, f := range slices.Backward(own) {
			f = loopir.CloneStmt(f).(*loopir.For)
			f.Body = []loopir.Stmt{s}
			s = f
		}
		l.Body = slices.Insert(l.Body, at, s)
		return nil
	})
}

// prefetchLoops reads an optional "for x in 0..2, y in 0..4".
func (c *Context) prefetchLoops(args *loopir.Cursor) ([]*loopir.For, error) {
	var out []*loopir.For
	for more := args.Accept("for"); more; more = args.Accept(",") {
		it, err := args.Name()
		if err != nil {
			return nil, err
		}
		if err := args.Expect("in"); err != nil {
			return nil, err
		}
		lo, err := args.Int(c.Params)
		if err != nil {
			return nil, err
		}
		if err := args.Expect(".."); err != nil {
			return nil, err
		}
		hi, err := args.Int(c.Params)
		if err != nil {
			return nil, err
		}
		out = append(out, &loopir.For{
			Iter: it.Text, Unroll: true, Span: it.Span,
			Lo: &loopir.Int{Value: lo, Type: loopir.Index, Span: it.Span}, Hi: &loopir.Int{Value: hi, Type: loopir.Index, Span: it.Span},
		})
	}
	return out, nil
}
