package lift

import (
	"math/big"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestPin has values made of literals alone where the checker would give them another type.
func TestPin(t *testing.T) {
	lit := func(n int64, typ loopir.Type) loopir.Expr { return intLiteral(big.NewInt(n), typ) }
	a := &loopir.Read{Name: "A", Type: loopir.F32}
	cond := &loopir.Binary{Op: loopir.Gt, X: a, Y: &loopir.Float{Text: "0.5", Type: loopir.F32}, Type: loopir.Bool}
	pick := choose(cond, lit(255, loopir.U8), lit(3, loopir.U8))
	sum := &loopir.Binary{Op: loopir.Add, X: pick, Y: lit(200, loopir.U8), Type: loopir.U8}
	tests := []struct {
		e    loopir.Expr
		want string
	}{
		{&loopir.Cast{To: loopir.I8, X: lit(255, loopir.U8)}, "-(1)"},
		{&loopir.Cast{To: loopir.I32, X: pick}, "i32(u8(select(A > 0.5, 255, 3)))"},
		{&loopir.Cast{To: loopir.I32, X: sum}, "i32(u8(select(A > 0.5, 255, 3) + 200))"},
		{&loopir.Cast{To: loopir.F32, X: &loopir.Float{Text: "0.1", Type: loopir.F64}}, "f32(f64(0.1))"},
		{&loopir.Cast{To: loopir.F64, X: a}, "f64(A)"},
		{&loopir.Binary{Op: loopir.Gt, X: sum, Y: lit(50, loopir.U8), Type: loopir.Bool}, "u8(select(A > 0.5, 255, 3)+200) > 50"},
		{&loopir.Read{Name: "T", Index: []loopir.Expr{sum}, Type: loopir.F32}, "T[u8(select(A > 0.5, 255, 3)+200)]"},
		{&loopir.Read{Name: "T", Index: []loopir.Expr{loopir.NewInt(3)}, Type: loopir.F32}, "T[3]"},
	}
	for _, tt := range tests {
		if got := loopir.FormatExpr(loopir.MapExpr(tt.e, pinned)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	// A choice among literals is converted literal by literal, with the type's sign.
	for typ, want := range map[loopir.Type]string{
		loopir.I8: "select(A > 0.5, -(1), 3)", loopir.I32: "select(A > 0.5, 255, 3)", loopir.F32: "select(A > 0.5, 255, 3)",
	} {
		if got := loopir.FormatExpr(castTo(typ, pick)); got != want {
			t.Errorf("%s: got %s, want %s", typ, got, want)
		}
	}
	signed := choose(cond, lit(-1, loopir.I8), lit(0, loopir.I8))
	if got := loopir.FormatExpr(castTo(loopir.U8, signed)); got != "select(A > 0.5, 255, 0)" {
		t.Errorf("got %s", got)
	}
}
