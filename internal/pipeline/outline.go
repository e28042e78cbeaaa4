package pipeline

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// differentOutline finds the first declaration of a form that is not as gen writes it: types
// with their fields, variables, signatures, which method a number of runRange stands for, and of assembly the
// functions with the sizes of their frames. The bodies are left to the proofs.
func differentOutline(name string, have, want []byte) (int, string, string) {
	outline := goOutline
	if filepath.Ext(name) == ".s" {
		outline = asmOutline
	}
	h, w := outline(have), outline(want)
	for i := range max(len(h), len(w)) {
		switch {
		case i >= len(h):
			return 1 + bytes.Count(have, []byte("\n")), "no such declaration", w[i].text
		case i >= len(w):
			return h[i].line, h[i].text, "no such declaration"
		case h[i].text != w[i].text:
			return h[i].line, h[i].text, w[i].text
		}
	}
	return 0, "", ""
}

// An outlined declaration, without its body.
type outlined struct {
	line int
	text string
}

// asmOutline lists the lines that declare functions.
func asmOutline(src []byte) []outlined {
	var out []outlined
	for i, l := range strings.Split(string(src), "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "TEXT") {
			out = append(out, outlined{i + 1, l})
		}
	}
	return out
}

// goOutline lists the declarations of a file, comments left out.
func goOutline(src []byte) []outlined {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return []outlined{{1, err.Error()}}
	}
	var out []outlined
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && fn.Name.Name != "runRange" {
			fn.Body = &ast.BlockStmt{}
		}
		var b bytes.Buffer
		if err := format.Node(&b, token.NewFileSet(), d); err != nil {
			b.WriteString(err.Error())
		}
		out = append(out, outlined{fset.Position(d.Pos()).Line, b.String()})
	}
	return out
}
