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
	counts  map[string]int // roundings of functions, where they are not those of the table

	done    map[*Stmt]Roundings    // of what a statement writes
	bad     map[*Stmt]*noBound     // why there is no bound
	loose   map[string]*noBound    // arrays of integers and conditions that depend on rounding
	tripled map[loopir.Expr]bool   // products within a cycle, see rounder.product
	weight  map[flowEdge]Roundings // within a cycle, what an edge adds
	// needs lists what a bound depends on besides the general assumptions. A
	// statement that is in it makes magnitudes depend on values.
	needs  map[*Stmt][]string
	models map[flowEdge][]smt.Model // instances along an edge
	entry  entries                  // what a statement adds to what comes from outside of its cycle
}

// A flowEdge says that read of to may find what from wrote.
type flowEdge struct {
	from, to *Stmt
	read     *loopir.Read
}

// newDepths counts the roundings of all of p's statements.
func newDepths(p *Program, proof *prover, counts map[string]int) *depths {
	d := &depths{
		p: p, proof: proof, counts: counts, effects: map[*Stmt]*effect{}, done: map[*Stmt]Roundings{}, bad: map[*Stmt]*noBound{},
		loose: map[string]*noBound{}, tripled: map[loopir.Expr]bool{}, weight: map[flowEdge]Roundings{}, entry: entries{},
		models: map[flowEdge][]smt.Model{}, needs: map[*Stmt][]string{}, ranges: &sizeRanger{map[string]bool{}, map[string]*loopir.For{}},
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

// roundings is how many roundings f counts for.
func (d *depths) roundings(f *loopir.Function) int64 {
	if n, ok := d.counts[f.Name]; ok {
		return int64(n)
	}
	return int64(f.Roundings)
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
		if e.To.IsFloat() && !e.To.Holds(e.X.TypeOf()) {
			return rounds
		}
	case *loopir.Intrinsic:
		if f := loopir.Builtin(e.Name); f != nil && f.Roundings > 0 {
			return rounds
		} else if f != nil && f.Takes == loopir.Recastables {
			return unbounded(e.Span, "this depends on the bits of a number")
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
	var needs []string
	for _, e := range d.edges {
		if containsStmt(cycle, e.to) {
			needs = append(needs, d.needs[e.from]...)
		}
	}
	for _, s := range cycle {
		needs = append(needs, d.needs[s]...)
	}
	for _, s := range cycle {
		if bad != nil {
			d.bad[s] = bad
		} else {
			d.done[s] = total[0]
		}
		if len(needs) > 0 {
			d.needs[s] = needs
		}
	}
}

// provide notes that a magnitude of s depends on a value, and that its bound
// depends on a condition, if there is one.
func (d *depths) provide(s *Stmt, cond string) { d.needs[s] = append(d.needs[s], cond) }

// weigh finds what s adds to the roundings of what it reads.
func (d *depths) weigh(s *Stmt, inside []flowEdge) *noBound {
	w := &rounder{d: d, s: s, internal: map[*loopir.Read]bool{}, before: map[*loopir.Read]Roundings{}}
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
