package loopir

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
	arity, builtin := intrinsics[e.Name]
	if !builtin {
		return c.inferFunc(e, out)
	}
	variadic := e.Name == "min" || e.Name == "max"
	if len(e.Args) < arity || len(e.Args) > arity && !variadic {
		c.errorf(e.Span, "%s takes %s%s, not %d", e.Name, count(arity, "argument"), map[bool]string{true: " or more"}[variadic], len(e.Args))
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
	out.Type = c.intrinsicType(out, t)
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

// intrinsicType gives the type of a built-in on arguments of type t.
func (c *checker) intrinsicType(e *Intrinsic, t Type) Type {
	switch e.Name {
	case "exp", "log", "sqrt", "tanh", "sigmoid", "fma":
		switch {
		case t == untypedInt:
			return untypedFloat
		case t.IsFloat() || t == untypedFloat || t == Invalid:
			return t
		}
		c.errorf(e.Span, "%s takes floating-point values, not %s", e.Name, describeType(t))
		return Invalid
	case "abs", "select":
		if t == Index {
			c.errorf(e.Span, "%s is no index operation; indices have + - * / %% min max", e.Name)
			return Invalid
		}
	}
	return t
}

func describeType(t Type) string {
	if t == Index {
		return "an index; convert it: f32(...)"
	}
	return t.String()
}

func (c *checker) inferFunc(e, out *Intrinsic) Expr {
	var fn *Func
	for _, f := range c.file.Funcs {
		if f.Name == e.Name {
			fn = f
		}
	}
	if fn == nil {
		switch s := c.lookup(e.Name); {
		case c.file.Kernel(e.Name) != nil:
			c.errorf(e.Span, "%s is a kernel; a call of it is a statement of its own", e.Name)
		case s != nil && s.shape != nil:
			c.errorf(e.Span, "%s is an array; its cells are written %s[i]", e.Name, e.Name)
		default:
			c.errorf(e.Span, "no function %s", e.Name).
				Note(Span{}, "there are min, max, exp, log, sqrt, tanh, sigmoid, abs, select, fma, and what func declares")
		}
		for _, a := range e.Args {
			c.infer(a)
		}
		return out
	}
	out.Type = fn.Result
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
