package equiv

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A group is the updates of a node that one statement makes: the instances at
// env, whose variables are free, that satisfy conds.
type group struct {
	point
	vars  []groupVar
	conds []loopir.Expr
	eqs   [][2]loopir.Expr // those of conds that are equations, for solving
	parts int              // how many partial sums the update goes through
}

// A groupVar is a free variable of a group and its least value.
type groupVar struct {
	name string
	lo   loopir.Expr
}

// groups lists the updates of n, their variables named apart by suffix.
func (n *node) groups(suffix string) []group {
	var out []group
	for _, u := range n.updates {
		g := group{point: point{u, u.Fresh(suffix)}}
		for _, l := range u.Loops {
			g.vars = append(g.vars, groupVar{l.Iter + suffix, g.env.at(l.Lo)})
		}
		g.conds = append(u.Domain(g.env), n.side.sameCell(g.point, n.at, n.cell), Before(&u.Site, g.env, &n.at.s.Site, n.at.env))
		if n.init != nil {
			g.conds = append(g.conds, Before(&n.init.Site, n.initEnv, &u.Site, g.env))
		}
		for i, e := range u.LHS.Index {
			g.eqs = append(g.eqs, [2]loopir.Expr{g.env.at(e), n.at.env.at(n.cell.Index[i])})
		}
		if a := n.side.prog.Array(u.LHS.Name); a != nil {
			for _, it := range a.Scope() {
				g.eqs = append(g.eqs, [2]loopir.Expr{g.env[it], n.at.env[it]})
			}
		}
		out = append(out, g)
	}
	return out
}

// commutative tells the operator by which all updates of n combine, if one.
func (n *node) commutative() (foldKind, bool) {
	kind := notFold
	for _, u := range n.updates {
		k := n.side.effects[u.index].kind
		if k == foldOther || kind != notFold && k != kind {
			return foldOther, false
		}
		kind = k
	}
	return kind, true
}

// compareNodes shows that node a of after and node b of before have the same
// value: equal initial values, and a one-to-one map between their updates,
// given by the hints, under which each does the same. Updates of one
// commutative operator may come in any order, which costs exactness for
// floats; others must come in the same order. Updates that add a partial sum
// stand for the updates of that partial sum.
func (c *checker) compareNodes(a, b *node, ctx known) (Verdict, *failure) {
	if a.cell.Type != b.cell.Type {
		return NoVerdict, failf(a.cell.Span, "%s holds another type than %s did", a.cell.Name, b.cell.Name)
	}
	v, f := c.compareUpdates(a, b, ctx, false)
	if f != nil && (isCopied(a.init) || isCopied(b.init)) {
		if w, g := c.compareUpdates(a, b, ctx, true); g == nil {
			return w, nil
		}
	}
	if f != nil {
		if w, g, ok := c.compareTakenApart(a, b, ctx); ok && g == nil {
			return w, nil
		}
	}
	return v, f
}

// compareUpdates is compareNodes for nodes of one type. With starts, a first
// value that is copied from elsewhere may be the term of an update on the other
// side.
func (c *checker) compareUpdates(a, b *node, ctx known, starts bool) (Verdict, *failure) {
	ctx.depth++
	x, y := a.sum(fmt.Sprintf("!a%d", ctx.depth), ctx), b.sum(fmt.Sprintf("!b%d", ctx.depth), ctx)
	if starts {
		x.startFromCopy(a)
		y.startFromCopy(b)
	}
	for _, s := range []*sum{x, y} {
		if s.err != nil {
			return NoVerdict, s.err
		}
	}
	ka, okA := x.kind()
	kb, okB := y.kind()
	free := okA && okB && ka == kb
	if free {
		c.absorb(x, y, ka)
	}
	if !c.hinted(x.groups, y.groups) && !c.pruned(x, y, ctx) {
		if !free {
			return NoVerdict, c.unhinted(x.groups, y.groups, a.cell.Name)
		}
		if f := c.regroup(x, y, ka, ctx); f != nil {
			return NoVerdict, f
		}
	}
	return c.compareSums(x, y, free, a.cell, ctx)
}

// compareHistories shows that a cell has seen the same assignments in the same
// order when a, a read of after, and b, a read of before, find it. Then it holds
// the same value, whichever of them was the last to matter.
func (c *checker) compareHistories(a, b value, ctx known) (Verdict, *failure) {
	ctx.depth++
	x, y := c.after.history(a, fmt.Sprintf("!a%d", ctx.depth)), c.before.history(b, fmt.Sprintf("!b%d", ctx.depth))
	r := a.e.(*loopir.Read)
	if r.Type != b.e.TypeOf() || !c.hinted(x.groups, y.groups) {
		return NoVerdict, failf(r.Span, "the assignments of %s are not known to be those from before", r.Name)
	}
	return c.compareSums(x, y, false, r, ctx)
}

// history takes the cell that v reads as a sequence of all assignments to it.
func (sd *side) history(v value, suffix string) *sum {
	r := v.e.(*loopir.Read)
	n := &node{side: sd, cell: r, at: v.at}
	for _, w := range append(sd.sets[r.Name][:len(sd.sets[r.Name]):len(sd.sets[r.Name])], sd.updates[r.Name]...) {
		if v, known := constBool(Before(&w.Site, w.Fresh(suffix), &n.at.s.Site, n.at.env)); v || !known {
			n.updates = append(n.updates, w)
		}
	}
	return &sum{side: sd, groups: n.groups(suffix), plain: [][]desc{{initial(sd.prog.Array(r.Name), v, r)}}}
}

func containsStmt(list []*Stmt, s *Stmt) bool {
	for _, t := range list {
		if t == s {
			return true
		}
	}
	return false
}

// A matching is the proof that two sums are equal.
type matching struct {
	c     *checker
	cell  *loopir.Read // of after
	as    []group
	bs    []group
	hints []*hint // of as
	envs  []Env   // hints' env, free iterators chosen; over iterators marked by ownMark
	free  bool    // one operator that may regroup combines all operands
	ctx   known
	first firstFailure
}

// compareSums matches two sums whose groups' statements the hints relate. With
// free the order does not matter over the reals.
func (c *checker) compareSums(x, y *sum, free bool, at *loopir.Read, ctx known) (Verdict, *failure) {
	if len(x.plain) != len(y.plain) {
		return NoVerdict, failf(at.Span, "%d values are combined, but %d before", len(x.plain), len(y.plain))
	}
	m := &matching{c: c, cell: at, as: x.groups, bs: y.groups, free: free, ctx: ctx}
	for _, g := range m.as {
		m.hints = append(m.hints, c.hints[g.s.index])
	}
	if f := m.apart(); f != nil {
		return NoVerdict, f
	}
	if f := m.chooseFree(); f != nil {
		return NoVerdict, f
	}
	verdict, ordered := Exact, true
	asks := []func(){func() {
		v, f := c.comparePlain(x, y, at.Span, ctx)
		m.first.add(f)
		verdict = v
	}}
	if x.regrouped || y.regrouped {
		ordered = false
	} else {
		asks = append(asks, func() { ordered = m.order() })
	}
	asks = append(asks, m.bijection()...)
	together(asks...)
	for _, g := range append(m.as[:len(m.as):len(m.as)], m.bs...) {
		ordered = ordered && !g.s.unordered()
	}
	if !ordered {
		if !free {
			m.first.add(failf(at.Span, "the updates of %s may come in another order than before", at.Name))
		} else if k, _ := x.kind(); rounds(k, at.Type) {
			verdict = weaker(verdict, Reassociated)
		}
	}
	if dropsZero(x, y) && at.Type.IsFloat() {
		verdict = weaker(verdict, Algebraic)
	}
	f := m.first.get()
	for i := range m.as {
		if f == nil {
			c.match(m.as[i].s, m.hints[i], m.mode(i))
		}
	}
	return verdict, f
}

// apart fails where the variables of a group are not its own: where two have one name, or
// one is the comparison's or the other side's. What is shown of such a group is not shown of
// all its instances.
func (m *matching) apart() *failure {
	of := map[string]int{} // 1 and 2 are the sides
	for _, h := range m.ctx.hyps {
		loopir.WalkExpr(h, func(e loopir.Expr) bool {
			if v, ok := e.(*loopir.Var); ok {
				of[v.Name] = 3
			}
			return true
		})
	}
	for side, groups := range [][]group{m.as, m.bs} {
		for _, g := range groups {
			own := map[string]bool{}
			for _, v := range g.vars {
				if s := of[v.name]; own[v.name] || s != 0 && s != side+1 {
					return failf(g.s.Span, "the updates of %s go through two variables named %s", m.cell.Name, v.name)
				}
				own[v.name], of[v.name] = true, side+1
			}
		}
	}
	return nil
}

// bijection lists what there is to prove for the hints to map the updates of
// after one to one to those of before.
func (m *matching) bijection() []func() {
	var asks []func()
	for i := range m.as {
		if !m.c.plausible(m.hints[i], m.mode(i)) {
			m.first.add(failf(m.as[i].s.Span, "this update of %s is not what its counterpart was before", m.cell.Name))
			return nil
		}
		asks = append(asks, func() { m.into(i) })
		for j := i; j < len(m.as); j++ {
			if m.hints[i].stmt == m.hints[j].stmt {
				asks = append(asks, func() { m.injective(i, j) })
			}
		}
	}
	for i := range m.bs {
		asks = append(asks, func() { m.onto(i) })
		for j := i; j < len(m.bs); j++ {
			if m.bs[i].s == m.bs[j].s && (i != j || m.bs[i].parts > 0) {
				asks = append(asks, func() { m.single(i, j) })
			}
		}
	}
	return asks
}

// mode says what update i has to have in common with its counterpart. Only of
// updates by one operator is it enough to compare what is combined.
func (m *matching) mode(i int) matchMode {
	x, y := m.c.after.effects[m.as[i].s.index].kind, m.c.before.effects[m.hints[i].stmt.index].kind
	switch {
	case x == notFold && y == notFold && !m.free:
		return sameWrite
	case m.free || x == y && x != foldOther:
		return sameTerm
	}
	return sameUpdate
}

// image is the instance of before that the hint gives for group i.
func (m *matching) image(i int, env Env) Env {
	own := Env{}
	for it, e := range env {
		own[it+ownMark] = e
	}
	return m.envs[i].in(own)
}

func (m *matching) hyps(gs ...*group) []loopir.Expr {
	out := m.ctx.hyps[:len(m.ctx.hyps):len(m.ctx.hyps)]
	for _, g := range gs {
		out = append(out, g.conds...)
	}
	return out
}

// into: each update of after is one of the node before.
func (m *matching) into(i int) {
	g := &m.as[i]
	var goals []loopir.Expr
	for j := range m.bs {
		if b := &m.bs[j]; b.s == m.hints[i].stmt {
			goals = append(goals, b.choose(b.env, m.image(i, g.env)))
		}
	}
	ans := m.c.proof.need("reduction/into", g.s.Span, m.hyps(g), or(goals...))
	m.first.note(ans, fmt.Sprintf("this may update a cell of %s that did not get that update before", m.cell.Name), m.cell.Span)
}

// injective: no update of before is made twice.
func (m *matching) injective(i, j int) {
	g, h := &m.as[i], m.as[j].renamed("!2")
	same := sameInstance(m.hints[i].stmt, m.image(i, g.env), m.image(j, h.env))
	ans := m.c.proof.need("reduction/once", g.s.Span, append(m.hyps(g, h), same), sameVars(g, h, i == j))
	m.first.note(ans, fmt.Sprintf("one update of %s may now be made twice", m.cell.Name), h.s.Span)
}

// single: before, no update was made twice by way of two partial sums.
func (m *matching) single(i, j int) {
	g, h := &m.bs[i], m.bs[j].renamed("!2")
	same := sameInstance(g.s, g.env, h.env)
	ans := m.c.proof.need("reduction/once-before", g.s.Span, append(m.hyps(g, h), same), sameVars(g, h, i == j))
	m.first.note(ans, fmt.Sprintf("one update of %s may have counted twice before", m.cell.Name), h.s.Span)
}

// sameVars says that g and h, a renamed copy of the same group, stand for one
// update.
func sameVars(g, h *group, copies bool) loopir.Expr {
	if !copies {
		return boolExpr(false)
	}
	out := boolExpr(true)
	for i, v := range g.vars {
		out = and(out, eq(loopir.NewVar(v.name), loopir.NewVar(h.vars[i].name)))
	}
	return out
}

// renamed is a copy of g with other variables.
func (g *group) renamed(suffix string) *group {
	env := Env{}
	c := *g
	c.vars = nil
	for _, v := range g.vars {
		env[v.name] = loopir.NewVar(v.name + suffix)
	}
	for _, v := range g.vars {
		c.vars = append(c.vars, groupVar{v.name + suffix, env.at(v.lo)})
	}
	c.env = Env{}
	for it, e := range g.env {
		c.env[it] = env.at(e)
	}
	c.conds = atAll(env, g.conds)
	c.eqs = nil // only choose needs them
	return &c
}

// onto: no update of before is lost.
func (m *matching) onto(j int) {
	b := &m.bs[j]
	var goals []loopir.Expr
	for i := range m.as {
		if m.hints[i].stmt == b.s {
			goals = append(goals, m.as[i].choose(m.image(i, m.as[i].env), b.env))
		}
	}
	ans := m.c.proof.need("reduction/onto", b.s.Span, m.hyps(b), or(goals...))
	m.first.note(ans, fmt.Sprintf("this update of %s may be missing", m.cell.Name), m.cell.Span)
}

// choose says that a certain instance of g exists at which image, an instance
// over g's variables, is target. Any instance will do: it is a guess from the
// equations.
func (g *group) choose(image, target Env) loopir.Expr {
	sys := newSystem()
	for _, v := range g.vars {
		sys.addUnknown(v.name, v.lo)
	}
	its := sortedNames(image)
	for _, it := range its {
		sys.equate(image[it], target[it])
	}
	for _, e := range g.eqs {
		sys.equate(e[0], e[1])
	}
	sys.within(g.conds)
	sys.solve()
	bold := sys.clone()
	bold.solveBoldly()
	var goals []loopir.Expr
	for _, guess := range []*system{sys, bold} {
		for _, v := range guess.open() {
			if guess.unknown[v] {
				guess.fill(v, guess.lower[v])
			}
		}
		sol, ok := guess.solution()
		if !ok {
			continue
		}
		goal := boolExpr(true)
		for _, c := range atAll(Env(sol), g.conds) {
			goal = and(goal, divided(c))
		}
		for _, it := range its {
			goal = and(goal, eq(Env(sol).at(image[it]), target[it]))
		}
		if len(goals) == 0 || loopir.FormatExpr(goal) != loopir.FormatExpr(goals[0]) {
			goals = append(goals, goal)
		}
	}
	return or(goals...)
}

// order tells whether the updates come in the same order as before. Those of
// one statement are asked about first: they are the likeliest to be reordered.
func (m *matching) order() bool {
	var own, others [][2]int
	for i := range m.as {
		own = append(own, [2]int{i, i})
		for j := range m.as {
			if i != j {
				others = append(others, [2]int{i, j})
			}
		}
	}
	return m.ordered(own) && m.ordered(others)
}

func (m *matching) ordered(pairs [][2]int) bool {
	ok := make([]bool, len(pairs))
	var asks []func()
	for n, p := range pairs {
		asks = append(asks, func() {
			i, j := p[0], p[1]
			g, h := &m.as[i], m.as[j].renamed("!2")
			hyps := append(m.hyps(g, h), Before(&g.s.Site, g.env, &h.s.Site, h.env))
			goal := Before(&m.hints[i].stmt.Site, m.image(i, g.env), &m.hints[j].stmt.Site, m.image(j, h.env))
			ok[n] = m.c.proof.need("reduction/order", g.s.Span, hyps, goal).Outcome == Proved
		})
	}
	together(asks...)
	return !slices.Contains(ok, false)
}

// initial describes what the updates of n start from.
func (n *node) initial(ctx known) ([]desc, *failure) {
	if n.init == nil {
		return []desc{initial(n.side.prog.Array(n.cell.Name), value{e: n.cell, at: n.at}, n.cell)}, nil
	}
	return n.side.written(point{n.init, n.initEnv}, ctx, nil)
}
