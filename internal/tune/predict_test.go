package tune

import (
	"math"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// core is a core whose figures are easy to compute with: a cycle is a second.
func core(t *testing.T) *Machine {
	t.Helper()
	m, err := Typical("avx512")
	if err != nil {
		t.Fatal(err)
	}
	m.Hz, m.FMAs, m.Loads, m.Broadcasts, m.Stores, m.Issue, m.Latency = 1, 1, 1, 2, 0.5, 4, 4
	m.Caches = []Level{{"L1", 4096, 64}, {"L2", 65536, 32}, {"L3", 1 << 20, 16}, {"memory", 0, 8}}
	return m
}

func predict(t *testing.T, src string, sizes map[string]int64) *Prediction {
	t.Helper()
	f, err := loopir.Parse("k.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Predict(f.Kernels[0], nil, sizes, 1, core(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tile is a convolution's: KB vectors of output channels by Q pixels.
const tile = `kernel k(C: size, in I: f32[C][Q], in W: f32[C][KB][16], out O: f32[KB][Q][16]) {
  var acc: f32[KB][Q][16] in registers
  for b in 0..KB unroll, q in 0..Q unroll, k in 0..16 vectorize { acc[b][q][k] = 0 }
  for c in 0..C {
    for q in 0..Q unroll, b in 0..KB unroll, k in 0..16 vectorize {
      acc[b][q][k] = fma(I[c][q], W[c][b][k], acc[b][q][k])
    }
  }
  for b in 0..KB unroll, q in 0..Q unroll, k in 0..16 vectorize { O[b][q][k] = acc[b][q][k] }
}
`

func TestTile(t *testing.T) {
	for _, c := range []struct {
		kb, q string
		want  Tile
	}{
		// One weight a vector, one pixel a broadcast. Instructions: all of these, counting, the jump
		// and two pointers.
		{"2", "14", Tile{FMAs: 28, Loads: 2, Broadcasts: 14, Registers: 29, Issued: 48, Cycles: 28, Bound: "multiply-adds", Loading: 9}},
		{"1", "2", Tile{FMAs: 2, Loads: 1, Broadcasts: 2, Registers: 3, Issued: 9, Cycles: 4, Bound: "latency", Loading: 2}},
		// 31 accumulators leave room for one vector: pixels are operands in memory.
		{"1", "31", Tile{FMAs: 31, Loads: 1, Broadcasts: 31, Registers: 32, Issued: 36, Cycles: 31, Bound: "multiply-adds", Loading: 16.5}},
		{"2", "15", Tile{FMAs: 30, Loads: 2, Broadcasts: 30, Registers: 31, Issued: 36, Cycles: 30, Bound: "multiply-adds", Loading: 17}},
		{"2", "28", Tile{FMAs: 56, Loads: 2, Broadcasts: 56, Registers: 57, Issued: 62, Cycles: 56, Bound: "multiply-adds", Loading: 30}},
	} {
		src := strings.NewReplacer("KB", c.kb, "[Q]", "["+c.q+"]", "..Q", ".."+c.q).Replace(tile)
		p := predict(t, src, map[string]int64{"C": 1000})
		if p.Tile != c.want {
			t.Errorf("%s by %s: %+v, want %+v", c.kb, c.q, p.Tile, c.want)
		}
		if hopeless := p.Hopeless(core(t)) != ""; hopeless != (c.want.Registers > 32) {
			t.Errorf("%s by %s: hopeless %v", c.kb, c.q, hopeless)
		}
	}
}

// A run is the iterations of the tile, and what comes before and after.
func TestCore(t *testing.T) {
	p := predict(t, strings.NewReplacer("KB", "2", "[Q]", "[14]", "..Q", "..14").Replace(tile), map[string]int64{"C": 100})
	// 28 registers are written at no cost of these ports, 28 vectors are stored in two cycles each.
	if want := 100*28 + 28*2.0; p.Core != want {
		t.Errorf("%v cycles, want %v", p.Core, want)
	}
}

// Each call of assembly costs something, where what is called is short nearly all.
func TestEntries(t *testing.T) {
	f, err := loopir.Parse("k.loop", []byte(`kernel k(N: size, out B: f32[N][16]) {
  for i in 0..N { for l in 0..16 vectorize { B[i][l] = 0 } }
}`))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Kernels[0]
	outer := k.Body[0].(*loopir.For)
	m := core(t)
	for _, c := range []struct {
		entry loopir.Stmt
		want  float64
	}{{outer, 100*2 + 60}, {outer.Body[0], 100 * (2 + 60)}} {
		p, err := Predict(k, []loopir.Stmt{c.entry}, map[string]int64{"N": 100}, 1, m)
		if err != nil {
			t.Fatal(err)
		}
		if p.Core != c.want || (p.Bound == "calls of assembly") != (c.want > 1000) {
			t.Errorf("%v cycles for %s, want %v", p.Core, p.Bound, c.want)
		}
	}
}

func TestTraffic(t *testing.T) {
	const (
		again = `kernel k(N, M: size, in A: f32[M], out B: f32[N]) {
  for i in 0..N { B[i] = 0
    for j in 0..M { B[i] += A[j] } }
}`
		rows = `kernel k(N, M: size, in A: f32[N+2][M], out B: f32[N][M]) {
  for i in 0..N, j in 0..M { B[i][j] = A[i][j] + A[i+1][j] + A[i+2][j] }
}`
		product = `kernel k(N, M: size, in A: f32[N][M], in B: f32[M][N], out C: f32[N][N]) {
  for i in 0..N, j in 0..N { C[i][j] = 0
    for l in 0..M { C[i][j] += A[i][l] * B[l][j] } }
}`
		strided = `kernel k(N, M: size, in A: f32[2*N][M], out B: f32[N]) {
  for i in 0..N { B[i] = A[2*i][0] }
}`
	)
	for _, c := range []struct {
		name, src string
		n, m      int64
		from      string
		want      float64 // bytes
	}{
		{"all in the cache", again, 16, 512, "L2", 0},
		// A, of 2000 bytes, stays while B passes, there and back.
		{"an array that fits", again, 1600, 500, "L2", 2048 + 2*1600*4},
		// Each of the two statements has its own line of B.
		{"an array that doesn't", again, 100, 1600, "L2", 100 * (1600*4 + 2*64 + 2*64)},
		// Three rows of A and one of B, 3072 bytes, stay: each row of A comes once.
		{"rows of a stencil", rows, 1000, 192, "L2", 1002*192*4 + 2*1000*192*4},
		// Four rows are too many: each row of B wants three rows of A.
		{"long rows of a stencil", rows, 100, 320, "L2", 100 * (3*320*4 + 2*320*4)},
		{"and from the last level", rows, 1000, 320, "memory", 1002*320*4 + 2*1000*320*4},
		// A column of B is 48 lines, which the next column is in, too; all of them are too many.
		{"columns", product, 64, 48, "L2", 64 * (48*4 + 48*64*4 + 2*64*4)},
		{"every second row", strided, 4096, 16, "L2", 4096*64 + 2*4096*4},
	} {
		p := predict(t, c.src, map[string]int64{"N": c.n, "M": c.m})
		speed := 0.0
		for _, l := range core(t).Caches {
			if l.Name == c.from {
				speed = l.Speed
			}
		}
		if got := p.Levels[c.from] * speed; math.Abs(got-c.want) > 1 {
			t.Errorf("%s: %.0f bytes from %s, want %.0f", c.name, got, c.from, c.want)
		}
	}
}

// Guards are looked at where they differ: at both ends and in the middle.
func TestGuards(t *testing.T) {
	const src = `kernel k(N: size, in A: f32[N], out B: f32[N][16]) {
  for i in 0..N {
    for l in 0..16 vectorize { B[i][l] = 0 }
    for r in 0..3 unroll { if i + r >= 1 && i + r <= N {
      for l in 0..16 vectorize { B[i][l] += A[i+r-1] } } }
  }
}`
	p := predict(t, src, map[string]int64{"N": 100})
	// In the middle there are 3 operations, at the ends 2; but 10 instructions: these, 2 broadcasts, a load
	// and a store of B, counting, the jump and two pointers.
	if want := 98*3 + 2*10/4.0; p.Core != want {
		t.Errorf("%v cycles, want %v", p.Core, want)
	}
}

func TestNothingToRun(t *testing.T) {
	f, err := loopir.Parse("k.loop", []byte(`kernel k(N: size, out B: f32[N]) { for i in 0..N { B[i] = 0 } }`))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := Predict(f.Kernels[0], nil, map[string]int64{"N": 0}, 0, core(t)); err == nil {
		t.Errorf("no error, but %+v", p)
	}
}

func TestIntervals(t *testing.T) {
	v := env{"i": {2, 9}, "n": {20, 20}}
	for text, want := range map[string]interval{
		"i": {2, 9}, "n-i": {11, 18}, "3*i-1": {5, 26}, "i/4": {0, 2}, "i%16": {2, 9}, "i%4": {0, 3}, "(i-4)/4": {-1, 1},
		"min(i, 5)": {2, 5}, "max(i, n)": {20, 20}, "-i": {-9, -2},
	} {
		e := parseIndex(t, text)
		if got, ok := eval(e, v); !ok || got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"i < 10": "always", "i >= 10": "never", "i > 4": "", "i == 2": "", "n == 20": "always", "i != n": "always",
		"i < 10 && i > 4": "", "i < 10 && n > 3": "always", "i > 4 || n > 3": "always", "i > 9 || n < 3": "never", "!(i < 10)": "never",
	} {
		got := ""
		if e := parseIndex(t, text); always(e, v) {
			got = "always"
		} else if never(e, v) {
			got = "never"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func parseIndex(t *testing.T, text string) loopir.Expr {
	t.Helper()
	step := &loopir.Step{Verb: "assume"}
	f, err := loopir.Parse("e.loop", []byte("kernel k(n: size, out A: f32[1]) { A[0] = 0 }\nschedule s for k { x "+text+" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	step.Args = f.Schedules[0].Items[0].Args
	e, err := loopir.NewCursor(step).Expr(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMeasuredMachine(t *testing.T) {
	for _, name := range []string{"avx512", "avx2", "neon"} {
		m, err := Measured(name)
		if err != nil {
			t.Fatal(err)
		}
		if m.Peak() < 1e9 || m.Loads <= 0 || m.Stores <= 0 || m.Registers < 16 {
			t.Errorf("%s: %+v", name, m)
		}
		for i, l := range m.Caches[1:] {
			if l.Speed <= 0 || l.Size > 0 && l.Size < m.Caches[i].Size {
				t.Errorf("%s: %+v", name, m.Caches)
			}
		}
	}
	if _, err := Measured("mmx"); err == nil {
		t.Error("mmx: no error")
	}
}
