package simd

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// dims are the indices of a cell, or differences of such. The caller computes
// offsets as ((i*H + j)*W + k), which takes far fewer multiplications than the
// sum of products that a polynomial prints as.
type dims []poly.Poly

// coeff splits d = coeff*name + rest, each nil when d isn't affine in name.
func (d dims) coeff(name string) (coeff, rest dims) {
	for _, p := range d {
		c, r, ok := p.Coeff(name)
		if !ok {
			return nil, nil
		}
		coeff, rest = append(coeff, c), append(rest, r)
	}
	return coeff, rest
}

func (d dims) minus(o dims) dims {
	if len(d) != len(o) {
		return nil
	}
	out := make(dims, len(d))
	for i := range d {
		out[i] = d[i].Sub(o[i])
	}
	return out
}

func (d dims) times(m int64) dims {
	out := make(dims, len(d))
	for i := range d {
		out[i] = d[i].Mul(poly.Int(m))
	}
	return out
}

// expr computes p, a number of bytes in a that d stands for up to a constant.
func (a *array) expr(d dims, p poly.Poly) loopir.Expr {
	if len(d) != len(a.shape) {
		return p.Expr()
	}
	d = slices.Clone(d)
	last := len(d) - 1
	d[last] = d[last].Sub(poly.Const(d[last].ConstTerm()))
	var e loopir.Expr
	for i, q := range d {
		if e != nil {
			e = times(e, loopir.CloneExpr(a.shape[i]))
		}
		switch {
		case q.IsZero():
		case e == nil:
			e = q.Expr()
		default:
			e = loopir.Bin(loopir.Add, e, q.Expr())
		}
	}
	if e == nil {
		return p.Expr()
	}
	e = times(loopir.NewInt(size(a.typ)), e)
	if q, err := poly.FromExpr(e); err == nil && !q.Equal(p) {
		e = loopir.Bin(loopir.Add, e, p.Sub(q).Expr())
	}
	return shorter(e, p)
}

// times is x*y, with constant factors in front.
func times(x, y loopir.Expr) loopir.Expr {
	c, x := factor(x)
	d, y := factor(y)
	c = new(big.Int).Mul(c, d)
	e := x
	switch {
	case x == nil:
		e = y
	case y != nil:
		e = loopir.Bin(loopir.Mul, x, y)
	}
	switch {
	case e == nil:
		return &loopir.Int{Value: c, Type: loopir.Index}
	case c.IsInt64() && c.Int64() == 1:
		return e
	}
	return loopir.Bin(loopir.Mul, &loopir.Int{Value: c, Type: loopir.Index}, e)
}

// factor splits a constant factor off e; nil is what is left of a constant.
func factor(e loopir.Expr) (*big.Int, loopir.Expr) {
	if c, ok := e.(*loopir.Int); ok {
		return c.Value, nil
	}
	if m, ok := e.(*loopir.Binary); ok && m.Op == loopir.Mul {
		if c, ok := m.X.(*loopir.Int); ok {
			return c.Value, m.Y
		}
	}
	return big.NewInt(1), e
}

// shorter is e, or p's own expression if e is longer or something else.
func shorter(e loopir.Expr, p poly.Poly) loopir.Expr {
	own := p.Expr()
	if q, err := poly.FromExpr(e); err != nil || !q.Equal(p) || nodes(own) <= nodes(e) {
		return own
	}
	return e
}

func nodes(e loopir.Expr) int {
	n := 0
	loopir.WalkExpr(e, func(loopir.Expr) bool {
		n++
		return true
	})
	return n
}
