package equiv

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A sum is a value as operands of one operator: plain values, each described by
// its cases, and groups of updates.
type sum struct {
	side      *side
	plain     [][]desc
	groups    []group
	regrouped bool     // operands are not combined in the order of the groups' instances
	err       *failure // why plain is not known
	zeros     zeros

	follows map[*loopir.Read]bool // nodes being added, so as not to go in a circle
}

// zeros tells where 0.0 is among the operands of a sum: x + 0.0 is not x where x is -0.0.
type zeros struct {
	leftOut bool // some 0.0 is not among the operands that are compared
	always  bool // some 0.0 is an operand whatever updates there are, left out or not
}

// leaveOut notes that ds, the identity of the operator in each case, is no operand; always
// says that it was one in every case. Only 0.0 counts: 1 in a product and -0.0 in a sum are
// neutral to each bit.
func (s *sum) leaveOut(ds []desc, always bool) {
	signed := func(d desc) bool { return isPlainZero(d.literal()) }
	s.zeros.leftOut = s.zeros.leftOut || slices.ContainsFunc(ds, signed)
	s.zeros.always = s.zeros.always || always && allZero(ds)
}

// allZero tells whether a value is 0.0 in every case.
func allZero(ds []desc) bool {
	return len(ds) > 0 && !slices.ContainsFunc(ds, func(d desc) bool { return !isPlainZero(d.literal()) })
}

// dropsZero tells whether one of two sums has no 0.0 among its operands for certain, and
// one was left out. Where both have one further ones change nothing: such a sum is never
// -0.0, and elsewhere x + 0.0 is x.
func dropsZero(x, y *sum) bool {
	always := func(s *sum) bool { return s.zeros.always || slices.ContainsFunc(s.plain, allZero) }
	return (x.zeros.leftOut || y.zeros.leftOut) && !(always(x) && always(y))
}

// sum takes a node apart: its own updates and, where they start from what the
// updates of another cell left, those too.
func (n *node) sum(suffix string, ctx known) *sum {
	s := &sum{side: n.side}
	ds, f := s.addNode(n, nil, suffix, ctx)
	s.plain, s.err = [][]desc{ds}, f
	return s
}

// addNode adds the updates of n under guards, and returns what they start from.
func (s *sum) addNode(n *node, guards []loopir.Expr, suffix string, ctx known) ([]desc, *failure) {
	for _, g := range n.groups(suffix) {
		g.conds = append(guards[:len(guards):len(guards)], g.conds...)
		s.groups = append(s.groups, g)
	}
	ds, f := n.initial(ctx)
	if f != nil {
		return nil, f
	}
	if s.follows[n.cell] {
		return nil, failf(n.cell.Span, "the updates of %s start from themselves by way of copies", n.cell.Name)
	}
	if s.follows == nil {
		s.follows = map[*loopir.Read]bool{}
	}
	s.follows[n.cell] = true
	defer delete(s.follows, n.cell)
	var out []desc
	for i, d := range ds {
		if d.kind != fromNode {
			out = append(out, d)
			continue
		}
		more := append(guards[:len(guards):len(guards)], d.guards...)
		inner, f := s.addNode(d.node, more, fmt.Sprintf("%si%d", suffix, i), ctx.with(d.guards...))
		if f != nil {
			return nil, f
		}
		for _, e := range inner {
			e.guards = append(d.guards[:len(d.guards):len(d.guards)], e.guards...)
			out = append(out, e)
		}
	}
	return out, nil
}

// startFromCopy has s start from the copy that n starts from, rather than from
// what it is a copy of.
func (s *sum) startFromCopy(n *node) {
	if s.err != nil || !isCopied(n.init) || len(s.groups) != len(n.updates) {
		return
	}
	at := point{n.init, n.initEnv}
	s.plain = [][]desc{{{kind: fromValue, val: value{e: s.side.effects[n.init.index].value, at: at}, stmt: n.init}}}
}

// kind is the operator that combines all updates of s, if there is one.
func (s *sum) kind() (foldKind, bool) {
	kind := notFold
	for _, g := range s.groups {
		k := s.side.effects[g.s.index].kind
		if k == foldOther || kind != notFold && k != kind {
			return foldOther, false
		}
		kind = k
	}
	return kind, true
}

// hinted tells whether each group of after has a hint to a group of before.
func (c *checker) hinted(as, bs []group) bool {
	for i := range as {
		if !c.hintedTo(&as[i], bs) {
			return false
		}
	}
	return true
}

func (c *checker) hintedTo(g *group, bs []group) bool {
	h := c.hints[g.s.index]
	if h == nil {
		return false
	}
	for i := range bs {
		if bs[i].s == h.stmt {
			return true
		}
	}
	return false
}

func (c *checker) unhinted(as, bs []group, name string) *failure {
	for i := range as {
		if !c.hintedTo(&as[i], bs) {
			return failf(as[i].s.Span, "this update of %s is not known to do what an update did before", name)
		}
	}
	return nil
}

// regroup replaces partial sums by their updates until each update of after
// has its counterpart before.
func (c *checker) regroup(x, y *sum, kind foldKind, ctx known) *failure {
	// The updates that hints name decide how deep to go on the other side.
	for range maxParts {
		target := map[*Stmt]bool{}
		changed := false
		for i := 0; i < len(x.groups); i++ {
			g := &x.groups[i]
			if h := c.hints[g.s.index]; h != nil {
				target[h.stmt] = true
			}
		}
		for i := 0; i < len(y.groups); i++ {
			if !target[y.groups[i].s] && y.open(i, kind, ctx, "!q") == nil {
				changed = true
				i--
			}
		}
		for i := 0; i < len(x.groups); i++ {
			if c.hintedTo(&x.groups[i], y.groups) {
				continue
			}
			if f := x.open(i, kind, ctx, "!p"); f == nil {
				changed = true
				i--
			}
		}
		if !changed {
			break
		}
	}
	if c.pruned(x, y, ctx) {
		return nil
	}
	return c.unhinted(x.groups, y.groups, "a sum")
}

// pruned drops the updates of after that never happen here from those without a
// counterpart. It reports whether all others have one.
func (c *checker) pruned(x, y *sum, ctx known) bool {
	gone := make([]bool, len(x.groups))
	var asks []func()
	for i := range x.groups {
		g := &x.groups[i]
		if c.hintedTo(g, y.groups) {
			continue
		}
		asks = append(asks, func() {
			gone[i] = c.proof.impossible("source/no-update", g.s.Span, append(ctx.hyps[:len(ctx.hyps):len(ctx.hyps)], g.conds...))
		})
	}
	together(asks...)
	var left []group
	for i, g := range x.groups {
		if !gone[i] {
			left = append(left, g)
		}
	}
	x.groups = left
	return c.hinted(x.groups, y.groups)
}

// maxParts bounds how many partial sums may be nested.
const maxParts = 4

// open replaces group i, whose term is a partial sum that starts from nothing,
// by the updates of that partial sum.
func (s *sum) open(i int, kind foldKind, ctx known, mark string) *failure {
	g := s.groups[i]
	e := s.side.effects[g.s.index]
	r, ok := e.term.(*loopir.Read)
	if !ok || e.fused || g.parts >= maxParts {
		return failf(g.s.Span, "this update adds no partial sum")
	}
	// Variables of a partial sum are others than those of what it is a part of, and of what ctx is about.
	suffix := fmt.Sprintf("%s%d_%d_%d_%d", mark, ctx.depth, g.parts, i, len(s.groups))
	in := ctx.with(g.conds...)
	ds, f := s.side.describeValue(value{e: r, at: g.point}, in)
	if f != nil {
		return f
	}
	var parts []group
	for _, d := range ds {
		ps, f := s.partial(d, kind, in.with(d.guards...), suffix)
		if f != nil {
			return f
		}
		for _, p := range ps {
			p.vars = append(append([]groupVar(nil), g.vars...), p.vars...)
			p.conds = append(append(append([]loopir.Expr(nil), g.conds...), d.guards...), p.conds...)
			p.eqs = append(append([][2]loopir.Expr(nil), g.eqs...), p.eqs...)
			p.parts = g.parts + 1
			parts = append(parts, p)
		}
	}
	s.groups = append(append(append([]group(nil), s.groups[:i]...), s.groups[i+1:]...), parts...)
	s.regrouped = true
	return nil
}

// partial gives the updates that a partial sum consists of.
func (s *sum) partial(d desc, kind foldKind, ctx known, suffix string) ([]group, *failure) {
	if neutral([]desc{d}, kind) {
		s.leaveOut([]desc{d}, false)
		return nil, nil
	}
	if d.kind != fromNode {
		return nil, failf(d.where(), "this is no partial sum")
	}
	if k, ok := d.node.commutative(); !ok || k != kind {
		return nil, failf(d.where(), "this partial result is combined by another operator")
	}
	ds, f := d.node.initial(ctx)
	if f != nil {
		return nil, f
	}
	if !neutral(ds, kind) {
		return nil, failf(d.where(), "the partial result does not start from nothing")
	}
	s.leaveOut(ds, false)
	return d.node.groups(suffix), nil
}

// compareSumExpr compares updates with an expression of the same operator, such
// as (p[0] + p[1]) + (p[2] + p[3]).
func (c *checker) compareSumExpr(a, b desc, ctx known) (Verdict, *failure, bool) {
	n := a.node
	if n == nil {
		n = b.node
	}
	if n == nil || a.kind == fromNode && b.kind == fromNode || a.kind == fromValue && a.val.e.TypeOf() != n.cell.Type ||
		b.kind == fromValue && b.val.e.TypeOf() != n.cell.Type {
		return NoVerdict, nil, false
	}
	kind, ok := n.commutative()
	a.guards, b.guards = nil, nil // they are in ctx
	ctx.depth++
	x, y := &sum{side: c.after}, &sum{side: c.before}
	if !ok || !x.add(a, kind, "!a", ctx) || !y.add(b, kind, "!b", ctx) || x.err != nil || y.err != nil {
		return NoVerdict, nil, false
	}
	if len(x.plain) != len(y.plain) && !(x.takeApart(kind, "!a", ctx) && y.takeApart(kind, "!b", ctx)) {
		return NoVerdict, nil, false
	}
	v, f := c.compareRegrouped(x, y, kind, n.cell, ctx)
	return v, f, true
}

// compareTakenApart is compareNodes where the first value of one is a sum of partial
// sums, as in s = p + q before s += x.
func (c *checker) compareTakenApart(a, b *node, ctx known) (Verdict, *failure, bool) {
	ctx.depth++
	x, y := a.sum(fmt.Sprintf("!a%d", ctx.depth), ctx), b.sum(fmt.Sprintf("!b%d", ctx.depth), ctx)
	kind, okA := x.kind()
	other, okB := y.kind()
	if x.err != nil || y.err != nil || !okA || !okB || kind != other || !x.adds(kind) && !y.adds(kind) ||
		!x.takeApart(kind, "!a", ctx) || !y.takeApart(kind, "!b", ctx) {
		return NoVerdict, nil, false
	}
	v, f := c.compareRegrouped(x, y, kind, a.cell, ctx)
	return v, f, true
}

// adds tells whether a plain value of s combines others by kind.
func (s *sum) adds(kind foldKind) bool {
	return slices.ContainsFunc(s.plain, func(ds []desc) bool {
		if len(ds) != 1 || ds[0].kind != fromValue {
			return false
		}
		_, _, ok := operands(ds[0].val.e, kind)
		return ok
	})
}

// compareRegrouped compares sums that were taken apart.
func (c *checker) compareRegrouped(x, y *sum, kind foldKind, cell *loopir.Read, ctx known) (Verdict, *failure) {
	x.regrouped = true
	c.absorb(x, y, kind)
	if f := c.regroup(x, y, kind, ctx); f != nil {
		return NoVerdict, f
	}
	return c.compareSums(x, y, true, cell, ctx)
}

// add adds a value to s, taken apart at the operator kind.
func (s *sum) add(d desc, kind foldKind, suffix string, ctx known) bool {
	suffix = fmt.Sprintf("%s%d_%d", suffix, ctx.depth, len(s.groups)+len(s.plain))
	switch {
	case d.kind == fromNode:
		if k, ok := d.node.commutative(); ok && k == kind {
			ds, f := s.addNode(d.node, d.guards, suffix, ctx.with(d.guards...))
			if f != nil {
				return false
			}
			s.addPlain(ds, kind, len(d.guards) == 0)
			return true
		}
	case d.kind == fromValue:
		if x, y, ok := operands(d.val.e, kind); ok && len(d.guards) == 0 {
			return s.addValue(d.val.of(x), kind, suffix, ctx) && s.addValue(d.val.of(y), kind, suffix, ctx)
		}
	}
	s.addPlain([]desc{d}, kind, len(d.guards) == 0)
	return true
}

// addPlain adds a value that is no sum, or nothing where that is neutral.
func (s *sum) addPlain(ds []desc, kind foldKind, always bool) {
	if neutral(ds, kind) {
		s.leaveOut(ds, always)
		return
	}
	s.plain = append(s.plain, ds)
}

// takeApart takes plain values apart at the operator kind, such as the bias + first
// term that updates start from.
func (s *sum) takeApart(kind foldKind, suffix string, ctx known) bool {
	plain := s.plain
	s.plain = nil
	for _, ds := range plain {
		if len(ds) > 1 {
			s.plain = append(s.plain, ds)
			continue
		}
		d := ds[0]
		d.guards = nil // it holds in every case
		if !s.add(d, kind, suffix, ctx) {
			return false
		}
	}
	return true
}

func (s *sum) addValue(v value, kind foldKind, suffix string, ctx known) bool {
	ds, f := s.side.describeValue(v, ctx)
	if f != nil || len(ds) == 0 {
		return false
	}
	if len(ds) == 1 {
		return s.add(desc{kind: ds[0].kind, array: ds[0].array, index: ds[0].index, read: ds[0].read, val: ds[0].val, stmt: ds[0].stmt, node: ds[0].node}, kind, suffix, ctx)
	}
	plain := len(s.plain)
	for _, d := range ds { // in each case updates that start from nothing, or nothing
		if d.kind == fromNode {
			if !s.add(d, kind, suffix, ctx) || len(s.plain) > plain {
				return false
			}
		} else if !neutral([]desc{d}, kind) {
			return false
		} else {
			s.leaveOut([]desc{d}, false)
		}
	}
	return true
}

// operands takes an expression apart at the operator kind.
func operands(e loopir.Expr, kind foldKind) (x, y loopir.Expr, ok bool) {
	switch e := e.(type) {
	case *loopir.Binary:
		return e.X, e.Y, e.Op == loopir.Add && kind == foldAdd || e.Op == loopir.Mul && kind == foldMul
	case *loopir.Intrinsic:
		if len(e.Args) == 2 && (e.Name == "min" && kind == foldMin || e.Name == "max" && kind == foldMax) {
			return e.Args[0], e.Args[1], true
		}
	}
	return nil, nil, false
}

// neutral tells whether a value is the identity of kind in every case.
func neutral(ds []desc, kind foldKind) bool {
	for _, d := range ds {
		if lit := d.literal(); lit == nil || !identity(kind, lit) {
			return false
		}
	}
	return true
}

// absorb turns plain values that are the work of a statement with a
// counterpart among the other side's updates, such as the first product that
// starts a sum, into updates of their own. What is neutral goes then.
func (c *checker) absorb(x, y *sum, kind foldKind) {
	target := map[*Stmt]bool{}
	for _, g := range x.groups {
		if h := c.hints[g.s.index]; h != nil {
			target[h.stmt] = true
		}
	}
	x.absorb(func(s *Stmt) bool { return c.hintedTo(&group{point: point{s: s}}, y.groups) })
	y.absorb(func(s *Stmt) bool { return target[s] })
	if x.regrouped || y.regrouped {
		x.dropNeutral(kind)
		y.dropNeutral(kind)
	}
}

func (s *sum) absorb(fits func(*Stmt) bool) {
	absorbs := func(ds []desc) bool {
		return len(ds) == 1 && ds[0].kind == fromValue && ds[0].stmt != nil &&
			s.side.effects[ds[0].stmt.index].kind == notFold && fits(ds[0].stmt)
	}
	var rest [][]desc
	for _, ds := range s.plain {
		if !absorbs(ds) {
			rest = append(rest, ds)
			continue
		}
		s.groups = append(s.groups, group{point: ds[0].val.at, conds: ds[0].guards})
		s.regrouped = true
	}
	s.plain = rest
}

func (s *sum) dropNeutral(kind foldKind) {
	s.plain = slices.DeleteFunc(s.plain, func(ds []desc) bool {
		if !neutral(ds, kind) {
			return false
		}
		s.leaveOut(ds, true)
		return true
	})
}

// comparePlain compares the operands that are not updates.
func (c *checker) comparePlain(x, y *sum, at loopir.Span, ctx known) (Verdict, *failure) {
	if x.err != nil {
		return NoVerdict, x.err
	}
	if y.err != nil {
		return NoVerdict, y.err
	}
	worst := Exact
	for i := range x.plain {
		v, f := c.compareCases(x.plain[i], y.plain[i], at, ctx)
		if f != nil {
			return NoVerdict, f
		}
		worst = weaker(worst, v)
	}
	return worst, nil
}
