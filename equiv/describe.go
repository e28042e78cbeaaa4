package equiv

import (
	"slices"
	"sync/atomic"

	"github.com/loopopt/loopopt/loopir"
)

// A value is an expression at an instance of the statement it belongs to.
type value struct {
	e  loopir.Expr // over the iterators of at.s
	at point
	// open is set when the reads of the cell that at.s updates stand for that
	// cell's old content, rather than for whatever it is combined with.
	open bool
}

// index gives index expression e of the statement in terms of the context.
func (v value) index(e loopir.Expr) loopir.Expr { return v.at.env.at(e) }

// A known is what is known while two values are compared.
type known struct {
	hyps    []loopir.Expr // over the variables of the comparison
	depth   int           // of nested reductions; makes fresh names
	budget  int           // computing statements that may still be expanded in place
	fuel    *atomic.Int64 // effort left for the claim, where it is bounded
	wide    bool          // look harder for sources
	onePass bool          // follow copies that go in a circle around it once
	facts   []dataFact    // conditions on data that hold or do not
}

// spend counts one more step of a comparison. It reports false when there have
// been too many, or when nobody waits for the result any more. Work on a claim
// only ever ends early as a whole (checker.matched), so that the outcome does
// not depend on which of several cases was first to spend.
func (c known) spend(p *prover) bool {
	if p.ctx.Err() != nil {
		return false
	}
	return c.fuel == nil || c.fuel.Add(-1-int64(len(c.hyps)/manyHyps)) >= 0
}

// manyHyps is how many hypotheses make a step count as one more: the deeper values are
// followed, the more memory a question takes.
const manyHyps = 20

func (c known) exhausted() bool { return c.fuel != nil && c.fuel.Load() < 0 }

func (c known) with(hyps ...loopir.Expr) known {
	c.hyps = append(c.hyps[:len(c.hyps):len(c.hyps)], hyps...)
	return c
}

// A descKind says where a value comes from once copies are followed.
type descKind uint8

const (
	fromInput   descKind = iota // initial content of an array
	fromNowhere                 // the content of a cell that was never written
	fromValue                   // a computation
	fromNode                    // updates of a cell
)

// A desc describes a value in one part of the instances.
type desc struct {
	guards []loopir.Expr
	kind   descKind

	array *Array        // fromInput, fromNode
	index []loopir.Expr // fromInput, fromNode: the cell
	read  loopir.Span   // fromInput, fromNowhere: where it is read

	val  value // fromValue
	stmt *Stmt // fromValue: the assignment whose value it is, or nil

	node *node // fromNode
}

// literal gives the constant that a desc stands for, or nil.
func (d desc) literal() loopir.Expr {
	if d.kind != fromValue {
		return nil
	}
	e := d.val.e
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Neg {
		e = u.X
	}
	if isLiteral(e) {
		return d.val.e
	}
	return nil
}

// A node is the value of a cell as a read finds it: what init left, then the
// updates in order.
type node struct {
	side    *side
	cell    *loopir.Read // the read, at at
	at      point
	init    *Stmt // nil: initial content
	initEnv Env
	updates []*Stmt
}

// describe finds where the value of v, a read, comes from. Copies are followed.
func (sd *side) describe(v value, ctx known) ([]desc, *failure) {
	return sd.follow(v, ctx, nil, false)
}

// lastUpdate describes the value of a node as what its last update computed.
func (n *node) lastUpdate(ctx known) ([]desc, *failure) {
	return n.side.follow(value{e: n.cell, at: n.at}, ctx, nil, true)
}

func (sd *side) follow(v value, ctx known, path []*Stmt, last bool) ([]desc, *failure) {
	r := v.e.(*loopir.Read)
	a := sd.prog.Array(r.Name)
	if a == nil {
		return nil, failf(r.Span, "%s is not declared", r.Name)
	}
	if len(sd.sets[r.Name]) == 0 && len(sd.updates[r.Name]) == 0 {
		return []desc{initial(a, v, r)}, nil
	}
	f := sd.flowOf(v.at.s, r, last, ctx.wide)
	if f.err != nil {
		return nil, f.err
	}
	var out []desc
	for _, p := range f.pieces {
		if !ctx.spend(sd.proof) {
			return nil, tooMany(r.Span)
		}
		guards := atAll(v.at.env, p.guards)
		in := ctx.with(guards...)
		if len(f.pieces) > 1 && sd.proof.impossible("source/none", r.Span, in.hyps) {
			continue
		}
		ds, err := sd.origin(v, r, a, p, in, path)
		if err != nil {
			return nil, err
		}
		for _, d := range ds {
			d.guards = append(guards[:len(guards):len(guards)], d.guards...)
			out = append(out, d)
		}
	}
	return out, nil
}

// origin describes one piece of a read.
func (sd *side) origin(v value, r *loopir.Read, a *Array, p piece, ctx known, path []*Stmt) ([]desc, *failure) {
	env := p.env.in(v.at.env)
	switch {
	case len(p.updates) > 0:
		n := &node{side: sd, cell: r, at: v.at, init: p.src, initEnv: env, updates: p.updates}
		return []desc{{kind: fromNode, array: a, index: atAll(v.at.env, r.Index), node: n}}, nil
	case p.src == nil:
		return []desc{initial(a, v, r)}, nil
	}
	return sd.written(point{p.src, env}, ctx, path)
}

// written describes the value that an assignment writes.
func (sd *side) written(w point, ctx known, path []*Stmt) ([]desc, *failure) {
	e := sd.effects[w.s.index]
	val := desc{kind: fromValue, val: value{e.value, w, e.kind != notFold}, stmt: w.s}
	c := copied(w.s)
	if c == nil || sd.keep[w.s] {
		return []desc{val}, nil
	}
	if slices.Contains(path, w.s) { // copies in a circle: leave it to whoever can match this one
		return []desc{val}, nil
	}
	if !ctx.onePass {
		if ds := sd.passedOn(w.s); ds != nil {
			return atInstance(ds, w.env), nil
		}
	}
	return sd.followCopied(value{e: c, at: w}, ctx, append(path[:len(path):len(path)], w.s))
}

func initial(a *Array, v value, r *loopir.Read) desc {
	d := desc{kind: fromInput, array: a, index: atAll(v.at.env, r.Index), read: r.Span}
	if !a.IsInput() {
		d.kind = fromNowhere
	}
	return d
}

// without drops the updates of n that never happen under ctx. If that leaves
// none, the value is what the updates would have started from.
func (n *node) without(ctx known) ([]desc, bool, *failure) {
	groups := n.groups("!w")
	keep := make([]bool, len(groups))
	var asks []func()
	for i := range groups {
		asks = append(asks, func() {
			hyps := append(ctx.hyps[:len(ctx.hyps):len(ctx.hyps)], groups[i].conds...)
			keep[i] = !n.side.proof.impossible("source/no-update", n.cell.Span, hyps)
		})
	}
	together(asks...)
	fewer := *n
	fewer.updates = nil
	for i, g := range groups {
		if keep[i] {
			fewer.updates = append(fewer.updates, g.s)
		}
	}
	if len(fewer.updates) == 0 {
		ds, f := n.initial(ctx)
		return ds, true, f
	}
	d := desc{kind: fromNode, array: n.side.prog.Array(n.cell.Name), index: atAll(n.at.env, n.cell.Index), node: &fewer}
	return []desc{d}, len(fewer.updates) < len(n.updates), nil
}
