// Package integer is arithmetic on big integers that nobody changes: small results,
// which nearly all coefficients are, are shared instead of made anew.
package integer

import (
	"math/big"
	"math/bits"
)

// shared are the numbers from -bound to bound.
const bound = 1024

var shared = func() (out [2*bound + 1]big.Int) {
	for i := range out {
		out[i].SetInt64(int64(i) - bound)
	}
	return out
}()

// Of gives v. The result must not be changed, as that of all functions here.
func Of(v int64) *big.Int {
	if -bound <= v && v <= bound {
		return &shared[v+bound]
	}
	return big.NewInt(v)
}

// small gives the value of a word that is far from overflow in a sum.
func small(a *big.Int) (int64, bool) {
	w := a.Bits()
	switch {
	case len(w) == 0:
		return 0, true
	case len(w) > 1 || uint64(w[0]) >= 1<<62:
		return 0, false
	case a.Sign() < 0:
		return -int64(w[0]), true
	}
	return int64(w[0]), true
}

// Add gives a + b.
func Add(a, b *big.Int) *big.Int {
	if v, ok := small(a); ok {
		if w, ok := small(b); ok {
			return Of(v + w)
		}
	}
	return new(big.Int).Add(a, b)
}

// Neg gives -a.
func Neg(a *big.Int) *big.Int {
	if v, ok := small(a); ok {
		return Of(-v)
	}
	return new(big.Int).Neg(a)
}

// Mul gives a * b.
func Mul(a, b *big.Int) *big.Int {
	v, ok := small(a)
	w, ok2 := small(b)
	if ok && ok2 {
		if hi, lo := bits.Mul64(magnitude(v), magnitude(w)); hi == 0 && lo < 1<<62 {
			return Of(v * w)
		}
	}
	return new(big.Int).Mul(a, b)
}

// GCD gives the greatest common divisor of |a| and |b|, 0 if both are 0.
func GCD(a, b *big.Int) *big.Int {
	v, ok := small(a)
	w, ok2 := small(b)
	if !ok || !ok2 {
		return new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), new(big.Int).Abs(b))
	}
	x, y := magnitude(v), magnitude(w)
	for y != 0 {
		x, y = y, x%y
	}
	return Of(int64(x))
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}
