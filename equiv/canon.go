package equiv

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// maxBound bounds how many sums may be nested in a term.
const maxBound = 5

// A canon writes polynomials in a normal form.
type canon struct {
	known  map[string]poly.Poly              // what index variables are replaced by
	names  func(v *value, bound bool) string // of a read; bound: by bound variables
	merged bool                              // like terms were collected
	lost   bool                              // a partial factor vanished
	deep   bool                              // too many nested sums
}

// text is the normal form of p: equal texts mean equal polynomials.
func (c *canon) text(p realPoly, ren map[string]poly.Poly, depth int) string {
	terms := c.collect(p, ren, depth)
	var parts []string
	for _, k := range sortedNames(terms) {
		parts = append(parts, terms[k].coef.RatString()+"*"+k)
	}
	return strings.Join(parts, " + ")
}

// collect adds up the like terms of p, each by its normal form.
func (c *canon) collect(p realPoly, ren map[string]poly.Poly, depth int) map[string]realTerm {
	out := map[string]realTerm{}
	partial := map[string]bool{}
	for _, t := range p {
		k := c.term(t, ren, depth)
		partial[k] = partial[k] || realPoly{t}.partial()
		if old, ok := out[k]; ok {
			c.merged = true
			t.coef = new(big.Rat).Add(old.coef, t.coef)
		}
		out[k] = t
	}
	for k, t := range out {
		if t.coef.Sign() == 0 {
			c.lost = c.lost || partial[k]
			delete(out, k)
		}
	}
	return out
}

// term is the normal form of a term but for its coefficient. Neither the names
// of bound variables matter nor whether they count up or down, so the least text
// of all ways to write them is taken.
func (c *canon) term(t realTerm, ren map[string]poly.Poly, depth int) string {
	if len(t.vars) > maxBound {
		c.deep = true
		return fmt.Sprint(len(t.vars), " sums")
	}
	last := make([]poly.Poly, len(t.vars))
	ways := 1
	for i, v := range t.vars {
		p, ok := lastValue(v, t.conds)
		if ok && ways < 1<<3 && !slices.ContainsFunc(t.vars, p.Uses) { // else it is no one-to-one exchange of terms
			last[i] = p
			ways *= 2
		}
	}
	best := ""
	permutations(len(t.vars), func(order []int) {
		for way := range ways {
			in := map[string]poly.Poly{}
			for k, p := range ren {
				in[k] = p
			}
			for i, v := range t.vars {
				in[v] = poly.Var(fmt.Sprintf("$%d_%d", depth, order[i]))
			}
			down := map[string]poly.Poly{}
			for i, v := range t.vars {
				if last[i].IsZero() {
					continue
				}
				if way%2 == 1 {
					down[v] = last[i].Subst(c.known).Subst(in).Sub(in[v])
				}
				way /= 2
			}
			for v, p := range down {
				in[v] = p
			}
			if s := c.product(t, in, depth); best == "" || s < best {
				best = s
			}
		}
	})
	return best
}

// lastValue is the last value of a bound variable that counts from 0 by 1: what
// its loop allows.
func lastValue(v string, conds []loopir.Expr) (last poly.Poly, ok bool) {
	for _, e := range conds {
		b, isBin := e.(*loopir.Binary)
		if !isBin || b.Op != loopir.Lt {
			continue
		}
		x, errX := poly.FromExpr(b.X)
		y, errY := poly.FromExpr(b.Y)
		if errX != nil || errY != nil {
			continue
		}
		k, rest, linear := x.Sub(y).Coeff(v)
		if one, isConst := k.Const(); linear && isConst && one.Cmp(big.NewInt(1)) == 0 {
			last = rest.Neg().Sub(poly.Int(1))
			return last, !last.IsZero()
		}
	}
	return poly.Poly{}, false
}

// product is the text of a term whose bound variables have their names.
func (c *canon) product(t realTerm, ren map[string]poly.Poly, depth int) string {
	var parts []string
	for _, a := range t.factors {
		parts = append(parts, c.atom(a, ren, depth))
	}
	sort.Strings(parts)
	var conds []string
	for _, e := range t.conds {
		conds = append(conds, c.cond(e, ren))
	}
	sort.Strings(conds)
	return fmt.Sprintf("sum%d{%s}(%s)", len(t.vars), strings.Join(slices.Compact(conds), ";"), strings.Join(parts, "*"))
}

func (c *canon) atom(a *atom, ren map[string]poly.Poly, depth int) string {
	if a.name != "" {
		return a.name
	}
	if v := a.read; v != nil {
		bound := a.uses(sortedNames(ren))
		if bound { // the names of bound variables are those of the way to write the term
			env := Env{}
			for n, p := range ren {
				env[n] = p.Expr()
			}
			v = &value{v.e, point{v.at.s, v.at.env.in(env)}, v.open}
		}
		return c.names(v, bound)
	}
	var b strings.Builder
	b.WriteString(a.head)
	for _, p := range a.index {
		b.WriteString("[" + p.Subst(c.known).Subst(ren).Key() + "]")
	}
	var args []string
	for _, p := range a.args {
		args = append(args, c.text(p, ren, depth+1))
	}
	if a.head == "min" || a.head == "max" {
		sort.Strings(args)
	}
	if len(args) > 0 {
		b.WriteString("(" + strings.Join(args, ", ") + ")")
	}
	return b.String()
}

// cond is a text for a condition; comparisons are written as one polynomial.
func (c *canon) cond(e loopir.Expr, ren map[string]poly.Poly) string {
	switch e := e.(type) {
	case *loopir.Unary:
		return "!(" + c.cond(e.X, ren) + ")"
	case *loopir.Binary:
		if e.Op == loopir.And || e.Op == loopir.Or {
			s := []string{c.cond(e.X, ren), c.cond(e.Y, ren)}
			sort.Strings(s)
			return fmt.Sprintf("(%s %d %s)", s[0], e.Op, s[1])
		}
		x, errX := poly.FromExpr(e.X)
		y, errY := poly.FromExpr(e.Y)
		if errX == nil && errY == nil {
			return c.comparison(e.Op, x.Sub(y).Subst(c.known).Subst(ren))
		}
	}
	return loopir.FormatExpr(e)
}

func (c *canon) comparison(op loopir.Op, d poly.Poly) string {
	switch op {
	case loopir.Lt: // d < 0
		return ">=" + d.Neg().Sub(poly.Int(1)).Key()
	case loopir.Le:
		return ">=" + d.Neg().Key()
	case loopir.Gt:
		return ">=" + d.Sub(poly.Int(1)).Key()
	case loopir.Ge:
		return ">=" + d.Key()
	}
	return fmt.Sprint(op) + min(d.Key(), d.Neg().Key())
}

// permutations calls f with each order of 0 to n-1.
func permutations(n int, f func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var rec func(k int)
	rec = func(k int) {
		if k >= n-1 {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			rec(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	rec(0)
}

// learn adds what an equation tells of a variable: its value, or, where
// h%d = r, h is d*q + r for q = h/d, and all that is computed from h gets
// simpler. The name of q stands for h/d from then on.
func (c *canon) learn(e loopir.Expr) {
	b, ok := e.(*loopir.Binary)
	if !ok || b.Op != loopir.Eq {
		return
	}
	x, errX := poly.FromExpr(b.X)
	y, errY := poly.FromExpr(b.Y)
	if errX != nil || errY != nil {
		return
	}
	p := x.Sub(y).Subst(c.known)
	for _, h := range p.Vars() {
		if d, r, ok := remainder(p, h); ok {
			c.replace(h, poly.Var(fmt.Sprintf("(%s/%d)", h, d)).Scale(big.NewInt(d)).Add(poly.Int(r)))
			return
		}
	}
	for _, h := range p.Vars() {
		k, rest, ok := p.Coeff(h)
		if v, isConst := k.Const(); ok && isConst && v.CmpAbs(big.NewInt(1)) == 0 {
			c.replace(h, rest.Scale(v).Neg())
			return
		}
	}
}

func (c *canon) replace(h string, p poly.Poly) {
	one := map[string]poly.Poly{h: p}
	for k, q := range c.known {
		c.known[k] = q.Subst(one)
	}
	c.known[h] = p
}

// maxModulus bounds the divisors that remainder looks for.
const maxModulus = 16

// remainder finds d and r such that p = 0 says h%d = r.
func remainder(p poly.Poly, h string) (d, r int64, ok bool) {
	for d = 2; d <= maxModulus; d++ {
		for s := range d {
			m := poly.Mod(poly.Var(h).Sub(poly.Int(s)), poly.Int(d))
			for _, q := range []poly.Poly{m.Sub(p), p.Add(m)} { // (h-s)%d = q
				if v, isConst := q.Const(); isConst && v.IsInt64() && v.Int64() >= 0 && v.Int64() < d {
					return d, (s + v.Int64()) % d, true
				}
			}
		}
	}
	return 0, 0, false
}
