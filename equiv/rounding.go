package equiv

import (
	"math/big"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// Roundings bounds how often a value was rounded on its way to a cell, by the
// type that it was rounded to. Types that are not in it never round.
type Roundings map[loopir.Type]Size

// Texts gives the counts in text form by the name of the type, such as f32: C*R*S + 1.
func (r Roundings) Texts() map[string]string {
	out := map[string]string{}
	for t, s := range r {
		if len(s.terms) > 0 {
			out[t.String()] = s.String()
		}
	}
	return out
}

func (r Roundings) combine(s Roundings, f func(a, b Size) Size) Roundings {
	out := Roundings{}
	for t := range r {
		out[t] = f(r[t], s[t])
	}
	for t := range s {
		out[t] = f(r[t], s[t])
	}
	return out
}

func (r Roundings) add(s Roundings) Roundings  { return r.combine(s, Size.add) }
func (r Roundings) join(s Roundings) Roundings { return r.combine(s, Size.join) }

func (r Roundings) times(n Size) Roundings {
	return r.combine(nil, func(a, _ Size) Size { return a.mul(n) })
}

// beyond is what r has more than s.
func (r Roundings) beyond(s Roundings) Roundings {
	return r.combine(s, func(a, b Size) Size { return a.sub(b).positive() })
}

func (r Roundings) none() bool {
	for _, s := range r {
		if len(s.terms) > 0 {
			return false
		}
	}
	return true
}

// String is the argument of gamma: a number of roundings, with its type where
// there are several.
func (r Roundings) String() string {
	var parts []string
	for _, t := range []loopir.Type{loopir.F64, loopir.F32, loopir.BF16, loopir.F16} {
		if s := r[t]; len(s.terms) > 0 {
			parts = append(parts, t.String()+": "+s.String())
		}
	}
	switch len(parts) {
	case 0:
		return "0"
	case 1:
		_, n, _ := strings.Cut(parts[0], ": ")
		return n
	}
	return strings.Join(parts, ", ")
}

// UnitRoundoff is the largest relative error of rounding to a floating-point
// type, 0 for other types.
func UnitRoundoff(t loopir.Type) *big.Rat {
	if !t.IsFloat() {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), uint(t.Precision())))
}

// Gamma is ku/(1-ku) at given sizes, ku being the roundings of each type times
// its unit roundoff. It reports false where ku is more than 1/2, as the bound need
// not hold then, and when a size is missing.
func (r Roundings) Gamma(sizes map[string]int64) (*big.Rat, bool) {
	ku := new(big.Rat)
	for t, s := range r {
		n, ok := s.At(sizes)
		if !ok {
			return nil, false
		}
		ku.Add(ku, n.Mul(n, UnitRoundoff(t)))
	}
	if ku.Cmp(big.NewRat(1, 2)) > 0 {
		return nil, false
	}
	return new(big.Rat).Quo(ku, new(big.Rat).Sub(big.NewRat(1, 1), ku)), true
}

// A rounded says how often the value of an expression was rounded: base by way
// of what was computed before the cycle that the statement is part of, via by
// way of reads of what the cycle computes, on top of those values' roundings.
type rounded struct {
	base Roundings
	via  map[*loopir.Read]Roundings
}

func (x rounded) also(y rounded, f func(base, via Roundings) Roundings) {
	for r, v := range y.via {
		x.via[r] = x.via[r].join(f(y.base, v))
	}
}

// either is for an expression of which only one operand is on the way.
func either(x, y rounded) rounded {
	out := rounded{x.base.join(y.base), map[*loopir.Read]Roundings{}}
	keep := func(_, via Roundings) Roundings { return via }
	out.also(x, keep)
	out.also(y, keep)
	return out
}

// both is for a product: the roundings of one factor come to those of the
// other, which is no cycle's.
func both(x, y rounded) rounded {
	out := rounded{x.base.add(y.base), map[*loopir.Read]Roundings{}}
	out.also(x, func(_, via Roundings) Roundings { return via.add(y.base) })
	out.also(y, func(_, via Roundings) Roundings { return via.add(x.base) })
	return out
}

// more adds n roundings to type t.
func (x rounded) more(t loopir.Type, n int64) rounded {
	one := Roundings{t: intSize(n)}
	out := rounded{x.base.add(one), map[*loopir.Read]Roundings{}}
	out.also(x, func(_, via Roundings) Roundings { return via.add(one) })
	return out
}

// A rounder counts the roundings of the expressions of one statement.
type rounder struct {
	d        *depths
	s        *Stmt
	internal map[*loopir.Read]bool // reads of what the statement's own cycle computes
	before   map[*loopir.Read]Roundings
}

// expr counts the roundings of e by the rules of the package documentation.
func (w *rounder) expr(e loopir.Expr) (rounded, *noBound) {
	if t := e.TypeOf(); !t.IsFloat() {
		return rounded{}, w.d.settled(e)
	}
	switch e := e.(type) {
	case *loopir.Int, *loopir.Float:
		if v, ok := rational(e); ok && !representable(v, e.TypeOf()) {
			return rounded{}.more(e.TypeOf(), 1), nil
		}
		return rounded{}, nil
	case *loopir.Read:
		if w.internal[e] {
			return rounded{w.before[e], map[*loopir.Read]Roundings{e: {}}}, nil
		}
		return rounded{base: w.before[e]}, nil
	case *loopir.Unary:
		return w.expr(e.X)
	case *loopir.Cast:
		return w.cast(e)
	case *loopir.Binary:
		return w.binary(e)
	case *loopir.Intrinsic:
		return w.intrinsic(e)
	}
	return rounded{}, unbounded(e.Source(), "no rule bounds the error of this expression")
}

func (w *rounder) cast(e *loopir.Cast) (rounded, *noBound) {
	x, bad := w.expr(e.X)
	if bad == nil && !e.To.Holds(e.X.TypeOf()) {
		x = x.more(e.To, 1)
	}
	return x, bad
}

func (w *rounder) binary(e *loopir.Binary) (rounded, *noBound) {
	x, bad := w.expr(e.X)
	if bad != nil {
		return x, bad
	}
	y, bad := w.expr(e.Y)
	if bad != nil {
		return y, bad
	}
	switch e.Op {
	case loopir.Add, loopir.Sub:
		return either(x, y).more(e.Type, 1), nil
	case loopir.Mul:
		return w.product(e, x, y).more(e.Type, 1), nil
	case loopir.Div:
		if w.d.settled(e.Y) == nil {
			return x.more(e.Type, 1), nil
		}
		if v, ok := rational(e.Y); ok && v.Sign() != 0 { // 1/(1-u) <= (1+u)^2
			return x.more(e.Type, 3), nil
		}
		w.d.provide(w.s, "2*gamma*M(y) <= |y| for each quotient by y")
		return either(x, y).more(e.Type, 1), nil
	}
	return rounded{}, unbounded(e.Span, "no rule bounds the error of this operation")
}

// product is x*y without its own rounding. A cycle that multiplies its values
// with each other would double the roundings each time round; they are counted
// once and the magnitude is made three times as large instead: for R <= 2,
// R*R - 1 <= 3*(R - 1).
func (w *rounder) product(e loopir.Expr, x, y rounded) rounded {
	if len(x.via) > 0 && len(y.via) > 0 {
		w.d.tripled[e] = true
		return either(x, y)
	}
	return both(x, y)
}

func (w *rounder) intrinsic(e *loopir.Intrinsic) (rounded, *noBound) {
	f := loopir.Builtin(e.Name)
	switch e.Name {
	case "exp", "log", "sqrt":
		return w.steep(f, e)
	case "fma":
	default:
		if f != nil && f.Takes == loopir.Recastables {
			return rounded{}, unbounded(e.Span, "no rule bounds the error of bits taken as a number")
		}
		if f != nil && f.Slope > 0 {
			break
		}
		for _, a := range e.Args {
			if w.d.settled(a) != nil {
				return rounded{}, unbounded(e.Span, "nothing is known of how %s changes with a rounded argument", e.Name)
			}
		}
		return rounded{}, nil
	}
	args := e.Args
	if e.Name == "select" {
		if bad := w.d.settled(args[0]); bad != nil {
			return rounded{}, bad
		}
		args = args[1:]
	}
	var xs []rounded
	for _, a := range args {
		x, bad := w.expr(a)
		if bad != nil {
			return x, bad
		}
		xs = append(xs, x)
	}
	if e.Name == "fma" {
		return either(w.product(e, xs[0], xs[1]), xs[2]).more(e.Type, w.d.roundings(f)), nil
	}
	out := xs[0]
	for _, x := range xs[1:] {
		out = either(out, x)
	}
	if f.Roundings > 0 {
		out = out.more(e.Type, w.d.roundings(f))
	}
	return out, nil
}

// steep is for a function whose slope has no bound: what its argument was rounded by
// counts with the values that the magnitude has, where they allow it.
func (w *rounder) steep(f *loopir.Function, e *loopir.Intrinsic) (rounded, *noBound) {
	if w.d.settled(e.Args[0]) == nil {
		return rounded{}.more(e.Type, w.d.roundings(f)), nil
	}
	x, bad := w.expr(e.Args[0])
	w.d.provide(w.s, map[string]string{"exp": "gamma*M(x) <= 1 for each exp(x)", "log": "2*gamma*M(x) <= x for each log(x)"}[e.Name])
	return x.more(e.Type, w.d.roundings(f)), bad
}

// rational is the value of a literal as it is written; inf and nan have none.
func rational(e loopir.Expr) (*big.Rat, bool) {
	switch e := e.(type) {
	case *loopir.Int:
		return new(big.Rat).SetInt(e.Value), true
	case *loopir.Float:
		if len(e.Text) > 40 || strings.Contains(e.Text, "n") {
			return nil, false
		}
		if _, exp, ok := strings.Cut(strings.ToLower(e.Text), "e"); ok && len(strings.Trim(exp, "+-0")) > 3 {
			return nil, false
		}
		return new(big.Rat).SetString(strings.ReplaceAll(e.Text, "_", ""))
	}
	return nil, false
}

// representable tells whether v is surely a value of float type t.
func representable(v *big.Rat, t loopir.Type) bool {
	u := UnitRoundoff(t)
	d := v.Denom()
	return v.Num().CmpAbs(u.Denom()) <= 0 && d.Cmp(big.NewInt(1<<10)) <= 0 && new(big.Int).And(d, new(big.Int).Sub(d, big.NewInt(1))).Sign() == 0
}
