package trial

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// forms are kernels whose generated package has to compile and to pass its tests.
const forms = `
// Sums of rows that a table picks.
kernel bag(N, K, V, C: size, in p: i32[N][K], in X: f32[V][C], out Y: f32[N][C]) {
  for n in 0..N, c in 0..C {
    var s: f32 = 0
    for k in 0..K { s += X[p[n][k]][c] }
    Y[n][c] = s
  }
}

// A table of positions in a table, in the last dimension.
kernel gather(M, N, L: size, in at: i64[M], in q: u8[N], in X: f64[M][L], inout Y: f64[M][N]) {
  for i in 0..M, j in 0..N { Y[i][j] += X[at[i]][q[j]] }
}

// Conditions on what is no data, but looks like it.
kernel casts(N: size, in X: f32[N], out Y: f32[N]) {
  for i in 0..N {
    Y[i] = max(X[i], -1)
    Y[i] = Y[i] + bitcast(xor(bitcast(f32(2*0.25)), 3))
    if f32(i) < f32(N) / 2 {
      for j in 0..i { Y[i] += X[j] }
    }
  }
}

// Numbers stored in 16 bits: converted, copied and chosen.
kernel half(N, M: size, in A: bf16[N][M], in B: f16[M], in P: i8[M], out C: bf16[N][M], out D: f16[N][M], inout S: f64[N]) {
  for i in 0..N, j in 0..M {
    C[i][j] = select(P[j] > 0, A[i][j], bf16(f32(A[i][j]) * f32(B[j])))
    D[i][j] = f16(f64(B[j]) * S[i]) 
    S[i] += f64(A[i][j])
    if P[j] == 7 { C[i][j] = bf16(P[j]) }
    if P[j] == 0 { D[i][j] = 1 }
  }
}

// Conditions that go vet takes for slips of the pen.
kernel suspect(N, M: size, in A: i32[N], out B: i32[N]) {
  for i in 0..N {
    B[i] = select(A[i] != 1 || A[i] != -1, 5, 7)
    if i == 3 && i == 0 { B[i] = 1 }
    if i != 3 || i != 4 || i != 3 { B[i] = 2 }
    if A[i] == 3 && (0 == A[i] && A[i] == 3) { B[i] = 3 }
    if A[i] == 3 || M == 3 || 4 == M || A[i] == 3 { B[i] = 4 }
  }
}

// An output with padding that nothing writes.
kernel pairs(N: size, in A: f32[N], out D: f32[N]) {
  for i in 0..N { D[i] = A[i] }
}

// Scalars that loops of the assembly set and statements around them declare.
kernel batchnorm(B, C, H: size, in X: f32[B][C][H], in G: f32[C], out Y: f32[B][C][H]) where B >= 1, H >= 1 {
  for c in 0..C {
    var s: f32 = 0
    for b in 0..B, h in 0..H { S: s += X[b][c][h] }
    var mean: f32 = s/f32(B*H)
    var v: f32 = 0
    for b1 in 0..B, h1 in 0..H { V: v += (X[b1][c][h1]-mean)*(X[b1][c][h1]-mean) }
    for b2 in 0..B, h2 in 0..H { Y[b2][c][h2] = (X[b2][c][h2]-mean)/sqrt(v/f32(B*H)+0.00001)*G[c] }
  }
}

// A row's largest product with any.
kernel nearest(M, N: size, in X: f64[M][N], out Y: f64[M]) {
  for i in 0..M {
    var m: f64 = -inf
    for j in 0..M {
      var a: f64 = 0
      for d in 0..N { A: a += X[i][d]*X[j][d] }
      m max= a
    }
    Y[i] = m
  }
}

// A scalar that a nest around vectors sets, declared in a condition.
kernel corner(M, N: size, in X: i32[M][N], inout Z: i32[M][N], out Y: i32[1]) where N >= 1 {
  if M > 3 {
    var s: i32 = 0
    for i in 0..M {
      for j in 0..N { Z[i][j] += X[i][j] }
      s += X[i][0]
    }
    Y[0] = s
  } else {
    Y[0] = 1
  }
}

schedule lanes for batchnorm {
  block h by 16 into hb, h tail peel into ht, ha
  rfactor S over h into p in registers
  block h1 by 16 into hb1, h1 tail peel into ht1, hr
  rfactor V over h1 into q in registers
  block h2 by 16 into hb2, h2 tail peel
  vectorize h, h1, h2
  parallel c
}
schedule lanes for nearest {
  block i by 4 into ib, i tail peel
  block d by 16 into db, d tail peel into dt, d1
  rfactor A over d into p in registers
  vectorize d
  parallel ib
}
schedule lanes for corner {
  block j by 8 into jb, j tail peel
  vectorize j
}
// Constants of a type without sign, chosen and converted.
kernel thresholds(N: size, t: u8, in I: u8[N], out O: u8[N], out P: i32[N], out Q: i8[N], out R: f32[N]) {
  for i in 0..N {
    O[i] = select(I[i] > t, 255, select(I[i] > 7, 128, 0))
    P[i] = i32(u8(select(I[i] > t, 255, 3)))
    Q[i] = i8(u8(select(I[i] > t, 255, 3)))
    R[i] = f32(u8(select(I[i] > t, 255, 0)))
  }
}

schedule lanes for thresholds {
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule packed for pairs { layout D[i] as [i/2][i%2] }
// Two residue classes, and a triangle in one dimension.
kernel twice(N: size, in X: f32[N], out Y: f32[2*N]) {
  for i in 0..N {
    Y[2*i] = X[i]
    Y[2*i+1] = -X[i]
  }
}
kernel triangle(N: size, in A: f32[N][N], out P: f32[N*(N+1)/2]) {
  for i in 0..N, j in 0..i+1 { P[i*(i+1)/2+j] = A[i][j] }
}

// A product of sizes in blocks.
kernel flattened(M, N: size, in A: f32[M][N], out C: f32[M][N]) {
  for i in 0..M, j in 0..N { C[i][j] = A[i][j] * 2 }
}

schedule rows for twice {
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule rows for triangle {
  block j by 8 into jb, j tail peel
  vectorize j
}
schedule rows for flattened {
  fuse i, j into ij
  block ij by 16 into b, l tail peel
  parallel b
}
schedule rows for suspect { parallel i }
schedule rows for half {
  block j by 8 into jb, j tail peel
  parallel i
}
schedule few for bag {
  assume C < 4 || N % 2 == 0, K >= 1 // one or the other, and the third
  block c by 2 into cb, c tail peel into ct, c1
}
schedule rows for bag { parallel n }
schedule rows for gather { parallel i }
schedule blocked for casts { block j by 4 into jb, j tail min }
`

// assembled are kernels whose assembly has to be read back as what it is emitted from.
const assembled = `
func g(x: f32): f32 {
  let y = x + 1.0
  return y * y
}

// A call in an arm of a choice.
kernel chosen(N: size, in X: f32[N], in Z: f32[N], inout Y: f32[N]) {
  for i in 0..N { Y[i] = select(Z[i] > 0.0, X[i], g(X[i])) }
}

kernel elu(N: size, in X: f32[N], in Z: f32[N], out Y: f32[N]) {
  for i in 0..N { Y[i] = select(Z[i] > 0.0, X[i], exp(X[i])-1.0) }
}

// Updates under conditions on data.
kernel relugrad(N: size, in X: f32[N], in G: f32[N], inout D: f32[N]) {
  for i in 0..N { if X[i] > 0.0 { D[i] += G[i] } }
}

kernel either(N: size, in X: f32[N], in Z: f32[N], inout Y: f32[N]) {
  for i in 0..N { if Z[i] > 0.0 { Y[i] -= X[i] } else { Y[i] += X[i] } }
}

kernel three(N: size, in A: f32[N], in B: f32[N], in C: f32[N], out Y: f32[N]) {
  for i in 0..N { Y[i] = max(A[i], B[i], C[i]) }
}

// What is the same in all lanes, made from lanes.
kernel softmax(D: size, in X: f32[D], out Y: f32[D]) where D >= 1 {
  var m: f32 = -inf
  for d in 0..D { M: m max= X[d] }
  for e in 0..D { Y[e] = exp(X[e] - m) }
}

kernel scores(B, T, D: size, in Q: f32[B][T][D], in K: f32[B][T][D], out O: f32[B][T][T]) {
  for b in 0..B, i in 0..T {
    var s: f32[T]
    for j in 0..T {
      var a: f32 = 0
      for d in 0..D { A: a += Q[b][i][d]*K[b][j][d] }
      s[j] = a
    }
    var m: f32 = -inf
    for j1 in 0..T { M: m max= s[j1] }
    for e in 0..T { O[b][i][e] = s[e] - m }
  }
}

schedule lanes for chosen { vectorize i }
schedule lanes for elu {
  implement exp by exp_f32
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule lanes for relugrad {
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule lanes for either {
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule lanes for three {
  block i by 16 into ib, i tail peel
  vectorize i
}
schedule lanes for softmax {
  implement exp by exp_f32
  block d by 16 into db, d tail peel into dt, dr
  rfactor M over d into mp in registers
  vectorize d, e
}
schedule lanes for scores {
  block d by 16 into db, d tail peel into dt, d1
  rfactor A over d into p in registers
  block j1 by 16 into jb, j1 tail peel into jt, jr
  rfactor M over j1 into q in registers
  vectorize d, j1, e
  parallel b
}
`

func TestForms(t *testing.T) { generated(t, "forms.loop", forms, nil) }

// TestAssembled wants no region of assembly to be left out.
func TestAssembled(t *testing.T) {
	generated(t, "assembled.loop", assembled, func(note *loopir.Error) error {
		if strings.Contains(note.Msg, "This is a defect of loopopt") {
			t.Error(note)
		}
		return nil
	})
}

// generated generates a package, compiles it and runs its tests.
func generated(t *testing.T, name, text string, onNote func(*loopir.Error) error) {
	t.Helper()
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	f, err := loopir.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	files, err := pipeline.Generate(context.Background(), f, f.Schedules, "generated", nil, pipeline.Options{Equiv: equiv.Options{Pool: pool}, OnNote: onNote})
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	failed, err := Run(context.Background(), root, files, Builds()[:2])
	if err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Error(failed)
	}
}
