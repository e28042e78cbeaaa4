package equiv

import (
	"math/big"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestLeavesAll: 0.0 is no literal that changes no bit of a sum, -0.0 is.
func TestLeavesAll(t *testing.T) {
	zero := &loopir.Float{Text: "0.0", Type: loopir.F32}
	minus := &loopir.Unary{Op: loopir.Neg, X: zero, Type: loopir.F32}
	one := &loopir.Float{Text: "1.0", Type: loopir.F32}
	whole := &loopir.Int{Value: big.NewInt(0), Type: loopir.I32}
	for _, c := range []struct {
		kind foldKind
		e    loopir.Expr
		want bool
	}{
		{foldAdd, zero, false},
		{foldAdd, minus, true},
		{foldAdd, whole, true},
		{foldAdd, one, false},
		{foldMul, one, true},
		{foldMul, zero, false},
		{foldMax, zero, false},
		{foldMin, minus, false},
	} {
		if got := leavesAll(c.kind, c.e); got != c.want {
			t.Errorf("%v of %s: %v, want %v", c.kind, loopir.FormatExpr(c.e), got, c.want)
		}
	}
}
