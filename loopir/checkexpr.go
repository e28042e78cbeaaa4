package loopir

import (
	"math/big"
	"strconv"
	"strings"
)

// infer checks e and gives a copy with names resolved and types set bottom up;
// literals and what is made of literals alone stay untyped until push. A part
// with an error has type Invalid and is complained about once.
func (c *checker) infer(e Expr) Expr {
	switch e := e.(type) {
	case nil:
		c.errorf(Span{}, "an expression is missing")
		return &Int{Value: new(big.Int)}
	case *Int:
		return &Int{Value: e.Value, Type: untypedInt, Span: e.Span}
	case *Float:
		return &Float{Text: e.Text, Type: untypedFloat, Span: e.Span}
	case *Var:
		return c.inferName(&Read{Name: e.Name, Span: e.Span}, true)
	case *Read:
		return c.inferName(e, false)
	case *Binary:
		return c.inferBinary(e)
	case *Unary:
		return c.inferUnary(e)
	case *Intrinsic:
		return c.inferIntrinsic(e)
	case *Cast:
		return c.inferCast(e)
	case *Window:
		c.errorf(e.Span, "a window %s can only be handed to a kernel", FormatExpr(e))
		return &Read{Name: e.Name, Span: e.Span}
	}
	c.errorf(e.Source(), "unexpected expression %T", e)
	return e
}

// index checks e where an index stands.
func (c *checker) index(e Expr) Expr { return c.value(e, Index) }

// cond checks e where a condition stands.
func (c *checker) cond(e Expr) Expr {
	x := c.infer(e)
	if t := x.TypeOf(); t != Bool && t != Invalid {
		c.errorf(x.Source(), "%s is no condition; compare it with something", FormatExpr(x))
	}
	return x
}

// value checks e where a value of type want (or an index) stands.
func (c *checker) value(e Expr, want Type) Expr { return c.fit(c.infer(e), want) }

// fit turns an inferred x into a value of type want.
func (c *checker) fit(x Expr, want Type) Expr {
	t := x.TypeOf()
	switch {
	case t == want || t == Invalid || want == Invalid:
	case t == untypedInt || t == untypedFloat:
		x = c.push(x, want)
	default:
		c.mismatch(x, want)
	}
	return x
}

// mismatch explains how x could become a want.
func (c *checker) mismatch(x Expr, want Type) *Error {
	t, text := x.TypeOf(), shortText(x)
	switch {
	case t == Bool:
		return c.errorf(x.Source(), "condition %s stands where a value is expected; use select(%s, a, b)", text, text)
	case t == Index:
		return c.errorf(x.Source(), "%s is an index; write %s(%s) to use it as a value", text, want, text)
	case want == Index:
		return c.errorf(x.Source(), "%s is data (%s); an index is built from sizes, iterators and integers", text, t)
	}
	if b, ok := x.(*Binary); ok && t.IsInteger() && t.Bits() < want.Bits() && (b.Op == Add || b.Op == Sub || b.Op == Mul) {
		return c.errorf(x.Source(), "%s has type %s where %s is expected; write %s(%s) %s %s(%s): %s(%s) would wrap at %d bits first",
			text, t, want, want, shortText(b.X), b.Op, want, shortText(b.Y), want, text, t.Bits())
	}
	return c.errorf(x.Source(), "%s has type %s where %s is expected; write %s(%s) to convert", text, t, want, want, text)
}

// count gives "1 index", "2 indices", ...
func count(n int, noun string) string {
	switch {
	case n == 1:
	case noun == "index":
		noun = "indices"
	default:
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

func shortText(e Expr) string {
	if s := FormatExpr(e); len(s) <= 40 {
		return s
	}
	return "this"
}

func (c *checker) undeclared(at Span, name string) {
	e := c.errorf(at, "%s is not declared", name)
	if c.over != "" {
		if p := c.kernel.Param(name); p != nil {
			e.Msg = name + " is no size; " + c.over + " is built from sizes only"
			return
		}
	}
	if near := c.similar(name); near != "" {
		e.Note(Span{}, "did you mean %s?", near)
	}
}

// similar finds the declared name that name may be a slip of.
func (c *checker) similar(name string) string {
	declared := 0
	for _, scope := range c.scopes {
		declared += len(scope)
	}
	if len(name) > 30 || declared > 1000 {
		return ""
	}
	best, at := "", 3
	for _, scope := range c.scopes {
		for n := range scope {
			if len(n) > len(name)+2 {
				continue
			}
			if d := distance(name, n); d < at || d == at && n < best && best != "" {
				best, at = n, d
			}
		}
	}
	if at >= len(name) {
		return ""
	}
	return best
}

// distance is the number of edits between two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

func (c *checker) inferName(e *Read, isVar bool) Expr {
	s := c.lookup(e.Name)
	if s == nil {
		c.undeclared(e.Span, e.Name)
		return &Read{Name: e.Name, Index: e.Index, Span: e.Span}
	}
	out := &Read{Name: e.Name, Span: e.Span, Type: s.typ}
	for _, x := range e.Index {
		out.Index = append(out.Index, c.cellIndex(x, s))
	}
	switch {
	case s.isIndex() && e.Index == nil:
		return &Var{Name: e.Name, Span: e.Span}
	case len(e.Index) > 0 && s.shape == nil:
		c.errorf(e.Span, "%s is %s, not an array", e.Name, s)
	case isVar:
		c.errorf(e.Span, "%s is %s, not an index", e.Name, s)
	case s.shape != nil && e.Index == nil:
		c.errorf(e.Span, "%s is an array; name a cell of it: %s%s", e.Name, e.Name, strings.Repeat("[i]", len(s.shape)))
	case len(e.Index) != len(s.shape):
		err := c.errorf(e.Span, "%s has %s, but %s here", e.Name,
			count(len(s.shape), "dimension"), count(len(e.Index), "index"))
		if s.span.Start.Line > 0 {
			err.Note(s.span, "%s is declared here", e.Name)
		}
	default:
		return out
	}
	out.Type = Invalid
	return out
}

// cellIndex checks an index of array s. Integers of data may say which cell of an in
// parameter is read.
func (c *checker) cellIndex(e Expr, s *symbol) Expr {
	x := c.infer(e)
	if x.TypeOf().IsInteger() {
		if s.kind == arrayParam && s.dir == In {
			return x
		}
		c.mismatch(x, Index).Note(Span{}, "integers of data may only say which cell of an in parameter is read")
		return x
	}
	return c.fit(x, Index)
}

func (c *checker) inferBinary(e *Binary) Expr {
	out := &Binary{Op: e.Op, Span: e.Span}
	if e.Op == And || e.Op == Or {
		out.X, out.Y, out.Type = c.cond(e.X), c.cond(e.Y), Bool
		return out
	}
	x, y := c.infer(e.X), c.infer(e.Y)
	x, y, t := c.unify(x, y, e.Op)
	out.X, out.Y, out.Type = x, y, t
	if e.Op >= Eq && e.Op <= Ge {
		switch t {
		case untypedInt:
			c.ambiguousDivision(x)
			c.ambiguousDivision(y)
			out.X, out.Y = c.push(x, Index), c.push(y, Index)
		case untypedFloat:
			c.errorf(e.Span, "which type have these literals? write f32(...) or another type around one")
		}
		if t != Invalid {
			out.Type = Bool
		}
		return out
	}
	if t.IsValue() || t == Index {
		out.Type = c.arithmetic(out)
	}
	return out
}

// unify gives both operands one type.
func (c *checker) unify(x, y Expr, op Op) (Expr, Expr, Type) {
	tx, ty := x.TypeOf(), y.TypeOf()
	untypedX, untypedY := tx >= untypedInt, ty >= untypedInt
	switch {
	case tx == Invalid || ty == Invalid:
		return x, y, Invalid
	case tx == Bool || ty == Bool:
		culprit := x
		if tx != Bool {
			culprit = y
		}
		c.errorf(culprit.Source(), "%s is a condition; %s takes values", shortText(culprit), op)
		return x, y, Invalid
	case untypedX && untypedY:
		return x, y, max(tx, ty)
	case untypedX:
		return c.push(x, ty), y, ty
	case untypedY:
		return x, c.push(y, tx), tx
	case tx == ty:
		return x, y, tx
	case tx == Index || ty == Index:
		idx, val := x, y
		if ty == Index {
			idx, val = y, x
		}
		c.errorf(idx.Source(), "%s is an index, %s is data; write %s(%s) to use it as a value",
			shortText(idx), shortText(val), val.TypeOf(), shortText(idx))
	default:
		c.errorf(x.Source().to(y.Source()), "%s is %s, %s is %s; convert one of them: %s(%s)",
			shortText(x), tx, shortText(y), ty, tx, shortText(y))
	}
	return x, y, Invalid
}

// arithmetic checks an operator on its final type.
func (c *checker) arithmetic(e *Binary) Type {
	t := e.X.TypeOf()
	switch {
	case e.Op == Mod && t.IsFloat():
		c.errorf(e.Span, "%% takes integers, not %s", t)
		return Invalid
	case (e.Op == Div || e.Op == Mod) && !t.IsFloat():
		c.divisor(e.Y, t)
	}
	return t
}

func (c *checker) divisor(y Expr, t Type) {
	v := constValue(y)
	if v == nil {
		return
	}
	if v.Sign() == 0 {
		c.errorf(y.Source(), "division by zero")
	} else if t == Index && v.Sign() < 0 {
		c.errorf(y.Source(), "divisor %s; in an index it is positive", v)
	}
}

func (c *checker) inferUnary(e *Unary) Expr {
	out := &Unary{Op: e.Op, Span: e.Span}
	if e.Op == Not {
		out.X, out.Type = c.cond(e.X), Bool
		return out
	}
	out.X = c.infer(e.X)
	out.Type = out.X.TypeOf()
	if out.Type == Bool {
		c.errorf(out.X.Source(), "%s is a condition; negate it by !", shortText(out.X))
		out.Type = Invalid
	}
	return out
}
