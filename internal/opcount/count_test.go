package opcount

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      Ops
	}{
		{"product", `kernel k(N: size, in A: f32[N][N], in x: f64[N], out y: f64[N]) {
  for i in 0..N {
    y[i] = 0
    for j in 0..N { y[i] += x[j] * x[i] }
  }
}`, Ops{F64: 200}},
		{"integers", `kernel k(N: size, in A: i32[N], out B: i32[N]) {
  for i in 0..N { B[i] = A[i] * A[i] + i32(1) }
}`, Ops{Int: 20}},
		{"triangle", `kernel k(N: size, in A: f32[N][N], out y: f32[N]) {
  for i in 0..N {
    y[i] = 0
    for j in 0..i + 1 { y[i] += A[i][j] }
  }
}`, Ops{F32: 55}},
		{"guard", `kernel k(N: size, in A: f32[N], out y: f32[N]) {
  for i in 0..N {
    y[i] = 0
    for r in 0..3 { if i + r >= 1 && i + r < N + 1 { y[i] += A[i + r - 1] * 2 } }
  }
}`, Ops{F32: 56}},
		{"condition on data", `kernel k(N: size, in A: f32[N], out y: f32[N]) {
  for i in 0..N { if A[i] > 0 { y[i] = A[i] } else { y[i] = A[i] * 0.1 } }
}`, Ops{F32: 10}},
	} {
		f, err := loopir.Parse(c.name, []byte(c.src))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := Count(f.Kernels[0], map[string]int64{"N": 10}); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := (Ops{F64: 8}).Peak(100); got != 50 {
		t.Errorf("peak of f64: %v", got)
	}
	if got := (Ops{F32: 8, Int: 1}).Peak(100); got != 0 {
		t.Errorf("peak with integers: %v", got)
	}
}
