package equiv

import "slices"

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
