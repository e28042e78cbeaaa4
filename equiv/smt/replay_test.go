package smt

import (
	"os/exec"
	"testing"
)

func TestNativeQuotients(t *testing.T) {
	for in, want := range map[string]string{
		"(<= x 0)":                        "(<= x 0)",
		"(< (div x 16) y)":                "(< (div x 16) y)",
		"(= (div x d) y)":                 "(= (ite (> d 0) (div x d) 0) y)",
		"(= (div (+ x 1) (* d 2)) y)":     "(= (ite (> (* d 2) 0) (div (+ x 1) (* d 2)) 0) y)",
		"(= (div (div x d) 4) y)":         "(= (div (ite (> d 0) (div x d) 0) 4) y)",
		"(+ (div |a b| 2) (div z |c d|))": "(+ (div |a b| 2) (ite (> |c d| 0) (div z |c d|) 0))",
	} {
		if got := nativeQuotients(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestReplay has each solver that is installed judge the corpus as it was asked.
func TestReplay(t *testing.T) {
	for _, second := range []string{"z3", "cvc5", "goz3"} {
		if second != "goz3" {
			if _, err := exec.LookPath(second); err != nil {
				t.Log(err)
				continue
			}
		} else if _, err := newGoZ3(limits{}); err != nil {
			t.Log(err)
			continue
		}
		p := pool(t, Options{CrossCheck: second})
		p.CheckAll(t.Context(), corpus())
		if err := p.Disagreement(); err != nil {
			t.Error(err)
		}
		if c := p.CrossChecks()[0]; c.Agreed < len(corpus())/2 {
			t.Errorf("%s agreed on %d of %d, and could not tell %d", second, c.Agreed, len(corpus()), c.Unknown)
		} else {
			t.Logf("%+v", c)
		}
	}
}

// TestDisagreement wants a contradiction to be an error of the whole pool.
func TestDisagreement(t *testing.T) {
	p := pool(t, Options{CrossCheck: fake("unsat") + ", " + fake("crash")})
	p.Check(t.Context(), refutable())
	if err := p.Disagreement(); err == nil {
		t.Error("no error")
	}
	c := p.CrossChecks()
	if len(c) != 2 || len(c[0].Disagree) != 1 || c[1].Unknown != 1 {
		t.Errorf("%+v", c)
	}
}
