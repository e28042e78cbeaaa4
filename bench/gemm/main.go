//go:build peers

// Command gemm times the products of square matrices of package kernels/blas and those of
// other libraries in turns, on one thread, checks that they agree, and ends with the ratios of
// speeds. Libraries that can't be loaded are named and left out.
package main

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "peers.h"
import "C"

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
	gonumblas "gonum.org/v1/gonum/blas"
	reference "gonum.org/v1/gonum/blas/gonum"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/blas"
)

const (
	rounds = 9
	long   = 40 * time.Millisecond // of calls in a round
)

// A library is one build of a library in one configuration.
type library struct{ name, path, variable, value string }

var libraries = []library{
	{name: "onednn-2.6.3", path: "libdnnl.so.2"},
	{name: "openblas-0.3.21", path: "openblas-serial/libopenblas.so.0"},
	{name: "openblas-0.3.21-skylakex", path: "openblas-serial/libopenblas.so.0", variable: "OPENBLAS_CORETYPE", value: "SkylakeX"},
	{name: "blis-0.9.0", path: "blis-serial/libblis.so.4"},
}

var sizes = []int{16, 32, 64, 128, 256, 384, 512, 768, 1024, 1536, 2048}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gemm:", err)
		os.Exit(1)
	}
}

func run() error {
	if os.Getenv("OMP_NUM_THREADS") != "1" {
		return fmt.Errorf("set OMP_NUM_THREADS=1: one thread is timed")
	}
	runtime.GOMAXPROCS(1) // which Gonum goes by
	runtime.LockOSThread()
	isa := "avx2"
	if cpuid.CPU.Has(cpuid.AVX512F) {
		isa = "avx512"
	}
	m, err := peak.New(isa, time.Millisecond)
	if err != nil {
		return err
	}
	fmt.Printf("goos: %s\ngoarch: %s\npkg: github.com/loopopt/loopopt/kernels/blas\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpuid.CPU.BrandName)
	peers, err := load()
	if err != nil {
		return err
	}
	var ratios []string
	for i, products := range []func(int, []*peer) contest{single, double} {
		for _, n := range sizes {
			d := products(n, peers)
			if err := d.agree(n); err != nil {
				return err
			}
			lines, err := compare(fmt.Sprint(n), isa, 2*float64(n)*float64(n)*float64(n), float64(1+i), m, d)
			if err != nil {
				return err
			}
			ratios = append(ratios, lines...)
		}
	}
	if small == nil {
		fmt.Println("# libxsmm-1.17 is not installed")
		small = func(string, *peak.Meter) ([]string, error) { return nil, nil }
	}
	lines, err := small(isa, m)
	if err != nil {
		return err
	}
	for _, r := range append(ratios, lines...) {
		fmt.Println(r)
	}
	return nil
}

// small compares small and batch-reduce products with LIBXSMM's, where it is linked.
var small func(isa string, m *peak.Meter) ([]string, error)

type peer struct {
	name string
	c    C.peer
}

// load loads each library from a copy of its own, as one file is loaded once.
func load() ([]*peer, error) {
	dir, err := os.MkdirTemp("", "gemm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var out []*peer
	for i, l := range libraries {
		found, _ := filepath.Glob("/usr/lib/*/" + l.path)
		if len(found) == 0 {
			fmt.Printf("# %s is not installed\n", l.name)
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(l.path)))
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return nil, err
		}
		p := &peer{name: l.name}
		path, variable, value := C.CString(file), C.CString(l.variable), C.CString(l.value)
		if C.peer_load(&p.c, path, variable, value) != 0 {
			fmt.Printf("# %s can't be loaded\n", l.name)
			continue
		}
		text := (*C.char)(C.malloc(64))
		C.peer_version(&p.c, text, 64)
		if s := C.GoString(text); s != "" {
			fmt.Printf("# %s: kernels for %s\n", l.name, s)
		}
		out = append(out, p)
	}
	return out, nil
}

// A contest is one product by all who compute it; the first entry is ours.
type contest struct {
	name, which string
	entries     []entry
}

type entry struct {
	name   string
	run    func() error
	result func() []float64
}

func random[T float32 | float64](n int) []T {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]T, n)
	for i := range out {
		out[i] = T(rng.Float64()*2 - 1)
	}
	return out
}

func widened[T float32 | float64](x []T) func() []float64 {
	return func() []float64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = float64(v)
		}
		return out
	}
}

func single(n int, peers []*peer) contest {
	a, b, c := random[float32](n*n), random[float32](n*n), make([]float32, n*n)
	d := contest{name: "sgemm", which: blas.WhichSgemm(n, n, n, n, n, n)}
	d.entries = append(d.entries, entry{"ours", func() error { return blas.Sgemm(1, n, n, n, n, n, n, 1, 0, a, b, c) }, widened(c)})
	at := func(x []float32) *C.float { return (*C.float)(unsafe.Pointer(&x[0])) }
	for _, p := range peers {
		if p.c.sgemm == nil {
			continue
		}
		c := make([]float32, n*n)
		d.entries = append(d.entries, entry{p.name, func() error { C.peer_sgemm(&p.c, C.int(n), at(a), at(b), at(c)); return nil }, widened(c)})
	}
	g := make([]float32, n*n)
	d.entries = append(d.entries, entry{"gonum-0.17.0", func() error {
		reference.Implementation{}.Sgemm(gonumblas.NoTrans, gonumblas.NoTrans, n, n, n, 1, a, n, b, n, 0, g, n)
		return nil
	}, widened(g)})
	return d
}

func double(n int, peers []*peer) contest {
	a, b, c := random[float64](n*n), random[float64](n*n), make([]float64, n*n)
	d := contest{name: "dgemm", which: blas.WhichDgemm(n, n, n, n, n, n)}
	d.entries = append(d.entries, entry{"ours", func() error { return blas.Dgemm(1, n, n, n, n, n, n, 1, 0, a, b, c) }, widened(c)})
	at := func(x []float64) *C.double { return (*C.double)(unsafe.Pointer(&x[0])) }
	for _, p := range peers {
		if p.c.dgemm == nil {
			continue
		}
		c := make([]float64, n*n)
		d.entries = append(d.entries, entry{p.name, func() error { C.peer_dgemm(&p.c, C.int(n), at(a), at(b), at(c)); return nil }, widened(c)})
	}
	g := make([]float64, n*n)
	d.entries = append(d.entries, entry{"gonum-0.17.0", func() error {
		reference.Implementation{}.Dgemm(gonumblas.NoTrans, gonumblas.NoTrans, n, n, n, 1, a, n, b, n, 0, g, n)
		return nil
	}, widened(g)})
	return d
}

// agree wants the same product of all.
func (d contest) agree(n int) error {
	for _, e := range d.entries {
		if err := e.run(); err != nil {
			return err
		}
		want, have := d.entries[0].result(), e.result()
		for j := range want {
			if !(math.Abs(want[j]-have[j]) <= 1e-5*float64(n)) {
				return fmt.Errorf("%s %d: %s has %g where ours has %g", d.name, n, e.name, have[j], want[j])
			}
		}
	}
	return nil
}

// compare times all entries of a contest in turns, and gives the ratios of medians.
func compare(size, isa string, flops, width float64, m *peak.Meter, d contest) ([]string, error) {
	speeds := make([][]float64, len(d.entries))
	var top []float64
	for r := range rounds {
		for i, e := range d.entries {
			if e.name == "gonum-0.17.0" && flops > 1e10 && r > 0 { // ten times slower than the others
				continue
			}
			t, err := seconds(e.run)
			if err != nil {
				return nil, err
			}
			speeds[i] = append(speeds[i], flops/t/1e9)
		}
		top = append(top, m.Sample()/1e9/width)
	}
	var out []string
	ours, best := median(speeds[0]), 0.0
	for i, e := range d.entries {
		v := median(speeds[i])
		impl := isa
		if i > 0 {
			impl = e.name
		}
		fmt.Printf("Benchmark%s/size=%s/schedule=%s/impl=%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
			d.name, size, d.which, impl, len(speeds[i]), flops/v, v, median(top))
		if i > 0 {
			out = append(out, fmt.Sprintf("ratio %s/%s %s %.3f", d.name, size, e.name, ours/v))
			best = max(best, v)
		}
	}
	return append(out, fmt.Sprintf("ratio %s/%s best %.3f", d.name, size, ours/best)), nil
}

// seconds is the time of a call, the mean of as many as take a while.
func seconds(f func() error) (float64, error) {
	start, n := time.Now(), 0
	for ; n < 1 || time.Since(start) < long; n++ {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(n), nil
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
