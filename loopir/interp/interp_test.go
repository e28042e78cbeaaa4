package interp

import (
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/loopir"
)

// parse accepts kernels that are wrong in ways the interpreter has to find.
func parse(t testing.TB, src string) *loopir.File {
	t.Helper()
	f, err := loopir.ParseSyntax("test.loop", []byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	_ = f.Check() // resolves names and types all the same
	return f
}

// small fills arrays with small integers, which all types hold.
func small(p *loopir.Param, off int) Value {
	return Integer(p.Type, int64((off*7+len(p.Name))%11-5))
}

func start(t testing.TB, src string, sizes map[string]int64, opts Options) (*Outputs, error) {
	t.Helper()
	f := parse(t, src)
	k := f.Kernels[len(f.Kernels)-1]
	in, err := RandomInputs(k, sizes, small)
	if err != nil {
		return nil, err
	}
	if opts.MaxSteps == 0 {
		opts.MaxSteps = 1e6
	}
	return Run(context.Background(), f, k, in, opts)
}

const conv = `kernel conv(N, K, C, P, Q, R, S, stride: size,
            in    I: f32[N][C][stride*(P-1)+R][stride*(Q-1)+S],
            in    W: f32[K][C][R][S],
            inout O: f32[N][K][P][Q])
  where stride >= 1, P >= 1, Q >= 1
{
  for n in 0..N, k in 0..K, c in 0..C {
    for oj in 0..P, oi in 0..Q {
      let ij = stride*oj
      let ii = stride*oi
      for r in 0..R, s in 0..S {
        O[n][k][oj][oi] += I[n][c][ij+r][ii+s] * W[k][c][r][s]
      }
    }
  }
}`

func TestConv(t *testing.T) {
	f := parse(t, conv)
	k := f.Kernels[0]
	sizes := map[string]int64{"N": 2, "K": 3, "C": 2, "P": 3, "Q": 4, "R": 3, "S": 2, "stride": 2}
	in, err := RandomInputs(k, sizes, small)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Run(context.Background(), f, k, in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	img, w, o := in.Arrays["I"], in.Arrays["W"], in.Arrays["O"]
	for off := range o.Bits {
		i := o.Index(off)
		want := float32(o.At(i...).Float64())
		for c := range 2 {
			for r := range 3 {
				for s := range 2 {
					want += float32(img.At(i[0], c, 2*i[2]+r, 2*i[3]+s).Float64()) * float32(w.At(i[1], c, r, s).Float64())
				}
			}
		}
		if got := out.Arrays["O"].At(i...).Float64(); got != float64(want) {
			t.Fatalf("O%v is %v, want %v", i, got, want)
		}
	}
	if _, ok := FirstDifference(o, out.Arrays["O"]); !ok {
		t.Error("nothing was computed")
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, src string
		n         int64
		kind      FaultKind
		want      string
	}{
		{"bounds", "for i in 0..N { A[i+1] = 1 }", 3, OutOfBounds, "A[3] is out of bounds: index 0 of extent 3"},
		{"negative index", "A[N-4] = 1", 3, OutOfBounds, "A[-1]"},
		{"uninitialized out", "for i in 0..N { B[i] = B[i] + 1 }", 2, Uninitialized, "B[0] is read before"},
		{"uninitialized local", "var t: f32\nfor i in 0..N { B[i] = t }", 2, Uninitialized, "t is read before"},
		{"local is new each time", "for i in 0..N {\n var t: f32\n if i == 0 { t = 1 }\n B[i] = t }", 2, Uninitialized, "t is read before"},
		{"unwritten", "for i in 0..N-1 { B[i] = 1 }", 2, Unwritten, "B[1] is never written"},
		{"negative extent", "var t: f32[N-3]\nfor i in 0..N { B[i] = 1 }", 2, NegativeExtent, "negative extent -1"},
		{"divide by zero", "for i in 0..3/N { A[0] = 1 }", 0, DivisionByZero, "index divided by 0"},
		{"value divided by zero", "for i in 0..N { J[i] = 5 / (J[i]-J[i]); B[i] = 1 }", 1, DivisionByZero, "integer divided"},
		{"step", "for i in 0..5 step N { A[0] = 1 }", 0, BadStep, "step 0"},
		{"parallel write", "for i in 0..N parallel { A[i/2] = 1 }", 2, Race, "i=0 and i=1 both touch A[0]"},
		{"parallel update", "for i in 0..N parallel { A[0] += 1 }", 2, Race, "both touch A[0]"},
		{"parallel read and write", "for i in 0..N parallel { A[i] = A[N-1-i] }", 2, Race, "both touch"},
		{"vectorize recurrence", "for i in 1..N vectorize { A[i] = A[i-1] }", 3, Race, "vectorize loop i"},
		{"shared local", "var t: f32\nfor i in 0..N parallel { t = 1; B[i] = t }", 2, Race, "both touch t"},
		{"reduction read", "var s: f32 = 0\nfor i in 0..N parallel reduction(+: s) { s += 1; B[i] = s }", 2, Race, "both touch s"},
		{"reduction by itself", "var s: f32 = 0\nfor i in 0..N parallel reduction(+: s) { s += s; B[i] = 1 }", 2, Race, "both touch s"},
		{"too long", "for i in 0..1000*N, j in 0..10000 { A[0] = 1 }", 1, TooLong, "stopped after"},
		{"too large", "var t: f32[N*100000][100000]", 1, TooLarge, "too large to run"},
		{"overflow", "for i in 0..N*4000000000*4000000000 { A[0] = 1 }", 1, Overflow, "overflows"},
	} {
		src := "kernel k(N: size, inout A: f32[N], out B: f32[N], inout J: i32[N]) {\n" + c.src + "\n}"
		_, err := start(t, src, map[string]int64{"N": c.n}, Options{})
		var f *Fault
		if !errors.As(err, &f) || f.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %v: %s", c.name, err, c.kind, c.want)
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, body := range []string{
		"for i in 0..N parallel { var t: f32 = 1; t += A[i]; B[i] = t }",
		"var s: f32 = 0\nfor i in 0..N parallel reduction(+: s) { s += A[i] }\nfor i in 0..N { B[i] = s }",
		"for i in 0..N parallel { A[i] += 1; B[i] = A[i] }",
		"for i in 0..N vectorize { B[i] = select(i+1 < N, A[min(i+1, N-1)], 0) }",
		"for i in 0..N { B[i] = select(i > 0, A[i-1], A[i]) }",
		"for i in 0..N { prefetch A[i+100] to L1\nB[i] = 1 }",
		"for i in 5..2 { A[i] = 1 }\nfor i in 0..N { B[i] = 1 }",
		"for j in 0..2 { for i in 0..N parallel { A[i] += 1 } }\nfor i in 0..N step 1 { B[i] = 1 }",
		"for i in 0..N { if A[i] > 0 && A[i] < 3 || !(A[i] != 2) { B[i] = 1 } else { B[i] = A[i] } }",
	} {
		src := "kernel k(N: size, inout A: f32[N], out B: f32[N]) {\n" + body + "\n}"
		for _, n := range []int64{0, 1, 5} {
			if _, err := start(t, src, map[string]int64{"N": n}, Options{}); err != nil {
				t.Errorf("%s: N=%d: %v", body, n, err)
			}
		}
	}
}

func TestInputs(t *testing.T) {
	f := parse(t, "kernel k(N: size, a: f32, in A: f32[N], out B: f32[N]) where N >= 2 { for i in 0..N { B[i] = a*A[i] } }")
	k := f.Kernels[0]
	good := func() *Inputs {
		in, err := RandomInputs(k, map[string]int64{"N": 2}, small)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	for _, c := range []struct {
		break_ func(*Inputs)
		kind   FaultKind
	}{
		{func(in *Inputs) { in.Sizes = map[string]int64{"N": 1} }, WhereFails},
		{func(in *Inputs) { in.Sizes = nil }, BadInput},
		{func(in *Inputs) { in.Sizes = map[string]int64{"N": -2} }, BadInput},
		{func(in *Inputs) { in.Sizes = map[string]int64{"N": 3} }, BadInput},
		{func(in *Inputs) { delete(in.Arrays, "A") }, BadInput},
		{func(in *Inputs) { in.Arrays["A"] = NewArray(loopir.F64, 2) }, BadInput},
		{func(in *Inputs) { in.Scalars = nil }, BadInput},
	} {
		in := good()
		c.break_(in)
		var fault *Fault
		if _, err := Run(context.Background(), f, k, in, Options{}); !errors.As(err, &fault) || fault.Kind != c.kind {
			t.Errorf("%v, want %v", err, c.kind)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	long := parse(t, "kernel k(inout A: f32[1]) { for i in 0..1000000000 { A[0] = 1 } }")
	in, _ := RandomInputs(long.Kernels[0], nil, small)
	began := time.Now()
	if _, err := Run(ctx, long, long.Kernels[0], in, Options{}); err == nil || time.Since(began) > time.Second {
		t.Error("a cancelled run went on", err)
	}
}

const calls = `
kernel axpy(n: size, a: f32, in x: f32[n], inout y: f32[n]) where n >= 1 { for i in 0..n { y[i] += a*x[i] } }
kernel clear(n, m: size, out z: f32[n][m]) { for i in 0..n, j in 0..m { z[i][j] = 0 } }
kernel k(N: size, in A: f32[N][N], inout B: f32[N][N], out C: f32[N][N]) {
`

func TestCalls(t *testing.T) {
	const body = `
	for i in 0..N { axpy(N, 2, A[i][0..N], B[N-1-i][0..N]) }
	for j in 0..N { axpy(N, A[0][j], A[0..N][j], B[0..N][0]) }
	clear(N, N, C)
	if N > 3 { axpy(2, 1, C[0..2][3], C[2..4][2]) }
}`
	f := parse(t, calls+body)
	k := f.Kernel("k")
	for _, n := range []int64{0, 1, 4} {
		in, err := RandomInputs(k, map[string]int64{"N": n}, small)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Run(context.Background(), f, k, in, Options{})
		if err != nil {
			t.Fatal(err)
		}
		flat, err := f.InlineCalls(k)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Run(context.Background(), f, flat, in, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"B", "C"} {
			if cell, differ := FirstDifference(a.Arrays[name], b.Arrays[name]); differ {
				t.Errorf("N=%d: inlining changes %s", n, CellName(name, cell))
			}
		}
	}
}

func TestCallFaults(t *testing.T) {
	for _, c := range []struct {
		body string
		kind FaultKind
	}{
		{"clear(N, N, C); axpy(N, 1, B[0][0..N], B[0][0..N])", Alias},
		{"clear(N, N, C); axpy(2, 1, B[0][0..2], B[0][1..3])", Alias},
		{"clear(N, N, C); axpy(N, 1, A[0][0..N-1], B[0][0..N])", OutOfBounds},
		{"clear(N, N, C); axpy(N, 1, A[N][0..N], B[0][0..N])", OutOfBounds},
		{"clear(N, N, C); axpy(N-3, 1, A[0][0..N-3], B[0][0..N-3])", WhereFails},
		{"clear(N, N, C); axpy(N-4, 1, A[0][0..N-3], B[0][0..N-3])", WhereFails},
		{"axpy(N, 1, C[0][0..N], B[0][0..N])", Uninitialized},
		{"clear(N, N-1, C[0..N][1..N])", Unwritten},
		{"clear(N, N, C); clear(N, 0, B[0..N][2..1])", NegativeExtent},
	} {
		var f *Fault
		if _, err := start(t, calls+c.body+"\n}", map[string]int64{"N": 3}, Options{}); !errors.As(err, &f) || f.Kind != c.kind {
			t.Errorf("%s: %v, want %v", c.body, err, c.kind)
		}
	}
}

// one evaluates an expression over scalars x, y, z of a type.
func one(t *testing.T, typ loopir.Type, name, expr string, x, y, z Value) Value {
	t.Helper()
	src := strings.ReplaceAll("func g(a, b: T): T\nfunc twice(a: T): T {\nlet b = a\nreturn b + a\n}\nfunc scaled(a, b: T): T { return twice(a) * 2 + b }\n", "T", name) +
		"kernel k(x, y, z: " + name + ", out B: " + name + "[1]) { B[0] = " + expr + " }"
	f := parse(t, src)
	in := &Inputs{Scalars: map[string]Value{"x": x, "y": y, "z": z}}
	out, err := Run(context.Background(), f, f.Kernels[0], in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Arrays["B"].At(0)
}

var floats = map[string]loopir.Type{"f64": loopir.F64, "f32": loopir.F32, "bf16": loopir.BF16, "f16": loopir.F16}

// TestRounding compares with exact arithmetic in math/big.
func TestRounding(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for name, typ := range floats {
		width := map[loopir.Type]int{loopir.F64: 64, loopir.F32: 32, loopir.BF16: 16, loopir.F16: 16}[typ]
		pick := func() uint64 {
			b := r.Uint64() >> (64 - width)
			if r.Intn(3) == 0 { // near each other, so that sums cancel
				b = Float(typ, float64(r.Intn(64)-32)*math.Ldexp(1, -r.Intn(20))).Bits
			}
			return b
		}
		d := concrete{}
		for range 5000 {
			x, y, z := pick(), pick(), pick()
			fx, fy, fz := toFloat(typ, x), toFloat(typ, y), toFloat(typ, z)
			if math.IsNaN(fx+fy+fz) || math.IsInf(fx, 0) || math.IsInf(fy, 0) || math.IsInf(fz, 0) {
				continue
			}
			bx, by, bz := exact(fx), exact(fy), exact(fz)
			checkRounded(t, typ, name+" +", d.binary("+", typ)(x, y), exact(0).Add(bx, by))
			checkRounded(t, typ, name+" -", d.binary("-", typ)(x, y), exact(0).Sub(bx, by))
			checkRounded(t, typ, name+" *", d.binary("*", typ)(x, y), exact(0).Mul(bx, by))
			checkRounded(t, typ, name+" fma", d.fma(typ)(x, y, z), exact(0).Add(exact(0).Mul(bx, by), bz))
			if fy != 0 {
				checkRounded(t, typ, name+" /", d.binary("/", typ)(x, y), exact(0).Quo(bx, by))
			}
			if fx > 0 {
				checkRounded(t, typ, name+" sqrt", d.unary("sqrt", typ)(x), exact(0).Sqrt(bx))
			}
		}
	}
}

func exact(f float64) *big.Float { return new(big.Float).SetPrec(4500).SetFloat64(f) }

// checkRounded wants got to be a nearest value to want, the even one of two.
func checkRounded(t *testing.T, typ loopir.Type, what string, got uint64, want *big.Float) {
	t.Helper()
	if want.Sign() == 0 {
		if toFloat(typ, got) != 0 {
			t.Fatalf("%s: %v, want 0", what, toFloat(typ, got))
		}
		return
	}
	prec, emin := map[loopir.Type]int{loopir.F64: 53, loopir.F32: 24, loopir.BF16: 8, loopir.F16: 11}[typ],
		map[loopir.Type]int{loopir.F64: -1074, loopir.F32: -149, loopir.BF16: -133, loopir.F16: -24}[typ]
	emax := map[loopir.Type]int{loopir.F64: 1024, loopir.F32: 128, loopir.BF16: 128, loopir.F16: 16}[typ]
	// Scale so that the last bit is a unit, round to an integer, ties to even.
	ulp := max(want.MantExp(nil)-prec, emin)
	scaled := exact(0).SetMantExp(want, -ulp)
	n, _ := scaled.Int(nil)
	rest := exact(0).Sub(scaled, new(big.Float).SetInt(n))
	half := rest.Abs(rest).Cmp(big.NewFloat(0.5))
	if half > 0 || half == 0 && n.Bit(0) == 1 {
		n.Add(n, big.NewInt(int64(want.Sign())))
	}
	f := exact(0).SetMantExp(new(big.Float).SetInt(n), ulp)
	v := toFloat(typ, got)
	if f.MantExp(nil) > emax {
		if !math.IsInf(v, want.Sign()) {
			t.Fatalf("%s: %v, want an infinity", what, v)
		}
		return
	}
	if math.IsInf(v, 0) || math.IsNaN(v) || exact(v).Cmp(f) != 0 {
		t.Fatalf("%s: %v, want %v", what, v, f.Text('g', 30))
	}
}

// TestSmallFormats rounds every 16-bit value back to itself, and the middle
// between neighbours to the even one.
func TestSmallFormats(t *testing.T) {
	for _, typ := range []loopir.Type{loopir.BF16, loopir.F16} {
		for b := range uint64(1 << 16) {
			f := toFloat(typ, b)
			if math.IsNaN(f) {
				continue
			}
			if got := fromFloat(typ, f); got != b {
				t.Fatalf("type %d: %#x reads back as %#x", typ, b, got)
			}
			if next := toFloat(typ, b+1); b&0x7fff < 0x7bff && !math.IsInf(next, 0) && !math.IsNaN(next) {
				if got := fromFloat(typ, (f+next)/2); got != b+b&1 {
					t.Fatalf("type %d: middle above %#x gives %#x", typ, b, got)
				}
			}
		}
	}
}

func TestValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		typ, expr string
		x, y, z   float64
		want      float64
	}{
		{"f32", "max(x, y)", nan, 1, 0, nan},
		{"f32", "1 / min(x, y)", math.Copysign(0, -1), 0, 0, -inf},
		{"f32", "max(x, y, z)", 1, 3, 2, 3},
		{"f32", "x + 0.1", 0, 0, 0, float64(float32(0.1))},
		{"f32", "x*y + z", 16777217, 1, 1, 16777216},
		{"f32", "fma(x, y, z)", 4097, 4097, -16785408, 1},
		{"f32", "x*y + z", 4097, 4097, -16785408, 0},
		{"bf16", "x + y", 256, 1, 0, 256},
		{"f16", "x * y", 300, 300, 0, inf},
		{"f32", "sigmoid(x)", 0, 0, 0, 0.5},
		{"f32", "tanh(x)", inf, 0, 0, 1},
		{"f32", "abs(-x)", 3, 0, 0, 3},
		{"f32", "select(x > y && !(z == 0), x, y)", 3, 2, 0, 2},
		{"f64", "f64(bf16(x))", 1.00390625, 0, 0, 1},
		{"i8", "x * y", 100, 2, 0, -56},
		{"u8", "x - y", 1, 2, 0, 255},
		{"i32", "x / y", -7, 2, 0, -3},
		{"i32", "x % y", -7, 2, 0, -1},
		{"i8", "-x", -128, 0, 0, -128},
		{"i32", "i32(f64(x) * 1e9)", 100, 0, 0, math.MaxInt32},
		{"i64", "i64(f32(x))", 16777217, 0, 0, 16777216},
		{"i8", "min(x, -128)", 3, 0, 0, -128},
		{"f32", "1 / -0.0", 0, 0, 0, -inf},
		{"i32", "min(x, y, -4)", 3, 2, 0, -4},
		{"f32", "round(x) + round(y)", 2.5, 3.5, 0, 6},
		{"f32", "1 / round(x)", -0.5, 0, 0, -inf},
		{"f64", "floor(x) + ceil(y) * 10 + trunc(z) * 100", -1.5, 1.5, -1.5, -82},
		{"bf16", "floor(x)", 1.5, 0, 0, 1},
		{"i32", "i32(round(f64(x) / 2))", 7, 0, 0, 4},
		{"i8", "and(x, y) + or(x, y) * 0 + xor(x, -1)", 0x55, 0x0f, 0, 0x05 - 0x55 - 1},
		{"u8", "not(x)", 3, 0, 0, 252},
		{"i32", "not(x)", 3, 0, 0, -4},
		{"i8", "shl(x, 1)", 100, 0, 0, -56},
		{"i8", "shr(x, 1)", -3, 0, 0, -2},
		{"u8", "shr(x, 7)", 200, 0, 0, 1},
		{"i64", "shr(shl(x, 63), 63)", 1, 0, 0, -1},
		{"i32", "bitcast(f32(1.5) * f32(x))", 1, 0, 0, 0x3fc00000},
		{"f32", "bitcast(i32(0x7f800000))", 0, 0, 0, inf},
		{"i64", "bitcast(-f64(x))", 0, 0, 0, math.MinInt64},
		{"f32", "twice(twice(x) + 1)", 3, 0, 0, 14},
		{"i32", "scaled(x, 5)", 3, 0, 0, 17},
	} {
		typ := loopir.ParseType(c.typ)
		v := func(f float64) Value { return Float(typ, f) }
		got := one(t, typ, c.typ, c.expr, v(c.x), v(c.y), v(c.z))
		if !got.Same(v(c.want)) {
			t.Errorf("%s %s of %v %v %v: %v, want %v", c.typ, c.expr, c.x, c.y, c.z, got, c.want)
		}
	}
	a := one(t, loopir.F32, "f32", "g(x, y)", Float(loopir.F32, 1), Float(loopir.F32, 2), Value{Type: loopir.F32})
	b := one(t, loopir.F32, "f32", "g(y, x)", Float(loopir.F32, 2), Float(loopir.F32, 1), Value{Type: loopir.F32})
	c := one(t, loopir.F32, "f32", "g(y, x)", Float(loopir.F32, 1), Float(loopir.F32, 2), Value{Type: loopir.F32})
	if !a.Same(b) || a.Same(c) {
		t.Error("uninterpreted function:", a, b, c)
	}
}

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		typ  loopir.Type
		text string
		want uint64
	}{
		{loopir.BF16, "1.00390625", 0x3f80},                       // a tie, to even
		{loopir.BF16, "1.003906250000000000000000000001", 0x3f81}, // just above it
		{loopir.F16, "65519.999999999999999999999", 0x7bff},
		{loopir.F16, "65520", 0x7c00},
		{loopir.F32, "1e-50", 0},
		{loopir.F64, "inf", 0x7ff << 52},
		{loopir.F32, "0.1", 0x3dcccccd},
	} {
		if got, ok := literal(c.typ, c.text); !ok || got != c.want {
			t.Errorf("%s: %#x %t, want %#x", c.text, got, ok, c.want)
		}
	}
	if got, _ := bigLiteral(loopir.BF16, big.NewInt(257)); got != 0x4380 {
		t.Errorf("257 is %#x", got)
	}
	if got := fromInt(loopir.F16, 2049); got != 0x6800 {
		t.Errorf("2049 is %#x", got)
	}
	if got := fromInt(loopir.BF16, 1<<60+1<<52+1); got != fromFloat(loopir.BF16, 1<<60*(1+1.0/128)) {
		t.Errorf("large integer is %#x", got)
	}
	if _, ok := bigLiteral(loopir.I8, big.NewInt(128)); ok {
		t.Error("128 is no i8")
	}
}

func TestPacking(t *testing.T) {
	f := parse(t, `kernel k(N, C: size, in I: f32[N][(C+3)/4][4] packs [n: N][c: C] as [n][c/4][c%4], out O: f32[N][(C+3)/4][4] packs [n: N][c: C] as [n][c/4][c%4]) {
		for n in 0..N, c in 0..C { O[n][c/4][c%4] = I[n][c/4][c%4] + 1 }
	}`)
	k := f.Kernels[0]
	sizes := map[string]int64{"N": 2, "C": 6}
	pk, err := NewPacking(k.Param("I"), sizes)
	if err != nil {
		t.Fatal(err)
	}
	a := NewArray(loopir.F32, 2, 6).Fill(func(off int) Value { return Float(loopir.F32, float64(off)) })
	packed := pk.Pack(a, Float(loopir.F32, math.NaN()))
	if got := packed.At(1, 1, 1).Float64(); got != 11 {
		t.Error("packed cell is", got)
	}
	out, err := Run(context.Background(), f, k, &Inputs{Sizes: sizes, Arrays: map[string]*Array{"I": packed}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := pk.Unpack(out.Arrays["O"])
	for off := range b.Bits {
		if got := b.At(b.Index(off)...).Float64(); got != float64(off+1) {
			t.Errorf("cell %v is %v", b.Index(off), got)
		}
	}
	k.Param("I").Layout.Index[2] = loopir.NewInt(0)
	if _, err := NewPacking(k.Param("I"), sizes); err == nil {
		t.Error("two logical cells in one packed cell")
	}
}

func TestTrace(t *testing.T) {
	var got []string
	trace := func(e *Event) {
		s := e.Write.String() + describeIters(e.Iters) + " from"
		for _, r := range e.Reads {
			s += " " + r.String()
		}
		got = append(got, s)
	}
	_, err := start(t, "kernel k(N: size, inout A: i32[N]) { for i in 1..N { A[i] += A[i-1] } }", map[string]int64{"N": 3}, Options{Trace: trace})
	want := "A[1] = -1 at (i=1) from A[0] = -4 A[1] = 3|A[2] = -2 at (i=2) from A[1] = -1 A[2] = -1"
	if err != nil || strings.Join(got, "|") != want {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "|"), want)
	}
}

func BenchmarkConv(b *testing.B) {
	f := parse(b, conv)
	sizes := map[string]int64{"N": 1, "K": 16, "C": 16, "P": 14, "Q": 14, "R": 3, "S": 3, "stride": 1}
	in, err := RandomInputs(f.Kernels[0], sizes, small)
	if err != nil {
		b.Fatal(err)
	}
	var steps int64
	for b.Loop() {
		out, err := Run(context.Background(), f, f.Kernels[0], in, Options{})
		if err != nil {
			b.Fatal(err)
		}
		steps = out.Steps
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}
