package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var outline = &Primitive{
	Name:   "outline",
	Syntax: "outline L|S|t as f",
	Doc: `Makes the loop L, the statement labelled S, or all from the declaration of the local t
to its last use, a kernel f of its own and calls it.

	for i in 0..N { for j in 0..K { B[j] += A[i][j] } }
=>	for i in 0..N { f(K, A[i][0..K], B) }                     // outline j as f
	kernel f(K: size, in A: f32[K], inout B: f32[K]) { for j in 0..K { B[j] += A[j] } }

The arguments are the part of each array that the statement touches, the sizes and outer
iterators that it uses, and the scalars that it reads. Further loops called L become calls of f as well where their
bodies are the same but for the arguments. Under a condition that keeps off cells outside of an array it does not
work: there is no window to hand over.`,
	Apply: applyOutline,
}

func applyOutline(c *Context, args *loopir.Cursor) error {
	what, err := c.parsePlace(args)
	if err != nil {
		return err
	}
	if err := args.Expect("as"); err != nil {
		return err
	}
	name, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	if c.File.Kernel(name.Text) != nil {
		return c.Reject(name.Span, "there is a kernel %s already: replace %s by %s calls it", name.Text, what.ref, name.Text)
	}
	if err := c.CheckNewAnywhere(name); err != nil {
		return err
	}
	first := what.stmts[0]
	life := c.lifeOf(first)
	callee, values, err := c.outlined(life, name, what.ref.Name.Span)
	if err != nil {
		return err
	}
	c.File.Kernels = append(c.File.Kernels, callee)
	from, err := c.calleeOrigins(callee.Name, life)
	if err != nil {
		return err
	}
	list, i := c.Parent(first)
	*list = slices.Replace(*list, i, i+len(life), loopir.Stmt(&loopir.Call{Label: labelOf(first), Kernel: callee.Name, Args: values, From: from, Span: first.Source()}))
	for _, s := range what.stmts[1:] {
		if err := c.replaceBy(s, callee, nil, name.Span); err != nil {
			c.leftOut(what.ref.Name.Span, "places "+what.ref.String(), err)
		}
	}
	return nil
}

// A place is what a step names: labelled statements, declarations of a local,
// or loops.
type place struct {
	ref   Ref
	stmts []loopir.Stmt
}

// parsePlace reads a label, the name of a local or a loop reference.
func (c *Context) parsePlace(args *loopir.Cursor) (*place, error) {
	ref, err := ParseRef(args)
	if err != nil {
		return nil, err
	}
	p := &place{ref: ref}
	if ref.Label.Text == "" {
		c.Scan(func(s loopir.Stmt, _ []Scope) {
			if l, ok := s.(*loopir.Local); ok && l.Name == ref.Name.Text || labelOf(s) == ref.Name.Text {
				p.stmts = append(p.stmts, s)
			}
		})
	}
	if len(p.stmts) == 0 {
		loops, err := c.Loops(ref)
		if err != nil {
			return nil, err
		}
		for _, l := range loops {
			p.stmts = append(p.stmts, l.For)
		}
	}
	return p, nil
}

// lifeOf returns the statements that s stands for: of a declaration, all to the
// last use of the local.
func (c *Context) lifeOf(s loopir.Stmt) []loopir.Stmt {
	list, i := c.Parent(s)
	last := i
	if l, ok := s.(*loopir.Local); ok {
		for j := i + 1; j < len(*list); j++ {
			if mentions((*list)[j:j+1], l.Name) {
				last = j
			}
		}
	}
	return slices.Clone((*list)[i : last+1])
}

// outlined builds the kernel for statements that follow one another, and the
// arguments that make it do what they do.
func (c *Context) outlined(old []loopir.Stmt, name loopir.Token, at loopir.Span) (*loopir.Kernel, []loopir.Expr, error) {
	around := c.Around(old[0])
	body := loopir.CloneStmts(old)
	var arrays []*loopir.Param
	windows := map[*loopir.Param]loopir.Expr{}
	var scalars []*loopir.Param
	var values []loopir.Expr
	for _, n := range namesIn(body) {
		a := c.visible(n, around)
		switch p := c.Kernel.Param(n); {
		case p != nil && p.Kind == loopir.ScalarParam, a != nil && a.local != nil && a.local.Shape == nil:
			t := loopir.Invalid
			if p != nil {
				t = p.Type
			} else {
				t = a.typ
			}
			if writesName(body, n) {
				return nil, nil, c.Reject(at, "%s writes the scalar %s, which can't be passed to a kernel", loopRefText(old[0]), n)
			}
			scalars = append(scalars, &loopir.Param{Name: n, Kind: loopir.ScalarParam, Type: t})
			values = append(values, &loopir.Read{Name: n, Type: t})
		case a != nil:
			p, w, err := c.outlinedArray(a, body, around, at)
			if err != nil {
				return nil, nil, err
			}
			arrays = append(arrays, p)
			windows[p] = w
		}
	}
	k := &loopir.Kernel{Name: name.Text, Body: body, Span: name.Span}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Assign:
			s.From = nil
		case *loopir.Call:
			s.From = nil
		}
		return true
	})
	sizes, err := c.outlinedSizes(k, arrays, around, at)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(arrays, func(p, q *loopir.Param) int { return int(p.Dir) - int(q.Dir) })
	k.Params = slices.Concat(sizes, scalars, arrays)
	var args []loopir.Expr
	for _, p := range sizes {
		args = append(args, ivar(p.Name))
	}
	args = append(args, values...)
	for _, p := range arrays {
		args = append(args, windows[p])
	}
	return k, args, nil
}

func loopRefText(s loopir.Stmt) string {
	if l, ok := s.(*loopir.For); ok {
		return "loop " + l.Iter
	}
	return "statement " + labelOf(s)
}
