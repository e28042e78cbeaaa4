package transform

import "github.com/loopopt/loopopt/loopir"

// Builders of index expressions. They copy their operands, so that no node
// ever stands in two places, and fold what is plainly constant; the rest is
// left to the simplification after each step.

func lit(v int64) loopir.Expr   { return loopir.NewInt(v) }
func ivar(n string) loopir.Expr { return loopir.NewVar(n) }

func plus(x, y loopir.Expr) loopir.Expr {
	switch {
	case isInt(x, 0):
		return loopir.CloneExpr(y)
	case isInt(y, 0):
		return loopir.CloneExpr(x)
	}
	return bin(loopir.Add, x, y)
}

func minus(x, y loopir.Expr) loopir.Expr {
	if isInt(y, 0) {
		return loopir.CloneExpr(x)
	}
	return bin(loopir.Sub, x, y)
}

func times(x, y loopir.Expr) loopir.Expr {
	switch {
	case isInt(x, 1):
		return loopir.CloneExpr(y)
	case isInt(y, 1):
		return loopir.CloneExpr(x)
	}
	return bin(loopir.Mul, x, y)
}

func quot(x, y loopir.Expr) loopir.Expr {
	if isInt(y, 1) {
		return loopir.CloneExpr(x)
	}
	return bin(loopir.Div, x, y)
}

// quotUp is the quotient rounded up.
func quotUp(x, y loopir.Expr) loopir.Expr { return quot(minus(plus(x, y), lit(1)), y) }

func rem(x, y loopir.Expr) loopir.Expr { return bin(loopir.Mod, x, y) }
func lt(x, y loopir.Expr) loopir.Expr  { return bin(loopir.Lt, x, y) }
func le(x, y loopir.Expr) loopir.Expr  { return bin(loopir.Le, x, y) }
func eq(x, y loopir.Expr) loopir.Expr  { return bin(loopir.Eq, x, y) }

func negation(x loopir.Expr) loopir.Expr {
	if b, ok := x.(*loopir.Binary); ok {
		if op, ok := negated[b.Op]; ok && b.X.TypeOf() == loopir.Index {
			return bin(op, b.X, b.Y)
		}
	}
	return &loopir.Unary{Op: loopir.Not, X: loopir.CloneExpr(x), Type: loopir.Bool}
}

var negated = map[loopir.Op]loopir.Op{
	loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq,
	loopir.Lt: loopir.Ge, loopir.Ge: loopir.Lt,
	loopir.Le: loopir.Gt, loopir.Gt: loopir.Le,
}

// conj joins conditions by &&; nil when there are none.
func conj(conds ...loopir.Expr) loopir.Expr {
	var out loopir.Expr
	for _, c := range conds {
		if out == nil {
			out = loopir.CloneExpr(c)
		} else {
			out = bin(loopir.And, out, c)
		}
	}
	return out
}

// conjuncts takes a condition apart at its &&.
func conjuncts(cond loopir.Expr) []loopir.Expr {
	if b, ok := cond.(*loopir.Binary); ok && b.Op == loopir.And {
		return append(conjuncts(b.X), conjuncts(b.Y)...)
	}
	return []loopir.Expr{cond}
}

func bin(op loopir.Op, x, y loopir.Expr) loopir.Expr {
	return loopir.Bin(op, loopir.CloneExpr(x), loopir.CloneExpr(y))
}

func minOf(x, y loopir.Expr) loopir.Expr { return extremum("min", x, y) }
func maxOf(x, y loopir.Expr) loopir.Expr { return extremum("max", x, y) }

func extremum(name string, x, y loopir.Expr) loopir.Expr {
	return &loopir.Intrinsic{Name: name, Args: []loopir.Expr{loopir.CloneExpr(x), loopir.CloneExpr(y)}, Type: loopir.Index}
}

func isInt(e loopir.Expr, v int64) bool {
	n, ok := e.(*loopir.Int)
	return ok && n.Value.IsInt64() && n.Value.Int64() == v
}

// step returns the loop's step, 1 when none is written.
func step(l *loopir.For) loopir.Expr {
	if l.Step == nil {
		return lit(1)
	}
	return l.Step
}

// trips is the number of iterations of l when positive, else at most 0.
func trips(l *loopir.For) loopir.Expr { return quotUp(minus(l.Hi, l.Lo), step(l)) }

// uses tells whether e mentions one of the index variables.
func uses(e loopir.Expr, names map[string]bool) bool {
	found := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if v, ok := e.(*loopir.Var); ok && names[v.Name] {
			found = true
		}
		return !found
	})
	return found
}

// mentions tells whether body uses the index variable or array called name.
func mentions(body []loopir.Stmt, name string) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				switch e := e.(type) {
				case *loopir.Var:
					found = found || e.Name == name
				case *loopir.Read:
					found = found || e.Name == name
				case *loopir.Window:
					found = found || e.Name == name
				}
				return !found
			})
		}
		if l, ok := s.(*loopir.For); ok {
			for _, r := range l.Reduce {
				found = found || r.Name == name
			}
		}
		return !found
	})
	return found
}
