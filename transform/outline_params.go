package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// outlinedArray redirects the accesses of an array in body to a parameter that
// is the part of it that body touches.
func (c *Context) outlinedArray(a *array, body []loopir.Stmt, around []Scope, at loopir.Span) (*loopir.Param, *loopir.Window, error) {
	all := c.accesses(body, a)
	t, beside := c.findTile(a, all, around)
	if t == nil || len(beside) > 0 {
		t = &tile{of: a, around: around}
		for d, e := range a.shape {
			t.base, t.extent, t.kept = append(t.base, lit(0)), append(t.extent, e), append(t.kept, d)
		}
	}
	for _, d := range t.kept {
		if !c.Holds(le(lit(0), t.extent[d]), around) { // no range may run down
			t.base[d], t.extent[d] = lit(0), a.shape[d]
		}
	}
	if len(t.kept) == 0 { // parameters have a dimension
		t.kept = []int{len(t.base) - 1}
	}
	guard := c.guards(t, all)
	for d := range t.base {
		if guard[d] && len(c.inShape(t, d, t.base[d])) > 0 {
			return nil, nil, c.Reject(at, "a condition inside keeps off cells that are not in %s, so there is no window of it to pass: take tail peel", a.name)
		}
	}
	p := &loopir.Param{Name: a.name, Kind: loopir.ArrayParam, Type: a.typ, Dir: loopir.In}
	if slices.ContainsFunc(all, func(x *access) bool { return x.writes }) {
		p.Dir = loopir.InOut
		if c.overwritten(t, all) {
			p.Dir = loopir.Out
		}
	}
	w := &loopir.Window{Name: a.name, Type: a.typ}
	whole := true
	for d := range t.base {
		dim := loopir.WindowDim{Lo: t.base[d]}
		if slices.Contains(t.kept, d) {
			dim.Hi = c.Simplify(plus(t.base[d], t.extent[d]), around)
			p.Shape = append(p.Shape, loopir.CloneExpr(t.extent[d]))
		}
		whole = whole && dim.Hi != nil && isInt(dim.Lo, 0) && c.same(dim.Hi, a.shape[d], around)
		w.Dims = append(w.Dims, dim)
	}
	if whole {
		w.Dims = nil
	}
	c.redirect(region{&body, around}, t, a.name, false, true)
	return p, w, nil
}

// outlinedSizes finds the index variables that a new kernel uses from outside,
// as its sizes, and what is known of them.
func (c *Context) outlinedSizes(k *loopir.Kernel, arrays []*loopir.Param, around []Scope, at loopir.Span) ([]*loopir.Param, error) {
	own := map[string]bool{}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		own[declared(s)] = true
		return true
	})
	var sizes []*loopir.Param
	seen := map[string]bool{}
	note := func(e loopir.Expr) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if v, ok := e.(*loopir.Var); ok && !own[v.Name] && !seen[v.Name] {
				seen[v.Name] = true
				sizes = append(sizes, &loopir.Param{Name: v.Name, Kind: loopir.SizeParam, Type: loopir.Index})
			}
			return true
		})
	}
	for _, p := range arrays {
		for _, e := range p.Shape {
			note(e)
		}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(s) {
			note(e)
		}
		return true
	})
	declared := func(p *loopir.Param) int { // in the kernel's order, iterators after its sizes
		if i := slices.IndexFunc(c.Kernel.Params, func(q *loopir.Param) bool { return q.Name == p.Name }); i >= 0 {
			return i
		}
		return len(c.Kernel.Params)
	}
	slices.SortStableFunc(sizes, func(p, q *loopir.Param) int { return declared(p) - declared(q) })
	for _, p := range sizes {
		if !c.Holds(le(lit(0), ivar(p.Name)), around) {
			return nil, c.Reject(at, "%s may be negative, and is needed as a size of %s", p.Name, k.Name)
		}
	}
	known := slices.Clone(c.Kernel.Where)
	for _, sc := range around {
		switch s := sc.Stmt.(type) {
		case *loopir.For:
			known = append(known, lt(ivar(s.Iter), s.Hi))
			if !isInt(s.Lo, 0) {
				known = append(known, le(s.Lo, ivar(s.Iter)))
			}
		case *loopir.If:
			if !sc.Else {
				known = append(known, conjuncts(s.Cond)...)
			}
		}
	}
	for _, e := range known {
		if onlyUses(e, seen) {
			k.Where = append(k.Where, loopir.CloneExpr(e))
		}
	}
	return sizes, nil
}

// onlyUses tells whether e is a condition on index variables all in names, at
// least one.
func onlyUses(e loopir.Expr, names map[string]bool) bool {
	some, ok := false, true
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Var:
			some = true
			ok = ok && names[e.Name]
		case *loopir.Read:
			ok = false
		}
		return ok
	})
	return some && ok
}

// namesIn lists the arrays and scalars that body uses and does not declare, in
// textual order.
func namesIn(body []loopir.Stmt) []string {
	var out []string
	own := map[string]bool{}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		own[declared(s)] = true
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				name := ""
				switch e := e.(type) {
				case *loopir.Read:
					name = e.Name
				case *loopir.Window:
					name = e.Name
				}
				if name != "" && !own[name] && !slices.Contains(out, name) {
					out = append(out, name)
				}
				return true
			})
		}
		return true
	})
	return out
}

func writesName(body []loopir.Stmt, name string) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		a, ok := s.(*loopir.Assign)
		found = found || ok && a.LHS.Name == name
		return !found
	})
	return found
}

// calleeOrigins gives the Origins that a call of the kernel carries when it
// stands for the statements of body: theirs, with iterator i of body as
// "callee.i".
func (c *Context) calleeOrigins(callee string, body []loopir.Stmt) ([]*loopir.Origin, error) {
	k, err := c.File.InlineCalls(&loopir.Kernel{Body: loopir.CloneStmts(body)})
	if err != nil {
		return nil, err
	}
	names := map[string]loopir.Expr{}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok {
			names[l.Iter] = ivar(callee + "." + l.Iter)
		}
		return true
	})
	loopir.SubstStmts(k.Body, names)
	var out []*loopir.Origin
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			out = append(out, a.From)
		}
		return true
	})
	return out, nil
}
