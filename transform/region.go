package transform

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A region is a run of statements and what encloses it.
type region struct {
	body   *[]loopir.Stmt
	around []Scope // of the statements in body
}

// An access is one place in a region that reads or writes an array.
type access struct {
	dims   []loopir.WindowDim // one a dimension; nil Hi is a single index
	stmt   loopir.Stmt
	inner  []Scope // between the region and stmt, outermost first
	reads  bool    // the array's content is used
	writes bool
}

// loops returns the loops among scopes, outermost first.
func loops(scopes []Scope) []*loopir.For {
	var out []*loopir.For
	for _, s := range scopes {
		if l, ok := s.Stmt.(*loopir.For); ok {
			out = append(out, l)
		}
	}
	return out
}

// conditional tells whether a condition stands between the region and the access.
func (a *access) conditional() bool {
	return slices.ContainsFunc(a.inner, func(s Scope) bool { _, ok := s.Stmt.(*loopir.If); return ok })
}

// accesses lists the places in body that touch the array, prefetches left out, in
// textual order: what a statement reads before what it writes.
func (c *Context) accesses(body []loopir.Stmt, a *array) []*access {
	name := a.name
	var out []*access
	scan(body, nil, func(s loopir.Stmt, inner []Scope) {
		at := func(u access) {
			u.stmt, u.inner = s, slices.Clone(inner)
			out = append(out, &u)
		}
		switch s := s.(type) {
		case *loopir.Prefetch:
		case *loopir.Call:
			c.callAccesses(s, a, at)
		case *loopir.Assign:
			readAccesses(s.RHS, name, at)
			for _, i := range s.LHS.Index {
				readAccesses(i, name, at)
			}
			if s.LHS.Name == name {
				at(access{dims: cellDims(s.LHS), reads: s.Op != loopir.Set, writes: true})
			}
		default:
			for _, e := range loopir.StmtExprs(s) {
				readAccesses(e, name, at)
			}
		}
	})
	return out
}

func readAccesses(e loopir.Expr, name string, at func(access)) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok && r.Name == name {
			at(access{dims: cellDims(r), reads: true})
		}
		return true
	})
}

func (c *Context) callAccesses(s *loopir.Call, a *array, at func(access)) {
	callee := c.File.Kernel(s.Kernel)
	for i, arg := range s.Args {
		w, ok := arg.(*loopir.Window)
		if !ok {
			readAccesses(arg, a.name, at)
			continue
		}
		if w.Name != a.name || callee == nil || i >= len(callee.Params) {
			continue
		}
		dir := callee.Params[i].Dir
		at(access{dims: windowDims(w, a.shape), reads: dir != loopir.Out, writes: dir != loopir.In})
	}
}

func cellDims(r *loopir.Read) []loopir.WindowDim {
	dims := make([]loopir.WindowDim, len(r.Index))
	for i, e := range r.Index {
		dims[i].Lo = e
	}
	return dims
}

// windowDims spells out the dimensions of a window on a whole array of the shape.
func windowDims(w *loopir.Window, shape []loopir.Expr) []loopir.WindowDim {
	if w.Dims != nil {
		return w.Dims
	}
	dims := make([]loopir.WindowDim, len(shape))
	for i, e := range shape {
		dims[i] = loopir.WindowDim{Lo: loopir.NewInt(0), Hi: loopir.CloneExpr(e)}
	}
	return dims
}

// An array is a parameter or a local, as declared.
type array struct {
	name  string
	typ   loopir.Type
	shape []loopir.Expr
	param *loopir.Param // nil for a local
	local *loopir.Local
	scope region // of a local: the statements after its declaration
}

// arraysCalled returns the array parameter called name or all locals called so,
// in textual order.
func (c *Context) arraysCalled(name string) []*array {
	if p := c.Kernel.Param(name); p != nil {
		if p.Kind != loopir.ArrayParam {
			return nil
		}
		return []*array{{name, p.Type, p.Shape, p, nil, region{body: &c.Kernel.Body}}}
	}
	var out []*array
	c.Scan(func(s loopir.Stmt, around []Scope) {
		if l, ok := s.(*loopir.Local); ok && l.Name == name {
			body, at := c.Parent(l)
			rest := (*body)[at+1:]
			out = append(out, &array{name, l.Type, l.Shape, nil, l, region{&rest, slices.Clone(around)}})
		}
	})
	return out
}

// visible returns the array that name means in the body of the innermost of
// around, or nil.
func (c *Context) visible(name string, around []Scope) *array {
	for _, a := range c.arraysCalled(name) {
		if a.param != nil || len(a.scope.around) <= len(around) &&
			slices.Equal(a.scope.around, around[:len(a.scope.around)]) {
			return a
		}
	}
	return nil
}

// noArray explains that tok names no array.
func (c *Context) noArray(tok loopir.Token) *loopir.Error {
	if p := c.Kernel.Param(tok.Text); p != nil {
		return c.Reject(tok.Span, "%s is not an array", tok.Text)
	}
	return c.Reject(tok.Span, "there is no array %s%s", tok.Text, legal("the arrays are", tok.Text, c.arrays()))
}

// arrays lists the names of array parameters and locals, for messages.
func (c *Context) arrays() []string {
	var out []string
	for _, p := range c.Kernel.Params {
		if p.Kind == loopir.ArrayParam {
			out = append(out, p.Name)
		}
	}
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if l, ok := s.(*loopir.Local); ok && !slices.Contains(out, l.Name) {
			out = append(out, l.Name)
		}
	})
	return out
}

// mapCells replaces, in all statements of body but those skipped (nil: none),
// the cells and windows of the array called name by what cell and window
// return. around encloses body.
func mapCells(body []loopir.Stmt, around []Scope, name string, skip func(loopir.Stmt) bool,
	cell func(*loopir.Read, []Scope) *loopir.Read, window func(*loopir.Window, []Scope) *loopir.Window,
) {
	scan(body, around, func(s loopir.Stmt, around []Scope) {
		if skip != nil && skip(s) {
			return
		}
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				switch e := e.(type) {
				case *loopir.Read:
					if e.Name == name {
						return cell(e, around)
					}
				case *loopir.Window:
					if e.Name == name {
						return window(e, around)
					}
				}
				return e
			})
		})
	})
}

// leftOut notes that one of several places that a step names stays as it is.
func (c *Context) leftOut(at loopir.Span, places string, err error) {
	c.Note(at, "one of the %s is left as it is: %s", places, strings.TrimPrefix(plain(err), c.verb()+": "))
}
