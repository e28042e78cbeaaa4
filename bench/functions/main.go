//go:build linux

// Command functions times the elementary functions and rows of kernels/functions,
// kernels/layernorm and kernels/softmax beside plain Go, and beside what binds them: the
// speed at which memory of that size is copied, or the function's own where all is in the
// nearest cache. It prints Go's form of benchmarks, with cycles for 16 values, and ends with
// ratios.
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
	"golang.org/x/sys/unix"

	"github.com/loopopt/loopopt/internal/peak"
)

const (
	rounds = 15
	long   = 2 * time.Millisecond   // of calls in a round
	most   = 500 * time.Millisecond // of all rounds of a form, of which there are three at least
)

// A size is so many values in an array, in a level of the memory.
type size struct {
	name   string
	values int
}

// What is read and what is written fits there.
var sizes = []size{{"L1", 4 << 10}, {"L2", 64 << 10}, {"DRAM", 16 << 20}}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "functions:", err)
		os.Exit(1)
	}
}

func run() error {
	if _, err := peak.Clock(); err != nil {
		return err
	}
	runtime.LockOSThread()
	fmt.Printf("goos: %s\ngoarch: %s\npkg: kernels/functions\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpuid.CPU.BrandName)
	var ratios []string
	near := map[string]float64{} // seconds for a value in the nearest cache
	for _, c := range cases() {
		for _, s := range sizes {
			if s.values > sizes[0].values && !c.rows {
				continue
			}
			lines, err := c.measure(s, near)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.name, s.name, err)
			}
			ratios = append(ratios, lines...)
		}
	}
	for _, r := range ratios {
		fmt.Println(r)
	}
	return nil
}

// A form is one way to compute a case.
type form struct {
	name string
	run  func(x, y []float32) error
}

// A form's times, in seconds and in cycles, one a round.
type times struct{ seconds, cycles []float64 }

// measure times all forms of a case in turns, and checks that they agree.
func (c benchCase) measure(s size, near map[string]float64) ([]string, error) {
	x, y, want := make([]float32, s.values), make([]float32, s.values), make([]float32, s.values)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = c.from + (c.to-c.from)*r.Float32()
	}
	naive := form{"go", func(x, y []float32) error { c.naive(x, y); return nil }}
	memory := form{"copy", func(x, y []float32) error { copy(y, x); return nil }}
	if err := naive.run(x, want); err != nil {
		return nil, err
	}
	forms := append(slices.Clone(c.forms), naive, memory)
	all := make([]times, len(forms))
	for _, f := range c.forms {
		if err := f.run(x, y); err != nil {
			return nil, err
		}
		for i, w := range want {
			if d := math.Abs(float64(y[i] - w)); !(d <= 1e-3*(math.Abs(float64(w))+c.scale)) {
				return nil, fmt.Errorf("%s: %g gives %g, not %g", f.name, x[i], y[i], w)
			}
		}
	}
	for n := range rounds {
		for i, f := range forms {
			if n >= 3 && all[i].total() > most.Seconds() {
				continue
			}
			if err := all[i].add(f, x, y); err != nil {
				return nil, err
			}
		}
	}
	return c.report(s, forms, all, near), nil
}

// add times so many calls that they take a while, and the clock before and after.
func (t *times) add(f form, x, y []float32) error {
	before, err := peak.Clock()
	if err != nil {
		return err
	}
	var each float64
	for n := 1; each == 0; n *= 2 { // asking for the time takes a while itself
		start := used()
		for range n {
			if err := f.run(x, y); err != nil {
				return err
			}
		}
		if d := used() - start; d >= long {
			each = d.Seconds() / float64(n)
		}
	}
	after, err := peak.Clock()
	t.seconds = append(t.seconds, each)
	t.cycles = append(t.cycles, each*max(before, after))
	return err
}

func (t *times) total() (sum float64) {
	for _, s := range t.seconds {
		sum += s
	}
	return sum
}

// used is the processor's time that this thread took: others may run beside it.
func used() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // there is such a clock where there are the forms that are timed
	}
	return time.Duration(t.Nano())
}

// report prints the lines of a case and gives its ratios: of the first form.
func (c benchCase) report(s size, forms []form, all []times, near map[string]float64) []string {
	n := float64(s.values)
	for i, f := range forms {
		if f.name == "copy" && !c.rows {
			continue
		}
		fmt.Printf("BenchmarkFunctions/size=%s/schedule=%s/impl=%s-1\t%d\t%.0f ns/op\t%.2f cycles/16\t%.2f GB/s\n",
			s.name, c.name, f.name, len(all[i].seconds), median(all[i].seconds)*1e9, median(all[i].cycles)/n*16, 8*n/median(all[i].seconds)/1e9)
	}
	ours, plain, memory := median(all[0].seconds), median(all[len(all)-2].seconds), median(all[len(all)-1].seconds)
	name := fmt.Sprintf("functions/%s/%s", c.name, s.name)
	out := []string{fmt.Sprintf("ratio %s naive-go %.3f", name, plain/ours)}
	for i, f := range c.forms[1:] {
		out = append(out, fmt.Sprintf("ratio functions/%s-%s/%s naive-go %.3f", c.name, f.name, s.name, plain/median(all[i+1].seconds)))
	}
	if s == sizes[0] {
		near[c.name] = ours / n
		out = append(out, fmt.Sprintf("ratio %s 25-cycles %.3f", name, 25/(median(all[0].cycles)/n*16)))
	}
	if c.rows {
		bound := memory
		if at, ok := near[c.bound]; ok {
			bound = max(bound, at*n)
		}
		if c.bound != c.name || s != sizes[0] {
			out = append(out, fmt.Sprintf("ratio %s limit %.3f", name, bound/ours))
		}
	}
	return out
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
