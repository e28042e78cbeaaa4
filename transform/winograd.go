package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var winograd = &Primitive{
	Name:   "winograd",
	Syntax: "winograd oj[, oi] by m into tj[, ti] as U, V, M [points a, b..]",
	Doc: `Computes a convolution of stride 1 in tiles of m by m cells, by fewer products: filter and
image are transformed, multiplied cell by cell, summed over channels, and transformed back.

	for k in 0..K, c in 0..C, i in 0..P, r in 0..3 {
		O[k][i] += I[c][i+r] * W[k][c][r]
	}
=>	var U: f32[4][K][C] in heap        // winograd i by 2 into t as U, V, M points 0, 1, -1, inf
	var V: f32[4][C][(P+1)/2] in heap
	var M: f32[4][K][(P+1)/2] in heap
	for k in 0..K, c in 0..C {
		U: U[0][k][c] = W[k][c][0]
		U[1][k][c] = 0.5*(W[k][c][0] + W[k][c][1] + W[k][c][2])
		U[2][k][c] = 0.5*(W[k][c][0] - W[k][c][1] + W[k][c][2])
		U[3][k][c] = W[k][c][2]
	}
	for c in 0..C, t in 0..(P+1)/2 {
		var d: f32[4]
		for x in 0..4 { d[x] = select(2*t + x < P + 2, I[c][2*t+x], 0.0) }
		V: V[0][c][t] = d[0] - d[2]
		V[1][c][t] = d[1] + d[2]
		V[2][c][t] = d[2] - d[1]
		V[3][c][t] = d[3] - d[1]
	}
	for x in 0..4, k in 0..K, t in 0..(P+1)/2 {
		M[x][k][t] = 0.0
		for c in 0..C { M: M[x][k][t] += V[x][c][t] * U[x][k][c] }
	}
	for k in 0..K, t in 0..(P+1)/2 {
		O: O[k][2*t] += M[0][k][t] + M[1][k][t] + M[2][k][t]
		if 2*t + 1 < P { O[k][2*t+1] += M[1][k][t] - M[2][k][t] + M[3][k][t] }
	}

The loops named contain one update O += image * filter and are in a nest with nothing else:
fission or reorder first. The image is read at oj + r, r being a loop over the rows of the filter,
of constant extent (say assume R == 3); conditions on oj + r, as those of padding, become zeros.
All other loops stay, and may stand in blocks. Labels tell the four nests apart: k@U, k@M, k@O.

A tile of m cells under a filter of r rows needs m+r-1 different points: rational numbers, inf
among them or not. Without points, 0, 1, -1, 2, -2, 1/2, -1/2.. and inf are taken. Larger tiles need fewer
products and round worse, by the bound that the proof states. The verdict is at best algebraic.`,
	Apply: applyWinograd,
}

// maxPoints bounds tile and filter together: transforms beyond are slower than what they save,
// and useless for their rounding errors.
const maxPoints = 16

// A tiling is what a winograd step asks for.
type tiling struct {
	loops   []Ref
	by      int
	byAt    loopir.Span
	into    []loopir.Token
	as      []loopir.Token // U, V, M
	points  []point        // nil: the usual ones
	pointAt []loopir.Span
}

func applyWinograd(c *Context, args *loopir.Cursor) error {
	w, err := c.parseTiling(args)
	if err != nil {
		return err
	}
	return c.EachLoop(w.loops[0], func(l *Loop) error {
		n, err := c.convolution(w, l)
		if err != nil {
			return err
		}
		with, err := n.rewritten()
		if err != nil {
			return err
		}
		c.Replace(n.root(), with...)
		return nil
	})
}

func (c *Context) parseTiling(args *loopir.Cursor) (*tiling, error) {
	w := &tiling{}
	var err error
	if w.loops, err = ParseRefs(args); err != nil {
		return nil, err
	}
	if len(w.loops) > 2 {
		return nil, c.Reject(w.loops[2].Name.Span, "tiles have one or two dimensions")
	}
	if err := args.Expect("by"); err != nil {
		return nil, err
	}
	w.byAt = args.Peek().Span
	by, err := args.Int(c.Params)
	if err != nil {
		return nil, err
	}
	if !by.IsInt64() || by.Int64() < 1 || by.Int64() >= maxPoints {
		return nil, c.Reject(w.byAt, "a tile has from 1 to %d cells in a row, not %v", maxPoints-1, by)
	}
	w.by = int(by.Int64())
	for _, part := range []struct {
		word  string
		names *[]loopir.Token
		n     int
		are   string
	}{{"into", &w.into, len(w.loops), "loops over tiles"}, {"as", &w.as, 3, "arrays: transformed filter, transformed image, products"}} {
		if err := args.Expect(part.word); err != nil {
			return nil, err
		}
		if *part.names, err = args.Names(); err != nil {
			return nil, err
		}
		if names := *part.names; len(names) != part.n {
			return nil, c.Reject(names[len(names)-1].Span, "%s takes %d %s, not %d", part.word, part.n, part.are, len(names))
		}
	}
	for i, t := range slices.Concat(w.as, w.into) {
		if slices.ContainsFunc(slices.Concat(w.as, w.into)[:i], func(u loopir.Token) bool { return u.Text == t.Text }) {
			return nil, c.Reject(t.Span, "%s stands here twice: loops and arrays need different names", t.Text)
		}
	}
	for _, t := range w.as {
		if err := c.CheckNewAnywhere(t); err != nil {
			return nil, err
		}
	}
	if args.Accept("points") {
		if err := c.parsePoints(args, w); err != nil {
			return nil, err
		}
	}
	return w, args.Done()
}

func (c *Context) parsePoints(args *loopir.Cursor, w *tiling) error {
	for {
		at := args.Peek().Span
		text := ""
		for args.Peek().Kind != loopir.TokEOF && args.Peek().Text != "," {
			text += args.Next().Text
		}
		var p point
		if text != "inf" {
			v, ok := new(big.Rat).SetString(text)
			if !ok {
				return c.Reject(at, "%s is no point: points are numbers such as 2, -1/2 or inf", text)
			}
			p = v
		}
		if hasPoint(w.points, p) {
			return c.Reject(at, "the point %s stands here twice", text)
		}
		w.points, w.pointAt = append(w.points, p), append(w.pointAt, at)
		if !args.Accept(",") {
			return nil
		}
	}
}

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

// with lists the loops of the nest, those over the filter aside, that the expressions depend on
// and all that the bounds of these depend on, outermost first.
func (n *conv) with(es ...loopir.Expr) []*loopir.For {
	var out []*loopir.For
	for _, l := range slices.Backward(loops(n.chain)) {
		if !n.overFilter(l) && slices.ContainsFunc(es, func(e loopir.Expr) bool { return loopir.UsesVar(e, l.Iter) }) {
			out = append(out, l)
			es = append(es, l.Lo, l.Hi)
		}
	}
	slices.Reverse(out)
	return out
}

// inTiles puts the loops over tiles in the place of those over the output.
func (n *conv) inTiles(ls []*loopir.For) []*loopir.For {
	out := slices.Clone(ls)
	for i, l := range out {
		for _, a := range n.axes {
			if a.over == l {
				out[i] = a.tiles
			}
		}
	}
	return out
}

// rewritten is what takes the place of the nest.
func (n *conv) rewritten() ([]loopir.Stmt, error) {
	c := n.c
	var tiles []loopir.Expr
	for i, a := range n.axes {
		tiles = append(tiles, ivar(a.over.Iter))
		a.tiles = &loopir.For{Iter: n.w.into[i].Text, Lo: lit(0), Hi: quotUp(minus(a.over.Hi, a.over.Lo), lit(int64(n.w.by))), Span: a.over.Span}
	}
	byFilter := n.with(n.filter)
	byImage := n.with(slices.Concat(n.zeros, tiles, []loopir.Expr{n.image})...)
	byOutput := n.with(slices.Concat(n.guards, tiles, []loopir.Expr{n.update.LHS})...)
	var sums []*loopir.For // outermost first
	for _, l := range n.others {
		if slices.Contains(byOutput, l) {
			if slices.ContainsFunc(sums, func(s *loopir.For) bool { return loopir.UsesVar(l.Lo, s.Iter) || loopir.UsesVar(l.Hi, s.Iter) }) {
				return nil, c.Reject(n.w.loops[0].Name.Span, "the bounds of loop %s depend on a loop that is summed over", l.Iter).Note(l.Span, "here")
			}
			continue
		}
		sums = append(sums, l)
	}
	out := make([]loopir.Stmt, 0, 7)
	var arrays [3]func(at []loopir.Expr) *loopir.Read
	for i, ls := range [][]*loopir.For{byFilter, byImage, byOutput} {
		local, cell, err := n.array(n.w.as[i], ls)
		if err != nil {
			return nil, err
		}
		out, arrays[i] = append(out, local), cell
	}
	u, v, m := arrays[0], arrays[1], arrays[2]
	t := n.update.LHS.Type
	filter := func(at []loopir.Expr) loopir.Expr {
		taps := map[string]loopir.Expr{}
		for i, a := range n.axes {
			taps[a.filter.Iter] = at[i]
		}
		return loopir.Subst(loopir.CloneExpr(n.filter), taps)
	}
	store := func(to func([]loopir.Expr) *loopir.Read) func([]loopir.Expr, loopir.Expr) loopir.Stmt {
		return func(at []loopir.Expr, e loopir.Expr) loopir.Stmt {
			return &loopir.Assign{LHS: to(at), RHS: e, Span: n.update.Span}
		}
	}
	side := func(f func(*cookToom) [][]*big.Rat) [][][]*big.Rat {
		var out [][][]*big.Rat
		for _, a := range n.axes {
			out = append(out, f(a.cook))
		}
		return out
	}
	forward := n.transformed(side(func(k *cookToom) [][]*big.Rat { return k.filter }), t, "g", filter, store(u))
	out = append(out, around(byFilter, labelled(n.w.as[0].Text, forward)...)...)
	load, image := n.loaded(t)
	load = append(load, labelled(n.w.as[1].Text, n.transformed(side(func(k *cookToom) [][]*big.Rat { return k.input }), t, "e", image, store(v)))...)
	out = append(out, around(n.inTiles(byImage), load...)...)
	out = append(out, n.products(u, v, m, byOutput, sums, t)...)
	label := n.update.Label
	if label == "" {
		label = n.update.LHS.Name
	}
	back := n.transformed(side(func(k *cookToom) [][]*big.Rat { return k.inverse }), t, "z", func(at []loopir.Expr) loopir.Expr { return m(at) }, n.added)
	return append(out, around(n.inTiles(byOutput), labelled(label, back)...)...), nil
}

// around is the loops, in copies, around a body.
func around(ls []*loopir.For, body ...loopir.Stmt) []loopir.Stmt {
	for _, l := range slices.Backward(ls) {
		body = []loopir.Stmt{&loopir.For{Iter: l.Iter, Lo: loopir.CloneExpr(l.Lo), Hi: loopir.CloneExpr(l.Hi), Body: body, Span: l.Span}}
	}
	return body
}

// array declares one with a cell for each point of each axis and each iteration of the loops.
func (n *conv) array(name loopir.Token, ls []*loopir.For) (*loopir.Local, func(at []loopir.Expr) *loopir.Read, error) {
	local := &loopir.Local{Name: n.fresh(name.Text), Type: n.update.LHS.Type, Mem: loopir.Heap, Span: name.Span}
	var index []loopir.Expr
	for _, a := range n.axes {
		local.Shape = append(local.Shape, lit(int64(a.cells())))
	}
	for _, l := range n.inTiles(ls) {
		size, err := n.c.outerSize(trips(l), n.outside, n.chain, loopir.Heap, name)
		if err != nil {
			return nil, nil, err
		}
		local.Shape = append(local.Shape, size)
		index = append(index, minus(ivar(l.Iter), l.Lo))
	}
	return local, func(at []loopir.Expr) *loopir.Read {
		r := &loopir.Read{Name: local.Name, Type: local.Type}
		for _, e := range slices.Concat(at, index) {
			r.Index = append(r.Index, loopir.CloneExpr(e))
		}
		return r
	}, nil
}

// transformed applies a matrix along each axis to the cells that read gives, and hands the
// results to store. Between two axes stands a local of the given name.
func (n *conv) transformed(matrices [][][]*big.Rat, t loopir.Type, name string, read func(at []loopir.Expr) loopir.Expr,
	store func(at []loopir.Expr, e loopir.Expr) loopir.Stmt,
) []loopir.Stmt {
	last := len(matrices) - 1
	rows := func(axis int, read func(loopir.Expr) loopir.Expr, store func(loopir.Expr, loopir.Expr) loopir.Stmt) []loopir.Stmt {
		var out []loopir.Stmt
		for j, coefs := range matrices[axis] {
			out = append(out, store(lit(int64(j)), combination(coefs, t, func(i int) loopir.Expr { return read(lit(int64(i))) })))
		}
		return out
	}
	if last == 0 {
		return rows(0, func(i loopir.Expr) loopir.Expr { return read([]loopir.Expr{i}) },
			func(j, e loopir.Expr) loopir.Stmt { return store([]loopir.Expr{j}, e) })
	}
	high, wide := int64(len(matrices[0])), int64(len(matrices[1][0]))
	local := &loopir.Local{Name: n.c.freshBeside(name, n.taken), Type: t, Shape: []loopir.Expr{lit(high), lit(wide)}}
	cell := func(x, y loopir.Expr) *loopir.Read {
		return &loopir.Read{Name: local.Name, Index: []loopir.Expr{loopir.CloneExpr(x), loopir.CloneExpr(y)}, Type: t}
	}
	x, y := n.c.freshBeside("x", n.taken), n.c.freshBeside("y", n.taken)
	return []loopir.Stmt{
		local,
		&loopir.For{Iter: y, Lo: lit(0), Hi: lit(wide), Body: rows(0,
			func(i loopir.Expr) loopir.Expr { return read([]loopir.Expr{i, ivar(y)}) },
			func(j, e loopir.Expr) loopir.Stmt { return &loopir.Assign{LHS: cell(j, ivar(y)), RHS: e} })},
		&loopir.For{Iter: x, Lo: lit(0), Hi: lit(high), Body: rows(1,
			func(i loopir.Expr) loopir.Expr { return cell(ivar(x), i) },
			func(j, e loopir.Expr) loopir.Stmt { return store([]loopir.Expr{ivar(x), j}, e) })},
	}
}

// labelled puts a label where all loops of a nest are around it: on the loop over the rows of
// the last axis, or on the first row.
func labelled(label string, rows []loopir.Stmt) []loopir.Stmt {
	if l, ok := rows[len(rows)-1].(*loopir.For); ok {
		l.Label = label
		return rows
	}
	set := false
	loopir.Walk(rows[:1], func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok && !set {
			a.Label, set = label, true
		}
		return !set
	})
	return rows
}

// loaded reads the cells of the image under a tile: zeros where conditions say so, and beyond
// the last tap of the last output cell.
func (n *conv) loaded(t loopir.Type) ([]loopir.Stmt, func(at []loopir.Expr) loopir.Expr) {
	at := func(is []loopir.Expr) map[string]loopir.Expr {
		places := map[string]loopir.Expr{}
		for i, a := range n.axes {
			places[n.place[i]] = a.cell(n.w.by, is[i])
		}
		return places
	}
	read := func(is []loopir.Expr) loopir.Expr { return loopir.Subst(loopir.CloneExpr(n.image), at(is)) }
	conds := slices.Clone(n.zeros)
	for i, a := range n.axes {
		facts := n.c.Facts(n.outside)
		for _, z := range n.zeros {
			facts = facts.Assume(z)
		}
		within := lt(ivar(n.place[i]), plus(a.over.Hi, lit(int64(a.taps-1))))
		if !n.c.Holds(eq(rem(minus(a.over.Hi, a.over.Lo), lit(int64(n.w.by))), lit(0)), n.outside) && !facts.Holds(within) {
			conds = append(conds, within)
		}
	}
	if len(conds) == 0 {
		return nil, read
	}
	local := &loopir.Local{Name: n.c.freshBeside("d", n.taken), Type: t}
	var xs []loopir.Expr
	var ls []*loopir.For
	for i, a := range n.axes {
		l := &loopir.For{Iter: n.c.freshBeside([]string{"x", "y"}[i], n.taken), Lo: lit(0), Hi: lit(int64(a.cells()))}
		local.Shape, xs, ls = append(local.Shape, lit(int64(a.cells()))), append(xs, ivar(l.Iter)), append(ls, l)
	}
	cell := func(is []loopir.Expr) loopir.Expr {
		r := &loopir.Read{Name: local.Name, Type: t}
		for _, e := range is {
			r.Index = append(r.Index, loopir.CloneExpr(e))
		}
		return r
	}
	zero := &loopir.Float{Text: "0.0", Type: t}
	value := &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{loopir.Subst(conj(conds...), at(xs)), read(xs), zero}, Type: t}
	return append([]loopir.Stmt{local}, around(ls, &loopir.Assign{LHS: cell(xs).(*loopir.Read), RHS: value})...), cell
}

// products multiplies filter and image point by point, and sums.
func (n *conv) products(u, v, m func([]loopir.Expr) *loopir.Read, out, sums []*loopir.For, t loopir.Type) []loopir.Stmt {
	var xs []loopir.Expr
	var ls []*loopir.For
	for i, a := range n.axes {
		l := &loopir.For{Iter: n.c.freshBeside([]string{"x", "y"}[i], n.taken), Lo: lit(0), Hi: lit(int64(a.cells()))}
		xs, ls = append(xs, ivar(l.Iter)), append(ls, l)
	}
	x, y := v(xs), u(xs)
	if n.swapped {
		x, y = y, x
	}
	update := &loopir.Assign{
		Label: n.w.as[2].Text, LHS: m(xs), Op: loopir.AddTo, Span: n.update.Span,
		RHS: &loopir.Binary{Op: loopir.Mul, X: x, Y: y, Type: t, Span: n.update.RHS.Source()},
	}
	zero := &loopir.Assign{LHS: m(xs), RHS: &loopir.Float{Text: "0.0", Type: t}}
	return around(append(ls, n.inTiles(out)...), append([]loopir.Stmt{zero}, around(sums, update)...)...)
}

// added adds e to the output cell at a place in the tile, if it exists.
func (n *conv) added(at []loopir.Expr, e loopir.Expr) loopir.Stmt {
	cells := map[string]loopir.Expr{}
	var conds []loopir.Expr
	for i, a := range n.axes {
		cell := a.cell(n.w.by, at[i])
		cells[a.over.Iter] = cell
		if !n.c.Holds(eq(rem(minus(a.over.Hi, a.over.Lo), lit(int64(n.w.by))), lit(0)), n.outside) {
			conds = append(conds, lt(cell, a.over.Hi))
		}
	}
	for _, g := range n.guards {
		conds = append(conds, loopir.Subst(loopir.CloneExpr(g), cells))
	}
	update := &loopir.Assign{LHS: loopir.Subst(loopir.CloneExpr(n.update.LHS), cells).(*loopir.Read), Op: loopir.AddTo, RHS: e, Span: n.update.Span}
	if len(conds) == 0 {
		return update
	}
	return &loopir.If{Cond: conj(conds...), Then: []loopir.Stmt{update}, Span: n.update.Span}
}
