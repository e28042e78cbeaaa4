package loopir

import (
	"fmt"
	"math/big"
)

// InlineAll is InlineCalls, with the calls of functions with bodies written out as well:
// arguments and lets become initialized locals "f.name" before the statement. An argument
// that has a value under a condition only is 0 where that does not hold.
func (f *File) InlineAll(k *Kernel) (*Kernel, error) {
	out, err := f.InlineCalls(k)
	if err != nil {
		return nil, err
	}
	return out, f.WriteOut(out, func(Stmt) bool { return false })
}

// WriteOut writes calls of functions with bodies out in k, but for statements to leave as
// they are.
func (f *File) WriteOut(k *Kernel, leave func(Stmt) bool) error {
	if !f.CallsBodies(k.Body) {
		return nil
	}
	w := &writer{file: f, leave: leave, taken: localNames(k.Body), set: alwaysSet(k.Body), left: maxInlinedExp}
	for _, p := range k.Params {
		if p.Kind == ScalarParam {
			w.set[p.Name] = true
		}
	}
	k.Body = w.body(k.Body)
	return w.errs.Err()
}

// CallsBodies tells whether a function with a body is called in body.
func (f *File) CallsBodies(body []Stmt) bool {
	found := false
	Walk(body, func(s Stmt) bool {
		for _, e := range StmtExprs(s) {
			WalkExpr(e, func(e Expr) bool {
				found = found || f.bodyOf(e) != nil
				return !found
			})
		}
		return !found
	})
	return found
}

// bodyOf gives the function with a body that e calls, or nil.
func (f *File) bodyOf(e Expr) *Func {
	if call, ok := e.(*Intrinsic); ok && Builtin(call.Name) == nil {
		if fn := f.Func(call.Name); fn != nil && fn.Value != nil && len(fn.Names) == len(call.Args) {
			return fn
		}
	}
	return nil
}

// alwaysSet gives the names of scalars that have a value wherever they are in scope.
func alwaysSet(body []Stmt) map[string]bool {
	set := map[string]bool{}
	Walk(body, func(s Stmt) bool {
		switch s := s.(type) {
		case *Local:
			before, met := set[s.Name]
			set[s.Name] = s.Init != nil && (before || !met)
		case *Let:
			if _, met := set[s.Name]; !met {
				set[s.Name] = true
			}
		}
		return true
	})
	return set
}

// A writer writes calls of functions out.
type writer struct {
	file  *File
	leave func(Stmt) bool
	taken map[string]bool // names of locals
	set   map[string]bool // scalars that always have a value
	out   []Stmt          // before the statement at hand
	left  int             // nodes that may still be written
	errs  ErrorList
}

func (w *writer) body(body []Stmt) []Stmt {
	var all []Stmt
	for _, s := range body {
		if w.leave(s) {
			all = append(all, s)
			continue
		}
		w.out = nil
		mapOwnExprs(s, w.expr)
		before := w.out
		for _, b := range Bodies(s) {
			*b = w.body(*b)
		}
		all = append(append(all, before...), s)
	}
	return all
}

// mapOwnExprs is MapStmtExprs, but that it leaves Origins alone.
func mapOwnExprs(s Stmt, f func(Expr) Expr) {
	a, ok := s.(*Assign)
	if !ok {
		MapStmtExprs(s, f)
		return
	}
	a.LHS, a.RHS = f(a.LHS).(*Read), f(a.RHS)
}

// expr writes the calls in e out, arguments first.
func (w *writer) expr(e Expr) Expr { return w.under(e, nil) }

// under is expr for what is computed where guard holds; nil is everywhere.
func (w *writer) under(e Expr, guard Expr) Expr {
	switch e := e.(type) {
	case *Binary:
		c := *e
		c.X = w.under(e.X, guard)
		switch e.Op {
		case And:
			guard = both(guard, c.X)
		case Or:
			guard = both(guard, negation(c.X))
		}
		c.Y = w.under(e.Y, guard)
		return &c
	case *Unary:
		c := *e
		c.X = w.under(e.X, guard)
		return &c
	case *Cast:
		c := *e
		c.X = w.under(e.X, guard)
		return &c
	case *Read:
		c := *e
		c.Index = nil
		for _, x := range e.Index {
			c.Index = append(c.Index, w.under(x, guard))
		}
		return &c
	case *Intrinsic:
		return w.call(e, guard)
	}
	return e
}

func (w *writer) call(e *Intrinsic, guard Expr) Expr {
	c := *e
	c.Args = nil
	for i, a := range e.Args {
		at := guard
		switch {
		case e.Name == "select" && i == 1:
			at = both(guard, c.Args[0])
		case e.Name == "select" && i == 2:
			at = both(guard, negation(c.Args[0]))
		}
		c.Args = append(c.Args, w.under(a, at))
	}
	if fn := w.file.bodyOf(e); fn != nil {
		return w.written(fn, &c, guard)
	}
	return &c
}

func both(guard, cond Expr) Expr {
	if guard == nil {
		return cond
	}
	return Bin(And, guard, cond)
}

func negation(cond Expr) Expr { return &Unary{Op: Not, X: cond, Type: Bool} }

// total tells whether e has a value wherever it is computed.
func (w *writer) total(e Expr) bool {
	ok := true
	WalkExpr(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Read:
			ok = ok && len(e.Index) == 0 && w.set[e.Name]
		case *Binary:
			ok = ok && (e.Op != Div && e.Op != Mod || e.Type.IsFloat())
		}
		return ok
	})
	return ok
}

// written has the lets of fn computed before the statement, and gives its value.
func (w *writer) written(fn *Func, call *Intrinsic, guard Expr) Expr {
	env := map[string]Expr{}
	for i, n := range fn.Names {
		arg, t := call.Args[i], fn.Params[i]
		if guard != nil && !w.total(arg) {
			arg = &Intrinsic{Name: "select", Args: []Expr{CloneExpr(guard), arg, &Int{Value: new(big.Int), Type: t}}, Type: t, Span: arg.Source()}
		}
		env[n] = w.local(fn, n, arg, t, call.Span)
	}
	for _, l := range fn.Lets {
		env[l.Name] = w.local(fn, l.Name, w.expr(w.put(l.Value, env, call)), l.Value.TypeOf(), call.Span)
	}
	return w.expr(w.put(fn.Value, env, call))
}

// local gives e a name, unless it is one or a literal.
func (w *writer) local(fn *Func, name string, e Expr, t Type, at Span) Expr {
	switch e := e.(type) {
	case *Int, *Float:
		return e
	case *Read:
		if len(e.Index) == 0 && w.set[e.Name] {
			return e
		}
	}
	out := fn.Name + "." + name
	for i := 2; w.taken[out]; i++ {
		out = fmt.Sprintf("%s.%s_%d", fn.Name, name, i)
	}
	w.taken[out], w.set[out] = true, true
	w.out = append(w.out, &Local{Name: out, Type: t, Init: e, Span: at})
	return &Read{Name: out, Type: t, Span: at}
}

// put replaces the parameters and lets of a function in e. Errors about it are at the call.
func (w *writer) put(e Expr, env map[string]Expr, call *Intrinsic) Expr {
	if w.left < 0 {
		return &Read{Name: call.Name, Type: e.TypeOf(), Span: call.Span}
	}
	return MapExpr(e, func(e Expr) Expr {
		w.left--
		if r, ok := e.(*Read); ok && env[r.Name] != nil {
			e = CloneExpr(env[r.Name]) // a name or a literal
		}
		if w.left == -1 {
			w.left-- // told once
			err := Errorf(call.Span, "with the functions that are called written out, this is more than %d operations, which is more than is proved", maxInlinedExp)
			err.Kind = Undecided
			w.errs = append(w.errs, err)
		}
		return e
	})
}
