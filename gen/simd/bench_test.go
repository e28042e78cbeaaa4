//go:build linux && amd64

package simd_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/loopopt/loopopt/gen/simd"
	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// BenchmarkConv runs the regions of two convolutions on ResNet-50 layers,
// arguments ready, and tells the share of the FMA peak measured meanwhile.
func BenchmarkConv(b *testing.B) {
	layers := []map[string]int64{
		{"K": 64, "C": 64, "P": 56, "Q": 56, "R": 1, "S": 1},
		{"K": 64, "C": 64, "P": 56, "Q": 56, "R": 3, "S": 3},
		{"K": 128, "C": 128, "P": 28, "Q": 28, "R": 3, "S": 3},
		{"K": 256, "C": 256, "P": 14, "Q": 14, "R": 3, "S": 3},
		{"K": 256, "C": 1024, "P": 14, "Q": 14, "R": 1, "S": 1},
	}
	for _, l := range layers {
		for _, v := range []struct {
			kernel string
			isa    simd.ISA
			tile   int64
		}{{"conv", simd.AVX512, 14}, {"conv7", simd.AVX2, 7}} {
			name := fmt.Sprintf("layer=%dx%d_%d_k%d_c%d/impl=%s", l["R"], l["S"], l["P"], l["K"], l["C"], v.isa)
			b.Run(name, func(b *testing.B) { benchmarkLayer(b, v.kernel, v.isa, l, v.tile) })
		}
	}
}

func benchmarkLayer(b *testing.B, kernel string, isa simd.ISA, sizes map[string]int64, tile int64) {
	meter, err := peak.New(isa.String(), 2*time.Millisecond)
	if err != nil {
		b.Skip(err)
	}
	c := loadCase(b, filepath.Join(casesDir, kernel+".loop"))
	env := map[string]int64{"N": 1, "stride": 1}
	for n, v := range sizes {
		env[n] = v
	}
	env["Q"] -= env["Q"] % tile
	m := &machine{c: c, isa: isa, env: env, arrays: map[string]*guarded{}, later: true}
	for _, p := range c.kernel.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		var shape []int
		for _, e := range p.Shape {
			v, err := interp.EvalIndex(e, env)
			if err != nil {
				b.Fatal(err)
			}
			shape = append(shape, int(v))
		}
		m.arrays[p.Name] = newGuarded(b, interp.NewArray(p.Type, shape...), true)
		defer m.arrays[p.Name].free()
	}
	if err := m.list(&c.parts[isa].Body); err != nil {
		b.Fatal(err)
	}
	flops := 2.0
	for _, n := range []string{"N", "K", "C", "P", "Q", "R", "S"} {
		flops *= float64(env[n])
	}
	best, top := 0.0, 0.0
	for b.Loop() {
		start := time.Now()
		for _, f := range m.todo {
			f()
		}
		best = max(best, flops/time.Since(start).Seconds())
		b.StopTimer()
		top = max(top, meter.Sample())
		b.StartTimer()
	}
	b.ReportMetric(best*1e-9, "GFLOP/s")
	b.ReportMetric(100*best/top, "%peak")
}
