package loopir

import (
	"fmt"
	"strings"
)

// FormatExpr prints e with the parentheses that Go's precedences need, no more.
func FormatExpr(e Expr) string { return exprText(e, loose) }

// A spacing says where blanks stand around operators, about as gofmt has it;
// comparisons, && and || always have them.
type spacing uint8

const (
	loose spacing = iota // a * b, a*b + c
	sums                 // a*b, a*b + c
	tight                // a*b+c: in brackets and operands of comparisons
)

func exprText(e Expr, sp spacing) string {
	w := exprWriter{}
	w.expr(e, 0, sp)
	return w.String()
}

type exprWriter struct{ strings.Builder }

// precedence of the operators, as in Go; unary and primary bind tighter.
func (o Op) precedence() int {
	switch o {
	case Or:
		return 1
	case And:
		return 2
	case Eq, Ne, Lt, Le, Gt, Ge:
		return 3
	case Add, Sub:
		return 4
	case Mul, Div, Mod:
		return 5
	}
	return 6
}

// expr prints e where an operator of precedence outer stands around it:
// anything looser is put in parentheses.
func (w *exprWriter) expr(e Expr, outer int, sp spacing) {
	switch e := e.(type) {
	case *Int:
		w.WriteString(e.Value.String())
	case *Float:
		w.WriteString(e.Text)
	case *Var:
		w.WriteString(e.Name)
	case *Read:
		w.WriteString(e.Name)
		w.index(e.Index)
	case *Window:
		w.WriteString(e.Name)
		for _, d := range e.Dims {
			w.WriteByte('[')
			w.expr(d.Lo, 0, tight)
			if d.Hi != nil {
				w.WriteString("..")
				w.expr(d.Hi, 0, tight)
			}
			w.WriteByte(']')
		}
	case *Unary:
		w.unary(e)
	case *Binary:
		w.binary(e, outer, sp)
	case *Cast:
		w.WriteString(e.To.String() + "(")
		w.expr(e.X, 0, sp)
		w.WriteByte(')')
	case *Intrinsic:
		w.WriteString(e.Name)
		if len(e.Args) == 1 {
			w.WriteByte('(')
			w.expr(e.Args[0], 0, sp)
			w.WriteByte(')')
			return
		}
		w.args(e.Args)
	default:
		panic(fmt.Sprintf("loopir: unexpected expression %T", e))
	}
}

// unary keeps -(1), the negation of a literal, apart from the literal -1.
func (w *exprWriter) unary(e *Unary) {
	w.WriteString(e.Op.String())
	if n, ok := e.X.(*Int); ok && e.Op == Neg && n.Value.Sign() >= 0 {
		w.WriteString("(" + n.Value.String() + ")")
		return
	}
	w.expr(e.X, 6, tight)
}

func (w *exprWriter) binary(e *Binary, outer int, sp spacing) {
	prec := e.Op.precedence()
	if prec < outer {
		w.WriteByte('(')
		defer w.WriteByte(')')
		if sp == sums {
			sp = tight
		}
	}
	inner := sp
	switch {
	case prec == 3:
		inner = tight
	case prec == 4 && sp == loose:
		inner = sums
	}
	w.expr(e.X, prec, operand(e.X, inner))
	if sp == tight && prec > 3 || sp == sums && prec == 5 {
		w.WriteString(e.Op.String())
	} else {
		w.WriteString(" " + e.Op.String() + " ")
	}
	if negative(e.Y) {
		w.WriteByte('(')
		w.expr(e.Y, 0, tight)
		w.WriteByte(')')
		return
	}
	w.expr(e.Y, prec+1, operand(e.Y, inner))
}

// operand gives the spacing inside an operand: calls in it are tight.
func operand(e Expr, sp spacing) spacing {
	if _, ok := e.(*Binary); ok {
		return sp
	}
	return tight
}

func negative(e Expr) bool {
	switch e := e.(type) {
	case *Int:
		return e.Value.Sign() < 0
	case *Unary:
		return e.Op == Neg
	}
	return false
}

func (w *exprWriter) index(index []Expr) {
	for _, e := range index {
		w.WriteByte('[')
		w.expr(e, 0, tight)
		w.WriteByte(']')
	}
}

func (w *exprWriter) args(args []Expr) {
	w.WriteByte('(')
	for i, a := range args {
		if i > 0 {
			w.WriteString(", ")
		}
		w.expr(a, 0, tight)
	}
	w.WriteByte(')')
}
