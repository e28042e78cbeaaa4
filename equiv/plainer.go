package equiv

import (
	"math"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// plainer computes operations of f32 and f64 on literals, rounded as the operation
// rounds, and conversions of literals. What is not finite stays as it is written.
// Extrema of more than two values become extrema of two, from the left, which is
// what they mean, and a conversion of a value to the type that it has goes away.
func plainer(e loopir.Expr) loopir.Expr {
	changed := false
	out := loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		if m := inPairs(e); m != nil {
			changed = true
			return m
		}
		if c, ok := e.(*loopir.Cast); ok && c.X.TypeOf() == c.To {
			changed = true
			return c.X
		}
		v, ok := folds(e)
		if !ok || math.IsInf(v, 0) || math.IsNaN(v) {
			return e
		}
		bits := 64
		if e.TypeOf() == loopir.F32 {
			bits = 32
		}
		var out loopir.Expr = &loopir.Float{Text: strconv.FormatFloat(math.Abs(v), 'g', -1, bits), Type: e.TypeOf(), Span: e.Source()}
		if math.Signbit(v) {
			out = &loopir.Unary{Op: loopir.Neg, X: out, Type: e.TypeOf(), Span: e.Source()}
		}
		changed = true
		return out
	})
	if !changed {
		return e // flows are known by the reads in it
	}
	return out
}

// inPairs writes an extremum of more than two values of data as extrema of two.
func inPairs(e loopir.Expr) loopir.Expr {
	m, ok := e.(*loopir.Intrinsic)
	if !ok || m.Name != "min" && m.Name != "max" || len(m.Args) < 3 || m.Type == loopir.Index {
		return nil
	}
	out := m.Args[0]
	for _, a := range m.Args[1:] {
		out = &loopir.Intrinsic{Name: m.Name, Args: []loopir.Expr{out, a}, Type: m.Type, Span: m.Span}
	}
	return out
}

// folds gives the value of an operation on literals.
func folds(e loopir.Expr) (float64, bool) {
	t := e.TypeOf()
	if t != loopir.F32 && t != loopir.F64 {
		return 0, false
	}
	switch e := e.(type) {
	case *loopir.Binary:
		x, okX := constant(e.X, t)
		y, okY := constant(e.Y, t)
		if okX && okY {
			return operate(e.Op, t, x, y)
		}
	case *loopir.Cast:
		v, ok := constant(e.X, e.X.TypeOf())
		if t == loopir.F32 {
			v = float64(float32(v))
		}
		return v, ok
	}
	return 0, false
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
