package transform

import (
	"github.com/loopopt/loopopt/loopir"
)

// expr matches a value, a condition or a cell.
func (u *unifier) expr(x, y loopir.Expr) error {
	if x.TypeOf() == loopir.Index && y.TypeOf() == loopir.Index {
		u.equal(x, y)
		return nil
	}
	differ := func() error {
		return u.fail(y.Source(), "%s here, %s there", loopir.FormatExpr(y), loopir.FormatExpr(x))
	}
	switch x := x.(type) {
	case *loopir.Int, *loopir.Float:
		if loopir.FormatExpr(x) == loopir.FormatExpr(y) && x.TypeOf() == y.TypeOf() {
			return nil
		}
	case *loopir.Read:
		if ok, err := u.read(x, y); ok || err != nil {
			return err
		}
	case *loopir.Binary:
		if y, ok := y.(*loopir.Binary); ok && x.Op == y.Op && x.Type == y.Type {
			return u.exprs([]loopir.Expr{x.X, x.Y}, []loopir.Expr{y.X, y.Y})
		}
	case *loopir.Unary:
		if y, ok := y.(*loopir.Unary); ok && x.Op == y.Op && x.Type == y.Type {
			return u.expr(x.X, y.X)
		}
	case *loopir.Cast:
		if y, ok := y.(*loopir.Cast); ok && x.To == y.To {
			return u.expr(x.X, y.X)
		}
	case *loopir.Intrinsic:
		if y, ok := y.(*loopir.Intrinsic); ok && x.Name == y.Name && x.Type == y.Type && len(x.Args) == len(y.Args) {
			return u.exprs(x.Args, y.Args)
		}
	}
	return differ()
}

func (u *unifier) exprs(xs, ys []loopir.Expr) error {
	for i := range xs {
		if err := u.expr(xs[i], ys[i]); err != nil {
			return err
		}
	}
	return nil
}

// read matches a scalar or a cell of the callee.
func (u *unifier) read(x *loopir.Read, y loopir.Expr) (bool, error) {
	p := u.callee.Param(x.Name)
	if p != nil && p.Kind == loopir.ScalarParam {
		if y.TypeOf() != p.Type || u.c.dependsOnLoops(y, u.inner) {
			return false, nil
		}
		if old, ok := u.scalars[x.Name]; ok && loopir.FormatExpr(old) != loopir.FormatExpr(y) {
			return false, u.fail(y.Source(), "%s is both %s and %s", x.Name, loopir.FormatExpr(old), loopir.FormatExpr(y))
		}
		u.scalars[x.Name] = y
		return true, nil
	}
	cell, ok := y.(*loopir.Read)
	if !ok {
		return false, nil
	}
	if p == nil {
		if u.locals[x.Name] != cell.Name || len(x.Index) != len(cell.Index) {
			return false, nil
		}
		for i := range x.Index {
			u.equal(x.Index[i], cell.Index[i])
		}
		return true, nil
	}
	a := u.c.visible(cell.Name, u.around)
	if a == nil || a.typ != p.Type || len(cell.Index) < len(x.Index) {
		return false, nil
	}
	index := make([]loopir.Expr, len(x.Index))
	for i, e := range x.Index {
		index[i] = loopir.Subst(e, u.vars)
	}
	u.cells[p.Name] = append(u.cells[p.Name], cellPair{&loopir.Read{Name: x.Name, Index: index}, cell, u.inner})
	return true, nil
}

// claim records, for the call, what the statement's Origin says in terms of the
// callee's iterators.
func (u *unifier) claim(o *loopir.Origin) {
	if o == nil {
		u.from = append(u.from, nil)
		return
	}
	out := &loopir.Origin{Stmt: o.Stmt, Iters: map[string]loopir.Expr{}}
	for it, e := range o.Iters {
		out.Iters[it] = loopir.Subst(e, u.back)
	}
	u.from = append(u.from, out)
}

// origins gives the call's Origins once the sizes are known.
func (u *unifier) origins() []*loopir.Origin {
	for _, o := range u.from {
		if o == nil {
			continue
		}
		for it, e := range o.Iters {
			o.Iters[it] = u.c.Simplify(u.known(e), u.around)
		}
	}
	return u.from
}

// known puts found sizes in the place of the callee's.
func (u *unifier) known(e loopir.Expr) loopir.Expr {
	m := map[string]loopir.Expr{}
	for n, p := range u.sizes {
		m[n] = p.Expr()
	}
	return loopir.Subst(e, m)
}

// unknownSize is the unknown that stands for a size of the callee; no name of
// the caller is like it.
func unknownSize(name string) string { return "?" + name }

func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' {
			return s[:i]
		}
	}
	return s
}
