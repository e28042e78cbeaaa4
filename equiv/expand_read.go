package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// read expands what a read finds.
func (x *expander) read(v value, r *loopir.Read, ctx known, path []*Stmt) (realPoly, *failure) {
	if x.sd.hole(v, r) || x.depth == notAtAll {
		return (&atom{read: &v}).poly(), nil
	}
	ds, f := x.sd.describe(v, ctx)
	if f != nil {
		return nil, f
	}
	if x.depth == toUpdates && slices.ContainsFunc(ds, func(d desc) bool { return d.updated(ctx) }) {
		return x.unfollowed(v, r).poly(), nil
	}
	p, f := x.descs(ds, ctx, path)
	if f != nil && f.recurrence && x.depth == toLandmarks {
		return x.unfollowed(v, r).poly(), nil
	}
	return p, f
}

// unfollowed is a read as an atom.
func (x *expander) unfollowed(v value, r *loopir.Read) *atom {
	v = x.sd.atRest(v, r)
	return &atom{read: &v}
}

// updated tells whether a value is what updates left, not only what they would start from.
func (d desc) updated(ctx known) bool {
	if d.kind != fromNode {
		return false
	}
	in := ctx.with(d.guards...)
	ds, _, f := d.node.without(in)
	return f != nil || slices.ContainsFunc(ds, func(e desc) bool {
		return e.kind == fromNode && (e.node.cell == d.node.cell || e.updated(in))
	})
}

// descs adds up the values that a read finds in different cases.
func (x *expander) descs(ds []desc, ctx known, path []*Stmt) (realPoly, *failure) {
	if len(ds) > 1 {
		x.within++
		defer func() { x.within-- }()
	}
	var out realPoly
	for _, d := range ds {
		in := ctx.with(d.guards...)
		if len(ds) > 1 && x.sd.proof.impossible("algebra/source", d.where(), in.hyps) {
			continue
		}
		p, f := x.desc(d, in, path)
		if f != nil {
			return nil, f
		}
		out = append(out, x.inCase(p, x.open(ctx, d.guards...))...)
	}
	return out, nil
}

// inCase is p as one case of a value. A zero that is the value in some case leaves no
// term, so it is left out of whatever the value goes into.
func (x *expander) inCase(p realPoly, conds []loopir.Expr) realPoly {
	x.used = x.used || len(p) == 0 && len(conds) > 0
	return p.under(conds)
}

func (x *expander) desc(d desc, ctx known, path []*Stmt) (realPoly, *failure) {
	switch d.kind {
	case fromInput:
		return x.input(d, ctx)
	case fromNode:
		return x.node(d.node, ctx, path)
	case fromValue:
		if d.stmt == nil {
			return x.value(d.val, ctx, path)
		}
		if x.depth == toLandmarks {
			if a := x.marks.atom(d, ctx); a != nil {
				return a.poly(), nil
			}
		}
		if containsStmt(path, d.stmt) {
			return nil, recurrence(d.stmt.Span)
		}
		return x.unrolled(d.val, ctx, append(path[:len(path):len(path)], d.stmt))
	}
	return nil, failf(d.read, "this reads a cell that was never written")
}

// unrolled expands a value at an instance of its statement, for each value of
// the iterators of loops of constant extent.
func (x *expander) unrolled(v value, ctx known, path []*Stmt) (realPoly, *failure) {
	open := func(l *loopir.For) bool {
		_, fixed := constIndex(v.at.env[l.Iter])
		return !fixed
	}
	if l, values := toUnroll(v.at, open); l != nil {
		at := v.at.env[l.Iter]
		var out realPoly
		for _, c := range values {
			g := eq(at, loopir.NewInt(c))
			in := ctx.with(g)
			if x.sd.proof.impossible("algebra/iteration", l.Span, in.hyps) {
				continue
			}
			env := Env{}
			for it, e := range v.at.env {
				env[it] = e
			}
			env[l.Iter] = loopir.NewInt(c)
			p, f := x.unrolled(value{v.e, point{v.at.s, env}, v.open}, in, path)
			if f != nil {
				return nil, f
			}
			out = append(out, x.inCase(p, x.open(ctx, g))...)
		}
		return out, nil
	}
	return x.once(v, ctx, path)
}

func constIndex(e loopir.Expr) (int64, bool) {
	p, err := poly.FromExpr(e)
	if err != nil {
		return 0, false
	}
	c, ok := p.Const()
	if !ok || !c.IsInt64() {
		return 0, false
	}
	return c.Int64(), true
}

// toUnroll picks the first of the open loops around an instance that has a constant
// extent, and its values; nil where there is none, or all together have too many
// iterations.
func toUnroll(at point, open func(*loopir.For) bool) (first *loopir.For, values []int64) {
	ways := 1
	for _, l := range at.s.Loops {
		vs, ok := constRange(l, at.env)
		if !open(l) || !ok {
			continue
		}
		if ways *= max(1, len(vs)); ways > maxUnroll {
			return nil, nil
		}
		if first == nil {
			first, values = l, vs
		}
	}
	return first, values
}

// constRange lists the values of a loop's iterator when its bounds are constant
// and near each other.
func constRange(l *loopir.For, env Env) ([]int64, bool) {
	lo, ok1 := constIndex(env.at(l.Lo))
	hi, ok2 := constIndex(env.at(l.Hi))
	by := int64(1)
	ok3 := true
	if l.Step != nil {
		by, ok3 = constIndex(env.at(l.Step))
	}
	if !ok1 || !ok2 || !ok3 || by < 1 || lo < -1<<32 || hi > 1<<32 || hi-lo > maxUnroll*by {
		return nil, false
	}
	var out []int64
	for v := lo; v < hi; v += by {
		out = append(out, v)
	}
	return out, true
}

// input is the initial content of a cell, in logical coordinates.
func (x *expander) input(d desc, ctx known) (realPoly, *failure) {
	index := d.index
	if p := d.array.Param; p.Kind == loopir.ArrayParam && p.Layout != nil {
		logical, ok := unpacked(p, index)
		if !ok {
			return nil, failf(p.Span, "the layout of %s can't be inverted", p.Name)
		}
		goal := sameIndices(packed(p, logical), index)
		for i, n := range logicalShape(p) {
			goal = and(goal, loopir.Bin(loopir.Le, loopir.NewInt(0), logical[i]), loopir.Bin(loopir.Lt, logical[i], n))
		}
		if f := failed(x.sd.proof.need("algebra/layout", d.read, ctx.hyps, goal), "this may read padding of "+p.Name); f != nil {
			return nil, f
		}
		index = logical
	}
	a := &atom{head: d.array.Name}
	for _, e := range index {
		p, err := poly.FromExpr(e)
		if err != nil {
			return nil, failf(d.read, "this index can't be written as a polynomial")
		}
		a.index = append(a.index, p)
	}
	return a.poly(), nil
}
