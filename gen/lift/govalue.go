package lift

import (
	"go/ast"
	"go/constant"
	"go/token"
	"math"
	"math/big"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// value reads an expression on data.
func (r *reader) value(e ast.Expr) (loopir.Expr, error) {
	if tv := r.pkg.info.Types[e]; tv.Value != nil {
		if t := typeNamed(tv.Type); t.IsValue() && tv.Value.Kind() != constant.Unknown {
			if x, ok := literalOf(tv.Value, t); ok {
				return x, nil
			}
		}
		return nil, r.errorf(e, "this constant is not read")
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.value(e.X)
	case *ast.Ident:
		if x, ok := r.env[e.Name]; ok && x.TypeOf().IsValue() {
			return loopir.CloneExpr(x), nil
		}
	case *ast.SelectorExpr:
		if q := r.param(e); q != nil && q.Kind == loopir.ScalarParam {
			return &loopir.Read{Name: q.Name, Type: q.Type}, nil
		}
	case *ast.IndexExpr:
		return r.element(e)
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			x, err := r.value(e.X)
			if err != nil {
				return nil, err
			}
			return &loopir.Unary{Op: loopir.Neg, X: x, Type: x.TypeOf()}, nil
		}
		return r.bits(e, e.Op, e.X)
	case *ast.BinaryExpr:
		if bitOps[2][e.Op.String()] != nil {
			return r.bits(e, e.Op, e.X, e.Y)
		}
		return r.valueBinary(e)
	case *ast.CallExpr:
		return r.valueCall(e)
	}
	return nil, r.errorf(e, "this value is not read")
}

func (r *reader) valueBinary(e *ast.BinaryExpr) (loopir.Expr, error) {
	x, err := r.value(e.X)
	if err != nil {
		return nil, err
	}
	y, err := r.value(e.Y)
	if err != nil {
		return nil, err
	}
	op, ok := map[token.Token]loopir.Op{token.ADD: loopir.Add, token.SUB: loopir.Sub, token.MUL: loopir.Mul, token.QUO: loopir.Div, token.REM: loopir.Mod}[e.Op]
	t := x.TypeOf()
	if !ok || t != y.TypeOf() || op == loopir.Mod && t.IsFloat() {
		return nil, r.errorf(e, "this operator on values is not read")
	}
	// Go may fuse a product with a sum wherever that stands: also in another statement, and
	// through a variable or memory. Only a conversion rounds it.
	if t.IsFloat() && op == loopir.Mul && r.rounded[e] != t {
		return nil, r.errorf(e, "Go may round a sum that this product gets to once or twice; the product has to be converted")
	}
	return &loopir.Binary{Op: op, X: x, Y: y, Type: t}, nil
}

// goTypes are the types of Go that numbers are computed in.
var goTypes = func() map[string]loopir.Type {
	m := map[string]loopir.Type{}
	for t := loopir.F64; t.IsValue(); t++ {
		if !t.IsStored() {
			m[t.Go()] = t
		}
	}
	return m
}()

// A goForm is a built-in function of the language and the type that a function of Go,
// or an operator, is of; Invalid for any type that the operator is on.
type goForm struct {
	f   *loopir.Function
	typ loopir.Type
}

// intrinsics are the functions of package math and of the run-time support that the
// language has, bitOps the operators, by the number of operands.
var intrinsics, bitOps = func() (map[string]goForm, [3]map[string]*loopir.Function) {
	m, ops := map[string]goForm{}, [3]map[string]*loopir.Function{1: {}, 2: {}}
	for _, f := range loopir.Functions {
		for t, form := range f.Go {
			switch {
			case f.Variadic: // Go's own
			case !token.IsIdentifier(form) && !strings.HasPrefix(form, "math."):
				ops[f.Args][form] = f
			case m[form].f != nil: // a generic one
				m[form] = goForm{f, loopir.Invalid}
			default:
				m[form] = goForm{f, t}
			}
		}
	}
	return m, ops
}()

func (r *reader) valueCall(e *ast.CallExpr) (loopir.Expr, error) {
	name := ""
	switch f := e.Fun.(type) {
	case *ast.Ident:
		name = f.Name
		if t, ok := goTypes[name]; ok && len(e.Args) == 1 && r.builtin(f) {
			return r.convert(e, t)
		}
		if (name == "min" || name == "max") && r.builtin(f) {
			return r.extremum(e, name)
		}
		if !r.support(f) {
			return nil, r.errorf(e, "the function %s is not read", name)
		}
		if t := halfTypes[strings.TrimPrefix(name, "to")]; t.IsFloat() && len(e.Args) == 1 {
			return r.narrowed(e.Args[0], t)
		}
	case *ast.SelectorExpr:
		if isIdent(f.X, "math") {
			name = "math." + f.Sel.Name
		}
	case *ast.IndexExpr: // opaque[float32](x), truncTo[int8](x)
		id, ok := f.X.(*ast.Ident)
		if !ok || len(e.Args) != 1 || !r.support(id) {
			break
		}
		if id.Name == "opaque" {
			return r.value(e.Args[0])
		}
		to, ok := f.Index.(*ast.Ident)
		if half := halfTypes[strings.TrimPrefix(id.Name, "from")]; ok && half.IsFloat() && r.builtin(to) {
			x, err := r.value(e.Args[0])
			if t := goTypes[to.Name]; err == nil && t.IsFloat() && x.TypeOf() == half {
				return &loopir.Cast{To: t, X: x}, nil
			}
			return nil, r.errorf(e, "this conversion is not read")
		}
		if t := goTypes[identName(to)]; ok && id.Name == "truncTo" && t.IsInteger() && r.builtin(to) {
			return r.truncated(e.Args[0], t)
		}
	}
	in, ok := intrinsics[name]
	if !ok || len(e.Args) != in.f.Args {
		return nil, r.errorf(e, "this function is not read")
	}
	out := &loopir.Intrinsic{Name: in.f.Name, Type: in.f.Result(in.typ), Span: r.span(e)}
	for _, a := range e.Args {
		x, err := r.value(a)
		if err != nil {
			return nil, err
		}
		if in.typ == loopir.Invalid && x.TypeOf().IsInteger() { // it is generic
			in.typ, out.Type = x.TypeOf(), x.TypeOf()
		}
		if x.TypeOf() != in.typ {
			return nil, r.errorf(a, "the argument has another type")
		}
		if in.f.Takes == loopir.Recastables && !hasType(x) {
			x = &loopir.Cast{To: in.typ, X: x, Span: r.span(a)}
		}
		out.Args = append(out.Args, x)
	}
	return out, nil
}

// bits reads an operator on the bits of integers.
func (r *reader) bits(e ast.Expr, op token.Token, operands ...ast.Expr) (loopir.Expr, error) {
	f := bitOps[len(operands)][op.String()]
	if f == nil {
		return nil, r.errorf(e, "this operator on values is not read")
	}
	x, err := r.value(operands[0])
	if err != nil {
		return nil, err
	}
	out := &loopir.Intrinsic{Name: f.Name, Args: []loopir.Expr{x}, Type: x.TypeOf(), Span: r.span(e)}
	if len(operands) == 2 {
		y, err := r.second(f, operands[1], out.Type)
		if err != nil {
			return nil, err
		}
		out.Args = append(out.Args, y)
	}
	if !out.Type.IsInteger() || out.Args[len(out.Args)-1].TypeOf() != out.Type {
		return nil, r.errorf(e, "this operator on values is not read")
	}
	return out, nil
}

// second reads the right operand of f: how far a shift goes is a constant of no type.
func (r *reader) second(f *loopir.Function, e ast.Expr, t loopir.Type) (loopir.Expr, error) {
	if !f.Constant {
		return r.value(e)
	}
	tv := r.pkg.info.Types[e]
	if tv.Value == nil {
		return nil, r.errorf(e, "how far this shifts is no constant")
	}
	n, exact := constant.Int64Val(constant.ToInt(tv.Value))
	if !exact || n < 0 || n >= int64(t.Bits()) {
		return nil, r.errorf(e, "this shifts too far")
	}
	return &loopir.Int{Value: big.NewInt(n), Type: t, Span: r.span(e)}, nil
}

// convert reads float32(e).
func (r *reader) convert(e *ast.CallExpr, t loopir.Type) (loopir.Expr, error) {
	arg := e.Args[0]
	if v, ok := special(arg); ok && t.IsFloat() {
		if math.IsNaN(v) {
			return &loopir.Float{Text: "nan", Type: t}, nil
		}
		x, _ := floatLiteral(v, t)
		return x, nil
	}
	if r.typeOf(arg) == loopir.Index {
		x, err := r.index(arg)
		if err == nil {
			r.fits(e, x)
		}
		return &loopir.Cast{To: t, X: x}, err
	}
	if p, ok := unparen(arg).(*ast.BinaryExpr); ok {
		r.rounded[p] = t
	}
	x, err := r.value(arg)
	if err != nil {
		return nil, err
	}
	if x.TypeOf() == t {
		return x, nil // it only rounds
	}
	if x.TypeOf().IsFloat() && !t.IsFloat() {
		return nil, r.errorf(e, "a number out of range has no fixed conversion to an integer")
	}
	return &loopir.Cast{To: t, X: x}, nil
}

// truncated reads the argument of truncTo[t], a float64: what was widened to it has the
// same value before.
func (r *reader) truncated(arg ast.Expr, t loopir.Type) (loopir.Expr, error) {
	x, err := r.value(arg)
	if err != nil {
		return nil, err
	}
	if c, ok := x.(*loopir.Cast); ok && c.To == loopir.F64 && c.X.TypeOf().IsFloat() {
		x = c.X
	}
	if !x.TypeOf().IsFloat() {
		return nil, r.errorf(arg, "the argument has another type")
	}
	return &loopir.Cast{To: t, X: x}, nil
}

// narrowed reads the argument of toBF16 or toF16, a float64: what was widened to it has the
// same value before.
func (r *reader) narrowed(arg ast.Expr, t loopir.Type) (loopir.Expr, error) {
	x, err := r.value(arg)
	if err != nil {
		return nil, err
	}
	if c, ok := x.(*loopir.Cast); ok && c.To == loopir.F64 && (c.X.TypeOf() == loopir.F32 || c.X.TypeOf().IsInteger() && c.X.TypeOf().Bits() <= 32) {
		x = c.X
	} else if x.TypeOf() != loopir.F64 {
		return nil, r.errorf(arg, "the argument has another type")
	}
	if n, ok := literal(x); ok {
		if out, ok := floatLiteral(n, t); ok && n == math.Trunc(n) && math.Abs(n) <= 256 { // every such number is of the type
			return out, nil
		}
	}
	return &loopir.Cast{To: t, X: x}, nil
}

// special reads math.Inf(1) and math.NaN().
func special(e ast.Expr) (float64, bool) {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return 0, false
	}
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !isIdent(sel.X, "math") {
		return 0, false
	}
	switch sel.Sel.Name {
	case "NaN":
		return math.NaN(), len(c.Args) == 0
	case "Inf":
		if len(c.Args) == 1 {
			switch a := c.Args[0].(type) {
			case *ast.BasicLit:
				return math.Inf(1), a.Value == "1"
			case *ast.UnaryExpr:
				l, ok := a.X.(*ast.BasicLit)
				return math.Inf(-1), ok && a.Op == token.SUB && l.Value == "1"
			}
		}
	}
	return 0, false
}

func (r *reader) extremum(e *ast.CallExpr, name string) (loopir.Expr, error) {
	out := &loopir.Intrinsic{Name: name, Span: r.span(e)}
	for _, a := range e.Args {
		x, err := r.value(a)
		if err != nil {
			return nil, err
		}
		if out.Type != loopir.Invalid && x.TypeOf() != out.Type {
			return nil, r.errorf(a, "the argument has another type")
		}
		out.Type = x.TypeOf()
		out.Args = append(out.Args, x)
	}
	if len(out.Args) < 2 {
		return nil, r.errorf(e, "%s has two arguments or more", name)
	}
	return out, nil
}
