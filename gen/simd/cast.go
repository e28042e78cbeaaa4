package simd

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// cast converts a value lane by lane.
func (l *lowerer) cast(e *loopir.Cast) (*value, error) {
	if err := l.known(e.To, e.Span); err != nil {
		return nil, err
	}
	x, err := l.value(e.X)
	if err != nil {
		return nil, err
	}
	if x.typ.IsFloat() && !e.To.IsFloat() {
		return nil, unsupported(e.Span, "there are no instructions that convert %s to %s as the language does", x.typ, e.To)
	}
	return &value{op: opCast, typ: e.To, args: []*value{x}}, nil
}

// indexValue is an index as a number in lanes. What is the same throughout the region is a
// constant, or an argument that the caller converts; the rest is computed in integers,
// which wrap around as the conversion does.
func (l *lowerer) indexValue(e *loopir.Cast) (*value, error) {
	if err := l.known(e.To, e.Span); err != nil {
		return nil, err
	}
	p, err := l.index(e.X)
	if err != nil {
		return nil, err
	}
	k, base, ok := p.Coeff(laneVar)
	step, constant := constInt(k)
	if !ok || !constant {
		return nil, unsupported(e.Span, "an index that doesn't grow evenly from lane to lane is used as a value")
	}
	if e.To.IsFloat() && (step != 0 || !l.invariant(base)) {
		return l.indexAsFloat(e)
	}
	v, err := l.numberValue(base, e)
	if err != nil || step == 0 {
		return v, err
	}
	iota := &value{op: opIota, typ: e.To, step: step}
	if v.op == opConst && v.text == "0" {
		return iota, nil
	}
	return &value{op: opAdd, typ: e.To, args: []*value{v, iota}}, nil
}

// numberValue is a number that is the same in all lanes.
func (l *lowerer) numberValue(p poly.Poly, e *loopir.Cast) (*value, error) {
	if k, ok := p.Const(); ok {
		return &value{op: opConst, typ: e.To, text: k.String()}, nil
	}
	if l.invariant(p) {
		return &value{op: opScalar, typ: e.To, text: l.args.converted(p, e.To)}, nil
	}
	at, err := l.place("", p, nil, e.Span)
	return &value{op: opNumber, typ: e.To, at: at}, err
}

// indexAsFloat converts a 32-bit number in lanes, if the index is known to fit: it is one of
// an extent, that is, or of a size, which all do.
func (l *lowerer) indexAsFloat(e *loopir.Cast) (*value, error) {
	if !l.small(e.X) {
		return nil, unsupported(e.Span, "an index that isn't known to fit in 32 bits is used as a value")
	}
	c := *e
	c.To = loopir.I32
	x, err := l.indexValue(&c)
	if err != nil {
		return nil, err
	}
	return &value{op: opCast, typ: e.To, args: []*value{x}}, nil
}

// small tells whether an index lies between 0 and a size, or a constant.
func (l *lowerer) small(e loopir.Expr) bool {
	facts := l.facts
	for _, o := range l.nest {
		facts = facts.Enter(o)
	}
	p, err := poly.FromExpr(e)
	if err != nil || !facts.NonNeg(p) {
		return false
	}
	if b, _ := facts.UpperConst(e); b != nil && b.Cmp(big.NewInt(1<<31)) < 0 {
		return true
	}
	for _, s := range l.sizes {
		if facts.NonNeg(poly.Var(s).Sub(p)) {
			return true
		}
	}
	return false
}
