package equiv

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Bounds of what is expanded to polynomials.
const (
	maxUnroll = 16   // iterations of loops of constant extent
	maxTerms  = 2000 // of a polynomial
	maxSteps  = 6000 // values that are expanded
)

// An expander writes values of one program as polynomials over its inputs.
type expander struct {
	sd      *side
	shallow bool // reads are not followed
	fresh   int  // bound variables named so far
	steps   int
	// used is set when something was done that is no regrouping of sums and
	// products: a product of sums was multiplied out, constants were folded.
	used bool
	lost bool // a value that has a condition to exist was multiplied by 0
}

// value expands v. The hypotheses of ctx hold.
func (x *expander) value(v value, ctx known, path []*Stmt) (realPoly, *failure) {
	if x.steps++; x.steps > maxSteps || !ctx.spend(x.sd.proof) {
		return nil, failf(v.e.Source(), "this is too much to write as a polynomial")
	}
	sub := func(e loopir.Expr) (realPoly, *failure) { return x.value(v.of(e), ctx, path) }
	switch e := v.e.(type) {
	case *loopir.Int, *loopir.Float:
		if c, ok := rational(e); ok {
			return constPoly(c), nil
		}
		return (&atom{head: loopir.FormatExpr(e), partial: true}).poly(), nil // inf or nan
	case *loopir.Read:
		return x.read(v, e, ctx, path)
	case *loopir.Unary:
		p, f := sub(e.X)
		x.used = x.used || len(p) > 1 || len(p) == 1 && len(p[0].vars) > 0
		return p.scale(big.NewRat(-1, 1)), f
	case *loopir.Cast:
		return x.cast(v, e, ctx, path)
	case *loopir.Binary:
		return x.binary(v, e, ctx, path)
	case *loopir.Intrinsic:
		return x.intrinsic(v, e, ctx, path)
	}
	return nil, failf(v.e.Source(), "this can't be written as a polynomial")
}

func (x *expander) args(v value, es []loopir.Expr, ctx known, path []*Stmt) ([]realPoly, *failure) {
	var out []realPoly
	for _, e := range es {
		p, f := x.value(v.of(e), ctx, path)
		if f != nil {
			return nil, f
		}
		out = append(out, p)
	}
	return out, nil
}

func (x *expander) binary(v value, e *loopir.Binary, ctx known, path []*Stmt) (realPoly, *failure) {
	ps, f := x.args(v, []loopir.Expr{e.X, e.Y}, ctx, path)
	if f != nil {
		return nil, f
	}
	switch {
	case e.Op == loopir.Add:
		return x.add(ps[0], ps[1]), nil
	case e.Op == loopir.Sub:
		x.used = x.used || len(ps[1]) > 1 || len(ps[1]) == 1 && len(ps[1][0].vars) > 0
		return x.add(ps[0], ps[1].scale(big.NewRat(-1, 1))), nil
	case e.Op == loopir.Mul:
		return x.mul(ps[0], ps[1], e)
	case e.Op == loopir.Div && e.Type.IsFloat():
		q, f := x.reciprocal(ps[1], e)
		if f != nil {
			return nil, f
		}
		return x.mul(ps[0], q, e)
	case e.Op == loopir.Div || e.Op == loopir.Mod:
		return (&atom{head: fmt.Sprintf("%d:%v", e.Op, e.Type), args: ps, partial: true}).poly(), nil
	}
	return nil, failf(e.Span, "this can't be written as a polynomial")
}

func (x *expander) add(p, q realPoly) realPoly {
	_, constP := p.constant()
	_, constQ := q.constant()
	x.used = x.used || constP && constQ && len(p)*len(q) > 0
	return append(p[:len(p):len(p)], q...)
}

func (x *expander) mul(p, q realPoly, at loopir.Expr) (realPoly, *failure) {
	for _, pq := range [][2]realPoly{{p, q}, {q, p}} {
		if c, ok := pq[0].constant(); ok {
			_, both := pq[1].constant()
			unit := c.Num().CmpAbs(c.Denom()) == 0
			x.used = x.used || c.Sign() == 0 || !unit && (both || !plainProduct(pq[1]) || pq[1][0].coef.Num().CmpAbs(pq[1][0].coef.Denom()) != 0)
			x.lost = x.lost || c.Sign() == 0 && pq[1].partial()
			if c.Sign() == 0 {
				return nil, nil
			}
			return pq[1].scale(c), nil
		}
	}
	x.used = x.used || !plainProduct(p) || !plainProduct(q)
	if len(p)*len(q) > maxTerms {
		return nil, failf(at.Source(), "this product has too many terms to multiply out")
	}
	var out realPoly
	for _, a := range p {
		for _, b := range q {
			b = x.apart(b)
			out = append(out, realTerm{
				coef:    new(big.Rat).Mul(a.coef, b.coef),
				factors: append(a.factors[:len(a.factors):len(a.factors)], b.factors...),
				vars:    append(a.vars[:len(a.vars):len(a.vars)], b.vars...),
				conds:   append(a.conds[:len(a.conds):len(a.conds)], b.conds...),
			})
		}
	}
	return out, nil
}

// plainProduct tells whether multiplying by p distributes nothing.
func plainProduct(p realPoly) bool { return len(p) == 1 && len(p[0].vars) == 0 }

// apart gives the bound variables of t new names, so that it may stand beside
// a copy of itself.
func (x *expander) apart(t realTerm) realTerm {
	if len(t.vars) == 0 {
		return t
	}
	env := Env{}
	vars := make([]string, len(t.vars))
	for i, v := range t.vars {
		x.fresh++
		vars[i] = fmt.Sprintf("%s!%d", v, x.fresh)
		env[v] = loopir.NewVar(vars[i])
	}
	t = t.rename(env)
	t.vars = vars
	return t
}

// reciprocal is 1/p, of which nothing ever cancels, but for constants: that p is
// not 0 is a condition of the whole value.
func (x *expander) reciprocal(p realPoly, at loopir.Expr) (realPoly, *failure) {
	x.used = true
	if c, ok := p.constant(); ok {
		if c.Sign() == 0 {
			return nil, failf(at.Source(), "this divides by 0")
		}
		return constPoly(new(big.Rat).Inv(c)), nil
	}
	if !plainProduct(p) || len(p[0].conds) > 0 {
		return (&atom{head: "1/", args: []realPoly{p}, partial: true}).poly(), nil
	}
	out := realTerm{coef: new(big.Rat).Inv(p[0].coef)} // 1/(a*b) is 1/a * 1/b
	for _, a := range p[0].factors {
		out.factors = append(out.factors, &atom{head: "1/", args: []realPoly{a.poly()}, partial: true})
	}
	return realPoly{out}, nil
}

// cast expands a conversion that changes no value; others are functions.
func (x *expander) cast(v value, e *loopir.Cast, ctx known, path []*Stmt) (realPoly, *failure) {
	if e.X.TypeOf() == loopir.Index {
		p, err := poly.FromExpr(v.index(e.X))
		if err != nil {
			return nil, failf(e.Span, "this index can't be written as a polynomial")
		}
		if c, ok := p.Const(); ok && c.IsInt64() && c.CmpAbs(big.NewInt(127)) <= 0 {
			return constPoly(new(big.Rat).SetInt(c)), nil
		}
		return (&atom{head: e.To.String(), index: []poly.Poly{p}}).poly(), nil
	}
	p, f := x.value(v.of(e.X), ctx, path)
	if f != nil {
		return nil, f
	}
	if e.X.TypeOf().IsFloat() && holdsAll(e.To, e.X.TypeOf()) && plainProduct(p) && len(p[0].factors) == 1 && p[0].coef.Cmp(big.NewRat(1, 1)) == 0 {
		return p, nil
	}
	return (&atom{head: e.X.TypeOf().String() + ":" + e.To.String(), args: []realPoly{p}}).poly(), nil
}

func (x *expander) intrinsic(v value, e *loopir.Intrinsic, ctx known, path []*Stmt) (realPoly, *failure) {
	if s := indexSelect(e); s != nil {
		var out realPoly
		cond := v.index(s.Args[0])
		for i, g := range []loopir.Expr{cond, not(cond)} {
			in := ctx.with(g)
			if x.sd.proof.impossible("algebra/arm", s.Span, in.hyps) {
				continue
			}
			p, f := x.value(v.of(s.Args[i+1]), in, path)
			if f != nil {
				return nil, f
			}
			out = append(out, p.under(x.open(ctx, g))...)
		}
		return out, nil
	}
	if e.Name == "select" {
		return nil, failf(e.Span, "a choice by data can't be written as a polynomial")
	}
	ps, f := x.args(v, e.Args, ctx, path)
	if f != nil {
		return nil, f
	}
	if e.Name == "fma" {
		p, f := x.mul(ps[0], ps[1], e)
		return x.add(p, ps[2]), f
	}
	return (&atom{head: e.Name, args: ps, partial: e.Name == "log" || e.Name == "sqrt"}).poly(), nil
}

// open lists the conditions among gs that ctx does not imply.
func (x *expander) open(ctx known, gs ...loopir.Expr) []loopir.Expr {
	var out []loopir.Expr
	for _, g := range gs {
		if x.sd.proof.need("algebra/holds", g.Source(), ctx.hyps, g).Outcome != Proved {
			out = append(out, g)
		}
	}
	return out
}

// read expands what a read finds.
func (x *expander) read(v value, r *loopir.Read, ctx known, path []*Stmt) (realPoly, *failure) {
	if x.sd.hole(v, r) || x.shallow {
		return (&atom{read: &v}).poly(), nil
	}
	ds, f := x.sd.describe(v, ctx)
	if f != nil {
		return nil, f
	}
	var out realPoly
	for _, d := range ds {
		p, f := x.desc(d, ctx.with(d.guards...), path)
		if f != nil {
			return nil, f
		}
		out = append(out, p.under(x.open(ctx, d.guards...))...)
	}
	return out, nil
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
		if containsStmt(path, d.stmt) {
			return nil, failf(d.stmt.Span, "a recurrence can't be written as a polynomial")
		}
		return x.unrolled(d.val, ctx, append(path[:len(path):len(path)], d.stmt))
	}
	return nil, failf(d.read, "this reads a cell that was never written")
}

// unrolled expands a value at an instance of its statement, for each value of
// the iterators of loops of constant extent.
func (x *expander) unrolled(v value, ctx known, path []*Stmt) (realPoly, *failure) {
	for _, l := range v.at.s.Loops {
		at := v.at.env[l.Iter]
		if _, ok := constIndex(at); ok {
			continue
		}
		values, ok := constRange(l, v.at.env)
		if !ok {
			continue
		}
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
			out = append(out, p.under(x.open(ctx, g))...)
		}
		return out, nil
	}
	return x.value(v, ctx, path)
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

// node is what the updates of a sum start from and what they add.
func (x *expander) node(n *node, ctx known, path []*Stmt) (realPoly, *failure) {
	if kind, ok := n.commutative(); !ok || kind != foldAdd {
		return nil, failf(n.cell.Span, "what the updates of %s leave is no sum", n.cell.Name)
	}
	ds, f := n.initial(ctx)
	if f != nil {
		return nil, f
	}
	var out realPoly
	for _, d := range ds {
		p, f := x.desc(d, ctx.with(d.guards...), path)
		if f != nil {
			return nil, f
		}
		out = append(out, p.under(x.open(ctx, d.guards...))...)
	}
	x.fresh++
	for _, g := range n.groups(fmt.Sprintf("!x%d", x.fresh)) {
		p, f := x.group(g, ctx, path)
		if f != nil {
			return nil, f
		}
		out = append(out, p...)
	}
	return out, nil
}

// group adds up the terms of the updates that one statement makes.
func (x *expander) group(g group, ctx known, path []*Stmt) (realPoly, *failure) {
	if containsStmt(path, g.s) {
		return nil, failf(g.s.Span, "a recurrence can't be written as a polynomial")
	}
	return x.updates(x.pinned(g, ctx), ctx, append(path[:len(path):len(path)], g.s))
}

// pinned replaces the variables of g that its cell decides.
func (x *expander) pinned(g group, ctx known) group {
	sys := newSystem()
	for _, v := range g.vars {
		sys.addUnknown(v.name, v.lo)
	}
	for _, e := range g.eqs {
		sys.equate(e[0], e[1])
	}
	sys.solve()
	hyps := ctx.with(g.conds...).hyps
	for _, v := range g.vars {
		p, ok := sys.value[v.name]
		if !ok || len(sys.unknownsOf(p)) > 0 {
			continue
		}
		if x.sd.proof.need("algebra/only", g.s.Span, hyps, eq(loopir.NewVar(v.name), p.Expr())).Outcome == Proved {
			g = g.with(v.name, p.Expr())
		}
	}
	return g
}

// with is g where one of its variables has a value.
func (g group) with(name string, e loopir.Expr) group {
	one := Env{name: e}
	out := group{point: point{g.s, g.env.in(one)}, conds: atAll(one, g.conds)}
	for _, v := range g.vars {
		if v.name != name {
			out.vars = append(out.vars, groupVar{v.name, one.at(v.lo)})
		}
	}
	return out
}

// updates expands the terms of g: those of iterations of constant number one by
// one, the rest as a sum over the variables that are left.
func (x *expander) updates(g group, ctx known, path []*Stmt) (realPoly, *failure) {
	for _, l := range g.s.Loops {
		v, isVar := g.env[l.Iter].(*loopir.Var)
		values, ok := constRange(l, g.env)
		if !isVar || !g.bound(v.Name) || !ok {
			continue
		}
		var out realPoly
		for _, c := range values {
			p, f := x.updates(g.with(v.Name, loopir.NewInt(c)), ctx, path)
			if f != nil {
				return nil, f
			}
			out = append(out, p...)
		}
		return out, nil
	}
	base := g.fromZero()
	if x.sd.proof.impossible("algebra/no-update", g.s.Span, ctx.with(g.conds...).hyps) {
		return nil, nil
	}
	rest := x.open(ctx.with(base...), g.conds...)
	in := ctx.with(base...).with(rest...)
	p, f := x.value(value{e: x.sd.effects[g.s.index].combined(), at: g.point}, in, path)
	if f != nil {
		return nil, f
	}
	p = p.under(append(base, rest...))
	for i := range p {
		for _, v := range g.vars {
			p[i].vars = append(p[i].vars[:len(p[i].vars):len(p[i].vars)], v.name)
		}
	}
	return p, nil
}

func (g *group) bound(name string) bool {
	for _, v := range g.vars {
		if v.name == name {
			return true
		}
	}
	return false
}

// fromZero counts the free variables of g from 0, by steps of 1, and lists the
// bounds that their loops give them.
func (g *group) fromZero() []loopir.Expr {
	var base []loopir.Expr
	for _, l := range g.s.Loops {
		v, isVar := g.env[l.Iter].(*loopir.Var)
		if !isVar || !g.bound(v.Name) {
			continue
		}
		at := loopir.Expr(v)
		if l.Step != nil {
			at = loopir.Bin(loopir.Mul, g.env.at(l.Step), at)
		}
		at = poly.Must(loopir.Bin(loopir.Add, g.env.at(l.Lo), at)).Expr()
		vars := g.vars
		*g = g.with(v.Name, at)
		g.vars = vars
		base = append(base, loopir.Bin(loopir.Le, loopir.NewInt(0), v), loopir.Bin(loopir.Lt, at, g.env.at(l.Hi)))
	}
	return base
}
