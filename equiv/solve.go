package equiv

import (
	"fmt"
	"math/big"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A system is a set of equations between index expressions, to be solved for
// some of their variables. It guesses: whoever uses a solution asks the solver
// whether it is one. Sums such as 16*cb + c2 = x are taken apart as a number in
// mixed radix, cb = x/16 and c2 = x%16.
type system struct {
	eqs     []poly.Poly // each is to be zero
	ineqs   []poly.Poly // each is at least zero
	facts   poly.Facts  // constant bounds of variables
	lower   map[string]loopir.Expr
	order   []string // the unknowns as they were added
	opaque  []opaqueTerm
	value   map[string]poly.Poly // solved unknowns, in known variables and unsolved unknowns
	unknown map[string]bool      // unsolved
}

// An opaqueTerm is a quotient, min or max of unknowns, itself an unknown until
// its parts are known.
type opaqueTerm struct {
	name string
	expr loopir.Expr
}

func newSystem() *system {
	return &system{lower: map[string]loopir.Expr{}, value: map[string]poly.Poly{}, unknown: map[string]bool{}}
}

// addUnknown adds a variable to solve for, at least lo; nil means 0.
func (s *system) addUnknown(name string, lo loopir.Expr) {
	s.order = append(s.order, name)
	s.lower[name] = lo
	s.unknown[name] = true
}

// equate adds the equation a = b.
func (s *system) equate(a, b loopir.Expr) {
	p, okA := s.poly(a)
	q, okB := s.poly(b)
	if okA && okB {
		s.eqs = append(s.eqs, p.Sub(q))
	}
}

// poly reads an expression, solved unknowns replaced and quotients of unknowns
// by a name of their own.
func (s *system) poly(e loopir.Expr) (poly.Poly, bool) {
	p, err := poly.FromExpr(e)
	if err != nil {
		return poly.Poly{}, false
	}
	p = p.Subst(s.value)
	p, err = poly.FromExpr(s.hide(p.Expr()))
	return p, err == nil
}

// hide replaces the outermost quotients, mins and maxes that hold unknowns.
func (s *system) hide(e loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case *loopir.Unary:
		return &loopir.Unary{Op: e.Op, X: s.hide(e.X), Type: e.Type}
	case *loopir.Binary:
		switch e.Op {
		case loopir.Add, loopir.Sub, loopir.Mul:
			return loopir.Bin(e.Op, s.hide(e.X), s.hide(e.Y))
		case loopir.Div:
			if s.holdsUnknown(e.X) {
				return s.quotient(e)
			}
		case loopir.Mod: // x - d*(x/d)
			if s.holdsUnknown(e.X) {
				return loopir.Bin(loopir.Sub, s.hide(e.X), loopir.Bin(loopir.Mul, e.Y, s.quotient(loopir.Bin(loopir.Div, e.X, e.Y))))
			}
		}
	case *loopir.Intrinsic:
		if s.holdsUnknown(e) {
			return s.name(e)
		}
	}
	return e
}

// quotient names a quotient, after what is known of its variables: with k in 0..8
// (8*b + k)/16 is b/2.
func (s *system) quotient(e loopir.Expr) loopir.Expr {
	if plain := poly.Simplify(e, s.facts); exprKey(plain) != exprKey(e) {
		return s.hide(plain)
	}
	return s.name(e)
}

func (s *system) name(e loopir.Expr) loopir.Expr {
	key := exprKey(e)
	for _, o := range s.opaque {
		if exprKey(o.expr) == key {
			return loopir.NewVar(o.name)
		}
	}
	n := fmt.Sprintf("div!%d", len(s.opaque))
	s.opaque = append(s.opaque, opaqueTerm{n, e})
	s.unknown[n] = true
	return loopir.NewVar(n)
}

func exprKey(e loopir.Expr) string {
	p, err := poly.FromExpr(e)
	if err != nil {
		return "!" + loopir.FormatExpr(e)
	}
	return p.Key()
}

func (s *system) holdsUnknown(e loopir.Expr) bool {
	found := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if v, ok := e.(*loopir.Var); ok && s.unknown[v.Name] {
			found = true
		}
		return !found
	})
	return found
}

// solve solves as far as the equations determine the unknowns.
func (s *system) solve() {
	for s.settleOpaque() || s.step(s.linear) || s.step(s.scaled) || s.pinned() || s.step(s.mixedRadix) || s.reduced() || s.step(s.carried) {
	}
}

// solveBoldly is solve for those who would otherwise have to do without.
func (s *system) solveBoldly() {
	for s.solve(); s.step(s.leading); s.solve() {
	}
}

// set solves unknown u as p everywhere.
func (s *system) set(u string, p poly.Poly) {
	delete(s.unknown, u)
	one := map[string]poly.Poly{u: p}
	for n, v := range s.value {
		s.value[n] = v.Subst(one)
	}
	s.value[u] = p
	for i, e := range s.eqs {
		s.eqs[i] = e.Subst(one)
	}
	for i, e := range s.ineqs {
		s.ineqs[i] = e.Subst(one)
	}
}

// fill decides an unknown that the equations leave open; e may hold solved
// unknowns.
func (s *system) fill(u string, e loopir.Expr) bool {
	p, ok := s.poly(e)
	if !ok || p.Uses(u) {
		return false
	}
	s.set(u, p)
	s.solve()
	return true
}

// below is the largest value up to e that unknown u may have by an equation
// such as (u + 1) % 2 = b, which is u + 1 - b = 2*q for an unknown quotient q.
func (s *system) below(u string, e loopir.Expr) loopir.Expr {
	limit, ok := s.poly(e)
	if !ok {
		return e
	}
	for _, p := range s.eqs {
		us := s.unknownsOf(p)
		if len(us) != 2 || us[0] != u && us[1] != u {
			continue
		}
		q := us[0]
		if q == u {
			q = us[1]
		}
		c, rest, okU := p.Coeff(u)
		d, rest, okQ := rest.Coeff(q)
		v, isConst := c.Const()
		if !strings.HasPrefix(q, "div!") || !okU || !okQ || !isConst || v.CmpAbs(big.NewInt(1)) != 0 || len(s.unknownsOf(d)) > 0 {
			continue
		}
		if v.Sign() < 0 {
			rest = rest.Neg()
		} else {
			d = d.Neg()
		}
		return limit.Sub(poly.Mod(limit.Add(rest), d)).Expr()
	}
	return e
}

func (s *system) isQuotient(u string) bool { return strings.HasPrefix(u, "div!") }

// settleOpaque finds a quotient whose parts are solved by now.
func (s *system) settleOpaque() bool {
	for _, o := range s.opaque {
		if !s.unknown[o.name] {
			continue
		}
		p, err := poly.FromExpr(o.expr)
		if err != nil {
			continue
		}
		if p = p.Subst(s.value); len(s.unknownsOf(p)) == 0 {
			s.set(o.name, p)
			return true
		}
	}
	return false
}

func (s *system) unknownsOf(p poly.Poly) []string {
	var out []string
	for _, v := range p.Vars() {
		if s.unknown[v] {
			out = append(out, v)
		}
	}
	sort.Strings(out)
	return out
}

// step applies one way of solving to the first equation that it fits.
func (s *system) step(way func(p poly.Poly, us []string) bool) bool {
	for _, p := range s.eqs {
		if us := s.unknownsOf(p); len(us) > 0 && way(p, us) {
			return true
		}
	}
	return false
}

// linear solves u in ±u + rest = 0 without other unknowns.
func (s *system) linear(p poly.Poly, us []string) bool {
	if len(us) > 1 {
		return false
	}
	c, rest, ok := p.Coeff(us[0])
	if !ok {
		return false
	}
	switch v, isConst := c.Const(); {
	case !isConst || v.CmpAbs(big.NewInt(1)) != 0:
		return false
	case v.Sign() > 0:
		s.set(us[0], rest.Neg())
	default:
		s.set(us[0], rest)
	}
	return true
}

// scaled solves u in c*u + rest = 0 as a quotient.
func (s *system) scaled(p poly.Poly, us []string) bool {
	if len(us) > 1 {
		return false
	}
	c, rest, ok := p.Coeff(us[0])
	if !ok || len(s.unknownsOf(c)) > 0 {
		return false
	}
	q, exact := rest.Neg().DivExact(c)
	if !exact {
		if v, isConst := c.Const(); isConst && v.Sign() < 0 {
			c, rest = c.Neg(), rest.Neg()
		}
		q = poly.FloorDiv(rest.Neg(), c)
	}
	s.set(us[0], q)
	return true
}

// mixedRadix solves u in u + d*(...) = x as lo + (x-lo)%d, where lo is the
// least value of u, and leaves the quotient to the rest of the equation.
func (s *system) mixedRadix(p poly.Poly, us []string) bool {
	for _, u := range us {
		if strings.HasPrefix(u, "div!") {
			continue
		}
		c, rest, ok := p.Coeff(u)
		v, isConst := c.Const()
		if !ok || !isConst || v.CmpAbs(big.NewInt(1)) != 0 {
			continue
		}
		if v.Sign() < 0 {
			rest = rest.Neg()
		}
		d, x, ok := s.radix(rest, us, u)
		if !ok {
			continue
		}
		lo, ok := s.least(u)
		if !ok {
			continue
		}
		if negates(d) { // a digit, as in v - 2*i with v < 2, or not, as in x - 2*t with x in 2*t..2*t+N
			if d = d.Neg(); !s.spans(u, lo, d) {
				continue
			}
		}
		s.set(u, lo.Add(poly.Mod(x.Sub(lo), d)))
		for i, e := range s.eqs { // d*(...) = d*((x-lo)/d)
			if q, exact := e.DivExact(d); exact {
				s.eqs[i] = q
			}
		}
		return true
	}
	return false
}

// reduced divides an equation by what all its unknowns are multiplied by: 32*b + 2*i + 1 = y
// is 16*b + i = (y-1)/2. That y-1 is even is left to who uses the solution.
func (s *system) reduced() bool {
	for i, p := range s.eqs {
		us := s.unknownsOf(p)
		rest, d := p, poly.Poly{}
		var coeffs []poly.Poly
		linear := len(us) > 1
		for _, u := range us {
			c, r, ok := rest.Coeff(u)
			linear = linear && ok && len(s.unknownsOf(c)) == 0
			coeffs, rest = append(coeffs, c), r
		}
		if linear {
			d = commonFactor(coeffs)
		}
		if v, isConst := d.Const(); !linear || isConst && v.CmpAbs(big.NewInt(1)) <= 0 {
			continue
		}
		sum, _ := p.Sub(rest).DivExact(d)
		value, exact := rest.Neg().DivExact(d)
		if !exact {
			value = poly.FloorDiv(rest.Neg(), d)
		}
		s.eqs[i] = sum.Sub(value)
		return true
	}
	return false
}

// commonFactor is the largest number by which constants can be divided, else one of ps that
// divides all of them, or 1.
func commonFactor(ps []poly.Poly) poly.Poly {
	g := new(big.Int)
	for _, p := range ps {
		v, isConst := p.Const()
		if !isConst {
			g = nil
			break
		}
		g.GCD(nil, nil, g, new(big.Int).Abs(v))
	}
	if g != nil {
		return poly.Const(g)
	}
next:
	for _, d := range ps {
		if negates(d) {
			d = d.Neg()
		}
		for _, p := range ps {
			if _, exact := p.DivExact(d); !exact {
				continue next
			}
		}
		return d
	}
	return poly.Int(1)
}

// carried takes a quotient from an equation in which it is alone to others: where k/16 is
// a - 2*b and k%16 is c, that k is 16*(a - 2*b) + c settles k and b together.
func (s *system) carried(p poly.Poly, us []string) bool {
	for _, q := range us {
		c, rest, ok := p.Coeff(q)
		v, isConst := c.Const()
		if !s.isQuotient(q) || !ok || !isConst || v.CmpAbs(big.NewInt(1)) != 0 {
			continue
		}
		for _, e := range s.eqs {
			if e.Uses(q) && !e.Equal(p) {
				s.set(q, rest.Scale(new(big.Int).Neg(v)))
				return true
			}
		}
	}
	return false
}

// least is the least value of unknown u, that in the middle of a range where its
// bound is a maximum such as max(0, n-16*b).
func (s *system) least(u string) (poly.Poly, bool) {
	e := s.lower[u]
	if e == nil {
		return poly.Int(0), true
	}
	p, ok := s.poly(e)
	if ok && len(s.unknownsOf(p)) == 0 {
		return p, true
	}
	if f, isCall := e.(*loopir.Intrinsic); isCall && f.Name == "max" {
		for _, a := range f.Args {
			if p, ok := s.poly(a); ok && len(s.unknownsOf(p)) == 0 {
				return p, true
			}
		}
	}
	return poly.Poly{}, false
}

// spans tells whether u is known to be below lo + d.
func (s *system) spans(u string, lo, d poly.Poly) bool {
	for _, p := range s.ineqs {
		c, rest, ok := p.Coeff(u)
		n, isConst := c.Const()
		if !ok || !isConst || n.Sign() >= 0 || n.CmpAbs(big.NewInt(1)) != 0 {
			continue
		}
		if gap, isConst := lo.Add(d).Sub(rest).Const(); isConst && gap.Sign() > 0 {
			return true
		}
	}
	return false
}

// negates tells whether d is written as the negative of a constant or variable.
func negates(d poly.Poly) bool {
	c := d
	if vars := d.Vars(); len(vars) > 0 {
		c, _, _ = d.Coeff(vars[0])
	}
	v, isConst := c.Const()
	return isConst && v.Sign() < 0
}

// radix splits rest, the sum of u's equation without u, into d*(unknowns) - x.
func (s *system) radix(rest poly.Poly, us []string, u string) (d, x poly.Poly, ok bool) {
	var coeffs []poly.Poly
	for _, w := range us {
		if w == u {
			continue
		}
		c, r, linear := rest.Coeff(w)
		if !linear || len(s.unknownsOf(c)) > 0 || strings.HasPrefix(w, "div!") { // below is for quotients
			return d, x, false
		}
		coeffs, rest = append(coeffs, c), r
	}
	for _, d := range coeffs {
		v, isConst := d.Const()
		if isConst && v.CmpAbs(big.NewInt(1)) <= 0 {
			continue
		}
		all := true
		for _, c := range coeffs {
			_, exact := c.DivExact(d)
			all = all && exact
		}
		if all {
			return d, rest.Neg(), true
		}
	}
	return d, x, false
}

// leading solves the unknown with the largest coefficient of d*u + a*v + ... = x
// as (x - least of the rest)/d, as is right when the rest spans less than d:
// 14*ow + 5*ob + q with ob < 2 and q < 5.
func (s *system) leading(p poly.Poly, us []string) bool {
	var u string
	d, rest := big.NewInt(0), p
	least, tie := poly.Int(0), false
	for _, w := range us {
		c, r, ok := rest.Coeff(w)
		v, isConst := c.Const()
		if !ok || !isConst || s.lower[w] == nil && strings.HasPrefix(w, "div!") {
			return false
		}
		lo := poly.Int(0)
		if e := s.lower[w]; e != nil {
			if lo, ok = s.poly(e); !ok || len(s.unknownsOf(lo)) > 0 {
				return false
			}
		}
		rest, least = r, least.Add(lo.Scale(v))
		switch v.CmpAbs(d) {
		case 1:
			u, d, tie = w, v, false
		case 0:
			tie = true
		}
	}
	if tie {
		return false
	}
	lo := poly.Int(0)
	if e := s.lower[u]; e != nil {
		lo, _ = s.poly(e)
	}
	least = least.Sub(lo.Scale(d))
	x := rest.Add(least).Neg() // d*u = x, nearly
	if d.Sign() < 0 {
		x, d = x.Neg(), new(big.Int).Neg(d)
	}
	s.set(u, poly.FloorDiv(x, poly.Const(d)))
	return true
}

// open lists the unknowns that are not solved, in the order they were added.
func (s *system) open() []string {
	var out []string
	for _, u := range s.order {
		if s.unknown[u] {
			out = append(out, u)
		}
	}
	return out
}

// clone copies s so that both can be filled differently.
func (s *system) clone() *system {
	c := *s
	c.eqs = append([]poly.Poly(nil), s.eqs...)
	c.ineqs = append([]poly.Poly(nil), s.ineqs...)
	c.opaque = append([]opaqueTerm(nil), s.opaque...)
	c.value, c.unknown = map[string]poly.Poly{}, map[string]bool{}
	for k, v := range s.value {
		c.value[k] = v
	}
	for k, v := range s.unknown {
		c.unknown[k] = v
	}
	return &c
}

// solution gives every unknown a value in known variables, or reports false.
func (s *system) solution() (map[string]loopir.Expr, bool) {
	out := map[string]loopir.Expr{}
	for _, u := range s.order {
		v, ok := s.value[u]
		if !ok || len(s.unknownsOf(v)) > 0 {
			return nil, false
		}
		out[u] = v.Expr()
	}
	return out, true
}
