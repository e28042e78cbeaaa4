package pipeline

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TestNotes wants a line for each reason why a region becomes Go on some processors, or on
// all, in a place of the source.
func TestNotes(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	masked := `kernel k(N: size, in A: f32[N][N], out C: f32[N][N]) {
  for i in 0..N, j in 0..N {
    C[i][j] = 0.0
    for k in j..i+1 { C[i][j] += A[i][k] }
  }
}
schedule plain for k {
  target neon
  block j by 16 into jb, j tail mask
}`
	tests := []struct {
		name, src string
		want      []string // positions and texts
		fails     bool
	}{
		{"on two processors", `kernel k(N: size, in X: i16[N], out Y: u8[N]) {
  for i in 0..N { Y[i] = u8(X[i]) }
}
schedule plain for k {
  block i by 16 into ib, i tail peel
  vectorize i
}`, []string{
			"k.loop:2:3: schedule plain: on avx2 this becomes Go: AVX2 has no instruction that makes u8 of i16",
			"k.loop:2:19: schedule plain: on neon this becomes Go: integers, or several types, in one region of NEON",
		}, false},
		{"a function of the library", `kernel k(N: size, in X: f32[N], out Y: f32[N]) {
  for i in 0..N { Y[i] = exp(X[i]) }
}
schedule plain for k {
  implement exp by exp_f32
  block i by 16 into ib, i tail peel
  vectorize i
}`, []string{"k.loop:2:3: schedule plain: on neon this becomes Go: integers, or several types"}, false},
		{"on none", strings.ReplaceAll(masked, "neon", "avx2"), nil, false},
		{"without a place of its own", masked, []string{"k.loop:2:18: schedule plain: this region becomes Go: masked lanes"}, false},
		{"strict", strings.ReplaceAll(masked, "neon", "neon strict"), []string{"k.loop:2:18: schedule plain: this region becomes Go: masked lanes"}, true},
	}
	for _, tt := range tests {
		f, err := loopir.Parse("k.loop", []byte(tt.src))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		opts := Options{Equiv: equiv.Options{Pool: pool}, OnNote: func(e *loopir.Error) error {
			got = append(got, e.Error())
			return nil
		}}
		_, err = Generate(context.Background(), f, f.Schedules, "generated", nil, opts)
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil {
			got = append(got, err.Error())
		}
		same := slices.EqualFunc(got, tt.want, func(a, b string) bool { return strings.HasPrefix(a, b) })
		if !same {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}
