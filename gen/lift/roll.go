package lift

import (
	"fmt"
	"sort"

	"github.com/loopopt/loopopt/loopir"
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
		for j < len(items) && items[i].dst != nil && l.key(items[j]) == k {
			n := items[j].dst.Name // one register takes many steps, or each of many takes one
			if l.isWeb(n) && (dsts[n] && len(dsts) > 1 || !dsts[n] && len(dsts) < j-i) {
				break
			}
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
	if items[0].dst == nil || l.tiles[items[0].dst.Name] == nil || len(items) > 1 && items[1].dst.Name == items[0].dst.Name || !independent(items) {
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
	s := l.branched(a)
	if it.cond != nil {
		s = &loopir.If{Cond: it.cond, Then: []loopir.Stmt{s}}
	}
	if it.lanes == 1 && !usesLane(a, l.lane) {
		return s
	}
	return &loopir.For{Iter: l.lane, Lo: loopir.NewInt(0), Hi: loopir.NewInt(int64(it.lanes)), Body: []loopir.Stmt{s}}
}

// branched writes a choice as the branches that the kernel has.
func (l *lifter) branched(a *loopir.Assign) loopir.Stmt {
	s, ok := a.RHS.(*loopir.Intrinsic)
	if !ok || s.Name != "select" || !l.call.branches() || anyRead(s, func(r *loopir.Read) bool { return r.Name == a.LHS.Name }) {
		return a
	}
	arm := func(i int) []loopir.Stmt {
		return []loopir.Stmt{l.branched(&loopir.Assign{LHS: loopir.CloneExpr(a.LHS).(*loopir.Read), RHS: s.Args[i], Span: a.Span})}
	}
	return &loopir.If{Cond: s.Args[0], Then: arm(1), Else: arm(2)}
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
	series := len(items) > 1 && items[1].dst.Name == first // stays in order
	if l.isWeb(first) && !series {
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
