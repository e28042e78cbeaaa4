package transform

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

var simplify = &Primitive{
	Name:   "simplify",
	Syntax: "simplify [i {, j}]",
	Doc: `Writes loops of at most one iteration without the loop.

	for i in e..e+1 { S(i) }         =>  S(e)
	for i in e..min(n, e+1) { S(i) } =>  if e < n { S(e) }

Everywhere, or in the loops named. (Index expressions and conditions are
simplified after every step.) Always legal.`,
	Apply: applySimplify,
}

func applySimplify(c *Context, args *loopir.Cursor) error {
	named := map[*loopir.For]bool{}
	if args.Peek().Kind != loopir.TokEOF {
		refs, err := ParseRefs(args)
		if err != nil {
			return err
		}
		for _, r := range refs {
			loops, err := c.Loops(r)
			if err != nil {
				return err
			}
			for _, l := range loops {
				named[l.For] = true
			}
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	if !c.single(&c.Kernel.Body, c.shared.Kernel(c.Kernel), named) {
		c.Note(c.Step.Span, "there is nothing to simplify: no loop here is known to run at most once")
	}
	return nil
}

// single removes the loops in body (all, when none is named) that run at most
// once, and tells whether it found one.
func (c *Context) single(body *[]loopir.Stmt, facts poly.Facts, named map[*loopir.For]bool) bool {
	var out []loopir.Stmt
	changed := false
	for _, s := range *body {
		for i, b := range loopir.Bodies(s) {
			changed = c.single(b, Scope{s, i == 1}.enter(facts), named) || changed
		}
		l, ok := s.(*loopir.For)
		if !ok || len(named) > 0 && !named[l] || !facts.Holds(le(trips(l), lit(1))) {
			out = append(out, s)
			continue
		}
		changed = true
		c.renameLocals(l)
		loopir.SubstStmts(l.Body, map[string]loopir.Expr{l.Iter: l.Lo})
		if cond := runs(l, facts); cond == nil {
			out = append(out, l.Body...)
		} else {
			out = append(out, &loopir.If{Cond: cond, Then: l.Body, Span: l.Span})
		}
	}
	*body = out
	return changed
}

// runs is the condition under which l has an iteration, nil when it always has.
func runs(l *loopir.For, facts poly.Facts) loopir.Expr {
	ends := []loopir.Expr{l.Hi}
	if m, ok := l.Hi.(*loopir.Intrinsic); ok && m.Name == "min" {
		ends = m.Args
	}
	var open []loopir.Expr
	for _, e := range ends {
		if cond := lt(l.Lo, e); !facts.Holds(cond) {
			open = append(open, cond)
		}
	}
	return conj(open...)
}

// renameLocals gives new names to the locals of l's body that share theirs with
// another one, so that the body can stand outside of l.
func (c *Context) renameLocals(l *loopir.For) {
	for _, s := range l.Body {
		d, ok := s.(*loopir.Local)
		if !ok || c.declarations(d.Name) == 1 {
			continue
		}
		old := d.Name
		d.Name = c.Fresh(old)
		renameArray(l.Body, old, d.Name)
	}
}

// declarations counts the locals and loops called name.
func (c *Context) declarations(name string) int {
	n := 0
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if declared(s) == name {
			n++
		}
	})
	return n
}
