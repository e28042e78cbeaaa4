package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A trend says how an expression changes when one variable grows.
type trend uint8

const (
	constant trend = iota
	rising         // never falls
	falling        // never rises
	unclear
)

func (t trend) neg() trend {
	switch t {
	case rising:
		return falling
	case falling:
		return rising
	}
	return t
}

// and is the trend of a sum, minimum or maximum of two expressions.
func (t trend) and(u trend) trend {
	switch {
	case t == constant:
		return u
	case u == constant || t == u:
		return t
	}
	return unclear
}

// trendOf tells how e changes with v.
func trendOf(e loopir.Expr, v string, facts poly.Facts) trend {
	if !loopir.UsesVar(e, v) {
		return constant
	}
	switch e := e.(type) {
	case *loopir.Var:
		return rising
	case *loopir.Unary:
		return trendOf(e.X, v, facts).neg()
	case *loopir.Intrinsic: // min, max
		t := constant
		for _, a := range e.Args {
			t = t.and(trendOf(a, v, facts))
		}
		return t
	case *loopir.Binary:
		x, y := trendOf(e.X, v, facts), trendOf(e.Y, v, facts)
		switch e.Op {
		case loopir.Add:
			return x.and(y)
		case loopir.Sub:
			return x.and(y.neg())
		case loopir.Mul:
			return scaled(x, e.Y, facts).and(scaled(y, e.X, facts))
		case loopir.Div:
			if y == constant && signOf(e.Y, facts) > 0 {
				return x
			}
		}
	}
	return unclear
}

// scaled is the trend of a factor times by.
func scaled(t trend, by loopir.Expr, facts poly.Facts) trend {
	if t == constant {
		return t
	}
	switch signOf(by, facts) {
	case 1:
		return t
	case -1:
		return t.neg()
	}
	return unclear
}

// signOf is 1 when e is known to be at least 0, -1 when it is known to be at
// most 0, else 0.
func signOf(e loopir.Expr, facts poly.Facts) int {
	lo, hi := facts.Bounds(e)
	switch {
	case lo != nil && lo.Sign() >= 0:
		return 1
	case hi != nil && hi.Sign() <= 0:
		return -1
	}
	return 0
}

// extreme returns an expression free of the iterators of loops (outermost
// first) that is at least e, or with upper false at most e, in every iteration,
// and equal to it in one wherever e is monotonic. It returns nil when it finds
// none.
func extreme(e loopir.Expr, loops []*loopir.For, upper bool, facts poly.Facts) loopir.Expr {
	for _, l := range slices.Backward(loops) {
		if !loopir.UsesVar(e, l.Iter) {
			continue
		}
		e = poly.Simplify(e, facts)
		t := trendOf(e, l.Iter, facts)
		if t == unclear {
			e = distribute(e, facts)
			t = trendOf(e, l.Iter, facts)
		}
		if t == unclear {
			e = relax(e, l.Iter, upper, facts)
			if e == nil {
				return nil
			}
			t = trendOf(e, l.Iter, facts)
		}
		at := l.Lo
		if (t == rising) == upper {
			at = loopir.Bin(loopir.Sub, l.Hi, loopir.NewInt(1))
		}
		if t == unclear {
			return nil
		}
		e = loopir.Subst(e, map[string]loopir.Expr{l.Iter: at})
	}
	return poly.Simplify(e, facts)
}

// distribute moves what is added to a minimum or maximum into its arguments,
// where it may cancel: 8*b + min(8, N - 8*b) is min(8*b + 8, N).
func distribute(e loopir.Expr, facts poly.Facts) loopir.Expr {
	b, ok := e.(*loopir.Binary)
	if !ok || b.Op != loopir.Add && b.Op != loopir.Sub {
		return e
	}
	x, y := distribute(b.X, facts), distribute(b.Y, facts)
	over := func(m *loopir.Intrinsic, name string, part func(loopir.Expr) loopir.Expr) loopir.Expr {
		out := &loopir.Intrinsic{Name: name, Type: loopir.Index}
		for _, a := range m.Args {
			out.Args = append(out.Args, distribute(poly.Simplify(part(a), facts), facts))
		}
		return out
	}
	if m, ok := x.(*loopir.Intrinsic); ok {
		return over(m, m.Name, func(a loopir.Expr) loopir.Expr { return bin(b.Op, a, y) })
	}
	if m, ok := y.(*loopir.Intrinsic); ok {
		name := m.Name
		if b.Op == loopir.Sub {
			name = map[string]string{"min": "max", "max": "min"}[name]
		}
		return over(m, name, func(a loopir.Expr) loopir.Expr { return bin(b.Op, x, a) })
	}
	return bin(b.Op, x, y)
}

// relax replaces remainders that use v by their least or greatest value.
func relax(e loopir.Expr, v string, upper bool, facts poly.Facts) loopir.Expr {
	if !loopir.UsesVar(e, v) {
		return e
	}
	switch n := e.(type) {
	case *loopir.Var:
		return e
	case *loopir.Unary:
		if x := relax(n.X, v, !upper, facts); x != nil {
			return &loopir.Unary{Op: n.Op, X: x, Type: n.Type}
		}
	case *loopir.Intrinsic:
		c := *n
		c.Args = nil
		for _, a := range n.Args {
			r := relax(a, v, upper, facts)
			if r == nil {
				return nil
			}
			c.Args = append(c.Args, r)
		}
		return &c
	case *loopir.Binary:
		return relaxBinary(n, v, upper, facts)
	}
	return nil
}

func relaxBinary(e *loopir.Binary, v string, upper bool, facts poly.Facts) loopir.Expr {
	both := func(upX, upY bool) loopir.Expr {
		x, y := relax(e.X, v, upX, facts), relax(e.Y, v, upY, facts)
		if x == nil || y == nil {
			return nil
		}
		return loopir.Bin(e.Op, x, y)
	}
	switch e.Op {
	case loopir.Add:
		return both(upper, upper)
	case loopir.Sub:
		return both(upper, !upper)
	case loopir.Mod:
		if loopir.UsesVar(e.Y, v) || signOf(e.Y, facts) <= 0 {
			return nil
		}
		if upper {
			return loopir.Bin(loopir.Sub, e.Y, loopir.NewInt(1))
		}
		return loopir.NewInt(0)
	case loopir.Div:
		if !loopir.UsesVar(e.Y, v) && signOf(e.Y, facts) > 0 {
			return both(upper, upper)
		}
	case loopir.Mul:
		by, other := e.X, e.Y
		if loopir.UsesVar(by, v) {
			by, other = other, by
		}
		if s := signOf(by, facts); s != 0 && !loopir.UsesVar(by, v) {
			if r := relax(other, v, upper == (s > 0), facts); r != nil {
				return loopir.Bin(loopir.Mul, by, r)
			}
		}
	}
	return nil
}

// difference is x - y, simplified.
func (c *Context) difference(x, y loopir.Expr, around []Scope) loopir.Expr {
	return c.Simplify(minus(x, y), around)
}

// same tells whether x and y are always equal.
func (c *Context) same(x, y loopir.Expr, around []Scope) bool {
	return isInt(c.difference(x, y, around), 0)
}
