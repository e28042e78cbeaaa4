package loopir

import (
	"math/big"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// parseExpr is the participle production of expressions: precedence climbing
// with Go's precedences. Names come out as Read (Var is decided by the checker),
// literals untyped, -1 is one literal. A window's open end is an empty Read.
func parseExpr(lex *lexer.PeekingLexer) (Expr, error) {
	p := &exprParser{lex: lex}
	return p.binary(1)
}

type exprParser struct {
	lex   *lexer.PeekingLexer
	depth int
	chain int
}

var binaryOps = map[string]struct {
	op   Op
	prec int
}{
	"||": {Or, 1}, "&&": {And, 2},
	"==": {Eq, 3}, "!=": {Ne, 3}, "<": {Lt, 3}, "<=": {Le, 3}, ">": {Gt, 3}, ">=": {Ge, 3},
	"+": {Add, 4}, "-": {Sub, 4}, "*": {Mul, 5}, "/": {Div, 5}, "%": {Mod, 5},
}

func (p *exprParser) binary(prec int) (Expr, error) {
	x, err := p.unary()
	if err != nil {
		return nil, err
	}
	for {
		t := p.lex.Peek()
		b, ok := binaryOps[t.Value]
		if !ok || t.Type != symPunct || b.prec < prec {
			return x, nil
		}
		if p.chain++; p.chain > maxChain {
			return nil, Errorf(tokenSpan(*t), "an expression of more than %d operators", maxChain)
		}
		p.lex.Next()
		y, err := p.binary(b.prec + 1)
		if err != nil {
			return nil, err
		}
		x = &Binary{Op: b.op, X: x, Y: y, Span: x.Source().to(y.Source())}
	}
}

func (p *exprParser) unary() (Expr, error) {
	t := p.lex.Peek()
	if t.Type != symPunct || t.Value != "-" && t.Value != "!" {
		return p.primary()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	at := tokenSpan(*p.lex.Next())
	negative := p.lex.Peek().Type == symInt
	x, err := p.unary()
	if err != nil {
		return nil, err
	}
	if n, ok := x.(*Int); ok && negative && t.Value == "-" {
		return &Int{Value: n.Value.Neg(n.Value), Span: at.to(n.Span)}, nil
	}
	op := Neg
	if t.Value == "!" {
		op = Not
	}
	return &Unary{Op: op, X: x, Span: at.to(x.Source())}, nil
}

func (p *exprParser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return Errorf(tokenSpan(*p.lex.Peek()), "an expression nested deeper than %d", maxDepth)
	}
	return nil
}

func (p *exprParser) leave() { p.depth-- }

func (p *exprParser) primary() (Expr, error) {
	t := *p.lex.Peek()
	at := tokenSpan(t)
	switch {
	case t.Type == symInt:
		v, err := intValue(t)
		if err != nil {
			return nil, err
		}
		p.lex.Next()
		return &Int{Value: v, Span: at}, nil
	case t.Type == symFloat, t.Type == symIdent && reserved[t.Value] == "literal":
		if len(t.Value) > maxDigits {
			return nil, Errorf(at, "a number of %d digits; at most %d", len(t.Value), maxDigits)
		}
		p.lex.Next()
		return &Float{Text: t.Value, Span: at}, nil
	case t.Type == symIdent && reserved[t.Value] != "keyword":
		p.lex.Next()
		return p.named(t)
	case t.Type == symPunct && t.Value == "(":
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		p.lex.Next()
		x, err := p.binary(1)
		if err != nil {
			return nil, err
		}
		_, err = p.expect(")")
		return x, err
	}
	return nil, Errorf(at, "expected an expression, found %s", describe(t))
}

// named parses what begins with a name: a cell, a window, an application.
func (p *exprParser) named(t lexer.Token) (Expr, error) {
	switch next := p.lex.Peek(); {
	case next.Type == symPunct && next.Value == "(":
		return p.application(t)
	case reserved[t.Value] != "":
		return nil, Errorf(tokenSpan(t), "%s %s needs an argument: %s(...)", reserved[t.Value], t.Value, t.Value)
	}
	dims, end, err := p.dims()
	if err != nil {
		return nil, err
	}
	at := tokenSpan(t).to(end)
	for _, d := range dims {
		if d.Hi != nil {
			return &Window{Name: t.Value, Dims: dims, Span: at}, nil
		}
	}
	r := &Read{Name: t.Value, Span: at}
	for _, d := range dims {
		r.Index = append(r.Index, d.Lo)
	}
	return r, nil
}

// dims parses [e] and [lo..hi] as long as there are any; both bounds of a
// range may be left out.
func (p *exprParser) dims() (dims []WindowDim, end Span, err error) {
	for p.lex.Peek().Value == "[" {
		if err := p.enter(); err != nil {
			return nil, end, err
		}
		p.lex.Next()
		d := WindowDim{}
		if t := *p.lex.Peek(); t.Value == ".." {
			d.Lo = &Int{Value: new(big.Int), Span: tokenSpan(t)}
		} else if d.Lo, err = p.binary(1); err != nil {
			return nil, end, err
		}
		if t := *p.lex.Peek(); t.Value == ".." {
			p.lex.Next()
			if p.lex.Peek().Value == "]" {
				d.Hi = &Read{Span: tokenSpan(t)}
			} else if d.Hi, err = p.binary(1); err != nil {
				return nil, end, err
			}
		}
		if t := *p.lex.Peek(); t.Value == "," {
			return nil, end, Errorf(tokenSpan(t), "unexpected ,; each dimension has its own brackets: A[i][j]")
		}
		if end, err = p.expect("]"); err != nil {
			return nil, end, err
		}
		dims = append(dims, d)
		p.leave()
	}
	return dims, end, nil
}

func (p *exprParser) application(t lexer.Token) (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.lex.Next()
	var args []Expr
	for p.lex.Peek().Value != ")" {
		a, err := p.binary(1)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if p.lex.Peek().Value != "," {
			break
		}
		p.lex.Next()
	}
	end, err := p.expect(")")
	if err != nil {
		return nil, err
	}
	at := tokenSpan(t).to(end)
	if to := ParseType(t.Value); to != Invalid {
		if len(args) != 1 {
			return nil, Errorf(at, "%s(x) converts one value, not %d", t.Value, len(args))
		}
		return &Cast{To: to, X: args[0], Span: at}, nil
	}
	return &Intrinsic{Name: t.Value, Args: args, Span: at}, nil
}

func (p *exprParser) expect(text string) (Span, error) {
	t := *p.lex.Peek()
	if t.Type != symPunct || t.Value != text {
		return Span{}, Errorf(tokenSpan(t), "expected %s, found %s", text, describe(t))
	}
	p.lex.Next()
	return tokenSpan(t), nil
}

// intValue reads an integer as Go does; a leading zero, which Go reads as
// octal, is refused.
func intValue(t lexer.Token) (*big.Int, error) {
	at := tokenSpan(t)
	if len(t.Value) > maxDigits {
		return nil, Errorf(at, "a number of %d digits; at most %d", len(t.Value), maxDigits)
	}
	if len(t.Value) > 1 && t.Value[0] == '0' && strings.Trim(t.Value, "0123456789_") == "" {
		return nil, Errorf(at, "%s begins with 0; write %s, or 0o%s for octal", t.Value,
			orZero(strings.TrimLeft(t.Value, "0_")), t.Value[1:])
	}
	v, ok := new(big.Int).SetString(t.Value, 0)
	if !ok {
		return nil, Errorf(at, "%s is not a number", t.Value)
	}
	return v, nil
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
