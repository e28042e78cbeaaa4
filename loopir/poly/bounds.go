package poly

import (
	"math/big"
	"sort"

	"github.com/loopopt/loopopt/internal/integer"
	"github.com/loopopt/loopopt/loopir"
)

// Bounds returns constants lo <= e <= hi that follow from the facts; nil means
// that none was found. e must be an index expression, else both are nil.
func (f Facts) Bounds(e loopir.Expr) (lo, hi *big.Int) {
	p, err := FromExpr(e)
	if err != nil {
		return nil, nil
	}
	return f.PolyBounds(p)
}

// PolyBounds is Bounds for a Poly.
func (f Facts) PolyBounds(p Poly) (lo, hi *big.Int) {
	c := f.compile()
	p = c.reduce(p)
	if lo = c.lower(p, nil); lo != nil {
		lo = new(big.Int).Set(lo)
	}
	if hi = c.lower(p.Neg(), nil); hi != nil {
		hi = new(big.Int).Neg(hi)
	}
	return lo, hi
}

// UpperConst returns a constant that e never exceeds, for extents of local
// arrays: min(14, Q - 14*oib) has 14.
func (f Facts) UpperConst(e loopir.Expr) (*big.Int, bool) {
	_, hi := f.Bounds(e)
	return hi, hi != nil
}

// NonNeg tells whether p >= 0 follows from the facts; false means "not found".
func (f Facts) NonNeg(p Poly) bool {
	c := f.compile()
	return c.nonNeg(c.reduce(p))
}

// Denied tells whether p < 0 for values that the facts allow, as far as a few of them tell.
func (f Facts) Denied(p Poly) bool {
	c := f.compile()
	return c.hopeless(c.reduce(p), zero)
}

const (
	maxDepth  = 12
	maxBudget = 400
)

// A search looks for a constant lower bound of a polynomial by eliminating one
// atom after the other, innermost iterators first: where the atom's coefficient
// is >= 0, a lower bound of the atom takes its place, else an upper bound. All
// values are integers, so every bound is rounded up.
type search struct {
	c      *compiled
	budget int
	active map[string]bool
	memo   map[string]bound
}

// A bound is the best lower bound found when goal was asked for; a nil best is
// none, a nil goal asks for the best there is.
type bound struct{ best, goal *big.Int }

func (b bound) serves(goal *big.Int) bool {
	return reached(b.best, goal) || b.goal == nil || goal != nil && goal.Cmp(b.goal) <= 0
}

var zero = new(big.Int)

// nonNeg proves p >= 0; p must be reduced.
func (c *compiled) nonNeg(p Poly) bool { return reached(c.lower(p, zero), zero) }

// lower finds a lower bound, content to reach goal; a nil goal wants the best.
func (c *compiled) lower(p Poly, goal *big.Int) *big.Int {
	if v, ok := p.Const(); ok {
		return v
	}
	key := p.Key()
	if b, ok := c.memo.Load(key); ok && b.(bound).serves(goal) {
		return b.(bound).best
	}
	rest, by := p.apart()
	if b, ok := c.shown.Load(rest); ok { // a bound of p but for its constant
		if best := new(big.Int).Add(b.(*big.Int), by); reached(best, goal) {
			return best
		}
	}
	s := &search{c: c, budget: maxBudget, active: map[string]bool{}, memo: map[string]bound{}}
	best := s.lower(p, goal, 0)
	c.memo.Store(key, bound{best, goal})
	if best != nil {
		c.shown.Store(rest, new(big.Int).Sub(best, by))
	}
	return best
}

// apart is a text for p without its constant, and that.
func (p Poly) apart() (string, *big.Int) {
	c := p.ConstTerm()
	if c.Sign() != 0 {
		p = Poly{p.terms[1:]}
	}
	return p.Key(), c
}

func reached(best, goal *big.Int) bool { return best != nil && goal != nil && best.Cmp(goal) >= 0 }

func better(a, b *big.Int) *big.Int {
	if a == nil || b != nil && b.Cmp(a) > 0 {
		return b
	}
	return a
}

func worse(a, b *big.Int) *big.Int {
	if a == nil || b == nil {
		return nil
	}
	if b.Cmp(a) < 0 {
		return b
	}
	return a
}

// ceilDiv is a/k rounded up, k > 0.
func ceilDiv(a, k *big.Int) *big.Int {
	n := new(big.Int).Neg(a)
	return n.Neg(n.Div(n, k))
}

func (s *search) lower(p Poly, goal *big.Int, depth int) *big.Int {
	if v, ok := p.Const(); ok {
		return v
	}
	if g := p.content(); g.Cmp(one) > 0 { // p = g*q + c
		c := p.ConstTerm()
		q := p.Sub(Const(c)).floorScale(g)
		if goal != nil {
			goal = ceilDiv(new(big.Int).Sub(goal, c), g)
		}
		lo := s.lower(q, goal, depth)
		if lo != nil {
			lo = new(big.Int).Mul(lo, g)
			lo.Add(lo, c)
		}
		return lo
	}
	key := p.Key()
	if b, ok := s.memo[key]; ok && b.serves(goal) {
		return b.best
	}
	if s.budget <= 0 || depth > maxDepth || s.active[key] || goal != nil && s.c.hopeless(p, goal) {
		return nil
	}
	s.budget--
	s.active[key] = true
	enough := goal
	if enough == nil {
		if v, ok := s.c.least(p); ok {
			enough = big.NewInt(v)
		}
	}
	best := s.positive(p, depth)
	for _, a := range s.order(p) {
		if reached(best, enough) {
			break
		}
		best = better(best, s.eliminate(p, a, goal, depth))
	}
	delete(s.active, key)
	s.memo[key] = bound{best, goal}
	return best
}

// content is the common divisor of all coefficients but the constant's.
func (p Poly) content() *big.Int {
	g := integer.Of(0)
	for _, t := range p.terms {
		if len(t.m.fs) > 0 {
			if g = integer.GCD(g, t.c); g.Cmp(one) == 0 {
				break
			}
		}
	}
	return g
}

// order lists p's atoms, the ones to eliminate first in front: those declared
// last, and an atom before the variables inside it.
func (s *search) order(p Poly) []*atom {
	as := p.atoms()
	rank := map[string]int{}
	for _, a := range as {
		rank[a.key] = s.rank(a)
	}
	sort.SliceStable(as, func(i, j int) bool { return rank[as[i].key] > rank[as[j].key] })
	return as
}

// rank is even for variables, odd and higher for atoms that contain them.
func (s *search) rank(a *atom) int {
	if a.kind == varAtom {
		if r, ok := s.c.rank[a.name]; ok {
			return 2 * r
		}
		return -1
	}
	best := 0
	for _, p := range a.args {
		for _, b := range p.atoms() {
			best = max(best, s.rank(b))
		}
	}
	return best | 1
}

// positive looks for the bound that is plain to see: with every atom shifted to
// its constant lower bound, no coefficient but the constant's is negative.
func (s *search) positive(p Poly, depth int) *big.Int {
	shift := map[string]Poly{}
	for _, a := range p.atoms() {
		lo := s.atomLow(a, depth)
		switch {
		case lo == nil:
			return nil
		case lo.Sign() != 0:
			shift[a.key] = fromAtom(a).Add(Const(lo))
		}
	}
	q := p.mapAtoms(func(a *atom) (Poly, bool) {
		by, ok := shift[a.key]
		return by, ok
	})
	for _, t := range q.terms {
		if len(t.m.fs) > 0 && t.c.Sign() < 0 {
			return nil
		}
	}
	return q.ConstTerm()
}

func (s *search) atomLow(a *atom, depth int) *big.Int {
	lo := s.c.low[a.key]
	if a.kind != divAtom || lo != nil && lo.Sign() > 0 {
		return lo
	}
	d, ok := a.args[1].Const()
	if !ok {
		if s.atLeast(a.args[1], one, depth) && s.atLeast(a.args[0], zero, depth) {
			return better(lo, zero)
		}
		return lo
	}
	if d.Sign() > 0 {
		goal := zero
		if len(a.args[0].terms) <= 2 {
			goal = nil // cheap: find negative bounds too
		}
		if x := s.lower(a.args[0], goal, depth+1); x != nil {
			return better(lo, new(big.Int).Div(x, d))
		}
	}
	return lo
}

func (s *search) atLeast(p Poly, v *big.Int, depth int) bool {
	return reached(s.lower(p, v, depth+1), v)
}
