package pipeline

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// BenchmarkConvSchedule proves schedules of the convolution example step by
// step and as a whole: cold with nothing known, warm with the cache that an
// earlier process left.
func BenchmarkConvSchedule(b *testing.B) {
	for _, name := range []string{"avx512_s1", "any"} {
		b.Run(name+"/cold", func(b *testing.B) {
			for b.Loop() {
				proveConv(b, name, smt.Options{NoCache: true})
			}
		})
		b.Run(name+"/warm", func(b *testing.B) {
			opts := smt.Options{CacheDir: b.TempDir()}
			proveConv(b, name, opts)
			for b.Loop() {
				proveConv(b, name, opts)
			}
		})
	}
}

func proveConv(b *testing.B, schedule string, opts smt.Options) {
	f, _, err := Load(filepath.Join("..", "..", "examples", "01-conv", "conv.loop"))
	if err != nil {
		b.Fatal(err)
	}
	pool, err := smt.NewPool(opts)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	var s *loopir.Schedule
	for _, t := range f.Schedules {
		if t.Name == schedule {
			s = t
		}
	}
	r, err := Transform(context.Background(), f, s, Options{Equiv: equiv.Options{Pool: pool}})
	if err != nil {
		b.Fatal(err)
	}
	if r.Outcome() != equiv.Proved {
		b.Fatalf("%s: %v", schedule, r.Outcome())
	}
	stats := pool.Stats()
	b.ReportMetric(float64(stats.Queries), "queries")
	b.ReportMetric(float64(stats.Solved), "solved")
	b.ReportMetric(stats.MaxTime.Seconds()*1000, "ms/worst")
}
