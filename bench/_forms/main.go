// Command forms times the talk's three implementations of an LSTM layer beside each other, on
// one thread: two large products, one product a step of what is concatenated, and sums of
// blocks that stay in registers through the element-wise part. All three are generated, proved
// and compared. It prints Go's form of benchmarks and ends with ratios.
package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/loopopt/loopopt/bench/_forms/lstmforms"
	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/lstm"
)

const (
	batch  = 168
	rounds = 7
	work   = 60e9 // operations in a call, about
)

var units = []int{128, 256, 512, 1024, 2048, 4096}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "forms:", err)
		os.Exit(1)
	}
}

func run() error {
	const isa = "avx512" // all forms have it
	m, err := peak.New(isa, time.Millisecond)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	fmt.Printf("goos: %s\ngoarch: %s\npkg: %s\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, "bench/forms", cpuid.CPU.BrandName)
	var ratios []string
	for _, k := range units {
		lines, err := compare(k, isa, m)
		if err != nil {
			return fmt.Errorf("%d units: %w", k, err)
		}
		ratios = append(ratios, lines...)
	}
	for _, r := range ratios {
		fmt.Println(r)
	}
	return nil
}

// A form is one implementation and where its output is.
type form struct {
	name string
	run  func() error
	h    func(t, n, k int) float32
}

// compare times all forms of a layer of so many units and inputs in turns.
func compare(k int, isa string, m *peak.Meter) ([]string, error) {
	flops := 16 * float64(batch) * float64(k) * float64(k) // of a step
	steps := min(50, max(2, int(work/flops)))
	forms, err := layer(steps, k)
	if err != nil {
		return nil, err
	}
	for _, f := range forms {
		if err := f.run(); err != nil {
			return nil, err
		}
		for n := range batch {
			for u := range k {
				if d := math.Abs(float64(f.h(steps, n, u) - forms[0].h(steps, n, u))); !(d <= 1e-4) {
					return nil, fmt.Errorf("%s differs from %s by %g", f.name, forms[0].name, d)
				}
			}
		}
	}
	speeds, tops := make([][]float64, len(forms)), make([][]float64, len(forms))
	for range rounds {
		for i, f := range forms {
			start := time.Now()
			if err := f.run(); err != nil {
				return nil, err
			}
			speeds[i] = append(speeds[i], float64(steps)*flops/time.Since(start).Seconds()/1e9)
			tops[i] = append(tops[i], m.Sample()/1e9)
		}
	}
	size := fmt.Sprintf("N%d/%d", batch, k)
	var ratios []string
	own := median(speeds[len(forms)-1])
	for i, f := range forms {
		speed := median(speeds[i])
		fmt.Printf("BenchmarkForms/size=%d/schedule=%s/impl=%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
			k, f.name, isa, rounds, float64(steps)*flops/speed, speed, median(tops[i]))
		if i < len(forms)-1 {
			ratios = append(ratios, fmt.Sprintf("ratio lstm/forms/%s %s %.3f", size, f.name, own/speed))
		}
	}
	return ratios, nil
}

// layer makes all forms of a layer, the blocked one last.
func layer(steps, k int) ([]form, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int, scale float64) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32((rng.Float64()*2 - 1) * scale)
		}
		return out
	}
	scale := 1 / math.Sqrt(float64(k))
	x, b := random(steps*batch*k, 1), random(4*k, scale)
	w, r := random(4*k*k, scale), random(4*k*k, scale)
	w2, r2 := make([]float32, len(w)), make([]float32, len(r))
	if err := lstmforms.PackW(1, steps, batch, k, k, w, w2); err != nil {
		return nil, err
	}
	if err := lstmforms.PackR(1, steps, batch, k, k, r, r2); err != nil {
		return nil, err
	}
	plain := func(name string, f func(threads, T, N, C, K int, X, W, R, b, S, H []float32) error, w, r []float32) form {
		s, h := make([]float32, (steps+1)*batch*k), make([]float32, (steps+1)*batch*k)
		return form{name, func() error { return f(1, steps, batch, k, k, x, w, r, b, s, h) }, func(t, n, u int) float32 { return h[(t*batch+n)*k+u] }}
	}
	return []form{
		plain("two-gemms", lstmforms.LstmTwoGemms, w2, r2),
		plain("one-gemm", lstmforms.Concatenated, w, r),
		plain("registers", lstm.LstmPacked, w2, r2),
		blocked(steps, k, x, w, r, b),
	}, nil
}

// blocked is the form made of batch-reduce GEMM, of which everything lies in blocks.
func blocked(steps, k int, x, w, r, b []float32) form {
	rows := func(t, n, u int) int { return ((t*(batch/6)+n/6)*(k/16)+u/16)*96 + n%6*16 + u%16 }
	weights := func(g, p, c int) int { return ((p/16*(k/16)+c/16)*16+c%16)*64 + g*16 + p%16 }
	x2, s, h := make([]float32, len(x)), make([]float32, (steps+1)*batch*k), make([]float32, (steps+1)*batch*k)
	for t := range steps {
		for n := range batch {
			for u := range k {
				x2[rows(t, n, u)] = x[(t*batch+n)*k+u]
			}
		}
	}
	w2, r2 := make([]float32, len(w)), make([]float32, len(r))
	for g := range 4 {
		for p := range k {
			for c := range k {
				w2[weights(g, p, c)], r2[weights(g, p, c)] = w[(g*k+p)*k+c], r[(g*k+p)*k+c]
			}
		}
	}
	return form{"blocked", func() error { return lstm.LstmBlocked(1, steps, batch, k, k, x2, w2, r2, b, s, h) }, func(t, n, u int) float32 { return h[rows(t, n, u)] }}
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
