package loopir

import "github.com/alecthomas/participle/v2/lexer"

// A segment is the tokens of one statement or header, newlines taken out.
type segment struct {
	toks []lexer.Token
	ok   bool // false when an error was reported already
}

// endsOpen tells tokens after which a line break does not end a statement.
func endsOpen(t lexer.Token) bool {
	if t.Type != symPunct {
		return false
	}
	switch t.Value {
	case ")", "]", "}", ";":
		return false
	}
	return true
}

// segment takes tokens up to the end of a statement, a { that opens a body or
// a } that closes one; these two are left. In a schedule braces are brackets.
func (p *parser) segment(schedule bool) segment {
	s := segment{ok: true}
	for {
		t := p.peek()
		switch {
		case t.Value == ";" && len(s.toks) > 0 && opensBlock(s.toks) && p.bracesLine():
		case t.EOF(), t.Value == ";", t.Value == "}":
			return s
		case t.Value == "{" && !(schedule && len(s.toks) > 0 && s.toks[0].Value != "schedule"):
			return s
		case t.Type == symNewline:
			if p.endsHere(s) {
				return s
			}
			p.next()
			continue
		case t.Value == "(" || t.Value == "[" || t.Value == "{":
			p.bracket(&s)
			continue
		case t.Type == symBad && s.ok:
			p.error(Errorf(tokenSpan(t), "unexpected %s; %s", describe(t), s.hint(t.Value)))
			s.ok = false
		}
		s.toks = append(s.toks, p.next())
	}
}

// bracesLine tells whether a { comes on this line: a semicolon before it stands
// in a loop header of another language.
func (p *parser) bracesLine() bool {
	for i, t := range p.toks[p.pos:] {
		if i > 100 || t.EOF() || t.Type == symNewline || t.Value == "}" {
			return false
		}
		if t.Value == "{" {
			return true
		}
	}
	return false
}

// hint is hintFor in a segment.
func (s segment) hint(text string) string {
	if text == "++" && len(s.toks) > 0 && (s.toks[0].Value == "for" || len(s.toks) > 2 && s.toks[2].Value == "for") {
		return "the form of a loop is: " + forShape
	}
	return hintFor(text)
}

func hintFor(text string) string {
	switch text {
	case "#", "/*":
		return "comments begin with //"
	case "'", "`":
		return "there are no characters and no strings"
	case ".":
		return "ranges are lo..hi, and a number has digits before and after its point"
	case "&", "|":
		return "conditions are joined by && and ||, bits by and(x, y) and or(x, y)"
	case "^", "~":
		return "bits are combined by xor(x, y) and not(x)"
	case "<<", ">>":
		return "bits are shifted by shl(x, 3) and shr(x, 3)"
	case "++":
		return "write += 1"
	case ":=":
		return "names are declared by let and var, loops are for i in lo..hi"
	case "**":
		return "write a product"
	case "?":
		return "write select(condition, a, b)"
	}
	if text[0] == '"' {
		return "there are no strings"
	}
	return "names are ASCII letters, digits and _"
}

// endsHere tells whether the newline at the cursor ends the statement.
func (p *parser) endsHere(s segment) bool {
	if len(s.toks) == 0 {
		return true
	}
	next := p.after(p.pos)
	switch {
	case next.Value == "{":
		return !opensBlock(s.toks)
	case next.Value == "where" && s.toks[0].Value == "kernel":
		return false
	case next.EOF(), next.Value == "}", next.Type == symIdent && reserved[next.Value] == "keyword" && next.Value != "in":
		return true
	}
	return !endsOpen(s.toks[len(s.toks)-1]) || p.assignsNext()
}

// assignsNext tells whether the next line is an assignment, which can't
// continue one that lacks its end.
func (p *parser) assignsNext() bool {
	i := p.pos
	for p.toks[i].Type == symNewline {
		i++
	}
	end := i
	for !p.toks[end].EOF() && p.toks[end].Type != symNewline && p.toks[end].Value != ";" {
		end++
	}
	return assigns(p.toks[i:end])
}

// opensBlock tells headers, which a { follows.
func opensBlock(ts []lexer.Token) bool {
	switch ts[0].Value {
	case "kernel", "schedule", "func", "for", "if", "else":
		return true
	}
	return len(ts) > 2 && ts[1].Value == ":" && ts[2].Value == "for"
}

// bracket takes a bracket and what is in it, line breaks left out.
func (p *parser) bracket(s *segment) {
	end, ok := p.match[p.pos]
	if !ok {
		t := p.next()
		if s.ok {
			p.error(Errorf(tokenSpan(t), "%s is never closed", t.Value))
		}
		s.ok = false
		return
	}
	for p.pos <= end && !p.peek().EOF() {
		t := p.next()
		if t.Type == symBad && s.ok {
			p.error(Errorf(tokenSpan(t), "unexpected %s; %s", describe(t), s.hint(t.Value)))
			s.ok = false
		}
		if t.Type != symNewline {
			s.toks = append(s.toks, t)
		}
	}
}

// matchBrackets finds the end of each ( and [ and, since sets stand in schedule
// steps, {. An opening bracket is not closed when a statement keyword, a
// declaration or another kind of bracket comes first.
func (p *parser) matchBrackets() {
	p.match = map[int]int{}
	closing := map[string]string{"(": ")", "[": "]", "{": "}"}
	var open []int
	for i, t := range p.toks {
		switch {
		case t.Type == symPunct && closing[t.Value] != "":
			open = append(open, i)
		case t.Type == symPunct && (t.Value == ")" || t.Value == "]" || t.Value == "}"):
			open = p.closeBracket(open, i, closing)
		case p.atDeclaration(i):
			open = nil
		case t.Type == symIdent && i > 0 && p.toks[i-1].Type == symNewline && startsStatement(t.Value):
			for len(open) > 0 && p.toks[open[len(open)-1]].Value != "{" {
				open = open[:len(open)-1]
			}
		case t.Type == symNewline && i > 0 && p.after(i).Value != "}" && !endsOpen(p.toks[i-1]):
			if n := len(open); n > 0 && p.opensSet(open[n-1]) {
				open = open[:n-1]
			}
		}
	}
}

// opensSet tells the { of "in {1, 2}", where a line may break after a comma.
func (p *parser) opensSet(i int) bool {
	return p.toks[i].Value == "{" && i > 0 && p.toks[i-1].Value == "in"
}

// closeBracket pops the brackets inside the one that token i closes, if that is
// near enough to be meant.
func (p *parser) closeBracket(open []int, i int, closing map[string]string) []int {
	for j := len(open) - 1; j >= max(0, len(open)-8); j-- {
		if closing[p.toks[open[j]].Value] == p.toks[i].Value {
			p.match[open[j]] = i
			return open[:j]
		}
		if p.toks[open[j]].Value == "{" {
			break
		}
	}
	return open
}

func startsStatement(word string) bool {
	switch word {
	case "for", "if", "let", "var":
		return true
	}
	return false
}
