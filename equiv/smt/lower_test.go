package smt

import (
	"math/big"
	"testing"
)

// What lowering adds of quotients that are near each other holds for all small values.
func TestNearQuotients(t *testing.T) {
	x, d := Var("x"), Var("d")
	for _, pair := range [][2]*Term{
		{Div(x, num(16)), Div(Add(x, num(15)), num(16))},
		{Div(Add(x, num(40)), num(16)), Div(x, num(16))},
		{Div(Sub(x, num(3)), num(4)), Div(Add(x, num(7)), num(4))},
		{Div(x, d), Div(Sub(Add(x, d), num(1)), d)},
		{Div(Sub(x, num(1)), d), Div(x, d)},
		{Div(x, d), Div(Add(x, num(2)), d)},
	} {
		f := lower(Le(pair[0], pair[1]))
		for vx := int64(-20); vx <= 20; vx++ {
			for vd := int64(-2); vd <= 5; vd++ {
				m := Model{"x": big.NewInt(vx), "d": big.NewInt(vd)}
				for _, q := range pair {
					for _, a := range q.mustInt() {
						for _, b := range a.atoms {
							if b.kind == atomDiv {
								m[b.key] = EvalInt(Div(b.parts[0], b.parts[1]), m)
							}
						}
					}
				}
				if want := EvalBool(Le(pair[0], pair[1]), m); EvalBool(f, m) != want {
					t.Errorf("%v <= %v at x=%d d=%d: %v without quotients, want %v", pair[0], pair[1], vx, vd, !want, want)
				}
			}
		}
	}
}

// A tail of L%16 iterations behind a dilated window stays in bounds.
func TestTailOfDilatedWindow(t *testing.T) {
	l, r, dil, xt, x1, at := Var("L"), Var("R"), Var("dil"), Var("xt"), Var("x1"), Var("r")
	f := And(
		Ge(l, num(1)), Ge(r, num(1)), Ge(dil, num(1)),
		Le(Div(l, num(16)), xt), Lt(xt, Div(Add(l, num(15)), num(16))),
		Le(num(0), x1), Lt(x1, Mod(l, num(16))), Le(num(0), at), Lt(at, r),
		Ge(Add(Mul(num(16), xt), x1, Mul(dil, at)), Add(l, Mul(dil, Sub(r, num(1))))))
	if got := presolve(lower(f)); got.status != Unsat {
		t.Errorf("status %v, want unsat", got.status)
	}
}

// TestSettled: what a formula fixes stands in it no more, and a formula that fixes a
// variable twice has no solution.
func TestSettled(t *testing.T) {
	x, y, z := Var("x"), Var("y"), Var("z")
	f, values := settled(And(Eq(x, num(1)), Eq(Add(y, x), num(4)), Lt(Mul(y, z), Mul(x, z, z))))
	if !f.HasProduct() || len(values) != 2 || values["x"].Int64() != 1 || values["y"].Int64() != 3 {
		t.Errorf("%v with %v", f, values)
	}
	if f, _ := settled(And(Eq(x, num(1)), Lt(Mul(x, z), y), Le(y, z))); !f.IsFalse() && f.HasProduct() {
		t.Errorf("%v has a product", f)
	}
	if f, _ := settled(And(Eq(x, num(1)), Eq(Mul(num(2), x), num(4)))); !f.IsFalse() {
		t.Errorf("%v can't be", f)
	}
	p := pool(t, Options{})
	a := p.Check(t.Context(), &Query{Hyps: []*Term{Eq(x, num(3)), Eq(Mul(x, y), Add(z, num(1))), Gt(z, y)}})
	if a.Status != Sat || a.Model["x"].Int64() != 3 {
		t.Errorf("%+v", a)
	}
}
