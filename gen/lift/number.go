package lift

import (
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A lane of integers is known as an expression of one of the integer types, as bits
// (bit.const), or as an index, which stands for what is left of it modulo 2 to the number of
// bits. Integers of one size that differ in sign are the same bits, so each instruction
// takes its operands as what it works on.

// asNumber reads a lane as a number of type t.
func asNumber(e loopir.Expr, t loopir.Type) (loopir.Expr, bool) {
	if !t.IsValue() {
		return nil, false
	}
	if i, ok := e.(*loopir.Intrinsic); ok && twins(e.TypeOf(), t) && bitwiseNames[i.Name] != "" {
		x, okX := asNumber(i.Args[0], e.TypeOf())
		y, okY := asNumber(i.Args[1], e.TypeOf())
		if u := intOf[t.Bits()]; okX && okY {
			e = bitwise(bitwiseNames[i.Name], u, bitcast(u, x), bitcast(u, y))
		}
	}
	if _, isConst := isBitConst(e); !isConst && twins(e.TypeOf(), t) {
		return bitcast(t, e), true
	}
	if t.IsFloat() {
		return asFloat(e, t)
	}
	if !t.IsInteger() {
		return nil, false
	}
	if n, ok := isBitConst(e); ok {
		return intLiteral(n, t), n.BitLen() <= t.Bits()
	}
	switch {
	case e.TypeOf() == t:
		return e, true
	case e.TypeOf() == loopir.Index:
		if n, ok := e.(*loopir.Int); ok {
			return intLiteral(n.Value, t), true
		}
		return &loopir.Cast{To: t, X: e}, true
	case e.TypeOf().IsInteger() && e.TypeOf().Bits() == t.Bits():
		return castTo(t, e), true
	}
	return nil, false
}

// intLiteral is n wrapped around to type t.
func intLiteral(n *big.Int, t loopir.Type) loopir.Expr {
	m := new(big.Int).Lsh(big.NewInt(1), uint(t.Bits()))
	v := new(big.Int).Mod(n, m)
	if !t.IsUnsigned() && v.Bit(t.Bits()-1) == 1 {
		if v.Sub(m, v); v.Bit(t.Bits()-1) == 1 { // the least one, whose opposite is no literal
			return &loopir.Int{Value: v.Neg(v), Type: t}
		}
		return &loopir.Unary{Op: loopir.Neg, X: &loopir.Int{Value: v, Type: t}, Type: t}
	}
	return &loopir.Int{Value: v, Type: t}
}

// intValue is the value of an integer literal.
func intValue(e loopir.Expr) (*big.Int, bool) {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value, true
	case *loopir.Unary:
		n, ok := e.X.(*loopir.Int)
		if ok && e.Op == loopir.Neg {
			return new(big.Int).Neg(n.Value), true
		}
	}
	return nil, false
}

// castTo converts an integer to type t. Of two conversions the inner one does not matter
// where it keeps all the bits that the outer one keeps, and it keeps the value itself if it
// widens to a type of the same kind of values.
func castTo(t loopir.Type, e loopir.Expr) loopir.Expr {
	if n, ok := intValue(e); ok && t.IsInteger() {
		return intLiteral(n, t)
	}
	for {
		c, ok := e.(*loopir.Cast)
		if !ok || !c.To.IsInteger() {
			break
		}
		from := c.X.TypeOf()
		keeps := t.IsInteger() && c.To.Bits() >= t.Bits() && (from.IsInteger() || from == loopir.Index)
		if !keeps && !(from.IsInteger() && widens(from, c.To)) && !(from == c.To && isLiterals(c.X)) {
			break
		}
		e = c.X
	}
	if e.TypeOf() == t {
		return e
	}
	// Sums, differences and products of integers have the same bits, whatever their sign.
	if b, ok := e.(*loopir.Binary); ok && t.IsInteger() && b.Type.IsInteger() && b.Type.Bits() == t.Bits() && (b.Op == loopir.Add || b.Op == loopir.Sub || b.Op == loopir.Mul) {
		return &loopir.Binary{Op: b.Op, X: castTo(t, b.X), Y: castTo(t, b.Y), Type: t}
	}
	if isLiterals(e) && (t.IsInteger() || t == loopir.F32 || t == loopir.F64) {
		return eachLiteral(t, e)
	}
	return &loopir.Cast{To: t, X: e}
}

// isLiterals tells an integer literal, and a choice among some.
func isLiterals(e loopir.Expr) bool {
	if s, ok := e.(*loopir.Intrinsic); ok && s.Name == "select" {
		return isLiterals(s.Args[1]) && isLiterals(s.Args[2])
	}
	_, ok := intValue(e)
	return ok && e.TypeOf().IsInteger()
}

// eachLiteral converts what isLiterals tells.
func eachLiteral(t loopir.Type, e loopir.Expr) loopir.Expr {
	if s, ok := e.(*loopir.Intrinsic); ok {
		return choose(s.Args[0], eachLiteral(t, s.Args[1]), eachLiteral(t, s.Args[2]))
	}
	n, _ := intValue(e)
	if t.IsInteger() {
		return intLiteral(n, t)
	}
	x := loopir.Expr(&loopir.Int{Value: new(big.Int).Abs(n), Type: t})
	if n.Sign() < 0 {
		x = &loopir.Unary{Op: loopir.Neg, X: x, Type: t}
	}
	return x
}

// widens tells whether every value of integer type a is one of b.
func widens(a, b loopir.Type) bool { return a.Bits() < b.Bits() && (b != loopir.U8) }

// asIndex reads a lane of so many bits as an index, if it is one.
func asIndex(e loopir.Expr, bits int) (poly.Poly, bool) {
	if n, ok := isBitConst(e); ok {
		v, _ := intValue(intLiteral(n, intOf[bits]))
		return poly.Const(v), true
	}
	if n, ok := intValue(e); ok {
		return poly.Const(n), true
	}
	if c, ok := e.(*loopir.Cast); ok && c.X.TypeOf() == loopir.Index && c.To.IsInteger() {
		e = c.X
	}
	if e.TypeOf() != loopir.Index {
		return poly.Poly{}, false
	}
	p, err := poly.FromExpr(e)
	return p, err == nil
}

// indices gives operands as indices, if all can be read so and one is no constant.
func indices(args []loopir.Expr, bits int) ([]poly.Poly, bool) {
	var out []poly.Poly
	some := false
	for _, a := range args {
		p, ok := asIndex(a, bits)
		if !ok {
			return nil, false
		}
		_, constant := p.Const()
		some = some || !constant
		out = append(out, p)
	}
	return out, some
}

// elemOf is the type that an instruction on integers takes its operands as: their own, if
// only bits count and they have one.
func elemOf(e *insn.Entry, args []loopir.Expr) loopir.Type {
	if e.Signed || e.Elem.IsFloat() {
		return e.Elem
	}
	own := loopir.Invalid
	for _, a := range args {
		t := a.TypeOf()
		if _, isConst := isBitConst(a); isConst || t == loopir.Index {
			continue
		}
		if !t.IsInteger() || t.Bits() != e.Elem.Bits() || own != loopir.Invalid && own != t {
			return e.Elem
		}
		own = t
	}
	if own == loopir.Invalid {
		return e.Elem
	}
	return own
}

// numbers reads operands as an instruction on integers does.
func (l *lifter) numbers(f *form, args []loopir.Expr) ([]loopir.Expr, error) {
	t := elemOf(f.e, args)
	if f.e.Kind == insn.Convert {
		t = f.e.From
	}
	out := make([]loopir.Expr, len(args))
	for i, a := range args {
		x, ok := asNumber(a, t)
		if !ok {
			return nil, l.errorf(f.in, "an operand holds no %s", t)
		}
		out[i] = x
	}
	return out, nil
}

// indexArithmetic is a sum, difference or product of indices, which wraps around as they do.
func indexArithmetic(e *insn.Entry, args []loopir.Expr) (loopir.Expr, bool) {
	if !e.Elem.IsInteger() || e.Signed || e.Bitwise || e.Args != 2 {
		return nil, false
	}
	ps, ok := indices(args, e.Elem.Bits())
	if !ok {
		return nil, false
	}
	effect := poly.Must(e.Effect(loopir.NewVar("x"), loopir.NewVar("y")))
	return effect.Subst(map[string]poly.Poly{"x": ps[0], "y": ps[1]}).Expr(), true
}

// fitsLane demands that an index is what n bits hold, as a signed number.
func (l *lifter) fitsLane(in *asm.Inst, p poly.Poly, n, lanes int) {
	sc := l.sc
	if p.Uses(l.lane) {
		sc = l.lanes(lanes)
	}
	lo, hi := sc.facts.PolyBounds(p)
	limit := new(big.Int).Lsh(big.NewInt(1), uint(n-1))
	least := new(big.Int).Neg(limit)
	if lo != nil && hi != nil && lo.Cmp(least) >= 0 && hi.Cmp(limit) < 0 {
		return
	}
	e := p.Expr()
	if iv := sc.interval(e, 8); iv.lo != nil && iv.hi != nil && iv.lo.Cmp(least) >= 0 && iv.hi.Cmp(limit) < 0 {
		return
	}
	goal := loopir.Bin(loopir.And, loopir.Bin(loopir.Ge, e, poly.Const(least).Expr()), loopir.Bin(loopir.Lt, e, poly.Const(limit).Expr()))
	l.call.oblige(l.span(in.Line), "lane/fits", sc, goal)
}

// convert executes a conversion of lanes.
func (l *lifter) convert(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	from := *f
	from.bits = f.e.From.Bits()
	x, err := l.operand(m, &from, f.src[0])
	if err != nil {
		return err
	}
	f.known = from.known
	if x.TypeOf() == loopir.Bool { // all ones and all zeros stay so
		if f.in.Op[:6] != "VPMOVS" || f.mask != nil {
			return l.errorf(f.in, "a mask is no number")
		}
		return l.set(f.in, f.dst, vec{kind: value, lanes: f.known, bits: f.bits, e: x})
	}
	if p, ok := asIndex(x, from.bits); ok && x.TypeOf() == loopir.Index {
		if f.e.Elem.IsInteger() && f.e.Elem.Bits() < f.e.From.Bits() {
			return l.result(m, f, x) // fewer bits of the same
		}
		l.fitsLane(f.in, p, f.e.From.Bits(), f.lanes)
		if f.e.From == loopir.U8 {
			return l.errorf(f.in, "an index is no unsigned byte")
		}
		if f.e.Elem.IsInteger() {
			return l.result(m, f, x)
		}
		return l.result(m, f, &loopir.Cast{To: f.e.Elem, X: x})
	}
	args, err := l.numbers(f, []loopir.Expr{x})
	if err != nil {
		return err
	}
	e := f.e.Effect(args...)
	if f.e.From.IsInteger() {
		e = narrowed(castTo(f.e.Elem, args[0]))
	}
	return l.result(m, f, e)
}

// narrowed knows that the low bits of a product, sum or difference are that of the low bits.
func narrowed(e loopir.Expr) loopir.Expr {
	c, ok := e.(*loopir.Cast)
	if !ok || !c.To.IsInteger() {
		return e
	}
	b, ok := c.X.(*loopir.Binary)
	if !ok || !b.Type.IsInteger() || b.Type.Bits() <= c.To.Bits() || b.Op != loopir.Mul {
		return e
	}
	x, okX := low(b.X, c.To)
	y, okY := low(b.Y, c.To)
	if !okX || !okY {
		return e
	}
	t := elemOf(&insn.Entry{Elem: c.To}, []loopir.Expr{x, y})
	x, okX = asNumber(x, t)
	y, okY = asNumber(y, t)
	if !okX || !okY {
		return e
	}
	return castTo(c.To, &loopir.Binary{Op: b.Op, X: x, Y: y, Type: t})
}

// low gives the low bits of what was widened from them.
func low(e loopir.Expr, t loopir.Type) (loopir.Expr, bool) {
	if n, ok := intValue(e); ok {
		return bitConst(new(big.Int).Mod(n, new(big.Int).Lsh(big.NewInt(1), uint(t.Bits()))), t), true
	}
	c, ok := e.(*loopir.Cast)
	if !ok || !c.X.TypeOf().IsInteger() || c.X.TypeOf().Bits() != t.Bits() {
		return nil, false
	}
	return c.X, true
}

// extreme reads a choice as a minimum or maximum where the kernel has one of that type.
func (l *lifter) extreme(e loopir.Expr) loopir.Expr {
	if l.call.extremes(e.TypeOf()) {
		return intExtremum(e)
	}
	return e
}

// intExtremum knows the choice of the greater or smaller one of two integers.
func intExtremum(e loopir.Expr) loopir.Expr {
	s, ok := e.(*loopir.Intrinsic)
	if !ok || s.Name != "select" || !s.Type.IsInteger() {
		return e
	}
	c, ok := s.Args[0].(*loopir.Binary)
	if !ok {
		return e
	}
	a, b := s.Args[1], s.Args[2]
	if sameExpr(c.X, b) && sameExpr(c.Y, a) {
		a, b = b, a
	} else if !sameExpr(c.X, a) || !sameExpr(c.Y, b) {
		return e
	}
	greater := c.Op == loopir.Gt || c.Op == loopir.Ge
	switch first := sameExpr(s.Args[1], a); {
	case !greater && c.Op != loopir.Lt && c.Op != loopir.Le:
		return e
	case greater == first:
		return extremum("max", a, b)
	}
	return extremum("min", a, b)
}

// direct writes the root of an integer expression as the lifted program has it.
func direct(e loopir.Expr) loopir.Expr {
	switch x := e.(type) {
	case *loopir.Intrinsic:
		return directBits(x)
	case *loopir.Cast:
		if x.X.TypeOf().IsInteger() {
			return narrowed(castTo(x.To, x.X))
		}
		if x.X.TypeOf() == loopir.Index && x.To.IsInteger() {
			if n, ok := x.X.(*loopir.Int); ok {
				return intLiteral(n.Value, x.To)
			}
		}
	case *loopir.Binary, *loopir.Unary:
		if n, ok := intValue(e); ok && e.TypeOf().IsInteger() {
			return intLiteral(n, e.TypeOf())
		}
		if e.TypeOf().IsInteger() {
			return tidy(e)
		}
	case *loopir.Int:
		if x.Type.IsInteger() {
			return intLiteral(x.Value, x.Type)
		}
	}
	return e
}
