package gentest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/loopopt/loopopt/internal/opcount"
	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// Sizes is a named choice of sizes to time, and of scalars that are not 1.
type Sizes struct {
	Name    string
	Values  map[string]int
	Scalars map[string]float64
}

// slowRounds is in how many rounds of loopopt bench portable Go is timed.
const slowRounds = 1

// Bench times, for each choice of sizes and on one thread, the naive kernel and
// of each implementation the first schedule that admits the sizes, which is the
// one that the exported function takes. The machine's FMA peak is measured by
// itself, and again between the calls of each assembly form (peak-GFLOP/s): on a
// shared machine the two change together. Names are for benchstat:
// BenchmarkConv/size=res2_3x3/schedule=avx512/impl=avx512.
func Bench(b *testing.B, forms []Form, sizes []Sizes) {
	naive := load(b, forms[0]).kernel
	meters := map[string]*peak.Meter{}
	for _, isa := range []string{"avx512", "avx2"} {
		m, err := peak.New(isa, peakSample)
		if err != nil {
			continue
		}
		meters[isa] = m
		b.Run("peak="+isa, func(b *testing.B) {
			best := 0.0
			for range max(5, b.N) { // a neighbour's load is not part of the peak
				best = max(best, m.Sample())
			}
			b.ReportMetric(best/1e9, "GFLOP/s")
		})
	}
	for _, s := range sizes {
		env := map[string]int64{}
		for n, v := range s.Values {
			env[n] = int64(v)
		}
		ops := opcount.Count(naive, env)
		taken := map[string]bool{}
		for i, f := range forms {
			l := load(b, f)
			if taken[f.Impl] || !f.Has || l.kernel.Name != naive.Name || violated(l.kernel, env) != nil || f.Impl == "go" && late() {
				continue
			}
			taken[f.Impl] = i > 0
			b.Run(fmt.Sprintf("size=%s/schedule=%s/impl=%s", s.Name, f.Schedule, f.Impl), func(b *testing.B) {
				a := benchArgs(b, l.kernel, env, s.Scalars)
				if err := f.Call(a); err != nil {
					b.Fatal(err)
				}
				bytes, footprint := traffic(a, l.kernel)
				peaks := timeCalls(b, samplers(meters[f.Impl], footprint), func() error { return f.Call(a) })
				best := peaks[0]
				if n := ops.All(); n > 0 {
					b.ReportMetric(n*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				}
				if best = ops.Peak(best); best > 0 {
					b.ReportMetric(best/1e9, "peak-GFLOP/s")
				}
				if peaks[1] > 0 {
					b.ReportMetric(bytes*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
					b.ReportMetric(peaks[1]/1e9, "peak-GB/s")
				}
			})
		}
	}
}

// Peak samples are short, and taken after so much time of calls.
const (
	peakSample = time.Millisecond
	peakEvery  = 10 * time.Millisecond
)

// samplers measure the FMA peak, where there is a meter for it, and then also how fast
// memory of a size is read.
func samplers(m *peak.Meter, footprint int64) [2]func() float64 {
	var out [2]func() float64
	if m == nil {
		return out
	}
	out[0] = m.Sample
	if s, err := peak.NewStream(footprint, peakSample); err == nil {
		out[1] = s.Sample
	}
	return out
}

// traffic is how many bytes a call reads and writes at least: each input and output once;
// and how many there are of them.
func traffic(a *Args, k *loopir.Kernel) (bytes float64, footprint int64) {
	for _, p := range k.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		n := int64(reflect.ValueOf(a.slices[p.Name]).Len()) * int64(p.Type.Bits()/8)
		footprint += n
		bytes += float64(n)
		if p.Dir == loopir.InOut {
			bytes += float64(n)
		}
	}
	return bytes, footprint
}

// timeCalls calls f b.N times and, while the timer stands still, samples the peaks
// in between. It returns the median samples, 0 for what has no meter.
func timeCalls(b *testing.B, peaks [2]func() float64, f func() error) [2]float64 {
	var samples [2][]float64
	sample := func() {
		b.StopTimer()
		for i, p := range peaks {
			if p != nil {
				samples[i] = append(samples[i], p())
			}
		}
		b.StartTimer()
	}
	b.ResetTimer()
	sample()
	last := b.Elapsed()
	for range b.N {
		if err := f(); err != nil {
			b.Fatal(err)
		}
		if now := b.Elapsed(); now-last > peakEvery {
			last = now
			sample()
		}
	}
	sample()
	var out [2]float64
	for i, s := range samples {
		if len(s) > 0 {
			slices.Sort(s)
			out[i] = s[len(s)/2]
		}
	}
	return out
}

// late tells whether enough rounds have timed the slow forms.
func late() bool {
	var round int
	if _, err := fmt.Sscan(os.Getenv("LOOPOPT_BENCH_ROUND"), &round); err != nil {
		return false
	}
	return round >= slowRounds
}

// benchArgs makes the arguments of a timed call. Inputs are random; an array
// that accumulates over calls stays finite, since its inputs are small.
func benchArgs(b *testing.B, k *loopir.Kernel, env map[string]int64, scalars map[string]float64) *Args {
	rng := rand.New(rand.NewPCG(3, 5))
	a := &Args{Threads: 1, sizes: map[string]int{}, scalars: map[string]any{}, slices: map[string]any{}}
	for _, p := range k.Params {
		switch p.Kind {
		case loopir.SizeParam:
			a.sizes[p.Name] = int(env[p.Name])
		case loopir.ScalarParam:
			x, ok := scalars[p.Name]
			if !ok {
				x = 1
			}
			a.scalars[p.Name] = scalarOf(interp.Float(p.Type, x))
		case loopir.ArrayParam:
			n := 1
			for _, x := range p.Shape {
				v, err := interp.EvalIndex(x, env)
				if err != nil {
					b.Fatal(err)
				}
				n *= int(v)
			}
			a.slices[p.Name] = randomSlice(rng, p.Type, n)
		}
	}
	return a
}

func randomSlice(rng *rand.Rand, t loopir.Type, n int) any {
	switch t {
	case loopir.F32:
		s := make([]float32, n)
		for i := range s {
			s[i] = rng.Float32() - 0.5
		}
		return s
	case loopir.F64:
		s := make([]float64, n)
		for i := range s {
			s[i] = rng.Float64() - 0.5
		}
		return s
	}
	return toSlice(interp.NewArray(t, n), make([]byte, n*width(t)))
}
