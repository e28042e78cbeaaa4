package interp

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// typeOf is the type that the operands of e decide; literals decide nothing.
// Of a comparison it is the type compared.
func (c *compiler) typeOf(e loopir.Expr, sc *scope) loopir.Type {
	first := func(es ...loopir.Expr) loopir.Type {
		for _, e := range es {
			if t := c.typeOf(e, sc); t != loopir.Invalid {
				return t
			}
		}
		return loopir.Invalid
	}
	switch e := e.(type) {
	case *loopir.Var:
		return loopir.Index
	case *loopir.Read:
		return sc.decls[e.Name].typ
	case *loopir.Cast:
		return e.To
	case *loopir.Unary:
		return first(e.X)
	case *loopir.Binary:
		if t := first(e.X, e.Y); t != loopir.Invalid {
			return t
		}
		return literalType(e)
	case *loopir.Intrinsic:
		if fn := c.function(e.Name); fn != nil {
			return fn.Result
		}
		if f := loopir.Builtin(e.Name); f != nil && f.Takes == loopir.Recastables {
			return f.Result(first(e.Args...))
		}
		if e.Name == "select" && len(e.Args) == 3 {
			return first(e.Args[1:]...)
		}
		return first(e.Args...)
	}
	return loopir.Invalid
}

// literalType is what Check decided for operands that are all literals.
func literalType(e *loopir.Binary) loopir.Type {
	if t := e.X.TypeOf(); t.IsValue() {
		return t
	}
	return loopir.Invalid
}

func (c *compiler) function(name string) *loopir.Func {
	if c.file == nil {
		return nil
	}
	return c.file.Func(name)
}

// value compiles an expression whose value has type t.
func (c *compiler) value(e loopir.Expr, t loopir.Type, sc *scope) (valueFn, error) {
	switch e := e.(type) {
	case *loopir.Int:
		return c.constant(t, e)
	case *loopir.Float:
		if v, ok := c.dom.float(t, e.Text); ok {
			return func(*frame) uint64 { return v }, nil
		}
		return nil, loopir.Errorf(e.Span, "%s is no literal of type %s", e.Text, t)
	case *loopir.Read:
		return c.read(e, t, sc)
	case *loopir.Unary:
		if e.Op != loopir.Neg {
			break
		}
		if n, ok := e.X.(*loopir.Int); ok && t.IsInteger() { // -128 is an i8, 128 is not
			return c.constant(t, &loopir.Int{Value: new(big.Int).Neg(n.Value), Type: t, Span: e.Span})
		}
		x, err := c.value(e.X, t, sc)
		op := c.dom.unary("-", t)
		return func(fr *frame) uint64 { return op(x(fr)) }, err
	case *loopir.Binary:
		if e.Op > loopir.Mod || e.Op == loopir.Mod && !t.IsInteger() {
			break
		}
		x, err := c.value(e.X, t, sc)
		if err != nil {
			return nil, err
		}
		y, err := c.value(e.Y, t, sc)
		op := c.checkedBinary(e.Op.String(), t, e.Span)
		return func(fr *frame) uint64 { return op(x(fr), y(fr)) }, err
	case *loopir.Cast:
		return c.cast(e, t, sc)
	case *loopir.Intrinsic:
		return c.intrinsic(e, t, sc)
	}
	return nil, loopir.Errorf(e.Source(), "not a value of type %s", t)
}

func (c *compiler) constant(t loopir.Type, e *loopir.Int) (valueFn, error) {
	v, ok := c.dom.integer(t, e.Value)
	if !ok {
		return nil, loopir.Errorf(e.Span, "%s is no value of type %s", e.Value, t)
	}
	return func(*frame) uint64 { return v }, nil
}

func (c *compiler) read(e *loopir.Read, t loopir.Type, sc *scope) (valueFn, error) {
	if slot, ok := sc.vals[e.Name]; ok && len(e.Index) == 0 && sc.decls[e.Name].typ == t {
		return func(fr *frame) uint64 { return fr.vals[slot] }, nil
	}
	at, d, err := c.place(e, sc)
	if err != nil {
		return nil, err
	}
	if d.typ != t {
		return nil, loopir.Errorf(e.Span, "%s is %s, not %s", e.Name, d.typ, t)
	}
	return func(fr *frame) uint64 {
		st, off := at(fr)
		return fr.m.load(st, off, e, loopir.Set)
	}, nil
}

// checkedBinary is the domain's operation; integers divided by zero fault.
func (c *compiler) checkedBinary(name string, t loopir.Type, at loopir.Span) func(x, y uint64) uint64 {
	op := c.dom.binary(name, t)
	if c.dom.symbolic() || !t.IsInteger() || name != "/" && name != "%" {
		return op
	}
	return func(x, y uint64) uint64 {
		if y == 0 {
			raise(DivisionByZero, at, "integer divided by zero")
		}
		return op(x, y)
	}
}

func (c *compiler) cast(e *loopir.Cast, t loopir.Type, sc *scope) (valueFn, error) {
	if e.To != t {
		return nil, loopir.Errorf(e.Span, "%s(...) is not %s", e.To, t)
	}
	from := c.typeOf(e.X, sc)
	if from == loopir.Invalid { // literals only
		if from = e.X.TypeOf(); !from.IsValue() {
			from = t
			if _, ok := e.X.(*loopir.Int); ok {
				from = loopir.Index
			}
		}
	}
	if from == loopir.Index {
		x, err := c.index(e.X, sc)
		return func(fr *frame) uint64 { return c.dom.index(t, x(fr)) }, err
	}
	x, err := c.value(e.X, from, sc)
	op := c.dom.cast(from, t)
	return func(fr *frame) uint64 { return op(x(fr)) }, err
}

func (c *compiler) intrinsic(e *loopir.Intrinsic, t loopir.Type, sc *scope) (valueFn, error) {
	if fn := c.function(e.Name); fn != nil {
		return c.applied(fn, e, t, sc)
	}
	f := loopir.Builtin(e.Name)
	if f == nil {
		return nil, loopir.Errorf(e.Span, "no function %s", e.Name)
	}
	if len(e.Args) != f.Args && (!f.Variadic || len(e.Args) < f.Args) {
		return nil, loopir.Errorf(e.Span, "%s can't take %d arguments", e.Name, len(e.Args))
	}
	if e.Name == "select" {
		return c.choose(e, t, sc)
	}
	if t == loopir.Bool || f.Takes == loopir.Floats && !t.IsFloat() && e.Name != "fma" || f.Takes == loopir.Integers && !t.IsInteger() ||
		f.Takes == loopir.Recastables && t.Twin() == loopir.Invalid {
		return nil, loopir.Errorf(e.Span, "no %s for type %s", e.Name, t)
	}
	if f.Takes == loopir.Recastables {
		t = t.Twin()
	}
	args := make([]valueFn, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = c.value(a, t, sc); err != nil {
			return nil, err
		}
	}
	switch f.Args {
	case 1:
		op := c.dom.unary(e.Name, t)
		return func(fr *frame) uint64 { return op(args[0](fr)) }, nil
	case 3:
		op := c.dom.fma(t)
		return func(fr *frame) uint64 { return op(args[0](fr), args[1](fr), args[2](fr)) }, nil
	}
	op := c.dom.binary(e.Name, t)
	return func(fr *frame) uint64 {
		v := args[0](fr)
		for _, a := range args[1:] {
			v = op(v, a(fr))
		}
		return v
	}, nil
}

// choose evaluates the chosen arm only, where the condition is known.
func (c *compiler) choose(e *loopir.Intrinsic, t loopir.Type, sc *scope) (valueFn, error) {
	x, err := c.value(e.Args[1], t, sc)
	if err != nil {
		return nil, err
	}
	y, err := c.value(e.Args[2], t, sc)
	if err != nil {
		return nil, err
	}
	if c.dom.symbolic() && usesData(e.Args[0]) {
		cond, err := c.truth(e.Args[0], sc)
		return func(fr *frame) uint64 {
			t0 := cond(fr)
			switch t0 {
			case c.dom.boolean(true):
				return x(fr)
			case c.dom.boolean(false):
				return y(fr)
			}
			return c.dom.choose(t, t0, c.guarded(fr, x), c.guarded(fr, y))
		}, err
	}
	cond, err := c.cond(e.Args[0], sc)
	return func(fr *frame) uint64 {
		if cond(fr) {
			return x(fr)
		}
		return y(fr)
	}, err
}

// applied is a function of the file on its arguments.
func (c *compiler) applied(fn *loopir.Func, e *loopir.Intrinsic, t loopir.Type, sc *scope) (valueFn, error) {
	if fn.Result != t || len(fn.Params) != len(e.Args) {
		return nil, loopir.Errorf(e.Span, "%s takes %d arguments and gives %s", fn.Name, len(fn.Params), fn.Result)
	}
	args := make([]valueFn, len(e.Args))
	for i, a := range e.Args {
		var err error
		if fn.Params[i] == loopir.Index {
			x, err := c.index(a, sc)
			if err != nil {
				return nil, err
			}
			args[i] = func(fr *frame) uint64 { return c.dom.index(loopir.I64, x(fr)) }
			continue
		}
		if args[i], err = c.value(a, fn.Params[i], sc); err != nil {
			return nil, err
		}
	}
	if fn.Value != nil {
		b, err := c.body(fn)
		return b.on(args), err
	}
	return func(fr *frame) uint64 {
		vs := make([]uint64, len(args))
		for i, a := range args {
			vs[i] = a(fr)
		}
		return c.dom.apply(fn, vs)
	}, nil
}

// guarded evaluates an arm of a choice that is not decided: where it would
// fault it has no value.
func (c *compiler) guarded(fr *frame, f valueFn) (v uint64) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*Fault); !ok {
				panic(r)
			}
			v = c.dom.undefined()
		}
	}()
	return f(fr)
}
