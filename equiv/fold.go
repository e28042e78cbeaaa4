package equiv

import (
	"math"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// foldConstants computes operations of f32 and f64 on literals, rounded as the
// operation rounds. What is not finite stays as it is written.
func foldConstants(e loopir.Expr) loopir.Expr {
	changed := false
	folded := loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		b, ok := e.(*loopir.Binary)
		if !ok || b.Type != loopir.F32 && b.Type != loopir.F64 {
			return e
		}
		x, okX := constant(b.X, b.Type)
		y, okY := constant(b.Y, b.Type)
		if !okX || !okY {
			return e
		}
		v, ok := operate(b.Op, b.Type, x, y)
		if !ok || math.IsInf(v, 0) || math.IsNaN(v) {
			return e
		}
		bits := 64
		if b.Type == loopir.F32 {
			bits = 32
		}
		var out loopir.Expr = &loopir.Float{Text: strconv.FormatFloat(math.Abs(v), 'g', -1, bits), Type: b.Type, Span: b.Span}
		if math.Signbit(v) {
			out = &loopir.Unary{Op: loopir.Neg, X: out, Type: b.Type, Span: b.Span}
		}
		changed = true
		return out
	})
	if !changed {
		return e // flows are known by the reads in it
	}
	return folded
}

// operate is x op y in type t, which both operands have.
func operate(op loopir.Op, t loopir.Type, x, y float64) (v float64, ok bool) {
	if t == loopir.F32 { // a double rounds sums, products and quotients of singles innocently
		defer func() { v = float64(float32(v)) }()
	}
	switch op {
	case loopir.Add:
		return x + y, true
	case loopir.Sub:
		return x - y, true
	case loopir.Mul:
		return x * y, true
	case loopir.Div:
		return x / y, true
	}
	return 0, false
}

// constant is the value of a finite literal of type t, or of its negative, rounded to t;
// for types of 16 bits, of those only that need no rounding.
func constant(e loopir.Expr, t loopir.Type) (float64, bool) {
	if t != loopir.F32 && t != loopir.F64 {
		return number(e)
	}
	text := ""
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op != loopir.Neg {
			return 0, false
		}
		v, ok := constant(e.X, t)
		return -v, ok
	case *loopir.Int:
		text = e.Value.String()
	case *loopir.Float:
		text = e.Text
	}
	if e.TypeOf() != t || len(text) > maxLiteral {
		return 0, false
	}
	bits := 64
	if t == loopir.F32 {
		bits = 32
	}
	v, err := strconv.ParseFloat(text, bits)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// maxLiteral bounds the text of a literal that is computed with.
const maxLiteral = 40
