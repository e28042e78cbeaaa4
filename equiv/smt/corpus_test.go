package smt

import (
	"math/big"
	"testing"
)

// num and friends keep the corpus readable.
func num(v int64) *Term { return IntConst(v) }

func large(s string) *Term {
	v, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return IntVal(v)
}

func within(lo, x, hi *Term) *Term { return And(Le(lo, x), Lt(x, hi)) }

// hard has x^3 + y^3 = z^3, which no solver here refutes.
func hard() *Query {
	x, y, z := Var("x"), Var("y"), Var("z")
	cube := func(t *Term) *Term { return Mul(t, t, t) }
	return &Query{
		Name: "unknown/fermat",
		Hyps: []*Term{Gt(x, num(2)), Gt(y, num(2)), Gt(z, num(2)), Eq(Add(cube(x), cube(y)), cube(z))},
	}
}

// corpus are queries on which all engines have to agree with Want.
func corpus() []*Query {
	var (
		i, j, k = Var("i"), Var("j"), Var("k")
		n, m    = Var("n"), Var("m")
		b, s    = Var("b"), Var("s")
		p, q    = BoolVar("p"), BoolVar("q")
		zero    = num(0)
		inN     = within(zero, i, n)
		kib     = num(16)
	)
	prove := func(name string, goal *Term, hyps ...*Term) *Query {
		return &Query{Name: name, Hyps: hyps, Goal: goal, Want: Unsat}
	}
	refute := func(name string, goal *Term, hyps ...*Term) *Query {
		return &Query{Name: name, Hyps: hyps, Goal: goal, Want: Sat}
	}
	return []*Query{
		// linear
		prove("linear/bounds", Lt(Add(i, j), Add(n, m)), inN, within(zero, j, m)),
		refute("linear/off-by-one", Lt(Add(i, num(1)), n), inN),
		prove("linear/transitive", Lt(i, k), Lt(i, j), Lt(j, k)),
		prove("linear/parity", Ne(Mul(num(2), i), Add(Mul(num(2), j), num(1)))),
		prove("linear/no-integer-between", False(), Lt(zero, Mul(num(3), i)), Lt(Mul(num(3), i), num(3))),
		prove("linear/equations", Eq(i, num(2)), Eq(Add(i, j), num(5)), Eq(Sub(i, j), num(-1))),
		prove("linear/min", Le(Min(i, j), i)),
		prove("linear/max-of-min", Eq(Max(Min(i, num(5)), num(5)), num(5))),
		prove("linear/ite", Ge(Ite(Ge(i, zero), i, Neg(i)), zero)),
		refute("linear/min-strict", Lt(Min(i, j), i)),
		// blocks of a constant size
		prove("block/in-bounds", within(zero, Add(Mul(kib, k), j), n),
			Eq(Mod(n, kib), zero), within(zero, k, Div(n, kib)), within(zero, j, kib)),
		prove("block/covers", And(within(zero, Div(i, kib), Div(n, kib)), within(zero, Mod(i, kib), kib)),
			Eq(Mod(n, kib), zero), inN),
		refute("block/covers-without-divisibility", Lt(Div(i, kib), Div(n, kib)), inN),
		prove("block/ceil-covers", Lt(Div(i, kib), Div(Add(n, num(15)), kib)), inN),
		prove("block/injective", And(Eq(i, j), Eq(k, m)),
			within(zero, i, kib), within(zero, j, kib), Eq(Add(Mul(kib, k), i), Add(Mul(kib, m), j))),
		prove("block/nested", Eq(Div(Div(i, num(4)), num(8)), Div(i, num(32)))),
		prove("block/tail", Lt(Add(Mul(kib, Div(n, kib)), j), n), within(zero, j, Mod(n, kib)), Ge(n, zero)),
		refute("block/odd-tail", Eq(Mod(n, num(2)), zero), Ge(n, zero), Eq(Mod(n, num(6)), num(3))),
		// products of sizes and iterators
		prove("stride/in-bounds", Lt(Add(Mul(i, m), j), Mul(n, m)), inN, within(zero, j, m)),
		prove("stride/injective", And(Eq(i, k), Eq(j, s)),
			within(zero, j, m), within(zero, s, m), Eq(Add(Mul(i, m), j), Add(Mul(k, m), s))),
		refute("stride/too-short", Lt(Add(Mul(i, m), j), Mul(n, m)), inN, within(zero, j, Add(m, num(1)))),
		prove("stride/symbolic-block", Lt(Add(Mul(b, k), j), n),
			Gt(b, zero), Eq(n, Mul(b, m)), within(zero, k, m), within(zero, j, b)),
		prove("stride/symbolic-floor", Lt(Div(i, b), Div(Add(n, b, num(-1)), b)), Gt(b, zero), inN),
		prove("stride/convolution", Lt(Add(Mul(s, i), j), Add(Mul(s, Sub(n, num(1))), m)),
			Gt(s, zero), inN, within(zero, j, m)),
		prove("stride/square", Ge(Mul(i, i), i)),
		refute("stride/square-equation", Ne(Mul(i, i), num(49))),
		// numbers beyond 64 bits
		prove("large/equal", Eq(i, large("36893488147419103232")),
			Eq(Add(i, num(1)), large("36893488147419103233"))),
		refute("large/model", False(), Gt(i, large("1000000000000000000000000000007"))),
		refute("large/negative", False(), Lt(i, large("-1000000000000000000000000000007"))),
		prove("large/trap-33-bits", Ne(i, num(5)), Eq(i, num(1<<33+5))),
		refute("large/trap-34-bits", False(), Eq(i, num(1<<34))),
		// propositions
		prove("bool/modus-ponens", q, p, Implies(p, q)),
		refute("bool/converse", p, q, Implies(p, q)),
		prove("bool/iff", Lt(i, j), Iff(p, Lt(i, j)), Or(p, q), Not(q)),
		refute("bool/model", Not(p), Iff(p, Not(q))),
		// hypotheses alone
		prove("vacuous/contradiction", Eq(zero, num(1)), Lt(i, j), Lt(j, i)),
		prove("vacuous/nonlinear", Eq(zero, num(1)), Lt(Mul(i, i), zero)),
		{Name: "vacuous/satisfiable", Hyps: []*Term{inN, Eq(Mod(n, kib), zero)}, Want: Sat},
		{Name: "vacuous/empty", Want: Sat},
	}
}

// pool makes a pool without cache unless the options say otherwise.
func pool(t testing.TB, opts Options) *Pool {
	t.Helper()
	opts.NoCache = opts.CacheDir == ""
	p, err := NewPool(opts)
	if err != nil {
		t.Skipf("no solver: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}
