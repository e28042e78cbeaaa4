package poly

import (
	"math/big"
	"math/rand/v2"
)

// Samples are assignments that satisfy the facts. A claim that fails on one
// need not be searched for, which is where most time would go.

const (
	maxSamples = 12
	maxTries   = 100
)

type env map[string]int64

// sample finds assignments to the variables of reduced polynomials.
func (c *compiled) sample() {
	r := rand.New(rand.NewPCG(1, 1)) // the same ones every time
	for try := 0; try < maxTries && len(c.samples) < maxSamples; try++ {
		if e := c.trySample(r); e != nil {
			c.samples = append(c.samples, e)
		}
	}
}

// sizeSteps are the sizes tried, less one: small ones, and ones large enough to have full
// blocks of the usual sizes, with a rest and without.
var sizeSteps = []int64{0, 1, 2, 3, 5, 15, 16, 17, 30, 63, 64, 70}

func (c *compiled) trySample(r *rand.Rand) env {
	e := env{}
	for _, q := range c.quots {
		e[q.name] = r.Int64N(6)
	}
	for _, v := range c.ranges {
		if p, ok := c.subst[v.name]; ok {
			x, ok := p.eval(e)
			if !ok {
				return nil
			}
			e[v.name] = x
			continue
		}
		lo, ok := v.lo.eval(e)
		hi := lo + 1 + sizeSteps[r.IntN(len(sizeSteps))]
		if ok && v.bounded {
			hi, ok = v.hi.eval(e)
		} else {
			lo = hi - 1
		}
		if !ok || hi <= lo {
			return nil
		}
		e[v.name] = lo + r.Int64N(hi-lo)
	}
	for _, p := range c.ineqs {
		if v, ok := p.eval(e); !ok || v < 0 {
			return nil
		}
	}
	for _, x := range c.exact {
		p, okP := x.p.eval(e)
		d, okD := x.d.eval(e)
		if !okP || !okD || d <= 0 || p%d != 0 {
			return nil
		}
	}
	return e
}

// least is the least value of p on the samples; ok is false when p has none.
func (c *compiled) least(p Poly) (v int64, ok bool) {
	c.sampleOnce.Do(c.sample)
	for _, e := range c.samples {
		if w, has := p.eval(e); has && (!ok || w < v) {
			v, ok = w, true
		}
	}
	return v, ok
}

// hopeless tells whether some sample makes p < goal.
func (c *compiled) hopeless(p Poly, goal *big.Int) bool {
	if !goal.IsInt64() {
		return false
	}
	if v, ok := p.Const(); ok {
		return v.Cmp(goal) < 0
	}
	c.sampleOnce.Do(c.sample)
	for _, e := range c.samples {
		if v, ok := p.eval(e); ok && v < goal.Int64() {
			return true
		}
	}
	return false
}

// tooBig keeps evaluation far from overflow.
const tooBig = 1 << 40

func (p Poly) eval(e env) (int64, bool) {
	sum := int64(0)
	for _, t := range p.terms {
		v := t.c.Int64()
		if !t.c.IsInt64() || v > tooBig || v < -tooBig {
			return 0, false
		}
		for _, f := range t.m.fs {
			x, ok := f.a.eval(e)
			for range f.n {
				if v *= x; !ok || x > 1<<20 || x < -1<<20 || v > tooBig || v < -tooBig {
					return 0, false
				}
			}
		}
		if sum += v; sum > tooBig || sum < -tooBig {
			return 0, false
		}
	}
	return sum, true
}

func (a *atom) eval(e env) (int64, bool) {
	if a.kind == varAtom {
		v, ok := e[a.name]
		return v, ok
	}
	x, ok := a.args[0].eval(e)
	for _, arg := range a.args[1:] {
		y, okY := arg.eval(e)
		ok = ok && okY
		switch {
		case !ok:
			return 0, false
		case a.kind == minAtom:
			x = min(x, y)
		case a.kind == maxAtom:
			x = max(x, y)
		case y <= 0:
			return 0, false
		default:
			x = (x - (x%y+y)%y) / y
		}
	}
	return x, ok
}
