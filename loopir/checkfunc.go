package loopir

import (
	"math/big"
	"strings"
)

func (c *checker) inferCast(e *Cast) Expr {
	out := &Cast{To: e.To, X: c.infer(e.X), Span: e.Span}
	if !e.To.IsValue() {
		c.errorf(e.Span, "no conversion to %s", e.To)
		out.To = F64
	}
	switch t := out.X.TypeOf(); {
	case t == untypedInt:
		if out.To.IsInteger() {
			c.ambiguousDivision(out.X)
		}
		out.X = c.push(out.X, out.To)
	case t == untypedFloat:
		out.X = c.push(out.X, out.To)
	case t == Bool:
		c.errorf(out.X.Source(), "%s is a condition; write select(%s, 1, 0)", shortText(out.X), shortText(out.X))
	}
	return out
}

func (c *checker) inferIntrinsic(e *Intrinsic) Expr {
	out := &Intrinsic{Name: e.Name, Span: e.Span}
	f := Builtin(e.Name)
	if f == nil {
		return c.inferFunc(e, out)
	}
	if len(e.Args) < f.Args || len(e.Args) > f.Args && !f.Variadic {
		c.errorf(e.Span, "%s takes %s%s, not %d", e.Name, count(f.Args, "argument"), map[bool]string{true: " or more"}[f.Variadic], len(e.Args))
		for _, a := range e.Args {
			c.infer(a)
		}
		return out
	}
	values := 0
	if e.Name == "select" {
		out.Args, values = append(out.Args, c.cond(e.Args[0])), 1
	}
	for _, a := range e.Args[values:] {
		out.Args = append(out.Args, c.infer(a))
	}
	t := c.unifyAll(out.Args[values:], e.Name)
	out.Type = c.intrinsicType(f, out, t)
	return out
}

// unifyAll gives all of args one type, in place.
func (c *checker) unifyAll(args []Expr, name string) Type {
	t := Invalid
	typed := 0
	for i, a := range args {
		switch at := a.TypeOf(); {
		case at == Invalid:
			return Invalid
		case at == Bool:
			c.errorf(a.Source(), "%s is a condition; %s takes values", shortText(a), name)
			return Invalid
		case i == 0 || t >= untypedInt && (at < untypedInt || at > t):
			t, typed = at, i
		}
	}
	for i, a := range args {
		switch at := a.TypeOf(); {
		case at == t:
		case at >= untypedInt && t >= untypedInt:
		case at >= untypedInt:
			args[i] = c.push(a, t)
		default:
			c.unify(args[typed], a, Add)
			return Invalid
		}
	}
	return t
}

// intrinsicType gives the type of built-in f on arguments of type t.
func (c *checker) intrinsicType(f *Function, e *Intrinsic, t Type) Type {
	switch untyped := t >= untypedInt; {
	case t == Invalid:
		return Invalid
	case t == Index && (f.Takes == Floats || f.Takes == Integers):
		c.errorf(e.Span, "%s takes %s, not an index; convert it: %s(...)", e.Name, f.Takes, map[Operands]Type{Floats: F32, Integers: I32}[f.Takes])
		return Invalid
	case t == Index && f.Takes != Numbers:
		c.errorf(e.Span, "%s is no index operation; indices have + - * / %% min max", e.Name)
		return Invalid
	case f.Takes == Floats && t == untypedInt:
		return untypedFloat
	case f.Takes == Floats && !t.IsFloat() && t != untypedFloat:
		c.errorf(e.Span, "%s takes %s, not %s", e.Name, f.Takes, t)
		return Invalid
	case f.Takes == Integers && !t.IsInteger() && t != untypedInt:
		c.errorf(e.Span, "%s takes %s, not %s", e.Name, f.Takes, t)
		return Invalid
	case f.Takes == Recastables && untyped:
		c.errorf(e.Span, "which type has %s? write i32(...) or another type of 32 or 64 bits around it", shortText(e.Args[0]))
		return Invalid
	case f.Takes == Recastables && t.Twin() == Invalid:
		c.errorf(e.Span, "%s takes %s, not %s", e.Name, f.Takes, t)
		return Invalid
	case f.Constant && !untyped:
		c.amount(e, t)
	}
	return f.Result(t)
}

// amount wants the last argument of e to be a literal that every processor shifts by alike.
func (c *checker) amount(e *Intrinsic, t Type) {
	n := e.Args[len(e.Args)-1]
	if v, ok := n.(*Int); !ok || v.Value.Sign() < 0 || v.Value.Cmp(big.NewInt(int64(t.Bits()))) >= 0 {
		c.errorf(n.Source(), "%s of %s is by a literal from 0 to %d, not by %s", e.Name, t, t.Bits()-1, shortText(n))
	}
}

func (c *checker) inferFunc(e, out *Intrinsic) Expr {
	fn := c.file.Func(e.Name)
	if fn == nil {
		switch s := c.lookup(e.Name); {
		case c.file.Kernel(e.Name) != nil:
			c.errorf(e.Span, "%s is a kernel; a call of it is a statement of its own", e.Name)
		case s != nil && s.shape != nil:
			c.errorf(e.Span, "%s is an array; its cells are written %s[i]", e.Name, e.Name)
		default:
			c.errorf(e.Span, "no function %s", e.Name).
				Note(Span{}, "there are %s, and what func declares", strings.Join(functionNames(), ", "))
		}
		for _, a := range e.Args {
			c.infer(a)
		}
		return out
	}
	out.Type = fn.Result
	if c.above != nil && !c.above[e.Name] {
		c.errorf(e.Span, "a func uses those that are declared above it; %s is not", e.Name).Note(fn.Span, "%s is declared here", e.Name)
	}
	if len(e.Args) != len(fn.Params) {
		c.errorf(e.Span, "%s takes %s, not %d", e.Name, count(len(fn.Params), "argument"), len(e.Args)).
			Note(fn.Span, "%s is declared here", e.Name)
		return out
	}
	for i, a := range e.Args {
		out.Args = append(out.Args, c.value(a, fn.Params[i]))
	}
	return out
}
