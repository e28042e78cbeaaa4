package smt

import (
	"math/big"
	"sort"
	"sync/atomic"

	"github.com/loopopt/loopopt/internal/integer"
)

type op uint8

const (
	opInt     op = iota // an integer: poly
	opTrue              // no arguments
	opFalse             // no arguments
	opBoolVar           // name
	opGe                // poly >= 0
	opEq                // poly = 0
	opNot               // of an opBoolVar or opEq only
	opAnd               // two or more, sorted, none of them opAnd
	opOr                // two or more, sorted, none of them opOr
	opIff               // exactly two
)

// A Term is an immutable integer expression or formula in normal form. Terms may be shared
// freely, between goroutines too. Make them with the constructors of this package; the
// zero Term is not one.
type Term struct {
	op       op
	poly     poly
	name     string
	args     []*Term
	compound bool                   // an atom that is not a variable occurs
	written  atomic.Pointer[string] // text, once it was asked for
	negation atomic.Pointer[Term]   // of an opGe, once it was asked for
}

// True and False are the constant formulas.
var (
	trueTerm  = &Term{op: opTrue}
	falseTerm = &Term{op: opFalse}
)

// True gives the formula that always holds.
func True() *Term { return trueTerm }

// False gives the formula that never holds.
func False() *Term { return falseTerm }

// Bool gives True or False.
func Bool(v bool) *Term {
	if v {
		return trueTerm
	}
	return falseTerm
}

// IsBool tells formulas from integer expressions.
func (t *Term) IsBool() bool { return t.op != opInt }

// IsTrue reports whether t is literally true. False does not mean that t is false.
func (t *Term) IsTrue() bool { return t.op == opTrue }

// IsFalse reports whether t is literally false. False does not mean that t is true.
func (t *Term) IsFalse() bool { return t.op == opFalse }

// Const gives the value of an integer constant, nil for anything else.
func (t *Term) Const() *big.Int {
	if t.op != opInt {
		return nil
	}
	if v, ok := t.poly.isConst(); ok {
		return new(big.Int).Set(v)
	}
	return nil
}

// Equal reports whether the normal forms of t and u are the same. Terms that are not Equal
// may still mean the same.
func (t *Term) Equal(u *Term) bool { return t == u || t.IsBool() == u.IsBool() && t.text() == u.text() }

// String gives the SMT-LIB 2 text of t.
func (t *Term) String() string { return t.text() }

func intTerm(p poly) *Term { return &Term{op: opInt, poly: p, compound: p.compound()} }

func (p poly) compound() bool {
	for _, m := range p {
		for _, a := range m.atoms {
			if a.kind != atomVar {
				return true
			}
		}
	}
	return false
}

func (t *Term) mustInt() poly {
	if t.op != opInt {
		panic("smt: formula used as an integer: " + t.text())
	}
	return t.poly
}

func (t *Term) mustBool() {
	if t.op == opInt {
		panic("smt: integer used as a formula: " + t.text())
	}
}

// IntVal gives the constant v.
func IntVal(v *big.Int) *Term { return intTerm(constPoly(new(big.Int).Set(v))) }

// IntConst gives the constant v.
func IntConst(v int64) *Term { return intTerm(constPoly(integer.Of(v))) }

// Var gives the integer variable of that name. The same name is the same variable.
func Var(name string) *Term {
	return intTerm(atomPoly(&atom{name: name, key: symbol(name)}))
}

// BoolVar gives the Boolean variable of that name, which no integer variable may share.
func BoolVar(name string) *Term { return &Term{op: opBoolVar, name: name} }

// Add gives the sum of ts, zero for none.
func Add(ts ...*Term) *Term {
	var sum poly
	for _, t := range ts {
		sum = sum.add(t.mustInt())
	}
	return intTerm(sum)
}

// Sub gives a - b.
func Sub(a, b *Term) *Term { return intTerm(a.mustInt().sub(b.mustInt())) }

// Neg gives -a.
func Neg(a *Term) *Term { return intTerm(a.mustInt().scale(minusOne)) }

// Mul gives the product of ts, one for none, multiplied out unless that would explode.
func Mul(ts ...*Term) *Term {
	prod := constPoly(one)
	for _, t := range ts {
		p := t.mustInt()
		if len(p)*len(prod) > maxTerms {
			f := []*Term{intTerm(prod), t}
			sort.Slice(f, func(i, j int) bool { return f[i].text() < f[j].text() })
			prod = atomPoly(&atom{kind: atomProduct, parts: f, key: "(* " + f[0].text() + " " + f[1].text() + ")"})
			continue
		}
		prod = prod.mul(p)
	}
	return intTerm(prod)
}

// Lt gives a < b.
func Lt(a, b *Term) *Term { return ge(b.mustInt().sub(a.mustInt()).add(constPoly(minusOne))) }

// Le gives a <= b.
func Le(a, b *Term) *Term { return ge(b.mustInt().sub(a.mustInt())) }

// Gt gives a > b.
func Gt(a, b *Term) *Term { return Lt(b, a) }

// Ge gives a >= b.
func Ge(a, b *Term) *Term { return Le(b, a) }

// ge gives p >= 0. Dividing by the coefficients' common divisor and rounding the constant
// down loses no integer solution.
func ge(p poly) *Term {
	if v, ok := p.isConst(); ok {
		return Bool(v.Sign() >= 0)
	}
	if t := geExtremum(p); t != nil {
		return t
	}
	c, rest := p.split()
	if g := rest.content(); g.Cmp(one) != 0 {
		p = constPoly(floorDiv(c, g)).add(rest.quo(g))
	}
	return &Term{op: opGe, poly: p, compound: p.compound()}
}

// geExtremum gives p >= 0 without the first minimum or maximum in p: if that has to be large,
// both operands of a minimum have to be, or one of a maximum. It is nil if there is none, or
// if there are many.
func geExtremum(p poly) *Term {
	n := 0
	for _, m := range p {
		for _, a := range m.atoms {
			if a.kind == atomIte {
				n++
			}
		}
	}
	if n > maxExtrema {
		return nil
	}
	for i, m := range p {
		if len(m.atoms) != 1 || m.atoms[0].kind != atomIte {
			continue
		}
		a := m.atoms[0]
		x, y := a.parts[0], a.parts[1]
		least := a.cond.text() == Le(x, y).text()
		if !least && a.cond.text() != Le(y, x).text() {
			continue
		}
		rest := append(p[:i:i], p[i+1:]...)
		f, g := ge(rest.add(x.poly.scale(m.coef))), ge(rest.add(y.poly.scale(m.coef)))
		if least == (m.coef.Sign() > 0) {
			return And(f, g)
		}
		return Or(f, g)
	}
	return nil
}

// maxExtrema bounds the minima and maxima of a comparison that is taken apart by them.
const maxExtrema = 3

// eq gives p = 0, with a positive leading coefficient.
func eq(p poly) *Term {
	if v, ok := p.isConst(); ok {
		return Bool(v.Sign() == 0)
	}
	c, rest := p.split()
	g := rest.content()
	if new(big.Int).Rem(c, g).Sign() != 0 {
		return falseTerm
	}
	if rest[0].coef.Sign() < 0 {
		g = integer.Neg(g)
	}
	if g.Cmp(one) != 0 {
		p = p.quo(g)
	}
	return &Term{op: opEq, poly: p, compound: p.compound()}
}

// Eq gives a = b, of two integers or two formulas.
func Eq(a, b *Term) *Term {
	if a.IsBool() {
		return Iff(a, b)
	}
	return eq(a.mustInt().sub(b.mustInt()))
}

// Ne gives a /= b.
func Ne(a, b *Term) *Term { return Not(Eq(a, b)) }

// Ite gives "if c then a else b", of two integers or two formulas.
func Ite(c, a, b *Term) *Term {
	c.mustBool()
	switch {
	case c.IsTrue():
		return a
	case c.IsFalse():
		return b
	case a.Equal(b):
		return a
	case a.IsBool():
		return And(Or(Not(c), a), Or(c, b))
	}
	a.mustInt()
	b.mustInt()
	return intTerm(atomPoly(&atom{
		kind: atomIte, cond: c, parts: []*Term{a, b},
		key: "(ite " + c.text() + " " + a.text() + " " + b.text() + ")",
	}))
}

// Min gives the smaller of a and b.
func Min(a, b *Term) *Term { return Ite(Le(a, b), a, b) }

// Max gives the larger of a and b.
func Max(a, b *Term) *Term { return Ite(Le(a, b), b, a) }
