package equiv

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// A fingerprint stands for a symbolic value: the value of its expression in
// three prime fields' worth of random numbers for the inputs. Sums, products and
// quotients are those of the field, so that values which are equal by algebra
// have equal fingerprints, however they are grouped; everything else is a random
// function of its operands. Different values have equal fingerprints with no
// probability to speak of, and nothing but guesses depends on it.
type fingerprint [3]uint64

// fieldPrime is 2^61 - 1.
const fieldPrime = 1<<61 - 1

func addField(a, b uint64) uint64 {
	if a += b; a >= fieldPrime {
		a -= fieldPrime
	}
	return a
}

func mulField(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	r := lo&fieldPrime + (hi<<3 | lo>>61)
	if r >= fieldPrime {
		r -= fieldPrime
	}
	return r
}

// invField is 1/a; of 0 it is 0.
func invField(a uint64) uint64 {
	r := uint64(1)
	for e := uint64(fieldPrime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			r = mulField(r, a)
		}
		a = mulField(a, a)
	}
	return r
}

func (x fingerprint) add(y fingerprint) fingerprint {
	for i := range x {
		x[i] = addField(x[i], y[i])
	}
	return x
}

func (x fingerprint) neg() fingerprint {
	for i := range x {
		x[i] = (fieldPrime - x[i]) % fieldPrime
	}
	return x
}

func (x fingerprint) mul(y fingerprint) fingerprint {
	for i := range x {
		x[i] = mulField(x[i], y[i])
	}
	return x
}

func (x fingerprint) inverse() fingerprint {
	for i := range x {
		x[i] = invField(x[i])
	}
	return x
}

// lesser is the minimum in an order that is another one in each component: then
// it is rarely one of the operands as a whole, but commutes and associates.
func (x fingerprint) lesser(y fingerprint, largest bool) fingerprint {
	for i := range x {
		if x[i] < y[i] == largest {
			x[i] = y[i]
		}
	}
	return x
}

// mix is a random function of its operands.
func mix(op string, args ...fingerprint) fingerprint {
	h := uint64(14695981039346656037)
	for i := range len(op) {
		h = (h ^ uint64(op[i])) * 1099511628211
	}
	var out fingerprint
	for i := range out {
		x := scramble(h + uint64(i)*0x9e3779b97f4a7c15)
		for _, a := range args {
			x = scramble(x ^ a[i])
		}
		out[i] = x % fieldPrime
	}
	return out
}

// mixCell is the fingerprint of an input cell.
func mixCell(name string, index []int64) fingerprint {
	args := make([]fingerprint, len(index))
	for i, v := range index {
		args[i] = intPrint(v)
	}
	return mix("in "+name, args...)
}

func scramble(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func intPrint(v int64) fingerprint {
	u := uint64(v) % fieldPrime
	if v < 0 {
		u = (fieldPrime - uint64(-v)%fieldPrime) % fieldPrime
	}
	return fingerprint{u, u, u}
}

// literalPrint reads a number as the fraction that it denotes.
func literalPrint(e loopir.Expr) fingerprint {
	text := ""
	switch e := e.(type) {
	case *loopir.Int:
		text = e.Value.String()
	case *loopir.Float:
		text = e.Text
	}
	r, ok := new(big.Rat).SetString(text)
	if v, err := strconv.ParseFloat(text, 64); !ok || err != nil || math.IsInf(v, 0) || len(text) > 40 {
		return mix("literal " + text)
	}
	p := big.NewInt(fieldPrime)
	num, den := new(big.Int).Mod(r.Num(), p).Uint64(), new(big.Int).Mod(r.Denom(), p).Uint64()
	v := mulField(num, invField(den))
	return fingerprint{v, v, v}
}
