package lift

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"strings"
)

//go:embed support.txt
var supportText string

// supported are the run-time support functions whose meaning the reader knows, with the
// digest of the text that it was taken from: their own, and that of everything of the
// package that they use. support_test.go compares the digests with package rt.
var supported = func() map[string]string {
	m := map[string]string{}
	for _, l := range strings.Split(strings.TrimSpace(supportText), "\n") {
		if name, digest, ok := strings.Cut(l, " "); ok {
			m[name] = digest
		}
	}
	return m
}()

// known tells whether the package's support function has that text.
func (p *Package) known(name string) bool {
	want, ok := supported[name]
	if !ok {
		return false
	}
	if p.digests == nil {
		p.digests = map[string]string{}
	}
	have, done := p.digests[name]
	if !done {
		have = closure(p.fset, p.files, name)
		p.digests[name] = have
	}
	return have == want
}

// closure is the digest of a package-level declaration and of those that it uses,
// comments left out.
func closure(fset *token.FileSet, files []*ast.File, name string) string {
	decls := declarations(files)
	seen := map[string]bool{}
	text := map[string]string{}
	var visit func(string)
	visit = func(n string) {
		if seen[n] || decls[n] == nil {
			return
		}
		seen[n] = true
		for i, d := range decls[n] {
			var b bytes.Buffer
			if err := printer.Fprint(&b, token.NewFileSet(), bare(d)); err != nil {
				fmt.Fprintf(&b, "error %v", err)
			}
			text[fmt.Sprintf("%s %d", n, i)] = b.String()
			var uses func(x ast.Node) bool
			uses = func(x ast.Node) bool {
				switch x := x.(type) {
				case *ast.Ident:
					visit(x.Name)
				case *ast.FuncDecl: // the name of a method is its type's
					if x.Recv != nil && x.Body != nil {
						ast.Inspect(x.Recv, uses)
						ast.Inspect(x.Type, uses)
						ast.Inspect(x.Body, uses)
						return false
					}
				case *ast.KeyValueExpr: // of a struct: the name of a field is its type's too
					if _, ok := x.Key.(*ast.Ident); ok {
						ast.Inspect(x.Value, uses)
						return false
					}
				case *ast.SelectorExpr: // what is selected belongs to another package or to a type
					ast.Inspect(x.X, uses)
					return false
				}
				return true
			}
			ast.Inspect(d, uses)
		}
	}
	visit(name)
	h := sha256.New()
	for _, k := range sortedKeys(text) {
		fmt.Fprintf(h, "%s\n%s\n", k, text[k])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// bare takes the comments out of a declaration.
func bare(d ast.Node) ast.Node {
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			n.Doc = nil
		case *ast.GenDecl:
			n.Doc = nil
		case *ast.TypeSpec:
			n.Doc, n.Comment = nil, nil
		case *ast.ValueSpec:
			n.Doc, n.Comment = nil, nil
		case *ast.Field:
			n.Doc, n.Comment = nil, nil
		}
		return true
	})
	return d
}

// declarations lists what is declared under each name; a type's methods go with it.
func declarations(files []*ast.File) map[string][]ast.Node {
	out := map[string][]ast.Node{}
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					t := d.Recv.List[0].Type
					if s, ok := t.(*ast.StarExpr); ok {
						t = s.X
					}
					id, ok := t.(*ast.Ident)
					if !ok {
						continue
					}
					name = id.Name
				}
				out[name] = append(out[name], d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						out[s.Name.Name] = append(out[s.Name.Name], d)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							out[n.Name] = append(out[n.Name], d)
						}
					}
				}
			}
		}
	}
	return out
}
