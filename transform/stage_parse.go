package transform

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

func (c *Context) parseStaging(args *loopir.Cursor) (*staging, error) {
	s := &staging{array: args.Peek()}
	w, err := args.Window(c.Params)
	if err != nil {
		return nil, err
	}
	if w.Dims != nil {
		s.window = w
	}
	if err := args.Expect("in"); err != nil {
		return nil, err
	}
	if s.mem, err = c.parseMem(args); err != nil {
		return nil, err
	}
	if s.whole = args.Accept("around"); s.whole || args.Accept("at") {
		at, err := ParseRef(args)
		if err != nil {
			return nil, err
		}
		s.at = &at
	}
	if err := args.Expect("as"); err != nil {
		return nil, err
	}
	if s.as, err = args.Name(); err != nil {
		return nil, err
	}
	if err := c.parsePadding(args, s); err != nil {
		return nil, err
	}
	return s, args.Done()
}

func (c *Context) parseMem(args *loopir.Cursor) (loopir.Mem, error) {
	where, err := args.Name()
	if err != nil {
		return 0, err
	}
	mem, ok := mems[where.Text]
	if !ok {
		return 0, c.Reject(where.Span, "a local lives in registers, stack or heap, not in %s", where.Text)
	}
	return mem, nil
}

func (c *Context) parsePadding(args *loopir.Cursor, s *staging) (err error) {
	if args.Accept("pad") {
		if s.pad, err = args.Indices(c.Params); err != nil {
			return err
		}
		for i, m := range s.pad {
			if err := c.checkVars(m, nil, s.as.Span); err != nil {
				return err
			}
			if s.pad[i] = c.Simplify(m, nil); !c.Holds(le(lit(1), m), nil) {
				return c.Reject(m.Source(), "pad rounds up to a multiple of %s, which must be at least 1", loopir.FormatExpr(m))
			}
		}
	}
	if args.Accept("fill") {
		s.fill, err = c.parseLiteral(args)
	}
	return err
}

// parseLiteral reads a number; its type is set where it is used.
func (c *Context) parseLiteral(args *loopir.Cursor) (loopir.Expr, error) {
	switch t := args.Next(); t.Kind {
	case loopir.TokInt:
		if v, ok := new(big.Int).SetString(t.Text, 0); ok {
			return &loopir.Int{Value: v, Span: t.Span}, nil
		}
		return nil, c.Reject(t.Span, "%s is not a number", t.Text)
	case loopir.TokFloat:
		return &loopir.Float{Text: t.Text, Span: t.Span}, nil
	default:
		return nil, c.Reject(t.Span, "expected a number, found %q", t.Text)
	}
}

// typed gives a literal the type of the place it stands in.
func typed(lit loopir.Expr, t loopir.Type) loopir.Expr {
	e := loopir.CloneExpr(lit)
	switch e := e.(type) {
	case *loopir.Int:
		e.Type = t
	case *loopir.Float:
		e.Type = t
	}
	return e
}

// CheckNewAnywhere rejects a name that anything in the kernel has already.
func (c *Context) CheckNewAnywhere(tok loopir.Token) error {
	if c.Fresh(tok.Text) != tok.Text {
		return c.Reject(tok.Span, "%s already has a meaning in %s: choose another name", tok.Text, c.Kernel.Name)
	}
	return nil
}
