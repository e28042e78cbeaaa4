package loopir

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"
)

// Limits that keep time and memory bounded whatever the input is; a real file
// stays far below each.
const (
	maxSource = 1 << 20 // bytes of a file
	maxDepth  = 500     // brackets in brackets, blocks in blocks
	maxChain  = 5000    // operators in one expression
	maxDigits = 1000    // of a number
	maxErrors = 100     // reported in one run
)

// definition is the lexical grammar. Names with a dot come from inlined calls.
// Foreign is what other languages have and people try; together with Bad, any
// other byte, it lets a hint be given. No input makes the lexer itself fail, so
// errors stay local to a statement.
var definition = lexer.MustSimple([]lexer.SimpleRule{
	{Name: "Space", Pattern: `[ \t\r\x{FEFF}]+`},
	{Name: "Newline", Pattern: `\n`},
	{Name: "Comment", Pattern: `//[^\n]*`},
	{Name: "Ident", Pattern: `[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*`},
	{Name: "Float", Pattern: `[0-9][0-9_]*\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+`},
	{Name: "Int", Pattern: `[0-9][0-9A-Za-z_]*`},
	{Name: "Foreign", Pattern: `<<|>>|/\*|\+\+|\*\*|:=|"[^"\n]*"?`},
	{Name: "Punct", Pattern: `\.\.|[-+*/=!<>]=|&&|\|\||[-+*/%<>=!(),:;{}\[\]@]`},
	{Name: "Bad", Pattern: `[^\x00-\x7f]+|[\s\S]`},
})

var (
	symSpace   = definition.Symbols()["Space"]
	symNewline = definition.Symbols()["Newline"]
	symComment = definition.Symbols()["Comment"]
	symIdent   = definition.Symbols()["Ident"]
	symFloat   = definition.Symbols()["Float"]
	symInt     = definition.Symbols()["Int"]
	symPunct   = definition.Symbols()["Punct"]
	symForeign = definition.Symbols()["Foreign"]
	symBad     = definition.Symbols()["Bad"]
)

// A tokenized file: spaces and comments are taken out, a run of newlines is one
// token, the last token is EOF. Columns count bytes.
type tokenized struct {
	tokens   []lexer.Token
	comments []Comment
}

func tokenize(name string, src []byte) (*tokenized, *Error) {
	if err := plausible(name, src); err != nil {
		return nil, err
	}
	lex, err := definition.LexString(name, string(src))
	if err != nil {
		return nil, Errorf(Span{File: name}, "%v", err)
	}
	out := &tokenized{}
	lineStart, newlines := 0, 0
	for {
		t, err := lex.Next()
		if err != nil {
			return nil, Errorf(Span{File: name}, "%v", err)
		}
		t.Pos.Column = t.Pos.Offset - lineStart + 1
		if t.Type == symForeign {
			t.Type = symBad
		}
		switch t.Type {
		case symSpace:
			continue
		case symComment:
			newlines = 0
			text := strings.TrimRight(t.Value, " \t\r")
			out.comments = append(out.comments, Comment{Text: text, Span: tokenSpan(t)})
			continue
		case symNewline:
			lineStart = t.Pos.Offset + 1
			newlines++
			if newlines == 2 {
				out.comments = append(out.comments, Comment{Span: tokenSpan(t)})
			}
			if n := len(out.tokens); n > 0 && out.tokens[n-1].Type == symNewline {
				continue
			}
		default:
			newlines = 0
		}
		out.tokens = append(out.tokens, t)
		if t.EOF() {
			return out, nil
		}
	}
}

// plausible refuses at once what can't be a program.
func plausible(name string, src []byte) *Error {
	at := Span{File: name}
	switch {
	case len(src) > maxSource:
		return Errorf(at, "the file has %d bytes; a .loop file may have at most %d", len(src), maxSource)
	case len(bytes.TrimSpace(src)) == 0:
		return emptyFile(name)
	}
	line := 1
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == '\n' {
			line++
		}
		if r == 0 || r == utf8.RuneError && n <= 1 {
			col := i - bytes.LastIndexByte(src[:i], '\n')
			p := Pos{line, col, i}
			return Errorf(Span{name, p, p}, "not a text file: byte 0x%02x", src[i])
		}
		i += n
	}
	return nil
}

func emptyFile(name string) *Error {
	return Errorf(Span{File: name}, "the file is empty; a .loop file holds kernels: kernel name(N: size, inout A: f32[N]) { ... }")
}

func tokenSpan(t lexer.Token) Span {
	start := Pos{t.Pos.Line, t.Pos.Column, t.Pos.Offset}
	end := start
	if t.Type != symNewline {
		end.Col += len(t.Value)
		end.Offset += len(t.Value)
	}
	return Span{t.Pos.Filename, start, end}
}

// to returns the span from the start of s to the end of e.
func (s Span) to(e Span) Span {
	if s.Start.Line == 0 {
		return e
	}
	if e.Start.Line != 0 {
		s.End = e.End
	}
	return s
}

func spanOf(ts []lexer.Token) Span {
	if len(ts) == 0 {
		return Span{}
	}
	return tokenSpan(ts[0]).to(tokenSpan(ts[len(ts)-1]))
}

// describe names a token for an error message.
func describe(t lexer.Token) string {
	switch {
	case t.EOF() || t.Type == symNewline:
		return "end of line"
	case reserved[t.Value] == "keyword":
		return "keyword " + t.Value
	case len(t.Value) > 40:
		return t.Value[:40] + "..."
	case t.Type == symBad:
		return fmt.Sprintf("%q", t.Value)
	}
	return t.Value
}

// A sliceLexer replays tokens to participle; its EOF stands right after the
// last of them.
type sliceLexer struct {
	tokens []lexer.Token
	end    lexer.Position
}

func newSliceLexer(ts []lexer.Token) *sliceLexer {
	l := &sliceLexer{tokens: ts}
	if n := len(ts); n > 0 {
		last := ts[n-1]
		l.end = last.Pos
		l.end.Column += len(last.Value)
		l.end.Offset += len(last.Value)
	}
	return l
}

// Next implements lexer.Lexer.
func (l *sliceLexer) Next() (lexer.Token, error) {
	if len(l.tokens) == 0 {
		return lexer.EOFToken(l.end), nil
	}
	t := l.tokens[0]
	l.tokens = l.tokens[1:]
	return t, nil
}

func peeking(ts []lexer.Token) *lexer.PeekingLexer {
	p, err := lexer.Upgrade(newSliceLexer(ts))
	if err != nil {
		panic(fmt.Sprintf("loopir: a slice of tokens failed to lex: %v", err))
	}
	return p
}
