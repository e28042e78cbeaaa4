package loopir

import (
	"fmt"
	"sort"
	"strings"
)

func (p *printer) funcDecl(f *Func) {
	p.node(f.Span)
	p.printf("func %s(", f.Name)
	for i, t := range f.Params {
		name := fmt.Sprintf("x%d", i)
		if i < len(f.Names) {
			name = f.Names[i]
		}
		if i > 0 {
			p.out.WriteString(", ")
		}
		p.out.WriteString(name)
		if i+1 == len(f.Params) || f.Params[i+1] != t {
			p.printf(": %s", t)
		}
	}
	p.printf("): %s", f.Result)
	if f.Value == nil {
		p.end(f.Span, noLimit)
		return
	}
	p.out.WriteByte(' ')
	limit := offsetOf(f.Return)
	if len(f.Lets) > 0 {
		limit = offsetOf(f.Lets[0].Span)
	}
	p.open(f.Span, limit)
	for i, l := range f.Lets {
		if limit = offsetOf(f.Return); i+1 < len(f.Lets) {
			limit = offsetOf(f.Lets[i+1].Span)
		}
		p.stmt(l, limit)
	}
	p.node(f.Return)
	p.printf("return %s", FormatExpr(f.Value))
	p.end(f.Return, offsetOf(f.End))
	p.shut(f.End)
	p.end(f.End, noLimit)
}

func (p *printer) kernel(k *Kernel) {
	p.kernelHeader(k)
	end := offsetOf(k.End)
	p.body(k.Body, end)
	p.shut(k.End)
	p.end(k.End, noLimit)
}

// kernelHeader prints the header on one line when it fits and the source does
// not break its parameters; otherwise as params has it, conditions below, the
// opening brace on its own line.
func (p *printer) kernelHeader(k *Kernel) {
	if len(k.Params) > 0 && k.Span.Start.Line > 0 {
		p.flush(k.Params[0].Span.Start.Offset)
	}
	groups := p.paramGroups(k)
	where := ""
	for i, c := range k.Where {
		if i > 0 {
			where += ", "
		}
		where += exprText(c, sums)
	}
	limit := p.limit(k.Body, offsetOf(k.End))
	line := "kernel " + k.Name + "(" + strings.Join(groupTexts(groups), ", ") + ") "
	if where != "" {
		line += "where " + where + " "
	}
	if len(line) < lineWidth && !p.commentBefore(k.Span.End.Offset) && !broken(groups) {
		p.begin()
		p.out.WriteString(line)
		p.open(k.Span, limit)
		return
	}
	p.begin()
	p.printf("kernel %s(", k.Name)
	p.params(groups, k)
	p.out.WriteString(")\n")
	if where != "" {
		p.where(k)
		p.end(k.Span, limit)
	}
	p.open(Span{}, limit)
}

// broken tells whether the source has the groups on several lines.
func broken(groups []paramText) bool {
	return len(groups) > 0 && groups[0].first.Start.Line != groups[len(groups)-1].first.Start.Line
}

// commentBefore tells whether a comment, not a blank line, stands before offset.
func (p *printer) commentBefore(offset int) bool {
	for _, c := range p.comments {
		if c.Span.Start.Offset >= offset {
			break
		}
		if c.Text != "" {
			return true
		}
	}
	return false
}

// where wraps the conditions at commas.
func (p *printer) where(k *Kernel) {
	line := "  where "
	for i, c := range k.Where {
		text := exprText(c, sums)
		if i+1 < len(k.Where) {
			text += ","
		}
		if i > 0 && len(line)+len(text) > lineWidth {
			p.printf("%s\n", strings.TrimRight(line, " "))
			line = "        "
		}
		line += text + " "
	}
	p.out.WriteString(strings.TrimRight(line, " "))
}

// A paramText is one group: N, K: size or in A: f32[N].
type paramText struct {
	dir, rest  string
	first, end Span // of the first and the last name
}

// paramGroups joins sizes, and scalars of one type, that follow each other and
// have no comment between them.
func (p *printer) paramGroups(k *Kernel) []paramText {
	var out []paramText
	for i, q := range k.Params {
		w := exprWriter{}
		w.WriteString(q.Name)
		if i > 0 && q.Kind != ArrayParam && q.Kind == k.Params[i-1].Kind && q.Type == k.Params[i-1].Type &&
			!p.commentIn(k.Params[i-1].Span.to(q.Span)) {
			g := &out[len(out)-1]
			g.rest = g.rest[:strings.LastIndex(g.rest, ":")] + ", " + q.Name + ": " + paramType(q)
			g.end = q.Span
			continue
		}
		g := paramText{first: q.Span, end: q.Span, rest: q.Name + ": " + paramType(q)}
		if q.Kind == ArrayParam {
			g.dir = q.Dir.String()
		}
		out = append(out, g)
	}
	return out
}

// commentIn tells whether a comment, not a blank line, stands in s.
func (p *printer) commentIn(s Span) bool {
	first := sort.Search(len(p.comments), func(i int) bool { return p.comments[i].Span.Start.Offset >= s.Start.Offset })
	for _, c := range p.comments[first:] {
		if c.Span.Start.Offset >= s.End.Offset {
			break
		}
		if c.Text != "" {
			return true
		}
	}
	return false
}

func paramType(q *Param) string {
	if q.Kind == SizeParam {
		return "size"
	}
	w := exprWriter{}
	w.WriteString(q.Type.String())
	w.index(q.Shape)
	if l := q.Layout; l != nil {
		w.WriteString(" packs ")
		for i, it := range l.Iters {
			w.WriteString("[" + it + ": ")
			w.expr(l.Shape[i], 0, tight)
			w.WriteString("]")
		}
		w.WriteString(" as ")
		w.index(l.Index)
	}
	return w.String()
}

// groupTexts gives the groups as text.
func groupTexts(groups []paramText) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = g.text(0)
	}
	return out
}

// text pads the direction to width.
func (g paramText) text(width int) string {
	if g.dir == "" {
		return g.rest
	}
	return fmt.Sprintf("%-*s %s", width, g.dir, g.rest)
}

// params prints the groups on the lines that the source has, or one a line.
// Comments stand above the group they stood before, or behind it; those after
// the last group stand above it, so that the closing parenthesis has its place.
func (p *printer) params(groups []paramText, k *Kernel) {
	width := 0
	for _, g := range groups {
		width = max(width, len(g.dir))
	}
	pad := strings.Repeat(" ", len("kernel "+k.Name+"("))
	oneEach := p.canonical || !broken(groups)
	column := len(pad)
	for i, g := range groups {
		upTo := g.first.Start.Offset
		if i+1 == len(groups) {
			upTo = k.Span.End.Offset
		}
		p.comments = dropBlanks(p.comments, upTo)
		commented := p.commentBefore(upTo)
		column += len(g.text(0)) + 2
		if i > 0 {
			sameLine := !oneEach && !commented && g.first.Start.Line == groups[i-1].first.Start.Line && column < lineWidth
			if sameLine {
				p.out.WriteString(" " + g.text(0))
			} else {
				p.end(groups[i-1].end, upTo)
			}
			if sameLine {
				p.comma(i, groups)
				continue
			}
		} else if commented {
			p.out.WriteString("\n")
		}
		column = len(pad) + len(g.text(width)) + 2
		for len(p.comments) > 0 && p.comments[0].Span.Start.Offset < upTo {
			p.printf("%s%s\n", pad, p.comments[0].Text)
			p.comments = p.comments[1:]
		}
		if i > 0 || commented {
			p.out.WriteString(pad)
		}
		p.out.WriteString(g.text(width))
		p.comma(i, groups)
	}
}

func (p *printer) comma(i int, groups []paramText) {
	if i+1 < len(groups) {
		p.out.WriteString(",")
	}
}
