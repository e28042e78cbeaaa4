package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// entries gives what a path adds at its first statement.
type entries map[*Stmt]Roundings

// longest bounds what a path within the cycle adds up to, once for each element
// of enters: that at its first statement, then the weight of each edge. The
// instances on the path agree in the iterators of the fixed loops, which are
// around all of the cycle.
func (d *depths) longest(cycle []*Stmt, inside []flowEdge, enters []entries, fixed []*loopir.For) ([]Roundings, *noBound) {
	if len(inside) == 0 {
		out := make([]Roundings, len(enters))
		for i, enter := range enters {
			for _, s := range cycle {
				out[i] = out[i].join(enter[s])
			}
		}
		return out, nil
	}
	open, fixed := d.openLoops(cycle, inside, fixed)
	if len(open) == 0 {
		return nil, unbounded(cycle[0].Span, "how often this is updated could not be bounded")
	}
	l := d.pick(open, inside, fixed)
	n, bad := d.extent(cycle[0], l, fixed)
	if bad != nil {
		return nil, bad
	}
	fixed = append(fixed[:len(fixed):len(fixed)], l)
	again := entries{} // at a later value of l's iterator
	for _, e := range inside {
		again[e.to] = again[e.to].join(d.weight[e])
	}
	sums, bad := d.through(cycle, d.possible(inside, fixed), append(enters[:len(enters):len(enters)], again), fixed)
	if bad != nil {
		return nil, bad
	}
	later := sums[len(enters)]
	out := sums[:len(enters)]
	for i, first := range out {
		out[i] = later.times(n).add(first.beyond(later))
	}
	return out, nil
}

// through bounds a path through one slice, in which the edges may still form
// cycles. The last element of enters also stands for the edges within.
func (d *depths) through(cycle []*Stmt, slice []flowEdge, enters []entries, fixed []*loopir.For) ([]Roundings, *noBound) {
	out := make([]Roundings, len(enters))
	sums := map[*Stmt][]Roundings{}
	for _, part := range components(cycle, slice) {
		sum, bad := d.longest(part, within(slice, part), enters, fixed)
		if bad != nil {
			return nil, bad
		}
		again := sum[len(enters)-1]
		sum = append([]Roundings(nil), sum...)
		for _, e := range slice {
			if containsStmt(part, e.to) && !containsStmt(part, e.from) {
				for i, before := range sums[e.from] {
					sum[i] = sum[i].join(before.add(again))
				}
			}
		}
		for _, s := range part {
			sums[s] = sum
		}
		for i := range out {
			out[i] = out[i].join(sum[i])
		}
	}
	return out, nil
}

// openLoops lists the loops around the whole cycle that are not fixed yet, and
// the fixed ones. Loops whose iterators no edge changes become fixed.
func (d *depths) openLoops(cycle []*Stmt, inside []flowEdge, fixed []*loopir.For) (open, nowFixed []*loopir.For) {
	common := cycle[0].Loops
	for _, s := range cycle {
		common = common[:min(len(common), commonLoops(cycle[0], s))]
	}
	for _, l := range common {
		switch {
		case slices.Contains(fixed, l):
		case d.all("bound/fixed", inside, fixed, loopir.Eq, l):
			fixed = append(fixed[:len(fixed):len(fixed)], l)
		default:
			open = append(open, l)
		}
	}
	return open, fixed
}

// pick chooses a loop whose iterator never decreases along an edge: one that
// every edge increases, else the outermost, where that is how loops execute.
func (d *depths) pick(open []*loopir.For, inside []flowEdge, fixed []*loopir.For) *loopir.For {
	for _, l := range open {
		if d.all("bound/increases", inside, fixed, loopir.Lt, l) {
			return l
		}
	}
	return open[0]
}

// all tells whether from's iterator of l relates to to's by op along all edges.
func (d *depths) all(name string, edges []flowEdge, fixed []*loopir.For, op loopir.Op, l *loopir.For) bool {
	goal := loopir.Bin(op, loopir.NewVar(l.Iter+"!s"), loopir.NewVar(l.Iter+"!t"))
	for _, e := range edges {
		if d.seen(e, fixed, goal) {
			return false
		}
	}
	answers := d.ask(name, edges, fixed, goal)
	if slices.ContainsFunc(answers, func(a *answer) bool { return a.Outcome != Proved }) {
		return false
	}
	for _, a := range answers {
		d.proof.rest(a)
	}
	return true
}

// ask asks for each edge whether goal holds within one iteration of the fixed
// loops, and keeps the models that break it.
func (d *depths) ask(name string, edges []flowEdge, fixed []*loopir.For, goal loopir.Expr) []*answer {
	answers := make([]*answer, len(edges))
	var asks []func()
	for i, e := range edges {
		asks = append(asks, func() { answers[i] = d.proof.try(name, e.read.Span, d.sameIn(e, fixed), goal) })
	}
	together(asks...)
	for i, e := range edges {
		if answers[i].model != nil {
			d.models[e] = append(d.models[e], answers[i].model)
		}
	}
	return answers
}

// seen tells whether a model breaks goal for an edge within one iteration of the
// fixed loops: then there is no need to ask.
func (d *depths) seen(e flowEdge, fixed []*loopir.For, goal loopir.Expr) bool {
	return slices.ContainsFunc(d.models[e], func(m smt.Model) bool {
		env := map[string]int64{}
		for n, v := range m {
			if v.IsInt64() {
				env[n] = v.Int64()
			}
		}
		for _, l := range fixed {
			s, ok1 := env[l.Iter+"!s"]
			t, ok2 := env[l.Iter+"!t"]
			if !ok1 || !ok2 || s != t {
				return false
			}
		}
		v, ok := evalInt(goal, env)
		return ok && v == 0
	})
}

// sameIn is the conditions of an edge within one iteration of the fixed loops.
func (d *depths) sameIn(e flowEdge, fixed []*loopir.For) []loopir.Expr {
	out := d.hyps(e)
	for _, l := range fixed {
		out = append(out, eq(loopir.NewVar(l.Iter+"!s"), loopir.NewVar(l.Iter+"!t")))
	}
	return out
}

// possible leaves the edges within one iteration of the fixed loops that the
// solver can't rule out.
func (d *depths) possible(edges []flowEdge, fixed []*loopir.For) []flowEdge {
	never := boolExpr(false)
	var open []flowEdge
	for _, e := range edges {
		if !d.seen(e, fixed, never) {
			open = append(open, e)
		}
	}
	gone := map[flowEdge]bool{}
	for i, a := range d.ask("bound/no-flow", open, fixed, never) {
		if a.Outcome == Proved {
			d.proof.rest(a)
			gone[open[i]] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(edges), func(e flowEdge) bool { return gone[e] })
}

// extent bounds how many values l's iterator takes while the fixed loops stay in
// one iteration. Iterators of other loops around l may differ from one instance
// to the next, and so are told apart in its two bounds.
func (d *depths) extent(s *Stmt, l *loopir.For, fixed []*loopir.For) (Size, *noBound) {
	lo, hi := Env{}, Env{}
	for _, m := range s.Loops {
		d.ranges.loops[m.Iter] = m
		if !slices.Contains(fixed, m) {
			d.ranges.loops[m.Iter+"!lo"], d.ranges.loops[m.Iter+"!hi"] = m, m
			lo[m.Iter], hi[m.Iter] = loopir.NewVar(m.Iter+"!lo"), loopir.NewVar(m.Iter+"!hi")
		}
	}
	return d.ranges.extent(l, lo.at(l.Lo), hi.at(l.Hi))
}
