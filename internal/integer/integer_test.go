package integer

import (
	"math/big"
	"testing"
)

// TestAgainstBig compares with math/big where the shortcuts begin and end.
func TestAgainstBig(t *testing.T) {
	var all []*big.Int
	for _, at := range []uint{0, 1, 10, 31, 32, 61, 62, 63, 64, 100} {
		for d := int64(-2); d <= 2; d++ {
			v := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), at), big.NewInt(d))
			all = append(all, v, new(big.Int).Neg(v), new(big.Int).Mul(v, big.NewInt(3)))
		}
	}
	check := func(what string, a, b, have, want *big.Int) {
		t.Helper()
		if have.Cmp(want) != 0 {
			t.Errorf("%s of %v and %v is %v, want %v", what, a, b, have, want)
		}
	}
	for _, a := range all {
		check("Neg", a, a, Neg(a), new(big.Int).Neg(a))
		for _, b := range all {
			check("Add", a, b, Add(a, b), new(big.Int).Add(a, b))
			check("Mul", a, b, Mul(a, b), new(big.Int).Mul(a, b))
			check("GCD", a, b, GCD(a, b), new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), new(big.Int).Abs(b)))
		}
	}
	for v := int64(-bound - 1); v <= bound+1; v++ {
		if Of(v).Int64() != v {
			t.Errorf("Of(%d) is %v", v, Of(v))
		}
	}
}
