package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A nest seen as its leaves: each statement with the loops and conditions on
// the path from the root to it. Reordering permutes every path and lays the
// leaves out again in textual order, adjacent ones sharing the loops that their
// paths begin with (a trie).

// An elem is a loop or a condition on a path.
type elem struct {
	loop   *loopir.For // nil for a condition
	lo, hi loopir.Expr // the loop's bounds on this path
	cond   loopir.Expr
	branch *loopir.If // where the condition came from; nil for a new guard
	orElse bool       // the condition's else branch
}

type leaf struct {
	path []elem
	stmt loopir.Stmt
	last int       // a Local's scope ends before leaf number last
	at   []address // where build put it, outermost first, the leaf's own last
}

// An address is a statement and the list that holds it.
type address struct {
	body *[]loopir.Stmt
	stmt loopir.Stmt
}

// leavesOf takes statements apart.
func leavesOf(body []loopir.Stmt) []*leaf {
	var out []*leaf
	collect(body, nil, &out)
	return out
}

func collect(body []loopir.Stmt, path []elem, out *[]*leaf) {
	var locals []*leaf
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			collect(s.Body, append(slices.Clip(path), elem{loop: s, lo: s.Lo, hi: s.Hi}), out)
		case *loopir.If:
			collect(s.Then, append(slices.Clip(path), elem{cond: s.Cond, branch: s}), out)
			collect(s.Else, append(slices.Clip(path), elem{cond: s.Cond, branch: s, orElse: true}), out)
		default:
			l := &leaf{path: slices.Clone(path), stmt: s}
			if _, ok := s.(*loopir.Local); ok {
				locals = append(locals, l)
			}
			*out = append(*out, l)
		}
	}
	for _, l := range locals {
		l.last = len(*out)
	}
}

// key is the same for elements that may share a node, branches apart.
func (e *elem) same(f *elem) bool {
	if e.loop != nil || f.loop != nil {
		return e.loop == f.loop && sameText(e.lo, f.lo) && sameText(e.hi, f.hi)
	}
	return e.branch == f.branch && sameText(e.cond, f.cond)
}

func sameText(x, y loopir.Expr) bool { return loopir.FormatExpr(x) == loopir.FormatExpr(y) }

// An opened element is a node being filled.
type opened struct {
	elem
	stmt loopir.Stmt
	body *[]loopir.Stmt
}

// build lays leaves out along their paths. Locals without an initial value wait
// for placeLocals.
func build(leaves []*leaf) *[]loopir.Stmt {
	root := &[]loopir.Stmt{}
	var open []opened
	labels := map[string]bool{}
	for _, l := range leaves {
		if d, ok := l.stmt.(*loopir.Local); ok && d.Init == nil {
			continue
		}
		open = open[:shared(open, l.path)]
		for _, e := range l.path[len(open):] {
			body := root
			if n := len(open); n > 0 {
				body = open[n-1].body
			}
			o := e.open(labels)
			*body = append(*body, o.stmt)
			open = append(open, o)
		}
		body := root
		for _, o := range open {
			l.at = append(l.at, address{body, o.stmt})
			body = o.body
		}
		l.at = append(l.at, address{body, l.stmt})
		*body = append(*body, l.stmt)
	}
	return root
}

// shared tells how many of the open nodes a path can go on with, turning from
// then to else where the path does.
func shared(open []opened, path []elem) int {
	for i := range open {
		if i == len(path) || !open[i].same(&path[i]) {
			return i
		}
		if open[i].orElse != path[i].orElse {
			if !path[i].orElse {
				return i
			}
			open[i].orElse = true
			open[i].body = &open[i].stmt.(*loopir.If).Else
			return i + 1
		}
	}
	return len(open)
}

// open makes the node of e, empty. Labels stay with the first node made.
func (e elem) open(labels map[string]bool) opened {
	if e.loop == nil {
		s := &loopir.If{Cond: loopir.CloneExpr(e.cond)}
		if e.branch != nil {
			s.Span = e.branch.Span
		}
		if e.orElse {
			s.Cond = negation(e.cond)
		}
		return opened{e, s, &s.Then}
	}
	s := *e.loop
	s.Lo, s.Hi, s.Body = loopir.CloneExpr(e.lo), loopir.CloneExpr(e.hi), nil
	s.Reduce = slices.Clone(s.Reduce)
	if labels[s.Label] {
		s.Label = ""
	}
	labels[s.Label] = true
	return opened{e, &s, &s.Body}
}

// placeLocals declares the waiting locals where all their uses see them, and
// checks that the others still do.
func (c *Context) placeLocals(leaves []*leaf) error {
	for i, l := range leaves {
		d, ok := l.stmt.(*loopir.Local)
		if !ok {
			continue
		}
		var users []*leaf
		for _, u := range leaves[i+1 : l.last] {
			if u.at != nil && u.mentions(d.Name) {
				users = append(users, u)
			}
		}
		if d.Init != nil {
			users = append([]*leaf{l}, users...)
		}
		if len(users) == 0 {
			continue
		}
		depth := commonDepth(users)
		if d.Init != nil && depth < len(l.at)-1 || !within(l.path, users[0].at[:depth]) {
			return c.Reject(d.Span, "the uses of local %s would no longer be in the loops that it is private to: expand %s first", d.Name, d.Name)
		}
		if d.Init == nil {
			for depth > 0 && within(l.path, users[0].at[:depth-1]) {
				depth-- // no further in than it was
			}
			first := users[0].at[depth]
			*first.body = slices.Insert(*first.body, slices.Index(*first.body, first.stmt), l.stmt)
		}
	}
	return nil
}

// mentions tells whether the leaf or a condition or reduction around it uses
// the array called name.
func (l *leaf) mentions(name string) bool {
	if mentions([]loopir.Stmt{l.stmt}, name) {
		return true
	}
	for _, e := range l.path {
		if e.loop == nil && mentions([]loopir.Stmt{&loopir.If{Cond: e.cond}}, name) {
			return true
		}
	}
	return false
}

// commonDepth tells how many of the nodes around them all leaves share.
func commonDepth(leaves []*leaf) int {
	depth := len(leaves[0].at) - 1
	for _, l := range leaves[1:] {
		n := 0
		for n < depth && n < len(l.at)-1 && l.at[n].stmt == leaves[0].at[n].stmt && sameBranch(l.at[n+1], leaves[0].at[n+1]) {
			n++
		}
		depth = n
	}
	return depth
}

func sameBranch(a, b address) bool { return a.body == b.body }

// within tells whether every loop of path is among the nodes.
func within(path []elem, nodes []address) bool {
	for _, e := range path {
		if e.loop == nil {
			continue
		}
		if !slices.ContainsFunc(nodes, func(a address) bool {
			l, ok := a.stmt.(*loopir.For)
			return ok && l.Iter == e.loop.Iter
		}) {
			return false
		}
	}
	return true
}
