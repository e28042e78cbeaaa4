package loopir

import (
	"github.com/alecthomas/participle/v2/lexer"
)

func (p *parser) valueType(w word) Type {
	t := ParseType(w.Text)
	if t == Invalid {
		p.error(unknownType(w))
	}
	return t
}

func (p *parser) kernelHeader(k *Kernel, h *kernelHeader) {
	k.Name = p.name(h.Name)
	k.Where = h.Where
	for _, g := range h.Groups {
		p.paramGroup(k, g)
	}
}

func (p *parser) paramGroup(k *Kernel, g paramGroup) {
	proto := Param{Kind: ArrayParam, Shape: g.Shape}
	isSize := g.Type.Text == "size"
	if !isSize {
		proto.Type = p.valueType(g.Type)
	}
	switch {
	case g.Dir == "" && len(g.Shape) > 0:
		p.error(Errorf(g.Names[0].span(), "array %s needs a direction: in, out or inout", g.Names[0].Text))
	case g.Dir != "" && isSize:
		p.error(Errorf(g.Type.span(), "a size has no direction: write %s: size", g.Names[0].Text))
	case g.Dir != "" && len(g.Shape) == 0:
		p.error(Errorf(g.Type.span(), "%s has a direction but no shape; scalars are written %s: %s, arrays in %s: %s[N]",
			g.Names[0].Text, g.Names[0].Text, g.Type.Text, g.Names[0].Text, g.Type.Text))
	case isSize && len(g.Shape) > 0:
		p.error(Errorf(g.Type.span(), "size is no element type"))
	case isSize:
		proto = Param{Kind: SizeParam, Type: Index}
	case len(g.Shape) == 0:
		proto = Param{Kind: ScalarParam, Type: proto.Type}
	}
	for d, name := range dirNames {
		if g.Dir == name {
			proto.Dir = Dir(d)
		}
	}
	if g.Layout != nil {
		proto.Layout = &Layout{Index: g.Layout.Index}
		for _, d := range g.Layout.Dims {
			proto.Layout.Iters = append(proto.Layout.Iters, p.name(d.Iter))
			proto.Layout.Shape = append(proto.Layout.Shape, d.Extent)
		}
	}
	for _, n := range g.Names {
		c := (&Kernel{Params: []*Param{&proto}}).Clone().Params[0]
		c.Name, c.Span = p.name(n), n.span()
		k.Params = append(k.Params, c)
	}
}

// loops makes the loops of one header, outermost first, bodies still empty.
func (p *parser) loops(h *forHeader, ts []lexer.Token) []*For {
	var out []*For
	header := spanOf(ts)
	for i, c := range h.Clauses {
		l := &For{Iter: p.name(c.Iter), Lo: c.Lo, Hi: c.Hi, Step: c.Step}
		l.Span = c.Iter.span().to(c.Hi.Source())
		if c.Step != nil {
			l.Span = l.Span.to(c.Step.Source())
		}
		for _, a := range c.Attrs {
			p.loopAttr(l, a)
		}
		if i == 0 {
			l.Span.Start = header.Start
		}
		if i == len(h.Clauses)-1 {
			l.Span.End = header.End
		}
		out = append(out, l)
	}
	return out
}

func (p *parser) loopAttr(l *For, a loopAttr) {
	at := a.Word.span()
	twice := func(set bool) {
		if set {
			p.error(Errorf(at, "loop %s is already %s", l.Iter, a.Word.Text))
		}
	}
	if a.Op != "" && a.Word.Text != "reduction" && a.Word.Text != "reduce" {
		p.error(Errorf(at, "%s takes no operator", a.Word.Text))
		return
	}
	switch a.Word.Text {
	case "parallel", "vectorize":
		twice(l.Par != Sequential)
		l.Par = Parallel
		if a.Word.Text == "vectorize" {
			l.Par = Vectorize
		}
	case "unroll":
		twice(l.Unroll)
		l.Unroll = true
	case "reduction", "reduce":
		p.reduction(l, a)
	default:
		p.error(Errorf(at, "unexpected %s after the range of the loop; parallel, vectorize, unroll or reduction(+: s) may stand here", a.Word.Text))
	}
}

func (p *parser) reduction(l *For, a loopAttr) {
	ops := map[string]AssignOp{"+": AddTo, "*": MulTo, "min": MinTo, "max": MaxTo}
	if a.Op == "" {
		p.error(Errorf(a.Word.span(), "write the operator and what it updates: %s(+: s)", a.Word.Text))
		return
	}
	for _, n := range a.Names {
		l.Reduce = append(l.Reduce, Reduction{Op: ops[a.Op], Name: n.Text})
	}
}

func (p *parser) schedule() {
	s := p.segment(true)
	out := &Schedule{Span: spanOf(s.toks)}
	if s.ok {
		if h, err := read(scheduleGrammar, s.toks, scheduleShape); err != nil {
			p.error(err)
		} else {
			out.Name, out.Kernel = p.name(h.Name), p.name(h.Kernel)
			for _, g := range h.Groups {
				for _, n := range g.Names {
					out.Params = append(out.Params, &SchedParam{Name: p.name(n), Type: g.Type.Text, Span: n.span()})
				}
			}
		}
	}
	open := p.peek()
	if open.Value != "{" {
		if s.ok {
			p.error(Errorf(tokenSpan(open), "expected { and the steps of the schedule, found %s", describe(open)))
		}
		return
	}
	p.next()
	p.steps(out, open)
	p.file.Schedules = append(p.file.Schedules, out)
}

func (p *parser) steps(out *Schedule, open lexer.Token) {
	for {
		p.skipEnds()
		t := p.peek()
		switch {
		case t.Value == "}":
			out.End = tokenSpan(p.next())
			return
		case t.EOF(), p.atDeclaration(p.pos):
			p.unclosed(open)
			return
		}
		s := p.segment(true)
		if len(s.toks) == 0 {
			s.toks = append(s.toks, p.next())
		}
		if s.ok {
			p.step(out, s.toks)
		}
	}
}

func (p *parser) step(out *Schedule, ts []lexer.Token) {
	at := spanOf(ts)
	if ts[0].Type != symIdent {
		p.error(Errorf(at, "a step begins with its verb, not with %s", describe(ts[0])))
		return
	}
	s := &Step{Verb: ts[0].Value, Span: at}
	for _, t := range ts[1:] {
		s.Args = append(s.Args, tokenOf(t))
	}
	out.Items = append(out.Items, s)
	switch s.Verb {
	case "param":
		g, err := read(paramGrammar, ts[1:], paramShape)
		if err != nil {
			p.error(err)
			return
		}
		sp := &SchedParam{Name: p.name(g.Name), Type: "int", Default: resolveIndex(g.Default, nil), Span: at}
		for _, c := range g.Choices {
			sp.Choices = append(sp.Choices, resolveIndex(c, nil))
		}
		out.Params = append(out.Params, sp)
	case "assume":
		if _, err := read(assumeGrammar, ts[1:], assumeShape); err != nil {
			p.error(err)
		}
	}
}
