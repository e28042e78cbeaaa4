package equiv

import (
	"context"
	"errors"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestContradiction wants assumptions that contradict each other to be told as an
// error at the clause that is one too many, with what it contradicts.
func TestContradiction(t *testing.T) {
	const body = " { for i in 0..N { A[i] = 1 } }"
	for _, c := range []struct{ before, after, at, msg, note string }{
		{" where N >= 4", " where M >= 1, N < 4", "a.loop:1:61", "no sizes satisfy `N < 4`", "it contradicts `N >= 4`"},
		{" where N%2 == 1, M == 2*N", " where M%4 == 0", "a.loop:1:53", "no sizes satisfy `M%4 == 0`", "it contradicts `N%2 == 1`"},
		{" where N%2 == 1", " where 0 != 0", "a.loop:1:53", "no sizes satisfy `0 != 0`", ""},
		{"", " where N >= 1, M >= 5000000000", "a.loop:1:61", "no sizes satisfy `M >= 5000000000`", "each size is below 2^31"},
		{" where N >= 1000000, M > N", " where N >= 1", "", "", ""},
	} {
		b := mustParse(t, "b.loop", []byte("kernel k(N, M: size, inout A: f32[N])"+c.before+body))
		a := mustParse(t, "a.loop", []byte("kernel k(N, M: size, inout A: f32[N])        "+c.after+body))
		_, err := Check(context.Background(), a, b.Kernels[0], a.Kernels[0], Options{Pool: safetyPool(t), always: true})
		var e *loopir.Error
		switch {
		case c.at == "" && err != nil:
			t.Error(err)
		case c.at == "":
		case !errors.As(err, &e):
			t.Errorf("%s, %s: %v, want an error", c.before, c.after, err)
		case e.Span.String() != c.at || e.Kind != loopir.Rejected:
			t.Errorf("%s, %s: %v, want it at %s", c.before, c.after, e, c.at)
		case e.Msg[:len(c.msg)] != c.msg || (c.note == "") != (len(e.Notes) == 0) || c.note != "" && e.Notes[0].Msg != c.note:
			t.Errorf("%s, %s: %v %v, want %q and %q", c.before, c.after, e, e.Notes, c.msg, c.note)
		}
	}
}

// TestVacuous finds the obligations of a sum that hold of nothing, as no cell sees
// an update twice with the same j.
func TestVacuous(t *testing.T) {
	text := func(i string) []byte {
		return []byte("kernel k(N, M: size, in B: f32[N][M], inout A: f32[N]) {\n  for i in 0..N, j in 0..M { A[i] += B[i][j] }\n" +
			"  for i in 0..N { A[" + i + "] = max(A[" + i + "], 0)*2 }\n}")
	}
	b, a := mustParse(t, "b.loop", text("i")), mustParse(t, "a.loop", text("N-1-i"))
	res, err := Check(context.Background(), a, b.Kernels[0], a.Kernels[0], Options{Pool: safetyPool(t), Explain: true})
	if err != nil || res.Outcome != Proved {
		t.Fatal(res, err)
	}
	some, all := false, true
	for _, o := range res.Obligations {
		some = some || o.Vacuous
		all = all && o.Vacuous
	}
	if all {
		t.Error("everything is vacuous")
	}
	if !some {
		t.Error("the obligation about nothing is not told apart")
	}
}
