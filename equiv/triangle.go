package equiv

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// unpacked gives the program in which locals that hold the rows of a triangle one after
// the other, with row a from a*(a+1)/2 on, have a dimension for the rows and one for the
// columns. That changes no value: where 0 <= b <= a, which is proved of each access,
// a*(a+1)/2 + b tells a and b. What is asked about cells is linear then.
func (p *Program) unpacked(proof *prover) *Program {
	for _, a := range p.Arrays {
		if q := p.unpack(a, proof); q != nil {
			p = q
		}
	}
	return p
}

func (p *Program) unpack(a *Array, proof *prover) *Program {
	if a.Local == nil || len(a.Shape) != 1 {
		return nil
	}
	side, rest, ok := inTriangle(a.Shape[0])
	if !ok || !rest.IsZero() {
		return nil
	}
	var asks []*ask
	for _, s := range p.Stmts {
		for _, c := range accesses(s) {
			if c.cell.Name != a.Name {
				continue
			}
			row, col, ok := inTriangle(c.cell.Index[0])
			if !ok {
				return nil
			}
			asks = append(asks, &ask{
				name: "layout/triangle", at: c.cell.Span, hyps: c.domain(s.Fresh("")),
				goal: and(ge(col.Expr(), 0), loopir.Bin(loopir.Le, col.Expr(), row.Expr())),
			})
		}
	}
	if len(asks) == 0 || !proof.all(asks) {
		return nil
	}
	q := *p
	q.Stmts, q.Arrays = nil, nil
	q.arrays, q.byID = map[string]*Array{}, map[int]*Stmt{}
	for _, b := range p.Arrays {
		if b == a {
			c := *a
			c.Shape = []loopir.Expr{side.Expr(), side.Expr()}
			b = &c
		}
		q.addArray(b)
	}
	split := func(e loopir.Expr) loopir.Expr {
		if r, ok := e.(*loopir.Read); ok && r.Name == a.Name {
			row, col, _ := inTriangle(r.Index[0])
			r.Index = []loopir.Expr{row.Expr(), col.Expr()}
		}
		return e
	}
	b := &builder{p: &q}
	for _, s := range p.Stmts {
		t := *s
		t.LHS, t.RHS = loopir.MapExpr(s.LHS, split).(*loopir.Read), loopir.MapExpr(s.RHS, split)
		b.assign(&t)
	}
	return &q
}

// inTriangle writes an index as row*(row+1)/2 + col.
func inTriangle(e loopir.Expr) (row, col poly.Poly, ok bool) {
	whole, err := poly.FromExpr(e)
	if err != nil {
		return row, col, false
	}
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		half, isDiv := e.(*loopir.Binary)
		if ok || !isDiv || half.Op != loopir.Div {
			return !ok
		}
		m, isMul := half.X.(*loopir.Binary)
		if two, isConst := constIndex(half.Y); !isConst || two != 2 || !isMul || m.Op != loopir.Mul {
			return true
		}
		x, errX := poly.FromExpr(m.X)
		y, errY := poly.FromExpr(m.Y)
		if errX != nil || errY != nil {
			return true
		}
		by, isConst := x.Sub(y).Const()
		if !isConst || by.CmpAbs(big.NewInt(1)) != 0 {
			return true
		}
		if by.Sign() > 0 {
			x = y
		}
		if start, err := poly.FromExpr(half); err == nil {
			row, col, ok = x, whole.Sub(start), true
		}
		return !ok
	})
	return row, col, ok
}
