package lift

import (
	"go/ast"

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
	for _, f := range p.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
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
			if !known[name] || fn.Recv == nil && name == "init" {
				pos := p.fset.Position(fn.Pos())
				return loopir.Errorf(loopir.Span{File: pos.Filename, Start: loopir.Pos{Line: pos.Line, Col: 1}},
					"%s is no part of a compiled form or of the run-time support as it is known", fn.Name.Name)
			}
		}
	}
	return nil
}
