package smt

import (
	"strconv"
	"strings"
	"testing"
)

// A solver that reaches its memory leaves its problem open, and those after it are decided
// as before.
func TestSolverOutOfMemory(t *testing.T) {
	for name, opts := range engines(t) {
		if strings.Contains(name, "cvc5") {
			continue // has no such limit
		}
		t.Run(name, func(t *testing.T) {
			opts.NoCache, opts.Jobs, opts.RLimit = true, 1, 400_000_000
			opts.Memory = 24 << 20
			p := pool(t, opts)
			a := p.main.check(t.Context(), spacious())
			if a.Status != Unknown || opts.Engine == "goz3" && a.Reason != "the solver reached its memory" {
				t.Errorf("got %+v", a)
			}
			if a := rawAnswer(t.Context(), p, corpus()[0]); a.Status != Unsat {
				t.Errorf("afterwards: %+v", a)
			}
		})
	}
}

// spacious is a problem that takes some fifty megabytes before it is looked at.
func spacious() *Term {
	v := func(i int) *Term { return Var("x" + strconv.Itoa(i)) }
	var fs []*Term
	for i := range 6_000 {
		a, b, c := v(i), v(7*i%6_000), v(11*i%6_000)
		fs = append(fs, Or(Lt(Add(a, b), c), Lt(Mul(num(3), b), Add(a, num(int64(i))))))
	}
	return And(fs...)
}
