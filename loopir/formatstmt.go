package loopir

import (
	"fmt"
	"strings"
)

func (p *printer) stmt(s Stmt, limit int) {
	switch s := s.(type) {
	case *For:
		p.forStmt(s, limit)
	case *If:
		p.node(s.Span)
		p.ifStmt(s, limit)
	default:
		p.node(s.Source())
		p.out.WriteString(simpleText(s))
		p.end(s.Source(), limit)
	}
}

// simpleText prints a statement without a body.
func simpleText(s Stmt) string {
	switch s := s.(type) {
	case *Let:
		return "let " + s.Name + " = " + exprText(s.Value, sums)
	case *Local:
		return localText(s)
	case *Assign:
		return labelText(s.Label) + FormatExpr(s.LHS) + " " + s.Op.String() + " " + FormatExpr(s.RHS)
	case *Call:
		w := exprWriter{}
		w.WriteString(labelText(s.Label) + s.Kernel)
		w.args(s.Args)
		return w.String()
	case *Prefetch:
		return fmt.Sprintf("prefetch %s to L%d", FormatExpr(s.Cell), s.Level)
	}
	panic(fmt.Sprintf("loopir: unexpected statement %T", s))
}

func localText(s *Local) string {
	w := exprWriter{}
	w.WriteString("var " + s.Name + ": " + s.Type.String())
	w.index(s.Shape)
	if s.Init != nil {
		w.WriteString(" = ")
		w.expr(s.Init, 0, loose)
	}
	if s.Mem != Auto {
		w.WriteString(" in " + s.Mem.String())
	}
	return w.String()
}

func labelText(label string) string {
	if label == "" {
		return ""
	}
	return label + ": "
}

// forStmt prints loops that were written in one header in one header again;
// with no source to follow, perfectly nested loops share a header while it fits.
func (p *printer) forStmt(s *For, limit int) {
	header := labelText(s.Label) + "for " + clauseText(s)
	span, last := s.Span, s
	for {
		inner := last.onlyLoop()
		if inner == nil || inner.Label != "" {
			break
		}
		next := header + ", " + clauseText(inner)
		if p.canonical && p.indent+len(next)+2 > lineWidth || !p.canonical && (s.End.Start.Line == 0 || inner.End != s.End) {
			break
		}
		header, last = next, inner
		span = span.to(inner.Span)
	}
	p.node(span)
	p.out.WriteString(header + " ")
	if p.oneLine(span, last.Body, s.End, p.indent+len(header)) {
		p.end(s.End, limit)
		return
	}
	end := offsetOf(s.End)
	p.open(span, p.limit(last.Body, end))
	p.body(last.Body, end)
	p.shut(s.End)
	p.end(s.End, limit)
}

// oneLine prints a body of one short statement behind its header when the source
// has it there.
func (p *printer) oneLine(header Span, body []Stmt, end Span, column int) bool {
	if p.canonical || len(body) != 1 || end.Start.Line == 0 || header.Start.Line != end.Start.Line || Bodies(body[0]) != nil {
		return false
	}
	text := simpleText(body[0])
	if column+len(text)+5 > lineWidth {
		return false
	}
	p.printf("{ %s }", text)
	return true
}

// onlyLoop gives the loop that is all of s's body, or nil.
func (s *For) onlyLoop() *For {
	if len(s.Body) != 1 {
		return nil
	}
	inner, _ := s.Body[0].(*For)
	return inner
}

// clauseText prints i in lo..hi step s parallel reduction(+: t) unroll.
func clauseText(s *For) string {
	w := exprWriter{}
	w.WriteString(s.Iter + " in ")
	w.expr(s.Lo, 0, tight)
	w.WriteString("..")
	w.expr(s.Hi, 0, tight)
	if s.Step != nil {
		w.WriteString(" step ")
		w.expr(s.Step, 0, tight)
	}
	if s.Par != Sequential {
		w.WriteString(" " + s.Par.String())
	}
	for i, r := range s.Reduce {
		if i > 0 && s.Reduce[i-1].Op == r.Op {
			w.WriteString(", " + r.Name)
		} else {
			w.WriteString(" reduction(" + strings.TrimSuffix(r.Op.String(), "=") + ": " + r.Name)
		}
		if i+1 == len(s.Reduce) || s.Reduce[i+1].Op != r.Op {
			w.WriteString(")")
		}
	}
	if s.Unroll {
		w.WriteString(" unroll")
	}
	return w.String()
}

// ifStmt prints the statement from "if" on; the line has begun.
func (p *printer) ifStmt(s *If, limit int) {
	header := "if " + exprText(s.Cond, sums)
	p.out.WriteString(header + " ")
	if s.Else == nil && p.oneLine(s.Span, s.Then, s.End, p.indent+len(header)) {
		p.end(s.End, limit)
		return
	}
	mid := offsetOf(s.Mid)
	p.open(s.Span, p.limit(s.Then, mid))
	p.body(s.Then, mid)
	p.shut(s.Mid)
	if s.Else == nil {
		p.end(s.End, limit)
		return
	}
	p.out.WriteString(" else ")
	if len(s.Else) == 1 {
		if chained, ok := s.Else[0].(*If); ok {
			p.ifStmt(chained, limit)
			return
		}
	}
	end := offsetOf(s.End)
	p.open(s.Mid, p.limit(s.Else, end))
	p.body(s.Else, end)
	p.shut(s.End)
	p.end(s.End, limit)
}
