package simd

import (
	"fmt"
	"strings"
	"testing"
)

// chain is n operations, each on what the one before made, from temps first on.
func chain(name string, first, n int) []*inst {
	var ops []*inst
	for i := range n {
		op := &inst{op: fmt.Sprint(name, i), dst: operand{kind: temp, n: first + i}}
		if i > 0 {
			op.src = []operand{{kind: temp, n: first + i - 1}}
		}
		ops = append(ops, op)
	}
	return ops
}

func names(ops []*inst) string {
	var s []string
	for _, op := range ops {
		s = append(s, op.op)
	}
	return strings.Join(s, " ")
}

func TestSpreadTakesWhatDoesNotWait(t *testing.T) {
	ops := append(chain("a", 0, 3), chain("b", 10, 3)...)
	if got, want := names(spread(ops, nil, 8)), "a0 b0 a1 b1 a2 b2"; got != want {
		t.Errorf("spread: %s, want %s", got, want)
	}
	if got, want := names(spread(ops, nil, 1)), "a0 a1 a2 b0 b1 b2"; got != want {
		t.Errorf("spread with one register: %s, want %s", got, want)
	}
}

// A load of an array passes no store there, a mask register is not written before it is read.
func TestSpreadKeepsDependences(t *testing.T) {
	a := &affine{array: &array{}}
	cell := func(disp int64) operand { return operand{kind: memory, at: place{aff: a, disp: disp}} }
	k := operand{kind: kmask, n: 1}
	row := func(name string, first int, disp int64) []*inst {
		return []*inst{
			{op: name + "load", dst: operand{kind: temp, n: first}, src: []operand{cell(disp)}},
			{op: name + "cmp", dst: k, src: []operand{{kind: temp, n: first}}},
			{op: name + "blend", mask: 1, dst: operand{kind: temp, n: first + 1}, src: []operand{{kind: temp, n: first}}},
			{op: name + "store", dst: cell(disp), src: []operand{{kind: temp, n: first + 1}}},
		}
	}
	got := names(spread(append(row("a", 0, 0), row("b", 10, 64)...), nil, 8))
	if want := "aload acmp ablend astore bload bcmp bblend bstore"; got != want {
		t.Errorf("spread: %s, want %s", got, want)
	}
}

// What needs more registers comes first, cells need none.
func TestByNeed(t *testing.T) {
	leaf := func() *value { return &value{op: opConst} }
	sum := func(a, b *value) *value { return &value{op: opAdd, args: []*value{a, b}} }
	of := []*value{{op: opCell}, leaf(), sum(sum(leaf(), leaf()), sum(leaf(), leaf()))}
	if got, want := fmt.Sprint(byNeed(of)), "[2 1 0]"; got != want {
		t.Errorf("byNeed: %s, want %s", got, want)
	}
	if n := of[2].needs(); n != 3 {
		t.Errorf("needs: %d, want 3", n)
	}
}
