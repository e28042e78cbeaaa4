package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var expand = &Primitive{
	Name:   "expand",
	Syntax: "expand t by i, j..",
	Doc: `Moves a local out of a loop and gives it one cell for each iteration, so that what
the iterations computed outlives them; the loop can then be cut in two or reordered.

	for i in 0..N { var t: f32; t = A[i]; B[i] = t*t }
=>	var t: f32[N]                                      // expand t by i
	for i in 0..N { t[i] = A[i]; B[i] = t[i]*t[i] }

Each loop is around the declaration, and the first is the innermost one. Extents of t
that vary in the loop are replaced by their upper bounds.`,
	Apply: applyExpand,
}

func applyExpand(c *Context, args *loopir.Cursor) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Expect("by"); err != nil {
		return err
	}
	by, err := args.Names()
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	locals, err := c.localsCalled(name)
	if err != nil {
		return err
	}
	for _, it := range by {
		for i, l := range locals {
			if locals[i], err = c.expand(l, name, it); err != nil {
				return err
			}
		}
	}
	return nil
}

// localsCalled returns the locals that tok names, at least one.
func (c *Context) localsCalled(tok loopir.Token) ([]*loopir.Local, error) {
	var out []*loopir.Local
	for _, a := range c.arraysCalled(tok.Text) {
		if a.local == nil {
			return nil, c.Reject(tok.Span, "%s is a parameter, not a local", tok.Text)
		}
		out = append(out, a.local)
	}
	if len(out) == 0 {
		return nil, c.Reject(tok.Span, "there is no local %s%s", tok.Text, legal("the arrays are", tok.Text, c.arrays()))
	}
	return out, nil
}

// expand moves one local out of the loop over it, the innermost around.
func (c *Context) expand(local *loopir.Local, name, it loopir.Token) (*loopir.Local, error) {
	around := c.Around(local)
	at := slices.IndexFunc(around, func(s Scope) bool { l, ok := s.Stmt.(*loopir.For); return ok && l.Iter == it.Text })
	if at < 0 {
		return nil, c.Reject(it.Span, "there is no loop %s around the declaration of %s", it.Text, name.Text).
			Note(local.Span, "declared here")
	}
	l := around[at].Stmt.(*loopir.For)
	outside, inside := around[:at], around[at:]
	out := &loopir.Local{Name: local.Name, Type: local.Type, Mem: local.Mem, Span: local.Span}
	for _, e := range append([]loopir.Expr{trips(l)}, local.Shape...) {
		size, err := c.outerSize(e, outside, inside, local.Mem, name)
		if err != nil {
			return nil, err
		}
		out.Shape = append(out.Shape, size)
	}
	if c.declaredBeside(local.Name, l, local) {
		out.Name = c.Fresh(local.Name)
		c.Note(local.Span, "the local %s of loop %s is called %s", local.Name, it.Text, out.Name)
	}
	index := c.Simplify(quot(minus(ivar(l.Iter), l.Lo), step(l)), around)
	body, i := c.Parent(local)
	mapCells((*body)[i+1:], around, local.Name, nil, func(r *loopir.Read, _ []Scope) *loopir.Read {
		r.Name = out.Name
		r.Index = append([]loopir.Expr{loopir.CloneExpr(index)}, r.Index...)
		return r
	}, func(w *loopir.Window, _ []Scope) *loopir.Window {
		w.Dims = append([]loopir.WindowDim{{Lo: loopir.CloneExpr(index)}}, windowDims(w, local.Shape)...)
		w.Name = out.Name
		return w
	})
	if local.Init != nil {
		(*body)[i] = &loopir.Assign{LHS: &loopir.Read{Name: out.Name, Index: []loopir.Expr{index}, Type: out.Type}, RHS: local.Init, Span: local.Span}
	} else {
		*body = slices.Delete(*body, i, i+1)
	}
	c.Replace(l, out, l)
	return out, nil
}

// outerSize is an extent of a local inside, as one that holds outside.
func (c *Context) outerSize(e loopir.Expr, outside, inside []Scope, mem loopir.Mem, name loopir.Token) (loopir.Expr, error) {
	around := append(slices.Clip(outside), inside...)
	size := c.Simplify(e, outside)
	if c.dependsOnLoops(size, inside) {
		if size = extreme(e, loops(inside), true, c.Facts(around)); size == nil {
			return nil, c.Reject(name.Span, "the extent %s of %s has no bound outside of the loop", loopir.FormatExpr(e), name.Text)
		}
	}
	if !c.Holds(le(lit(0), size), outside) {
		size = c.Simplify(maxOf(lit(0), size), outside)
	}
	if _, ok := size.(*loopir.Int); !ok && mem == loopir.Registers {
		return nil, c.Reject(name.Span, "%s lives in registers, which need constant extents, not %s", name.Text, loopir.FormatExpr(size))
	}
	return size, nil
}

// declaredBeside tells whether a statement in the list that holds s, or inside
// of one, declares name, so that a local beside s would clash with it; except
// is left out.
func (c *Context) declaredBeside(name string, s, except loopir.Stmt) bool {
	list, _ := c.Parent(s)
	found := false
	loopir.Walk(*list, func(s loopir.Stmt) bool {
		found = found || s != except && declared(s) == name
		return !found
	})
	return found
}
