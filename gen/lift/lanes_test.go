package lift

import (
	"math/big"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

// silent is a caller that compares and selects nothing.
type silent struct{ caller }

func (silent) compares(loopir.Op) bool   { return false }
func (silent) extremes(loopir.Type) bool { return false }

// TestNarrow has instructions read registers and masks of which fewer lanes are known than they use.
// Z1 has 16 known lanes of numbers and Z2 8; Z3 has 8 times the bits of 9, Z4 16 times; Z5 has 8 lanes
// of 64 bits; K1 has 16 known bits, K2 8, and both are off beyond; of K3 8 are known, no more.
func TestNarrow(t *testing.T) {
	cell := func(name string) loopir.Expr {
		return &loopir.Read{Name: name, Index: []loopir.Expr{loopir.NewVar("l")}, Type: loopir.F32}
	}
	mask := func(name string) loopir.Expr { return loopir.Bin(loopir.Gt, cell(name), cell("b")) }
	nine := bitConst(big.NewInt(9), loopir.F32)
	for _, c := range []struct {
		code  string
		lanes int // that are known of the result
		rest  bool
		err   string
	}{
		{code: "VPERMPS Z1, Z4, Z9", lanes: 16},
		{code: "VPERMPS Z1, Z3, Z9", err: "only one lane to all"},
		{code: "VPERMPS Z2, Z4, Z9", err: "the lanes do not fit"},
		{code: "VPERMPS Y1, Y3, Y9", lanes: 8},
		{code: "VADDPS Z1, Z2, Z9", lanes: 8},
		{code: "VADDPS Z2, Z1, K1, Z1", lanes: 8},
		{code: "VADDPS Z1, Z1, K1, Z2", lanes: 8},
		{code: "VADDPS Z1, Z1, K1, Z1", lanes: 16},
		{code: "VADDPS.Z Z2, Z1, K1, Z9", lanes: 8},
		{code: "VADDPS Z1, Z1, K2, Z1", lanes: 8},
		{code: "VADDPS Z1, Z1, K3, Z1", err: "16 are used"},
		{code: "VBLENDMPS Z1, Z2, K1, Z9", lanes: 8},
		{code: "VCMPPS $30, Z1, Z2, K9", lanes: 8},
		{code: "VCMPPS $30, Y1, Y2, K9", lanes: 8, rest: true},
		{code: "VCMPPS $30, Z1, Z1, K9", lanes: 16, rest: true},
		{code: "KANDW K1, K2, K9", lanes: 8, rest: true},
		{code: "KANDW K2, K2, K9", lanes: 8, rest: true},
		{code: "KANDW K1, K3, K9", lanes: 8},
		{code: "KORW K1, K2, K9", lanes: 8},
		{code: "KORW K2, K2, K9", lanes: 8, rest: true},
		{code: "KORW K2, K3, K9", lanes: 8},
		{code: "KORW K1, K1, K9", lanes: 16, rest: true},
		{code: "KNOTW K2, K9", lanes: 8},
		{code: "KNOTW K1, K9", lanes: 16, rest: true},
		{code: "VPERMPD $0, Y5, Y9", lanes: 4},
	} {
		code := strings.ReplaceAll(c.code, "K9", "K4")
		text, err := asm.Parse("x.s", []byte("TEXT ·f(SB), NOSPLIT, $0-8\n\t"+code+"\n\tRET\n"))
		if err != nil {
			t.Fatal(err)
		}
		l := &lifter{frame: frame{file: "x.s", arch: "amd64", fn: text.Funcs[0]}, text: text, call: silent{}, lane: "l", vecs: map[string]vec{
			"Z1": {kind: value, lanes: 16, bits: 32, e: cell("a")},
			"Z2": {kind: value, lanes: 8, bits: 32, e: cell("b")},
			"Z3": {kind: value, lanes: 8, bits: 32, e: nine},
			"Z4": {kind: value, lanes: 16, bits: 32, e: nine},
			"Z5": {kind: value, lanes: 8, bits: 64, e: cell("a")},
			"K1": {kind: value, lanes: 16, rest: true, e: mask("a")},
			"K2": {kind: value, lanes: 8, rest: true, e: mask("a")},
			"K3": {kind: value, lanes: 8, e: mask("a")},
		}, block: &node{}, webs: &webs{}}
		in := &text.Funcs[0].Insts[0]
		err = l.vector(&machine{words: map[string]word{}}, in)
		got := l.vecs[vectorName(in.Args[len(in.Args)-1].Reg)]
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v instead of %q", code, err, c.err)
		case c.err == "" && (err != nil || got.lanes != c.lanes || got.rest != c.rest):
			t.Errorf("%s: %d lanes, %t (%v) instead of %d, %t", code, got.lanes, got.rest, err, c.lanes, c.rest)
		}
	}
}
