package lift

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// The processor's extrema, on bits: the first operand if it compares so, else the second.
func vmax(a, b uint32) uint32 {
	if math.Float32frombits(a) > math.Float32frombits(b) {
		return a
	}
	return b
}

func vmin(a, b uint32) uint32 {
	if math.Float32frombits(a) < math.Float32frombits(b) {
		return a
	}
	return b
}

func add(a, b uint32) uint32 {
	return math.Float32bits(math.Float32frombits(a) + math.Float32frombits(b))
}

func sub(a, b uint32) uint32 {
	return math.Float32bits(math.Float32frombits(a) - math.Float32frombits(b))
}

// TestIdioms compares each sequence that tidy makes an operator of with that operator,
// on all pairs of special values and on random ones, NaN being one value.
func TestIdioms(t *testing.T) {
	values := []uint32{
		0, 1 << 31, 1, 1<<31 | 1, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff,
		0x7fffffff, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800001,
	}
	rnd := rand.New(rand.NewSource(1))
	for range 200 {
		values = append(values, rnd.Uint32())
	}
	same := func(got uint32, want float32) bool {
		return got == math.Float32bits(want) || want != want && math.IsNaN(float64(math.Float32frombits(got)))
	}
	for _, a := range values {
		for _, b := range values {
			x, y := math.Float32frombits(a), math.Float32frombits(b)
			m, n := vmax(a, b), vmax(b, a)
			d := m ^ n
			for _, o := range []uint32{m | d, n | d, m | n} {
				if got := sub(o, d); !same(got, max(x, y)) {
					t.Fatalf("max of %#x and %#x: %#x", a, b, got)
				}
			}
			if got := vmin(a, b) | vmin(b, a); !same(got, min(x, y)) {
				t.Fatalf("min of %#x and %#x: %#x", a, b, got)
			}
			for _, v := range []uint32{m, n} { // one of the two being the language's
				e := math.Float32bits(max(x, y))
				for _, o := range []uint32{v | (v ^ e), e | (v ^ e), v | e} {
					if got := sub(o, v^e); !same(got, max(x, y)) {
						t.Fatalf("max of %#x and %#x, one exact: %#x", a, b, got)
					}
				}
			}
			for _, v := range []uint32{vmin(a, b), vmin(b, a)} {
				if got := v | math.Float32bits(min(x, y)); !same(got, min(x, y)) {
					t.Fatalf("min of %#x and %#x, one exact: %#x", a, b, got)
				}
			}
			if a == 0 {
				if got := add(vmax(a, b), a); !same(got, max(x, y)) {
					t.Fatalf("max of +0 and %#x: %#x", b, got)
				}
			}
			if x == x && a != 0 {
				if got := vmax(a, b); !same(got, max(x, y)) {
					t.Fatalf("max of constant %#x and %#x: %#x", a, b, got)
				}
			}
			if x == x && a != 1<<31 {
				if got := vmin(a, b); !same(got, min(x, y)) {
					t.Fatalf("min of constant %#x and %#x: %#x", a, b, got)
				}
			}
		}
	}
}

// The constant that nan is written as is read as nan; other NaNs are bits.
func TestNaN(t *testing.T) {
	for bits, want := range map[int64]string{0x7fc00000: "nan", 0x7f800000: "inf"} {
		if e, ok := asNumber(bitConst(big.NewInt(bits), loopir.F32), loopir.F32); !ok || loopir.FormatExpr(e) != want {
			t.Errorf("%#x is not %s", bits, want)
		}
	}
	if e, ok := asNumber(bitConst(big.NewInt(0x7fffffff), loopir.F32), loopir.F32); ok {
		t.Errorf("0x7fffffff is %s", loopir.FormatExpr(e))
	}
}

// TestTidy wants those sequences recognized, and near misses left alone.
func TestTidy(t *testing.T) {
	x := &loopir.Read{Name: "x", Type: loopir.F32}
	y := &loopir.Read{Name: "y", Type: loopir.F32}
	op := func(name string, a, b loopir.Expr) loopir.Expr {
		e, ok := insn.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		return tidy(e.Effect(a, b))
	}
	zero, _ := asFloat(bitConst(new(big.Int), loopir.F32), loopir.F32)
	two, _ := asFloat(bitConst(big.NewInt(0x40000000), loopir.F32), loopir.F32)
	minusZero, _ := asFloat(bitConst(big.NewInt(1<<31), loopir.F32), loopir.F32)
	m, n := op("VMAXPS", x, y), op("VMAXPS", y, x)
	d := op("VXORPS", m, n)
	k := op("VMAXPS", two, x)
	dk := op("VXORPS", k, op("VMAXPS", x, two))
	for _, c := range []struct {
		e    loopir.Expr
		want string
	}{
		{op("VSUBPS", op("VORPS", m, d), d), "max(x, y)"},
		{op("VSUBPS", op("VORPS", m, n), d), "max(x, y)"},
		{op("VORPS", op("VMINPS", x, y), op("VMINPS", y, x)), "min(x, y)"},
		{op("VADDPS", op("VMAXPS", zero, x), zero), "max(x, 0.0)"},
		{op("VMAXPS", two, x), "max(x, 2.0)"},
		{op("VMINPS", zero, x), "min(x, 0.0)"},
		{op("VMAXPS", minusZero, x), "max(x, -0.0)"},
		{op("VMAXPS", zero, x), "select(0.0 > x, 0.0, x)"},
		{op("VMINPS", minusZero, x), "select(-0.0 < x, -0.0, x)"},
		{op("VMAXPS", x, two), "select(x > 2.0, x, 2.0)"},
		{op("VORPS", op("VMINPS", x, y), op("VMINPS", x, y)), "bit.or(select(x < y, x, y), select(x < y, x, y))"},
		{op("VORPS", m, n), "bit.or(select(x > y, x, y), select(y > x, y, x))"},
		{op("VSUBPS", op("VORPS", k, dk), dk), "max(x, 2.0)"},
		{op("VORPS", op("VMINPS", two, x), op("VMINPS", x, two)), "min(x, 2.0)"},
		{op("VXORPS", x, minusZero), "-x"},
		{op("VANDPS", x, bitConst(big.NewInt(0x7fffffff), loopir.F32)), "abs(x)"},
		{op("VANDPS", x, bitConst(big.NewInt(0x7ffffffe), loopir.F32)), "and(bitcast(x), 2147483646)"},
	} {
		if got := loopir.FormatExpr(c.e); got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
}
