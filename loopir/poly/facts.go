package poly

import (
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/loopir"
)

// Facts are what is known at a place of a program: sizes are not negative,
// iterators lie in their ranges, conditions hold. Facts are immutable and may
// be shared; the zero Facts knows nothing. Contradictory facts (the inside of a
// loop that never runs) allow any conclusion.
type Facts struct{ n *node }

type node struct {
	up   *node
	name string // a variable, with lo <= name < hi where these are not nil
	lo   loopir.Expr
	hi   loopir.Expr
	cond loopir.Expr // or a condition
	once sync.Once
	c    *compiled
	kids *sync.Map // what was added to it, by its text; nil where that is not kept
	sure *sync.Map // conditions that were simplified, by their text; nil likewise
}

// Shared knows nothing. Facts that are built on it, each time anew as a kernel is walked,
// are the same where their content is, and so are compiled once, and simplify a condition once.
func Shared() Facts { return Facts{&node{kids: &sync.Map{}, sure: &sync.Map{}}} }

// with adds n, or finds it.
func (f Facts) with(n *node) Facts {
	n.up = f.n
	if f.n == nil || f.n.kids == nil {
		return Facts{n}
	}
	n.kids, n.sure = &sync.Map{}, &sync.Map{}
	known, _ := f.n.kids.LoadOrStore(n.text(), n)
	return Facts{known.(*node)}
}

// text tells what n adds from all else that could be added.
func (n *node) text() string {
	var b strings.Builder
	b.WriteString(n.name)
	for _, e := range []loopir.Expr{n.lo, n.hi, n.cond} {
		b.WriteByte('\n')
		if e != nil {
			b.WriteString(loopir.FormatExpr(e))
		}
	}
	return b.String()
}

// KernelFacts knows k's sizes and its where clause.
func KernelFacts(k *loopir.Kernel) Facts { return Shared().Kernel(k) }

// Kernel adds k's sizes and its where clause.
func (f Facts) Kernel(k *loopir.Kernel) Facts {
	for _, p := range k.Params {
		if p.Kind == loopir.SizeParam {
			f = f.Size(p.Name)
		}
	}
	for _, c := range k.Where {
		f = f.Assume(c)
	}
	return f
}

// Size adds name >= 0.
func (f Facts) Size(name string) Facts { return f.Range(name, loopir.NewInt(0), nil) }

// Range adds the variable name with lo <= name < hi; either may be nil.
func (f Facts) Range(name string, lo, hi loopir.Expr) Facts {
	return f.with(&node{name: name, lo: lo, hi: hi})
}

// Assume adds that cond holds. A condition that is not about indices is ignored.
func (f Facts) Assume(cond loopir.Expr) Facts { return f.with(&node{cond: cond}) }

// AssumeNot adds that cond does not hold.
func (f Facts) AssumeNot(cond loopir.Expr) Facts {
	return f.Assume(&loopir.Unary{Op: loopir.Not, X: cond, Type: loopir.Bool})
}

// Enter adds what holds inside the body of l.
func (f Facts) Enter(l *loopir.For) Facts {
	f = f.Range(l.Iter, l.Lo, l.Hi)
	if l.Step != nil { // Iter = Lo + Step*t
		f = f.Assume(loopir.Bin(loopir.Eq, loopir.Bin(loopir.Mod,
			loopir.Bin(loopir.Sub, loopir.NewVar(l.Iter), l.Lo), l.Step), loopir.NewInt(0)))
	}
	return f
}

// compiled holds facts as inequalities over reduced polynomials.
type compiled struct {
	subst map[string]Poly // variables that are written by others, fully reduced
	quots []quotient
	ineqs []Poly         // each >= 0
	rank  map[string]int // order of declaration
	low   map[string]*big.Int
	exact []exactDiv
	memo  sync.Map // Poly key -> bound
	shown sync.Map // key of a Poly without its constant -> the bound found last
	short sync.Map // Poly key -> what it is reduced to

	ranges     []varRange // in order of declaration
	sampleOnce sync.Once
	samples    []env
}

// A quotient is a variable made for v/d where v % d == 0: v is d*name.
type quotient struct {
	name string
	v    string
	d    Poly // as written
	dRed Poly // reduced
}

// A varRange is lo <= name, and name < hi if it is bounded; for samples.
type varRange struct {
	name    string
	lo, hi  Poly
	bounded bool
}

// exactDiv is the fact p % d == 0 for a p that is not a single variable.
type exactDiv struct{ p, d, quo Poly }

func (f Facts) compile() *compiled {
	if f.n == nil {
		return (*node)(nil).compile()
	}
	f.n.once.Do(func() { f.n.c = f.n.compile() })
	return f.n.c
}

func (n *node) compile() *compiled {
	var chain []*node
	for ; n != nil; n = n.up {
		if n.name != "" || n.cond != nil { // else it is the root of shared facts
			chain = append(chain, n)
		}
	}
	c := &compiled{subst: map[string]Poly{}, rank: map[string]int{}, low: map[string]*big.Int{}}
	var raw, unequal []Poly
	var mods []exactDiv
	slices.Reverse(chain)
	for _, n := range chain {
		if n.cond != nil {
			s := conjuncts{c: c}
			s.add(n.cond, true)
			raw, unequal, mods = append(raw, s.ineqs...), append(unequal, s.unequal...), append(mods, s.mods...)
			continue
		}
		c.rank[n.name] = len(c.rank)
		raw = append(raw, n.bounds(c)...)
	}
	c.divisors(mods)
	for _, p := range raw {
		c.addIneq(c.reduceVars(p), 0)
	}
	for _, e := range mods {
		p, d := c.reduceVars(e.p), c.reduceVars(e.d)
		c.exact = append(c.exact, exactDiv{p, d, FloorDiv(p, d)})
	}
	for _, p := range unequal {
		p = c.reduceVars(p)
		if c.nonNeg(p) {
			c.addIneq(p.Sub(Int(1)), 0)
		} else if c.nonNeg(p.Neg()) {
			c.addIneq(p.Neg().Sub(Int(1)), 0)
		}
	}
	// What was asked while facts were missing may be answered better now.
	c.memo.Clear()
	c.shown.Clear()
	c.short.Clear()
	c.samples, c.sampleOnce = nil, sync.Once{}
	return c
}

// bounds gives lo <= name < hi as polynomials >= 0; a range of one value fixes
// the variable.
func (n *node) bounds(c *compiled) []Poly {
	var out []Poly
	v := Var(n.name)
	lo, errLo := fromOptional(n.lo)
	hi, errHi := fromOptional(n.hi)
	if n.lo != nil && errLo == nil {
		out = append(out, v.Sub(lo))
	}
	if n.hi != nil && errHi == nil {
		out = append(out, hi.Sub(Int(1)).Sub(v))
	}
	c.ranges = append(c.ranges, varRange{n.name, lo, hi, n.hi != nil && errHi == nil})
	if n.lo != nil && n.hi != nil && errLo == nil && errHi == nil && hi.Sub(lo).Equal(Int(1)) {
		c.fix(n.name, lo)
	}
	return out
}

func fromOptional(e loopir.Expr) (Poly, error) {
	if e == nil {
		return Poly{}, nil
	}
	return FromExpr(e)
}

// fix records name = p, unless that would be circular.
func (c *compiled) fix(name string, p Poly) {
	p = c.reduceVars(p)
	if _, done := c.subst[name]; done || p.Uses(name) {
		return
	}
	one := map[string]Poly{name: p}
	for k, q := range c.subst {
		c.subst[k] = q.Subst(one)
	}
	c.subst[name] = p
}

// divisors writes v as d*q for facts v % d == 0, constants d first, since those
// have a common multiple.
func (c *compiled) divisors(mods []exactDiv) {
	consts := map[string]*big.Int{}
	var order []string
	for _, e := range mods {
		v, ok := c.freeVar(e.p)
		d, isConst := c.reduceVars(e.d).Const()
		if !ok || !isConst || d.Sign() <= 0 {
			continue
		}
		if old := consts[v]; old != nil {
			g := new(big.Int).GCD(nil, nil, old, d)
			d = new(big.Int).Mul(old, new(big.Int).Div(d, g))
		} else {
			order = append(order, v)
		}
		consts[v] = d
	}
	for _, v := range order {
		c.addQuotient(v, Const(consts[v]))
	}
	for _, e := range mods {
		if v, ok := c.freeVar(e.p); ok && len(e.d.terms) == 1 {
			c.addQuotient(v, e.d)
		}
	}
}

// freeVar returns the variable that p is, when nothing is known to replace it.
func (c *compiled) freeVar(p Poly) (string, bool) {
	a := p.single()
	if a == nil || a.kind != varAtom {
		return "", false
	}
	_, done := c.subst[a.name]
	return a.name, !done
}

func (c *compiled) addQuotient(v string, d Poly) {
	red := c.reduceVars(d)
	if red.Equal(Int(1)) || red.Uses(v) || red.IsZero() {
		return
	}
	// No user's name has a space, and the quotient sorts next to v.
	name := v + " /" + strings.ReplaceAll(d.Key(), " ", "_")
	c.quots = append(c.quots, quotient{name, v, d, red})
	c.rank[name] = c.rank[v]
	c.fix(v, red.Mul(Var(name)))
}

// reduceVars replaces the variables that others express, nothing else.
func (c *compiled) reduceVars(p Poly) Poly {
	if len(c.subst) == 0 {
		return p
	}
	return p.Subst(c.subst)
}

// addIneq records p >= 0; a minimum with positive sign, or a maximum with
// negative sign, can be replaced by each of its arguments.
func (c *compiled) addIneq(p Poly, depth int) {
	if _, ok := p.Const(); ok {
		return
	}
	c.ineqs = append(c.ineqs, p)
	if len(p.terms) <= 2 {
		c.noteLow(p)
	}
	if depth > 3 {
		return
	}
	for _, a := range p.atoms() {
		if a.kind != minAtom && a.kind != maxAtom {
			continue
		}
		coeff, rest, ok := p.split(a.key)
		k, isConst := coeff.Const()
		if !ok || !isConst || (k.Sign() > 0) != (a.kind == minAtom) {
			continue
		}
		for _, arg := range a.args {
			c.addIneq(rest.Add(arg.Scale(k)), depth+1)
		}
	}
}

// noteLow remembers v >= const from k*v + r >= 0.
func (c *compiled) noteLow(p Poly) {
	for _, t := range p.terms {
		if len(t.m.fs) != 1 || t.m.fs[0].n != 1 || t.c.Sign() <= 0 {
			continue
		}
		r, ok := p.Sub(Poly{[]term{t}}).Const()
		if !ok {
			continue
		}
		lo := new(big.Int).Neg(r) // v >= ceil(-r/k)
		lo.Add(lo, t.c).Sub(lo, one).Div(lo, t.c)
		key := t.m.fs[0].a.key
		if old := c.low[key]; old == nil || old.Cmp(lo) < 0 {
			c.low[key] = lo
		}
	}
}
