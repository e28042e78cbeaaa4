package lift

import (
	"bytes"
	"go/ast"
	"go/printer"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// An Export is an exported function that checks its arguments and runs a form.
type Export struct {
	Name      string
	Signature string // func(threads int, N int, A []float32) error
	Span      loopir.Span
	Cases     []Case
}

// A Case is one of the cases in which an exported function runs a form; they are tried in
// order, and the last one is for all that is left.
type Case struct {
	Cond string // as Go source, "" for what is left
	Form Form
	line int
}

// Exports lists the exported functions with the forms that the package, as Arch builds
// it, has for their cases.
func (p *Package) Exports() []Export {
	var out []Export
	for _, f := range p.Forms() {
		list, _ := p.entries(f.Type)
		for _, e := range list {
			i := slices.IndexFunc(out, func(x Export) bool { return x.Name == e.fn.Name.Name })
			if i < 0 {
				i = len(out)
				out = append(out, Export{Name: e.fn.Name.Name, Signature: p.source(e.fn.Type), Span: (&reader{pkg: p}).span(e.fn)})
			}
			c := Case{Form: f, line: p.fset.Position(e.call.Pos()).Line}
			if e.cond != nil {
				c.Cond = p.source(e.cond)
			}
			out[i].Cases = append(out[i].Cases, c)
		}
	}
	for _, x := range out {
		slices.SortFunc(x.Cases, func(a, b Case) int { return a.line - b.line })
	}
	slices.SortFunc(out, func(a, b Export) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Merge adds the cases that another build of the package has.
func (x *Export) Merge(other Export) {
	for _, c := range other.Cases {
		if !slices.Contains(x.Cases, c) {
			x.Cases = append(x.Cases, c)
		}
	}
	slices.SortFunc(x.Cases, func(a, b Case) int { return a.line - b.line })
}

// Text is that of one file of the package.
func (p *Package) Text(name string) []byte { return p.text[name] }

func (p *Package) source(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, p.fset, n); err != nil {
		return err.Error()
	}
	return b.String()
}
