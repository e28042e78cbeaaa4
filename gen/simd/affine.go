package simd

import (
	"math"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// An array is one that the region touches and somebody else owns.
type array struct {
	name    string
	typ     loopir.Type
	shape   []loopir.Expr
	strides []poly.Poly // in elements
	arg     string      // field of its pointer
}

// An affine is base + the sum of coeff*counter over the loops around its uses:
// a pointer into an array (in bytes), or a number that guards test. One
// register holds it; each loop bumps it and takes the bumps back.
type affine struct {
	id     int
	array  *array    // nil for a number
	base   poly.Poly // without its constant term, which the places add
	coeffs map[*loop]poly.Poly
	order  []*loop // keys of coeffs in the order met

	// The same as indices, for short expressions; nil where there are none.
	baseDims   dims
	coeffsDims map[*loop]dims

	leader *affine   // the pointer whose base plus delta is base; nil: base itself
	delta  poly.Poly //
	by     *indexing // how it is reached without a register of its own, or nil
	index  bool      // it is the number of an indexing
	stepOf *array    // index: the array it steps through

	start, offset amount // arguments for the base, and for delta; imm 0: none
	bump, rewind  map[*loop]amount
}

// A place is an affine plus a constant.
type place struct {
	aff  *affine
	disp int64
}

func (a *affine) coeff(o *loop) poly.Poly { return a.coeffs[o] }

// declare notes the arrays, and the locals of the statements around r.
func (l *lowerer) declare(r *Region) {
	for _, p := range r.Kernel.Params {
		if p.Kind == loopir.ArrayParam {
			l.array(p.Name, p.Type, p.Shape)
		}
	}
	for _, list := range r.around() {
		for _, s := range *list {
			if s, ok := s.(*loopir.Local); ok && s.Shape != nil && !(list == r.List && within(r, s)) {
				l.array(s.Name, s.Type, s.Shape)
			}
		}
	}
	for name, t := range r.cells {
		l.array(name, t, []loopir.Expr{loopir.NewInt(1)})
	}
}

func within(r *Region, s loopir.Stmt) bool {
	for _, t := range r.Stmts() {
		if s == t {
			return true
		}
	}
	return false
}

func (l *lowerer) array(name string, t loopir.Type, shape []loopir.Expr) {
	a := &array{name: name, typ: t, shape: shape, strides: make([]poly.Poly, len(shape))}
	stride := poly.Int(1)
	for i := len(shape) - 1; i >= 0; i-- {
		a.strides[i] = stride
		extent, err := poly.FromExpr(shape[i])
		if err != nil {
			return // an access will say that it doesn't know the array
		}
		stride = stride.Mul(extent)
	}
	l.arrays[name] = a
}

// cell gives the place of an array cell; contiguous tells whether the lanes
// are next to each other, else all lanes read the same cell.
func (l *lowerer) cell(r *loopir.Read) (at place, contiguous bool, err error) {
	a := l.arrays[r.Name]
	if a == nil || len(r.Index) != len(a.strides) {
		return place{}, false, unsupported(r.Span, "%s isn't an array made outside the region", r.Name)
	}
	var flat poly.Poly
	index := make(dims, len(r.Index))
	for i, e := range r.Index {
		p, err := l.index(e)
		if err != nil {
			return place{}, false, err
		}
		flat = flat.Add(p.Mul(a.strides[i]))
		index[i] = p.Subst(map[string]poly.Poly{laneVar: {}})
	}
	coeff, rest, ok := flat.Coeff(laneVar)
	k, constant := constInt(coeff)
	if !ok || !constant || k != 0 && k != 1 {
		return place{}, false, unsupported(r.Span, "the lanes of %s aren't next to each other", r.Name)
	}
	at, err = l.place(r.Name, rest.Mul(poly.Int(size(a.typ))), index, r.Span)
	return at, k == 1, err
}

// place finds the affine for p, a polynomial over sizes, outer iterators and
// loop variables, or makes one. The indices, if any, say the same as p.
func (l *lowerer) place(name string, p poly.Poly, index dims, at loopir.Span) (place, error) {
	coeffs, coeffsDims := map[*loop]poly.Poly{}, map[*loop]dims{}
	for _, o := range l.loops {
		coeff, rest, ok := p.Coeff(o.variable())
		if !ok || !l.invariant(coeff) {
			return place{}, unsupported(at, "an index that isn't affine in %s", o.name)
		}
		coeffs[o], p = coeff, rest
		coeffsDims[o], index = index.coeff(o.variable())
	}
	disp := p.ConstTerm()
	if !disp.IsInt64() || disp.Int64() > math.MaxInt32/2 || disp.Int64() < math.MinInt32/2 {
		return place{}, unsupported(at, "the constant offset %s is too large", disp)
	}
	base := p.Sub(poly.Const(disp))
	for _, a := range l.affs {
		if a.array == l.arrays[name] && a.base.Equal(base) && a.agrees(coeffs) {
			a.learn(l.loops, coeffs, coeffsDims)
			return place{a, disp.Int64()}, nil
		}
	}
	a := &affine{
		id: len(l.affs), array: l.arrays[name], base: base, baseDims: index,
		coeffs: map[*loop]poly.Poly{}, coeffsDims: map[*loop]dims{},
	}
	a.learn(l.loops, coeffs, coeffsDims)
	l.affs = append(l.affs, a)
	return place{a, disp.Int64()}, nil
}

// agrees tells whether a has the same coefficients for the loops it knows.
func (a *affine) agrees(coeffs map[*loop]poly.Poly) bool {
	for o, c := range coeffs {
		if d, ok := a.coeffs[o]; ok && !c.Equal(d) {
			return false
		}
	}
	return true
}

func (a *affine) learn(loops []*loop, coeffs map[*loop]poly.Poly, coeffsDims map[*loop]dims) {
	for _, o := range loops {
		if _, ok := a.coeffs[o]; !ok {
			a.coeffs[o], a.coeffsDims[o] = coeffs[o], coeffsDims[o]
			a.order = append(a.order, o)
		}
	}
}

// amounts settles what the loops count and what they add to their affines.
func (l *lowerer) amounts(body []node) error {
	for _, a := range l.affs {
		if err := l.startAmounts(a); err != nil {
			return err
		}
	}
	return l.loopAmounts(body)
}

func (l *lowerer) startAmounts(a *affine) (err error) {
	switch {
	case a.by != nil:
		return nil
	case a.index:
		a.start, err = l.args.number("x"+a.stepOf.name, a.base, a.stepOf.expr(a.baseDims, a.base), "bytes between pointers into "+a.stepOf.name)
		return err
	case a.array == nil:
		a.start, err = l.args.number("g", a.base, nil, "number that guards test")
		return err
	}
	a.array.arg = l.args.pointer(a.array)
	first := a
	if a.leader != nil {
		first = a.leader
		delta := a.array.expr(a.baseDims.minus(first.baseDims), a.delta)
		if a.offset, err = l.args.number("x"+a.array.name, a.delta, delta, "bytes between pointers into "+a.array.name); err != nil {
			return err
		}
	}
	a.start, err = l.args.number("o"+a.array.name, first.base, a.array.expr(first.baseDims, first.base), "byte offset into "+a.array.name)
	return err
}

func (l *lowerer) loopAmounts(body []node) error {
	for _, n := range body {
		switch n := n.(type) {
		case *guard:
			for _, b := range [][]node{n.yes, n.no} {
				if err := l.loopAmounts(b); err != nil {
					return err
				}
			}
		case *loop:
			if err := l.loopAmount(n); err != nil {
				return err
			}
			if err := l.loopAmounts(n.body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lowerer) loopAmount(o *loop) error {
	var err error
	if o.trip, err = l.args.number("n_"+o.name, o.count, nil, "iterations of "+o.name); err != nil {
		return err
	}
	for _, a := range l.affs {
		c, ok := a.coeffs[o]
		if !ok || c.IsZero() || a.by != nil {
			continue
		}
		what, name, step := "a number", "g", c.Expr()
		if a.array != nil {
			what, name, step = a.array.name+" in bytes", a.array.name, a.array.expr(a.coeffsDims[o], c)
		}
		if a.bump == nil {
			a.bump, a.rewind = map[*loop]amount{}, map[*loop]amount{}
		}
		if a.bump[o], err = l.args.number("d_"+name+"_"+o.name, c, step, "step of "+what+" for each "+o.name); err != nil {
			return err
		}
		all := shorter(times(o.count.Expr(), step), c.Mul(o.count))
		if a.rewind[o], err = l.args.number("r_"+name+"_"+o.name, c.Mul(o.count), all, "all steps of "+what+" for "+o.name); err != nil {
			return err
		}
	}
	return nil
}
