package lift

import (
	"go/ast"
	"go/types"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A row is a Go variable that holds a part of an array: x := X[a:][:n]. Go panics unless that
// lies in the array, so that all of its elements have to, for each run of the statement, whatever is read
// of them later.
type row struct {
	of    *array
	first []loopir.Expr // the cell at a
	flat  poly.Poly     // a
	n     poly.Poly
}

// slice reads x := X[a:][:n]. The duties are what Go tests: that 1 <= n, where an empty part could
// begin anywhere, and that a+i is an element of X for each i from 0 to below n.
func (r *reader) slice(s ast.Node, name string, e *ast.SliceExpr) error {
	from, ok := e.X.(*ast.SliceExpr)
	if !ok || e.Low != nil || e.High == nil || e.Slice3 || from.Low == nil || from.High != nil || from.Slice3 {
		return r.errorf(s, "a part of an array is X[a:][:n]")
	}
	id, ok := from.X.(*ast.Ident)
	if !ok || r.arrays[id.Name] == nil {
		return r.errorf(s, "this is no part of a known array")
	}
	if _, ok := r.pkg.info.Types[from.X].Type.(*types.Slice); !ok {
		return r.errorf(s, "this is no part of a slice")
	}
	a := r.arrays[id.Name]
	at, err := r.index(from.Low)
	if err != nil {
		return err
	}
	n, err := r.index(e.High)
	if err != nil {
		return err
	}
	part := &row{of: a, flat: poly.Must(at), n: poly.Must(n)}
	if part.first, err = r.horner(from.Low, a.shape); err != nil {
		return err
	}
	for _, x := range part.first { // one that data gives is no number here
		if x.TypeOf() != loopir.Index {
			return r.errorf(s, "where this part begins is not read")
		}
	}
	r.fits(s, n)
	r.inArray(s, part)
	delete(r.arrays, name)
	delete(r.env, name)
	r.rows[name] = part
	return nil
}

// inArray states what makes a part lie in its array: see slice. One that is all of a last dimension may
// be empty, as it begins at 0 then.
func (r *reader) inArray(s ast.Node, part *row) {
	a, n := part.of, part.n.Expr()
	last := len(a.shape) - 1
	if part.first != nil && poly.Must(part.first[last]).IsZero() && sameIndex(n, a.shape[last], r.sc.facts) {
		r.oblige(r.span(s), "slice/extent", r.sc, loopir.Bin(loopir.Ge, n, loopir.NewInt(0)))
		r.indices(s, part.first[:last], a, r.sc)
		return
	}
	r.oblige(r.span(s), "slice/not-empty", r.sc, loopir.Bin(loopir.Ge, n, loopir.NewInt(1)))
	i := r.fresh("element")
	sc := r.sc.enter(&loopir.For{Iter: i, Lo: loopir.NewInt(0), Hi: n})
	r.indices(s, r.elementOf(part, poly.Var(i), sc), a, sc)
}

// indices states that xs are indices of the first dimensions of a.
func (r *reader) indices(s ast.Node, xs []loopir.Expr, a *array, sc scope) {
	for d, x := range xs {
		r.oblige(r.span(s), "slice/inside", sc, loopir.Bin(loopir.Ge, x, loopir.NewInt(0)))
		r.oblige(r.span(s), "slice/inside", sc, loopir.Bin(loopir.Lt, x, a.shape[d]))
	}
}

// elementOf gives the cell at a+i: that of a with i more in the last dimension, of which as many as
// its extent are one more in the dimension before, as long as extents are numbers; or, where that
// is not known to lie in the array, by division. All have the offset a+i.
func (r *reader) elementOf(part *row, i poly.Poly, sc scope) []loopir.Expr {
	shape, whole := part.of.shape, i
	out := make([]loopir.Expr, len(part.first))
	for d := len(part.first) - 1; d >= 0; d-- {
		x := sc.facts.Reduce(poly.Must(part.first[d]).Add(i))
		if sc.facts.NonNeg(x) && sc.facts.NonNeg(poly.Must(shape[d]).Sub(x).Sub(poly.Int(1))) {
			for o, e := range part.first[:d] {
				out[o] = loopir.CloneExpr(e)
			}
			out[d] = x.Expr()
			return out
		}
		if n, ok := poly.Must(shape[d]).Const(); !ok || n.Sign() <= 0 {
			break
		}
		out[d] = sc.facts.Reduce(poly.Must(loopir.Bin(loopir.Mod, x.Expr(), shape[d]))).Expr()
		i = sc.facts.Reduce(poly.Must(loopir.Bin(loopir.Div, x.Expr(), shape[d])))
	}
	c := &loopir.Read{Name: part.of.name}
	r.digits(c, part.flat.Add(whole), shape, sc.facts)
	return c.Index
}

// inRow reads x[i] of a row. Go tests that i is less than the row's length, beyond which
// the array may go on.
func (r *reader) inRow(e *ast.IndexExpr, part *row) (*loopir.Read, error) {
	i, err := r.index(e.Index)
	if err != nil {
		return nil, err
	}
	r.oblige(r.span(e), "slice/index", r.sc, loopir.Bin(loopir.Ge, i, loopir.NewInt(0)))
	r.oblige(r.span(e), "slice/index", r.sc, loopir.Bin(loopir.Lt, i, part.n.Expr()))
	return &loopir.Read{Name: part.of.name, Type: part.of.typ, Index: r.elementOf(part, poly.Must(i), r.sc), Span: r.span(e)}, nil
}

// guarded tells if lo < hi { for i := lo; i < hi; i++ { ... } }: the loop alone does the same.
func guarded(s *loopir.If, facts poly.Facts) bool {
	c, ok := s.Cond.(*loopir.Binary)
	if !ok || c.Op != loopir.Lt || c.X.TypeOf() != loopir.Index || len(s.Then) != 1 {
		return false
	}
	l, ok := s.Then[0].(*loopir.For)
	return ok && len(l.Reduce) == 0 && sameIndex(loopir.Bin(loopir.Sub, c.Y, c.X), loopir.Bin(loopir.Sub, l.Hi, l.Lo), facts)
}
