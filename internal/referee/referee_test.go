package referee

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

func prepare(t *testing.T, before, after string) *Referee {
	t.Helper()
	f, err := loopir.Parse("k.loop", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	g, err := loopir.Parse("l.loop", []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(f, f.Kernels[0], g.Kernels[0])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCompare(t *testing.T) {
	const head = "kernel k(N: size, in A: f32[N], inout S: f32[1]) where N%4 == 0 "
	const packed = "kernel k(N: size, in A: f32[N/4][4] packs [i: N] as [i/4][i%4], inout S: f32[1]) where N%4 == 0 "
	const naive = head + "{ for i in 0..N { S[0] += A[i] } }"
	for _, c := range []struct {
		after        string
		differ, real bool
	}{
		{naive, false, false},
		{packed + "{ for b in 0..N/4, i in 0..4 { S[0] += A[b][i] } }", false, false},
		{packed + "{ for i in 0..4, b in 0..N/4 { S[0] += A[b][i] } }", true, false},
		{packed + "{ for b in 0..N/4, i in 1..4 { S[0] += A[b][i] } }", true, true},
		{head + "{ for i in 0..N+1 { S[0] += A[i] } }", true, true},
	} {
		r := prepare(t, naive, c.after)
		d := r.Compare(1, 40)
		if (d != nil) != c.differ || d != nil && d.Clear != c.real {
			t.Errorf("%s\n%v, want %t %t", c.after, d, c.differ, c.real)
		}
	}
}

// TestCompareSensitive has quotients of what cancels, where only rounding is left, and
// one that is off in any case.
func TestCompareSensitive(t *testing.T) {
	const noise = "kernel k(in A: f64[3], out S: f64[1]) { S[0] = (A[0] / A[1] * A[2] - A[0] * A[2] / A[1]) / (abs(A[0] * (A[2] / A[1]) - A[0] / A[1] * A[2]) + 1e-30) }"
	const other = "kernel k(in A: f64[3], out S: f64[1]) { S[0] = (A[2] / A[1] * A[0] - A[0] * A[2] / A[1]) / (abs(A[0] * (A[2] / A[1]) - A[2] / A[1] * A[0]) + 1e-30) }"
	const plain = "kernel k(in A: f64[3], out S: f64[1]) { S[0] = A[0] / A[1] }"
	const wrong = "kernel k(in A: f64[3], out S: f64[1]) { S[0] = A[0] / A[2] }"
	for _, c := range []struct {
		before, after string
		clear         bool
	}{{noise, other, false}, {plain, wrong, true}} {
		r := prepare(t, c.before, c.after)
		if d := r.Compare(1, 40); d == nil || d.Clear != c.clear {
			t.Errorf("%s: %v, want a difference, clear %v", c.after, d, c.clear)
		}
	}
}
