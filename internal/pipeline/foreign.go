package pipeline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// dangerous are packages that reach what a package keeps to itself (memory, unexported
// names), or that the generated code asks about the processor.
var dangerous = []string{"C", "unsafe", "reflect", "runtime", "syscall", "plugin", "golang.org/x/sys"}

// ordinary is an error unless a file that gen did not write is Go code which could stand
// in any other package just as well: it mentions no unexported name that the generated
// code declares, declares none that the generated code mentions (which would then mean
// something else there) and no method, and has no directive and no import that reaches
// through. It decides by names alone, in whatever build the file takes part.
func ordinary(dir, name string, src []byte, generated map[string][]byte) *loopir.Error {
	path := filepath.Join(dir, name)
	whole := loopir.Span{File: path, Start: loopir.Pos{Line: 1, Col: 1}}
	if filepath.Ext(name) != ".go" {
		return loopir.Rejectf(whole, "a foreign file in a generated package: go build would take it, and nothing is known of what it does")
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return loopir.Rejectf(whole, "a foreign file in a generated package that does not parse: %v", err)
	}
	reject := func(p token.Pos, format string, args ...any) *loopir.Error {
		at := fset.PositionFor(p, false)
		start := loopir.Pos{Line: at.Line, Col: at.Column, Offset: at.Offset}
		return loopir.Rejectf(loopir.Span{File: path, Start: start, End: start}, "a foreign file in a generated package: "+format, args...)
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if isDirective(c.Text) {
				return reject(c.Pos(), "the directive %s may reach what is unexported", strings.Fields(c.Text)[0])
			}
		}
	}
	for _, i := range f.Imports {
		to, _ := strconv.Unquote(i.Path.Value)
		if i.Name != nil && i.Name.Name == "." {
			return reject(i.Pos(), "an import into its own names")
		}
		for _, d := range dangerous {
			if to == d || strings.HasPrefix(to, d+"/") {
				return reject(i.Pos(), "import %q reaches what is unexported", to)
			}
		}
	}
	declared, mentioned := namesOf(generated, false)
	own := definedTypes(f)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && (fn.Recv != nil && !own[receiver(fn)] || fn.Body == nil) {
			return reject(d.Pos(), "a method of a type that this file does not define, which may be a generated one, or a function without a body")
		}
	}
	for n, pos := range topLevel(f) {
		if mentioned[n] || types.Universe.Lookup(n) != nil {
			return reject(pos, "it declares %s, which means something else in the generated code", n)
		}
	}
	var bad *loopir.Error
	ast.Inspect(f, func(x ast.Node) bool {
		if id, ok := x.(*ast.Ident); ok && bad == nil && declared[id.Name] && !id.IsExported() {
			bad = reject(id.Pos(), "it mentions %s, which is unexported in the generated code", id.Name)
		}
		return bad == nil
	})
	return bad
}

// isDirective tells a comment that means something to the compiler or the linker. Lines
// of go generate and constraints do not.
func isDirective(text string) bool {
	switch {
	case strings.HasPrefix(text, "//go:generate "), strings.HasPrefix(text, "//go:build "):
		return false
	}
	for _, p := range []string{"//go:", "//export", "//extern", "//line", "/*line", "//sys"} {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// definedTypes are the types that a file defines: an alias is another one's name.
func definedTypes(f *ast.File) map[string]bool {
	out := map[string]bool{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			if t := s.(*ast.TypeSpec); !t.Assign.IsValid() {
				out[t.Name.Name] = true
			}
		}
	}
	return out
}

func receiver(fn *ast.FuncDecl) string {
	name := ""
	ast.Inspect(fn.Recv, func(x ast.Node) bool {
		if f, ok := x.(*ast.Field); ok {
			ast.Inspect(f.Type, func(y ast.Node) bool {
				if id, ok := y.(*ast.Ident); ok && name == "" {
					name = id.Name
				}
				return true
			})
			return false
		}
		return true
	})
	return name
}

// namesOf lists the package-level names that generated files declare, those of tests only
// if asked for, and all names that they mention.
func namesOf(files map[string][]byte, tests bool) (declared, mentioned map[string]bool) {
	declared, mentioned = map[string]bool{}, map[string]bool{}
	for _, name := range sortedNames(files) {
		if filepath.Ext(name) != ".go" || !tests && strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, files[name], parser.SkipObjectResolution)
		if err != nil {
			continue // reading it back tells
		}
		for n := range topLevel(f) {
			declared[n] = true
		}
		ast.Inspect(f, func(x ast.Node) bool {
			if id, ok := x.(*ast.Ident); ok {
				mentioned[id.Name] = true
			}
			return true
		})
	}
	return declared, mentioned
}

// topLevel lists the package-level names of a file. Functions called init and _ have none.
func topLevel(f *ast.File) map[string]token.Pos {
	out := map[string]token.Pos{}
	add := func(id *ast.Ident) {
		if id.Name != "_" {
			out[id.Name] = id.Pos()
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name != "init" {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						add(n)
					}
				}
			}
		}
	}
	return out
}
