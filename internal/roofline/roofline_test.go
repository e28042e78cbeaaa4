package roofline

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loopopt/loopopt/internal/benchtable"
	"github.com/loopopt/loopopt/internal/tune"
)

// raw is what benchmarks of kernels/gemm print; on the last size no assembly was timed.
const raw = `cpu: Test <Processor>
BenchmarkGemm/peak=avx512-2	52	1994023 ns/op	118 GFLOP/s
BenchmarkGemm/peak=avx2-2	86	2978941 ns/op	117 GFLOP/s
BenchmarkGemm/size=square_384/schedule=naive/impl=go-2	1	739863395 ns/op	0.1531 GFLOP/s
BenchmarkGemm/size=square_384/schedule=avx512/impl=avx512-2	100	1020304 ns/op	2.312 GB/s	111.0 GFLOP/s	106.3 peak-GB/s	118 peak-GFLOP/s
BenchmarkGemm/size=square_384/schedule=avx2/impl=avx2-2	100	1510844 ns/op	1.562 GB/s	74.96 GFLOP/s	107.5 peak-GB/s	117 peak-GFLOP/s
BenchmarkGemm/size=layer/schedule=naive/impl=go-2	1	2244499685 ns/op	0.07849 GFLOP/s
`

func table(t *testing.T, text string) *benchtable.Table {
	t.Helper()
	out, err := benchtable.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func explained(t *testing.T) *Report {
	t.Helper()
	p, err := Read("../../kernels/gemm")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Explain(table(t, raw), tune.Typical)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestText(t *testing.T) {
	want := `size             schedule  code    flops/byte  bound by        instr./FMA  loads/FMA  registers  predicted  measured
Gemm square_384  avx512    avx512  48          compute         1.62        0.46       29 of 32   99 %       94 %
Gemm square_384  avx2      avx2    48          waiting for L2  2.08        0.75       15 of 16   86 %       64 %
Gemm layer       naive     go      46.1        -               -           -          -          -          -

Gemm square_384, avx512: at 94 % of the peak: by the model the FMAs bind (11 loads for 24 FMAs in 39 instructions); 5 % are lost to what the model does not know
Gemm square_384, avx2: at 64 % of the peak: by the model loads wait for data from L2 in pieces shorter than a page (9 loads for 12 FMAs in 25 instructions); 13 % are lost to waiting for data, 22 % to what the model does not know
Gemm layer, go: ran in Go, one number at a time: no assembly form was measured on these sizes
The model does not know pages, cache lines that collide, and what other programs do meanwhile.
`
	if diff := cmp.Diff(want, explained(t).Text()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBytes wants the bytes of bench: operations a second over bytes a second.
func TestBytes(t *testing.T) {
	if got, want := explained(t).Rows[0].Intensity, 111.0/2.312; math.Abs(got-want) > 0.001*want {
		t.Errorf("%g operations a byte, measured %g", got, want)
	}
}

func TestLoops(t *testing.T) {
	const src = `TEXT ·f(SB), NOSPLIT, $8-8
	MOVQ a+0(FP), AX
outer:
	VMOVUPS (SI), Z0
small:
	VFMADD231PS Z1, Z2, Z0
	DECQ CX
	JNE small
	JMP large
large:
	VBROADCASTSS (SI), Z3
	VFMADD231PS.BCST 4(DI), Z3, Z0
	VFMADD231PS Z4, Z3, Z9
	VADDPS Z4, Z9, Z9
	VANDPS Z4, Z9, Z9
	PREFETCHT0 64(DI)
	VMOVUPS Z9, (R8)
	ADDQ fArgs_d(AX), DI
	CMPQ CX, s0-8(SP)
	JLT large
	VMOVUPS Z0, (SI)
	DECQ DX
	JNE outer
	RET
`
	loops, err := Loops("f.s", []byte(src))
	if err != nil || len(loops) != 2 {
		t.Fatalf("%d loops, %v", len(loops), err)
	}
	want := &Loop{File: "f.s", Line: 11, Function: "f", Instructions: 10, FMAs: 2, Other: 1, Loads: 4, Stores: 1, Registers: 4}
	if diff := cmp.Diff(want, hottest(loops, tune.Tile{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if l := hottest(loops, tune.Tile{FMAs: 1}); l.Line != 6 {
		t.Errorf("the loop of the model's tile is not preferred: %+v", l)
	}
	if l := hottest(nil, tune.Tile{}); l != nil {
		t.Errorf("of no loops %+v is the hottest", l)
	}
}

// TestKernels reads all assembly that is checked in.
func TestKernels(t *testing.T) {
	files, err := filepath.Glob("../../kernels/*/*.s")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		loops, err := Loops(filepath.Base(f), src)
		if err != nil {
			t.Error(err)
		}
		for _, l := range loops {
			if l.FMAs+l.Other+l.Stores > l.Instructions || l.Loads > l.Instructions || l.Registers > 32 {
				t.Errorf("%s: %+v", f, l)
			}
		}
	}
}

// resnet is a report of as many rows as ResNet-50 has layers, many of them alike.
func resnet() *Report {
	m := &Machine{ISA: "avx512", Peak: 117, Levels: []Level{{"L1", 219}, {"L2", 114}, {"L3", 98}, {"memory", 28}}}
	r := &Report{Name: "conv", Machines: []*Machine{m}}
	for i := range 21 {
		b := benchtable.Row{Kernel: "Conv", Size: "layer" + strconv.Itoa(i+1) + "<&>", Impl: "avx512", Peak: 0.8 + float64(i%5)/25}
		r.Rows = append(r.Rows, &Row{Row: b, Roof: m.Peak, Intensity: 40 + float64(i*i%7)})
	}
	return r
}

func TestSVG(t *testing.T) {
	for _, r := range []*Report{explained(t), resnet(), {Name: "none", Rows: []*Row{{}}}} {
		text := r.SVG()
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", r.Name, err, text)
			}
		}
		drawn := 0
		for _, row := range r.Rows {
			if row.Intensity > 0 {
				drawn++
			}
		}
		if got := strings.Count(text, `class="mark `); got != drawn {
			t.Errorf("%s: %d marks for %d rows", r.Name, got, drawn)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: a place is no number:\n%s", r.Name, text)
		}
	}
}

// TestNames wants the names of many layers side by side, inside the picture.
func TestNames(t *testing.T) {
	text := resnet().SVG()
	box := regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(text)
	var at []float64
	for _, m := range regexp.MustCompile(`class="name" x="([\d.]+)"`).FindAllStringSubmatch(text, -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		at = append(at, x)
	}
	wide, _ := strconv.ParseFloat(box[1], 64)
	lean := math.Cos(nameTilt*math.Pi/180) * charWidth * float64(len("layer21<&>"))
	slices.Sort(at)
	if len(at) != 21 || at[0] < 0 || at[20]+lean > wide {
		t.Errorf("%d names from %g to %g of %g", len(at), at[0], at[20], wide)
	}
	for i := range at[1:] {
		if d := (at[i+1] - at[i]) * math.Sin(nameTilt*math.Pi/180); d < 11 {
			t.Errorf("two lines of text are only %g apart", d)
		}
	}
}

func TestHTML(t *testing.T) {
	page, err := explained(t).HTML()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, want := range []string{"Test &lt;Processor&gt;", `<svg xmlns="http://www.w3.org/2000/svg"`, ">waiting for L2<", "29 of 32", "94\u00a0%", "ran in Go"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if m := regexp.MustCompile(`(src|href)=|url\(|@import|<script`).FindString(text); m != "" {
		t.Errorf("the page refers to something: %s", m)
	}
}

func TestWhy(t *testing.T) {
	m, err := tune.Typical("avx2")
	if err != nil {
		t.Fatal(err)
	}
	for bound, want := range map[string]string{
		"multiply-adds":            "arithmetic binds, 1 operation of it no FMAs, of which one is worth two",
		"loads":                    "loads bind: 7 cycles a turn, of which arithmetic needs 2",
		"stores":                   "stores bind: 7 cycles",
		"instructions":             "instructions bind, at most 6 a cycle",
		"latency":                  "each sum waits for itself: 7 cycles a turn",
		"calls of assembly":        "Go calls assembly for too little work at a time",
		"data from memory":         "bandwidth of memory binds",
		"loads and waiting for L3": "loads wait for data from L3",
	} {
		r := &Row{Limit: limit(bound), Roof: 100, Loop: &Loop{FMAs: 4, Other: 1, Loads: 3, Instructions: 9}}
		r.Peak = 0.5
		r.Predicted = &tune.Prediction{Seconds: 10, Core: 9, Calls: 1, Share: 0.6, Tile: tune.Tile{FMAs: 4, Cycles: 7}}
		got := r.why(m)
		if !strings.HasPrefix(got, "at 50 % of the peak: by the model "+want) || r.Limit == "" ||
			!strings.HasSuffix(got, " (3 loads for 4 FMAs in 9 instructions); 10 % are lost to waiting for data, 10 % to calls of assembly, 20 % to other work in and around the loops, 10 % to what the model does not know") {
			t.Errorf("%s: %s", bound, got)
		}
	}
}

// TestErrors has tests that list what is not there.
func TestErrors(t *testing.T) {
	const good = `package p

var forms = []gentest.Form{{Schedule: "naive", Impl: "go", File: "a.loop", Kernel: "a"}}

func BenchmarkA(b *testing.B) {
	gentest.Bench(b, forms, []gentest.Sizes{{Name: "one", Values: map[string]int{"N": 1}}})
}
`
	const rows = "BenchmarkA/size=one/schedule=naive/impl=go 1 1 ns/op\n"
	for _, c := range []struct{ old, new, rows, want string }{
		{"package p", "", rows, "expected 'package'"},
		{"gentest.Bench(", "other(", rows, "no benchmarks of generated kernels"},
		{"b, forms", "b, others", rows, "BenchmarkA runs others, which lists no form"},
		{`Kernel: "a"`, `Kernel: "b"`, rows, "a.loop has no kernel b"},
		{"a.loop", "b.loop", rows, "b.loop"},
		{`"one"`, `"two"`, rows, "no size one"},
		{`"naive"`, `"fast"`, rows, "no form go of schedule naive"},
		{"", "", "BenchmarkB/size=one/schedule=naive/impl=go 1 1 ns/op\n", "nothing to explain"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"a_test.go": strings.Replace(good, c.old, c.new, 1), "a.loop": "kernel a(N: size, out A: f32[N]) { for i in 0..N { A[i] = 1 } }\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p, err := Read(dir)
		if err == nil {
			_, err = p.Explain(table(t, c.rows), tune.Typical)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v, want %s", c.new, c.old, err, c.want)
		}
	}
}
