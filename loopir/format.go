package loopir

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

const (
	indentWidth = 2
	lineWidth   = 90 // what fits in it is put on one line
)

// Format prints a file: declarations in source order, comments and single blank
// lines where they stood, everything else in one canonical form.
func Format(f *File) []byte {
	p := &printer{comments: slices.Clone(f.Comments)}
	afterBare := true
	for _, d := range f.inOrder() {
		fn, ok := d.(*Func)
		bare := ok && fn.Value == nil // declarations without a body stand together
		p.blank = !bare || !afterBare
		afterBare = bare
		switch d := d.(type) {
		case *Func:
			p.funcDecl(d)
		case *Kernel:
			p.kernel(d)
		case *Schedule:
			p.schedule(d)
		}
	}
	p.flush(int(^uint(0) >> 1))
	return []byte(p.out.String())
}

// inOrder gives the declarations by place; those that have none come last.
func (f *File) inOrder() []any {
	type decl struct {
		node any
		at   Pos
	}
	var ds []decl
	for _, d := range f.Funcs {
		ds = append(ds, decl{d, d.Span.Start})
	}
	for _, d := range f.Kernels {
		ds = append(ds, decl{d, d.Span.Start})
	}
	for _, d := range f.Schedules {
		ds = append(ds, decl{d, d.Span.Start})
	}
	sort.SliceStable(ds, func(i, j int) bool {
		a, b := ds[i].at, ds[j].at
		return a.Line > 0 && (b.Line == 0 || a.Offset < b.Offset)
	})
	out := make([]any, len(ds))
	for i, d := range ds {
		out[i] = d.node
	}
	return out
}

// FormatKernel prints one kernel without comments; the text parses back to k.
func FormatKernel(k *Kernel) string {
	p := &printer{canonical: true}
	p.kernel(k)
	return p.out.String()
}

// FormatStmt prints one statement with its body, without comments.
func FormatStmt(s Stmt) string {
	p := &printer{canonical: true}
	p.stmt(s, noLimit)
	return p.out.String()
}

const noLimit = int(^uint(0) >> 1)

// A printer writes lines and puts pending comments between them.
type printer struct {
	out       strings.Builder
	indent    int
	comments  []Comment // not yet printed
	canonical bool      // the layout of the source does not count
	blank     bool      // a blank line is due before the next line
	opened    bool      // the last line opened a block: no blank line after it
}

// begin starts a line.
func (p *printer) begin() {
	if p.blank && !p.opened && p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
	p.blank, p.opened = false, false
	p.out.WriteString(strings.Repeat(" ", p.indent))
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

// node starts the line of a node at s: comments before it and in it come first,
// on their own lines.
func (p *printer) node(s Span) {
	if s.Start.Line > 0 {
		p.flush(s.Start.Offset)
		p.comments = dropBlanks(p.comments, s.End.Offset)
		p.flush(s.End.Offset)
	}
	p.begin()
}

// dropBlanks takes out, in place, the blank lines before offset end.
func dropBlanks(cs []Comment, end int) []Comment {
	n := 0
	for n < len(cs) && cs[n].Span.Start.Offset < end {
		n++
	}
	keep := n
	for i := n - 1; i >= 0; i-- {
		if cs[i].Text != "" {
			keep--
			cs[keep] = cs[i]
		}
	}
	return cs[keep:]
}

// flush prints the comments before offset end, each on its line.
func (p *printer) flush(end int) {
	for len(p.comments) > 0 && p.comments[0].Span.Start.Offset < end {
		c := p.comments[0]
		p.comments = p.comments[1:]
		if c.Text == "" {
			p.blank = true
			continue
		}
		p.begin()
		p.printf("%s\n", c.Text)
	}
}

// end ends the line of a node that ended at s, with the comment that stood
// behind it, if it stood before offset limit.
func (p *printer) end(s Span, limit int) {
	if len(p.comments) > 0 && s.End.Line > 0 {
		c := p.comments[0]
		at := c.Span.Start
		if c.Text != "" && at.Line == s.End.Line && at.Offset >= s.End.Offset && at.Offset < limit {
			p.comments = p.comments[1:]
			p.printf(" %s", c.Text)
		}
	}
	p.out.WriteByte('\n')
}

// open ends a line with { and begins the block.
func (p *printer) open(s Span, limit int) {
	p.out.WriteString("{")
	p.end(s, limit)
	p.indent += indentWidth
	p.opened = true
}

// shut ends a block whose } stood at s and writes }.
func (p *printer) shut(s Span) {
	if s.Start.Line > 0 {
		p.flush(s.Start.Offset)
	}
	p.indent -= indentWidth
	p.blank = false
	p.begin()
	p.out.WriteString("}")
}

// body prints statements; limit is the offset where the block ends.
func (p *printer) body(body []Stmt, limit int) {
	for i, s := range body {
		p.stmt(s, p.limit(body[i+1:], limit))
	}
}

// limit gives the offset where the first of body begins, otherwise end.
func (p *printer) limit(body []Stmt, end int) int {
	if len(body) > 0 {
		if at := body[0].Source().Start; at.Line > 0 {
			return at.Offset
		}
	}
	return end
}

func offsetOf(s Span) int {
	if s.Start.Line == 0 {
		return noLimit
	}
	return s.Start.Offset
}
