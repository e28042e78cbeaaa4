package lift

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// call reads a call that stands as a statement: parallelFor, or an assembly function.
func (r *reader) call(e *ast.CallExpr) ([]loopir.Stmt, error) {
	if f, ok := e.Fun.(*ast.Ident); ok {
		if f.Name == "parallelFor" && r.support(f) {
			return r.parallel(e)
		}
		if r.pkg.asm[f.Name] != nil {
			return r.assembly(e, f.Name)
		}
	}
	return nil, r.errorf(e, "this call is not read")
}

// parallel reads parallelFor(c, which, n, c.threads): the method that runRange calls
// for which runs on ranges that make up 0..n, in any order and at once.
func (r *reader) parallel(e *ast.CallExpr) ([]loopir.Stmt, error) {
	if len(e.Args) != 4 || !isIdent(e.Args[0], "c") || !isField(e.Args[3], "threads") {
		return nil, r.errorf(e, "this parallel loop is not parallelFor(c, which, n, c.threads)")
	}
	lit, ok := e.Args[1].(*ast.BasicLit)
	if !ok {
		return nil, r.errorf(e, "the number of a parallel loop is a literal")
	}
	m, err := r.ranged(e, lit.Value)
	if err != nil {
		return nil, err
	}
	if !once(r.took.pars, m.Name.Name) {
		return nil, r.errorf(e, "parallel loop %s runs twice", lit.Value)
	}
	total, err := r.index(e.Args[2])
	if err != nil {
		return nil, err
	}
	r.fits(e, total)
	if r.inside {
		return nil, r.errorf(e, "a parallel loop starts another one")
	}
	env, arrays, rows := r.env, r.arrays, r.rows
	defer func() { r.env, r.arrays, r.rows, r.inside, r.lent = env, arrays, rows, false, nil }()
	r.env, r.arrays, r.rows, r.inside, r.lent = map[string]loopir.Expr{}, map[string]*array{}, map[string]*row{}, true, map[string]bool{}
	for _, x := range r.fields {
		if c, ok := x.(*loopir.Read); ok {
			r.lent[c.Name] = true
		}
	}
	var out []loopir.Stmt
	list, err := r.worker(m)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
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
	}
	return out, nil
}

// isField tells c.name.
func isField(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && isIdent(s.X, "c") && s.Sel.Name == name
}

// ranged finds the method for a case of runRange.
func (r *reader) ranged(at ast.Node, which string) (*ast.FuncDecl, error) {
	run := r.pkg.methods[r.typ]["runRange"]
	if !r.declared(run, "which", "lo", "hi") {
		return nil, r.errorf(at, "there is no func (c *%s) runRange(which, lo, hi int)", r.typ)
	}
	cases, err := r.cases(run)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(which)
	if err != nil || n < 0 || n >= len(cases) || strconv.Itoa(n) != which {
		return nil, r.errorf(at, "runRange has no parallel loop %s", which)
	}
	m := r.pkg.methods[r.typ][cases[n]]
	if !r.declared(m, "lo", "hi") {
		return nil, r.errorf(at, "there is no func (c *%s) %s(lo, hi int)", r.typ, cases[n])
	}
	return m, nil
}

// cases lists the methods that runRange calls for 0, 1, and so on.
func (r *reader) cases(run *ast.FuncDecl) ([]string, error) {
	if len(run.Body.List) == 0 {
		return nil, nil
	}
	sw, ok := run.Body.List[0].(*ast.SwitchStmt)
	if !ok || len(run.Body.List) != 1 || sw.Init != nil || !isIdent(sw.Tag, "which") {
		return nil, r.errorf(run, "runRange is not a switch over which")
	}
	var out []string
	for i, s := range sw.Body.List {
		c := s.(*ast.CaseClause)
		name := ""
		if len(c.List) == 1 && len(c.Body) == 1 && isLiteral(c.List[0], strconv.Itoa(i)) {
			name = rangeCall(c.Body[0])
		}
		if name == "" || slices.Contains(out, name) {
			return nil, r.errorf(c, "a case of runRange is not case %d: c.par%d(lo, hi)", i, i)
		}
		out = append(out, name)
	}
	return out, nil
}

func isLiteral(e ast.Expr, text string) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Kind == token.INT && l.Value == text
}

// rangeCall reads c.name(lo, hi).
func rangeCall(s ast.Stmt) string {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return ""
	}
	call, ok := x.X.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 || !isIdent(call.Args[0], "lo") || !isIdent(call.Args[1], "hi") {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !isIdent(sel.X, "c") {
		return ""
	}
	return sel.Sel.Name
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
	if len(list) == 0 {
		return nil, r.errorf(f, "the iterators of this parallel loop are not read")
	}
	rest := "lo"
	if d, ok := list[0].(*ast.AssignStmt); ok && d.Tok == token.DEFINE && len(d.Lhs) == 1 && isIdent(d.Lhs[0], "at") && isIdent(d.Rhs[0], "lo") {
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
		if len(list) == 0 {
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
	if own[d.name] || d.name == "at" {
		return d, r.errorf(s, "%s means something else in a form", d.name)
	}
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
