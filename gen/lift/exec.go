package lift

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A scope is what is known at a place: for polynomials, and for the solver.
type scope struct {
	facts   poly.Facts
	hyps    []loopir.Expr
	volumes []poly.Poly // products of extents that are at most mostCells
}

func (s scope) assume(c loopir.Expr) scope {
	return scope{s.facts.Assume(c), append(s.hyps[:len(s.hyps):len(s.hyps)], c), s.volumes}
}

func (s scope) enter(l *loopir.For) scope {
	it := loopir.NewVar(l.Iter)
	return scope{s.facts.Enter(l), append(s.hyps[:len(s.hyps):len(s.hyps)], loopir.Bin(loopir.Ge, it, l.Lo), loopir.Bin(loopir.Lt, it, l.Hi)), s.volumes}
}

// A vec is what a vector or mask register holds in one part of a block: the value
// of a lane as a function of the number of the lane.
type vec struct {
	kind  vecKind
	lanes int
	bits  int         // of a lane; of a mask, 0
	rest  bool        // of a mask: nothing is on beyond its lanes
	e     loopir.Expr // over the lane variable; Bool in masks, also Index in vectors of integers
}

type vecKind uint8

const (
	noVec  vecKind = iota // nothing known
	stored                // in the local of the web
	value
)

// A caller is the Go code around an assembly function, to which the function's
// cells, names and obligations belong.
type caller interface {
	// cell turns a flat offset, counted in elements, into a cell.
	cell(array string, flat poly.Poly, elem loopir.Type, sc scope) (*loopir.Read, error)
	// elem is the type of an array's elements.
	elem(array string) loopir.Type
	// compares tells whether the kernel compares numbers so.
	compares(op loopir.Op) bool
	// extremes tells whether it has a minimum or maximum of a type.
	extremes(t loopir.Type) bool
	// branches tells whether the kernel has statements under conditions on data.
	branches() bool
	// longest is how many steps of a class one expression of the kernel has, at most.
	longest(class string) int
	// fresh gives a name that nothing else has.
	fresh(base string) string
	// enter gives a name for an iterator, which only loops beside it may have too,
	// and leave ends its scope.
	enter(base string) string
	leave(name string)
	// oblige notes a condition that the lifting rests on.
	oblige(at loopir.Span, what string, sc scope, goal loopir.Expr)
}

// span is where a line of the assembly stands.
func (l *lifter) span(line int) loopir.Span {
	return loopir.Span{File: l.text.Name, Start: loopir.Pos{Line: line, Col: 1}}
}

// A lifter executes one call of an assembly function on symbols.
type lifter struct {
	frame
	text  *asm.File
	call  caller
	lane  string
	tree  []*node
	webs  *webs
	names map[key]string // of webs
	where map[key][]int  // region in which a web is declared
	elems map[string]loopir.Type
	width map[string]int
	vecs  map[string]vec
	sc    scope
	block *node
	at    int    // the instruction of the block under way
	out   []item // of the block, in order
	runs  int
	tiles map[string]*tile // where the locals of webs are that became cells of one array
	all   []*tile
	seen  map[string]bool // locals that statements name already
	iters []string        // of rolled loops, outermost first
}

// An item is a lane statement: dst = val for each lane, where cond holds.
type item struct {
	dst   *loopir.Read // over the lane variable; nil for a load that is only to be in bounds
	lanes int
	cond  loopir.Expr // nil: always
	val   loopir.Expr
	line  int
	local int // > 0: dst is a new local of so many lanes
}

// lift gives the statements that a call of fn amounts to.
func liftCall(file *asm.File, fn *asm.Func, args map[string]arg, param string, c caller, sc scope) ([]loopir.Stmt, error) {
	tree, err := shape(file, fn)
	if err != nil {
		return nil, err
	}
	l := &lifter{
		frame: frame{file: file.Name, arch: file.Arch, fn: fn, args: args, name: param},
		text:  file, call: c, lane: c.fresh("l"), tree: tree, webs: findWebs(tree), names: map[key]string{}, where: map[key][]int{},
		elems: map[string]loopir.Type{}, width: map[string]int{}, vecs: map[string]vec{}, sc: sc,
		tiles: map[string]*tile{}, seen: map[string]bool{},
	}
	l.compare = l.exact
	l.nameWebs(tree)
	m := &machine{words: map[string]word{}}
	body, err := l.list(tree, m, 0)
	if err != nil {
		return nil, err
	}
	return l.declare(0, body), nil
}

// exact demands that numbers which are compared are what the registers hold: they
// fit in 64 bits.
func (l *lifter) exact(in *asm.Inst, x, y poly.Poly) {
	for _, p := range []poly.Poly{x, y} {
		fits(l.call, l.span(in.Line), l.sc, p)
	}
}

func fits(c caller, at loopir.Span, sc scope, p poly.Poly) {
	if k, ok := p.Const(); ok && k.IsInt64() {
		return
	}
	e := p.Expr()
	if sc.fits(e) {
		return
	}
	lo, hi := poly.Const(machineLow).Expr(), poly.Const(machineHigh).Expr()
	c.oblige(at, "int64", sc, loopir.Bin(loopir.And, loopir.Bin(loopir.Le, lo, e), loopir.Bin(loopir.Le, e, hi)))
}

// nameWebs names the webs that cross blocks, in textual order, and finds the
// region that holds all of a web's definitions and uses.
func (l *lifter) nameWebs(tree []*node) {
	live := map[key]bool{}
	note := func(root key, block int) {
		p := l.webs.path[block]
		old, ok := l.where[root]
		if !ok {
			l.where[root] = p
			return
		}
		n := 0
		for n < len(old) && n < len(p) && old[n] == p[n] {
			n++
		}
		l.where[root] = old[:n]
	}
	for u, ds := range l.webs.uses {
		root := l.webs.find(ds[0])
		live[root] = true
		note(root, u.block)
	}
	for d := range l.webs.defs {
		if live[l.webs.find(d)] {
			note(l.webs.find(d), d.block)
		}
	}
	var walk func(list []*node)
	walk = func(list []*node) {
		for _, n := range list {
			for _, in := range n.insts {
				_, w := effects(in)
				d := key{n.id, w}
				if root := l.webs.find(d); l.webs.defs[d] && live[root] && l.names[root] == "" {
					l.names[root] = l.call.fresh(strings.ToLower(w))
				}
			}
			walk(n.body)
			walk(n.orElse)
		}
	}
	walk(tree)
}

// declare puts the locals of a region in front of its statements.
func (l *lifter) declare(region int, body []loopir.Stmt) []loopir.Stmt {
	var decls []loopir.Stmt
	for _, t := range l.all {
		if t.region == region {
			decls = append(decls, t.local(l))
		}
	}
	for root, path := range l.where {
		name := l.names[root]
		if path[len(path)-1] != region || l.elems[name] == loopir.Invalid || l.tiles[name] != nil {
			continue
		}
		decls = append(decls, &loopir.Local{Name: name, Type: l.elems[name], Shape: []loopir.Expr{loopir.NewInt(int64(l.width[name]))}, Mem: loopir.Registers})
	}
	sortLocals(decls)
	return append(decls, body...)
}

// list executes nodes and gives the statements they amount to.
func (l *lifter) list(list []*node, m *machine, region int) ([]loopir.Stmt, error) {
	var out []loopir.Stmt
	for _, n := range list {
		var s []loopir.Stmt
		var err error
		switch n.kind {
		case blockNode:
			s, err = l.straight(n, m)
		case loopNode:
			s, err = l.loop(n, m)
		case branchNode:
			s, err = l.branch(n, m)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s...)
	}
	return out, nil
}

// written collects the registers and slots that nodes change.
func written(list []*node, words, vecs map[string]bool) {
	for _, n := range list {
		for _, in := range n.insts {
			if _, v := effects(in); v != "" {
				vecs[v] = true
			}
			e, _ := insn.Lookup(in.Op)
			if e == nil || e.Kind < insn.MoveInt || len(in.Args) == 0 {
				continue
			}
			switch last := in.Args[len(in.Args)-1]; {
			case last.Kind == asm.Reg && vectorName(last.Reg) == "":
				words[last.Reg] = true
			case last.Kind == asm.Slot:
				words[fmt.Sprintf("slot%d", last.Off)] = true
			}
		}
		written(n.body, words, vecs)
		written(n.orElse, words, vecs)
	}
}

// dry executes the general instructions only.
func (l *lifter) dry(list []*node, m *machine) error {
	for _, n := range list {
		switch n.kind {
		case blockNode:
			for _, in := range n.insts {
				if _, err := l.general(m, in); err != nil {
					return err
				}
			}
		case loopNode:
			c, err := l.count(n, m)
			if err != nil {
				return err
			}
			c.exit(m)
		case branchNode:
			cond, err := l.condition(m, n.end)
			if err != nil {
				return err
			}
			other := m.clone()
			if err := l.dry(n.body, m); err != nil {
				return err
			}
			if err := l.dry(n.orElse, other); err != nil {
				return err
			}
			l.merge(m, other, cond)
		}
	}
	return nil
}
