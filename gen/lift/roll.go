package lift

import (
	"fmt"
	"sort"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A tile is an array of which each cell is the local of a web: registers that the
// same statements fill and update, so that these can be written as loops.
type tile struct {
	name    string
	members []string // row-major
	dims    []int
	at      map[string][]int
	region  int
}

func (t *tile) local(l *lifter) *loopir.Local {
	m := t.members[0]
	s := &loopir.Local{Name: t.name, Type: l.elems[m], Mem: loopir.Registers}
	for _, d := range append(append([]int(nil), t.dims...), l.width[m]) {
		s.Shape = append(s.Shape, loopir.NewInt(int64(d)))
	}
	return s
}

// roll writes lane statements as loops where they follow a pattern. Nothing rests on
// how the pattern was found: every statement is compared with what the loop says for
// its iteration, and the order stays, or does not matter since each statement reads
// no cell that another one of the run writes.
func (l *lifter) roll(items []item) ([]loopir.Stmt, error) {
	var out []loopir.Stmt
	for _, it := range items {
		if it.local > 0 {
			out = append(out, &loopir.Local{Name: it.dst.Name, Type: it.dst.Type, Shape: []loopir.Expr{loopir.NewInt(int64(it.local))}, Mem: loopir.Registers})
		}
	}
	for i := 0; i < len(items); {
		j := i + 1
		k := l.key(items[i])
		dsts := map[string]bool{}
		if items[i].dst != nil {
			dsts[items[i].dst.Name] = true
		}
		for j < len(items) && items[i].dst != nil && l.key(items[j]) == k && !(l.isWeb(items[j].dst.Name) && dsts[items[j].dst.Name]) {
			dsts[items[j].dst.Name] = true
			j++
		}
		out = append(out, l.run(items[i:j])...)
		i = j
	}
	return out, nil
}

func (l *lifter) isWeb(name string) bool { return l.elems[name] != loopir.Invalid }

// key is what statements have in common that one loop can stand for.
func (l *lifter) key(it item) string {
	if it.dst == nil {
		return "probe"
	}
	dst := it.dst.Name
	if l.isWeb(dst) {
		dst = "web"
		if t := l.tiles[it.dst.Name]; t != nil {
			dst = t.name
		} else if l.seen[it.dst.Name] {
			dst = "own " + it.dst.Name
		}
	} else if it.local > 0 {
		dst = "own " + dst
	}
	cond := ""
	if it.cond != nil {
		cond = loopir.FormatExpr(l.blank(it.cond))
	}
	return fmt.Sprintf("%s %d %v %s | %s", dst, it.lanes, it.dst.Type, cond, loopir.FormatExpr(l.blank(it.val)))
}

// blank leaves the indices out of an expression, and which local of a tile it reads.
func (l *lifter) blank(e loopir.Expr) loopir.Expr {
	return rebuild(e, func(x loopir.Expr) loopir.Expr {
		if x.TypeOf() == loopir.Index {
			return loopir.NewVar("_")
		}
		if r, ok := x.(*loopir.Read); ok && l.isWeb(r.Name) {
			name := "web"
			if t := l.tiles[r.Name]; t != nil {
				name = t.name
			}
			return &loopir.Read{Name: name, Type: r.Type}
		}
		return nil
	})
}

// run writes statements of one key: as few nests of loops as it finds, each as long as
// can be.
func (l *lifter) run(items []item) []loopir.Stmt {
	items = l.sorted(items)
	var out []loopir.Stmt
	for len(items) > 0 {
		n := len(items)
		var s loopir.Stmt
		for ; n > 1 && s == nil; n-- {
			if s = l.loopOf(items[:n]); s != nil {
				break
			}
		}
		if s != nil {
			for _, it := range items[:n] {
				l.note(it)
			}
			out, items = append(out, s), items[n:]
			continue
		}
		it := items[0]
		items = items[1:]
		if it.dst == nil {
			out = append(out, l.probe(it)...)
			continue
		}
		out = append(out, l.lanesOf(l.place1(it)))
		l.note(it)
	}
	return out
}

// sorted orders statements on the cells of a tile by cell, if they may be in any order.
func (l *lifter) sorted(items []item) []item {
	if items[0].dst == nil || l.tiles[items[0].dst.Name] == nil || !independent(items) {
		return items
	}
	t := l.tiles[items[0].dst.Name]
	items = append([]item(nil), items...)
	sort.SliceStable(items, func(i, j int) bool { return before(t.at[items[i].dst.Name], t.at[items[j].dst.Name]) })
	return items
}

// note remembers which locals statements name.
func (l *lifter) note(it item) {
	see := func(e loopir.Expr) {
		anyRead(e, func(r *loopir.Read) bool {
			if l.isWeb(r.Name) {
				l.seen[r.Name] = true
			}
			return false
		})
	}
	see(it.dst)
	see(it.val)
	if it.cond != nil {
		see(it.cond)
	}
}

// probe keeps a load whose value no statement needs: it must be in bounds too.
func (l *lifter) probe(it item) []loopir.Stmt {
	name := l.call.fresh("probe")
	r := it.val.(*loopir.Read)
	it.dst = &loopir.Read{Name: name, Index: []loopir.Expr{loopir.NewVar(l.lane)}, Type: r.Type}
	return []loopir.Stmt{
		&loopir.Local{Name: name, Type: r.Type, Shape: []loopir.Expr{loopir.NewInt(int64(it.lanes))}},
		l.lanesOf(it),
	}
}

// place1 moves the locals of an item into their tiles.
func (l *lifter) place1(it item) item {
	move := func(e loopir.Expr) loopir.Expr {
		return rebuild(e, func(x loopir.Expr) loopir.Expr {
			r, ok := x.(*loopir.Read)
			if !ok || l.tiles[r.Name] == nil {
				return nil
			}
			t := l.tiles[r.Name]
			c := &loopir.Read{Name: t.name, Type: r.Type}
			for _, i := range t.at[r.Name] {
				c.Index = append(c.Index, loopir.NewInt(int64(i)))
			}
			c.Index = append(c.Index, r.Index[0])
			return c
		})
	}
	it.dst = move(it.dst).(*loopir.Read)
	it.val = move(it.val)
	if it.cond != nil {
		it.cond = move(it.cond)
	}
	return it
}

// lanesOf writes one lane statement.
func (l *lifter) lanesOf(it item) loopir.Stmt {
	at := l.span(it.line)
	a := &loopir.Assign{LHS: placed(it.dst, at).(*loopir.Read), RHS: placed(it.val, at), Span: at}
	var s loopir.Stmt = a
	if it.cond != nil {
		s = &loopir.If{Cond: it.cond, Then: []loopir.Stmt{s}}
	}
	if it.lanes == 1 && !usesLane(a, l.lane) {
		return s
	}
	return &loopir.For{Iter: l.lane, Lo: loopir.NewInt(0), Hi: loopir.NewInt(int64(it.lanes)), Body: []loopir.Stmt{s}}
}

func usesLane(a *loopir.Assign, lane string) bool {
	return loopir.UsesVar(a.LHS, lane) || loopir.UsesVar(a.RHS, lane)
}

// loopOf writes items as one nest of loops, nil if they follow no pattern.
func (l *lifter) loopOf(items []item) loopir.Stmt {
	if items[0].dst == nil {
		return nil
	}
	first := items[0].dst.Name
	var fresh *tile
	if l.isWeb(first) {
		if t := l.tiles[first]; t != nil {
			if !independent(items) {
				return nil
			}
		} else {
			fresh = &tile{at: map[string][]int{}}
			for i, it := range items {
				if l.seen[it.dst.Name] || readsAny(it, items) {
					return nil
				}
				fresh.members, fresh.at[it.dst.Name] = append(fresh.members, it.dst.Name), []int{i}
			}
			fresh.dims = []int{len(items)}
		}
	}
	points, ok := l.points(items, fresh)
	if !ok {
		return nil
	}
	dims, steps, ok := factor(points)
	if !ok {
		return nil
	}
	if fresh != nil {
		l.adopt(fresh, dims)
		if points, ok = l.points(items, nil); !ok {
			return nil
		}
		if dims, steps, ok = factor(points); !ok {
			return nil
		}
	}
	return l.nest(l.place1(items[0]), dims, steps)
}

// adopt makes the members cells of one array, of the given extents.
func (l *lifter) adopt(t *tile, dims []int) {
	t.name, t.dims = l.call.fresh("acc"), dims
	for i, m := range t.members {
		at := make([]int, len(dims))
		for d, k := len(dims)-1, i; d >= 0; d-- {
			at[d], k = k%dims[d], k/dims[d]
		}
		t.at[m], l.tiles[m] = at, t
	}
	var path []int
	for root, name := range l.names {
		if l.tiles[name] != t {
			continue
		}
		if path == nil {
			path = l.where[root]
			continue
		}
		n := 0
		for n < len(path) && n < len(l.where[root]) && path[n] == l.where[root][n] {
			n++
		}
		path = path[:n]
	}
	t.region = path[len(path)-1]
	l.all = append(l.all, t)
}

// independent tells whether no item reads what another one writes.
func independent(items []item) bool {
	for i, it := range items {
		for j, o := range items {
			if i != j && (readsName(it.val, o.dst.Name) || it.cond != nil && readsName(it.cond, o.dst.Name)) {
				return false
			}
		}
	}
	return true
}

func readsAny(it item, items []item) bool {
	for _, o := range items {
		if readsName(it.val, o.dst.Name) || it.cond != nil && readsName(it.cond, o.dst.Name) {
			return true
		}
	}
	return false
}

func before(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// points lists for each item its index expressions, in order of appearance. The
// cells of fresh, which is no tile yet, count along one line.
func (l *lifter) points(items []item, fresh *tile) ([][]poly.Poly, bool) {
	if fresh != nil {
		for _, it := range items {
			l.tiles[it.dst.Name] = fresh
		}
		defer func() {
			for _, it := range items {
				delete(l.tiles, it.dst.Name)
			}
		}()
	}
	var out [][]poly.Poly
	ok := true
	for _, it := range items {
		it = l.place1(it)
		var p []poly.Poly
		collect := func(x loopir.Expr) loopir.Expr {
			if x.TypeOf() != loopir.Index {
				return nil
			}
			q, err := poly.FromExpr(x)
			ok = ok && err == nil
			p = append(p, q)
			return x
		}
		rebuild(it.dst, collect)
		if it.cond != nil {
			rebuild(it.cond, collect)
		}
		rebuild(it.val, collect)
		out = append(out, p)
	}
	// A dimension of locals that are no tile keeps them apart.
	for _, it := range items[1:] {
		if !l.sameLocals(it, items[0]) {
			return nil, false
		}
	}
	return out, ok
}

// sameLocals tells whether two items name the same locals outside of tiles.
func (l *lifter) sameLocals(a, b item) bool {
	names := func(it item) []string {
		var out []string
		for _, e := range []loopir.Expr{l.place1(it).dst, l.place1(it).val} {
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				if r, ok := x.(*loopir.Read); ok {
					out = append(out, r.Name)
				}
				return true
			})
		}
		return out
	}
	x, y := names(a), names(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

// factor finds extents and steps such that point (i, j, ...), row-major, is the
// first point plus i times the first step plus j times the second.
func factor(points [][]poly.Poly) (dims []int, steps [][]poly.Poly, ok bool) {
	n := len(points)
	if n == 1 {
		return nil, nil, true
	}
	step := difference(points[1], points[0])
	r := 2
	for r < n && equalAll(points[r], plus(points[0], step, r)) {
		r++
	}
	if n%r != 0 {
		return nil, nil, false
	}
	var starts [][]poly.Poly
	for b := 0; b < n; b += r {
		for i := range r {
			if !equalAll(points[b+i], plus(points[b], step, i)) {
				return nil, nil, false
			}
		}
		starts = append(starts, points[b])
	}
	dims, steps, ok = factor(starts)
	return append(dims, r), append(steps, step), ok && len(dims) < 4
}

func difference(a, b []poly.Poly) []poly.Poly {
	out := make([]poly.Poly, len(a))
	for i := range a {
		out[i] = a[i].Sub(b[i])
	}
	return out
}

func plus(a, step []poly.Poly, k int) []poly.Poly {
	out := make([]poly.Poly, len(a))
	for i := range a {
		out[i] = a[i].Add(step[i].Mul(poly.Int(int64(k))))
	}
	return out
}

func equalAll(a, b []poly.Poly) bool {
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// nest writes the loops of a rolled item.
func (l *lifter) nest(it item, dims []int, steps [][]poly.Poly) loopir.Stmt {
	for len(l.iters) < len(dims) {
		l.iters = append(l.iters, l.call.fresh("u"))
	}
	next := 0
	shift := func(x loopir.Expr) loopir.Expr {
		if x.TypeOf() != loopir.Index {
			return nil
		}
		p := poly.Must(x)
		for d := range dims {
			p = p.Add(steps[d][next].Mul(poly.Var(l.iters[d])))
		}
		next++
		return p.Expr()
	}
	it.dst = rebuild(it.dst, shift).(*loopir.Read)
	if it.cond != nil {
		it.cond = rebuild(it.cond, shift)
	}
	it.val = rebuild(it.val, shift)
	s := l.lanesOf(it)
	for d := len(dims) - 1; d >= 0; d-- {
		s = &loopir.For{Iter: l.iters[d], Lo: loopir.NewInt(0), Hi: loopir.NewInt(int64(dims[d])), Body: []loopir.Stmt{s}}
	}
	return s
}
