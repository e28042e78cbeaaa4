package loopir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const callsSource = `
kernel scale(n: size, a: f32, inout x: f32[n]) {
  for i in 0..n {
    let at = i
    x[at] *= a
  }
}

kernel norm(n, m: size, in x: f32[n][m], out y: f32[m]) {
  for j in 0..m {
    var s: f32 = 0
    for i in 0..n {
      let v = x[i][j]
      s += v * v
    }
    y[j] = s
  }
  scale(m, 0.5, y)
}

kernel main(N: size, in A: f32[4][N][N], inout B: f32[N][8]) {
  for t in 0..3 {
    let u = t + 1
    L: norm(N, 4, A[u][..][2*t..], B[t][4..])
    norm(2, N, A[t][1..], B[..][u])
  }
  for u in 0..N { B[u][0] = 0 }
}
`

func TestInlineCalls(t *testing.T) {
	f := mustParse(t, "calls", []byte(callsSource))
	main := f.Kernel("main")
	if err := f.Number(main); err != nil {
		t.Fatal(err)
	}
	main = main.Clone()
	main.InlineLets()
	k, err := f.InlineCalls(main)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.CheckKernel(k); err != nil {
		t.Fatalf("%v\n%s", err, FormatKernel(k))
	}
	const want = `kernel main(N: size, in A: f32[4][N][N], inout B: f32[N][8]) {
  for t in 0..3 {
    for norm.j in 0..4 {
      var norm.s: f32 = 0
      for norm.i in 0..N {
        var norm.v: f32 = A[t+1][norm.i][2*t+norm.j]
        norm.s += norm.v * norm.v
      }
      B[t][4+norm.j] = norm.s
    }
    for norm.scale.i in 0..4 {
      B[t][4+norm.scale.i] *= 0.5
    }
    for norm.j in 0..N {
      var norm.s_2: f32 = 0
      for norm.i in 0..2 {
        var norm.v_2: f32 = A[t][1+norm.i][norm.j]
        norm.s_2 += norm.v_2 * norm.v_2
      }
      B[norm.j][t+1] = norm.s_2
    }
    for norm.scale.i in 0..N {
      B[norm.scale.i][t+1] *= 0.5
    }
  }
  for u in 0..N {
    B[u][0] = 0
  }
}
`
	if d := cmp.Diff(want, FormatKernel(k)); d != "" {
		t.Error(d)
	}
	again := mustParse(t, "again", []byte(FormatKernel(k)))
	if d := cmp.Diff(k, again.Kernels[0], append(equalSpans, ignoreOrigins)...); d != "" {
		t.Error(d)
	}
	wantOrigins(t, k)
}

var ignoreOrigins = cmp.FilterPath(func(p cmp.Path) bool {
	name := p.Last().String()
	return name == ".From" || name == ".ID"
}, cmp.Ignore())

// wantOrigins checks that each assignment says which one it is, counting calls
// as inlined, at its own iterators.
func wantOrigins(t *testing.T, k *Kernel) {
	t.Helper()
	n := 0
	var visit func(body []Stmt, iters []string)
	visit = func(body []Stmt, iters []string) {
		for _, s := range body {
			inner := iters
			switch s := s.(type) {
			case *Assign:
				if s.From == nil || s.From.Stmt != n || len(s.From.Iters) != len(iters) {
					t.Fatalf("assignment %d comes from %+v", n, s.From)
				}
				for _, it := range iters {
					if v, ok := s.From.Iters[it].(*Var); !ok || v.Name != it {
						t.Errorf("assignment %d: %s comes from %v", n, it, s.From.Iters[it])
					}
				}
				n++
			case *For:
				inner = append(iters[:len(iters):len(iters)], s.Iter)
			}
			for _, b := range Bodies(s) {
				visit(*b, inner)
			}
		}
	}
	visit(k.Body, nil)
	if n != 7 {
		t.Errorf("%d assignments", n)
	}
}

func TestInlineErrors(t *testing.T) {
	f := mustParse(t, "calls", []byte(callsSource))
	for _, tc := range []struct {
		call *Call
		want string
	}{
		{&Call{Kernel: "none"}, "no kernel none in this file"},
		{&Call{Kernel: "scale"}, "scale takes 3 arguments, not 0"},
		{&Call{Kernel: "scale", Args: []Expr{NewInt(1), NewInt(1), NewInt(1)}}, "argument x of scale must be an array or a window of one"},
	} {
		if _, err := f.InlineCalls(&Kernel{Body: []Stmt{tc.call}}); err == nil || err.Error() != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
	f.Kernel("scale").Body = []Stmt{&Call{Kernel: "scale", Args: []Expr{NewInt(1), NewInt(1), &Window{Name: "x"}}}}
	if _, err := f.InlineCalls(f.Kernel("scale")); err == nil || err.Error() != "kernel scale calls itself" {
		t.Errorf("recursion: %v", err)
	}
}
