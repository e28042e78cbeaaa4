package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var reciprocal = &Primitive{
	Name:   "reciprocal",
	Syntax: "reciprocal out of i as r",
	Doc: `Computes the quotients in a loop whose divisor stays the same as products with its
reciprocal, which is taken once, before the loop.

	for i in 0..N { A[i] = B[i]/z }
=>	var r: f32 = 1.0/z                         // reciprocal out of i as r
	for i in 0..N { A[i] = B[i]*r }

Only f32 and f64 quotients, all of them by one divisor. Products are rounded twice and
are infinite or NaN where the reciprocal is, so the verdict is at best algebraic.`,
	Apply: applyReciprocal,
}

func applyReciprocal(c *Context, args *loopir.Cursor) error {
	for _, w := range []string{"out", "of"} {
		if err := args.Expect(w); err != nil {
			return err
		}
	}
	ref, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Expect("as"); err != nil {
		return err
	}
	name, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	if err := c.CheckNewAnywhere(name); err != nil {
		return err
	}
	return c.EachLoop(ref, func(l *Loop) error {
		divisor, err := c.commonDivisor(l, ref)
		if err != nil || divisor == nil {
			return err
		}
		t := divisor.TypeOf()
		r := &loopir.Local{Name: c.freshBeside(name.Text, nil), Type: t, Init: loopir.Bin(loopir.Div, &loopir.Float{Text: "1.0", Type: t}, loopir.CloneExpr(divisor)), Span: name.Span}
		byReciprocal(l.Body, divisor, r)
		c.Replace(l.For, r, l.For)
		return nil
	})
}

// commonDivisor is what the quotients in l divide by that no iteration changes, nil if
// there are none.
func (c *Context) commonDivisor(l *Loop, ref Ref) (loopir.Expr, error) {
	var found, moves loopir.Expr
	var other error
	eachQuotient(l.Body, func(y loopir.Expr) {
		switch {
		case movesIn(l.For, y):
			moves = y
		case found == nil:
			found = y
		case loopir.FormatExpr(found) != loopir.FormatExpr(y):
			other = c.Reject(ref.Name.Span, "loop %s divides by %s and by %s", ref, loopir.FormatExpr(found), loopir.FormatExpr(y)).
				Note(found.Source(), "by the one here").Note(y.Source(), "by the other here")
		}
	})
	switch {
	case other != nil:
		return nil, other
	case found != nil:
		return found, nil
	case moves != nil:
		return nil, c.Reject(ref.Name.Span, "%s is not the same in all iterations of %s", loopir.FormatExpr(moves), ref).Note(moves.Source(), "the divisor")
	}
	c.Note(ref.Name.Span, "loop %s has no quotient of type f32 or f64 by anything but a number", ref)
	return nil, nil
}

// eachQuotient calls f with the divisors of quotients of floats, but for literals.
func eachQuotient(body []loopir.Stmt, f func(y loopir.Expr)) {
	visit := func(y loopir.Expr) {
		switch y.(type) {
		case *loopir.Int, *loopir.Float:
			return
		}
		if t := y.TypeOf(); t == loopir.F32 || t == loopir.F64 {
			f(y)
		}
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok && a.Op == loopir.DivTo {
			visit(a.RHS)
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if b, ok := e.(*loopir.Binary); ok && b.Op == loopir.Div {
					visit(b.Y)
				}
				return true
			})
		}
		return true
	})
}

// movesIn tells whether an expression in l's body uses what an iteration sets.
func movesIn(l *loopir.For, e loopir.Expr) bool {
	var names []string
	loopir.Walk([]loopir.Stmt{l}, func(s loopir.Stmt) bool {
		names = append(names, declared(s))
		if a, ok := s.(*loopir.Assign); ok {
			names = append(names, a.LHS.Name)
		}
		return true
	})
	moves := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Var:
			moves = moves || slices.Contains(names, e.Name)
		case *loopir.Read:
			moves = moves || slices.Contains(names, e.Name)
		}
		return !moves
	})
	return moves
}

// byReciprocal has the quotients by an expression multiply by r.
func byReciprocal(body []loopir.Stmt, divisor loopir.Expr, r *loopir.Local) {
	text := loopir.FormatExpr(divisor)
	read := func() loopir.Expr { return &loopir.Read{Name: r.Name, Type: r.Type, Span: divisor.Source()} }
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok && a.Op == loopir.DivTo && loopir.FormatExpr(a.RHS) == text {
			a.Op, a.RHS = loopir.MulTo, read()
		}
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				b, ok := e.(*loopir.Binary)
				if !ok || b.Op != loopir.Div || b.Type != r.Type || loopir.FormatExpr(b.Y) != text {
					return e
				}
				return &loopir.Binary{Op: loopir.Mul, X: b.X, Y: read(), Type: b.Type, Span: b.Span}
			})
		})
		return true
	})
}
