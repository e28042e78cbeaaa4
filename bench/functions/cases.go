//go:build linux

package main

import (
	"math"

	"github.com/loopopt/loopopt/kernels/functions"
	"github.com/loopopt/loopopt/kernels/layernorm"
	"github.com/loopopt/loopopt/kernels/softmax"
)

// A benchCase is a function of an array, or of its rows.
type benchCase struct {
	name     string
	from, to float32
	forms    []form // the first one is ours, the others are variants
	naive    func(x, y []float32)
	rows     bool    // it is timed in all sizes, against what binds
	bound    string  // the function whose speed binds, if one does
	scale    float64 // of results, for what is left when terms cancel
}

// width is how long a row is.
const width = 1024

func each(f func(x float64) float64) func(x, y []float32) {
	return func(x, y []float32) {
		for i, v := range x {
			y[i] = float32(f(float64(v)))
		}
	}
}

type array func(threads, n int, x, y []float32) error

func of(name string, f array) form {
	return form{name, func(x, y []float32) error { return f(1, len(x), x, y) }}
}

func cases() []benchCase {
	gelu := func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }
	geluTanh := func(x float64) float64 { return x / (1 + math.Exp(-1.5957691216057308*(x+0.044715*x*x*x))) }
	out := []benchCase{
		{name: "exp", from: -20, to: 20, naive: each(math.Exp), forms: []form{of("avx512", functions.Vexp), of("fast", functions.VexpFast)}},
		{name: "log", from: 0, to: 100, naive: each(math.Log), forms: []form{of("avx512", functions.Vlog)}},
		{name: "tanh", from: -8, to: 8, naive: each(math.Tanh), forms: []form{of("avx512", functions.Vtanh), of("fast", functions.VtanhFast)}},
		{name: "sigmoid", from: -8, to: 8, naive: each(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }), forms: []form{of("avx512", functions.Vsigmoid), of("fast", functions.VsigmoidFast)}},
		{name: "erf", from: -4, to: 4, naive: each(math.Erf), forms: []form{of("avx512", functions.Verf)}},
		{name: "gelu", from: -8, to: 8, rows: true, bound: "gelu", naive: each(gelu), forms: []form{of("avx512", functions.Vgelu)}},
		{name: "gelu_tanh", from: -8, to: 8, rows: true, bound: "gelu_tanh", naive: each(geluTanh), forms: []form{of("avx512", functions.VgeluTanh)}},
		{name: "swish", from: -8, to: 8, naive: each(func(x float64) float64 { return x / (1 + math.Exp(-x)) }), forms: []form{of("avx512", functions.Vswish)}},
		{name: "softplus", from: -8, to: 8, naive: each(func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }), forms: []form{of("avx512", functions.Vsoftplus)}},
	}
	for i := range out {
		out[i].scale = 0.1
	}
	return append(out, rows()...)
}

func rows() []benchCase {
	gain, shift := make([]float32, width), make([]float32, width)
	for i := range gain {
		gain[i], shift[i] = 1+float32(i)/width, float32(i)/width
	}
	const eps = 1e-5
	norm := func(f func(threads, m, k int, eps float32, x, g, b, y []float32) error) func(x, y []float32) error {
		return func(x, y []float32) error { return f(1, len(x)/width, width, eps, x, gain, shift, y) }
	}
	soft := func(f func(threads, n, k int, x, y []float32) error) func(x, y []float32) error {
		return func(x, y []float32) error { return f(1, len(x)/width, width, x, y) }
	}
	return []benchCase{
		{
			name: "softmax", from: -4, to: 4, rows: true, bound: "exp", scale: 1e-6, naive: naiveSoftmax,
			forms: []form{{"avx512", soft(softmax.Softmax)}},
		},
		{
			name: "layernorm", from: -4, to: 4, rows: true, scale: 1, naive: func(x, y []float32) { naiveNorm(x, gain, shift, y, eps) },
			forms: []form{{"avx512", norm(layernorm.Layernorm)}},
		},
	}
}

func naiveSoftmax(x, y []float32) {
	for ; len(x) > 0; x, y = x[width:], y[width:] {
		m := float32(math.Inf(-1))
		for _, v := range x[:width] {
			m = max(m, v)
		}
		sum := float32(0)
		for i, v := range x[:width] {
			y[i] = float32(math.Exp(float64(v - m)))
			sum += y[i]
		}
		for i := range y[:width] {
			y[i] /= sum
		}
	}
}

func naiveNorm(x, gain, shift, y []float32, eps float32) {
	for ; len(x) > 0; x, y = x[width:], y[width:] {
		mean, v := float32(0), float32(0)
		for _, a := range x[:width] {
			mean += a
		}
		mean /= width
		for _, a := range x[:width] {
			v += (a - mean) * (a - mean)
		}
		d := 1 / float32(math.Sqrt(float64(v/width+eps)))
		for i, a := range x[:width] {
			y[i] = (a-mean)*d*gain[i] + shift[i]
		}
	}
}
