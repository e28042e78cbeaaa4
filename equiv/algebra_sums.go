package equiv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// unlike gives the terms of x but for those that y has as well.
func unlike(x, y map[string]realTerm) realPoly {
	var out realPoly
	for _, k := range sortedNames(x) {
		t := x[k]
		if u, ok := y[k]; !ok || u.coef.Cmp(t.coef) != 0 {
			out = append(out, t)
		}
	}
	return out
}

// sameSums shows that p of after and q of before add up the same, although not term by
// term: their sums are split or ordered in different ways, as by tiles, or their first
// terms are apart. Terms that differ in nothing but indices and bound variables are taken
// together, and a summand goes by its indices. If on either side no two summands have the
// same indices, and each one of after has those of one of before and the other way round,
// then both sides add the same summands.
func (m *polyMatch) sameSums(p, q realPoly, sorted bool, ctx known) *failure {
	if len(p) == 0 && len(q) == 0 {
		return nil
	}
	after, okA := summandsOf(p, sorted)
	before, okB := summandsOf(q, sorted)
	if !okA || !okB || !slices.Equal(sortedNames(after), sortedNames(before)) {
		return failf(m.at, "as a polynomial this is not what it was before")
	}
	for _, k := range sortedNames(after) {
		for _, c := range classesOf(after[k], before[k]) {
			f := m.bijection(c, ctx)
			for _, part := range m.parts(c, f, ctx) {
				f = m.bijection(part, ctx)
				if f != nil {
					break
				}
			}
			if f != nil {
				return f
			}
		}
	}
	return nil
}

// A class holds summands of after and of before that are to be the same.
type class [2][]summands

// bijection proves that they are.
func (m *polyMatch) bijection(c class, ctx known) *failure {
	var first firstFailure
	var asks []func()
	for side, gs := range c {
		for i := range gs {
			asks = append(asks, func() { first.add(m.among(&gs[i], c[1-side], ctx)) })
			for j := i; j < len(gs); j++ {
				asks = append(asks, func() { first.add(m.apart(&gs[i], &gs[j], i == j, ctx)) })
			}
		}
	}
	together(asks...)
	for i := range c[0] {
		for j := range c[1] {
			if first.get() == nil {
				first.add(m.sameRest(&c[0][i], &c[1][j], ctx))
			}
		}
	}
	return first.get()
}

// parts takes a class apart of which f was not proved, where the same indices come up
// more than once, as in the sum of x[i+k] and x[i-k]: one term on one side and those on the
// other that make it up. It gives nothing where there is nothing left to take apart.
func (m *polyMatch) parts(c class, f *failure, ctx known) []class {
	if f == nil || len(c[0])+len(c[1]) <= 2 || len(c[0])+len(c[1]) > maxSummed {
		return nil
	}
	var out []class
	left := class{slices.Clone(c[0]), slices.Clone(c[1])}
	for len(left[0])+len(left[1]) > 0 {
		part, ok := m.part(left, ctx)
		if !ok {
			return nil
		}
		for side := range left {
			left[side] = slices.DeleteFunc(left[side], func(g summands) bool {
				return slices.ContainsFunc(part[side], func(h summands) bool { return h.term == g.term })
			})
		}
		out = append(out, part)
	}
	return out
}

// maxSummed bounds the terms among which parts are looked for.
const maxSummed = 24

func (m *polyMatch) part(c class, ctx known) (out class, ok bool) {
	for side, gs := range c {
		for _, g := range gs {
			var own []summands
			for _, h := range c[1-side] {
				if m.among(&h, []summands{g}, ctx) == nil && !slices.ContainsFunc(own, func(o summands) bool { return m.apart(&o, &h, false, ctx) != nil }) {
					own = append(own, h)
				}
			}
			if len(own) > 0 && m.among(&g, own, ctx) == nil {
				out[side], out[1-side] = []summands{g}, own
				return out, true
			}
		}
	}
	return out, false
}

// classesOf takes those together that have the same fixed indices, if that leaves none
// without a counterpart, as the first term of a sum is where it stands apart.
func classesOf(after, before []summands) []class {
	byFixed := map[string]class{}
	for side, all := range [][]summands{after, before} {
		for _, g := range all {
			c := byFixed[g.fixed]
			c[side] = append(c[side], g)
			byFixed[g.fixed] = c
		}
	}
	var out []class
	for _, k := range sortedNames(byFixed) {
		if c := byFixed[k]; len(c[0])*len(c[1]) == 0 {
			return []class{{after, before}}
		}
		out = append(out, byFixed[k])
	}
	return out
}

// sameRest: reads, and functions of sums, have equal values in summands with the same
// indices.
func (m *polyMatch) sameRest(g, h *summands, ctx known) *failure {
	x, y := &g.left, &h.left
	if len(x.reads)+len(x.functions) == 0 {
		return nil
	}
	in := ctx.with(g.conds...).with(h.conds...).with(sameSlots(&g.group, &h.group))
	if m.c.proof.impossible("algebra/pair", m.at, in.hyps) {
		return nil
	}
	for i := range x.reads {
		v, f := m.c.compare(x.reads[i], y.reads[i], in)
		if f != nil && m.claim(x.reads[i], y.reads[i], in) {
			continue
		}
		if f != nil {
			return f
		}
		m.verdict = weaker(m.verdict, v)
	}
	for i, a := range x.functions {
		for j := range a.args {
			if f := m.compare(a.args[j], y.functions[i].args[j], in, nil, maxCaseSplits); f != nil {
				return f
			}
		}
	}
	return nil
}

// among: each summand of g is one of some group in hs.
func (m *polyMatch) among(g *summands, hs []summands, ctx known) *failure {
	var goals []loopir.Expr
	for i := range hs {
		goals = append(goals, hs[i].choose(hs[i].env, g.env))
	}
	return failed(m.c.proof.need("algebra/summand", m.at, ctx.with(g.conds...).hyps, or(goals...)), "a sum may have summands that it did not have before, or lack some")
}

// apart: no two summands of g and h have the same indices.
func (m *polyMatch) apart(g, h *summands, copies bool, ctx known) *failure {
	other := h.renamed("!2")
	hyps := ctx.with(g.conds...).with(other.conds...).with(sameSlots(&g.group, other)).hyps
	return failed(m.c.proof.need("algebra/once", m.at, hyps, sameVars(&g.group, other, copies)), "the summands of a sum can't be told apart by their indices")
}

func sameSlots(g, h *group) loopir.Expr {
	same := boolExpr(true)
	for _, slot := range sortedNames(g.env) {
		same = and(same, eq(g.env[slot], h.env[slot]))
	}
	return same
}

// summands are what a term sums up. The env of the group has the indices in it.
type summands struct {
	group
	term  int      // which of the polynomial
	left  skeleton // what else there is to compare
	fixed string   // the indices without bound variables
}

// summandsOf groups terms by what they have in common.
func summandsOf(p realPoly, sorted bool) (map[string][]summands, bool) {
	out := map[string][]summands{}
	for i, t := range p {
		bare := skeleton{bound: t.vars, sorted: sorted}
		key := t.coef.RatString() + "*" + bare.product(t.factors)
		if bare.failed {
			return nil, false
		}
		g := group{point: point{env: Env{}}, conds: t.conds}
		for _, v := range t.vars {
			g.vars = append(g.vars, groupVar{v, loopir.NewInt(0)})
		}
		for i, p := range bare.slots {
			g.env[fmt.Sprintf("%04d", i)] = p.Expr()
		}
		out[key] = append(out[key], summands{g, i, bare, bare.fixed()})
	}
	return out, true
}

// A skeleton writes a product without its indices, which it lists.
type skeleton struct {
	bound     []string
	sorted    bool // factors are sorted by the indices that are the same in all summands, too
	slots     []poly.Poly
	reads     []value
	functions []*atom // of sums
	failed    bool    // there is something of which no skeleton can be made
}

// product takes factors in an order that does not depend on the names of bound variables.
func (s *skeleton) product(factors []*atom) string {
	sorted := slices.Clone(factors)
	slices.SortStableFunc(sorted, func(a, b *atom) int { return strings.Compare(s.order(a), s.order(b)) })
	var parts []string
	for _, a := range sorted {
		parts = append(parts, s.atom(a))
	}
	return strings.Join(parts, "*")
}

// order is what factors are sorted by.
func (s *skeleton) order(a *atom) string {
	own := skeleton{bound: s.bound}
	text := own.atom(a)
	if !s.sorted {
		return text
	}
	return text + own.fixed()
}

// fixed lists the indices, those that depend on bound variables as gaps.
func (s *skeleton) fixed() string {
	text := ""
	for _, p := range s.slots {
		if slices.ContainsFunc(s.bound, p.Uses) {
			text += "[]"
		} else {
			text += "[" + p.Key() + "]"
		}
	}
	return text
}

func (s *skeleton) atom(a *atom) string {
	if a.name != "" {
		return a.name
	}
	if a.sums() && !a.uses(s.bound) {
		cn := &canon{names: func(*value, bool) string {
			s.failed = true
			return ""
		}}
		text := cn.atom(a, nil, 0)
		s.failed = s.failed || cn.deep
		return text
	}
	switch {
	case a.read != nil:
		return s.read(*a.read)
	case a.sums():
		return s.function(a)
	}
	s.slots = append(s.slots, a.index...)
	text := fmt.Sprintf("%s/%d", a.head, len(a.index))
	for _, arg := range a.args {
		text += "(" + s.sum(arg) + ")"
	}
	return text
}

// function is for a function of sums: it goes by the indices in them that depend on bound
// variables outside of it alone.
func (s *skeleton) function(a *atom) string {
	s.functions = append(s.functions, a)
	var own []poly.Poly
	for _, arg := range a.args {
		own = s.outer(arg, own)
	}
	s.slots = append(s.slots, own...)
	return fmt.Sprintf("%s of %d with %d", a.head, len(a.args), len(own))
}

// outer adds the indices in p that depend on no variables but those outside to the list, each
// once.
func (s *skeleton) outer(p realPoly, own []poly.Poly) []poly.Poly {
	for _, t := range p {
		for _, a := range t.factors {
			for _, i := range a.index {
				if slices.ContainsFunc(s.bound, i.Uses) && !slices.ContainsFunc(t.vars, i.Uses) && !slices.ContainsFunc(own, i.Equal) {
					own = append(own, i)
				}
			}
			for _, arg := range a.args {
				own = s.outer(arg, own)
			}
		}
	}
	return own
}

// read goes by the cell that is read.
func (s *skeleton) read(v value) string {
	s.reads = append(s.reads, v)
	r, ok := v.e.(*loopir.Read)
	s.failed = s.failed || !ok
	for _, e := range v.e.(*loopir.Read).Index {
		p, err := poly.FromExpr(v.index(e))
		s.failed = s.failed || err != nil
		s.slots = append(s.slots, p)
	}
	return fmt.Sprintf("read %v/%d", r.Type, len(r.Index))
}

// sum is for the arguments of functions.
func (s *skeleton) sum(p realPoly) string {
	var terms realPoly
	for _, t := range p {
		s.failed = s.failed || len(t.vars)+len(t.conds) > 0
		terms = append(terms, t)
	}
	order := func(t realTerm) string {
		own := skeleton{bound: s.bound, sorted: s.sorted}
		return own.product(t.factors) + t.coef.RatString()
	}
	slices.SortStableFunc(terms, func(t, u realTerm) int { return strings.Compare(order(t), order(u)) })
	var parts []string
	for _, t := range terms {
		parts = append(parts, t.coef.RatString()+"*"+s.product(t.factors))
	}
	return strings.Join(parts, "+")
}

// sums tells whether an argument of function a is a sum.
func (a *atom) sums() bool {
	return slices.ContainsFunc(a.args, func(p realPoly) bool {
		return slices.ContainsFunc(p, func(t realTerm) bool { return len(t.vars) > 0 })
	})
}

// uses tells whether some variable occurs in a.
func (a *atom) uses(names []string) bool {
	return slices.ContainsFunc(a.index, func(p poly.Poly) bool { return slices.ContainsFunc(names, p.Uses) }) ||
		slices.ContainsFunc(a.args, func(p realPoly) bool {
			return slices.ContainsFunc(p, func(t realTerm) bool {
				return slices.ContainsFunc(t.conds, func(e loopir.Expr) bool { return uses(e, names) }) ||
					slices.ContainsFunc(t.factors, func(a *atom) bool { return a.uses(names) })
			})
		}) || a.read != nil && slices.ContainsFunc(sortedNames(a.read.at.env), func(it string) bool { return uses(a.read.at.env[it], names) })
}

// alike gives names to the functions in q that have sums as arguments, and to those in p
// that have equal arguments the same.
func (m *polyMatch) alike(p, q realPoly, ctx known, facts []loopir.Expr) (_, _ realPoly) {
	var functions []*atom
	names := map[string]string{}
	q = q.mapSums(nil, func(b *atom) *atom {
		cn := &canon{names: func(v *value, _ bool) string { return readKey(*v) }}
		text := cn.atom(b, nil, 0)
		named := *b
		if named.name = names[text]; named.name == "" || cn.deep {
			named.name = fmt.Sprintf("%s %d", b.head, len(functions))
			names[text] = named.name
			functions = append(functions, &named)
		}
		return &named
	})
	p = p.mapSums(nil, func(a *atom) *atom {
		for _, b := range functions {
			same := a.head == b.head && len(a.args) == len(b.args)
			for i := 0; same && i < len(a.args); i++ {
				same = m.sameText(a.args[i], b.args[i], ctx, facts) == nil
			}
			if same {
				return b
			}
		}
		return a
	})
	return p, q
}

// mapSums replaces the functions in p that have sums as arguments and no bound variables.
func (p realPoly) mapSums(bound []string, f func(*atom) *atom) realPoly {
	var out realPoly
	for _, t := range p {
		in := append(bound[:len(bound):len(bound)], t.vars...)
		factors := make([]*atom, len(t.factors))
		for i, a := range t.factors {
			if a.sums() && !a.uses(in) {
				factors[i] = f(a)
				continue
			}
			b := *a
			b.args = nil
			for _, arg := range a.args {
				b.args = append(b.args, arg.mapSums(in, f))
			}
			factors[i] = &b
		}
		t.factors = factors
		out = append(out, t)
	}
	return out
}
