package transform

import "github.com/loopopt/loopopt/loopir"

// loopVars are the iterators of the loops among around.
func loopVars(around []Scope) map[string]bool {
	vars := map[string]bool{}
	for _, sc := range around {
		if l, ok := sc.Stmt.(*loopir.For); ok {
			vars[l.Iter] = true
		}
	}
	return vars
}

func (c *Context) dependsOnLoops(e loopir.Expr, around []Scope) bool {
	return uses(e, loopVars(around))
}

// checkVars rejects an expression written in a step that uses a name which has
// no meaning around the place.
func (c *Context) checkVars(e loopir.Expr, around []Scope, at loopir.Span) error {
	known := loopVars(around)
	var names []string
	for _, p := range c.Kernel.Params {
		if p.Kind == loopir.SizeParam {
			known[p.Name] = true
			names = append(names, p.Name)
		}
	}
	for _, sc := range around {
		if l, ok := sc.Stmt.(*loopir.For); ok {
			names = append(names, l.Iter)
		}
	}
	var bad *loopir.Var
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if v, ok := e.(*loopir.Var); ok && !known[v.Name] && bad == nil {
			bad = v
		}
		return bad == nil
	})
	if bad == nil {
		return nil
	}
	if bad.Span.Start.Line != 0 {
		at = bad.Span
	}
	return c.Reject(at, "%s is neither a size nor a loop around this place%s", bad.Name,
		legal("known here are", bad.Name, names))
}

// splitAt puts two copies of l in its place: the first ends at end, the second
// starts at start and is returned.
func (c *Context) splitAt(l *loopir.For, end, start loopir.Expr) *loopir.For {
	second := loopir.CloneStmt(l).(*loopir.For)
	l.Hi, second.Lo = end, start
	c.Replace(l, l, second)
	return second
}

// renumber makes l count over lo..hi by its old step, under the name iter, and
// puts old, an expression over iter, where the old iterator stood.
func (c *Context) renumber(l *loopir.For, iter string, lo, hi, old loopir.Expr) {
	loopir.SubstStmts(l.Body, map[string]loopir.Expr{l.Iter: old})
	l.Iter, l.Lo, l.Hi = iter, loopir.CloneExpr(lo), loopir.CloneExpr(hi)
}

// parseInto reads an optional "into name".
func parseInto(args *loopir.Cursor) (loopir.Token, error) {
	if !args.Accept("into") {
		return loopir.Token{}, nil
	}
	return args.Name()
}
