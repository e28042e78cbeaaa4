package transform

import "github.com/loopopt/loopopt/loopir"

var contract = &Primitive{
	Name:   "contract",
	Syntax: "contract [S1, S2..]",
	Doc: `Computes products that are added to something by fused multiply-add, which rounds
once instead of twice; in the labelled statements, or without labels everywhere.

	S1: O[i] += x*y        =>  S1: O[i] = fma(x, y, O[i])      // contract
	S1: O[i] -= x*y        =>  S1: O[i] = fma(-x, y, O[i])
	S1: t = a + x*y        =>  S1: t = fma(x, y, a)
	S1: t = x*y - a        =>  S1: t = fma(x, y, -a)

Only f32 and f64 arithmetic is contracted. Of two products in one sum the first is
kept as a product and the second fused. The results differ in the last bits, so the
verdict is at best reassociated.`,
	Apply: applyContract,
}

func applyContract(c *Context, args *loopir.Cursor) error {
	var stmts []*loopir.Assign
	all := args.Peek().Kind == loopir.TokEOF
	if all {
		c.Scan(func(s loopir.Stmt, _ []Scope) {
			if a, ok := s.(*loopir.Assign); ok {
				stmts = append(stmts, a)
			}
		})
	} else {
		labels, err := args.Names()
		if err != nil {
			return err
		}
		for _, l := range labels {
			found, err := c.assignments(l)
			if err != nil {
				return err
			}
			stmts = append(stmts, found...)
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	n := 0
	for _, a := range stmts {
		n += fuseMultiplyAdd(a)
	}
	if n == 0 { // as a schedule for many kernels may find
		c.Note(c.Step.Span, "no sum with a product of type f32 or f64 found")
	}
	return nil
}

// assignments returns the assignments labelled as tok says, at least one.
func (c *Context) assignments(tok loopir.Token) ([]*loopir.Assign, error) {
	first, _, err := c.Labelled(tok)
	if err != nil {
		return nil, err
	}
	if _, ok := first.(*loopir.Assign); !ok {
		return nil, c.Reject(tok.Span, "%s labels no assignment", tok.Text)
	}
	var out []*loopir.Assign
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if a, ok := s.(*loopir.Assign); ok && a.Label == tok.Text {
			out = append(out, a)
		}
	})
	return out, nil
}

// fuseMultiplyAdd contracts one assignment and returns how many products it fused.
func fuseMultiplyAdd(a *loopir.Assign) int {
	n := 0
	fuse := func(e loopir.Expr) loopir.Expr {
		return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
			b, ok := e.(*loopir.Binary)
			if !ok || b.Op != loopir.Add && b.Op != loopir.Sub {
				return e
			}
			if f := fused(b); f != nil {
				n++
				return f
			}
			return e
		})
	}
	a.RHS = fuse(a.RHS)
	if a.Op == loopir.AddTo || a.Op == loopir.SubTo {
		op := map[loopir.AssignOp]loopir.Op{loopir.AddTo: loopir.Add, loopir.SubTo: loopir.Sub}[a.Op]
		cell := loopir.CloneExpr(a.LHS)
		if f := fused(&loopir.Binary{Op: op, X: cell, Y: a.RHS, Type: a.LHS.Type, Span: a.RHS.Source()}); f != nil {
			a.Op, a.RHS = loopir.Set, f
			n++
		}
	}
	return n
}

// fused is b, a sum or difference, as one fma, or nil when no side is a product.
func fused(b *loopir.Binary) loopir.Expr {
	if b.Type != loopir.F32 && b.Type != loopir.F64 {
		return nil
	}
	fma := func(p *loopir.Binary, negProduct bool, z loopir.Expr, negZ bool) loopir.Expr {
		x := p.X
		if negProduct {
			x = minusOf(x, b.Type)
		}
		if negZ {
			z = minusOf(z, b.Type)
		}
		return &loopir.Intrinsic{Name: "fma", Args: []loopir.Expr{x, p.Y, z}, Type: b.Type, Span: b.Span}
	}
	if p := product(b.Y); p != nil {
		return fma(p, b.Op == loopir.Sub, b.X, false)
	}
	if p := product(b.X); p != nil {
		return fma(p, false, b.Y, b.Op == loopir.Sub)
	}
	return nil
}

func product(e loopir.Expr) *loopir.Binary {
	if b, ok := e.(*loopir.Binary); ok && b.Op == loopir.Mul {
		return b
	}
	return nil
}

func minusOf(e loopir.Expr, t loopir.Type) loopir.Expr {
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Neg {
		return u.X
	}
	return &loopir.Unary{Op: loopir.Neg, X: e, Type: t, Span: e.Source()}
}
