package lift

import (
	"math/big"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A given is a condition on numbers: p >= 0, or any other by its text.
type given struct {
	p     poly.Poly
	other bool
	text  string
}

func atLeast(p poly.Poly) given { return given{p: p, text: p.String() + " >= 0"} }

// assume adds a condition to a set that is a conjunction, in normal form as far as there is
// one: comparisons with minima, maxima and quotients are taken apart, and what the rest of
// the set implies is left out.
func assume(set []given, c loopir.Expr, outer poly.Facts) []given {
	p, ok := atLeastZero(c)
	if !ok {
		return insert(slices.Clone(set), given{other: true, text: plain(c, outer)})
	}
	set = slices.Clone(set)
	for _, q := range apartGiven(outer.Reduce(p), outer, 4) {
		set = insert(set, atLeast(q))
	}
	return set
}

// apartGiven takes p >= 0 apart into comparisons that hold together.
func apartGiven(p poly.Poly, facts poly.Facts, depth int) []poly.Poly {
	p = p.Primitive()
	if facts.NonNeg(p) {
		return nil
	}
	if depth == 0 {
		return []poly.Poly{p}
	}
	all, some := p.Cases()
	var open []poly.Poly
	for _, q := range some {
		switch {
		case facts.NonNeg(q):
			return nil
		case !facts.NonNeg(q.Neg().Sub(poly.Int(1))):
			open = append(open, q)
		}
	}
	switch {
	case len(some) > 0 && len(open) == 1:
		all = open
	case len(all) == 0:
		return []poly.Poly{p}
	}
	var out []poly.Poly
	for _, q := range all {
		out = append(out, apartGiven(facts.Reduce(q), facts, depth-1)...)
	}
	return out
}

// insert keeps a set sorted. Of two conditions that differ by a constant the stronger one is
// kept.
func insert(set []given, g given) []given {
	if !g.other {
		for i, old := range set {
			if old.other {
				continue
			}
			if d, ok := g.p.Sub(old.p).Const(); ok {
				if d.Sign() >= 0 {
					return set
				}
				set = slices.Delete(set, i, i+1)
				break
			}
		}
	}
	at, found := slices.BinarySearchFunc(set, g, func(a, b given) int { return strings.Compare(a.text, b.text) })
	if found {
		return set
	}
	return slices.Insert(set, at, g)
}

// known leaves out what facts imply.
func known(set []given, facts poly.Facts) []given {
	var out []given
	for _, g := range set {
		if g.other || !facts.NonNeg(g.p) {
			out = append(out, g)
		}
	}
	return out
}

// textOf is the set's.
func textOf(set []given) string {
	var b strings.Builder
	for _, g := range set {
		b.WriteString(g.text)
		b.WriteString(" && ")
	}
	return b.String()
}

// conjuncts takes a condition apart into comparisons as far as it can.
func conjuncts(c loopir.Expr) []loopir.Expr {
	switch x := c.(type) {
	case *loopir.Binary:
		if x.Op == loopir.And {
			return append(conjuncts(x.X), conjuncts(x.Y)...)
		}
		if l, ok := x.X.(*loopir.Intrinsic); ok && l.Name == "min" && l.Type == loopir.Index && (x.Op == loopir.Gt || x.Op == loopir.Ge) {
			var out []loopir.Expr
			for _, a := range l.Args {
				out = append(out, conjuncts(loopir.Bin(x.Op, a, x.Y))...)
			}
			return out
		}
	case *loopir.Unary:
		if x.Op != loopir.Not {
			break
		}
		switch y := x.X.(type) {
		case *loopir.Unary:
			if y.Op == loopir.Not {
				return conjuncts(y.X)
			}
		case *loopir.Binary:
			if y.Op == loopir.Or {
				no := func(e loopir.Expr) []loopir.Expr {
					return conjuncts(&loopir.Unary{Op: loopir.Not, X: e, Type: loopir.Bool})
				}
				return append(no(y.X), no(y.Y)...)
			}
			if y.X.TypeOf() == loopir.Index && y.Op != loopir.And {
				return []loopir.Expr{negated(y)}
			}
		}
	}
	return []loopir.Expr{c}
}

// atLeastZero is the p for which a comparison of indices says p >= 0.
func atLeastZero(c loopir.Expr) (poly.Poly, bool) {
	b, ok := c.(*loopir.Binary)
	if !ok || b.X.TypeOf() != loopir.Index || hasReads(b) {
		return poly.Poly{}, false
	}
	x, y := poly.Must(b.X), poly.Must(b.Y)
	switch b.Op {
	case loopir.Ge:
		return x.Sub(y), true
	case loopir.Gt:
		return x.Sub(y).Sub(poly.Int(1)), true
	case loopir.Le:
		return y.Sub(x), true
	case loopir.Lt:
		return y.Sub(x).Sub(poly.Int(1)), true
	}
	return poly.Poly{}, false
}

// below tells whether g says iter < bound.
func (g given) below(iter string) (bound poly.Poly, ok bool) {
	if g.other {
		return poly.Poly{}, false
	}
	k, rest, linear := g.p.Coeff(iter)
	n, isConst := k.Const()
	if !linear || !isConst || n.Cmp(big.NewInt(-1)) != 0 {
		return poly.Poly{}, false
	}
	return rest.Add(poly.Int(1)), true
}

// mentions tells whether the condition is on iter.
func (g given) mentions(iter string) bool {
	if g.other {
		return strings.Contains(g.text, iter)
	}
	return g.p.Uses(iter)
}
