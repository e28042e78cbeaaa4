package library

import "math"

// This file is also built beside generated Go, to measure it: it imports nothing of
// loopopt.

// A Reference is what a function is to be.
type Reference struct {
	Of string
	Is func(x float64) float64 // off by less than 2^-40 of the result
}

// References are those of the functions in the library that are called.
var References = map[string]Reference{
	"exp_f32":      {"exp", math.Exp},
	"expm1_f32":    {"expm1", math.Expm1},
	"log_f32":      {"log", math.Log},
	"tanh_f32":     {"tanh", math.Tanh},
	"sigmoid_f32":  {"sigmoid", sigmoid},
	"softplus_f32": {"softplus", func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
	"swish_f32":    {"swish", func(x float64) float64 { return times(x, sigmoid(x)) }},
	"erf_f32":      {"erf", math.Erf},
	"gelu_f32":     {"gelu", func(x float64) float64 { return times(x, math.Erfc(-x/math.Sqrt2)/2) }},
	"gelu_tanh_f32": {"gelu_tanh", func(x float64) float64 {
		return times(x, sigmoid(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}},
	"rsqrt_f32": {"rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) }},

	"exp_fast_f32":     {"exp", math.Exp},
	"tanh_fast_f32":    {"tanh", math.Tanh},
	"sigmoid_fast_f32": {"sigmoid", sigmoid},
}

func sigmoid(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// times is x*f, of which the limit is 0 where f is.
func times(x, f float64) float64 {
	if math.IsInf(x, -1) {
		return math.Copysign(0, -1)
	}
	return x * f
}

// Off is how far y is from r, in units of the last place of the float32 that r lies at.
// It is infinite where a NaN, or the sign of a zero, is not there that should be.
func Off(y float32, r float64) float64 {
	v := float64(y)
	switch {
	case math.IsNaN(r) && math.IsNaN(v) || v == r && math.Signbit(v) == math.Signbit(r):
		return 0
	case math.IsNaN(r) || math.IsNaN(v) || math.IsInf(r, 0) || v == 0 && math.Signbit(v) != math.Signbit(r):
		return math.Inf(1)
	}
	_, e := math.Frexp(r)
	e = min(max(e-24, -149), 104)
	const beyond = 0x1p128 // where the next number would be
	return math.Abs(min(max(v, -beyond), beyond)-min(max(r, -beyond), beyond)) / math.Ldexp(1, e)
}
