package equiv

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A foldKind says how the value that an assignment writes depends on the value
// that the cell had.
type foldKind uint8

const (
	notFold   foldKind = iota // not at all: the assignment sets the cell
	foldAdd                   // old + term
	foldMul                   // old * term
	foldMin                   // min(old, term)
	foldMax                   // max(old, term)
	foldOther                 // any other way
)

// An effect is what an assignment does to its cell.
type effect struct {
	kind  foldKind
	value loopir.Expr           // the value written, conditions as select(cond, new, old)
	holes map[*loopir.Read]bool // reads in value of the written cell itself
	term  loopir.Expr           // foldAdd to foldMax: what is combined in
	skips bool                  // the term is neutral where conditions on data do not hold
	fused bool                  // the term is a product that is not rounded on its own
}

// combined is what the old content is combined with; for foldOther the whole
// value, in which the holes stand for the old content.
func (e *effect) combined() loopir.Expr {
	if e.term != nil {
		return e.term
	}
	return e.value
}

// effectOf finds the value that s writes and how it uses the old one.
func effectOf(s *Stmt) *effect {
	e := &effect{holes: map[*loopir.Read]bool{}}
	self := loopir.CloneExpr(s.LHS).(*loopir.Read)
	rhs := plainer(s.RHS)
	e.value = rhs
	if s.Op != loopir.Set {
		e.value = combine(s.Op, self, rhs)
	}
	if x := e.skipping(s, self); x != nil {
		e.value, e.skips = x, true
		return e.found(s)
	}
	if !s.mayLeave() {
		return e.found(s)
	}
	for _, c := range s.Conds {
		old := loopir.CloneExpr(s.LHS)
		then, els := e.value, old
		if c.Negate {
			then, els = els, then
		}
		e.value = &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{c.Read, then, els}, Type: s.LHS.Type, Span: s.Span}
	}
	return e.found(s)
}

// found looks for the old content in e's value.
func (e *effect) found(s *Stmt) *effect {
	n := 0
	loopir.WalkExpr(e.value, func(x loopir.Expr) bool {
		if r, ok := x.(*loopir.Read); ok && sameRead(r, s.LHS) {
			e.holes[r] = true
			n++
		}
		return true
	})
	if n == 0 {
		return e
	}
	e.kind = foldOther
	if n == 1 {
		e.findTerm()
	}
	return e
}

// skipping is the value of an update that is made under conditions on data: to leave the
// cell as it was is to combine it with a neutral element, bit for bit. It is nil for other
// assignments.
func (e *effect) skipping(s *Stmt, old loopir.Expr) loopir.Expr {
	if !s.mayLeave() {
		return nil
	}
	always := (&effect{value: e.value, holes: map[*loopir.Read]bool{}}).found(s)
	x, none := always.term, neutralElement(always.kind, s.LHS.Type)
	if x == nil || none == nil || always.fused {
		return nil
	}
	for _, c := range s.Conds {
		then, els := x, none
		if c.Negate {
			then, els = els, then
		}
		x = &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{c.Read, then, els}, Type: s.LHS.Type, Span: s.Span}
	}
	return combine(foldOps[always.kind], old, x)
}

// neutralElement is what changes nothing, not even the sign of zero, or nil.
func neutralElement(kind foldKind, t loopir.Type) loopir.Expr {
	float := func(text string, neg bool) loopir.Expr {
		var x loopir.Expr = &loopir.Float{Text: text, Type: t}
		if neg {
			x = &loopir.Unary{Op: loopir.Neg, X: x, Type: t}
		}
		return x
	}
	switch {
	case t.IsFloat() && kind == foldAdd:
		return float("0.0", true)
	case t.IsFloat() && kind == foldMul:
		return float("1.0", false)
	case t.IsFloat() && (kind == foldMin || kind == foldMax):
		return float("inf", kind == foldMax)
	case kind == foldAdd:
		return &loopir.Int{Value: new(big.Int), Type: t}
	case kind == foldMul:
		return &loopir.Int{Value: big.NewInt(1), Type: t}
	}
	return nil
}

// combine writes an updating assignment out.
func combine(op loopir.AssignOp, old, x loopir.Expr) loopir.Expr {
	t := old.TypeOf()
	bin := func(op loopir.Op) loopir.Expr { return &loopir.Binary{Op: op, X: old, Y: x, Type: t, Span: x.Source()} }
	switch op {
	case loopir.AddTo:
		return bin(loopir.Add)
	case loopir.SubTo:
		return bin(loopir.Sub)
	case loopir.MulTo:
		return bin(loopir.Mul)
	case loopir.DivTo:
		return bin(loopir.Div)
	}
	name := "min"
	if op == loopir.MaxTo {
		name = "max"
	}
	return &loopir.Intrinsic{Name: name, Args: []loopir.Expr{old, x}, Type: t, Span: x.Source()}
}

// findTerm recognizes old + x, x + old, old - x and their like.
func (e *effect) findTerm() {
	hole := func(x loopir.Expr) bool {
		r, ok := x.(*loopir.Read)
		return ok && e.holes[r]
	}
	switch v := e.value.(type) {
	case *loopir.Binary:
		x, y := v.X, v.Y
		switch {
		case v.Op == loopir.Sub && hole(x): // a - b is a + (-b) in IEEE arithmetic too
			e.kind, e.term = foldAdd, negative(y)
		case hole(y) && (v.Op == loopir.Add || v.Op == loopir.Mul):
			x, y = y, x
			fallthrough
		case hole(x) && (v.Op == loopir.Add || v.Op == loopir.Mul):
			e.kind, e.term = foldAdd, y
			if v.Op == loopir.Mul {
				e.kind = foldMul
			}
		}
	case *loopir.Intrinsic:
		switch {
		case v.Name == "fma" && hole(v.Args[2]):
			e.kind, e.fused = foldAdd, true
			e.term = &loopir.Binary{Op: loopir.Mul, X: v.Args[0], Y: v.Args[1], Type: v.Type, Span: v.Span}
		case (v.Name == "min" || v.Name == "max") && len(v.Args) == 2 && (hole(v.Args[0]) || hole(v.Args[1])):
			e.kind, e.term = foldMin, v.Args[1]
			if v.Name == "max" {
				e.kind = foldMax
			}
			if hole(v.Args[1]) {
				e.term = v.Args[0]
			}
		}
	}
}

// negative is -e, for a product by its first factor: -(x*y) is (-x)*y in IEEE
// and in wrapping arithmetic, and so meets fma(-x, y, z).
func negative(e loopir.Expr) loopir.Expr {
	if m, ok := e.(*loopir.Binary); ok && m.Op == loopir.Mul {
		return &loopir.Binary{Op: loopir.Mul, X: minus(m.X), Y: m.Y, Type: m.Type, Span: m.Span}
	}
	return &loopir.Unary{Op: loopir.Neg, X: e, Type: e.TypeOf(), Span: e.Source()}
}

// sameRead tells whether two reads of one statement name one cell for certain.
func sameRead(a, b *loopir.Read) bool {
	if a.Name != b.Name || len(a.Index) != len(b.Index) {
		return false
	}
	for i := range a.Index {
		x, errX := poly.FromExpr(a.Index[i])
		y, errY := poly.FromExpr(b.Index[i])
		if errX != nil || errY != nil || !x.Equal(y) {
			return false
		}
	}
	return true
}

// identity tells whether e is the neutral element of kind. For sums of floats
// that is not exact: 0 + -0 is 0.
func identity(kind foldKind, e loopir.Expr) bool {
	neg := false
	if u, ok := e.(*loopir.Unary); ok && u.Op == loopir.Neg {
		neg, e = true, u.X
	}
	if f, ok := e.(*loopir.Float); ok && f.Text == "inf" {
		return kind == foldMax && neg || kind == foldMin && !neg
	}
	v, ok := number(e)
	if !ok || neg && v != 0 {
		return false
	}
	return kind == foldAdd && v == 0 || kind == foldMul && v == 1
}

// number is the value of a short literal, exactly; other literals have none
// here.
func number(e loopir.Expr) (float64, bool) {
	var text string
	switch e := e.(type) {
	case *loopir.Int:
		text = e.Value.String()
	case *loopir.Float:
		text = e.Text
	}
	if text == "" || len(text) > 15 || strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && v == math.Trunc(v)
}

// sameLiteral tells whether two literals, or negatives of some, have the same value in
// their type.
func sameLiteral(a, b loopir.Expr) bool {
	if a.TypeOf() != b.TypeOf() {
		return false
	}
	if x, ok := a.(*loopir.Int); ok {
		if y, ok := b.(*loopir.Int); ok {
			return x.Value.Cmp(y.Value) == 0
		}
	}
	if x, ok := a.(*loopir.Float); ok {
		if y, ok := b.(*loopir.Float); ok && x.Text == y.Text {
			return true
		}
	}
	x, okX := constant(a, a.TypeOf())
	y, okY := constant(b, b.TypeOf())
	return okX && okY && x == y && math.Signbit(x) == math.Signbit(y)
}

// rounds tells whether regrouping values of type t under kind may change the
// result: integers wrap, and min and max only pick.
func rounds(kind foldKind, t loopir.Type) bool {
	return t.IsFloat() && kind != foldMin && kind != foldMax
}

// unordered tells whether s stands in a loop that may combine its updates in
// any order.
func (s *Stmt) unordered() bool {
	for _, l := range s.Loops {
		for _, r := range l.Reduce {
			if l.Par != loopir.Sequential && r.Name == s.LHS.Name {
				return true
			}
		}
	}
	return false
}
