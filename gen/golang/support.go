package golang

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

//go:embed rt/rt.go rt/parallel.go
var rtFiles embed.FS

// Support returns the source of package pkg's run-time support, package rt as one file.
// It is the same for all .loop files, so that several can share a Go package.
func Support(pkg, header string) ([]byte, error) {
	var imports, decls bytes.Buffer
	seen := map[string]bool{}
	for _, name := range []string{"rt/rt.go", "rt/parallel.go"} {
		text, err := rtFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		end := f.Name.End()
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.IMPORT {
				break
			}
			for _, s := range g.Specs {
				path := s.(*ast.ImportSpec).Path.Value
				if p, err := strconv.Unquote(path); err == nil && !seen[p] {
					seen[p] = true
					fmt.Fprintf(&imports, "\t%s\n", path)
				}
			}
			end = g.End()
		}
		decls.Write(text[fset.Position(end).Offset:])
	}
	return fmt.Appendf(nil, "%s\npackage %s\n\nimport (\n%s)\n%s", header, pkg, imports.String(), decls.String()), nil
}
