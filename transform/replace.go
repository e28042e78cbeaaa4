package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var replace = &Primitive{
	Name:   "replace",
	Syntax: "replace L|S|t by f[(args)]",
	Doc: `Puts a call of the kernel f in the place of the loop L, of the statement labelled S or
of the declaration of the local t (and of as many statements after it as f's body has),
when these are f's body for some arguments.

	kernel axpy(K: size, alpha: f32, in A: f32[K], inout B: f32[K]) {
		for j in 0..K { B[j] += alpha*A[j] }
	}
	for i in 0..N { for j in 0..M { C[i][j] += x*D[j][i] } }
=>	for i in 0..N { axpy(M, x, D[0..M][i], C[i][0..M]) }      // replace j by axpy

The arguments are found by matching: loops in the same order with the same extents,
the same operators in the same order, and indices that differ by what the call's windows
can express. Where they can't be found (a size that f only uses in a product, say) they
are written out: replace j by axpy(M, x, D[0..M][i], C[i][0..M]). With them f may be another
algorithm for what L or S computes, which the proof of the step has to find equal.`,
	Apply: applyReplace,
}

func applyReplace(c *Context, args *loopir.Cursor) error {
	what, err := c.parsePlace(args)
	if err != nil {
		return err
	}
	if err := args.Expect("by"); err != nil {
		return err
	}
	name, err := args.Name()
	if err != nil {
		return err
	}
	callee := c.File.Kernel(name.Text)
	if callee == nil {
		var names []string
		for _, k := range c.File.Kernels {
			names = append(names, k.Name)
		}
		return c.Reject(name.Span, "there is no kernel %s%s", name.Text, legal("the kernels are", name.Text, names))
	}
	var given []loopir.Expr
	if args.Accept("(") {
		if given, err = c.parseArguments(args, callee); err != nil {
			return err
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	var failed []error
	for _, s := range what.stmts {
		if c.Around(s) == nil && !slices.Contains(c.Kernel.Body, s) {
			continue // part of what has been replaced already
		}
		if err := c.replaceBy(s, callee, given, name.Span); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == len(what.stmts) {
		return failed[0]
	}
	for _, err := range failed {
		c.leftOut(what.ref.Name.Span, "places "+what.ref.String(), err)
	}
	return nil
}

// parseArguments reads the arguments of a call up to the closing parenthesis.
func (c *Context) parseArguments(args *loopir.Cursor, callee *loopir.Kernel) ([]loopir.Expr, error) {
	var out []loopir.Expr
	for i, p := range callee.Params {
		if i > 0 {
			if err := args.Expect(","); err != nil {
				return nil, err
			}
		}
		if p.Kind == loopir.ArrayParam {
			w, err := args.Window(c.Params)
			if err != nil {
				return nil, err
			}
			w.Type = p.Type
			out = append(out, w)
			continue
		}
		e, err := args.Expr(c.Params)
		if err != nil {
			return nil, err
		}
		if v, ok := e.(*loopir.Var); ok && p.Kind == loopir.ScalarParam {
			e = &loopir.Read{Name: v.Name, Type: p.Type, Span: v.Span}
		}
		out = append(out, e)
	}
	return out, args.Expect(")")
}

// replaceBy puts a call of callee in the place of s and what follows it; given
// are the arguments, or nil to find them.
func (c *Context) replaceBy(s loopir.Stmt, callee *loopir.Kernel, given []loopir.Expr, at loopir.Span) error {
	if callee.Name == c.Kernel.Name {
		return c.Reject(at, "%s can't call itself", callee.Name)
	}
	u := newUnifier(c, callee, c.Around(s), at)
	if given != nil {
		if err := u.give(given); err != nil {
			return err
		}
	}
	list, i := c.Parent(s)
	n, err := c.unifyBody(u, callee, *list, i)
	if _, declares := s.(*loopir.Local); err != nil && given != nil && !declares {
		call := &loopir.Call{Label: labelOf(s), Kernel: callee.Name, Args: given, Span: s.Source()}
		*list = slices.Replace(*list, i, i+1, loopir.Stmt(call))
		return nil
	}
	if err != nil {
		return err
	}
	args, err := u.arguments()
	if err != nil {
		return err
	}
	call := &loopir.Call{Label: labelOf(s), Kernel: callee.Name, Args: args, From: u.origins(), Span: s.Source()}
	*list = slices.Replace(*list, i, i+n, loopir.Stmt(call))
	return nil
}

// unifyBody matches the statements from i on with callee's body, and tells how many they are.
func (c *Context) unifyBody(u *unifier, callee *loopir.Kernel, list []loopir.Stmt, i int) (int, error) {
	inlined, err := c.inlinedBody(callee)
	if err != nil {
		return 0, err
	}
	n := len(callee.Body)
	for _, b := range callee.Body {
		if _, ok := b.(*loopir.Let); ok {
			n--
		}
	}
	if n == 0 || i+n > len(list) {
		return 0, c.Reject(list[i].Source(), "%s has %d statements, and there are %d from here on", callee.Name, n, len(list)-i)
	}
	region, err := c.File.InlineCalls(&loopir.Kernel{Body: loopir.CloneStmts(list[i : i+n])})
	if err != nil {
		return 0, err
	}
	return n, u.stmts(inlined, region.Body)
}

func (c *Context) inlinedBody(k *loopir.Kernel) ([]loopir.Stmt, error) {
	in := k.Clone()
	in.InlineLets()
	in, err := c.File.InlineCalls(in)
	if err != nil {
		return nil, err
	}
	return in.Body, nil
}
