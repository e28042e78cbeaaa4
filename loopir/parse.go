package loopir

import (
	"errors"
	"slices"

	"github.com/alecthomas/participle/v2/lexer"
)

// Parse reads and checks a file. The error is an ErrorList with every error
// that could be found: those of the text, and those of names and types in the
// declarations whose text is in order. The file is returned with it as far as it
// was understood.
func Parse(name string, src []byte) (*File, error) {
	p, errs := parse(name, src)
	f := p.file
	errs = append(errs, f.checkFile()...)
	errs = append(errs, f.checkFuncs(func(fn *Func) bool { return !p.broken[fn] })...)
	for _, k := range f.Kernels {
		if !p.broken[k] {
			errs = append(errs, f.check(k)...)
		}
	}
	for _, s := range f.Schedules {
		errs = append(errs, f.checkSchedule(s)...)
	}
	return f, errs.Err()
}

// ParseSyntax reads a file without checking names and types, which is enough
// to format it. Plain names come out as Read, whether they are indices or
// data; Check turns the former into Var.
func ParseSyntax(name string, src []byte) (*File, error) {
	p, errs := parse(name, src)
	return p.file, errs.Err()
}

func parse(name string, src []byte) (*parser, ErrorList) {
	toks, err := tokenize(name, src)
	if err != nil {
		return &parser{file: &File{Name: name}}, ErrorList{err}
	}
	p := &parser{
		file:   &File{Name: name, Comments: toks.comments},
		toks:   toks.tokens,
		broken: map[any]bool{},
	}
	p.matchBrackets()
	p.declarations()
	commented := slices.ContainsFunc(toks.comments, func(c Comment) bool { return c.Text != "" })
	if f := p.file; len(f.Funcs)+len(f.Kernels)+len(f.Schedules)+len(p.errs) == 0 && !commented {
		p.error(emptyFile(name))
	}
	return p, p.errs
}

// A parser splits the tokens of a file into statements, lets participle read
// each of them, and goes on after an error with the next one.
type parser struct {
	file   *File
	toks   []lexer.Token
	pos    int
	match  map[int]int // opening bracket to closing one, by token number; no entry: never closed
	errs   ErrorList
	depth  int
	broken map[any]bool // kernels and funcs with errors in their text
	cutOff int          // the token before which a } was found missing
}

func (p *parser) error(err error) {
	var e *Error
	if !errors.As(err, &e) || len(p.errs) > maxErrors {
		return
	}
	p.errs = append(p.errs, e)
	if len(p.errs) == maxErrors {
		p.errs = append(p.errs, Errorf(e.Span, "too many errors; the rest of the file is left unread"))
		p.giveUp()
	}
}

func (p *parser) giveUp() {
	p.pos = len(p.toks) - 1
	p.cutOff = p.pos
}

func (p *parser) peek() lexer.Token { return p.toks[p.pos] }

func (p *parser) next() lexer.Token {
	t := p.toks[p.pos]
	if !t.EOF() {
		p.pos++
	}
	return t
}

func (p *parser) skipEnds() {
	for t := p.peek(); t.Type == symNewline || t.Value == ";"; t = p.peek() {
		p.next()
	}
}

// after returns the token at i, or the one after it if that is a newline.
func (p *parser) after(i int) lexer.Token {
	if p.toks[i].Type == symNewline {
		i++
	}
	return p.toks[i]
}

// unclosed complains about a { whose block ran into a declaration or the end,
// once for all blocks around it.
func (p *parser) unclosed(open lexer.Token) {
	if p.cutOff == p.pos {
		return
	}
	p.cutOff = p.pos
	e := Errorf(tokenSpan(open), "{ is never closed")
	if t := p.peek(); !t.EOF() {
		e.Note(tokenSpan(t), "a } is missing before this")
	}
	p.error(e)
}

// atDeclaration tells whether a kernel, schedule or func begins at token i,
// which is where reading can go on whatever went wrong before.
func (p *parser) atDeclaration(i int) bool {
	switch p.toks[i].Value {
	case "kernel", "schedule", "func":
		return (i == 0 || p.toks[i-1].Type == symNewline) && p.toks[i+1].Type == symIdent
	}
	return false
}

// declarations reads the whole file.
func (p *parser) declarations() {
	for {
		p.skipEnds()
		t := p.peek()
		switch {
		case t.EOF():
			return
		case t.Value == "kernel":
			p.kernel()
		case t.Value == "schedule":
			p.schedule()
		case t.Value == "func":
			p.function()
		default:
			p.error(Errorf(tokenSpan(t), "expected a kernel, a schedule or a func, found %s", describe(t)))
			for !p.peek().EOF() && !p.atDeclaration(p.pos) {
				p.next()
			}
		}
	}
}

// endOfStatement complains about what follows a statement on its line.
func (p *parser) endOfStatement() {
	switch t := p.peek(); {
	case t.EOF(), t.Type == symNewline, t.Value == ";", t.Value == "}":
	case t.Value == "{":
		p.error(Errorf(tokenSpan(t), "unexpected {; only for, if, else, func, kernel and schedule open a block"))
		p.skipBlock()
	default:
		p.error(Errorf(tokenSpan(t), "unexpected %s after the statement", describe(t)))
		p.segment(false)
	}
}

// skipBlock leaves out a { ... }.
func (p *parser) skipBlock() {
	if end, ok := p.match[p.pos]; ok {
		p.pos = end
	}
	p.next()
}
