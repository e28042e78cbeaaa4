package lift

import "github.com/loopopt/loopopt/loopir"

// pin makes what is made of literals alone keep its type where the checker, who knows only
// what is written, would take another one: that of the conversion around it, or an index.
func pin(k *loopir.Kernel) {
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			if e == nil {
				return nil
			}
			return loopir.MapExpr(e, pinned)
		})
		return true
	})
}

// pinned is pin at the root of an expression.
func pinned(e loopir.Expr) loopir.Expr {
	switch x := e.(type) {
	case *loopir.Cast:
		n, isInt := intValue(x.X)
		switch {
		case isInt && x.X.TypeOf().IsInteger() && x.To.IsInteger():
			return intLiteral(n, x.To)
		case untyped(x.X):
			return &loopir.Cast{To: x.To, X: converted(x.X), Span: x.Span}
		}
	case *loopir.Binary:
		if x.Op >= loopir.Eq && x.Op <= loopir.Ge && untyped(x.X) && untyped(x.Y) {
			return &loopir.Binary{Op: x.Op, X: converted(x.X), Y: x.Y, Type: x.Type, Span: x.Span}
		}
	case *loopir.Read:
		c := *x
		c.Index = make([]loopir.Expr, len(x.Index))
		for i, e := range x.Index {
			if c.Index[i] = e; untyped(e) {
				c.Index[i] = converted(e)
			}
		}
		if len(x.Index) > 0 {
			return &c
		}
	}
	return e
}

// untyped tells values that are made of literals alone.
func untyped(e loopir.Expr) bool { return e.TypeOf().IsValue() && !hasType(e) }

func converted(e loopir.Expr) loopir.Expr {
	return &loopir.Cast{To: e.TypeOf(), X: e, Span: e.Source()}
}
