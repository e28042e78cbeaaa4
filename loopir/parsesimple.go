package loopir

import "github.com/alecthomas/participle/v2/lexer"

func (p *parser) simple(s segment, label string) Stmt {
	if !s.ok {
		return nil
	}
	st, err := p.simpleStmt(s.toks)
	if err != nil {
		p.error(err)
		return nil
	}
	switch st := st.(type) {
	case *Assign:
		st.Label = label
	case *Call:
		st.Label = label
	default:
		if label != "" {
			p.error(Errorf(spanOf(s.toks), "only loops, assignments and calls take a label"))
		}
	}
	return st
}

func (p *parser) simpleStmt(ts []lexer.Token) (Stmt, *Error) {
	at := spanOf(ts)
	switch {
	case ts[0].Value == "let":
		g, err := read(letGrammar, ts, letShape)
		if err != nil {
			return nil, err
		}
		p.name(g.Name)
		return &Let{Name: g.Name.Text, Value: g.Value, Span: at}, nil
	case ts[0].Value == "var":
		return p.varStmt(ts)
	case assigns(ts):
		return p.assignStmt(ts)
	case ts[0].Value == "prefetch" && len(ts) > 1 && ts[1].Type == symIdent:
		return p.prefetchStmt(ts)
	case ts[0].Value == "return":
		return nil, Errorf(tokenSpan(ts[0]), "only a func returns a value; a kernel sets its out parameters")
	}
	if len(ts) > 1 && ts[0].Type == symIdent && ts[1].Type == symIdent {
		return nil, Errorf(tokenSpan(ts[1]), "unexpected %s", describe(ts[1])).Note(Span{}, "a statement is one of: %s", stmtShape)
	}
	g, err := read(callGrammar, ts, callShape)
	if err != nil {
		return nil, err
	}
	c, ok := g.Call.(*Intrinsic)
	switch {
	case !ok:
		return nil, Errorf(at, "an expression is no statement; assign it or call a kernel")
	case IsReserved(c.Name):
		return nil, Errorf(at, "the value of %s is not used", c.Name)
	}
	return &Call{Kernel: c.Name, Args: c.Args, Span: at}, nil
}

// assigns tells assignments by an operator outside brackets.
func assigns(ts []lexer.Token) bool {
	depth := 0
	for _, t := range ts {
		if t.Type != symPunct {
			continue
		}
		switch t.Value {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case "=", "+=", "-=", "*=", "/=":
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

func (p *parser) varStmt(ts []lexer.Token) (Stmt, *Error) {
	g, err := read(varGrammar, ts, varShape)
	if err != nil {
		return nil, err
	}
	p.name(g.Name)
	l := &Local{Name: g.Name.Text, Shape: g.Shape, Init: g.Init, Span: spanOf(ts)}
	if l.Type = ParseType(g.Type.Text); l.Type == Invalid {
		return nil, unknownType(g.Type)
	}
	if len(l.Shape) > 0 && l.Init != nil {
		return nil, Errorf(l.Init.Source(), "only scalars take an initial value; set array %s by loops", l.Name)
	}
	if g.Mem != nil {
		switch g.Mem.Text {
		case "registers":
			l.Mem = Registers
		case "stack":
			l.Mem = Stack
		case "heap":
			l.Mem = Heap
		default:
			return nil, Errorf(g.Mem.span(), "a local lives in registers, stack or heap, not in %s", g.Mem.Text)
		}
	}
	return l, nil
}

func unknownType(w word) *Error {
	e := Errorf(w.span(), "unknown type %s; types are f64 f32 bf16 f16 i8 u8 i16 i32 i64", w.Text)
	switch w.Text {
	case "float", "float32", "float64", "double", "half", "float16", "bfloat16":
		e.Note(Span{}, "floating-point types are f64 f32 f16 bf16")
	case "int", "uint", "integer", "int8", "uint8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "u16", "u32", "u64", "long", "byte", "size_t", "usize":
		e.Note(Span{}, "integers of data are i8 u8 i16 i32 i64; an extent is a parameter N: size")
	case "size":
		e.Note(Span{}, "only parameters of kernels are sizes")
	case "index", "bool":
		e.Note(Span{}, "indices are named by let")
	}
	return e
}

func (p *parser) prefetchStmt(ts []lexer.Token) (Stmt, *Error) {
	g, err := read(prefetchGrammar, ts, prefetchShape)
	if err != nil {
		return nil, err
	}
	cell, ok := g.Cell.(*Read)
	if !ok {
		return nil, Errorf(g.Cell.Source(), "prefetch takes a cell: %s", prefetchShape)
	}
	s := &Prefetch{Cell: cell, Span: spanOf(ts)}
	switch g.Level.Text {
	case "L1":
		s.Level = 1
	case "L2":
		s.Level = 2
	default:
		return nil, Errorf(g.Level.span(), "cells are prefetched to L1 or L2, not to %s", g.Level.Text)
	}
	return s, nil
}

func (p *parser) assignStmt(ts []lexer.Token) (Stmt, *Error) {
	g, err := read(assignGrammar, ts, assignShape)
	if err != nil {
		return nil, err
	}
	cell, ok := g.LHS.(*Read)
	if !ok {
		return nil, Errorf(g.LHS.Source(), "only a cell of an array or a scalar can be assigned")
	}
	a := &Assign{LHS: cell, RHS: g.RHS, Span: spanOf(ts)}
	for op, text := range assignNames {
		if text == g.Op {
			a.Op = AssignOp(op)
		}
	}
	return a, nil
}

// name reports a name that is a reserved word.
func (p *parser) name(w word) string {
	p.error(notReserved(w.Text, w.span()))
	return w.Text
}
