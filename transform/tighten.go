package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// guard makes b hold on the path: by narrowing the innermost loop that it
// depends on, as far as it can be solved for its iterator, and by a condition
// inside that loop for the rest.
func (c *Context) guard(path []elem, b bound) []elem {
	at := -1
	for i, e := range path {
		if e.loop != nil && loopir.UsesVar(b.p, e.loop.Iter) {
			at = i
		}
	}
	if at < 0 {
		return append([]elem{{cond: b.cond}}, path...)
	}
	l := path[at].loop
	var rest []loopir.Expr
	parts := pieces(b.p, l.Iter, c.positive)
	for _, q := range parts {
		lo, hi := solve(q, l.Iter)
		switch {
		case lo != nil && l.Step == nil:
			path[at].lo = maxOf(path[at].lo, lo)
		case hi != nil:
			path[at].hi = minOf(path[at].hi, hi)
		case len(parts) == 1:
			rest = append(rest, b.cond)
		default:
			rest = append(rest, le(lit(0), q))
		}
	}
	if cond := conj(rest...); cond != nil {
		path = slices.Insert(path, at+1, elem{cond: cond})
	}
	return path
}

func (c *Context) positive(e loopir.Expr) bool { return c.Holds(le(lit(1), e), nil) }

// pieces takes p >= 0 apart into expressions that are all >= 0 exactly when p
// is, without min, max and floor division of v where that is possible.
func pieces(p loopir.Expr, v string, positive func(loopir.Expr) bool) []loopir.Expr {
	ts := summands(p, false, nil)
	for i, t := range ts {
		if !loopir.UsesVar(t.e, v) {
			continue
		}
		rest := total(slices.Delete(slices.Clone(ts), i, i+1))
		switch e := t.e.(type) {
		case *loopir.Intrinsic:
			if (e.Name == "max") != t.neg { // r + max(x, y) >= 0 is an or
				continue
			}
			var out []loopir.Expr
			for _, a := range e.Args {
				q := plus(rest, a)
				if t.neg {
					q = minus(rest, a)
				}
				out = append(out, pieces(q, v, positive)...)
			}
			return out
		case *loopir.Binary:
			if e.Op != loopir.Div || loopir.UsesVar(e.Y, v) || loopir.UsesVar(rest, v) || !positive(e.Y) {
				continue
			}
			if t.neg { // rest >= x/d: x <= d*rest + d-1
				return pieces(minus(plus(times(e.Y, rest), minus(e.Y, lit(1))), e.X), v, positive)
			}
			return pieces(plus(e.X, times(e.Y, rest)), v, positive) // x/d >= -rest: x >= -d*rest
		}
	}
	return []loopir.Expr{p}
}

type summand struct {
	e   loopir.Expr
	neg bool
}

func summands(e loopir.Expr, neg bool, out []summand) []summand {
	switch n := e.(type) {
	case *loopir.Binary:
		if n.Op == loopir.Add || n.Op == loopir.Sub {
			out = summands(n.X, neg, out)
			return summands(n.Y, neg != (n.Op == loopir.Sub), out)
		}
	case *loopir.Unary:
		if n.Op == loopir.Neg {
			return summands(n.X, !neg, out)
		}
	}
	return append(out, summand{e, neg})
}

func total(ts []summand) loopir.Expr {
	sum := lit(0)
	for _, t := range ts {
		if t.neg {
			sum = minus(sum, t.e)
		} else {
			sum = plus(sum, t.e)
		}
	}
	return sum
}

// solve turns p >= 0 into v >= lo or v < hi.
func solve(p loopir.Expr, v string) (lo, hi loopir.Expr) {
	q, err := poly.FromExpr(p)
	if err != nil {
		return nil, nil
	}
	coeff, rest, ok := q.Coeff(v)
	if !ok {
		return nil, nil
	}
	a, ok := coeff.Const()
	if !ok || a.Sign() == 0 {
		return nil, nil
	}
	d := poly.Const(new(big.Int).Abs(a))
	if a.Sign() > 0 { // a*v + rest >= 0: v >= ceil(-rest/a)
		return poly.FloorDiv(d.Sub(poly.Int(1)).Sub(rest), d).Expr(), nil
	}
	return nil, poly.FloorDiv(rest, d).Add(poly.Int(1)).Expr()
}
