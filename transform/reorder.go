package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var reorder = &Primitive{
	Name:   "reorder",
	Syntax: "reorder i, j {, k}",
	Doc: `Nests loops in the order given, outermost first.

	for i in 0..n { for j in 0..m { S } }
=>	for j in 0..m { for i in 0..n { S } }

Loops that are not named keep their places; the named ones change places with one
another, on the path to every statement. Statements whose paths no longer begin
alike end up in loops of their own:

	for i { A(i); for j { B(i, j) } }    reorder j, i
=>	for i { A(i) }; for j { for i { B(i, j) } }

Bounds that depend on a loop that is now further in are widened to its whole
range, and the loop further in is narrowed, or guarded by if, in return. An if on
the way stays where it is, or moves in until it has its iterators.
Legal when every dependence still points forward; a reduction whose order changes
is reassociated.`,
	Apply: applyReorder,
}

func applyReorder(c *Context, args *loopir.Cursor) error {
	refs, err := ParseRefs(args)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	if len(refs) < 2 {
		return c.Reject(refs[0].Name.Span, "name at least two loops, outermost first")
	}
	rank := map[*loopir.For]int{}
	for i, r := range refs {
		loops, err := c.Loops(r)
		if err != nil {
			return err
		}
		for _, l := range loops {
			if _, ok := rank[l.For]; ok {
				return c.Reject(r.Name.Span, "%s is named twice", r)
			}
			rank[l.For] = i
		}
	}
	together, moved := false, false
	err = c.permute(func(path []elem) []elem {
		out, n := ranked(path, rank)
		together = together || n > 1
		moved = moved || !slices.EqualFunc(out, path, func(a, b elem) bool { return a.loop == b.loop })
		return out
	})
	switch {
	case !together:
		return c.Reject(refs[1].Name.Span, "%s and %s are not nested in one another: there is nothing to reorder", refs[0], refs[1])
	case !moved:
		c.Note(refs[0].Name.Span, "the loops are in this order already")
	}
	return err
}

// ranked sorts the ranked loops of a path among the places that they hold, and
// tells how many there are.
func ranked(path []elem, rank map[*loopir.For]int) ([]elem, int) {
	var places []int
	var loops []elem
	for i, e := range path {
		if _, ok := rank[e.loop]; ok {
			places = append(places, i)
			loops = append(loops, e)
		}
	}
	slices.SortStableFunc(loops, func(a, b elem) int { return rank[a.loop] - rank[b.loop] })
	out := slices.Clone(path)
	for i, p := range places {
		out[p] = loops[i]
	}
	return out, len(loops)
}

// permute rebuilds the kernel with every path changed by f, which may only
// change the order of its elements.
func (c *Context) permute(f func(path []elem) []elem) error {
	leaves := leavesOf(c.Kernel.Body)
	for _, l := range leaves {
		p, err := c.settle(l.path, f(l.path))
		if err != nil {
			return err
		}
		l.path, l.at = p, nil
	}
	body := build(leaves)
	if err := c.placeLocals(leaves); err != nil {
		return err
	}
	c.Kernel.Body = *body
	return nil
}

// settle makes a path well formed that holds the elements of old in a new order.
func (c *Context) settle(old, path []elem) ([]elem, error) {
	path = delayConds(path)
	var guards []bound
	for i := range path {
		e := &path[i]
		if e.loop == nil {
			continue
		}
		inner := nowInside(old, path, i)
		vars := map[string]bool{}
		for _, l := range inner {
			vars[l.Iter] = true
		}
		if !uses(e.lo, vars) && !uses(e.hi, vars) && !uses(step(e.loop), vars) {
			continue
		}
		more, err := c.widen(e, inner, scopesOf(old, e.loop))
		if err != nil {
			return nil, err
		}
		guards = append(guards, more...)
	}
	for _, g := range guards {
		path = c.guard(path, g)
	}
	return path, nil
}

// delayConds moves conditions inwards to where their iterators are known.
func delayConds(path []elem) []elem {
	var out, waiting []elem
	pending := map[string]int{}
	for _, e := range path {
		if e.loop != nil {
			pending[e.loop.Iter]++
		}
	}
	ready := func(e elem) bool {
		ok := true
		loopir.WalkExpr(e.cond, func(x loopir.Expr) bool {
			if v, is := x.(*loopir.Var); is && pending[v.Name] > 0 {
				ok = false
			}
			return ok
		})
		return ok
	}
	for _, e := range path {
		if e.loop != nil {
			pending[e.loop.Iter]--
			out = append(out, e)
		} else {
			waiting = append(waiting, e)
		}
		for len(waiting) > 0 && ready(waiting[0]) {
			out = append(out, waiting[0])
			waiting = waiting[1:]
		}
	}
	return out
}

// nowInside returns the loops that were outside of path[at] and are inside of
// it now, in their old order.
func nowInside(old, path []elem, at int) []*loopir.For {
	var out []*loopir.For
	for _, e := range old {
		if e.loop == path[at].loop {
			break
		}
		if e.loop != nil && slices.ContainsFunc(path[at+1:], func(f elem) bool { return f.loop == e.loop }) {
			out = append(out, e.loop)
		}
	}
	return out
}

// A bound is a condition with an expression that is >= 0 exactly when it holds.
type bound struct{ cond, p loopir.Expr }

// widen frees the bounds of e from the loops that are inside of it now, and
// returns what has to hold further in instead.
func (c *Context) widen(e *elem, inner []*loopir.For, around []Scope) ([]bound, error) {
	facts := c.Facts(around)
	lo, hi := extreme(e.lo, inner, false, facts), extreme(e.hi, inner, true, facts)
	x := e.loop.Iter
	if lo == nil || hi == nil {
		return nil, c.Reject(c.Step.Span, "%s can't move outside of %s: its range %s..%s depends on it, and I find no range that holds for all of it",
			x, inner[len(inner)-1].Iter, loopir.FormatExpr(e.lo), loopir.FormatExpr(e.hi))
	}
	var guards []bound
	if !c.same(lo, e.lo, around) {
		if e.loop.Step != nil {
			return nil, c.Reject(c.Step.Span, "%s can't move outside of %s: it starts at %s and has a step",
				x, inner[len(inner)-1].Iter, loopir.FormatExpr(e.lo))
		}
		guards = append(guards, bound{le(e.lo, ivar(x)), minus(ivar(x), e.lo)})
	}
	if !c.same(hi, e.hi, around) {
		guards = append(guards, bound{lt(ivar(x), e.hi), minus(minus(e.hi, lit(1)), ivar(x))})
	}
	e.lo, e.hi = lo, hi
	return guards, nil
}

// scopesOf gives the scopes around loop on a path.
func scopesOf(path []elem, loop *loopir.For) []Scope {
	var out []Scope
	for _, e := range path {
		switch {
		case e.loop == loop:
			return out
		case e.loop != nil:
			out = append(out, Scope{Stmt: e.loop})
		case e.branch != nil:
			out = append(out, Scope{e.branch, e.orElse})
		}
	}
	return out
}
