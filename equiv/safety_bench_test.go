package equiv

import (
	"context"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// BenchmarkSafety checks the staged convolution, its obligations cached.
func BenchmarkSafety(b *testing.B) {
	ar, err := txtar.ParseFile("../testdata/proved/equiv-conv-staged.txtar")
	if err != nil {
		b.Fatal(err)
	}
	f := mustParse(b, "after.loop", section(ar, "after.loop"))
	opts := Options{Pool: safetyPool(b)}
	for b.Loop() {
		res, err := CheckSafety(context.Background(), f, f.Kernels[0], opts)
		if err != nil || res.Outcome != Proved {
			b.Fatal(err, res)
		}
	}
}

// BenchmarkGlance looks for a difference where there is none.
func BenchmarkGlance(b *testing.B) {
	ar, err := txtar.ParseFile("../testdata/proved/equiv-conv-staged.txtar")
	if err != nil {
		b.Fatal(err)
	}
	before := mustParse(b, "before.loop", section(ar, "before.loop"))
	after := mustParse(b, "after.loop", section(ar, "after.loop"))
	for b.Loop() {
		if c := refuteQuickly(context.Background(), after, before.Kernels[0], after.Kernels[0]); c != nil {
			b.Fatal(c)
		}
	}
}
