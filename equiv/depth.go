package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// depths bounds how often the values that a program computes were rounded on
// their way, by the flow of data between its statements: an edge leads from a
// statement to one that may read a cell that it wrote before.
type depths struct {
	p       *Program
	proof   *prover
	effects map[*Stmt]*effect
	edges   []flowEdge
	ranges  *sizeRanger

	done    map[*Stmt]Roundings      // of what a statement writes
	bad     map[*Stmt]*noBound       // why there is no bound
	loose   map[string]*noBound      // arrays of integers and conditions that depend on rounding
	tripled map[loopir.Expr]bool     // products within a cycle, see rounder.product
	weight  map[flowEdge]Roundings   // within a cycle, what an edge adds
	models  map[flowEdge][]smt.Model // instances along an edge
	entry   entries                  // what a statement adds to what comes from outside of its cycle
}

// A flowEdge says that read of to may find what from wrote.
type flowEdge struct {
	from, to *Stmt
	read     *loopir.Read
}

// newDepths counts the roundings of all of p's statements.
func newDepths(p *Program, proof *prover) *depths {
	d := &depths{
		p: p, proof: proof, effects: map[*Stmt]*effect{}, done: map[*Stmt]Roundings{}, bad: map[*Stmt]*noBound{},
		loose: map[string]*noBound{}, tripled: map[loopir.Expr]bool{}, weight: map[flowEdge]Roundings{}, entry: entries{},
		models: map[flowEdge][]smt.Model{}, ranges: &sizeRanger{map[string]bool{}, map[string]*loopir.For{}},
	}
	for _, n := range p.Sizes {
		d.ranges.sizes[n] = true
	}
	for _, s := range p.Stmts {
		d.effects[s] = effectOf(s)
	}
	d.findLoose()
	d.findEdges()
	for _, cycle := range components(p.Stmts, d.edges) {
		d.count(cycle)
	}
	return d
}

// findLoose finds arrays of integers and conditions whose content depends on
// rounded values.
func (d *depths) findLoose() {
	for again := true; again; {
		again = false
		for _, s := range d.p.Stmts {
			if s.LHS.Type.IsFloat() || d.loose[s.LHS.Name] != nil {
				continue
			}
			if bad := d.settled(d.effects[s].value); bad != nil {
				d.loose[s.LHS.Name], again = bad, true
			}
		}
	}
}

// settled tells whether e has the same value over the reals and in machine
// arithmetic: it is made of in parameters, indices and integers, without any
// operation that rounds.
func (d *depths) settled(e loopir.Expr) *noBound {
	var bad *noBound
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if bad == nil {
			bad = d.settledNode(e)
		}
		return bad == nil
	})
	return bad
}

func (d *depths) settledNode(e loopir.Expr) *noBound {
	rounds := unbounded(e.Source(), "this depends on a value that may be rounded")
	switch e := e.(type) {
	case *loopir.Int, *loopir.Float:
		if v, ok := rational(e); e.TypeOf().IsFloat() && ok && !representable(v, e.TypeOf()) {
			return rounds
		}
	case *loopir.Read:
		a := d.p.Array(e.Name)
		if a == nil || e.Type.IsFloat() && (a.Param == nil || a.Param.Kind == loopir.ArrayParam && a.Param.Dir != loopir.In) {
			return rounds
		}
		return d.loose[e.Name]
	case *loopir.Binary:
		if e.Type.IsFloat() {
			return rounds
		}
	case *loopir.Cast:
		if e.To.IsFloat() && !holdsAll(e.To, e.X.TypeOf()) {
			return rounds
		}
	case *loopir.Intrinsic:
		switch e.Name {
		case "exp", "log", "sqrt", "tanh", "sigmoid", "fma":
			return rounds
		}
	}
	return nil
}

// reads lists the reads of what s writes, of the cell's old content too, that
// may carry a rounded value.
func (d *depths) reads(s *Stmt) []*loopir.Read {
	var out []*loopir.Read
	loopir.WalkExpr(d.effects[s].value, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok && r.Type.IsFloat() {
			out = append(out, r)
		}
		return true
	})
	return out
}

// findEdges lists the edges that the solver can't rule out.
func (d *depths) findEdges() {
	var all []flowEdge
	for _, to := range d.p.Stmts {
		for _, r := range d.reads(to) {
			for _, from := range d.p.Stmts {
				if from.LHS.Name == r.Name {
					all = append(all, flowEdge{from, to, r})
				}
			}
		}
	}
	all = slices.DeleteFunc(all, func(e flowEdge) bool {
		hyps := d.hyps(e)
		v, known := constBool(hyps[len(hyps)-1])
		return known && !v // never before
	})
	d.edges = d.possible(all, nil)
}

// hyps says that instance !s of e.from writes the cell that instance !t of e.to
// reads later.
func (d *depths) hyps(e flowEdge) []loopir.Expr {
	s, t := e.from.Fresh("!s"), e.to.Fresh("!t")
	out := append(e.from.Domain(s), e.to.Domain(t)...)
	out = append(out, d.p.SameCell(e.from.LHS.Name, atAll(s, e.from.LHS.Index), s, e.read.Name, atAll(t, e.read.Index), t))
	return append(out, Before(&e.from.Site, s, &e.to.Site, t))
}

// count counts the roundings of the statements of one cycle, given those of all
// that comes before.
func (d *depths) count(cycle []*Stmt) {
	inside := within(d.edges, cycle)
	for _, s := range cycle {
		bad := d.weigh(s, inside)
		for _, e := range d.edges {
			if e.to == s && d.bad[e.from] != nil && bad == nil {
				bad = d.bad[e.from]
			}
		}
		if bad != nil {
			for _, t := range cycle {
				d.bad[t] = bad
			}
			return
		}
	}
	total, bad := d.longest(cycle, inside, []entries{d.entry}, nil)
	for _, s := range cycle {
		if bad != nil {
			d.bad[s] = bad
		} else {
			d.done[s] = total[0]
		}
	}
}

// weigh finds what s adds to the roundings of what it reads.
func (d *depths) weigh(s *Stmt, inside []flowEdge) *noBound {
	w := &rounder{d: d, internal: map[*loopir.Read]bool{}, before: map[*loopir.Read]Roundings{}}
	for _, e := range d.edges {
		switch {
		case e.to != s:
		case slices.Contains(inside, e):
			w.internal[e.read] = true
		default:
			w.before[e.read] = w.before[e.read].join(d.done[e.from])
		}
	}
	x, bad := w.expr(d.effects[s].value)
	if !s.LHS.Type.IsFloat() {
		x, bad = rounded{}, d.loose[s.LHS.Name]
	}
	if bad != nil {
		return bad
	}
	d.entry[s] = x.base
	for _, e := range inside {
		if e.to == s {
			d.weight[e] = x.via[e.read]
		}
	}
	return nil
}

// within lists the edges between statements of a set.
func within(edges []flowEdge, set []*Stmt) []flowEdge {
	var out []flowEdge
	for _, e := range edges {
		if containsStmt(set, e.from) && containsStmt(set, e.to) {
			out = append(out, e)
		}
	}
	return out
}

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

// components lists the strongly connected components, sources first, each in
// the order of the statements.
func components(stmts []*Stmt, edges []flowEdge) [][]*Stmt {
	next := map[*Stmt][]*Stmt{}
	for _, e := range edges {
		next[e.to] = append(next[e.to], e.from) // against the flow, so that sources come out first
	}
	t := &tarjan{next: next, index: map[*Stmt]int{}, low: map[*Stmt]int{}, on: map[*Stmt]bool{}}
	for _, s := range stmts {
		if t.index[s] == 0 {
			t.visit(s)
		}
	}
	return t.out
}

// tarjan is Tarjan's algorithm.
type tarjan struct {
	next       map[*Stmt][]*Stmt
	index, low map[*Stmt]int // from 1
	on         map[*Stmt]bool
	stack      []*Stmt
	out        [][]*Stmt
}

func (t *tarjan) visit(s *Stmt) {
	t.index[s] = len(t.index) + 1
	t.low[s] = t.index[s]
	t.stack, t.on[s] = append(t.stack, s), true
	for _, r := range t.next[s] {
		if t.index[r] == 0 {
			t.visit(r)
			t.low[s] = min(t.low[s], t.low[r])
		} else if t.on[r] {
			t.low[s] = min(t.low[s], t.index[r])
		}
	}
	if t.low[s] != t.index[s] {
		return
	}
	i := slices.Index(t.stack, s)
	part := slices.Clone(t.stack[i:])
	t.stack = t.stack[:i]
	for _, r := range part {
		t.on[r] = false
	}
	slices.SortFunc(part, func(a, b *Stmt) int { return slices.Compare(a.path, b.path) })
	t.out = append(t.out, part)
}
