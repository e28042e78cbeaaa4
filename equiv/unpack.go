package equiv

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A packing is a way in which one index stands for a row and a column: the rows, of
// different lengths perhaps, follow each other. The length of a row is linear in its
// number, so that between two rows that have cells there is none of a negative length.
type packing struct {
	rows, cols loopir.Expr // extents
	split      func(index loopir.Expr) []rowCol
	length     func(row poly.Poly) poly.Poly
}

// A rowCol is a way to read an index.
type rowCol struct{ row, col poly.Poly }

// packings lists those that a dimension of that extent may hold: a triangle of N*(N+1)/2
// cells, row a from a*(a+1)/2 or from a*N - a*(a-1)/2 on, and a matrix of a product of
// extents that are no constants, row a from a*W on.
func packings(extent loopir.Expr) []packing {
	if side, rest, ok := inTriangle(extent); ok && rest.IsZero() {
		n := side.Expr()
		return []packing{
			{n, n, only(inTriangle), func(row poly.Poly) poly.Poly { return row.Add(poly.Int(1)) }},
			{n, n, func(e loopir.Expr) []rowCol { return inShrinking(e, side) }, side.Sub},
		}
	}
	m, ok := extent.(*loopir.Binary)
	if !ok || m.Op != loopir.Mul {
		return nil
	}
	var out []packing
	for _, f := range [][2]loopir.Expr{{m.X, m.Y}, {m.Y, m.X}} {
		width, err := poly.FromExpr(f[1])
		if _, isConst := width.Const(); err != nil || isConst {
			continue
		}
		out = append(out, packing{
			f[0], f[1], only(func(e loopir.Expr) (row, col poly.Poly, ok bool) { return inRows(e, width) }),
			func(poly.Poly) poly.Poly { return width },
		})
	}
	return out
}

func only(split func(loopir.Expr) (row, col poly.Poly, ok bool)) func(loopir.Expr) []rowCol {
	return func(e loopir.Expr) []rowCol {
		row, col, ok := split(e)
		if !ok {
			return nil
		}
		return []rowCol{{row, col}}
	}
}

// unpacked gives the program in which locals with packed dimensions have two for each.
// That changes no value: where 0 <= column < length of the row, which is proved of each
// access, the index tells row and column, and each cell is one of some row. What is asked
// about cells is linear then.
func (p *Program) unpacked(proof *prover) *Program {
	for _, a := range p.Arrays {
		for d := 0; a.Local != nil && d < len(a.Shape); {
			q := p.unpack(a, d, proof)
			if q == nil {
				d++
				continue
			}
			p = q
			a = p.Array(a.Name)
		}
	}
	return p
}

// unpackedIndex gives the indices in p that index d of a cell of the original program has
// become, and their extents.
func (p *Program) unpackedIndex(r *loopir.Read, d int) (index, extents []loopir.Expr, ok bool) {
	all := r.Index
	from := make([]int, len(all)) // dimension of the original
	for i := range from {
		from[i] = i
	}
	for _, s := range p.splits[r.Name] {
		if all, ok = s.apply(all); !ok {
			return nil, nil, false
		}
		from = slices.Insert(from, s.d, from[s.d])
	}
	for i, e := range all {
		if from[i] == d {
			index, extents = append(index, e), append(extents, p.Array(r.Name).Shape[i])
		}
	}
	return index, extents, ok
}

func (p *Program) unpack(a *Array, d int, proof *prover) *Program {
	for _, k := range packings(a.Shape[d]) {
		if at := p.packs(a, d, k, proof); at != nil {
			return p.split(a, d, k, at)
		}
	}
	return nil
}

// unpackedAlike is unpacked for the parameters of two programs, where both pack them in
// the same way: a cell is then the same row and column in both.
func unpackedAlike(p, q *Program, proof *prover) (*Program, *Program) {
	for _, a := range p.Arrays {
		b := q.Array(a.Name)
		for d := 0; a.Param != nil && a.Param.Layout == nil && b != nil && b.Param != nil && b.Param.Layout == nil && d < len(a.Shape) && d < len(b.Shape); {
			split := false
			if exprKey(a.Shape[d]) == exprKey(b.Shape[d]) {
				for _, k := range packings(a.Shape[d]) {
					x, y := p.packs(a, d, k, proof), q.packs(b, d, k, proof)
					if x != nil && y != nil {
						p, q, split = p.split(a, d, k, x), q.split(b, d, k, y), true
						a, b = p.Array(a.Name), q.Array(b.Name)
						break
					}
				}
			}
			if !split {
				d++
			}
		}
	}
	return p, q
}

// packs gives row and column of the indices in dimension d of a, by exprKey, if all
// accesses are proved to be by k.
func (p *Program) packs(a *Array, d int, k packing, proof *prover) map[string]rowCol {
	at := map[string]rowCol{}
	var asks []*ask
	rows := false
	for _, s := range p.Stmts {
		for _, c := range accesses(s) {
			if c.cell.Name != a.Name {
				continue
			}
			hyps := c.domain(s.Fresh(""))
			ways := k.split(c.cell.Index[d])
			inRow := func(way rowCol) *ask {
				return &ask{
					name: "layout/packed", at: c.cell.Span, hyps: hyps,
					goal: and(ge(way.col.Expr(), 0), loopir.Bin(loopir.Lt, way.col.Expr(), k.length(way.row).Expr())),
				}
			}
			for len(ways) > 1 && !proof.all([]*ask{inRow(ways[0])}) {
				ways = ways[1:]
			}
			key := exprKey(c.cell.Index[d])
			if old, known := at[key]; len(ways) == 0 || known && !old.row.Equal(ways[0].row) {
				return nil
			}
			at[key] = ways[0]
			rows = rows || !ways[0].row.IsZero()
			asks = append(asks, inRow(ways[0]))
		}
	}
	if !rows || !proof.all(asks) {
		return nil
	}
	return at
}

// A dimSplit takes a dimension of an array apart.
type dimSplit struct {
	d      int
	at     map[string]rowCol
	how    packing
	extent loopir.Expr // that it had
}

// apply gives the index in the array with one more dimension.
func (s dimSplit) apply(index []loopir.Expr) ([]loopir.Expr, bool) {
	way, ok := s.at[exprKey(index[s.d])]
	return s.apart(index, way.row.Expr(), way.col.Expr()), ok
}

func (s dimSplit) apart(es []loopir.Expr, row, col loopir.Expr) []loopir.Expr {
	return append(append(append([]loopir.Expr(nil), es[:s.d]...), row, col), es[s.d+1:]...)
}

// split is p with dimension d of a taken apart.
func (p *Program) split(a *Array, d int, k packing, at map[string]rowCol) *Program {
	how := dimSplit{d, at, k, a.Shape[d]}
	q := *p
	q.Stmts, q.Arrays = nil, nil
	q.splits = map[string][]dimSplit{}
	for name, all := range p.splits {
		q.splits[name] = all
	}
	q.splits[a.Name] = append(p.splits[a.Name][:len(p.splits[a.Name]):len(p.splits[a.Name])], how)
	q.arrays, q.byID = map[string]*Array{}, map[int]*Stmt{}
	for _, b := range p.Arrays {
		if b == a {
			c := *a
			c.Shape = how.apart(a.Shape, k.rows, k.cols)
			if a.Param != nil {
				param := *a.Param
				param.Shape = c.Shape
				c.Param = &param
			}
			b = &c
		}
		q.addArray(b)
	}
	read := func(e loopir.Expr) loopir.Expr {
		if r, ok := e.(*loopir.Read); ok && r.Name == a.Name {
			r.Index, _ = how.apply(r.Index)
		}
		return e
	}
	b := &builder{p: &q}
	for _, s := range p.Stmts {
		t := *s
		t.LHS, t.RHS = loopir.MapExpr(s.LHS, read).(*loopir.Read), loopir.MapExpr(s.RHS, read)
		b.assign(&t)
	}
	return &q
}

// isCell says that a cell of an array is one of the original program: that where dimensions
// were taken apart the column is in the row. Each cell of the original is one then, unless
// there are some and the number of rows is negative, which is refuted. It is not said where a
// row or column was taken apart again.
func (p *Program) isCell(r *loopir.Read, proof *prover) (loopir.Expr, bool) {
	out := boolExpr(true)
	for i, s := range p.splits[r.Name] {
		rows := or(ge(s.how.rows, 0), loopir.Bin(loopir.Le, s.extent, loopir.NewInt(0)))
		if i > 0 && s.d < p.splits[r.Name][i-1].d+2 || proof.need("layout/rows", r.Span, nil, rows).Outcome != Proved {
			return nil, false
		}
		row, err := poly.FromExpr(r.Index[s.d])
		if err != nil {
			return nil, false
		}
		out = and(out, loopir.Bin(loopir.Lt, r.Index[s.d+1], s.how.length(row).Expr()))
	}
	return out, true
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
		two, isConst := constIndex(half.Y)
		x, found := sideOf(half.X)
		if !isConst || two != 2 || !found {
			return true
		}
		if start, err := poly.FromExpr(half); err == nil {
			row, col, ok = x, whole.Sub(start), true
		}
		return !ok
	})
	return row, col, ok
}

// sideOf finds r with e = r*(r+1), as e is written, or with a variable v in it, r = v + t: it
// is known then by how much e grows with v.
func sideOf(e loopir.Expr) (poly.Poly, bool) {
	p, err := poly.FromExpr(e)
	if err != nil {
		return p, false
	}
	if m, isMul := e.(*loopir.Binary); isMul && m.Op == loopir.Mul {
		for _, f := range []loopir.Expr{m.X, m.Y} {
			if r, err := poly.FromExpr(f); err == nil && isSide(r, p) {
				return r, true
			}
		}
	}
	for _, v := range p.Vars() {
		grows := p.Subst(map[string]poly.Poly{v: poly.Var(v).Add(poly.Int(1))}).Sub(p) // 2*(v + t) + 2
		if r, even := grows.Sub(poly.Int(2)).DivExact(poly.Int(2)); even && isSide(r, p) {
			return r, true
		}
	}
	return p, false
}

func isSide(r, p poly.Poly) bool { return r.Mul(r.Add(poly.Int(1))).Equal(p) }

// inShrinking writes an index as row*side - row*(row-1)/2 + col, with what it halves for the
// row, or what is next to that.
func inShrinking(e loopir.Expr, side poly.Poly) []rowCol {
	whole, ok := twice(e)
	if !ok {
		return nil
	}
	var out []rowCol
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		half, isDiv := e.(*loopir.Binary)
		if !isDiv || half.Op != loopir.Div {
			return true
		}
		m, isMul := half.X.(*loopir.Binary)
		if !isMul || m.Op != loopir.Mul {
			return true
		}
		for _, x := range []loopir.Expr{m.X, m.Y} {
			factor, err := poly.FromExpr(x)
			if err != nil {
				continue
			}
			for _, d := range []int64{0, -1, 1} {
				row := factor.Add(poly.Int(d))
				start := row.Mul(side.Scale(big.NewInt(2)).Sub(row).Add(poly.Int(1))) // twice
				if col, even := whole.Sub(start).DivExact(poly.Int(2)); even && col.Degree() <= 1 {
					out = append(out, rowCol{row, col})
				}
			}
		}
		return true
	})
	return out
}

// twice is 2*e for sums in which products are halved that are even.
func twice(e loopir.Expr) (poly.Poly, bool) {
	if b, isBin := e.(*loopir.Binary); isBin {
		x, okX := twice(b.X)
		y, okY := twice(b.Y)
		by, isConst := constIndex(b.Y)
		switch {
		case b.Op == loopir.Add:
			return x.Add(y), okX && okY
		case b.Op == loopir.Sub:
			return x.Sub(y), okX && okY
		case b.Op == loopir.Div && isConst && by == 2:
			if p, err := poly.FromExpr(b.X); err == nil && isPlain(b.X) && isEven(p) {
				return p, true
			}
		}
	}
	p, err := poly.FromExpr(e)
	return p.Scale(big.NewInt(2)), err == nil
}

// isPlain tells whether e is made of variables by sums and products.
func isPlain(e loopir.Expr) bool {
	switch e := e.(type) {
	case *loopir.Int, *loopir.Var:
		return true
	case *loopir.Unary:
		return e.Op == loopir.Neg && isPlain(e.X)
	case *loopir.Binary:
		return (e.Op == loopir.Add || e.Op == loopir.Sub || e.Op == loopir.Mul) && isPlain(e.X) && isPlain(e.Y)
	}
	return false
}

// isEven tells whether p, made of variables by sums and products, is even for all integers:
// that depends on what its variables are modulo 2.
func isEven(p poly.Poly) bool {
	vars := p.Vars()
	if len(vars) == 0 {
		c, _ := p.Const()
		return c.Bit(0) == 0
	}
	half := func(x int64) bool { return isEven(p.Subst(map[string]poly.Poly{vars[0]: poly.Int(x)})) }
	return len(vars) <= maxParity && half(0) && half(1)
}

// maxParity bounds the variables of what is asked whether it is even.
const maxParity = 6

// inRows writes an index as row*width + col, the row being all that is multiplied by the
// width in it.
func inRows(e loopir.Expr, width poly.Poly) (row, col poly.Poly, ok bool) {
	if b, isBin := e.(*loopir.Binary); isBin {
		switch b.Op {
		case loopir.Add, loopir.Sub:
			r1, c1, ok1 := inRows(b.X, width)
			r2, c2, ok2 := inRows(b.Y, width)
			if b.Op == loopir.Sub {
				r2, c2 = r2.Neg(), c2.Neg()
			}
			return r1.Add(r2), c1.Add(c2), ok1 && ok2
		case loopir.Mul:
			for _, f := range [][2]loopir.Expr{{b.X, b.Y}, {b.Y, b.X}} {
				x, errX := poly.FromExpr(f[0])
				y, errY := poly.FromExpr(f[1])
				if errX == nil && errY == nil && y.Equal(width) {
					return x, poly.Int(0), true
				}
			}
		}
	}
	col, err := poly.FromExpr(e)
	return poly.Int(0), col, err == nil
}
