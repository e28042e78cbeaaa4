package interp

import (
	"context"
	"errors"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// compare runs two bodies of the same kernel head on symbols.
func compare(t *testing.T, head, a, b string, sizes map[string]int64) (exact, reassociated bool) {
	t.Helper()
	tab := NewTerms()
	var outs [2]map[string]*TermArray
	for i, body := range []string{a, b} {
		f := parse(t, head+"\n"+body+"\n}")
		out, err := tab.Run(context.Background(), f, f.Kernels[len(f.Kernels)-1], sizes, Options{MaxSteps: 1e6})
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		outs[i] = out
	}
	result := func(m Mode) bool {
		for name, x := range outs[0] {
			if _, differ := tab.FirstDifference(x, outs[1][name], m); differ {
				return false
			}
		}
		return true
	}
	return result(Exact), result(Reassociated)
}

func TestSymbolic(t *testing.T) {
	const vec = "func g(a: f32): f32\nkernel clear(n: size, out z: f32[n]) { for i in 0..n { z[i] = 0 } }\nkernel k(N: size, s: f32, in A: f32[N], in B: f32[N], in J: i32[N], inout C: f32[N], inout I: i32[N]) {"
	for _, c := range []struct {
		a, b         string
		exact, assoc bool
	}{
		{"for i in 0..N { C[0] += A[i] }", "for i in 0..N { C[0] = A[i] + C[0] }", true, true},
		{"for i in 0..N { C[0] += A[i] }", "for i in 0..N { C[0] += A[N-1-i] }", false, true},
		{"for i in 0..N { C[0] += A[i] }", "for i in 1..N { C[0] += A[i] }", false, false},
		{"for i in 0..N { C[0] += A[i]*B[i] }", "for i in 0..N { C[0] = fma(B[i], A[i], C[0]) }", false, true},
		{"for i in 0..N { C[0] += A[i]*B[i] }", "var t: f32 = 0\nfor i in 0..N { t += A[i]*B[i] }\nC[0] += t", false, true},
		{"for i in 0..N { C[0] -= A[i] }", "var t: f32 = 0\nfor i in 0..N { t += A[i] }\nC[0] -= t", false, true},
		{"for i in 0..N { I[0] += J[i]*2 }", "for i in 0..N { I[0] -= -2*J[N-1-i] }", true, true},
		{"for i in 0..N { C[0] max= A[i] }", "for i in 0..N { C[0] = max(A[N-1-i], C[0], A[0]) }", true, true},
		{"C[0] = A[0]*B[0]*s", "C[0] = s*A[0]*B[0]", false, true},
		{"C[0] = A[0] - B[0]", "C[0] = -B[0] + A[0]", true, true},
		{"C[0] = A[0] / s", "C[0] = A[0] * (1/s)", false, false},
		{"C[0] = (A[0] + B[0])*s", "C[0] = A[0]*s + B[0]*s", false, false},
		{"C[0] = select(A[0] > 0, A[1], B[1])", "if A[0] > 0 { C[0] = A[1] } else { C[0] = B[1] }", false, false},
		{"C[0] = g(A[0])", "var t: f32 = A[0]\nC[0] = g(t)", true, true},
		{"C[0] = g(A[0])", "C[0] = g(A[1])", false, false},
		{"C[0] = f32(f64(A[0]) + 1)", "C[0] = A[0] + 1", false, false},
		{"C[0] = select(A[0] > 0, A[1], B[0])", "C[0] = select(A[0] > 0, A[1], B[0])", true, true},
		{"for i in 0..N { C[i] = select(i < 2, 1, A[i]) }", "for i in 0..N { if i < 2 { C[i] = 1.0 } else { C[i] = A[i] } }", true, true},
		{"for i in 0..N { C[i] = f32(i) }", "C[0] = 0; C[1] = 1; C[2] = 2; C[3] = 3", true, true},
		{"for i in 1..N { C[i] = C[i-1]*s }", "for i in 1..N { C[N-i] = C[N-i-1]*s }", false, false},
		{"if A[0] > s { clear(N, C) }", "for i in 0..N { if A[0] > s { C[i] = 0 } }", true, true},
		{"if A[0] > s { for i in 0..N { C[i] = 1 } }", "for i in 0..N { if A[0] > s { C[i] = 1 } }", true, true},
	} {
		exact, assoc := compare(t, vec, c.a, c.b, map[string]int64{"N": 4})
		if exact != c.exact || assoc != c.assoc {
			t.Errorf("%s\nand %s: exact %t, reassociated %t", c.a, c.b, exact, assoc)
		}
	}
}

func TestSymbolicPacked(t *testing.T) {
	plain := parse(t, "kernel k(C: size, in I: f32[C], out O: f32[C]) { for c in 0..C { O[c] = I[c] + 1 } }")
	packed := parse(t, `kernel k(C: size, in I: f32[(C+3)/4][4] packs [c: C] as [c/4][c%4], out O: f32[(C+3)/4][4] packs [c: C] as [c/4][c%4]) {
		for b in 0..(C+3)/4, c in 0..4 { O[b][c] = I[b][c] + 1 }
	}`)
	tab := NewTerms()
	for _, c := range []int64{0, 3, 4, 9} {
		var outs []*TermArray
		for _, f := range []*loopir.File{plain, packed} {
			out, err := tab.Run(context.Background(), f, f.Kernels[0], map[string]int64{"C": c}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			outs = append(outs, out["O"])
		}
		if cell, differ := tab.FirstDifference(outs[0], outs[1], Exact); differ {
			t.Errorf("C=%d: differ at %v", c, cell)
		}
	}
}

// TestEval computes the terms of a symbolic run and compares with the run on
// numbers.
func TestEval(t *testing.T) {
	f := parse(t, `func g(a: f32): f32
	kernel k(N: size, s: f32, in A: f32[N], in J: i8[N], inout C: f32[N], out L: i8[N]) {
		for i in 0..N {
			C[i] += fma(A[i], s, g(C[i])) / 3
			if A[i] > 0 { C[i] = max(C[i], exp(-A[i]), f32(i)) }
			L[i] = select(C[i] < s, J[i]*J[i], i8(A[i]) - 100)
		}
		for i in 1..N { C[0] -= C[i]*f32(bf16(A[i])) }
	}`)
	sizes := map[string]int64{"N": 6}
	k := f.Kernels[0]
	in, err := RandomInputs(k, sizes, func(p *loopir.Param, off int) Value { return Float(p.Type, float64(off*37%11)/3-1) })
	if err != nil {
		t.Fatal(err)
	}
	want, err := Run(context.Background(), f, k, in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tab := NewTerms()
	got, err := tab.Run(context.Background(), f, k, sizes, Options{})
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(n Term) Value {
		if n.Cell == nil {
			return in.Scalars[n.Name]
		}
		return in.Arrays[n.Name].At(n.Cell...)
	}
	for name, a := range got {
		for off, id := range a.Cells {
			v, err := tab.Eval(id, leaf)
			if w := want.Arrays[name].At(want.Arrays[name].Index(off)...); err != nil || !v.Same(w) {
				t.Errorf("%s[%d] = %s: %v %v, want %v", name, off, tab.String(id), v, err, w)
			}
		}
	}
}

func TestSymbolicFaults(t *testing.T) {
	f := parse(t, "kernel k(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = A[i+1] } }")
	var fault *Fault
	if _, err := NewTerms().Run(context.Background(), f, f.Kernels[0], map[string]int64{"N": 2}, Options{}); !errors.As(err, &fault) || fault.Kind != OutOfBounds {
		t.Error(err)
	}
	tab := NewTerms()
	tab.max = 100
	f = parse(t, "kernel k(in A: f32[1], inout B: f32[1]) { for i in 0..100 { B[0] += A[0] } }")
	if _, err := tab.Run(context.Background(), f, f.Kernels[0], nil, Options{}); !errors.As(err, &fault) || fault.Kind != TooLarge {
		t.Error(err)
	}
}

func BenchmarkSymbolicConv(b *testing.B) {
	f := parse(b, conv)
	sizes := map[string]int64{"N": 1, "K": 4, "C": 4, "P": 4, "Q": 4, "R": 3, "S": 3, "stride": 1}
	for b.Loop() {
		tab := NewTerms()
		out, err := tab.Run(context.Background(), f, f.Kernels[0], sizes, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, id := range out["O"].Cells {
			tab.Canon(id, Reassociated)
		}
	}
}
