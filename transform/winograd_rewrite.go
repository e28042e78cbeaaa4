package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

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
