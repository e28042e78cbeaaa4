package smt

import (
	"math/big"
	"sort"
	"strconv"
)

// canonical renames the variables of f to v0, v1, ... in an order that depends on how they
// are used rather than what they are called, so that formulas which differ in names only
// mostly become the same text. It gives the new formula and the old name of each new one.
func canonical(f *Term) (*Term, map[string]string) {
	v := newVars()
	v.add(f)
	to, from := map[string]*Term{}, map[string]string{}
	for _, n := range order(f, v) {
		c := "v" + strconv.Itoa(len(from))
		from[c] = n
		if v.bools[n] {
			to[n] = BoolVar(c)
		} else {
			to[n] = Var(c)
		}
	}
	return rebuild(f, lookup(to), lookup(to)), from
}

// colorRounds is how far apart two places in a formula may be to tell two variables apart.
const colorRounds = 3

// order sorts the variables of f by colors: numbers computed from the places where a
// variable occurs, in each round with the colors of the variables around it taken into
// account. Names only separate variables that look alike to the end; should those differ
// after all, or colors collide, then a cache entry is missed, no more.
func order(f *Term, v vars) []string {
	names := append(sortedKeys(v.ints), sortedKeys(v.bools)...)
	c := coloring{color: map[string]uint64{}}
	for _, n := range names {
		c.color[n] = 1
	}
	for range colorRounds {
		c.next = map[string]uint64{}
		c.visit(f, 0)
		for _, n := range names {
			c.color[n] = mix(c.color[n], c.next[n])
		}
	}
	sort.SliceStable(names, func(i, j int) bool { return c.color[names[i]] < c.color[names[j]] })
	return names
}

// mix combines two hashes, order mattering.
func mix(a, b uint64) uint64 {
	h := (a ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>29 ^ b) * 0x94d049bb133111eb
	return h ^ h>>32
}

func mixInt(h uint64, v *big.Int) uint64 {
	h = mix(h, uint64(v.Sign()+1))
	for _, w := range v.Bits() {
		h = mix(h, uint64(w))
	}
	return h
}

// A coloring adds up, over all places of a variable, a hash of the place.
type coloring struct {
	color, next map[string]uint64
}

// hash depends on the structure of t and the colors in it; sums stand for sets.
func (c *coloring) hash(t *Term) uint64 {
	h := uint64(t.op) + 17
	switch t.op {
	case opBoolVar:
		return mix(h, c.color[t.name])
	case opInt, opGe, opEq:
		sum := uint64(0)
		for _, m := range t.poly {
			sum += c.hashMono(m)
		}
		if t.op == opEq { // which sign leads depends on names
			neg := uint64(0)
			for _, m := range t.poly.scale(minusOne) {
				neg += c.hashMono(m)
			}
			sum = mix(min(sum, neg), max(sum, neg))
		}
		return mix(h, sum)
	}
	sum := uint64(0)
	for _, a := range t.args {
		sum += c.hash(a)
	}
	return mix(h, sum)
}

func (c *coloring) hashMono(m mono) uint64 {
	sum := uint64(0)
	for _, a := range m.atoms {
		sum += c.hashAtom(a)
	}
	return mixInt(mix(31, sum), m.coef)
}

func (c *coloring) hashAtom(a *atom) uint64 {
	h := uint64(a.kind) + 47
	switch a.kind {
	case atomVar:
		return mix(h, c.color[a.name])
	case atomIte:
		h = mix(h, c.hash(a.cond))
	}
	x, y := c.hash(a.parts[0]), c.hash(a.parts[1])
	if a.kind == atomProduct {
		return mix(h, x+y)
	}
	return mix(mix(h, x), y)
}

// visit adds the hash of its place to every variable in t, which stands at place.
func (c *coloring) visit(t *Term, place uint64) {
	place = mix(place, c.hash(t))
	if t.op == opBoolVar {
		c.next[t.name] += place
	}
	for _, a := range t.args {
		c.visit(a, place)
	}
	for _, m := range t.poly {
		at := c.hashMono(m)
		if t.op == opEq {
			m.coef = new(big.Int).Abs(m.coef)
			at = c.hashMono(m)
		}
		for _, a := range m.atoms {
			c.visitAtom(a, mix(place, at))
		}
	}
}

func (c *coloring) visitAtom(a *atom, place uint64) {
	if a.kind == atomVar {
		c.next[a.name] += place
		return
	}
	place = mix(place, c.hashAtom(a))
	if a.kind == atomIte {
		c.visit(a.cond, mix(place, 1))
	}
	for i, p := range a.parts {
		if a.kind == atomProduct {
			i = 0
		}
		c.visit(p, mix(place, uint64(i)+2))
	}
}
