// Package poly is exact arithmetic on index expressions.
//
// A Poly is a polynomial with big integer coefficients over atoms. An atom is a
// variable (a size or an iterator), a floor division, a minimum or a maximum;
// the arguments of an atom are Polys themselves. The remainder p % d has no atom
// of its own: it is p - d*(p/d), so that d*(p/d) + p%d is p; Expr puts it back.
//
// Two expressions with Equal polynomials have the same value for all values of
// their variables, wherever both are defined: a division by zero may cancel, so
// whoever proves divisors nonzero has to look at the expressions themselves.
// Expressions may have the same value and still different polynomials; Facts
// and Simplify narrow that gap.
package poly

import (
	"bytes"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/internal/integer"
)

// A Poly is an immutable polynomial in normal form. The zero Poly is 0.
type Poly struct {
	terms []term // sorted by mono.key, no zero coefficient
}

type term struct {
	c *big.Int
	m mono
}

// A mono is a product of powers of atoms; the zero mono is 1.
type mono struct {
	fs  []factor // sorted by atom key
	key string
}

type factor struct {
	a *atom
	n int
}

type atomKind uint8

const (
	varAtom atomKind = iota
	divAtom          // args[0] / args[1], floor
	minAtom          // two or more args, sorted by key
	maxAtom
	modAtom // only while printing
)

type atom struct {
	kind atomKind
	name string // varAtom
	args []Poly
	key  string
}

var one = big.NewInt(1)

// Int is the constant v.
func Int(v int64) Poly { return Const(big.NewInt(v)) }

// Const is the constant v.
func Const(v *big.Int) Poly {
	if v.Sign() == 0 {
		return Poly{}
	}
	return Poly{[]term{{c: new(big.Int).Set(v)}}}
}

// Var is the variable called name.
func Var(name string) Poly { return fromAtom(&atom{name: name, key: name}) }

func fromAtom(a *atom) Poly {
	return Poly{[]term{{c: one, m: newMono([]factor{{a, 1}})}}}
}

func newMono(fs []factor) mono {
	if len(fs) == 1 && fs[0].n == 1 {
		return mono{fs, fs[0].a.key}
	}
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte('*')
		}
		b.WriteString(f.a.key)
		if f.n > 1 {
			b.WriteByte('^')
			b.WriteString(strconv.Itoa(f.n))
		}
	}
	return mono{fs, b.String()}
}

func (m mono) degree() int {
	n := 0
	for _, f := range m.fs {
		n += f.n
	}
	return n
}

func (m mono) mul(o mono) mono {
	if len(m.fs) == 0 {
		return o
	}
	if len(o.fs) == 0 {
		return m
	}
	fs := make([]factor, 0, len(m.fs)+len(o.fs))
	i, j := 0, 0
	for i < len(m.fs) || j < len(o.fs) {
		switch {
		case j == len(o.fs) || i < len(m.fs) && m.fs[i].a.key < o.fs[j].a.key:
			fs = append(fs, m.fs[i])
			i++
		case i == len(m.fs) || o.fs[j].a.key < m.fs[i].a.key:
			fs = append(fs, o.fs[j])
			j++
		default:
			fs = append(fs, factor{m.fs[i].a, m.fs[i].n + o.fs[j].n})
			i++
			j++
		}
	}
	return newMono(fs)
}

// div gives m/o when o divides m.
func (m mono) div(o mono) (mono, bool) {
	var fs []factor
	j := 0
	for _, f := range m.fs {
		if j < len(o.fs) && o.fs[j].a.key == f.a.key {
			if f.n < o.fs[j].n {
				return mono{}, false
			}
			f.n -= o.fs[j].n
			j++
		}
		if f.n > 0 {
			fs = append(fs, f)
		}
	}
	if j < len(o.fs) {
		return mono{}, false
	}
	return newMono(fs), true
}

// Add is p + q.
func (p Poly) Add(q Poly) Poly {
	if len(p.terms) == 0 {
		return q
	}
	if len(q.terms) == 0 {
		return p
	}
	out := make([]term, 0, len(p.terms)+len(q.terms))
	i, j := 0, 0
	for i < len(p.terms) && j < len(q.terms) {
		a, b := p.terms[i], q.terms[j]
		switch {
		case a.m.key < b.m.key:
			out = append(out, a)
			i++
		case b.m.key < a.m.key:
			out = append(out, b)
			j++
		default:
			if c := integer.Add(a.c, b.c); c.Sign() != 0 {
				out = append(out, term{c, a.m})
			}
			i++
			j++
		}
	}
	out = append(out, p.terms[i:]...)
	return Poly{append(out, q.terms[j:]...)}
}

// Neg is -p.
func (p Poly) Neg() Poly {
	out := make([]term, len(p.terms))
	for i, t := range p.terms {
		out[i] = term{integer.Neg(t.c), t.m}
	}
	return Poly{out}
}

// Sub is p - q.
func (p Poly) Sub(q Poly) Poly { return p.Add(q.Neg()) }

// Scale is c * p.
func (p Poly) Scale(c *big.Int) Poly {
	if c.Sign() == 0 {
		return Poly{}
	}
	if c.Cmp(one) == 0 {
		return p
	}
	out := make([]term, len(p.terms))
	for i, t := range p.terms {
		out[i] = term{integer.Mul(t.c, c), t.m}
	}
	return Poly{out}
}

// Mul is p * q.
func (p Poly) Mul(q Poly) Poly {
	if c, ok := q.Const(); ok {
		return p.Scale(c)
	}
	if c, ok := p.Const(); ok {
		return q.Scale(c)
	}
	all := make([]term, 0, len(p.terms)*len(q.terms))
	for _, a := range p.terms {
		for _, b := range q.terms {
			all = append(all, term{integer.Mul(a.c, b.c), a.m.mul(b.m)})
		}
	}
	return collect(all)
}

// collect sorts terms and adds up those of the same mono; it may reuse ts.
func collect(ts []term) Poly {
	slices.SortStableFunc(ts, func(a, b term) int { return strings.Compare(a.m.key, b.m.key) })
	out := ts[:0]
	for _, t := range ts {
		if n := len(out); n > 0 && out[n-1].m.key == t.m.key {
			out[n-1].c = integer.Add(out[n-1].c, t.c)
			continue
		}
		if n := len(out); n > 0 && out[n-1].c.Sign() == 0 {
			out = out[:n-1]
		}
		out = append(out, t)
	}
	if n := len(out); n > 0 && out[n-1].c.Sign() == 0 {
		out = out[:n-1]
	}
	return Poly{out}
}

// ConstTerm is the coefficient of 1.
func (p Poly) ConstTerm() *big.Int {
	if len(p.terms) > 0 && len(p.terms[0].m.fs) == 0 {
		return p.terms[0].c
	}
	return new(big.Int)
}

// Key is a text that is the same for equal polynomials only.
func (p Poly) Key() string {
	if len(p.terms) == 0 {
		return "0"
	}
	n := 0
	for _, t := range p.terms {
		n += len(t.m.key) + 6
	}
	var b bytes.Buffer
	b.Grow(n)
	for i, t := range p.terms {
		if i > 0 && t.c.Sign() > 0 {
			b.WriteByte('+')
		}
		if t.c.IsInt64() {
			b.Write(strconv.AppendInt(b.AvailableBuffer(), t.c.Int64(), 10))
		} else {
			b.WriteString(t.c.String())
		}
		if t.m.key != "" {
			b.WriteByte('*')
			b.WriteString(t.m.key)
		}
	}
	return b.String()
}

// Equal tells whether p and q are the same polynomial.
func (p Poly) Equal(q Poly) bool {
	if len(p.terms) != len(q.terms) {
		return false
	}
	for i, t := range p.terms {
		if t.m.key != q.terms[i].m.key || t.c.Cmp(q.terms[i].c) != 0 {
			return false
		}
	}
	return true
}

// Apart tells whether p and q differ by a constant other than 0.
func (p Poly) Apart(q Poly) bool {
	a, b := p.varying(), q.varying()
	return (Poly{a}).Equal(Poly{b}) && p.ConstTerm().Cmp(q.ConstTerm()) != 0
}

// varying is p without its constant.
func (p Poly) varying() []term {
	if len(p.terms) > 0 && len(p.terms[0].m.fs) == 0 {
		return p.terms[1:]
	}
	return p.terms
}

// mapAtoms replaces every top-level atom by f of it; false keeps it.
func (p Poly) mapAtoms(f func(*atom) (Poly, bool)) Poly {
	var sum Poly
	var kept []term
	changed := false
	for i, t := range p.terms {
		var by []Poly
		for j, fa := range t.m.fs {
			q, other := f(fa.a)
			switch {
			case other && by == nil:
				by = make([]Poly, len(t.m.fs))
				for k := range by[:j] {
					by[k] = fromAtom(t.m.fs[k].a)
				}
			case !other && by != nil:
				q = fromAtom(fa.a)
			}
			if by != nil {
				by[j] = q
			}
		}
		switch {
		case by == nil && changed:
			kept = append(kept, t)
			continue
		case by == nil:
			continue
		case !changed:
			changed, kept = true, append(make([]term, 0, len(p.terms)), p.terms[:i]...)
		}
		prod := Const(t.c)
		for j, fa := range t.m.fs {
			for range fa.n {
				prod = prod.Mul(by[j])
			}
		}
		sum = sum.Add(prod)
	}
	if !changed {
		return p
	}
	return Poly{kept}.Add(sum)
}
