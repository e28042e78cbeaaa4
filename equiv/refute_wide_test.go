package equiv

import (
	"math"
	"math/big"
	"testing"
)

func TestWideFunctions(t *testing.T) {
	e := &wideEval{}
	for _, x := range []float64{-700, -50, -3, -1, -0.5, -1e-9, 0, 1e-300, 0.3, 0.7, 1, 1.0000001, 2, 30, 650} {
		b := wide().SetFloat64(x)
		for _, c := range []struct {
			name string
			got  *big.Float
			want float64
		}{
			{"exp", e.exp(b), math.Exp(x)},
			{"log", log(wide().SetFloat64(math.Abs(x))), math.Log(math.Abs(x))},
			{"sigmoid", e.sigmoid(b), 1 / (1 + math.Exp(-x))},
			{"log of exp", log(e.exp(b)), x},
		} {
			if c.got == nil {
				if c.name != "log" || x != 0 {
					t.Errorf("%s(%g): no value", c.name, x)
				}
				continue
			}
			if got, _ := c.got.Float64(); math.Abs(got-c.want) > 1e-14*math.Max(1, math.Abs(c.want)) && math.Abs(got/c.want-1) > 1e-13 {
				t.Errorf("%s(%g) = %g, want %g", c.name, x, got, c.want)
			}
		}
	}
	far := e.exp(big.NewFloat(-1e6)) // which f64 does not hold
	if got, _ := log(far).Float64(); got != -1e6 {
		t.Errorf("log(exp(-1e6)) = %g", got)
	}
	if e.beyond || e.exp(big.NewFloat(1e9)) != nil || !e.beyond {
		t.Error("exp(1e9) has a value")
	}
}
