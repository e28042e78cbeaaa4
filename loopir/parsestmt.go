package loopir

import (
	"github.com/alecthomas/participle/v2/lexer"
)

// Shapes of statements, told when one of them does not parse.
const (
	kernelShape   = "kernel name(N, K: size, alpha: f32, in A: f32[N][K], out B: f32[N]) where N >= 1 { ... }"
	scheduleShape = "schedule name for kernel { ... }, or schedule name(V: int) for any { ... }"
	funcShape     = "func name(a, b: i32): i32, or func name(x: f32): f32 { let y = expression ... return expression }"
	returnShape   = "return expression"
	forShape      = "for i in lo..hi step s parallel { ... }"
	ifShape       = "if condition { ... } else { ... }"
	letShape      = "let name = expression"
	varShape      = "var name: f32[4][N] in registers, or var name: f32 = 0"
	assignShape   = "A[i][j] += expression, with =, +=, -=, *=, /=, min= or max="
	callShape     = "kernel(arguments)"
	stmtShape     = "A[i] = expression, kernel(arguments), let, var, prefetch, for, if"
	prefetchShape = "prefetch A[i][j] to L1"
	paramShape    = "param name = 16 in {8, 16}"
	assumeShape   = "assume condition, condition"
)

func (p *parser) kernel() {
	before := len(p.errs)
	s := p.segment(false)
	k := &Kernel{Span: spanOf(s.toks)}
	if s.ok {
		if h, err := read(kernelGrammar, s.toks, kernelShape); err != nil {
			p.error(err)
		} else {
			p.kernelHeader(k, h)
		}
	}
	open := p.peek()
	if open.Value != "{" {
		if s.ok {
			p.error(Errorf(tokenSpan(open), "expected { and the body of the kernel, found %s", describe(open)))
		}
		return
	}
	p.next()
	k.Body, k.End = p.block(open)
	p.file.Kernels = append(p.file.Kernels, k)
	p.broken[k] = len(p.errs) > before
}

// block reads statements up to the } that closes open.
func (p *parser) block(open lexer.Token) (body []Stmt, end Span) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		p.error(Errorf(tokenSpan(open), "blocks nested deeper than %d", maxDepth))
		p.giveUp()
		return nil, Span{}
	}
	for {
		p.skipEnds()
		t := p.peek()
		switch {
		case t.Value == "}":
			return body, tokenSpan(p.next())
		case t.EOF(), p.atDeclaration(p.pos):
			p.unclosed(open)
			return body, Span{}
		}
		body = append(body, p.statement()...)
	}
}

// statement reads one statement; a loop header with several iterators gives
// one loop around the others.
func (p *parser) statement() []Stmt {
	s := p.segment(false)
	if len(s.toks) == 0 {
		t := p.peek()
		p.error(Errorf(tokenSpan(t), "unexpected %s", describe(t)))
		if t.Value == "{" {
			p.skipBlock()
		} else {
			p.next()
		}
		return nil
	}
	label := ""
	if len(s.toks) >= 2 && s.toks[0].Type == symIdent && s.toks[1].Value == ":" {
		label = s.toks[0].Value
		p.error(notReserved(label, tokenSpan(s.toks[0])))
		if s.toks = s.toks[2:]; len(s.toks) == 0 {
			p.error(Errorf(tokenSpan(p.peek()), "label %s stands before nothing", label))
			return nil
		}
	}
	switch s.toks[0].Value {
	case "for":
		return p.forStmt(s, label)
	case "if":
		return p.ifStmt(s, label)
	case "else":
		p.error(Errorf(tokenSpan(s.toks[0]), "else without an if before it"))
		if p.peek().Value == "{" {
			p.skipBlock()
		}
		return nil
	}
	if foreignLoops[s.toks[0].Value] && p.after(p.pos).Value == "{" {
		p.foreignLoop(s)
		return nil
	}
	out := p.simple(s, label)
	p.endOfStatement()
	if out == nil {
		return nil
	}
	return []Stmt{out}
}

// foreignLoops begin loops of other languages.
var foreignLoops = map[string]bool{"while": true, "do": true, "loop": true, "foreach": true, "repeat": true, "until": true}

// foreignLoop reports one and leaves it out, with its block.
func (p *parser) foreignLoop(s segment) {
	p.error(Errorf(tokenSpan(s.toks[0]), "there is no %s: the only loop is for, over a range that is known when it begins", s.toks[0].Value).
		Note(Span{}, "the form is: %s", forShape))
	for p.peek().Value != "{" {
		p.next()
	}
	p.skipBlock()
	if s.toks[0].Value == "do" && p.peek().Value == "while" {
		p.segment(false)
	}
}

func notReserved(name string, at Span) error {
	if kind := reserved[name]; kind != "" {
		return Errorf(at, "%s is a %s and can't be a name", name, kind)
	}
	return nil
}

func (p *parser) forStmt(s segment, label string) []Stmt {
	var chain []*For
	if s.ok {
		h, err := read(forGrammar, s.toks, forShape)
		if err != nil {
			p.error(err)
			s.ok = false
		} else if n := p.depth + len(h.Clauses); n > maxDepth {
			p.error(Errorf(spanOf(s.toks[:1]), "loops nested deeper than %d", maxDepth))
			p.giveUp()
		} else {
			chain = p.loops(h, s.toks)
			p.depth += len(chain) - 1
			defer func() { p.depth -= len(chain) - 1 }()
		}
	}
	body, end := p.body(s)
	if len(chain) == 0 {
		return nil
	}
	chain[0].Label = label
	for i := len(chain) - 1; i >= 0; i-- {
		chain[i].Body, chain[i].End = body, end
		body = []Stmt{chain[i]}
	}
	return body
}

// body reads the block after a header.
func (p *parser) body(s segment) ([]Stmt, Span) {
	open := p.peek()
	if open.Value != "{" {
		if s.ok {
			p.error(Errorf(tokenSpan(open), "expected { after the %s, found %s", s.toks[0].Value, describe(open)))
		}
		return nil, Span{}
	}
	p.next()
	return p.block(open)
}

func (p *parser) ifStmt(s segment, label string) []Stmt {
	if label != "" {
		p.error(Errorf(spanOf(s.toks), "only loops, assignments and calls take a label"))
	}
	n := &If{Span: spanOf(s.toks)}
	if s.ok {
		h, err := read(ifGrammar, s.toks, ifShape)
		if err != nil {
			p.error(err)
			s.ok = false
		} else {
			n.Cond = h.Cond
		}
	}
	n.Then, n.End = p.body(s)
	n.Mid = n.End
	save := p.pos
	p.skipEnds()
	if p.peek().Value == "else" {
		p.elseBranch(n)
	} else {
		p.pos = save
	}
	if n.Cond == nil {
		return nil
	}
	return []Stmt{n}
}

// elseBranch reads else { ... } or else if.
func (p *parser) elseBranch(n *If) {
	p.next()
	if p.peek().Value != "if" {
		s := segment{ok: true, toks: []lexer.Token{p.toks[p.pos-1]}}
		for p.peek().Type == symNewline {
			p.next()
		}
		n.Else, n.End = p.body(s)
		return
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		p.error(Errorf(tokenSpan(p.peek()), "more than %d branches", maxDepth))
		p.giveUp()
		return
	}
	n.Else = p.ifStmt(p.segment(false), "")
	if len(n.Else) == 1 {
		n.End = n.Else[0].(*If).End
	}
}
