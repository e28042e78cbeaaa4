package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// An axis is one dimension of the tiles.
type axis struct {
	over   *loopir.For // the loop over the output
	filter *loopir.For // the loop over the filter
	taps   int
	tiles  *loopir.For // of the result, without a body
	cook   *cookToom
}

// cells is how many cells of the image a tile needs.
func (a *axis) cells() int { return len(a.cook.input) }

// cell is the output cell at place i in a tile of m cells.
func (a *axis) cell(m int, i loopir.Expr) loopir.Expr {
	return plus(plus(a.over.Lo, times(lit(int64(m)), ivar(a.tiles.Iter))), i)
}

// A conv is a nest of loops around one update by a product, as winograd sees it.
type conv struct {
	c             *Context
	w             *tiling
	chain         []Scope // from the outermost loop of the nest to the update
	outside       []Scope
	update        *loopir.Assign
	image, filter loopir.Expr // the image over what place names in place of output and filter loops
	swapped       bool        // the filter is the first factor
	place         []string
	axes          []*axis
	others        []*loopir.For
	zeros         []loopir.Expr // conditions on the image's place
	guards        []loopir.Expr // conditions on the output cell
	taken         map[string]bool
}

func (n *conv) root() loopir.Stmt { return n.chain[0].Stmt }

// convolution understands the nest around l.
func (c *Context) convolution(w *tiling, l *Loop) (*conv, error) {
	n := &conv{c: c, w: w, taken: map[string]bool{}}
	if err := n.findNest(l); err != nil {
		return nil, err
	}
	if err := n.findLoops(); err != nil {
		return nil, err
	}
	s := n.update
	b, ok := s.RHS.(*loopir.Binary)
	if !ok || b.Op != loopir.Mul || s.Op != loopir.AddTo || !s.LHS.Type.IsFloat() {
		return nil, c.Reject(s.Span, "this is no floating-point update by a product, O += image * filter")
	}
	n.image, n.filter = b.X, b.Y
	if n.mentionsOutput(n.filter) {
		n.image, n.filter, n.swapped = b.Y, b.X, true
	}
	switch {
	case n.mentionsOutput(n.filter):
		return nil, c.Reject(s.Span, "both factors depend on %s: none is a filter", w.loops[0])
	case mentions([]loopir.Stmt{&loopir.If{Cond: s.RHS}}, s.LHS.Name): // the sum would be one of other values
		return nil, c.Reject(s.Span, "%s is read here, too", s.LHS.Name)
	}
	for i := range n.axes {
		if err := n.findTaps(i); err != nil {
			return nil, err
		}
	}
	for _, l := range loops(n.chain) {
		if n.overFilter(l) && loopir.UsesVar(s.LHS, l.Iter) {
			return nil, c.Reject(w.loops[0].Name.Span, "%s depends on %s, a loop over the filter", s.LHS.Name, l.Iter).Note(s.Span, "here")
		}
		for _, m := range loops(n.chain) {
			if (n.overFilter(l) || n.overOutput(l)) && (loopir.UsesVar(m.Lo, l.Iter) || loopir.UsesVar(m.Hi, l.Iter)) {
				return nil, c.Reject(w.loops[0].Name.Span, "the bounds of loop %s depend on %s", m.Iter, l.Iter).Note(m.Span, "here")
			}
		}
	}
	return n, n.findConditions()
}

// findNest goes out from l, and in, as long as there is nothing beside.
func (n *conv) findNest(l *Loop) error {
	c, at := n.c, n.w.loops[0].Name.Span
	n.chain = []Scope{{Stmt: l.For}}
	n.outside = l.Around
	for len(n.outside) > 0 {
		last := n.outside[len(n.outside)-1]
		if i, ok := last.Stmt.(*loopir.If); ok && len(i.Then)*len(i.Else) > 0 || len(*bodyOf(last)) != 1 {
			break
		}
		n.chain = append([]Scope{last}, n.chain...)
		n.outside = n.outside[:len(n.outside)-1]
	}
	for n.update == nil {
		last := n.chain[len(n.chain)-1]
		body := *bodyOf(last)
		if i, ok := last.Stmt.(*loopir.If); ok && len(i.Else) > 0 || len(body) != 1 {
			e := c.Reject(at, "loop %s has more in it than one update", n.w.loops[0])
			if len(body) > 1 {
				e = e.Note(body[1].Source(), "this is another statement: fission puts it in a nest of its own")
			}
			return e
		}
		switch s := body[0].(type) {
		case *loopir.For, *loopir.If:
			n.chain = append(n.chain, Scope{Stmt: s})
		case *loopir.Assign:
			n.update = s
		default:
			return c.Reject(s.Source(), "this is no update of a cell")
		}
	}
	for _, l := range loops(n.chain) {
		if l.Par != loopir.Sequential || l.Unroll || l.Step != nil {
			return c.Reject(at, "loop %s has a mark or a step: mark the loops of the result", l.Iter).Note(l.Span, "here")
		}
	}
	for len(n.chain) > 0 {
		if _, ok := n.chain[0].Stmt.(*loopir.For); ok {
			break
		}
		n.outside, n.chain = append(slices.Clip(n.outside), n.chain[0]), n.chain[1:]
	}
	return nil
}

func bodyOf(s Scope) *[]loopir.Stmt {
	bodies := loopir.Bodies(s.Stmt)
	if s.Else {
		return bodies[1]
	}
	return bodies[0]
}

// findLoops tells the loops over output cells from the others.
func (n *conv) findLoops() error {
	for i, ref := range n.w.loops {
		at := slices.IndexFunc(n.chain, func(s Scope) bool {
			l, ok := s.Stmt.(*loopir.For)
			return ok && l.Iter == ref.Name.Text
		})
		if at < 0 {
			return n.c.Reject(ref.Name.Span, "loop %s is not in one nest with %s", ref, n.w.loops[0])
		}
		over := n.chain[at].Stmt.(*loopir.For)
		if slices.ContainsFunc(n.axes, func(a *axis) bool { return a.over == over }) {
			return n.c.Reject(ref.Name.Span, "loop %s stands here twice", ref)
		}
		n.axes = append(n.axes, &axis{over: over})
		n.place = append(n.place, n.fresh("at"))
		if err := n.c.CheckNew(n.w.into[i], n.root(), ref.Name.Text); err != nil {
			return err
		}
	}
	n.others = slices.DeleteFunc(loops(n.chain), n.overOutput)
	return nil
}

func (n *conv) overOutput(l *loopir.For) bool {
	return slices.ContainsFunc(n.axes, func(a *axis) bool { return a.over == l })
}

func (n *conv) overFilter(l *loopir.For) bool {
	return slices.ContainsFunc(n.axes, func(a *axis) bool { return a.filter == l })
}

func (n *conv) mentionsOutput(e loopir.Expr) bool {
	return slices.ContainsFunc(n.axes, func(a *axis) bool { return loopir.UsesVar(e, a.over.Iter) })
}

func (n *conv) fresh(base string) string {
	name := n.c.freshBeside(base, n.taken)
	n.taken[name] = true
	return name
}

// findTaps finds the loop over the filter that goes with an axis: the image is read at the sum
// of both iterators, so that with the place of the sum neither is left.
func (n *conv) findTaps(i int) error {
	a, ref := n.axes[i], n.w.loops[i]
	var found loopir.Expr
	for _, l := range n.others {
		if !loopir.UsesVar(n.image, l.Iter) || !loopir.UsesVar(n.filter, l.Iter) {
			continue
		}
		if e := n.atPlace(n.image, i, l); !loopir.UsesVar(e, l.Iter) {
			a.filter, found = l, e
			break
		}
	}
	if a.filter == nil {
		return n.c.Reject(ref.Name.Span, "the image is not read at %s plus the loop of a filter, with stride and dilation 1", ref).
			Note(n.image.Source(), "this is the image")
	}
	n.image = found
	n.others = slices.DeleteFunc(n.others, func(l *loopir.For) bool { return l == a.filter })
	rows := n.c.Simplify(trips(a.filter), n.outside)
	taps, ok := rows.(*loopir.Int)
	if !ok || !n.c.Holds(eq(a.filter.Lo, lit(0)), n.outside) {
		return n.c.Reject(ref.Name.Span, "the filter has %s rows in %s, which is no constant: say so by assume",
			loopir.FormatExpr(rows), a.filter.Iter).Note(a.filter.Span, "this loop goes over the filter")
	}
	if taps.Value.Sign() <= 0 || taps.Value.Cmp(big.NewInt(int64(maxPoints-n.w.by+1))) > 0 {
		return n.c.Reject(n.w.byAt, "tiles of %d under a filter of %v rows are too large: they need more than %d points", n.w.by, taps.Value, maxPoints)
	}
	a.taps = int(taps.Value.Int64())
	return n.findPoints(a, ref)
}

func (n *conv) findPoints(a *axis, ref Ref) error {
	need, points := n.w.by+a.taps-1, n.w.points
	if points == nil {
		points = usualPoints(need)
	}
	if len(points) != need {
		return n.c.Reject(n.w.pointAt[len(points)-1], "tiles of %d under the filter of %d rows in %s need %d points, not %d", n.w.by, a.taps, ref, need, len(points))
	}
	a.cook = newCookToom(n.w.by, a.taps, points)
	return nil
}

// atPlace is e with the place of an axis instead of the sum of its iterators.
func (n *conv) atPlace(e loopir.Expr, i int, filter *loopir.For) loopir.Expr {
	around := append(slices.Clip(n.outside), n.chain...)
	over := n.axes[i].over
	e = loopir.Subst(loopir.CloneExpr(e), map[string]loopir.Expr{over.Iter: minus(ivar(n.place[i]), ivar(filter.Iter))})
	return n.c.Simplify(e, slices.DeleteFunc(slices.Clone(around), func(s Scope) bool { return s.Stmt == loopir.Stmt(over) }))
}

// findConditions tells conditions on where the image is read from those on the output cell.
func (n *conv) findConditions() error {
	for _, s := range n.chain {
		i, ok := s.Stmt.(*loopir.If)
		if !ok {
			continue
		}
		for _, cond := range conjuncts(i.Cond) {
			place := cond
			for d, a := range n.axes {
				if loopir.UsesVar(place, a.over.Iter) || loopir.UsesVar(place, a.filter.Iter) {
					place = n.atPlace(place, d, a.filter)
				}
			}
			filters := slices.ContainsFunc(n.axes, func(a *axis) bool { return loopir.UsesVar(place, a.filter.Iter) })
			switch {
			case !filters:
				n.zeros = append(n.zeros, place)
			case slices.ContainsFunc(n.axes, func(a *axis) bool { return loopir.UsesVar(cond, a.filter.Iter) }):
				return n.c.Reject(n.w.loops[0].Name.Span, "the condition %s is none on where the image is read", loopir.FormatExpr(cond)).Note(i.Span, "it stands here")
			default:
				n.guards = append(n.guards, cond)
			}
		}
	}
	return nil
}
