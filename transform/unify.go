package transform

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A unifier finds the arguments for which a kernel's body does what some
// statements do. Matching the two as trees yields equations between index
// expressions of the kernel, over its sizes and iterators, and of the statements;
// the sizes are their unknowns.
type unifier struct {
	c       *Context
	callee  *loopir.Kernel
	around  []Scope // of the statements
	inner   []Scope // loops of the statements, as they are met
	at      loopir.Span
	vars    map[string]loopir.Expr // callee's iterators in terms of the statements', its sizes as unknowns
	names   map[string]loopir.Expr // callee's iterators as the call's Origins name them, its sizes as unknowns
	back    map[string]loopir.Expr // the statements' iterators in these terms
	own     map[string]bool        // iterators of the statements
	sizes   map[string]poly.Poly   // found values of unknowns
	scalars map[string]loopir.Expr
	locals  map[string]string // callee's locals
	cells   map[string][]cellPair
	windows map[string]*loopir.Window // given or found
	eqs     []equation
	from    []*loopir.Origin
}

// An equation says that a callee's index expression has a value.
type equation struct {
	callee, value loopir.Expr
	inner         []Scope
}

// A cellPair is an access of a callee's array parameter and what it stands for.
type cellPair struct {
	callee, value *loopir.Read
	inner         []Scope
}

func newUnifier(c *Context, callee *loopir.Kernel, around []Scope, at loopir.Span) *unifier {
	u := &unifier{
		c: c, callee: callee, around: around, at: at,
		vars: map[string]loopir.Expr{}, names: map[string]loopir.Expr{}, back: map[string]loopir.Expr{},
		own: map[string]bool{}, sizes: map[string]poly.Poly{},
		scalars: map[string]loopir.Expr{}, locals: map[string]string{}, cells: map[string][]cellPair{}, windows: map[string]*loopir.Window{},
	}
	for _, p := range callee.Params {
		if p.Kind == loopir.SizeParam {
			u.vars[p.Name], u.names[p.Name] = ivar(unknownSize(p.Name)), ivar(unknownSize(p.Name))
		}
	}
	return u
}

func (u *unifier) fail(at loopir.Span, format string, args ...any) error {
	return u.c.Reject(at, "this is not %s: %s", u.callee.Name, fmt.Sprintf(format, args...)).Note(u.callee.Span, "%s is here", u.callee.Name)
}

// give takes the arguments as known.
func (u *unifier) give(args []loopir.Expr) error {
	for i, p := range u.callee.Params {
		switch p.Kind {
		case loopir.SizeParam:
			if err := u.c.checkVars(args[i], u.around, u.at); err != nil {
				return err
			}
			v, err := poly.FromExpr(args[i])
			if err != nil {
				return err
			}
			u.sizes[unknownSize(p.Name)] = v
		case loopir.ScalarParam:
			u.scalars[p.Name] = args[i]
		case loopir.ArrayParam:
			w := args[i].(*loopir.Window)
			a := u.c.visible(w.Name, u.around)
			if a == nil {
				return u.c.noArray(loopir.Token{Text: w.Name, Span: w.Span})
			}
			dims := windowDims(w, a.shape)
			if len(dims) != len(a.shape) {
				return u.c.Reject(w.Span, "%s has %d dimensions, not %d", w.Name, len(a.shape), len(dims))
			}
			for _, d := range dims {
				if err := u.c.checkVars(d.Lo, u.around, w.Span); err != nil {
					return err
				}
			}
			u.windows[p.Name] = w
		}
	}
	return nil
}

func (u *unifier) stmts(callee, value []loopir.Stmt) error {
	if len(callee) != len(value) {
		at := u.at
		if len(value) > 0 {
			at = value[0].Source()
		}
		return u.fail(at, "%d statements here, %d there", len(value), len(callee))
	}
	for i := range callee {
		if err := u.stmt(callee[i], value[i]); err != nil {
			return err
		}
	}
	return nil
}

func (u *unifier) stmt(x, y loopir.Stmt) error {
	switch x := x.(type) {
	case *loopir.For:
		if y, ok := y.(*loopir.For); ok {
			return u.loop(x, y)
		}
	case *loopir.If:
		y, ok := y.(*loopir.If)
		if !ok {
			break
		}
		if err := u.expr(x.Cond, y.Cond); err != nil {
			return err
		}
		return u.branches(x, y)
	case *loopir.Local:
		y, ok := y.(*loopir.Local)
		if !ok || x.Type != y.Type || len(x.Shape) != len(y.Shape) || (x.Init == nil) != (y.Init == nil) {
			break
		}
		u.locals[x.Name] = y.Name
		for i := range x.Shape {
			u.equal(x.Shape[i], y.Shape[i])
		}
		if x.Init != nil {
			return u.expr(x.Init, y.Init)
		}
		return nil
	case *loopir.Assign:
		y, ok := y.(*loopir.Assign)
		if !ok || x.Op != y.Op {
			break
		}
		if err := u.expr(x.LHS, y.LHS); err != nil {
			return err
		}
		u.claim(y.From)
		return u.expr(x.RHS, y.RHS)
	case *loopir.Prefetch:
		if y, ok := y.(*loopir.Prefetch); ok && x.Level == y.Level {
			return u.expr(x.Cell, y.Cell)
		}
	}
	return u.fail(y.Source(), "it has another statement there (%s)", firstLine(loopir.FormatStmt(x)))
}

func (u *unifier) loop(x, y *loopir.For) error {
	if (x.Step == nil) != (y.Step == nil) {
		return u.fail(y.Span, "the steps of the loops differ")
	}
	if x.Step != nil {
		u.equal(x.Step, y.Step)
	}
	u.equal(minus(x.Hi, x.Lo), minus(y.Hi, y.Lo))
	if x.Par != y.Par && (x.Par == loopir.Parallel || y.Par == loopir.Parallel) {
		u.c.Note(y.Span, "loop %s of the kernel is marked otherwise than here; the kernel's marks count", x.Iter)
	}
	u.vars[x.Iter] = plus(minus(ivar(y.Iter), y.Lo), loopir.Subst(x.Lo, u.vars))
	name := ivar(u.callee.Name + "." + x.Iter)
	u.back[y.Iter] = plus(name, minus(loopir.Subst(y.Lo, u.back), loopir.Subst(x.Lo, u.names)))
	u.names[x.Iter] = name
	u.own[y.Iter] = true
	outer := u.inner
	u.inner = append(slices.Clip(outer), Scope{Stmt: y})
	defer func() { u.inner = outer }()
	return u.stmts(x.Body, y.Body)
}

func (u *unifier) branches(x, y *loopir.If) error {
	outer := u.inner
	defer func() { u.inner = outer }()
	u.inner = append(slices.Clip(outer), Scope{Stmt: y})
	if err := u.stmts(x.Then, y.Then); err != nil {
		return err
	}
	u.inner = append(slices.Clip(outer), Scope{Stmt: y, Else: true})
	return u.stmts(x.Else, y.Else)
}

func (u *unifier) equal(callee, value loopir.Expr) {
	u.eqs = append(u.eqs, equation{loopir.Subst(callee, u.vars), value, u.inner})
}
