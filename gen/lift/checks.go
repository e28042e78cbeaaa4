package lift

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// check reads a statement that returns an error unless something holds.
func (g *guard) check(s ast.Stmt) error {
	switch s := s.(type) {
	case *ast.DeclStmt: // var over bool
		d, ok := s.Decl.(*ast.GenDecl)
		if ok && d.Tok == token.VAR && len(d.Specs) == 1 {
			v := d.Specs[0].(*ast.ValueSpec)
			if len(v.Names) == 1 && v.Names[0].Name == "over" && len(v.Values) == 0 && isIdent(v.Type, "bool") {
				return nil
			}
		}
	case *ast.IfStmt:
		if s.Else != nil || len(s.Body.List) != 1 {
			break
		}
		ret, ok := s.Body.List[0].(*ast.ReturnStmt)
		if !ok || len(ret.Results) != 1 || isIdent(ret.Results[0], "nil") {
			break
		}
		if s.Init != nil {
			return g.checkCall(s, ret)
		}
		return g.checkCond(s, ret)
	}
	return g.errorf(s, "this check is not read")
}

// checkCall reads if err := checkSize(...); err != nil { return err }.
func (g *guard) checkCall(s *ast.IfStmt, ret *ast.ReturnStmt) error {
	d, ok := s.Init.(*ast.AssignStmt)
	c, ok2 := s.Cond.(*ast.BinaryExpr)
	if !ok || !ok2 || len(d.Lhs) != 1 || !isIdent(d.Lhs[0], "err") || c.Op != token.NEQ || !isIdent(c.X, "err") || !isIdent(c.Y, "nil") || !isIdent(ret.Results[0], "err") {
		return g.errorf(s, "this check is not read")
	}
	call, ok := d.Rhs[0].(*ast.CallExpr)
	if !ok || len(call.Args) < 2 || !literals(call.Args[:2]) || call.Ellipsis.IsValid() {
		return g.errorf(s, "this check is not read")
	}
	fn, ok := call.Fun.(*ast.Ident)
	if !ok || !g.support(fn) {
		return g.errorf(s, "this check is not read")
	}
	switch {
	case fn.Name == "checkSize" && len(call.Args) == 3:
		x, err := g.index(call.Args[2])
		if err != nil {
			return err
		}
		if _, ok := x.(*loopir.Var); !ok {
			return g.errorf(call, "a size is checked")
		}
		g.know(loopir.Bin(loopir.Ge, x, loopir.NewInt(0)))
		g.know(loopir.Bin(loopir.Le, x, loopir.NewInt(1<<31-1)))
		return nil
	case fn.Name == "checkLen" && len(call.Args) > 3:
		l, ok := call.Args[2].(*ast.CallExpr)
		if !ok || !isIdent(l.Fun, "len") || len(l.Args) != 1 {
			break
		}
		id, ok := l.Args[0].(*ast.Ident)
		if !ok || g.arrays[id.Name] == nil {
			return nil // of an array that this form does not use
		}
		var shape []loopir.Expr
		for _, a := range call.Args[3:] {
			x, err := g.index(a)
			if err != nil {
				return err
			}
			g.know(loopir.Bin(loopir.Ge, x, loopir.NewInt(0)))
			shape = append(shape, x)
		}
		g.lens[g.arrays[id.Name].name] = shape
		return nil
	case fn.Name == "checkRoom" && len(call.Args) > 2:
		var shape []loopir.Expr
		for _, a := range call.Args[2:] {
			x, err := g.index(a)
			if err != nil {
				return err
			}
			shape = append(shape, x)
		}
		g.rooms = append(g.rooms, shape)
		return nil
	}
	return g.errorf(s, "this check is not read")
}

func (g *guard) know(c loopir.Expr) { g.sc = g.sc.assume(c) }

// checkCond reads if overlap(A, B) or !(cond) or over { return shapeError(...) }.
func (g *guard) checkCond(s *ast.IfStmt, ret *ast.ReturnStmt) error {
	if !g.isError(ret.Results[0]) {
		return g.errorf(s, "this check is not read")
	}
	switch c := s.Cond.(type) {
	case *ast.Ident:
		if c.Name == "over" { // of all sums and products so far, and of none that follow
			g.over = false
			return nil
		}
	case *ast.CallExpr:
		if fn, ok := c.Fun.(*ast.Ident); ok && fn.Name == "overlap" && len(c.Args) == 2 && g.support(fn) {
			a, ok := c.Args[0].(*ast.Ident)
			b, ok2 := c.Args[1].(*ast.Ident)
			if ok && ok2 {
				if x, y := g.arrays[a.Name], g.arrays[b.Name]; x != nil && y != nil {
					g.disjoint[[2]string{x.name, y.name}] = true
					g.disjoint[[2]string{y.name, x.name}] = true
				}
				return nil
			}
		}
	case *ast.UnaryExpr:
		if c.Op == token.NOT {
			x, err := g.cond(c.X)
			if err == nil {
				g.know(x)
			}
			return err
		}
	}
	return g.errorf(s, "this check is not read")
}

// assumeCase takes the condition of a case apart: names of processor features, and
// conditions on sizes.
func (g *guard) assumeCase(e ast.Expr) ([]string, error) {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.LAND {
		x, err := g.assumeCase(b.X)
		if err != nil {
			return nil, err
		}
		y, err := g.assumeCase(b.Y)
		return append(x, y...), err
	}
	if id, ok := e.(*ast.Ident); ok {
		return g.pkg.features(id.Name), nil
	}
	c, err := g.cond(e)
	if err != nil {
		return nil, err
	}
	g.know(c)
	return nil, nil
}

// features lists what a variable such as hasX = cpu.X86.HasAVX2 && cpu.X86.HasFMA
// tells of the processor.
func (p *Package) features(name string) []string {
	for _, f := range p.files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if len(v.Names) == 1 && v.Names[0].Name == name && len(v.Values) == 1 {
					return cpuNames(v.Values[0])
				}
			}
		}
	}
	return nil
}

func cpuNames(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return cpuNames(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.LAND {
			return append(cpuNames(e.X), cpuNames(e.Y)...)
		}
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.SelectorExpr)
		if !ok || !isIdent(x.X, "cpu") || x.Sel.Name != "X86" && x.Sel.Name != "ARM64" {
			return nil
		}
		if e.Sel.Name == "HasAVX512F" { // every such processor has the older ones
			return []string{"HasAVX512F", "HasAVX2", "HasFMA"}
		}
		return []string{e.Sel.Name}
	}
	return nil
}

// conclude gives the duties that remain: what was checked implies what is taken for
// granted.
func (g *guard) conclude(e entry, target *loopir.Kernel) ([]Duty, error) {
	if g.over {
		return nil, g.errorf(e.fn, "over is not looked at after the last sum or product that may set it")
	}
	at := g.span(e.call)
	for _, q := range target.Params {
		v := loopir.NewVar(q.Name)
		switch q.Kind {
		case loopir.SizeParam:
			g.oblige(at, "contract/size", g.sc, loopir.Bin(loopir.Ge, v, loopir.NewInt(0)))
			g.oblige(at, "contract/size", g.sc, loopir.Bin(loopir.Le, v, loopir.NewInt(1<<31-1)))
		case loopir.ArrayParam:
			have := g.lens[q.Name]
			if have == nil {
				return nil, g.errorf(e.call, "the length of %s is not checked", q.Name)
			}
			if !g.long(have, q.Shape) {
				g.oblige(at, "contract/length", g.sc, loopir.Bin(loopir.Ge, product(have), product(q.Shape)))
			}
			for _, o := range target.Params {
				if o.Kind == loopir.ArrayParam && o.Name != q.Name && (q.Dir != loopir.In || o.Dir != loopir.In) && !g.disjoint[[2]string{q.Name, o.Name}] {
					return nil, g.errorf(e.call, "%s and %s may overlap", q.Name, o.Name)
				}
			}
		}
	}
	for _, l := range loopir.SizedLocals(target) {
		if !slices.ContainsFunc(g.rooms, func(have []loopir.Expr) bool { return g.long(have, l.Shape) }) {
			return nil, g.errorf(e.call, "the room that %s takes is not checked", l.Name)
		}
	}
	for _, w := range target.Where {
		g.oblige(at, "contract/where", g.sc, w)
	}
	return g.duties, nil
}

// long tells whether the extents are the same one by one.
func (g *guard) long(have, want []loopir.Expr) bool {
	if len(have) != len(want) {
		return false
	}
	for i := range have {
		if !sameIndex(have[i], want[i], g.sc.facts) {
			return false
		}
	}
	return true
}

func product(shape []loopir.Expr) loopir.Expr {
	p := poly.Int(1)
	for _, e := range shape {
		p = p.Mul(poly.Must(e))
	}
	return p.Expr()
}
