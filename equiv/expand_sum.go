package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// node is what the updates of a sum start from and what they add.
func (x *expander) node(n *node, ctx known, path []*Stmt) (realPoly, *failure) {
	if kind, ok := n.commutative(); !ok || kind != foldAdd {
		return nil, failf(n.cell.Span, "what the updates of %s leave is no sum", n.cell.Name)
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
		if x.sd.proof.impossible("algebra/no-update", g.s.Span, ctx.with(g.conds...).hyps) {
			return nil, nil
		}
		return nil, recurrence(g.s.Span)
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
	open := func(l *loopir.For) bool {
		v, isVar := g.env[l.Iter].(*loopir.Var)
		return isVar && g.bound(v.Name)
	}
	if l, values := toUnroll(g.point, open); l != nil {
		var out realPoly
		for _, c := range values {
			p, f := x.updates(g.with(g.env[l.Iter].(*loopir.Var).Name, loopir.NewInt(c)), ctx, path)
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
	x.within++
	p, f := x.value(value{e: x.sd.effects[g.s.index].combined(), at: g.point}, in, path)
	x.within--
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
