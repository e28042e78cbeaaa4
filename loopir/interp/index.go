package interp

import (
	"github.com/loopopt/loopopt/loopir"
)

func (c *compiler) indices(es []loopir.Expr, sc *scope) ([]indexFn, error) {
	out := make([]indexFn, len(es))
	for i, e := range es {
		var err error
		if out[i], err = c.index(e, sc); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *compiler) index(e loopir.Expr, sc *scope) (indexFn, error) {
	if t := e.TypeOf(); t.IsInteger() {
		x, err := c.value(e, t, sc)
		return func(fr *frame) int64 {
			i, known := c.dom.position(x(fr))
			if !known {
				raise(Unknown, e.Source(), "the index %s has no known value in a symbolic run", loopir.FormatExpr(e))
			}
			return i
		}, err
	}
	switch e := e.(type) {
	case *loopir.Int:
		if !e.Value.IsInt64() {
			return nil, loopir.Errorf(e.Span, "index %s does not fit in 64 bits", e.Value)
		}
		v := e.Value.Int64()
		return func(*frame) int64 { return v }, nil
	case *loopir.Var:
		slot, ok := sc.index[e.Name]
		if !ok {
			return nil, loopir.Errorf(e.Span, "no size or iterator %s here", e.Name)
		}
		return func(fr *frame) int64 { return fr.ints[slot] }, nil
	case *loopir.Unary:
		if e.Op != loopir.Neg {
			break
		}
		x, err := c.index(e.X, sc)
		return func(fr *frame) int64 { return checked(subIndex, 0, x(fr), e.Span) }, err
	case *loopir.Binary:
		return c.indexBinary(e, sc)
	case *loopir.Intrinsic:
		if e.Name != "min" && e.Name != "max" || len(e.Args) == 0 {
			break
		}
		args, err := c.indices(e.Args, sc)
		least := e.Name == "min"
		return func(fr *frame) int64 {
			v := args[0](fr)
			for _, a := range args[1:] {
				if w := a(fr); (w < v) == least {
					v = w
				}
			}
			return v
		}, err
	}
	return nil, loopir.Errorf(e.Source(), "not an index expression")
}

func checked(op func(a, b int64) (int64, bool), a, b int64, at loopir.Span) int64 {
	v, ok := op(a, b)
	if !ok {
		raise(Overflow, at, "index arithmetic overflows: operands %d and %d", a, b)
	}
	return v
}

func (c *compiler) indexBinary(e *loopir.Binary, sc *scope) (indexFn, error) {
	x, err := c.index(e.X, sc)
	if err != nil {
		return nil, err
	}
	y, err := c.index(e.Y, sc)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case loopir.Add:
		return func(fr *frame) int64 { return checked(addIndex, x(fr), y(fr), e.Span) }, nil
	case loopir.Sub:
		return func(fr *frame) int64 { return checked(subIndex, x(fr), y(fr), e.Span) }, nil
	case loopir.Mul:
		return func(fr *frame) int64 { return checked(mulIndex, x(fr), y(fr), e.Span) }, nil
	case loopir.Div, loopir.Mod:
		return func(fr *frame) int64 {
			a, b := x(fr), y(fr)
			if b <= 0 {
				raise(DivisionByZero, e.Span, "index divided by %d: divisors must be positive", b)
			}
			q, m := divMod(a, b)
			if e.Op == loopir.Div {
				return q
			}
			return m
		}, nil
	}
	return nil, loopir.Errorf(e.Span, "not an index expression")
}

// usesData tells whether a condition depends on more than indices.
func usesData(e loopir.Expr) bool {
	found := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Read, *loopir.Cast, *loopir.Float:
			found = true
		case *loopir.Intrinsic:
			found = found || e.Name != "min" && e.Name != "max"
		}
		return !found
	})
	return found
}

func isComparison(op loopir.Op) bool { return op >= loopir.Eq && op <= loopir.Ge }

// cond compiles a condition that is decided while running.
func (c *compiler) cond(e loopir.Expr, sc *scope) (condFn, error) {
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op != loopir.Not {
			break
		}
		x, err := c.cond(e.X, sc)
		return func(fr *frame) bool { return !x(fr) }, err
	case *loopir.Binary:
		if e.Op == loopir.And || e.Op == loopir.Or {
			x, err := c.cond(e.X, sc)
			if err != nil {
				return nil, err
			}
			y, err := c.cond(e.Y, sc)
			if e.Op == loopir.And {
				return func(fr *frame) bool { return x(fr) && y(fr) }, err
			}
			return func(fr *frame) bool { return x(fr) || y(fr) }, err
		}
		if isComparison(e.Op) && !usesData(e) {
			return c.indexComparison(e, sc)
		}
	}
	v, err := c.truth(e, sc)
	return func(fr *frame) bool { return v(fr) != 0 }, err
}

func (c *compiler) indexComparison(e *loopir.Binary, sc *scope) (condFn, error) {
	x, err := c.index(e.X, sc)
	if err != nil {
		return nil, err
	}
	y, err := c.index(e.Y, sc)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case loopir.Eq:
		return func(fr *frame) bool { return x(fr) == y(fr) }, nil
	case loopir.Ne:
		return func(fr *frame) bool { return x(fr) != y(fr) }, nil
	case loopir.Lt:
		return func(fr *frame) bool { return x(fr) < y(fr) }, nil
	case loopir.Le:
		return func(fr *frame) bool { return x(fr) <= y(fr) }, nil
	case loopir.Gt:
		return func(fr *frame) bool { return x(fr) > y(fr) }, nil
	}
	return func(fr *frame) bool { return x(fr) >= y(fr) }, nil
}

// truth compiles a condition to a Bool value of the domain.
func (c *compiler) truth(e loopir.Expr, sc *scope) (valueFn, error) {
	if !usesData(e) {
		x, err := c.cond(e, sc)
		return func(fr *frame) uint64 { return c.dom.boolean(x(fr)) }, err
	}
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op != loopir.Not {
			break
		}
		x, err := c.truth(e.X, sc)
		not := c.dom.unary("!", loopir.Bool)
		return func(fr *frame) uint64 { return not(x(fr)) }, err
	case *loopir.Binary:
		if e.Op == loopir.And || e.Op == loopir.Or {
			return c.logic(e, sc)
		}
		if !isComparison(e.Op) {
			break
		}
		t := c.typeOf(e, sc)
		if t == loopir.Invalid || t == loopir.Index || t == loopir.Bool {
			return nil, loopir.Errorf(e.Span, "can't compare these")
		}
		x, err := c.value(e.X, t, sc)
		if err != nil {
			return nil, err
		}
		y, err := c.value(e.Y, t, sc)
		op := c.dom.binary(e.Op.String(), t)
		return func(fr *frame) uint64 { return op(x(fr), y(fr)) }, err
	case *loopir.Intrinsic:
		return c.value(e, loopir.Bool, sc)
	}
	return nil, loopir.Errorf(e.Source(), "not a condition")
}

// logic does not look at the second operand when the first decides.
func (c *compiler) logic(e *loopir.Binary, sc *scope) (valueFn, error) {
	x, err := c.truth(e.X, sc)
	if err != nil {
		return nil, err
	}
	y, err := c.truth(e.Y, sc)
	decides := c.dom.boolean(e.Op == loopir.Or)
	op := c.dom.binary(e.Op.String(), loopir.Bool)
	return func(fr *frame) uint64 {
		a := x(fr)
		if a == decides {
			return a
		}
		return op(a, y(fr))
	}, err
}
