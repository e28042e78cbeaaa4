package library

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// arguments are those where something happens, their neighbours, and some at random.
func arguments(n int) []float32 {
	var out []float32
	for _, x := range []float64{
		0, 1, 0.5, 2, math.Sqrt2, math.Sqrt2 / 2, math.Ln2 / 2, 0.96, 4, 9, 10, 15, 17, 25, 87, 88.72284, 89, 103.97, 104, 120, 170, 1e10, 1e38,
		math.MaxFloat32, math.Inf(1), math.NaN(), 0x1p-126, 0x1p-149, 0x1p-24,
	} {
		for _, y := range []float32{float32(x), float32(-x)} {
			out = append(out, y, math.Nextafter32(y, 0), math.Nextafter32(y, float32(math.Inf(1))))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for len(out) < n {
		out = append(out, math.Float32frombits(r.Uint32()), float32(r.NormFloat64()*4))
	}
	return out
}

// apply has the interpreter apply a function of f to the bits of arguments of type typ.
func apply(t *testing.T, f *loopir.File, name string, typ loopir.Type, args []uint64) []uint64 {
	t.Helper()
	text := string(loopir.Format(&loopir.File{Funcs: f.Funcs})) + fmt.Sprintf("\nkernel k(N: size, in X: %[2]s[N], out Y: %[2]s[N]) {\n  for i in 0..N { Y[i] = %[1]s(X[i]) }\n}\n", name, typ)
	g, err := loopir.Parse("k.loop", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := &interp.Array{Type: typ, Shape: []int{len(args)}, Bits: args}
	out, err := interp.Run(context.Background(), g, g.Kernels[0], &interp.Inputs{Sizes: map[string]int64{"N": int64(len(args))}, Arrays: map[string]*interp.Array{"X": in}}, interp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Arrays["Y"].Bits
}

func run(t *testing.T, f *loopir.File, name string, args []float32) []float32 {
	t.Helper()
	var in []uint64
	for _, x := range args {
		in = append(in, uint64(math.Float32bits(x)))
	}
	var ys []float32
	for _, b := range apply(t, f, name, loopir.F32, in) {
		ys = append(ys, math.Float32frombits(uint32(b)))
	}
	return ys
}

// Those of f64 are near Go's, and take the same limits. On amd64 Go's own exp is infinite a
// little early, and its log wrong where numbers are denormal.
func TestFunctions64(t *testing.T) {
	var in []uint64
	for _, x := range arguments(3000) {
		in = append(in, math.Float64bits(float64(x)))
	}
	for _, x := range []float64{0.1, 709.78, 709.79, -708.5, -744.9, -745.2, 20, 0.55, 1e300, 0x1p-1030, 0x1p-1074, math.MaxFloat64} {
		in = append(in, math.Float64bits(x), math.Float64bits(-x), math.Float64bits(math.Nextafter(x, 0)))
	}
	log := func(x float64) float64 {
		if 0 < x && x < 0x1p-1022 {
			return math.Log(x*0x1p52) - 52*math.Ln2
		}
		return math.Log(x)
	}
	exp := func(x float64) float64 {
		if 709 < x && x <= 709.78271289338397 {
			return math.Exp(x-1) * math.E
		}
		return math.Exp(x)
	}
	for name, is := range map[string]func(float64) float64{"exp_f64": exp, "log_f64": log, "tanh_f64": math.Tanh, "sigmoid_f64": sigmoid} {
		for i, b := range apply(t, File(), name, loopir.F64, in) {
			x, y := math.Float64frombits(in[i]), math.Float64frombits(b)
			r := is(x)
			if y == r && math.Signbit(y) == math.Signbit(r) || math.IsNaN(r) && math.IsNaN(y) {
				continue
			}
			_, e := math.Frexp(r)
			if d := math.Abs(y-r) / math.Ldexp(1, max(e-53, -1074)); !(d <= 4) || (y == 0) != (r == 0) && math.Abs(r) > 0x1p-1074 {
				t.Errorf("%s(%v) = %v, not %v, %v units off", name, x, y, r, d)
			}
		}
	}
}

// limits are what the functions are held to, in units in the last place: what was
// measured is less.
var limits = map[string]float64{
	"exp_f32": 1, "expm1_f32": 1.5, "log_f32": 1, "tanh_f32": 2, "sigmoid_f32": 2, "softplus_f32": 2, "swish_f32": 3.5, "erf_f32": 1.1,
	"gelu_f32": 8, "gelu_tanh_f32": 4, "rsqrt_f32": 1.5,
	"exp_fast_f32": 4096, "tanh_fast_f32": 2048, "sigmoid_fast_f32": 4096,
}

func TestFunctions(t *testing.T) {
	args := arguments(4000)
	for name, ref := range References {
		most, at := 0.0, float32(0)
		for i, y := range run(t, File(), name, args) {
			if d := Off(y, ref.Is(float64(args[i]))); d > most {
				most, at = d, args[i]
			}
		}
		if most > limits[name] {
			t.Errorf("%s is off by %.3f units in the last place at %v, more than %v", name, most, at, limits[name])
		}
	}
}

// The table is about functions that there are, as they are written now, and no better
// than what a few arguments show.
func TestTable(t *testing.T) {
	args := arguments(4000)
	for _, m := range Table() {
		fn := File().Func(m.Name)
		if fn == nil {
			t.Errorf("%s is measured, but not there", m.Name)
			continue
		}
		if _, ok := Of(File(), fn); !ok {
			t.Errorf("%s was measured as another text; run make functions-exhaustive", m.Name)
			continue
		}
		ref := References[m.Name]
		if ref.Of != m.Of || m.Ulps > limits[m.Name] {
			t.Errorf("%s is %s to %v units in the last place", m.Name, m.Of, m.Ulps)
		}
		for i, y := range run(t, File(), m.Name, append(args, math.Float32frombits(m.At))) {
			x := append(args, math.Float32frombits(m.At))[i]
			if d := Off(y, ref.Is(float64(x))); d > m.Ulps {
				t.Errorf("%s is off by %.4f units in the last place at %v, more than the table says", m.Name, d, x)
			}
		}
	}
}

func TestDigest(t *testing.T) {
	parse := func(text string) *loopir.File {
		f, err := loopir.Parse("f.loop", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	digest := func(text string) string {
		f := parse(text)
		return Digest(f, f.Func("f"))
	}
	const base = "func g(x: f32): f32 { return x + 1 }\nfunc f(x: f32): f32 { return g(x) * 2 }\n"
	if a := digest(base); a == "" || a != digest("// told\nfunc h(x: f32): f32\n"+strings.ReplaceAll(base, "{", "{\n\n")) {
		t.Error("comments, layout and other functions count")
	} else if a == digest(strings.ReplaceAll(base, "+ 1", "+ 2")) {
		t.Error("what is called does not count")
	}
	if digest("func g(x: f32): f32\nfunc f(x: f32): f32 { return g(x) }\n") != "" {
		t.Error("a function of which nothing is known has a digest")
	}
	lib := parse(strings.Replace(Source(), "0.041668102", "0.041668103", 1))
	if _, ok := Of(lib, lib.Func("exp_f32")); ok {
		t.Error("the measurement of another text is taken")
	}
}

// Off is in units of the place where the reference lies.
func TestOff(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		y    float32
		r    float64
		want float64
	}{
		{1, 1 + 0x1p-24, 0.5},
		{1, 1 - 0x1p-25, 0.5},
		{0, 0x1p-150, 0.5},
		{float32(inf), math.MaxFloat32, 1},
		{float32(inf), 0x1p200, 0},
		{math.MaxFloat32, inf, inf},
		{float32(inf), inf, 0},
		{0, math.Copysign(0, -1), inf},
		{float32(math.NaN()), 1, inf},
		{float32(math.NaN()), math.NaN(), 0},
		{1, math.NaN(), inf},
	} {
		if got := Off(c.y, c.r); got != c.want {
			t.Errorf("Off(%v, %v) = %v, want %v", c.y, c.r, got, c.want)
		}
	}
}
