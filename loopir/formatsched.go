package loopir

import "strings"

func (p *printer) schedule(s *Schedule) {
	p.node(s.Span)
	p.printf("schedule %s", s.Name)
	var formals []string
	for i, q := range s.Params {
		if q.Default != nil {
			continue
		}
		text := q.Name
		if i+1 == len(s.Params) || s.Params[i+1].Default != nil || s.Params[i+1].Type != q.Type {
			text += ": " + q.Type
		}
		formals = append(formals, text)
	}
	if formals != nil {
		p.printf("(%s)", strings.Join(formals, ", "))
	}
	p.printf(" for %s ", s.Kernel)
	end := offsetOf(s.End)
	limit := func(i int) int {
		if i < len(s.Items) && s.Items[i].Span.Start.Line > 0 {
			return s.Items[i].Span.Start.Offset
		}
		return end
	}
	p.open(s.Span, limit(0))
	for i := 0; i < len(s.Items); {
		n := p.run(s.Items[i:])
		texts := align(s.Items[i : i+n])
		for j, item := range s.Items[i : i+n] {
			p.node(item.Span)
			p.out.WriteString(texts[j])
			p.end(item.Span, limit(i+j+1))
		}
		i += n
	}
	p.shut(s.End)
	p.end(s.End, noLimit)
}

// run counts the first steps that have one verb and will stand on consecutive
// lines.
func (p *printer) run(items []*Step) int {
	n := 1
	for n < len(items) && items[n].Verb == items[0].Verb && items[n].Span.Start.Line <= items[n-1].Span.End.Line+1 &&
		!p.commentIn(items[n].Span) {
		n++
	}
	return n
}

// align prints steps with their words by and into in columns, if all of them
// have both.
func align(items []*Step) []string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = FormatStep(item)
	}
	for _, word := range []string{" by ", " into "} {
		column := 0
		for _, t := range texts {
			at := strings.Index(t, word)
			if at < 0 {
				return texts
			}
			column = max(column, at)
		}
		for i, t := range texts {
			at := strings.Index(t, word)
			texts[i] = t[:at] + strings.Repeat(" ", column-at) + t[at:]
		}
	}
	return texts
}

// FormatStep prints a step on one line with canonical blanks. Where two tokens
// may or may not belong together (a [ after a word, a - before a number), the
// source decides.
func FormatStep(s *Step) string {
	var b strings.Builder
	b.WriteString(s.Verb)
	prev := Token{Kind: TokIdent, Text: s.Verb, Span: s.Span}
	prev.Span.End.Offset = s.Span.Start.Offset + len(s.Verb)
	depth := 0
	clings := false // prev is an operator without blanks around
	for i, t := range s.Args {
		if t.Text == ")" || t.Text == "]" || t.Text == "}" {
			depth--
		}
		sign := t.Text == "-" && isSign(prev, t, s.Args[i+1:])
		narrow := !sign && isArithmetic(t.Text) && i+1 < len(s.Args) && !gap(prev, t) && !gap(t, s.Args[i+1])
		if !clings && !narrow && blankBetween(prev, t, depth, sign) {
			b.WriteByte(' ')
		}
		if t.Text == "(" || t.Text == "[" || t.Text == "{" {
			depth++
		}
		b.WriteString(t.Text)
		prev, clings = t, sign || narrow
	}
	return b.String()
}

// isSign tells a sign from a minus: after an operator, or, after a word, when it
// clings to the next token only.
func isSign(prev, minus Token, rest []Token) bool {
	if prev.Kind == TokPunct {
		return prev.Text != ")" && prev.Text != "]"
	}
	return prev.Kind == TokIdent && len(rest) > 0 && gap(prev, minus) && !gap(minus, rest[0])
}

func gap(a, b Token) bool { return a.Span.End.Offset < b.Span.Start.Offset }

func blankBetween(a, b Token, depth int, sign bool) bool {
	switch {
	case b.Text == "," || b.Text == ")" || b.Text == "]" || b.Text == "}" || b.Text == ":":
		return false
	case a.Text == "," || a.Text == ":":
		return true
	case a.Text == "(" || a.Text == "[" || a.Text == "{" || a.Text == "!" || a.Text == "@" || b.Text == "@":
		return false
	case a.Text == ".." || b.Text == "..":
		return false
	case b.Text == "(" || b.Text == "[":
		return gap(a, b) && !isArithmetic(a.Text) || depth == 0 && isArithmetic(a.Text)
	case sign && a.Kind == TokIdent:
		return true
	}
	return depth == 0 || !isArithmetic(a.Text) && !isArithmetic(b.Text)
}

func isArithmetic(op string) bool { return len(op) == 1 && strings.Contains("+-*/%", op) }
