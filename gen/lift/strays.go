package lift

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

// Strays is an error when the package has code that is no part of a form, of a function
// that leads into one, or of the run-time support: nothing is known of what it does.
func (p *Package) Strays() error {
	known := map[string]bool{}
	decls := declarations(p.files)
	var mark func(string)
	mark = func(n string) {
		if known[n] {
			return
		}
		known[n] = true
		for _, d := range decls[n] {
			ast.Inspect(d, func(x ast.Node) bool {
				if id, ok := x.(*ast.Ident); ok && decls[id.Name] != nil {
					mark(id.Name)
				}
				return true
			})
		}
	}
	for n := range supported {
		if decls[n] != nil && p.known(n) {
			mark(n)
		}
	}
	for _, f := range p.Forms() {
		known[f.Type] = true
		for _, m := range p.methods[f.Type] {
			ast.Inspect(m, func(x ast.Node) bool {
				if c, ok := x.(*ast.CallExpr); ok {
					if id, ok := c.Fun.(*ast.Ident); ok && p.asm[id.Name] != nil {
						known[id.Name] = true
					}
				}
				return true
			})
		}
		list, caller := p.entries(f.Type)
		if caller != nil {
			known[caller.Name.Name] = true
		}
		for _, e := range list {
			known[e.fn.Name.Name] = true
		}
	}
	for _, n := range sortedKeys(p.asm) {
		if !known[n] || p.funcs[n] == nil {
			f := p.asm[n]
			return &asm.Error{File: f.Name, Line: f.Func(n).Line, Msg: n + " is called by no form"}
		}
	}
	for _, f := range p.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				if v := p.strayVar(d.(*ast.GenDecl), known); v != nil {
					return loopir.Errorf((&reader{pkg: p}).span(v), "nothing is known of how %s gets its value", v.Name)
				}
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				t := fn.Recv.List[0].Type
				if s, ok := t.(*ast.StarExpr); ok {
					t = s.X
				}
				if id, ok := t.(*ast.Ident); ok {
					name = id.Name
				}
			}
			if p.never(fn) || p.tells(fn) {
				continue
			}
			if !known[name] || fn.Recv == nil && name == "init" {
				pos := p.fset.Position(fn.Pos())
				return loopir.Errorf(loopir.Span{File: pos.Filename, Start: loopir.Pos{Line: pos.Line, Col: 1}},
					"%s is no part of a compiled form or of the run-time support as it is known", fn.Name.Name)
			}
		}
	}
	return nil
}

// never tells a function that stands for a form which another processor has: it panics,
// and is called only where a constant that is false says so.
func (p *Package) never(fn *ast.FuncDecl) bool {
	if fn.Recv != nil || fn.Body == nil || fn.Type.Results != nil || len(fn.Body.List) != 1 {
		return false
	}
	x, ok := fn.Body.List[0].(*ast.ExprStmt)
	if !ok {
		return false
	}
	if c, ok := x.X.(*ast.CallExpr); !ok || !isIdent(c.Fun, "panic") {
		return false
	}
	calls := 0
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			cc, ok := n.(*ast.CaseClause)
			if ok && len(cc.List) == 1 && len(cc.Body) == 1 && p.isFalse(cc.List[0]) {
				if x, ok := cc.Body[0].(*ast.ExprStmt); ok {
					if c, ok := x.X.(*ast.CallExpr); ok && isIdent(c.Fun, fn.Name.Name) {
						calls++
					}
				}
			}
			return true
		})
	}
	return calls == p.mentions(fn.Name.Name)
}

// tells tells a function of sizes that can do nothing but return a string: it assigns
// nothing, and calls but what the run-time support has, and functions written in place.
func (p *Package) tells(fn *ast.FuncDecl) bool {
	if fn.Recv != nil || fn.Body == nil || fn.Type.Results == nil || fn.Type.Results.NumFields() != 1 || !isIdent(fn.Type.Results.List[0].Type, "string") {
		return false
	}
	for _, f := range fn.Type.Params.List {
		if !isIdent(f.Type, "int") {
			return false
		}
	}
	quiet := true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			id, ok := n.Fun.(*ast.Ident)
			_, lit := n.Fun.(*ast.FuncLit)
			quiet = quiet && (lit || ok && (isIdent(n.Fun, "int") || p.extreme(id) || supported[id.Name] != "" && p.known(id.Name)))
		case *ast.AssignStmt:
			quiet = quiet && n.Tok == token.DEFINE
		case *ast.SendStmt, *ast.IncDecStmt, *ast.GoStmt, *ast.DeferStmt, *ast.ForStmt, *ast.RangeStmt:
			quiet = false
		}
		return quiet
	})
	return quiet
}

// extreme tells Go's own min and max.
func (p *Package) extreme(id *ast.Ident) bool {
	_, builtin := p.info.Uses[id].(*types.Builtin)
	return builtin && (id.Name == "min" || id.Name == "max")
}

// isFalse tells a constant that is false, or what begins with one and &&.
func (p *Package) isFalse(e ast.Expr) bool {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.LAND {
		return p.isFalse(b.X)
	}
	v := p.info.Types[e].Value
	return v != nil && v.Kind() == constant.Bool && !constant.BoolVal(v)
}

// strayVar finds a package variable whose initial value is neither a question about the
// processor nor a pool of new values: of a form, or of its scratch memory.
func (p *Package) strayVar(d *ast.GenDecl, known map[string]bool) *ast.Ident {
	if d.Tok != token.VAR {
		return nil
	}
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		for i, n := range v.Names {
			if known[n.Name] || len(v.Values) == 0 {
				continue
			}
			typ, pool := "", false
			if len(v.Values) == len(v.Names) {
				typ = poolOf(v.Values[i])
				pool = typ != "" && (n.Name == typ+"Calls" || n.Name == typ+"es")
			}
			if len(v.Values) != len(v.Names) || len(cpuNames(v.Values[i])) == 0 && !pool {
				return n
			}
		}
	}
	return nil
}
