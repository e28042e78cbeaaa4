package equiv

import "github.com/loopopt/loopopt/loopir"

// Conditions are loopir expressions of type Bool over sizes and iterators. The
// constructors below take nil for true, and fold constants.

// boolExpr is 0 == 0 or 0 != 0: the language has no Boolean literals.
func boolExpr(v bool) loopir.Expr {
	op := loopir.Eq
	if !v {
		op = loopir.Ne
	}
	return &loopir.Binary{Op: op, X: loopir.NewInt(0), Y: loopir.NewInt(0), Type: loopir.Bool}
}

// constBool tells whether e is a constant of boolExpr.
func constBool(e loopir.Expr) (v, ok bool) {
	b, isBin := e.(*loopir.Binary)
	if !isBin || b.Op != loopir.Eq && b.Op != loopir.Ne {
		return false, false
	}
	x, okX := b.X.(*loopir.Int)
	y, okY := b.Y.(*loopir.Int)
	if !okX || !okY {
		return false, false
	}
	return (x.Value.Cmp(y.Value) == 0) == (b.Op == loopir.Eq), true
}

func and(es ...loopir.Expr) loopir.Expr { return join(loopir.And, es) }
func or(es ...loopir.Expr) loopir.Expr  { return join(loopir.Or, es) }

func join(op loopir.Op, es []loopir.Expr) loopir.Expr {
	var out loopir.Expr
	for _, e := range es {
		if e == nil {
			e = boolExpr(true)
		}
		if v, ok := constBool(e); ok {
			if v == (op == loopir.And) {
				continue
			}
			return e
		}
		if out == nil {
			out = e
		} else {
			out = loopir.Bin(op, out, e)
		}
	}
	if out == nil {
		return boolExpr(op == loopir.And)
	}
	return out
}

// not is the negation of e, pushed to the comparisons.
func not(e loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case nil:
		return boolExpr(false)
	case *loopir.Unary:
		if e.Op == loopir.Not {
			return e.X
		}
	case *loopir.Binary:
		switch e.Op {
		case loopir.And:
			return or(not(e.X), not(e.Y))
		case loopir.Or:
			return and(not(e.X), not(e.Y))
		}
		if op, ok := opposite[e.Op]; ok && isIndexCond(e) {
			return &loopir.Binary{Op: op, X: e.X, Y: e.Y, Type: loopir.Bool, Span: e.Span}
		}
	}
	return &loopir.Unary{Op: loopir.Not, X: e, Type: loopir.Bool, Span: e.Source()}
}

// opposite is for exact integers only: !(x < y) is not x >= y for a NaN.
var opposite = map[loopir.Op]loopir.Op{
	loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq, loopir.Lt: loopir.Ge,
	loopir.Ge: loopir.Lt, loopir.Gt: loopir.Le, loopir.Le: loopir.Gt,
}

func implies(a, b loopir.Expr) loopir.Expr { return or(not(a), b) }

func eq(a, b loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Eq, a, b) }

// conjuncts lists the conditions that e joins by &&.
func conjuncts(e loopir.Expr) []loopir.Expr {
	if b, ok := e.(*loopir.Binary); ok && b.Op == loopir.And {
		return append(conjuncts(b.X), conjuncts(b.Y)...)
	}
	return []loopir.Expr{e}
}

// isIndexCond tells conditions on sizes and iterators from those on data.
func isIndexCond(e loopir.Expr) bool {
	ok := true
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Read, *loopir.Float, *loopir.Cast, *loopir.Window:
			ok = false
		case *loopir.Intrinsic:
			ok = ok && (e.Name == "min" || e.Name == "max")
		}
		return ok
	})
	return ok
}
