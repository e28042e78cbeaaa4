package transform

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

var expand = &Primitive{
	Name:   "expand",
	Syntax: "expand t by i, j.. [in registers|stack|heap]",
	Doc: `Moves a local out of a loop and gives it one cell for each iteration, so that what
the iterations computed outlives them; the loop can then be cut in two or reordered.

	for i in 0..N { var t: f32; t = A[i]; B[i] = t*t }
=>	var t: f32[N]                                      // expand t by i
	for i in 0..N { t[i] = A[i]; B[i] = t[i]*t[i] }

Each loop is around the declaration, and the first is the innermost one. Extents of t
that vary in the loop are replaced by their upper bounds. All copies of t that are in
loops of this name are expanded, as those of main loop and tail after tail peel; where
the tail has loops of its own names, it takes a step of its own: expand t by i2. With in,
it lives there; registers need constant extents.`,
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
	mem, moves := loopir.Mem(0), args.Accept("in")
	if moves {
		if mem, err = c.parseMem(args); err != nil {
			return err
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	locals, err := c.localsCalled(name)
	if err != nil {
		return err
	}
	for _, it := range by {
		var stay []*loopir.Local // copies in loops that have another name, as after tail peel into
		for i, l := range locals {
			if c.loopAround(l, it.Text) < 0 {
				stay = append(stay, l)
				continue
			}
			if moves {
				l.Mem = mem
			}
			if locals[i], err = c.expand(l, name, it); err != nil {
				return err
			}
		}
		if len(stay) == len(locals) {
			return c.Reject(it.Span, "there is no loop %s around the declaration of %s%s", it.Text, name.Text, legal("around it are", it.Text, c.itersAround(stay[0]))).
				Note(stay[0].Span, "declared here")
		}
		for _, l := range stay {
			c.Note(l.Span, "the %s in no loop %s stays as it is; around it are %s", name.Text, it.Text, strings.Join(c.itersAround(l), ", "))
		}
	}
	return nil
}

// loopAround is the place of the innermost loop called name among what is around a local,
// -1 if there is none.
func (c *Context) loopAround(local *loopir.Local, name string) int {
	around := c.Around(local)
	for i := len(around) - 1; i >= 0; i-- {
		if l, ok := around[i].Stmt.(*loopir.For); ok && l.Iter == name {
			return i
		}
	}
	return -1
}

// itersAround lists the loops around a local, outermost first.
func (c *Context) itersAround(local *loopir.Local) []string {
	var out []string
	for _, s := range c.Around(local) {
		if l, ok := s.Stmt.(*loopir.For); ok {
			out = append(out, l.Iter)
		}
	}
	return out
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
	at := c.loopAround(local, it.Text)
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
