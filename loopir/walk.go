package loopir

import (
	"fmt"
	"maps"
	"math/big"
)

// Children returns the direct subexpressions of e; a Window's bounds included.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Int, *Float, *Var:
		return nil
	case *Read:
		return e.Index
	case *Binary:
		return []Expr{e.X, e.Y}
	case *Unary:
		return []Expr{e.X}
	case *Intrinsic:
		return e.Args
	case *Cast:
		return []Expr{e.X}
	case *Window:
		var out []Expr
		for _, d := range e.Dims {
			out = append(out, d.Lo)
			if d.Hi != nil {
				out = append(out, d.Hi)
			}
		}
		return out
	}
	panic(fmt.Sprintf("loopir: unexpected expression %T", e))
}

// WalkExpr calls f on e and then on its subexpressions, as long as f says true.
func WalkExpr(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	for _, c := range Children(e) {
		WalkExpr(c, f)
	}
}

// MapExpr rebuilds e bottom up: f gets a copy of each node whose subexpressions
// are already mapped, and returns what stands in its place.
func MapExpr(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	switch n := e.(type) {
	case *Int:
		c := *n
		return f(&c)
	case *Float:
		c := *n
		return f(&c)
	case *Var:
		c := *n
		return f(&c)
	case *Read:
		c := *n
		c.Index = mapExprs(n.Index, f)
		return f(&c)
	case *Binary:
		c := *n
		c.X, c.Y = MapExpr(n.X, f), MapExpr(n.Y, f)
		return f(&c)
	case *Unary:
		c := *n
		c.X = MapExpr(n.X, f)
		return f(&c)
	case *Intrinsic:
		c := *n
		c.Args = mapExprs(n.Args, f)
		return f(&c)
	case *Cast:
		c := *n
		c.X = MapExpr(n.X, f)
		return f(&c)
	case *Window:
		c := *n
		c.Dims = make([]WindowDim, len(n.Dims))
		for i, d := range n.Dims {
			c.Dims[i] = WindowDim{MapExpr(d.Lo, f), MapExpr(d.Hi, f)}
		}
		if n.Dims == nil {
			c.Dims = nil
		}
		return f(&c)
	}
	panic(fmt.Sprintf("loopir: unexpected expression %T", e))
}

func mapExprs(es []Expr, f func(Expr) Expr) []Expr {
	if es == nil {
		return nil
	}
	out := make([]Expr, len(es))
	for i, e := range es {
		out[i] = MapExpr(e, f)
	}
	return out
}

// CloneExpr copies e deeply.
func CloneExpr(e Expr) Expr { return MapExpr(e, func(e Expr) Expr { return e }) }

// Subst replaces each Var named in m; m's expressions are copied in.
func Subst(e Expr, m map[string]Expr) Expr {
	return MapExpr(e, func(e Expr) Expr {
		if v, ok := e.(*Var); ok {
			if r, ok := m[v.Name]; ok {
				return CloneExpr(r)
			}
		}
		return e
	})
}

// UsesVar tells whether e mentions the index variable name.
func UsesVar(e Expr, name string) bool {
	found := false
	WalkExpr(e, func(e Expr) bool {
		if v, ok := e.(*Var); ok && v.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// MapStmtExprs replaces every expression that stands directly in s (not in its
// body) by f of it; LHS cells and prefetched cells must stay *Read, windows
// *Window. The Origin's expressions are mapped too.
func MapStmtExprs(s Stmt, f func(Expr) Expr) {
	opt := func(e Expr) Expr {
		if e == nil {
			return nil
		}
		return f(e)
	}
	switch s := s.(type) {
	case *For:
		s.Lo, s.Hi, s.Step = f(s.Lo), f(s.Hi), opt(s.Step)
	case *If:
		s.Cond = f(s.Cond)
	case *Let:
		s.Value = f(s.Value)
	case *Local:
		for i, e := range s.Shape {
			s.Shape[i] = f(e)
		}
		s.Init = opt(s.Init)
	case *Assign:
		s.LHS, s.RHS = f(s.LHS).(*Read), f(s.RHS)
		s.From.mapExprs(f)
	case *Call:
		for i, e := range s.Args {
			s.Args[i] = f(e)
		}
		for _, o := range s.From {
			o.mapExprs(f)
		}
	case *Prefetch:
		s.Cell = f(s.Cell).(*Read)
	default:
		panic(fmt.Sprintf("loopir: unexpected statement %T", s))
	}
}

func (o *Origin) mapExprs(f func(Expr) Expr) {
	if o == nil {
		return
	}
	for k, e := range o.Iters {
		o.Iters[k] = f(e)
	}
}

// StmtExprs returns the expressions that stand directly in s, LHS first,
// Origins left out.
func StmtExprs(s Stmt) []Expr {
	var out []Expr
	add := func(es ...Expr) {
		for _, e := range es {
			if e != nil {
				out = append(out, e)
			}
		}
	}
	switch s := s.(type) {
	case *For:
		add(s.Lo, s.Hi, s.Step)
	case *If:
		add(s.Cond)
	case *Let:
		add(s.Value)
	case *Local:
		add(s.Shape...)
		add(s.Init)
	case *Assign:
		add(s.LHS, s.RHS)
	case *Call:
		add(s.Args...)
	case *Prefetch:
		add(s.Cell)
	default:
		panic(fmt.Sprintf("loopir: unexpected statement %T", s))
	}
	return out
}

// Bodies returns pointers to the statement lists inside s.
func Bodies(s Stmt) []*[]Stmt {
	switch s := s.(type) {
	case *For:
		return []*[]Stmt{&s.Body}
	case *If:
		return []*[]Stmt{&s.Then, &s.Else}
	}
	return nil
}

// Walk calls f on each statement of body and, when f says true, on those
// inside it, in textual order.
func Walk(body []Stmt, f func(Stmt) bool) {
	for _, s := range body {
		if f(s) {
			for _, b := range Bodies(s) {
				Walk(*b, f)
			}
		}
	}
}

// CloneStmts copies statements deeply.
func CloneStmts(body []Stmt) []Stmt {
	if body == nil {
		return nil
	}
	out := make([]Stmt, len(body))
	for i, s := range body {
		out[i] = CloneStmt(s)
	}
	return out
}

// CloneStmt copies s deeply.
func CloneStmt(s Stmt) Stmt {
	var out Stmt
	switch s := s.(type) {
	case *For:
		c := *s
		c.Reduce = append([]Reduction(nil), s.Reduce...)
		c.Body = CloneStmts(s.Body)
		out = &c
	case *If:
		c := *s
		c.Then, c.Else = CloneStmts(s.Then), CloneStmts(s.Else)
		out = &c
	case *Let:
		c := *s
		out = &c
	case *Local:
		c := *s
		c.Shape = append([]Expr(nil), s.Shape...)
		out = &c
	case *Assign:
		c := *s
		c.From = s.From.clone()
		out = &c
	case *Call:
		c := *s
		c.Args = append([]Expr(nil), s.Args...)
		c.From = nil
		for _, o := range s.From {
			c.From = append(c.From, o.clone())
		}
		out = &c
	case *Prefetch:
		c := *s
		out = &c
	default:
		panic(fmt.Sprintf("loopir: unexpected statement %T", s))
	}
	MapStmtExprs(out, CloneExpr)
	return out
}

func (o *Origin) clone() *Origin {
	if o == nil {
		return nil
	}
	c := &Origin{Stmt: o.Stmt, Iters: map[string]Expr{}}
	for k, e := range o.Iters {
		c.Iters[k] = e
	}
	return c
}

// SubstStmts replaces index variables in body in place, Origins included.
func SubstStmts(body []Stmt, m map[string]Expr) {
	Walk(body, func(s Stmt) bool {
		MapStmtExprs(s, func(e Expr) Expr { return Subst(e, m) })
		return true
	})
}

// Clone copies k deeply.
func (k *Kernel) Clone() *Kernel {
	c := *k
	c.Params = make([]*Param, len(k.Params))
	for i, p := range k.Params {
		q := *p
		q.Shape = mapExprs(p.Shape, func(e Expr) Expr { return e })
		if p.Layout != nil {
			l := *p.Layout
			l.Iters = append([]string(nil), l.Iters...)
			l.Shape = mapExprs(l.Shape, func(e Expr) Expr { return e })
			l.Index = mapExprs(l.Index, func(e Expr) Expr { return e })
			q.Layout = &l
		}
		c.Params[i] = &q
	}
	c.Where = mapExprs(k.Where, func(e Expr) Expr { return e })
	c.Body = CloneStmts(k.Body)
	return &c
}

// Param returns the parameter called name, or nil.
func (k *Kernel) Param(name string) *Param {
	for _, p := range k.Params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// InlineLets replaces every index let by its value and turns every value let
// into an initialized scalar local. It changes k in place.
func (k *Kernel) InlineLets() { k.Body = inlineLets(k.Body, map[string]Expr{}) }

func inlineLets(body []Stmt, m map[string]Expr) []Stmt {
	var out []Stmt
	for _, s := range body {
		MapStmtExprs(s, func(e Expr) Expr { return Subst(e, m) })
		if l, ok := s.(*Let); ok {
			if l.Value.TypeOf() == Index {
				m[l.Name] = Compact(l.Value)
				continue
			}
			s = &Local{Name: l.Name, Type: l.Value.TypeOf(), Init: l.Value, Span: l.Span}
		}
		for _, b := range Bodies(s) {
			*b = inlineLets(*b, maps.Clone(m)) // the next scope may use a name for something else
		}
		out = append(out, s)
	}
	return out
}

// NewInt makes an index literal.
func NewInt(v int64) *Int { return &Int{Value: big.NewInt(v), Type: Index} }

// NewVar names an index variable.
func NewVar(name string) *Var { return &Var{Name: name} }

// Bin makes an index or Boolean expression of X and Y; the type follows from op.
func Bin(op Op, x, y Expr) *Binary {
	t := x.TypeOf()
	if op >= Eq && op <= Or {
		t = Bool
	}
	return &Binary{Op: op, X: x, Y: y, Type: t}
}
