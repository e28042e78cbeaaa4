package loopir

import (
	"fmt"
	"math/big"

	"github.com/alecthomas/participle/v2/lexer"
)

// A Cursor reads the arguments of a schedule step from left to right. Its
// errors point at the token that does not fit.
type Cursor struct {
	Step *Step
	lex  *lexer.PeekingLexer
}

// NewCursor starts at the first token after the verb.
func NewCursor(step *Step) *Cursor {
	ts := make([]lexer.Token, 0, len(step.Args)+1)
	for _, t := range step.Args {
		ts = append(ts, t.lexed())
	}
	l := newSliceLexer(ts)
	if len(ts) == 0 {
		s := step.Span
		l.end = lexer.Position{Filename: s.File, Offset: s.End.Offset, Line: s.End.Line, Column: s.End.Col}
	}
	lex, err := lexer.Upgrade(l)
	if err != nil {
		panic(fmt.Sprintf("loopir: a slice of tokens failed to lex: %v", err))
	}
	return &Cursor{Step: step, lex: lex}
}

func (t Token) lexed() lexer.Token {
	s := t.Span.Start
	out := lexer.Token{Value: t.Text, Pos: lexer.Position{Filename: t.Span.File, Offset: s.Offset, Line: s.Line, Column: s.Col}}
	switch t.Kind {
	case TokIdent:
		out.Type = symIdent
	case TokInt:
		out.Type = symInt
	case TokFloat:
		out.Type = symFloat
	default:
		out.Type = symPunct
	}
	return out
}

func tokenOf(t lexer.Token) Token {
	out := Token{Kind: TokPunct, Text: t.Value, Span: tokenSpan(t)}
	switch t.Type {
	case symIdent:
		out.Kind = TokIdent
	case symInt:
		out.Kind = TokInt
	case symFloat:
		out.Kind = TokFloat
	case lexer.EOF:
		out.Kind = TokEOF
	}
	return out
}

// Peek returns the next token, of kind TokEOF at the end, without taking it.
func (c *Cursor) Peek() Token { return tokenOf(*c.lex.Peek()) }

// Next takes the next token; at the end it stays there.
func (c *Cursor) Next() Token { return tokenOf(*c.lex.Next()) }

// Accept takes the next token if it reads text.
func (c *Cursor) Accept(text string) bool {
	if t := c.lex.Peek(); t.EOF() || t.Value != text {
		return false
	}
	c.lex.Next()
	return true
}

// Expect takes the next token, which must read text.
func (c *Cursor) Expect(text string) error {
	if c.Accept(text) {
		return nil
	}
	return c.unexpected(text)
}

func (c *Cursor) unexpected(want string) error {
	t := *c.lex.Peek()
	return Errorf(tokenSpan(t), "%s: expected %s, found %s", c.Step.Verb, want, describe(t))
}

// Name takes a name.
func (c *Cursor) Name() (Token, error) {
	if t := c.Peek(); t.Kind == TokIdent && !IsReserved(t.Text) {
		return c.Next(), nil
	}
	return Token{}, c.unexpected("a name")
}

// Names takes names joined by commas, at least one.
func (c *Cursor) Names() ([]Token, error) {
	var out []Token
	for {
		t, err := c.Name()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if !c.Accept(",") {
			return out, nil
		}
	}
}

// Label takes an optional "@S1" and returns the label, zero when there is none.
func (c *Cursor) Label() (Token, error) {
	if !c.Accept("@") {
		return Token{}, nil
	}
	return c.Name()
}

// Int takes an integer expression that is constant once params are in place.
func (c *Cursor) Int(params map[string]Expr) (*big.Int, error) {
	at := c.Peek().Span
	e, err := c.Expr(params)
	if err != nil {
		return nil, err
	}
	v := constValue(e)
	if v == nil {
		return nil, Errorf(at.to(e.Source()), "%s: %s is not a constant", c.Step.Verb, FormatExpr(e))
	}
	return v, nil
}

// Expr takes an index expression or a condition, by Go's precedences. Names
// found in params stand for those expressions, every other plain name is a Var.
func (c *Cursor) Expr(params map[string]Expr) (Expr, error) {
	e, err := parseExpr(c.lex)
	if err != nil {
		return nil, c.blame(err)
	}
	return resolveIndex(e, params), nil
}

// Exprs takes expressions joined by commas, at least one.
func (c *Cursor) Exprs(params map[string]Expr) ([]Expr, error) {
	var out []Expr
	for {
		e, err := c.Expr(params)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if !c.Accept(",") {
			return out, nil
		}
	}
}

// Indices takes [e][e]..., at least one.
func (c *Cursor) Indices(params map[string]Expr) ([]Expr, error) {
	var out []Expr
	for c.Accept("[") {
		e, err := c.Expr(params)
		if err != nil {
			return nil, err
		}
		if err := c.Expect("]"); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if out == nil {
		return nil, c.unexpected("[")
	}
	return out, nil
}

// Cell takes A[e][e]... or a plain A.
func (c *Cursor) Cell(params map[string]Expr) (*Read, error) {
	name, err := c.Name()
	if err != nil {
		return nil, err
	}
	r := &Read{Name: name.Text, Span: name.Span}
	if c.Peek().Text == "[" {
		if r.Index, err = c.Indices(params); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Window takes A[lo..hi][e]..., or a plain A with nil Dims.
func (c *Cursor) Window(params map[string]Expr) (*Window, error) {
	name, err := c.Name()
	if err != nil {
		return nil, err
	}
	p := &exprParser{lex: c.lex}
	dims, end, err := p.dims()
	if err != nil {
		return nil, c.blame(err)
	}
	for i, d := range dims {
		dims[i].Lo = resolveIndex(d.Lo, params)
		if d.Hi != nil {
			dims[i].Hi = resolveIndex(d.Hi, params)
		}
	}
	return &Window{Name: name.Text, Dims: dims, Span: name.Span.to(end)}, nil
}

// Done is an error when tokens are left.
func (c *Cursor) Done() error {
	if c.lex.Peek().EOF() {
		return nil
	}
	return c.unexpected("end of line")
}

func (c *Cursor) blame(err error) error {
	if e, ok := err.(*Error); ok {
		e.Msg = c.Step.Verb + ": " + e.Msg
	}
	return err
}

// resolveIndex turns plain names into Vars or the params they stand for and
// gives every node the type it has among indices. Folding of params is left to
// the caller.
func resolveIndex(e Expr, params map[string]Expr) Expr {
	return MapExpr(e, func(e Expr) Expr {
		switch e := e.(type) {
		case *Int:
			e.Type = Index
		case *Read:
			if e.Index != nil || e.Name == "" {
				return e
			}
			if p, ok := params[e.Name]; ok {
				return CloneExpr(p)
			}
			return &Var{Name: e.Name, Span: e.Span}
		case *Binary:
			e.Type = e.X.TypeOf()
			if e.Op >= Eq && e.Op <= Or {
				e.Type = Bool
			}
		case *Unary:
			e.Type = e.X.TypeOf()
		case *Intrinsic:
			if len(e.Args) > 0 {
				e.Type = e.Args[len(e.Args)-1].TypeOf()
			}
		}
		return e
	})
}

// constValue evaluates an index expression of literals, nil when it is not one.
func constValue(e Expr) *big.Int {
	switch e := e.(type) {
	case *Int:
		return e.Value
	case *Unary:
		if x := constValue(e.X); x != nil && e.Op == Neg {
			return new(big.Int).Neg(x)
		}
	case *Binary:
		x, y := constValue(e.X), constValue(e.Y)
		if x == nil || y == nil {
			return nil
		}
		switch e.Op {
		case Add:
			return new(big.Int).Add(x, y)
		case Sub:
			return new(big.Int).Sub(x, y)
		case Mul:
			return new(big.Int).Mul(x, y)
		case Div, Mod:
			if y.Sign() <= 0 {
				return nil
			}
			q, r := new(big.Int).DivMod(x, y, new(big.Int))
			if e.Op == Div {
				return q
			}
			return r
		}
	}
	return nil
}
