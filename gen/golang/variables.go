package golang

import (
	"cmp"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
)

// assigned walks over assignments, and tells which are conditional.
func (r *rowEmitter) assigned(body []loopir.Stmt, f func(s *loopir.Assign, conditional bool)) {
	for _, s := range body {
		if s, ok := s.(*loopir.Assign); ok {
			f(s, false)
		}
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if b, ok := s.(*loopir.If); ok {
			for _, list := range [][]loopir.Stmt{b.Then, b.Else} {
				for _, s := range list {
					if s, ok := s.(*loopir.Assign); ok {
						f(s, true)
					}
				}
			}
		}
		return true
	})
}

// fixed reads cells that are the same in all iterations, and that the loop does not write, before it:
// those that each iteration reads, and those of in arrays that are known to exist.
func (r *rowEmitter) fixed(body []loopir.Stmt) {
	r.assigned(body, func(s *loopir.Assign, conditional bool) {
		s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
			if r.written[cmp.Or(r.of[c.Name], c.Name)] || len(c.Index) == 0 || loopir.UsesVar(c, r.loop.Iter) || conditional && !r.exists(c) {
				return c
			}
			key := "cell " + loopir.FormatExpr(c)
			if r.names[key] == nil {
				name := r.name(cmp.Or(r.of[c.Name], c.Name), "cell")
				r.names[key] = &loopir.Read{Name: name, Type: c.Type, Span: c.Span}
				r.under(r.facts, func() { r.code = append(r.code, r.variable(name, c)) })
			}
			return loopir.CloneExpr(r.names[key])
		})
	})
}

// twice gives cells that a list of statements reads twice, and that the loop does not write, a variable;
// all of them if the loop writes a cell twice: where nothing is read in between, Go's compiler leaves out
// all but the last.
func (r *rowEmitter) twice(body []loopir.Stmt) []loopir.Stmt {
	count, names := map[string]int{}, map[string]*loopir.Read{}
	cells := func(f func(c *loopir.Read, key string) loopir.Expr) {
		for _, s := range body {
			if s, ok := s.(*loopir.Assign); ok {
				s.RHS = always(s.RHS, func(c *loopir.Read) loopir.Expr {
					if r.written[cmp.Or(r.of[c.Name], c.Name)] || len(c.Index) == 0 {
						return c
					}
					return f(c, loopir.FormatExpr(c))
				})
			}
		}
	}
	cells(func(c *loopir.Read, key string) loopir.Expr { count[key]++; return c })
	var out []loopir.Stmt
	cells(func(c *loopir.Read, key string) loopir.Expr {
		if count[key] < 2 && !r.again {
			return c
		}
		if names[key] == nil {
			name := r.name(cmp.Or(r.of[c.Name], c.Name), "cell")
			names[key] = &loopir.Read{Name: name, Type: c.Type, Span: c.Span}
			out = append(out, &loopir.Local{Name: name, Type: c.Type, Init: c, Span: c.Span})
		}
		return loopir.CloneExpr(names[key])
	})
	for _, s := range body {
		if s, ok := s.(*loopir.If); ok {
			s.Then, s.Else = r.twice(s.Then), r.twice(s.Else)
		}
		out = append(out, s)
	}
	return out
}

// variable declares a variable that holds c.
func (e *emitter) variable(name string, c *loopir.Read) jen.Code {
	return jen.Var().Id(name).Id(c.Type.Go()).Op("=").Add(e.cell(c))
}

// always replaces the cells that x reads whatever the data are: the arms of a select stay.
func always(x loopir.Expr, f func(*loopir.Read) loopir.Expr) loopir.Expr {
	switch x := x.(type) {
	case *loopir.Read:
		return f(x)
	case *loopir.Unary:
		y := *x
		y.X = always(x.X, f)
		return &y
	case *loopir.Binary:
		y := *x
		y.X, y.Y = always(x.X, f), always(x.Y, f)
		return &y
	case *loopir.Cast:
		y := *x
		y.X = always(x.X, f)
		return &y
	case *loopir.Intrinsic:
		if x.Name == "select" {
			return x
		}
		y := *x
		y.Args = nil
		for _, a := range x.Args {
			y.Args = append(y.Args, always(a, f))
		}
		return &y
	}
	return x
}
