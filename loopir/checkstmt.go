package loopir

import "fmt"

func (c *checker) body(body []Stmt) {
	for _, s := range body {
		c.stmt(s)
	}
}

func (c *checker) stmt(s Stmt) {
	switch s := s.(type) {
	case *For:
		c.forStmt(s)
	case *If:
		s.Cond = c.cond(s.Cond)
		c.scoped(func() { c.body(s.Then) })
		c.scoped(func() { c.body(s.Else) })
	case *Let:
		c.let(s)
	case *Local:
		c.local(s)
	case *Assign:
		c.assign(s)
	case *Call:
		c.call(s)
	case *Prefetch:
		if r, ok := c.infer(s.Cell).(*Read); ok {
			s.Cell = r
		} else {
			c.errorf(s.Span, "prefetch takes a cell of an array")
		}
		if s.Level != 1 && s.Level != 2 {
			c.errorf(s.Span, "cells are prefetched to L1 or L2")
		}
	default:
		panic(fmt.Sprintf("loopir: unexpected statement %T", s))
	}
}

func (c *checker) forStmt(s *For) {
	s.Lo, s.Hi = c.index(s.Lo), c.index(s.Hi)
	if s.Step != nil {
		s.Step = c.index(s.Step)
		if v := constValue(s.Step); v != nil && v.Sign() <= 0 {
			c.errorf(s.Step.Source(), "step %s; a step is positive", FormatExpr(s.Step)).
				Note(Span{}, "count upwards and use the mirrored index, hi-1-%s", s.Iter)
		}
	}
	for _, r := range s.Reduce {
		c.reduction(s, r)
	}
	c.scoped(func() {
		c.declare(s.Iter, &symbol{kind: iterName, typ: Index, span: s.Span})
		c.body(s.Body)
	})
}

// reduction allows updates of one place by one operator in a loop that runs in
// any order, and nothing else with that place.
func (c *checker) reduction(s *For, r Reduction) {
	if s.Par == Sequential {
		c.errorf(s.Span, "reduction(%s) on a sequential loop; say parallel too, or leave it out", r.Name)
	}
	switch r.Op {
	case AddTo, MulTo, MinTo, MaxTo:
	default:
		c.errorf(s.Span, "no reduction by %s; there are +, *, min and max", r.Op)
	}
	if sym := c.lookup(r.Name); sym == nil {
		c.undeclared(s.Span, r.Name)
		return
	} else if why := notWritable(sym); why != "" {
		c.errorf(s.Span, "reduction into %s, which %s", r.Name, why)
		return
	}
	Walk(s.Body, func(in Stmt) bool {
		a, ok := in.(*Assign)
		for _, e := range StmtExprs(in) {
			if ok && e == Expr(a.LHS) && a.LHS.Name == r.Name {
				continue
			}
			if at, reads := mentions(e, r.Name); reads {
				c.errorf(at, "%s is reduced by loop %s and can't be used inside it but by its updates", r.Name, s.Iter)
			}
		}
		if ok && a.LHS.Name == r.Name && a.Op != r.Op && (a.Op != SubTo || r.Op != AddTo) {
			c.errorf(a.Span, "loop %s reduces %s by %s, but this is %s", s.Iter, r.Name, r.Op, a.Op)
		}
		return true
	})
}

// mentions tells where e reads or hands on the scalar or array name.
func mentions(e Expr, name string) (at Span, found bool) {
	WalkExpr(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Read:
			found = found || e.Name == name
		case *Window:
			found = found || e.Name == name
		}
		if found && at.Start.Line == 0 {
			at = e.Source()
		}
		return !found
	})
	return at, found
}

func (c *checker) let(s *Let) {
	v := c.infer(s.Value)
	sym := &symbol{kind: indexLet, typ: Index, span: s.Span}
	switch t := v.TypeOf(); {
	case t == untypedInt:
		c.ambiguousDivision(v)
		v = c.push(v, Index)
	case t == untypedFloat:
		c.errorf(v.Source(), "which type has %s? write f32(...) or another type around it", FormatExpr(v))
		sym.kind, sym.typ = valueLet, Invalid // nothing is said of its uses
	case t == Bool:
		c.errorf(v.Source(), "let names an index or a value, not a condition; write the condition where it is tested")
		sym.kind, sym.typ = valueLet, Invalid
	case t.IsValue():
		sym.kind, sym.typ = valueLet, t
	}
	s.Value = v
	if sym.kind == indexLet {
		sym.value = c.indexValue(s)
	}
	c.declare(s.Name, sym)
}

// indexValue gives what an index let stands for once lets before it are put in,
// which is what InlineLets does later; nil if that is too large.
func (c *checker) indexValue(s *Let) Expr {
	v := MapExpr(s.Value, func(e Expr) Expr {
		if n, ok := e.(*Var); ok {
			if l := c.lookup(n.Name); l != nil && l.value != nil {
				return l.value // shared: it is looked at only
			}
		}
		return e
	})
	if v = Compact(v); larger(maxIndex, v) {
		e := c.errorf(s.Span, "with lets before it put in, %s is an index of more than %d operations, which is more than is proved", s.Name, maxIndex)
		e.Kind = Undecided
		return nil
	}
	return v
}

func (c *checker) local(s *Local) {
	c.shape(s.Name, s.Shape)
	if !s.Type.IsValue() {
		c.errorf(s.Span, "local %s has no value type", s.Name)
	}
	if s.Init != nil {
		s.Init = c.value(s.Init, s.Type)
		if s.Shape != nil {
			c.errorf(s.Span, "only scalars take an initial value; set array %s by loops", s.Name)
		}
	}
	c.declare(s.Name, &symbol{kind: localName, typ: s.Type, shape: s.Shape, span: s.Span})
}

func (c *checker) assign(s *Assign) {
	sym := c.lookup(s.LHS.Name)
	if sym != nil {
		if why := notWritable(sym); why != "" {
			c.errorf(s.LHS.Span, "%s can't be assigned: it %s", s.LHS.Name, why)
			c.infer(s.RHS)
			return
		}
	}
	if r, ok := c.infer(s.LHS).(*Read); ok {
		s.LHS = r
	}
	t := s.LHS.Type
	if t == Invalid {
		c.infer(s.RHS)
		return
	}
	s.RHS = c.value(s.RHS, t)
	if s.Op == DivTo && t.IsInteger() {
		c.divisor(s.RHS, t)
	}
}

// notWritable says why a symbol can't be assigned, "" when it can.
func notWritable(s *symbol) string {
	switch s.kind {
	case arrayParam:
		if s.dir == In {
			return "is an in parameter; declare it out or inout to write it"
		}
		return ""
	case localName:
		return ""
	case scalarParam:
		return "is a scalar parameter; copy it to a local (var) to change it"
	}
	return "is " + s.String() + " and does not change"
}
