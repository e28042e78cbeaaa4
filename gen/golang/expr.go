package golang

import (
	"go/token"
	"math"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/gen/goname"
	"github.com/loopopt/loopopt/loopir"
)

func goName(name string) string { return goname.Of(name) }

// Type is the Go type of a value of type t.
func Type(t loopir.Type) string { return t.Go() }

// computes rejects arithmetic on numbers of 16 bits.
func (e *emitter) computes(t loopir.Type, at loopir.Span) {
	if t.IsStored() {
		e.fail(loopir.Rejectf(at, "arithmetic of type %v has no Go form: convert to f32, compute, and convert the result to %v", t, t))
	}
}

var goOps = map[loopir.Op]string{
	loopir.Add: "+", loopir.Sub: "-", loopir.Mul: "*", loopir.Div: "/", loopir.Mod: "%",
	loopir.Eq: "==", loopir.Ne: "!=", loopir.Lt: "<", loopir.Le: "<=", loopir.Gt: ">", loopir.Ge: ">=",
	loopir.And: "&&", loopir.Or: "||", loopir.Not: "!", loopir.Neg: "-",
}

// precedence of Go's binary operators; 6 is unary, 7 an operand.
func precedence(op loopir.Op) int {
	switch op {
	case loopir.Mul, loopir.Div, loopir.Mod:
		return 5
	case loopir.Add, loopir.Sub:
		return 4
	case loopir.And:
		return 2
	case loopir.Or:
		return 1
	}
	return 3
}

// A code is an expression and how tightly its outermost operator binds.
type code struct {
	s     *jen.Statement
	prec  int
	konst bool // a Go constant
}

func (c code) in(prec int) *jen.Statement {
	if c.prec < prec {
		return jen.Parens(c.s)
	}
	return c.s
}

func operand(s *jen.Statement) code { return code{s: s, prec: 7} }

func binary(op loopir.Op, x, y code) code {
	p := precedence(op)
	return code{s: jen.Add(x.in(p)).Op(goOps[op]).Add(y.in(p + 1)), prec: p}
}

func call(fn string, args ...jen.Code) code { return operand(jen.Id(fn).Call(args...)) }

// index emits an index expression as an int.
func (e *emitter) index(x loopir.Expr) code {
	switch x := x.(type) {
	case *loopir.Int:
		if !x.Value.IsInt64() {
			e.fail(loopir.Rejectf(x.Span, "the constant %s does not fit in an int", x.Value))
			return operand(jen.Lit(0))
		}
		v := x.Value.Int64()
		if v < 0 {
			return code{s: jen.Lit(int(v)), prec: 6}
		}
		return operand(jen.Lit(int(v)))
	case *loopir.Var:
		e.use(x.Name)
		return operand(jen.Id(goName(x.Name)))
	case *loopir.Unary:
		return code{s: jen.Op("-").Add(e.index(x.X).in(6)), prec: 6}
	case *loopir.Binary:
		if x.Op == loopir.Div || x.Op == loopir.Mod {
			if e.nonNegative(x.X) {
				return binary(x.Op, e.index(x.X), e.index(x.Y))
			}
			fn := map[loopir.Op]string{loopir.Div: "floorDiv", loopir.Mod: "floorMod"}[x.Op]
			return call(fn, e.index(x.X).s, e.index(x.Y).s)
		}
		if e.checked {
			fn := map[loopir.Op]string{loopir.Add: "addInt", loopir.Sub: "subInt", loopir.Mul: "mulInt"}[x.Op]
			return call(fn, jen.Op("&").Id("over"), e.index(x.X).s, e.index(x.Y).s)
		}
		return binary(x.Op, e.index(x.X), e.index(x.Y))
	case *loopir.Intrinsic:
		var args []jen.Code
		for _, a := range x.Args {
			args = append(args, e.index(a).s)
		}
		return call(x.Name, args...)
	}
	e.fail(loopir.Rejectf(x.Source(), "no Go form for this index expression"))
	return operand(jen.Lit(0))
}

// cond emits a condition on indices or data.
func (e *emitter) cond(x loopir.Expr) code {
	switch x := x.(type) {
	case *loopir.Binary:
		if x.Op == loopir.And || x.Op == loopir.Or {
			if y := unsuspected(x, x.Op, map[string]bool{}); y != loopir.Expr(x) {
				return e.cond(y)
			}
			return binary(x.Op, e.cond(x.X), e.cond(x.Y))
		}
		if x.X.TypeOf() == loopir.Index {
			return binary(x.Op, e.index(x.X), e.index(x.Y))
		}
		e.computes(x.X.TypeOf(), x.Source())
		return binary(x.Op, e.value(x.X), e.value(x.Y))
	case *loopir.Unary:
		return code{s: jen.Op("!").Add(e.cond(x.X).in(6)), prec: 6}
	}
	e.fail(loopir.Rejectf(x.Source(), "no Go form for this condition"))
	return operand(jen.False())
}

// unsuspected is a chain of conditions as go vet lets it pass, which takes one that never or
// always holds, like k == 3 && k == 0, or says the same twice, for a slip of the pen: a second
// condition is negated twice.
func unsuspected(x loopir.Expr, op loopir.Op, seen map[string]bool) loopir.Expr {
	b, ok := x.(*loopir.Binary)
	if ok && b.Op == op {
		c := *b
		if c.X, c.Y = unsuspected(b.X, op, seen), unsuspected(b.Y, op, seen); c.X == b.X && c.Y == b.Y {
			return x
		}
		return &c
	}
	texts := []string{loopir.FormatExpr(x)}
	if suspect := map[loopir.Op]loopir.Op{loopir.And: loopir.Eq, loopir.Or: loopir.Ne}[op]; ok && b.Op == suspect {
		side := b.X
		if isLiteral(side) {
			side = b.Y
		}
		texts = append(texts, "compared: "+loopir.FormatExpr(side))
	}
	again := false
	for _, t := range texts {
		again = again || seen[t]
		seen[t] = true
	}
	if !again {
		return x
	}
	return not(not(x))
}

func not(x loopir.Expr) loopir.Expr {
	return &loopir.Unary{Op: loopir.Not, X: x, Type: loopir.Bool, Span: x.Source()}
}

func isLiteral(x loopir.Expr) bool {
	switch x := x.(type) {
	case *loopir.Int, *loopir.Float:
		return true
	case *loopir.Unary:
		return x.Op == loopir.Neg && isLiteral(x.X)
	}
	return false
}

// value emits a value in its storage type.
func (e *emitter) value(x loopir.Expr) code {
	switch x := x.(type) {
	case *loopir.Int:
		return e.constant(x.Type, x.Value.String())
	case *loopir.Float:
		return e.constant(x.Type, x.Text)
	case *loopir.Read:
		return operand(e.cell(x))
	case *loopir.Unary:
		e.computes(x.Type, x.Source())
		return code{s: jen.Op("-").Add(variable(x.Type, e.value(x.X)).in(6)), prec: 6}
	case *loopir.Binary:
		e.computes(x.Type, x.Source())
		return e.arith(x.Op, x.Type, e.value(x.X), e.value(x.Y))
	case *loopir.Cast:
		return e.cast(x)
	case *loopir.Intrinsic:
		return e.intrinsic(x)
	}
	e.fail(loopir.Rejectf(x.Source(), "no Go form for this value"))
	return operand(jen.Lit(0))
}

// arith emits x op y. Go may fuse a product into a following sum unless it is
// converted, so every float product is; and Go folds constants exactly, without
// signed zeros, infinities and NaNs, so one operand is made a variable.
func (e *emitter) arith(op loopir.Op, t loopir.Type, x, y code) code {
	if x.konst && y.konst {
		x = variable(t, x)
	}
	c := binary(op, x, y)
	if op == loopir.Mul && t.IsFloat() {
		return call(t.Go(), c.s)
	}
	return c
}

// variable hides from Go that c is a constant.
func variable(t loopir.Type, c code) code {
	if !c.konst {
		return c
	}
	return call("opaque["+t.Go()+"]", c.s)
}

func (e *emitter) constant(t loopir.Type, text string) code {
	if t.IsStored() { // of the nearest float64, which is near enough for numbers of few digits
		return call("to"+t.Go(), e.constant(loopir.F64, text).s)
	}
	f := 0.0
	switch strings.TrimPrefix(text, "-") {
	case "inf":
		f = math.Inf(1)
	case "nan":
		return call(t.Go(), jen.Qual("math", "NaN").Call())
	default:
		c := call(t.Go(), jen.Id(text))
		c.konst = true
		return c
	}
	if strings.HasPrefix(text, "-") {
		f = -f
	}
	return call(t.Go(), jen.Qual("math", "Inf").Call(jen.Lit(int(math.Copysign(1, f)))))
}

func (e *emitter) cast(x *loopir.Cast) code {
	from := x.X.TypeOf()
	if from.IsStored() || x.To.IsStored() {
		return e.halfCast(x)
	}
	if from == loopir.Index {
		return call(x.To.Go(), e.index(x.X).s)
	}
	v := variable(from, e.value(x.X))
	if from.IsFloat() && !x.To.IsFloat() {
		return call("truncTo["+x.To.Go()+"]", jen.Id("float64").Call(v.s))
	}
	return call(x.To.Go(), v.s)
}

// halfCast converts from or to a type of 16 bits, with one rounding.
func (e *emitter) halfCast(x *loopir.Cast) code {
	from := x.X.TypeOf()
	exact := from.IsFloat() || from.IsInteger() && from.Bits() <= 32
	switch {
	case from == x.To:
		return e.value(x.X)
	case from.IsStored() && x.To.IsStored() || x.To.IsStored() && !exact:
		e.fail(loopir.Rejectf(x.Source(), "this conversion from %v to %v has no Go form: convert to f32 first", from, x.To))
		return operand(jen.Lit(0))
	case x.To.IsStored():
		return call("to"+x.To.Go(), jen.Float64().Call(variable(from, e.value(x.X)).s))
	case x.To.IsFloat():
		return call("from"+from.Go()+"["+x.To.Go()+"]", e.value(x.X).s)
	}
	return call("truncTo["+x.To.Go()+"]", call("from"+from.Go()+"[float64]", e.value(x.X).s).s)
}

// intrinsic emits a built-in function. select is hoisted into statements, since
// only the chosen arm is evaluated.
func (e *emitter) intrinsic(x *loopir.Intrinsic) code {
	if x.Name == "select" {
		return e.choose(x)
	}
	e.computes(x.Type, x.Source())
	f := loopir.Builtin(x.Name)
	if f == nil {
		e.fail(loopir.Rejectf(x.Span, "the uninterpreted function %s has no code; only functions with a body and built-in ones can be generated", x.Name))
		return operand(jen.Lit(0))
	}
	of := x.Args[0].TypeOf()
	form := f.Go[of]
	var args []code
	for i, a := range x.Args {
		if n, ok := a.(*loopir.Int); ok && f.Constant && i == len(x.Args)-1 {
			args = append(args, operand(jen.Lit(int(n.Value.Int64()))))
			continue
		}
		args = append(args, variable(of, e.value(a)))
	}
	switch {
	case form == "":
		e.fail(loopir.Rejectf(x.Span, "%s of %s has no Go form; use f32 or f64", x.Name, of))
		return operand(jen.Lit(0))
	case !token.IsIdentifier(form) && !strings.Contains(form, "."):
		return operator(form, args)
	}
	var given []jen.Code
	for _, a := range args {
		given = append(given, a.s)
	}
	if _, name, ok := strings.Cut(form, "math."); ok {
		return operand(jen.Qual("math", name).Call(given...))
	}
	return call(form, given...)
}

// operator applies an operator of Go on bits.
func operator(form string, args []code) code {
	if len(args) == 1 {
		return code{s: jen.Op(form).Add(args[0].in(6)), prec: 6}
	}
	p := map[string]int{"|": 4, "^": 4}[form] // the others bind as products do
	if p == 0 {
		p = 5
	}
	return code{s: jen.Add(args[0].in(p)).Op(form).Add(args[1].in(p + 1)), prec: p}
}
