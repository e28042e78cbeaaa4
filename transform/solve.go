package transform

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// arguments solves the equations and returns the call's arguments.
func (u *unifier) arguments() ([]loopir.Expr, error) {
	var open []poly.Poly
	for _, e := range u.eqs {
		x, errX := poly.FromExpr(e.callee)
		y, errY := poly.FromExpr(e.value)
		if errX != nil || errY != nil {
			return nil, u.fail(u.at, "%s can't be compared with %s", loopir.FormatExpr(e.callee), loopir.FormatExpr(e.value))
		}
		open = append(open, x.Sub(y))
	}
	u.solve(open)
	for _, p := range u.callee.Params {
		if p.Kind == loopir.ArrayParam && u.windows[p.Name] == nil {
			if err := u.findWindow(p); err != nil {
				return nil, err
			}
			u.solve(open)
		}
	}
	for _, p := range u.callee.Params {
		if p.Kind == loopir.ArrayParam {
			if err := u.closeWindow(p); err != nil {
				return nil, err
			}
		}
	}
	if err := u.verify(); err != nil {
		return nil, err
	}
	return u.list()
}

// solve finds sizes from polynomials that must vanish for all values of the
// statements' iterators.
func (u *unifier) solve(open []poly.Poly) {
	for again := true; again; {
		again = false
		for _, p := range open {
			for _, q := range u.coefficients(p.Subst(u.sizes)) {
				again = u.solveOne(q) || again
			}
		}
	}
}

// coefficients takes p apart into its coefficients as a polynomial of the
// statements' iterators, as far as that can be done.
func (u *unifier) coefficients(p poly.Poly) []poly.Poly {
	for _, v := range p.Vars() {
		if !u.own[v] {
			continue
		}
		if k, rest, ok := p.Coeff(v); ok {
			return append(u.coefficients(k), u.coefficients(rest)...)
		}
	}
	return []poly.Poly{p}
}

// solveOne finds a size from p == 0 where it is the only unknown, with factor
// 1 or -1, and tells whether it did.
func (u *unifier) solveOne(p poly.Poly) bool {
	unknown := ""
	for _, v := range p.Vars() {
		switch {
		case u.own[v]:
			return false
		case v[0] == '?' && unknown == "":
			unknown = v
		case v[0] == '?':
			return false
		}
	}
	if unknown == "" {
		return false
	}
	k, rest, ok := p.Coeff(unknown)
	c, isConst := k.Const()
	if !ok || !isConst || !c.IsInt64() || c.Int64() != 1 && c.Int64() != -1 {
		return false
	}
	if c.Sign() > 0 {
		rest = rest.Neg()
	}
	u.sizes[unknown] = rest
	return true
}
