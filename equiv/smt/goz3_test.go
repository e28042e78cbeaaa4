//go:build cgo && goz3

package smt

import (
	"math/big"
	"strings"
	"testing"

	"github.com/mitchellh/go-z3"
)

func TestGoZ3ReportsErrorsAsUnknown(t *testing.T) {
	e, err := newGoZ3(limits{rlimit: 1000, wall: 1000})
	if err != nil {
		t.Fatal(err)
	}
	// An integer that is asserted: no Z3 takes that.
	p := &problem{ints: []string{"x"}, asserts: []*Term{BoolVar("x")}}
	r := e.start().solve(t.Context(), p)
	if r.status != Unknown || !strings.Contains(r.reason, "solver failed") {
		t.Errorf("%+v", r)
	}
}

func TestGoZ3Numbers(t *testing.T) {
	config := z3.NewConfig()
	defer config.Close()
	ctx := z3.NewContext(config)
	defer ctx.Close()
	x := Var("x")
	b := newZ3Builder(ctx, &problem{ints: []string{"x"}})
	for _, s := range []string{
		"0", "1", "-1", "1073741823", "1073741824", "1073741825", "2147483647", "2147483648", "-2147483648",
		"-2147483649", "8589934597", "17179869184", "9223372036854775808", "-170141183460469231731687303715884105728",
	} {
		v, _ := new(big.Int).SetString(s, 10)
		solver := ctx.NewSolver()
		solver.Assert(b.formula(Eq(x, IntVal(v))))
		if solver.Check() != z3.True {
			t.Fatalf("%s: not satisfiable", s)
		}
		if r := b.model(solver); r.status != Sat || r.model["x"].Cmp(v) != 0 {
			t.Errorf("%s became %v", s, r.model["x"])
		}
		solver.Close()
	}
}
