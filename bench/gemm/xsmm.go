//go:build peers && xsmm

package main

// #cgo LDFLAGS: -lxsmm -lxsmmnoblas -lpthread -lrt -ldl -lm
// #include "xsmm.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/blas"
	"github.com/loopopt/loopopt/kernels/brgemm"
)

func init() { small = withXSMM }

// LIBXSMM computes the transposed product, column-major: its m by n is our n by m, its A our B.
var tiles = []struct{ m, n, k int }{{14, 16, 16}, {28, 16, 16}, {14, 32, 32}, {32, 32, 32}, {14, 64, 64}, {24, 64, 64}, {28, 64, 64}, {64, 64, 64}}

// withXSMM compares the batch-reduce products, and the products of small matrices, with LIBXSMM's.
func withXSMM(isa string, m *peak.Meter) ([]string, error) {
	at := func(x []float32) *C.float { return (*C.float)(unsafe.Pointer(&x[0])) }
	var out []string
	for _, n := range []int{16, 32, 64} {
		a, b, c, d := random[float32](n*n), random[float32](n*n), make([]float32, n*n), make([]float32, n*n)
		kernel := C.xsmm_gemm(C.int(n), C.int(n), C.int(n))
		if kernel == nil {
			return nil, fmt.Errorf("LIBXSMM has no kernel for %d", n)
		}
		lines, err := compare(fmt.Sprint(n), isa, 2*float64(n*n*n), 1, m, contest{"sgemm", blas.WhichSgemm(n, n, n, n, n, n), []entry{
			{"ours", func() error { return blas.Sgemm(1, n, n, n, n, n, n, 1, 1, a, b, c) }, nil},
			{"libxsmm-1.17", func() error { C.xsmm_call(kernel, at(b), at(a), at(d)); return nil }, nil},
		}})
		if err != nil {
			return nil, err
		}
		out = append(out, lines[0])
	}
	for _, batch := range []int{4, 16, 32} {
		for _, t := range tiles {
			a, b := random[float32](batch*t.m*t.k), random[float32](batch*t.k*t.n)
			c, d := make([]float32, t.m*t.n), make([]float32, t.m*t.n)
			kernel := C.xsmm_brgemm(C.int(t.n), C.int(t.m), C.int(t.k))
			if kernel == nil {
				return nil, fmt.Errorf("LIBXSMM has no kernel for %v", t)
			}
			ours := func() error { return brgemm.Brgemm(1, batch, t.m, t.n, t.k, a, b, c) }
			theirs := func() error {
				C.xsmm_callbr(kernel, C.int(batch), at(b), C.int(t.k*t.n), at(a), C.int(t.m*t.k), at(d))
				return nil
			}
			if err := ours(); err != nil {
				return nil, err
			}
			_ = theirs()
			for i := range c {
				if math.Abs(float64(c[i]-d[i])) > 1e-3 {
					return nil, fmt.Errorf("brgemm %v: %g and %g", t, c[i], d[i])
				}
			}
			name := fmt.Sprintf("T%d/%dx%dx%d", batch, t.m, t.n, t.k)
			lines, err := compare(name, isa, 2*float64(batch*t.m*t.n*t.k), 1, m, contest{"brgemm", brgemm.WhichBrgemm(batch, t.m, t.n, t.k), []entry{{"ours", ours, nil}, {"libxsmm-1.17", theirs, nil}}})
			if err != nil {
				return nil, err
			}
			out = append(out, lines[0])
		}
	}
	return out, nil
}
