package referee

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

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
		f, err := loopir.Parse("k.loop", []byte(naive))
		if err != nil {
			t.Fatal(err)
		}
		g, err := loopir.Parse("l.loop", []byte(c.after))
		if err != nil {
			t.Fatal(err)
		}
		r, err := New(nil, f.Kernels[0], g.Kernels[0])
		if err != nil {
			t.Fatal(err)
		}
		d := r.Compare(1, 40)
		if (d != nil) != c.differ || d != nil && d.Clear != c.real {
			t.Errorf("%s\n%v, want %t %t", c.after, d, c.differ, c.real)
		}
	}
}
