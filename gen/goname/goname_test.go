package goname

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

func TestNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, n := range []string{"c", "c_", "c__", "x", "x_", "type", "type_", "nil", "len", "init", "_", "__", "_x", "par0", "sel1", "A", "A_dim0", "callF"} {
		g := Of(n)
		if old, ok := seen[g]; ok {
			t.Errorf("%s and %s are both %s in Go", old, n, g)
		}
		if !token.IsIdentifier(g) || g == "_" {
			t.Errorf("%s is %s in Go, which is no name", n, g)
		}
		seen[g] = n
	}
}

func TestSupportIsReserved(t *testing.T) {
	for _, name := range []string{"rt.go", "parallel.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), "../golang/rt/"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			for _, n := range declared(d) {
				if n != "_" && !own[n] {
					t.Errorf("%s declares %s, which is not reserved", name, n)
				}
			}
		}
	}
}

func declared(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}
