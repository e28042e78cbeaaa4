package equiv

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// node is what the updates of a sum start from and what they add, or what the last of other
// updates computes.
func (x *expander) node(n *node, ctx known, path []*Stmt) (realPoly, *failure) {
	if kind, ok := n.commutative(); !ok || kind != foldAdd {
		return x.last(n, ctx, path)
	}
	ds, f := n.initial(ctx)
	if f != nil {
		return nil, f
	}
	out, f := x.descs(ds, ctx, path)
	if f != nil {
		return nil, f
	}
	if len(out) == 0 { // the updates are added to 0
		x.started, x.used = x.started || x.within == 0, x.used || x.within > 0
	}
	x.fresh++
	positive := n.neverMinusZero(ds)
	for _, g := range n.groups(fmt.Sprintf("!x%d", x.fresh)) {
		p, f := x.group(g, positive, ctx, path)
		if f != nil {
			return nil, f
		}
		out = append(out, p...)
	}
	return out, nil
}

// last is the value of the last update of n, which reads what the one before it left.
func (x *expander) last(n *node, ctx known, path []*Stmt) (realPoly, *failure) {
	ds, _, f := n.without(ctx)
	if f == nil && len(ds) == 1 && ds[0].kind == fromNode && ds[0].node.cell == n.cell {
		ds, f = ds[0].node.lastUpdate(ctx)
	}
	if f != nil {
		return nil, f
	}
	return x.descs(ds, ctx, path)
}

// neverMinusZero tells whether the sum that starts as ds say is never -0.0, before an update
// or after: it starts from 0.0, and x + y is -0.0 only if both are. A product that is added
// without being rounded is no such y: it may vanish in the rounding of the sum.
func (n *node) neverMinusZero(ds []desc) bool {
	for _, d := range ds {
		if lit := d.literal(); lit == nil || !isPlainZero(lit) {
			return false
		}
	}
	for _, s := range n.updates {
		if n.side.effects[s.index].fused {
			return false
		}
	}
	return true
}

// isPlainZero tells whether e is a literal 0 without a sign.
func isPlainZero(e loopir.Expr) bool {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.Sign() == 0
	case *loopir.Float:
		v, ok := new(big.Rat).SetString(e.Text)
		return ok && v.Sign() == 0
	}
	return false
}

// plainZeros is e, added to a sum that is never -0.0, without the signs of zeros that a
// condition chooses: neither 0.0 nor -0.0 changes such a sum.
func plainZeros(e loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op == loopir.Neg && isPlainZero(e.X) {
			return e.X
		}
	case *loopir.Intrinsic:
		if e.Name == "select" {
			out := *e
			out.Args = []loopir.Expr{e.Args[0], plainZeros(e.Args[1]), plainZeros(e.Args[2])}
			return &out
		}
	}
	return e
}

// group adds up the terms of the updates that one statement makes, to a sum that is never
// -0.0 if positive says so.
func (x *expander) group(g group, positive bool, ctx known, path []*Stmt) (realPoly, *failure) {
	if containsStmt(path, g.s) {
		if x.sd.proof.impossible("algebra/no-update", g.s.Span, ctx.with(g.conds...).hyps) {
			return nil, nil
		}
		return nil, recurrence(g.s.Span)
	}
	return x.updates(x.pinned(g, ctx), positive, ctx, append(path[:len(path):len(path)], g.s))
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
func (x *expander) updates(g group, positive bool, ctx known, path []*Stmt) (realPoly, *failure) {
	open := func(l *loopir.For) bool {
		v, isVar := g.env[l.Iter].(*loopir.Var)
		return isVar && g.bound(v.Name)
	}
	if l, values := toUnroll(g.point, open); l != nil {
		var out realPoly
		for _, c := range values {
			p, f := x.updates(g.with(g.env[l.Iter].(*loopir.Var).Name, loopir.NewInt(c)), positive, ctx, path)
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
	term := x.sd.effects[g.s.index].combined()
	if positive {
		term = plainZeros(term)
	}
	x.within++
	p, f := x.value(value{e: term, at: g.point}, in, path)
	x.within--
	if f != nil {
		return nil, f
	}
	p = p.under(append(base, rest...))
	for i := range p {
		for _, v := range g.vars {
			p[i].vars = append(p[i].vars[:len(p[i].vars):len(p[i].vars)], v.name)
		}
		for _, v := range g.vars {
			x.sumEqual(&p[i], v.name, x.sd.effects[g.s.index].value.TypeOf(), ctx)
		}
	}
	return p, nil
}

// sumEqual writes the sum of t over values of v, of which t does not depend, as their number
// times t. The values are those from 0 up to a bound that is proved not to be negative. Where
// there is one at most it is no sum, but a term under a condition.
func (x *expander) sumEqual(t *realTerm, v string, typ loopir.Type, ctx known) {
	n, ok := lastValue(v, t.conds)
	if n = n.Add(poly.Int(1)); !ok || n.Uses(v) || slices.ContainsFunc(t.vars, n.Uses) {
		return
	}
	var rest, bounds []loopir.Expr
	for _, e := range t.conds {
		for _, g := range conjuncts(e) {
			if loopir.UsesVar(g, v) {
				bounds = append(bounds, g)
			} else {
				rest = append(rest, g)
			}
		}
	}
	in := ctx.with(rest...).hyps
	holds := func(op loopir.Op, c int64) bool {
		return x.sd.proof.need("algebra/extent", bounds[0].Source(), in, loopir.Bin(op, n.Expr(), loopir.NewInt(c))).Outcome == Proved
	}
	depends := (&atom{args: []realPoly{{{factors: t.factors}}}}).uses([]string{v})
	if depends || len(bounds) != 2 || !holds(loopir.Ge, 0) || holds(loopir.Le, 1) {
		return
	}
	x.used = true
	t.conds = rest
	t.vars = slices.DeleteFunc(slices.Clone(t.vars), func(w string) bool { return w == v })
	if c, ok := n.Const(); ok {
		t.coef = new(big.Rat).Mul(t.coef, new(big.Rat).SetInt(c))
		return
	}
	t.factors = append(t.factors[:len(t.factors):len(t.factors)], &atom{head: typ.String(), index: []poly.Poly{n}})
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
