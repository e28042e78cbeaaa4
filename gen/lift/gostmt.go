package lift

import (
	"go/ast"
	"go/token"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// block reads statements. Variables of the block end with it.
func (r *reader) block(list []ast.Stmt) ([]loopir.Stmt, error) {
	env, arrays, rows := copyMap(r.env), copyMap(r.arrays), copyMap(r.rows)
	defer func() { r.env, r.arrays, r.rows = env, arrays, rows }()
	var out []loopir.Stmt
	for len(list) > 0 {
		n, err := r.handed(list)
		if err != nil {
			return nil, err
		}
		s, err := r.stmt(list[n])
		if err != nil {
			return nil, err
		}
		out, list = append(out, s...), list[n+1:]
		r.fields, r.held = map[string]loopir.Expr{}, map[string]*array{}
	}
	return fold(out), nil
}

// handed reads the statements c.t = t that stand right before a parallelFor, and counts
// them. Nothing changes the fields or the variables until its iterations are done: those
// share the receiver, and set none of its fields (parallel).
func (r *reader) handed(list []ast.Stmt) (int, error) {
	for i, s := range list {
		a, ok := s.(*ast.AssignStmt)
		if ok && a.Tok == token.ASSIGN && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
			if sel, ok := a.Lhs[0].(*ast.SelectorExpr); ok && isIdent(sel.X, "c") {
				if err := r.hand(a, sel, a.Rhs[0]); err != nil {
					return 0, err
				}
				continue
			}
		}
		if i > 0 && !r.isParallel(s) {
			return 0, r.errorf(list[i-1], "a field is set, and no parallel loop follows")
		}
		return i, nil
	}
	return 0, r.errorf(list[0], "a field is set, and no parallel loop follows")
}

func (r *reader) isParallel(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	c, ok := x.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := c.Fun.(*ast.Ident)
	return ok && f.Name == "parallelFor" && r.support(f)
}

func copyMap[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func (r *reader) stmt(s ast.Stmt) ([]loopir.Stmt, error) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		return r.block(s.List)
	case *ast.AssignStmt:
		return r.assign(s)
	case *ast.DeclStmt:
		return r.declare(s)
	case *ast.ForStmt:
		return r.loop(s)
	case *ast.IfStmt:
		return r.branch(s)
	case *ast.ExprStmt:
		if c, ok := s.X.(*ast.CallExpr); ok {
			return r.call(c)
		}
	}
	return nil, r.errorf(s, "this statement is not read")
}

func (r *reader) assign(s *ast.AssignStmt) ([]loopir.Stmt, error) {
	if len(s.Lhs) != 1 || len(s.Rhs) != 1 {
		return nil, r.errorf(s, "this assignment is not read")
	}
	lhs, rhs := s.Lhs[0], s.Rhs[0]
	if s.Tok == token.DEFINE {
		return r.define(s, lhs.(*ast.Ident).Name, rhs)
	}
	if s.Tok != token.ASSIGN {
		return nil, r.errorf(s, "this assignment is not read")
	}
	if isIdent(lhs, "_") {
		if _, ok := rhs.(*ast.Ident); ok {
			return nil, nil
		}
	}
	cell, err := r.target1(lhs)
	if err != nil {
		return nil, err
	}
	v, err := r.value(rhs)
	if err != nil {
		return nil, err
	}
	if v.TypeOf() != cell.Type {
		return nil, r.errorf(s, "a value of another type is assigned")
	}
	return []loopir.Stmt{&loopir.Assign{LHS: cell, RHS: v, Span: r.span(s)}}, nil
}

// hand notes c.t = t: a variable that a parallel loop reads from the receiver.
func (r *reader) hand(s ast.Stmt, sel *ast.SelectorExpr, rhs ast.Expr) error {
	if r.param(sel) != nil || sel.Sel.Name == "threads" {
		return r.errorf(s, "a parameter is changed")
	}
	id, ok := rhs.(*ast.Ident)
	if !ok {
		return r.errorf(s, "only a variable is handed to a parallel loop")
	}
	name := sel.Sel.Name
	if r.inside || r.fields[name] != nil || r.held[name] != nil {
		return r.errorf(s, "%s is set inside of a parallel loop, or twice", name)
	}
	r.took.fields[name] = true
	if a := r.arrays[id.Name]; a != nil {
		r.held[name] = a
		return nil
	}
	x, ok := r.env[id.Name]
	if !ok || x == scratchValue {
		return r.errorf(s, "%s is not known", id.Name)
	}
	r.fields[name] = x
	return nil
}

// target1 is the cell that an assignment writes.
func (r *reader) target1(e ast.Expr) (*loopir.Read, error) {
	switch e := e.(type) {
	case *ast.Ident:
		if c, ok := r.env[e.Name].(*loopir.Read); ok {
			if r.target.Param(c.Name) != nil && r.kernel.Param(c.Name) != nil {
				return nil, r.errorf(e, "a parameter is assigned")
			}
			if r.lent[c.Name] {
				return nil, r.errorf(e, "what is assigned is a copy of %s", c.Name)
			}
			return &loopir.Read{Name: c.Name, Type: c.Type, Span: r.span(e)}, nil
		}
	case *ast.IndexExpr:
		return r.element(e)
	}
	return nil, r.errorf(e, "this cell is not read")
}

// element reads A[e]. Go checks that 0 <= e < len(A), so that an e which wraps
// around is no other cell.
func (r *reader) element(e *ast.IndexExpr) (*loopir.Read, error) {
	id, ok := e.X.(*ast.Ident)
	if ok && r.rows[id.Name] != nil {
		return r.inRow(e, r.rows[id.Name])
	}
	if !ok || r.arrays[id.Name] == nil {
		return nil, r.errorf(e, "this is no element of a known array")
	}
	a := r.arrays[id.Name]
	var err error
	c := &loopir.Read{Name: a.name, Type: a.typ, Span: r.span(e)}
	if c.Index, err = r.horner(e.Index, a.shape); c.Index != nil || err != nil {
		return c, err
	}
	x, err := r.index(e.Index)
	if err != nil {
		return nil, err
	}
	r.digits(c, poly.Must(x), a.shape, r.sc.facts)
	return c, nil
}

// horner reads an offset that is written as (i*E1 + j)*E2 + k, the extents being those
// of the shape, as the cell [i][j][k]. The answer is nil if it is not written so.
func (r *reader) horner(e ast.Expr, shape []loopir.Expr) ([]loopir.Expr, error) {
	e = unparen(e)
	if len(shape) == 1 {
		x, err := r.subscript(e, shape[0])
		return []loopir.Expr{x}, err
	}
	sum, ok := e.(*ast.BinaryExpr)
	if !ok || sum.Op != token.ADD {
		return nil, nil
	}
	product, ok := unparen(sum.X).(*ast.BinaryExpr)
	if !ok || product.Op != token.MUL {
		return nil, nil
	}
	last := len(shape) - 1
	extent, err := r.index(product.Y)
	if err != nil || !sameIndex(extent, shape[last], r.sc.facts) {
		return nil, err
	}
	outer, err := r.horner(product.X, shape[:last])
	if outer == nil || err != nil {
		return nil, err
	}
	x, err := r.subscript(sum.Y, shape[last])
	return append(outer, x), err
}

// subscript reads an index, or inRange(x, n): the integer x as an index of a dimension whose
// extent is n.
func (r *reader) subscript(e ast.Expr, extent loopir.Expr) (loopir.Expr, error) {
	call, ok := unparen(e).(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return r.index(e)
	}
	if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "inRange" || !r.support(id) {
		return r.index(e)
	}
	n, err := r.index(call.Args[1])
	if err != nil {
		return nil, err
	}
	x, err := r.value(call.Args[0])
	if err != nil {
		return nil, err
	}
	if !x.TypeOf().IsInteger() || !sameIndex(n, extent, r.sc.facts) {
		return nil, r.errorf(e, "this is no integer that is tested to be an index of the dimension")
	}
	return x, nil
}

// loop reads for i := lo; i < hi; i += step.
func (r *reader) loop(s *ast.ForStmt) ([]loopir.Stmt, error) {
	init, ok := s.Init.(*ast.AssignStmt)
	test, ok2 := s.Cond.(*ast.BinaryExpr)
	if !ok || !ok2 || init.Tok != token.DEFINE || len(init.Lhs) != 1 || test.Op != token.LSS {
		return nil, r.errorf(s, "this loop is not read")
	}
	name := init.Lhs[0].(*ast.Ident).Name
	if own[name] || !isIdent(test.X, name) || assigns(s.Body, name) {
		return nil, r.errorf(s, "this loop does not count %s", name)
	}
	lo, err := r.index(init.Rhs[0])
	if err != nil {
		return nil, err
	}
	hi, err := r.index(test.Y)
	if err != nil {
		return nil, err
	}
	if changes(s.Body, test.Y) {
		return nil, r.errorf(s, "the bound of the loop changes in it")
	}
	step, err := r.step(s, name)
	if err != nil {
		return nil, err
	}
	r.fits(s, lo, hi)
	f := &loopir.For{Lo: lo, Hi: hi, Step: step, Span: r.span(s)}
	if step != nil {
		r.fits(s, loopir.Bin(loopir.Add, hi, step))
	}
	return r.body(f, name, s.Body.List)
}

func (r *reader) step(s *ast.ForStmt, name string) (loopir.Expr, error) {
	switch p := s.Post.(type) {
	case *ast.IncDecStmt:
		if p.Tok == token.INC && isIdent(p.X, name) {
			return nil, nil
		}
	case *ast.AssignStmt:
		if p.Tok == token.ADD_ASSIGN && isIdent(p.Lhs[0], name) {
			step, err := r.index(p.Rhs[0])
			if err == nil {
				r.divisor(s, step)
				r.fits(s, step)
			}
			return step, err
		}
	}
	return nil, r.errorf(s, "this loop does not count up")
}

// body reads the body of f, whose iterator is Go variable name.
func (r *reader) body(f *loopir.For, name string, list []ast.Stmt) ([]loopir.Stmt, error) {
	env, sc := copyMap(r.env), r.sc
	defer func() { r.env, r.sc = env, sc }()
	f.Iter = r.enter(name)
	defer r.leave(f.Iter)
	r.env[name] = loopir.NewVar(f.Iter)
	r.sc = r.sc.enter(f)
	var err error
	f.Body, err = r.block(list)
	return []loopir.Stmt{f}, err
}

// assigns tells whether a Go variable is assigned in body.
func assigns(body ast.Node, name string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				found = found || isIdent(l, name)
			}
		case *ast.IncDecStmt:
			found = found || isIdent(n.X, name)
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && isIdent(n.X, name)
		}
		return !found
	})
	return found
}

// changes tells whether body assigns a variable of e.
func changes(body ast.Node, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && assigns(body, id.Name) {
			found = true
		}
		return !found
	})
	return found
}

// onIndices tells whether a condition compares sizes and iterators only.
func onIndices(c loopir.Expr) bool {
	values := false
	loopir.WalkExpr(c, func(e loopir.Expr) bool {
		values = values || e.TypeOf().IsValue()
		return !values
	})
	return !values
}

func (r *reader) branch(s *ast.IfStmt) ([]loopir.Stmt, error) {
	if s.Init != nil {
		return nil, r.errorf(s, "this if is not read")
	}
	c, err := r.cond(s.Cond)
	if err != nil {
		return nil, err
	}
	out := &loopir.If{Cond: c, Span: r.span(s)}
	sc := r.sc
	defer func() { r.sc = sc }()
	index := onIndices(c)
	if index {
		r.sc = sc.assume(c)
	}
	if out.Then, err = r.block(s.Body.List); err != nil {
		return nil, err
	}
	if s.Else == nil {
		if guarded(out, sc.facts) {
			return out.Then, nil
		}
		return []loopir.Stmt{out}, nil
	}
	if r.sc = sc; index {
		r.sc = scope{sc.facts.AssumeNot(c), append(sc.hyps[:len(sc.hyps):len(sc.hyps)], &loopir.Unary{Op: loopir.Not, X: c, Type: loopir.Bool}), sc.volumes}
	}
	out.Else, err = r.block([]ast.Stmt{s.Else})
	return []loopir.Stmt{out}, err
}
