package equiv

import (
	"sync"
	"sync/atomic"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// maxExpand bounds how many computing statements are expanded in place, one
// inside the other, on the way from a matched pair of statements to a leaf.
const maxExpand = 12

// maxCompare bounds the steps of comparing one pair of statements: where
// operands may change places there are many ways to fail, and a recurrence whose
// conditions read what it computes can be followed backwards in ever more cases.
const maxCompare = 1000

// stepsPerOperation is how many more steps each operation of the values gives: what is read
// back has no lets, and says again wherever it is used what they were.
const stepsPerOperation = 10

// A checker proves values of two programs equal.
type checker struct {
	comparisons   sync.Map // letPair to *compared
	lists         sync.Map // texts of hypotheses to a list of them
	proof         *prover
	before, after *side
	hints         []*hint // by Stmt.index of after
	thorough      bool    // also try what seldom helps and costs much
	polynomials   bool    // statements may be equal as polynomials
	overInputs    bool    // the outputs are equal as polynomials over the inputs
	ordered       bool    // comparisons were rewritten by the order of the reals
	exchanged     bool    // before is the program to compare, after what it is compared with

	wg     sync.WaitGroup
	mu     sync.Mutex
	asked  map[matchKey]bool
	reads  map[readsKey]bool // claims about reads
	worst  Verdict
	places []Weakness // how strong each claim is
	first  firstFailure
	defect error // that a comparison ended in
}

// A matchMode says what two statements are claimed to have in common.
type matchMode uint8

const (
	sameWrite  matchMode = iota // the values that they write
	sameTerm                    // what they combine the old content of their cells with
	sameUpdate                  // the values that they write, given equal old contents
)

// A matchKey names the claim that two statements have something in common.
type matchKey struct {
	after, before int // Stmt.index
	mode          matchMode
}

// match has it proved, once, that statement s does what its hint says, wherever
// both instances exist. Its use by other proofs is induction over the order in
// which after executes: what a statement reads was written before.
func (c *checker) match(s *Stmt, h *hint, mode matchMode) {
	key := matchKey{s.index, h.stmt.index, mode}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked[key] {
		return
	}
	c.asked[key] = true
	c.prove(s.Span, func() (Verdict, *failure) { return c.matched(s, h, mode) })
}

// prove proves a claim about what stands at a place of after.
func (c *checker) prove(at loopir.Span, claim func() (Verdict, *failure)) {
	c.wg.Go(func() {
		if err := smt.Guard(func() {
			v, f := claim()
			c.note(at, v)
			c.first.add(f)
		}); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.defect = err
		}
	})
}

func (c *checker) matched(s *Stmt, h *hint, mode matchMode) (Verdict, *failure) {
	env := s.Fresh("")
	old := h.choosing(env, h.stmt.Fresh(anyMark))
	ctx := c.claimed(append(s.Domain(env), h.stmt.Domain(old)...))
	x, y := c.after.effects[s.index], c.before.effects[h.stmt.index]
	a, b := value{e: x.value, at: point{s, env}}, value{e: y.value, at: point{h.stmt, old}}
	switch mode {
	case sameWrite:
		a.open, b.open = true, true
	case sameTerm:
		a.e, b.e = x.combined(), y.combined()
	}
	ctx.fuel.Add(min(stepsPerOperation*(operations(a.e)+operations(b.e)), 4*maxCompare))
	v, f := c.compare(a, b, ctx)
	if ctx.exhausted() {
		return NoVerdict, tooMany(s.Span).note(h.stmt.Span, "before")
	}
	if f != nil && c.polynomials && ctx.budget > 0 {
		for _, to := range []depth{notAtAll, toUpdates, toLandmarks, toInputs} {
			if w, g := c.samePolynomial(a, b, ctx, to, false); g == nil {
				v, f = w, nil
				break
			}
		}
	}
	if ctx.exhausted() {
		return NoVerdict, tooMany(s.Span).note(h.stmt.Span, "before")
	}
	if x.fused != y.fused && mode == sameTerm {
		v = weaker(v, Reassociated)
	}
	return v, f
}

// claimed is what is known when a claim is proved.
func (c *checker) claimed(hyps []loopir.Expr) known {
	ctx := known{hyps: hyps, budget: maxExpand, fuel: new(atomic.Int64), wide: c.thorough}
	ctx.fuel.Store(maxCompare)
	return ctx
}

// operations counts those of a value.
func operations(e loopir.Expr) (n int64) {
	loopir.WalkExpr(e, func(loopir.Expr) bool {
		n++
		return true
	})
	return n
}

func tooMany(at loopir.Span) *failure {
	return failf(at, "where this value comes from splits into too many cases to compare with the value before")
}

func (c *checker) note(at loopir.Span, v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.worst = weaker(c.worst, v)
	c.places = append(c.places, Weakness{Span: at, Verdict: v})
}

// weaker is the verdict that holds when both do.
func weaker(a, b Verdict) Verdict { return max(a, b) }

// compare shows that a of after equals b of before under ctx.
func (c *checker) compare(a, b value, ctx known) (Verdict, *failure) {
	if !ctx.spend(c.proof) {
		return NoVerdict, tooMany(a.e.Source())
	}
	ra, aIsRead := a.e.(*loopir.Read)
	rb, bIsRead := b.e.(*loopir.Read)
	if aIsRead && bIsRead {
		holeA, holeB := c.after.hole(a, ra), c.before.hole(b, rb)
		if holeA && holeB {
			return Exact, nil
		}
	}
	if s := indexSelect(a.e); s != nil {
		return c.compareArms(s, a, ctx, func(x value, ctx known) (Verdict, *failure) { return c.compare(x, b, ctx) })
	}
	if s := indexSelect(b.e); s != nil {
		return c.compareArms(s, b, ctx, func(y value, ctx known) (Verdict, *failure) { return c.compare(a, y, ctx) })
	}
	das, dbs, f := c.describeBoth(a, b, ctx)
	var v Verdict
	g := f
	if f == nil {
		if v, g = c.compareCases(das, dbs, a.e.Source(), ctx); g == nil {
			return v, nil
		}
	}
	if f != nil && !ctx.wide {
		ctx.wide = true
		return c.compare(a, b, ctx)
	}
	if aIsRead && bIsRead && (f != nil || c.thorough) {
		if v, h := c.compareHistories(a, b, ctx); h == nil {
			return v, nil
		}
	}
	return v, g
}

func (c *checker) describeBoth(a, b value, ctx known) (das, dbs []desc, f *failure) {
	if das, f = c.after.describeValue(a, ctx); f != nil {
		return nil, nil, f
	}
	dbs, f = c.before.describeValue(b, ctx)
	return das, dbs, f
}

// compareCases compares the descriptions of two values case by case.
func (c *checker) compareCases(das, dbs []desc, at loopir.Span, ctx known) (Verdict, *failure) {
	if !ctx.spend(c.proof) {
		return NoVerdict, tooMany(at)
	}
	var asks []func()
	var first firstFailure
	var mu sync.Mutex
	worst := Exact
	for _, da := range das {
		dbs := c.within(da, dbs, ctx)
		for _, db := range dbs {
			asks = append(asks, func() {
				in := ctx.with(da.guards...).with(db.guards...)
				if !in.spend(c.proof) {
					first.add(tooMany(at))
					return
				}
				if len(das) > 1 && len(dbs) > 1 && !c.hintedPair(da, db) && c.proof.impossible("match/apart", at, in.hyps) {
					return
				}
				v, f := c.compareDescs(da, db, in)
				if f != nil && (len(das) > 1 || len(dbs) > 1) && c.proof.impossible("match/apart", at, in.hyps) {
					return
				}
				first.add(f)
				mu.Lock()
				worst = weaker(worst, v)
				mu.Unlock()
			})
		}
	}
	together(asks...)
	return worst, first.get()
}

// within gives that case of dbs which has da's counterpart if da is in no other; else dbs.
func (c *checker) within(da desc, dbs []desc, ctx known) []desc {
	for i, db := range dbs {
		if len(dbs) > 1 && c.hintedPair(da, db) && c.proof.need("match/within", da.where(), ctx.with(da.guards...).hyps, and(db.guards...)).Outcome == Proved {
			return dbs[i : i+1]
		}
	}
	return dbs
}

// hole tells whether r is the old content of the cell that its own statement
// updates.
func (sd *side) hole(v value, r *loopir.Read) bool {
	return !v.open && sd.effects[v.at.s.index].holes[r]
}

// describeValue is describe for any expression.
func (sd *side) describeValue(v value, ctx known) ([]desc, *failure) {
	if r, ok := v.e.(*loopir.Read); ok && !sd.hole(v, r) {
		return sd.describe(v, ctx)
	}
	return []desc{{kind: fromValue, val: v}}, nil
}

func (c *checker) compareDescs(a, b desc, ctx known) (Verdict, *failure) {
	if c.after.isKept(a) || c.before.isKept(b) {
		return c.compareKept(a, b, ctx)
	}
	if a.kind != fromValue || b.kind != fromValue {
		if v, f, ok := c.compareSplit(a, b, ctx); ok {
			return v, f
		}
	}
	if c.matchPair(a, b, ctx) {
		return Exact, nil
	}
	if a.kind == fromValue && b.kind == fromValue && (isLet(a.stmt) || isLet(b.stmt)) {
		return c.compareOnce(a, b, ctx)
	}
	return c.compareFound(a, b, ctx)
}

// compareFound is compareDescs where no hint tells.
func (c *checker) compareFound(a, b desc, ctx known) (Verdict, *failure) {
	if v, ok := c.compareChosen(a, b, ctx); ok {
		return v, nil
	}
	switch {
	case a.kind == fromInput && b.kind == fromInput:
		return c.compareInputs(a, b, ctx)
	case a.kind == fromNowhere && b.kind == fromNowhere:
		return Exact, nil // safety shows that nothing depends on it
	case a.kind == fromNode && b.kind == fromNode:
		if ctx.budget -= maxExpand / 4; ctx.budget < 0 { // what the updates start from may go in a circle
			return NoVerdict, failf(a.where(), "the updates of %s can't be followed to where they begin", a.array.Name)
		}
		v, f := c.compareNodes(a.node, b.node, ctx)
		if ctx.budget -= maxExpand / 2; f == nil || ctx.budget < 0 || !c.thorough {
			return v, f
		}
		if v, g := c.compareLast(a, b, ctx); g == nil {
			return v, nil
		}
		return v, f
	case a.kind == fromValue && b.kind == fromValue:
		return c.compareComputed(a, b, ctx)
	}
	return c.compareMixed(a, b, ctx)
}

// compareSplit compares each arm of a select on sizes and iterators. It reports false
// where neither side is one.
func (c *checker) compareSplit(a, b desc, ctx known) (v Verdict, f *failure, ok bool) {
	das, dbs := []desc{a}, []desc{b}
	at := a.indexSelect()
	if at != nil {
		das, f = c.after.split(at, a.val, ctx, c.after.describeValue)
	} else if at = b.indexSelect(); at != nil {
		dbs, f = c.before.split(at, b.val, ctx, c.before.describeValue)
	} else {
		return NoVerdict, nil, false
	}
	if f == nil {
		v, f = c.compareCases(das, dbs, at.Span, ctx)
	}
	return v, f, true
}

// hintedPair tells whether a's statement claims to do what b's did.
func (c *checker) hintedPair(a, b desc) bool {
	if a.stmt == nil || b.stmt == nil {
		return false
	}
	h := c.hints[a.stmt.index]
	return h != nil && h.stmt == b.stmt
}

// compareLast compares what the last updates of two nodes computed.
func (c *checker) compareLast(a, b desc, ctx known) (Verdict, *failure) {
	das, f := a.node.lastUpdate(ctx)
	if f != nil {
		return NoVerdict, f
	}
	dbs, f := b.node.lastUpdate(ctx)
	if f != nil {
		return NoVerdict, f
	}
	return c.compareCases(das, dbs, a.where(), ctx)
}

// compareMixed compares updates with something else: they may never happen, be
// a sum that is also written as an expression, or be a recurrence of which the
// last step is the value.
func (c *checker) compareMixed(a, b desc, ctx known) (Verdict, *failure) {
	if ctx.budget -= maxExpand / 4; ctx.budget < 0 {
		return NoVerdict, mismatch(a, b)
	}
	for _, way := range []func(*node) ([]desc, bool, *failure){
		func(n *node) ([]desc, bool, *failure) { return n.without(ctx) },
		func(n *node) ([]desc, bool, *failure) { ds, f := n.lastUpdate(ctx); return ds, true, f },
	} {
		if a.kind == fromNode {
			if ds, changed, f := way(a.node); f == nil && changed {
				return c.compareCases(ds, []desc{b}, a.where(), ctx)
			}
		} else if b.kind == fromNode {
			if ds, changed, f := way(b.node); f == nil && changed {
				return c.compareCases([]desc{a}, ds, a.where(), ctx)
			}
		}
		if v, f, ok := c.compareSumExpr(a, b, ctx); ok && f == nil {
			return v, nil
		}
	}
	return NoVerdict, mismatch(a, b)
}

// compareComputed looks at what both compute.
func (c *checker) compareComputed(a, b desc, ctx known) (Verdict, *failure) {
	if a.stmt != nil && b.stmt != nil {
		if !isLet(a.stmt) || !isLet(b.stmt) {
			ctx.budget--
		}
		if ctx.budget < 0 {
			return NoVerdict, failf(a.stmt.Span, "the value can't be followed to its inputs: no assignment on the way is known to do what one did before")
		}
		if v, f, ok := c.compareSplit(a, b, ctx); ok {
			return v, f
		}
	}
	return c.compareExprs(a.val, b.val, ctx)
}

// matchPair uses the hint that a's statement does what b's did.
func (c *checker) matchPair(a, b desc, ctx known) bool {
	if !c.hintedPair(a, b) {
		return false
	}
	h := c.hints[a.stmt.index]
	if !c.plausible(h, sameWrite) {
		return false
	}
	same := c.proof.need("match/same-instance", a.stmt.Span, ctx.hyps, sameInstance(h.stmt, h.choosing(a.val.at.env, b.val.at.env), b.val.at.env))
	if same.Outcome != Proved {
		return false
	}
	c.match(a.stmt, h, sameWrite)
	return true
}

// plausible tells whether no run contradicts a claim; a thorough check takes no
// run's word for it.
func (c *checker) plausible(h *hint, mode matchMode) bool { return c.thorough || !h.wrong[mode] }

// compareKept compares where at least one value is a copy that was not
// followed: it is now, unless the other value is the copy's counterpart.
func (c *checker) compareKept(a, b desc, ctx known) (Verdict, *failure) {
	if c.matchPair(a, b, ctx) {
		return Exact, nil
	}
	if ctx.budget--; ctx.budget < 0 {
		return NoVerdict, failf(a.where(), "the value can't be followed through the copies that it went through")
	}
	das, dbs := []desc{a}, []desc{b}
	var f *failure
	if c.after.isKept(a) {
		das, f = c.after.describeValue(a.val, ctx)
	}
	if f == nil && c.before.isKept(b) {
		dbs, f = c.before.describeValue(b.val, ctx)
	}
	if f != nil {
		return NoVerdict, f
	}
	return c.compareCases(das, dbs, a.where(), ctx)
}

func (sd *side) isKept(d desc) bool { return d.kind == fromValue && d.stmt != nil && sd.keep[d.stmt] }

func sameInstance(s *Stmt, a, b Env) loopir.Expr {
	out := boolExpr(true)
	for _, l := range s.Loops {
		out = and(out, eq(a[l.Iter], b[l.Iter]))
	}
	return out
}

// compareInputs shows that two cells of a parameter are one, or that one holds
// what the other holds by the layouts.
func (c *checker) compareInputs(a, b desc, ctx known) (Verdict, *failure) {
	if a.array.Name != b.array.Name {
		return NoVerdict, mismatch(a, b)
	}
	goal, ok := sameLogicalCell(a.array.Param, a.index, b.array.Param, b.index)
	if !ok {
		return NoVerdict, failf(a.array.Param.Span, "the layout of %s can't be inverted", a.array.Name)
	}
	ans := c.proof.need("match/same-input", a.where(), ctx.hyps, goal)
	return Exact, failed(ans, "it may read another cell of "+a.array.Name+" than before")
}

// where is the place to show for a desc.
func (d desc) where() loopir.Span {
	switch d.kind {
	case fromNode:
		return d.node.cell.Span
	case fromValue:
		if d.stmt != nil {
			return d.stmt.Span
		}
		return d.val.e.Source()
	}
	return d.read
}

func mismatch(a, b desc) *failure {
	return failf(a.where(), "the value is %s, but before it was %s", a.tell(), b.tell()).note(b.where(), "before")
}

// tell says what a desc is, for a person.
func (d desc) tell() string {
	switch d.kind {
	case fromInput:
		return "the initial content of " + d.array.Name
	case fromNowhere:
		return "that of a cell of " + d.array.Name + " which was never written"
	case fromNode:
		return "what the updates left in " + d.array.Name
	}
	return "computed"
}
