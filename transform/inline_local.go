package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// inlineLocal replaces the reads of a local by what its one assignment gives.
func (c *Context) inlineLocal(l *loopir.Local, name loopir.Token) error {
	body, at := c.Parent(l)
	around := c.Around(l)
	rest := (*body)[at+1:]
	a := &array{name: l.Name, typ: l.Type, shape: l.Shape, local: l}
	value, inner, set, err := c.definition(a, rest, name)
	if err != nil {
		return err
	}
	var failed error
	scan(rest, around, func(s loopir.Stmt, around []Scope) {
		if s == loopir.Stmt(set) {
			return
		}
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				r, ok := e.(*loopir.Read)
				if !ok || r.Name != l.Name || failed != nil {
					return e
				}
				v, err := c.valueAt(value, inner, set, r, around)
				if err != nil {
					failed = err
					return e
				}
				return v
			})
		})
	})
	if failed != nil {
		return failed
	}
	if set != nil {
		c.removeStmt(set, body)
	}
	c.Replace(l)
	return nil
}

// definition finds the assignment that gives local a its value; a scalar may
// have it from its declaration.
func (c *Context) definition(a *array, rest []loopir.Stmt, name loopir.Token) (value loopir.Expr, inner []Scope, set *loopir.Assign, err error) {
	value = a.local.Init
	for _, x := range c.accesses(rest, a) {
		_, isCall := x.stmt.(*loopir.Call)
		switch s, ok := x.stmt.(*loopir.Assign); {
		case isCall:
			return nil, nil, nil, c.Reject(name.Span, "%s is passed to a kernel: inline the call first", a.name).Note(x.stmt.Source(), "here")
		case !x.writes:
		case !ok || s.Op != loopir.Set || value != nil:
			return nil, nil, nil, c.Reject(name.Span, "%s is not set by one statement, once a cell", a.name).Note(x.stmt.Source(), "it is changed here")
		default:
			value, inner, set = s.RHS, x.inner, s
		}
	}
	switch {
	case value == nil:
		return nil, nil, nil, c.Reject(name.Span, "%s is never set", a.name)
	case set != nil && readsArray(value, a.name):
		return nil, nil, nil, c.Reject(name.Span, "%s is computed from itself", a.name).Note(set.Span, "here")
	}
	return value, inner, set, nil
}

func readsArray(e loopir.Expr, name string) bool {
	found := false
	readAccesses(e, name, func(access) { found = true })
	return found
}

// valueAt is the value that cell r of the local has, for a read inside around.
func (c *Context) valueAt(value loopir.Expr, inner []Scope, set *loopir.Assign, r *loopir.Read, around []Scope) (loopir.Expr, error) {
	m := map[string]loopir.Expr{}
	if set != nil {
		for d, e := range set.LHS.Index {
			it, offset := c.iteratorOf(e, inner, m)
			if it == "" {
				if c.dependsOnLoops(e, inner) {
					return nil, c.Reject(set.Span, "index %s of %s is not an iterator plus a constant", loopir.FormatExpr(e), r.Name)
				}
				continue
			}
			m[it] = c.Simplify(minus(r.Index[d], offset), around)
		}
		shared := loopVars(around)
		for _, l := range loops(inner) {
			if m[l.Iter] == nil && !shared[l.Iter] && loopir.UsesVar(value, l.Iter) {
				return nil, c.Reject(set.Span, "%s is set in every iteration of %s again", r.Name, l.Iter)
			}
		}
	}
	return loopir.MapExpr(loopir.Subst(value, m), func(e loopir.Expr) loopir.Expr {
		if cell, ok := e.(*loopir.Read); ok {
			for d := range cell.Index {
				cell.Index[d] = c.Simplify(cell.Index[d], around)
			}
		}
		return e
	}), nil
}

// iteratorOf takes e apart into an iterator of the inner loops and a rest that
// none of them moves.
func (c *Context) iteratorOf(e loopir.Expr, inner []Scope, done map[string]loopir.Expr) (string, loopir.Expr) {
	for _, l := range loops(inner) {
		if done[l.Iter] != nil || !loopir.UsesVar(e, l.Iter) {
			continue
		}
		rest := c.Simplify(minus(e, ivar(l.Iter)), inner)
		if !c.dependsOnLoops(rest, inner) {
			return l.Iter, rest
		}
	}
	return "", nil
}

// removeStmt takes s out of body and with it the loops and conditions that it
// leaves empty.
func (c *Context) removeStmt(s loopir.Stmt, body *[]loopir.Stmt) {
	for {
		up := c.enclosing(s)
		list, i := c.Parent(s)
		*list = slices.Delete(*list, i, i+1)
		if up == nil || list == body {
			return
		}
		if f, ok := up.(*loopir.If); len(*list) > 0 || ok && len(f.Then)+len(f.Else) > 0 {
			return
		}
		s = up
	}
}
