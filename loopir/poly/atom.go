package poly

import (
	"fmt"
	"math/big"
	"sort"
	"strings"
)

func rebuild(k atomKind, args []Poly) Poly {
	switch k {
	case divAtom:
		return FloorDiv(args[0], args[1])
	case minAtom:
		return Min(args...)
	case maxAtom:
		return Max(args...)
	}
	panic(fmt.Sprintf("poly: unexpected atom kind %d", k))
}

func newAtom(k atomKind, args []Poly) Poly {
	names := [...]string{divAtom: "/", minAtom: "min", maxAtom: "max", modAtom: "%"}
	keys := make([]string, len(args))
	for i, a := range args {
		keys[i] = a.Key()
	}
	// "(" keeps these keys apart from names.
	return fromAtom(&atom{kind: k, args: args, key: "(" + names[k] + " " + strings.Join(keys, " ") + ")"})
}

// single is the atom that p is, nil when p is anything else.
func (p Poly) single() *atom {
	if len(p.terms) != 1 || p.terms[0].c.Cmp(one) != 0 {
		return nil
	}
	if fs := p.terms[0].m.fs; len(fs) == 1 && fs[0].n == 1 {
		return fs[0].a
	}
	return nil
}

// FloorDiv is p / d, rounded down. By a constant d > 0, multiples of d come out
// of the division, common factors cancel and nested divisions merge; any other
// divisor may be zero, so the division stays as it is unless p is 0*d.
func FloorDiv(p, d Poly) Poly {
	dc, ok := d.Const()
	if !ok || dc.Sign() <= 0 {
		return newAtom(divAtom, []Poly{p, d})
	}
	p, dc = mergeDivs(p, dc)
	whole, rest := splitMultiples(p, dc)
	g := new(big.Int).Set(dc)
	for _, t := range rest.terms {
		if len(t.m.fs) > 0 {
			g.GCD(nil, nil, g, new(big.Int).Abs(t.c))
		}
	}
	if g.Cmp(one) > 0 { // (g*b + c)/(g*d) = (b + floor(c/g))/d
		rest = rest.floorScale(g)
		dc = new(big.Int).Div(dc, g)
		var more Poly
		more, rest = splitMultiples(rest, dc)
		whole = whole.Add(more)
	}
	if c, ok := rest.Const(); ok {
		return whole.Add(Const(new(big.Int).Div(c, dc))) // Euclidean is floor for d > 0
	}
	if dc.Cmp(one) == 0 {
		return whole.Add(rest)
	}
	return whole.Add(newAtom(divAtom, []Poly{rest, Const(dc)}))
}

// mergeDivs turns (u + floor(x/a))/d, u without another such atom, into
// (a*u + x)/(a*d).
func mergeDivs(p Poly, d *big.Int) (Poly, *big.Int) {
	for _, t := range p.terms {
		if len(t.m.fs) != 1 || t.m.fs[0].n != 1 || t.c.Cmp(one) != 0 || t.m.fs[0].a.kind != divAtom {
			continue
		}
		at := t.m.fs[0].a
		a, ok := at.args[1].Const()
		if !ok || a.Sign() <= 0 {
			continue
		}
		_, u, linear := p.split(at.key)
		if !linear {
			continue
		}
		return mergeDivs(u.Scale(a).Add(at.args[0]), new(big.Int).Mul(a, d))
	}
	return p, d
}

// splitMultiples writes p = d*whole + rest, constant of rest in [0, d), other
// coefficients in (-d/2, d/2].
func splitMultiples(p Poly, d *big.Int) (whole, rest Poly) {
	var w, r []term
	for _, t := range p.terms {
		q, m := new(big.Int).DivMod(t.c, d, new(big.Int))
		if twice := new(big.Int).Lsh(m, 1); len(t.m.fs) > 0 && twice.Cmp(d) > 0 {
			m.Sub(m, d)
			q.Add(q, one)
		}
		if q.Sign() != 0 {
			w = append(w, term{q, t.m})
		}
		if m.Sign() != 0 {
			r = append(r, term{m, t.m})
		}
	}
	return Poly{w}, Poly{r}
}

// floorScale divides by g the coefficients, which g divides, and the constant,
// rounding down.
func (p Poly) floorScale(g *big.Int) Poly {
	var out []term
	for _, t := range p.terms {
		if c := new(big.Int).Div(t.c, g); c.Sign() != 0 {
			out = append(out, term{c, t.m})
		}
	}
	return Poly{out}
}

// Mod is p - d*(p/d): p % d with the sign of d.
func Mod(p, d Poly) Poly { return p.Sub(d.Mul(FloorDiv(p, d))) }

// Min is the least of ps, which must not be empty.
func Min(ps ...Poly) Poly { return extremum(minAtom, ps) }

// Max is the largest of ps, which must not be empty.
func Max(ps ...Poly) Poly { return extremum(maxAtom, ps) }

// extremum flattens nested atoms of the same kind, drops doubles and compares
// arguments whose difference is constant.
func extremum(k atomKind, ps []Poly) Poly {
	var flat []Poly
	for _, p := range ps {
		if a := p.single(); a != nil && a.kind == k {
			flat = append(flat, a.args...)
			continue
		}
		flat = append(flat, p)
	}
	var args []Poly
next:
	for _, p := range flat {
		for i, q := range args {
			if d, ok := p.Sub(q).Const(); ok {
				if (d.Sign() < 0) == (k == minAtom) {
					args[i] = p
				}
				continue next
			}
		}
		args = append(args, p)
	}
	if len(args) == 1 {
		return args[0]
	}
	sort.SliceStable(args, func(i, j int) bool { return args[i].Key() < args[j].Key() })
	return newAtom(k, args)
}
