package equiv

import (
	"context"
	"math/big"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// TestWinogradAlone gives the prover of polynomials Winograd's convolution, of tiles that hang
// over the end and with padding, without any run that would tell wrong ones: no other matrix, tile
// or condition may be equal.
func TestWinogradAlone(t *testing.T) {
	const head = "(K, C, P: size, in I: f32[C][P+1], in W: f32[K][C][3], inout O: f32[K][P]) {\n"
	const direct = "kernel before" + head + `
  for k in 0..K, c in 0..C, i in 0..P, r in 0..3 {
    if i + r >= 1 { O[k][i] += I[c][i+r-1] * W[k][c][r] }
  }
}
`
	const tiled = "kernel after" + head + `
  var U: f32[4][K][C]
  var V: f32[4][C][(P+1)/2]
  for k in 0..K, c in 0..C {
    U[0][k][c] = W[k][c][0]
    U[1][k][c] = (W[k][c][0] + W[k][c][1] + W[k][c][2]) / 2
    U[2][k][c] = 0.5*(W[k][c][0] - W[k][c][1] + W[k][c][2])
    U[3][k][c] = W[k][c][2]
  }
  for c in 0..C, t in 0..(P+1)/2 {
    var d: f32[4]
    for x in 0..4 { d[x] = select(2*t+x >= 1 && 2*t+x < P+2, I[c][2*t+x-1], 0) }
    V[0][c][t] = d[0] - d[2]
    V[1][c][t] = d[1] + d[2]
    V[2][c][t] = d[2] - d[1]
    V[3][c][t] = d[3] - d[1]
  }
  for k in 0..K, t in 0..(P+1)/2 {
    var M: f32[4]
    for x in 0..4 {
      M[x] = 0
      for c in 0..C { M[x] += V[x][c][t] * U[x][k][c] }
    }
    O[k][2*t] += M[0] + M[1] + M[2]
    if 2*t+1 < P { O[k][2*t+1] += M[1] - M[2] + M[3] }
  }
}
`
	for _, c := range []struct{ name, old, now string }{
		{"unchanged", "", ""},
		{"factors exchanged", "V[x][c][t] * U[x][k][c]", "U[x][k][c] * V[x][c][t]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !provedAlone(t, direct, strings.Replace(tiled, c.old, c.now, 1)) {
				t.Error("not proved")
			}
		})
	}
	for _, c := range []struct{ name, old, now string }{
		{"a sign of the image", "d[2] - d[1]", "d[1] - d[2]"},
		{"a sign of the filter", "W[k][c][0] - W[k][c][1]", "W[k][c][0] + W[k][c][1]"},
		{"a sign of the result", "M[1] - M[2] + M[3]", "M[1] - M[2] - M[3]"},
		{"a coefficient", "0.5*", "0.25*"},
		{"a coefficient that is nearly the same", "0.5*", "0.50000001*"},
		{"a point twice", "d[2] - d[1]", "d[1] + d[2]"},
		{"result as the filter", "M[0] + M[1] + M[2]", "M[0] + (M[1] + M[2])/2"},
		{"products of different points", "V[x][c][t] * U[x]", "V[x][c][t] * U[3-x]"},
		{"a tile late", "I[c][2*t+x-1]", "I[c][max(2*t+x-2, 0)]"},
		{"tiles side by side", "I[c][2*t+x-1]", "I[c][min(3*t+x-1, P)]"},
		{"an end too early", "2*t+x < P+2", "2*t+x < P+1"},
		{"no padding", "2*t+x >= 1", "2*t+x >= 2"},
		{"a channel less", "for c in 0..C { M[x]", "for c in 1..C { M[x]"},
		{"a tail left out", "if 2*t+1 < P {", "if 2*t+2 < P {"},
		{"a start from 1", "M[x] = 0", "M[x] = 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if after := strings.Replace(tiled, c.old, c.now, 1); after == tiled || provedAlone(t, direct, after) {
				t.Error("proved")
			}
		})
	}
}

// provedAlone tells whether polynomials prove two kernels equal.
func provedAlone(t *testing.T, before, after string) bool {
	t.Helper()
	f := mustParse(t, "in.loop", []byte(before+after))
	old, err := NewProgram(f, f.Kernels[0])
	if err != nil {
		t.Fatal(err)
	}
	now, err := NewProgram(f, f.Kernels[1])
	if err != nil {
		t.Fatal(err)
	}
	proof := newProver(context.Background(), safetyPool(t), append(old.Assume(), now.Where...))
	old, now = ready(old, now, proof)
	return algebra(proof, old, now, newGuesser(newChecker(proof, old, now))) != nil
}

// TestReadsInSums has a sum count down where another one counts up, of products with what is
// read but not followed: such reads go by the same bound variable as the rest of their term.
func TestReadsInSums(t *testing.T) {
	s := &Stmt{Site: Site{Loops: []*loopir.For{{Iter: "c"}}}}
	term := func(index string) realTerm {
		v, n := loopir.NewVar("v"), poly.Var("N").Sub(poly.Int(1))
		at := map[string]poly.Poly{"up": poly.Var("v"), "down": n.Sub(poly.Var("v"))}[index]
		read := &value{e: &loopir.Read{Name: "t", Index: []loopir.Expr{loopir.NewVar("c")}, Type: loopir.F32}, at: point{s, Env{"c": v}}}
		return realTerm{
			coef:    big.NewRat(1, 1),
			factors: []*atom{{head: "A", index: []poly.Poly{at}}, {read: read}},
			vars:    []string{"v"},
			conds:   []loopir.Expr{loopir.Bin(loopir.Le, loopir.NewInt(0), v), loopir.Bin(loopir.Lt, v, loopir.NewVar("N"))},
		}
	}
	cn := &canon{names: func(v *value, _ bool) string { return readKey(*v) }}
	for _, c := range []struct {
		p    realPoly
		want int
	}{{realPoly{term("up"), term("up")}, 1}, {realPoly{term("up"), term("down")}, 2}} {
		if got := len(cn.collect(c.p, nil, 0)); got != c.want {
			t.Errorf("%d terms, want %d", got, c.want)
		}
	}
}
