package smt

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// A pair is a term with its meaning, computed without any of the term's normal forms.
type (
	intPair struct {
		term *Term
		mean func(Model) *big.Int
	}
	boolPair struct {
		term *Term
		mean func(Model) bool
	}
)

var (
	intNames  = []string{"x", "y", "z"}
	boolNames = []string{"p", "q"}
)

func drawInt(t *rapid.T, depth int) intPair {
	kind := rapid.IntRange(0, 9).Draw(t, "int")
	if depth == 0 {
		kind %= 2
	}
	sub := func() intPair { return drawInt(t, depth-1) }
	binary := func(f func(a, b *Term) *Term, g func(a, b *big.Int) *big.Int) intPair {
		a, b := sub(), sub()
		return intPair{f(a.term, b.term), func(m Model) *big.Int { return g(a.mean(m), b.mean(m)) }}
	}
	switch kind {
	case 0:
		v := rapid.Int64Range(-9, 20).Draw(t, "const")
		return intPair{num(v), func(Model) *big.Int { return big.NewInt(v) }}
	case 1, 2:
		n := rapid.SampledFrom(intNames).Draw(t, "var")
		return intPair{Var(n), func(m Model) *big.Int { return m[n] }}
	case 3:
		return binary(func(a, b *Term) *Term { return Add(a, b) }, func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) })
	case 4:
		return binary(Sub, func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) })
	case 5:
		return binary(func(a, b *Term) *Term { return Mul(a, b) }, func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) })
	case 6:
		return binary(Div, func(a, b *big.Int) *big.Int {
			if b.Sign() <= 0 {
				return new(big.Int)
			}
			return new(big.Int).Div(a, b)
		})
	case 7:
		return binary(Mod, func(a, b *big.Int) *big.Int {
			if b.Sign() <= 0 {
				return a
			}
			return new(big.Int).Mod(a, b)
		})
	case 8:
		return binary(Min, func(a, b *big.Int) *big.Int {
			if a.Cmp(b) < 0 {
				return a
			}
			return b
		})
	}
	c, a, b := drawBool(t, depth-1), sub(), sub()
	return intPair{Ite(c.term, a.term, b.term), func(m Model) *big.Int {
		if c.mean(m) {
			return a.mean(m)
		}
		return b.mean(m)
	}}
}

func drawBool(t *rapid.T, depth int) boolPair {
	kind := rapid.IntRange(0, 11).Draw(t, "bool")
	if depth == 0 {
		kind %= 7
	}
	compare := func(f func(a, b *Term) *Term, holds func(int) bool) boolPair {
		a, b := drawInt(t, max(depth-1, 0)), drawInt(t, max(depth-1, 0))
		return boolPair{f(a.term, b.term), func(m Model) bool { return holds(a.mean(m).Cmp(b.mean(m))) }}
	}
	join := func(f func(a, b *Term) *Term, g func(a, b bool) bool) boolPair {
		a, b := drawBool(t, depth-1), drawBool(t, depth-1)
		return boolPair{f(a.term, b.term), func(m Model) bool { return g(a.mean(m), b.mean(m)) }}
	}
	switch kind {
	case 0:
		n := rapid.SampledFrom(boolNames).Draw(t, "var")
		return boolPair{BoolVar(n), func(m Model) bool { return m[n].Sign() != 0 }}
	case 1:
		return compare(Lt, func(c int) bool { return c < 0 })
	case 2:
		return compare(Le, func(c int) bool { return c <= 0 })
	case 3:
		return compare(Gt, func(c int) bool { return c > 0 })
	case 4:
		return compare(Ge, func(c int) bool { return c >= 0 })
	case 5:
		return compare(Eq, func(c int) bool { return c == 0 })
	case 6:
		return compare(Ne, func(c int) bool { return c != 0 })
	case 7:
		return join(func(a, b *Term) *Term { return And(a, b) }, func(a, b bool) bool { return a && b })
	case 8:
		return join(func(a, b *Term) *Term { return Or(a, b) }, func(a, b bool) bool { return a || b })
	case 9:
		return join(Implies, func(a, b bool) bool { return !a || b })
	case 10:
		return join(Iff, func(a, b bool) bool { return a == b })
	}
	a := drawBool(t, depth-1)
	return boolPair{Not(a.term), func(m Model) bool { return !a.mean(m) }}
}

func drawModel(t *rapid.T) Model {
	m := Model{}
	for _, n := range intNames {
		m[n] = big.NewInt(rapid.Int64Range(-40, 40).Draw(t, n))
	}
	for _, n := range boolNames {
		m[n] = big.NewInt(rapid.Int64Range(0, 1).Draw(t, n))
	}
	return m
}

// Normal forms, renaming, lowering: none changes what a formula means.
func TestFormsKeepMeaning(t *testing.T) { rapid.Check(t, formsKeepMeaning) }

func FuzzForms(f *testing.F) { f.Fuzz(rapid.MakeFuzz(formsKeepMeaning)) }

func formsKeepMeaning(t *rapid.T) {
	f, m := drawBool(t, 3), drawModel(t)
	want := f.mean(m)
	if got := EvalBool(f.term, m); got != want {
		t.Fatalf("%v under %v is %v, want %v", f.term, m, got, want)
	}
	if got := EvalBool(Not(f.term), m); got == want {
		t.Fatalf("negation of %v under %v is %v as well", f.term, m, got)
	}
	if got := EvalBool(rebuild(f.term, lookup(nil), lookup(nil)), m); got != want {
		t.Fatalf("%v under %v, rebuilt, is %v, want %v", f.term, m, got, want)
	}
	g, from := canonical(f.term)
	renamed := Model{}
	for c, n := range from {
		renamed[c] = m[n]
	}
	if got := EvalBool(g, renamed); got != want {
		t.Fatalf("%v renamed to %v is %v under %v, want %v", f.term, g, got, renamed, want)
	}
	low := withQuotients(f.term, m)
	if got := EvalBool(lower(f.term), low); got != want {
		t.Fatalf("%v lowered to %v is %v under %v, want %v", f.term, lower(f.term), got, low, want)
	}
	if got := EvalBool(withoutIte(lower(f.term)), low); got != want {
		t.Fatalf("%v without conditionals is %v under %v, want %v", f.term, got, low, want)
	}
	if g := multiplied(f.term); EvalBool(g, low) != want {
		t.Fatalf("%v with what products of facts say, %v, is not %v under %v", f.term, g, want, low)
	}
}

// withQuotients adds to m the values of the variables that lowering f makes.
func withQuotients(f *Term, m Model) Model {
	out := Model{}
	for n, v := range m {
		out[n] = v
	}
	var visit func(*Term)
	visit = func(t *Term) {
		for _, mo := range t.poly {
			for _, a := range mo.atoms {
				if a.kind == atomDiv || a.kind == atomIte {
					out[a.key] = evalAtom(a, m)
				}
				if a.kind == atomIte {
					visit(a.cond)
				}
				for _, p := range a.parts {
					visit(p)
				}
			}
		}
		for _, a := range t.args {
			visit(a)
		}
	}
	visit(f)
	for l, seen := lower(f), 0; seen != len(out); { // conditionals over quotients get new names
		seen = len(out)
		visitLowered(l, out)
	}
	return out
}

// visitLowered values the conditionals of a formula without quotients.
func visitLowered(t *Term, out Model) {
	for _, mo := range t.poly {
		for _, a := range mo.atoms {
			if a.kind == atomIte {
				out[a.key] = evalAtom(a, out)
				visitLowered(a.cond, out)
			}
			for _, p := range a.parts {
				visitLowered(p, out)
			}
		}
	}
	for _, a := range t.args {
		visitLowered(a, out)
	}
}

// drawObligation draws hypotheses like those of loops over x, y, z, which contradict each
// other often enough to give the presolver work.
func drawObligation(t *rapid.T) *Term {
	n := rapid.IntRange(2, 6).Draw(t, "facts")
	facts := make([]*Term, 0, n)
	for range n {
		switch rapid.IntRange(0, 3).Draw(t, "fact") {
		case 0:
			facts = append(facts, drawBool(t, 2).term)
		case 1:
			x := Var(rapid.SampledFrom(intNames).Draw(t, "of"))
			facts = append(facts, within(num(rapid.Int64Range(-2, 2).Draw(t, "lo")), x, drawInt(t, 1).term))
		default:
			facts = append(facts, drawBool(t, 1).term)
		}
	}
	return And(facts...)
}

// What is refuted with products as variables has no model among small numbers.
func TestRelaxedIsSound(t *testing.T) {
	p := pool(t, Options{RLimit: 200_000})
	refuted := 0
	rapid.Check(t, func(t *rapid.T) {
		xy, z := Mul(Var("x"), Var("y")), Var("z")
		offset := func(name string) *Term { return num(rapid.Int64Range(-3, 3).Draw(t, name)) }
		f := And(drawObligation(t), Lt(xy, Add(z, offset("below"))), Gt(xy, Add(z, offset("above"))))
		if g := relaxed(f); g != nil && p.main.check(t.Context(), g).Status == Unsat {
			refuted++
			noSmallModel(t, f)
		}
	})
	t.Logf("%d formulas refuted", refuted)
	if refuted == 0 {
		t.Error("there was nothing to refute")
	}
}

// What the presolver refutes has no model among small numbers, and none that a solver finds.
func TestPresolverIsSound(t *testing.T) {
	p := pool(t, Options{RLimit: 200_000})
	refuted := 0
	rapid.Check(t, func(t *rapid.T) {
		f := drawObligation(t)
		low := lower(f)
		if low.IsFalse() || presolve(low).status != Unsat {
			return
		}
		refuted++
		noSmallModel(t, f)
		if a := p.main.check(t.Context(), low); a.Status == Sat {
			t.Fatalf("presolver refutes %v, but %v satisfies it", f, a.Model)
		}
	})
	t.Logf("%d formulas refuted", refuted)
	if refuted == 0 {
		t.Error("the presolver had nothing to do")
	}
}

func FuzzPresolver(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		if g := drawObligation(t); presolve(lower(g)).status == Unsat {
			noSmallModel(t, g)
		}
	}))
}

func noSmallModel(t *rapid.T, f *Term) {
	values := []int64{-7, -2, -1, 0, 1, 2, 3, 5, 16}
	m := Model{}
	for _, x := range values {
		for _, y := range values {
			for _, z := range values {
				m["x"], m["y"], m["z"] = big.NewInt(x), big.NewInt(y), big.NewInt(z)
				for b := range int64(4) {
					m["p"], m["q"] = big.NewInt(b&1), big.NewInt(b>>1)
					if EvalBool(f, m) {
						t.Fatalf("presolver refutes %v, but %v satisfies it", f, m)
					}
				}
			}
		}
	}
}
