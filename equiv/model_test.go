package equiv

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

func program(t *testing.T, src string) *Program {
	t.Helper()
	f, err := loopir.Parse("p.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProgram(f, f.Kernels[len(f.Kernels)-1])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProgram(t *testing.T) {
	p := program(t, `
kernel sq(n: size, in X: f32[n], out Y: f32[n]) {
  let d = n - 1
  for i in 0..n { Y[i] = X[d-i] * X[d-i] }
}
kernel k(N: size, in A: f32[N][N], inout B: f32[N][N]) {
  for i in 0..N step 2 {
    var s: f32 = A[i][0]
    sq(N, A[i][0..N], B[i][0..N])
    if B[i][0] > s && i < N-1 { B[i][0] = s } else { S: B[i][0] += 1.0 }
  }
  for i in 0..N { var s: f32 = 0 }
}`)
	var got []string
	for _, s := range p.Stmts {
		got = append(got, loopir.FormatExpr(s.LHS)+" = "+loopir.FormatExpr(s.RHS))
	}
	want := []string{
		"s = A[i][0]", "B[i][sq.i] = A[i][N-1-sq.i] * A[i][N-1-sq.i]",
		"if!1 = 0 != 0", "if!1 = B[i][0] > s", "B[i][0] = s", "B[i][0] = 1.0", "s!2 = 0",
	}
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			t.Fatalf("statements %q, want %q", got, want)
		}
	}
	if s := p.ByID(2); s == nil || s.Label != "S" || len(s.Conds) != 1 || !s.Conds[0].Negate {
		t.Errorf("statement 2 is %+v", s)
	}
	if s := p.ByID(1); len(s.Guards) != 1 || loopir.FormatExpr(s.Guards[0]) != "i < N-1" {
		t.Errorf("guards %v", s.Guards)
	}
}

func TestBefore(t *testing.T) {
	p := program(t, `
kernel k(N: size, inout A: f32[N]) {
  for i in 0..N {
    A[i] = 0.0
    for j in 0..N { A[j] = 1.0 }
  }
  A[0] = 2.0
}`)
	for _, c := range []struct {
		a, b int
		want string
	}{
		{0, 1, "i!1 < i!2 || i!1 == i!2"},
		{1, 0, "i!1 < i!2"},
		{1, 1, "i!1 < i!2 || i!1 == i!2 && j!1 < j!2"},
		{1, 2, "0 == 0"},
		{2, 0, "0 != 0"},
	} {
		a, b := p.Stmts[c.a], p.Stmts[c.b]
		if got := loopir.FormatExpr(Before(&a.Site, a.Fresh("!1"), &b.Site, b.Fresh("!2"))); got != c.want {
			t.Errorf("%d before %d when %s, want %s", c.a, c.b, got, c.want)
		}
	}
}
