package lift

import (
	"go/ast"
	"go/token"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// call reads a call that stands as a statement: parallelFor, an assembly function, or
// the return of scratch memory.
func (r *reader) call(e *ast.CallExpr) ([]loopir.Stmt, error) {
	switch f := e.Fun.(type) {
	case *ast.Ident:
		if f.Name == "parallelFor" && r.support(f) {
			return r.parallel(e)
		}
		if r.pkg.asm[f.Name] != nil {
			return r.assembly(e, f.Name)
		}
	case *ast.SelectorExpr:
		if isIdent(f.X, r.typ+"Scratches") && f.Sel.Name == "Put" && len(e.Args) == 1 {
			return nil, nil
		}
	}
	return nil, r.errorf(e, "this call is not read")
}

// parallel reads parallelFor(c, which, n, c.threads): the method that runRange calls
// for which runs on ranges that make up 0..n, in any order and at once.
func (r *reader) parallel(e *ast.CallExpr) ([]loopir.Stmt, error) {
	if len(e.Args) != 4 || !isIdent(e.Args[0], "c") {
		return nil, r.errorf(e, "this parallel loop is not read")
	}
	lit, ok := e.Args[1].(*ast.BasicLit)
	if !ok {
		return nil, r.errorf(e, "the number of a parallel loop is a literal")
	}
	m := r.ranged(lit.Value)
	if m == nil {
		return nil, r.errorf(e, "runRange has no parallel loop %s", lit.Value)
	}
	total, err := r.index(e.Args[2])
	if err != nil {
		return nil, err
	}
	r.fits(e, total)
	env, arrays := r.env, r.arrays
	defer func() { r.env, r.arrays = env, arrays }()
	r.env, r.arrays = map[string]loopir.Expr{}, map[string]*array{}
	var out []loopir.Stmt
	for i, s := range m.Body.List {
		f, isLoop := s.(*ast.ForStmt)
		if !isLoop {
			rest, err := r.stmt(s)
			if err != nil {
				return nil, err
			}
			if len(rest) > 0 {
				return nil, r.errorf(s, "a parallel method consists of its loop")
			}
			continue
		}
		if f.Init != nil || len(out) > 0 || !isRange(f) {
			return nil, r.errorf(s, "a parallel method loops over its range")
		}
		if out, err = r.decode(f, total); err != nil {
			return nil, err
		}
		_ = i
	}
	return out, nil
}

// ranged finds the method for a case of runRange.
func (r *reader) ranged(which string) *ast.FuncDecl {
	run := r.pkg.methods[r.typ]["runRange"]
	if run == nil || len(run.Body.List) != 1 {
		return nil
	}
	sw, ok := run.Body.List[0].(*ast.SwitchStmt)
	if !ok || sw.Init != nil || !isIdent(sw.Tag, "which") {
		return nil
	}
	for _, c := range sw.Body.List {
		cc := c.(*ast.CaseClause)
		if len(cc.List) != 1 || len(cc.Body) != 1 {
			return nil
		}
		if l, ok := cc.List[0].(*ast.BasicLit); !ok || l.Value != which {
			continue
		}
		x, ok := cc.Body[0].(*ast.ExprStmt)
		if !ok {
			return nil
		}
		call, ok := x.X.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 || !isIdent(call.Args[0], "lo") || !isIdent(call.Args[1], "hi") {
			return nil
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !isIdent(sel.X, "c") {
			return nil
		}
		m := r.pkg.methods[r.typ][sel.Sel.Name]
		if m == nil || !takesRange(m) {
			return nil
		}
		return m
	}
	return nil
}

func takesRange(m *ast.FuncDecl) bool {
	var names []string
	for _, f := range m.Type.Params.List {
		for _, n := range f.Names {
			names = append(names, n.Name)
		}
	}
	return len(names) == 2 && names[0] == "lo" && names[1] == "hi" && len(m.Recv.List[0].Names) == 1 && m.Recv.List[0].Names[0].Name == "c"
}

// isRange tells for ; lo < hi; lo++.
func isRange(f *ast.ForStmt) bool {
	c, ok := f.Cond.(*ast.BinaryExpr)
	p, ok2 := f.Post.(*ast.IncDecStmt)
	return ok && ok2 && c.Op == token.LSS && isIdent(c.X, "lo") && isIdent(c.Y, "hi") && p.Tok == token.INC && isIdent(p.X, "lo")
}

// A digit is one iterator that a parallel loop decodes from its shared number.
type digit struct {
	name  string
	base  loopir.Expr // nil: 0
	step  loopir.Expr // nil: 1
	trips ast.Expr    // nil: whatever is left
	at    ast.Node
}

// decode reads a parallel loop over 0..total. Its body first takes the number apart,
// x := lo0 + at%(trips)*(step) and at /= trips for the inner iterators, what is left
// for the outermost. When total is the product of all trip counts, that is a nest of
// loops.
func (r *reader) decode(f *ast.ForStmt, total loopir.Expr) ([]loopir.Stmt, error) {
	list := f.Body.List
	rest := "lo"
	if d, ok := list[0].(*ast.AssignStmt); ok && d.Tok == token.DEFINE && isIdent(d.Lhs[0], "at") && isIdent(d.Rhs[0], "lo") {
		rest, list = "at", list[1:]
	}
	var digits []digit
	for len(list) > 0 {
		d, ok := list[0].(*ast.AssignStmt)
		if !ok || d.Tok != token.DEFINE || len(d.Lhs) != 1 || !mentionsIdent(d.Rhs[0], rest) {
			break
		}
		dg, err := r.digit(d, rest)
		if err != nil {
			return nil, err
		}
		digits, list = append(digits, dg), list[1:]
		if dg.trips == nil {
			break
		}
		q, ok := list[0].(*ast.AssignStmt)
		if !ok || q.Tok != token.QUO_ASSIGN || !isIdent(q.Lhs[0], rest) || !r.sameInt(q.Rhs[0], dg.trips) {
			return nil, r.errorf(list[0], "the number is not divided by what its remainder was taken of")
		}
		list = list[1:]
	}
	if len(digits) == 0 || digits[len(digits)-1].trips != nil {
		return nil, r.errorf(f, "the iterators of this parallel loop are not read")
	}
	for _, s := range list {
		if mentionsIdent(s, "lo") || rest == "at" && mentionsIdent(s, "at") {
			return nil, r.errorf(s, "the number of the iteration is used once more")
		}
	}
	left := poly.Must(total)
	var loops []*loopir.For
	for i, d := range digits {
		var trips loopir.Expr
		if i < len(digits)-1 {
			x, err := r.index(d.trips)
			if err != nil {
				return nil, err
			}
			trips = x
			q, ok := left.DivExact(poly.Must(x))
			if !ok {
				return nil, r.errorf(d.at, "the trip counts do not multiply to the number of iterations")
			}
			left = q
		} else {
			trips = left.Expr()
		}
		loops = append(loops, r.counted(d, trips))
	}
	// Outermost first.
	for i, j := 0, len(loops)-1; i < j; i, j = i+1, j-1 {
		loops[i], loops[j], digits[i], digits[j] = loops[j], loops[i], digits[j], digits[i]
	}
	return r.nest(loops, digits, list)
}

// counted is the loop x = base, base+step, ... with trips >= 0 iterations.
func (r *reader) counted(d digit, trips loopir.Expr) *loopir.For {
	base := poly.Int(0)
	if d.base != nil {
		base = poly.Must(d.base)
	}
	f := &loopir.For{Lo: base.Expr(), Step: d.step, Par: loopir.Parallel, Span: r.span(d.at)}
	n := poly.Must(trips)
	// max(0, hi-lo) iterations end at hi.
	if m, ok := trips.(*loopir.Intrinsic); ok && m.Name == "max" && len(m.Args) == 2 && poly.Must(m.Args[0]).IsZero() && d.step == nil {
		n = poly.Must(m.Args[1])
	}
	if d.step != nil {
		// (max(0, hi-lo) + step-1)/step iterations below lo + step*trips.
		n = n.Mul(poly.Must(d.step))
	}
	f.Hi = r.sc.facts.Reduce(base.Add(n)).Expr()
	return f
}

func (r *reader) nest(loops []*loopir.For, digits []digit, list []ast.Stmt) ([]loopir.Stmt, error) {
	if len(loops) == 0 {
		return r.block(list)
	}
	env, sc := copyMap(r.env), r.sc
	defer func() { r.env, r.sc = env, sc }()
	f := loops[0]
	f.Iter = r.enter(digits[0].name)
	defer r.leave(f.Iter)
	r.env[digits[0].name] = loopir.NewVar(f.Iter)
	r.sc = r.sc.enter(f)
	body, err := r.nest(loops[1:], digits[1:], list)
	f.Body = body
	return []loopir.Stmt{f}, err
}

// digit reads base + rest%(trips)*(step).
func (r *reader) digit(s *ast.AssignStmt, rest string) (digit, error) {
	d := digit{name: s.Lhs[0].(*ast.Ident).Name, at: s}
	e := unparen(s.Rhs[0])
	var err error
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD && !mentionsIdent(b.X, rest) {
		if d.base, err = r.index(b.X); err != nil {
			return d, err
		}
		e = unparen(b.Y)
	}
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.MUL && !mentionsIdent(b.Y, rest) {
		if d.step, err = r.index(b.Y); err != nil {
			return d, err
		}
		r.divisor(s, d.step)
		e = unparen(b.X)
	}
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.REM && !mentionsIdent(b.Y, rest) {
		d.trips, e = b.Y, unparen(b.X)
	}
	if !isIdent(e, rest) {
		return d, r.errorf(s, "this iterator is not read")
	}
	return d, nil
}

func unparen(e ast.Expr) ast.Expr {
	for {
		p, ok := e.(*ast.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

func mentionsIdent(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

func (r *reader) sameInt(a, b ast.Expr) bool {
	x, err1 := r.index(a)
	y, err2 := r.index(b)
	return err1 == nil && err2 == nil && poly.Must(x).Equal(poly.Must(y))
}
