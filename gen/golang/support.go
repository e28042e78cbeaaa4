package golang

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"sort"
	"strconv"
	"strings"
)

//go:embed rt/rt.go rt/parallel.go
var rtFiles embed.FS

// Support returns the source of package pkg's run-time support: those
// declarations of gen/golang/rt that the given Go sources mention, directly or
// through each other.
func Support(pkg, header string, sources ...string) ([]byte, error) {
	fset := token.NewFileSet()
	decls := map[string]ast.Decl{}
	var order []ast.Decl
	var files []*ast.File
	for _, name := range []string{"rt/rt.go", "rt/parallel.go"} {
		text, err := rtFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		for _, d := range f.Decls {
			for _, n := range declNames(d) {
				decls[n] = d
			}
			order = append(order, d)
		}
	}
	need := map[ast.Decl]bool{}
	var want func(n ast.Node)
	want = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || decls[id.Name] == nil {
				return true
			}
			for _, d := range append(methods(order, id.Name), decls[id.Name]) {
				if !need[d] {
					need[d] = true
					want(d)
				}
			}
			return true
		})
	}
	for i, src := range sources {
		f, err := parser.ParseFile(fset, "source"+strconv.Itoa(i)+".go", src, 0)
		if err != nil {
			return nil, fmt.Errorf("emitted Go does not parse: %w", err)
		}
		want(f)
	}
	imports := map[string]bool{}
	for d := range need {
		ast.Inspect(d, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok && rtImports[id.Name] != "" {
					imports[id.Name] = true
				}
			}
			return true
		})
	}
	return printSupport(fset, files, pkg, header, order, need, imports)
}

var rtImports = map[string]string{
	"fmt": "fmt", "math": "math", "bits": "math/bits", "unsafe": "unsafe",
	"runtime": "runtime", "sync": "sync", "atomic": "sync/atomic", "time": "time",
}

func declNames(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
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
		return names
	}
	return nil
}

// methods returns the methods of a type.
func methods(decls []ast.Decl, typ string) []ast.Decl {
	var out []ast.Decl
	for _, d := range decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			continue
		}
		t := f.Recv.List[0].Type
		if s, ok := t.(*ast.StarExpr); ok {
			t = s.X
		}
		if id, ok := t.(*ast.Ident); ok && id.Name == typ {
			out = append(out, d)
		}
	}
	return out
}

func printSupport(fset *token.FileSet, files []*ast.File, pkg, header string, order []ast.Decl,
	need map[ast.Decl]bool, imports map[string]bool,
) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\npackage %s\n", header, pkg)
	paths := make([]string, 0, len(imports))
	for n := range imports {
		paths = append(paths, rtImports[n])
	}
	sort.Strings(paths)
	if len(paths) > 0 {
		b.WriteString("\nimport (\n")
		for _, p := range paths {
			fmt.Fprintf(&b, "\t%q\n", p)
		}
		b.WriteString(")\n")
	}
	var comments []*ast.CommentGroup
	for _, f := range files {
		comments = append(comments, f.Comments...)
	}
	for _, d := range order {
		if !need[d] {
			continue
		}
		b.WriteString("\n")
		cfg := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
		if err := cfg.Fprint(&b, fset, &printer.CommentedNode{Node: d, Comments: comments}); err != nil {
			return nil, err
		}
		b.WriteString("\n")
	}
	return []byte(b.String()), nil
}
