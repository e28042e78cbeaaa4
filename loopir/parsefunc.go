package loopir

// function reads a func: its header and, if there is one, its body.
func (p *parser) function() {
	before := len(p.errs)
	s := p.segment(false)
	f := p.funcHeader(s)
	if p.peek().Value != "{" {
		p.endOfStatement()
	} else {
		p.funcBody(f)
	}
	if f.Name != "" {
		p.file.Funcs = append(p.file.Funcs, f)
		p.broken[f] = len(p.errs) > before
	}
}

func (p *parser) funcHeader(s segment) *Func {
	f := &Func{Span: spanOf(s.toks)}
	if !s.ok {
		return f
	}
	g, err := read(funcGrammar, s.toks, funcShape)
	if err != nil {
		p.error(err)
		return f
	}
	f.Name, f.Result = p.name(g.Name), p.valueType(g.Result)
	var pending []word
	for _, group := range g.Groups {
		pending = append(pending, group.Names...)
		if group.Type == nil {
			continue
		}
		t := p.valueType(*group.Type)
		for _, n := range pending {
			f.Names = append(f.Names, p.name(n))
			f.Params = append(f.Params, t)
		}
		pending = nil
	}
	for _, n := range pending {
		p.error(Errorf(n.span(), "parameter %s has no type", n.Text).Note(Span{}, "the form is: %s", funcShape))
	}
	return f
}

// funcBody reads { let ... return ... }.
func (p *parser) funcBody(f *Func) {
	open := p.next()
	for {
		p.skipEnds()
		t := p.peek()
		switch {
		case t.Value == "}":
			if f.End = tokenSpan(p.next()); f.Value == nil {
				p.error(Errorf(f.End, "the body of %s ends without its value", f.Name).Note(Span{}, "the form is: %s", returnShape))
			}
			return
		case t.EOF(), p.atDeclaration(p.pos):
			p.unclosed(open)
			return
		}
		p.funcStmt(f)
	}
}

// funcStmt reads one let, or the return.
func (p *parser) funcStmt(f *Func) {
	s := p.segment(false)
	if len(s.toks) == 0 {
		p.endOfStatement()
		return
	}
	at := spanOf(s.toks)
	switch first := s.toks[0].Value; {
	case first != "let" && first != "return":
		p.error(Errorf(at, "the body of a func is lets and one return"))
	case f.Value != nil:
		p.error(Errorf(at, "this stands after the return").Note(f.Return, "the return is here"))
	case first == "return":
		if g, err := read(returnGrammar, s.toks, returnShape); err != nil {
			p.error(err)
			f.Value = &Read{Span: at} // there is one, whatever it is
		} else {
			f.Value = g.Value
		}
		f.Return = at
	default:
		if l, ok := p.simple(s, "").(*Let); ok {
			f.Lets = append(f.Lets, l)
		}
	}
	p.endOfStatement()
}
