package equiv

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TestOrder compares the pairs of the corpus that are about the order of values, with each side
// as before. What is algebraic is refuted where exact is asked for, and the prover alone, in all
// ways that it has, proves none of what is wrong.
func TestOrder(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "verify", "classes", "order-*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases found", err)
	}
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kernels := map[string]*loopir.File{}
		for _, f := range ar.Files {
			kernels[strings.TrimSuffix(f.Name, ".loop")] = mustParse(t, f.Name, f.Data)
		}
		for _, line := range strings.Split(string(ar.Comment), "\n") {
			names, want, ok := strings.Cut(line, ": ")
			pair := strings.Fields(names)
			if !ok || len(pair) != 2 || kernels[pair[0]] == nil {
				continue
			}
			for _, p := range [][]string{pair, {pair[1], pair[0]}} {
				t.Run(p[0]+"/"+p[1], func(t *testing.T) {
					checkOrder(t, kernels[p[0]], kernels[p[1]], want, Options{Pool: pool})
				})
			}
		}
	}
}

func checkOrder(t *testing.T, before, after *loopir.File, want string, opts Options) {
	f, old, now := before, before.Kernels[0], after.Kernels[0]
	alone := opts
	alone.ProofOnly = true
	res, err := Check(context.Background(), f, old, now, alone)
	if err != nil {
		t.Fatal(err)
	}
	if want == "refuted" {
		if res.Outcome == Proved || byAllMeans(t, f, old, now, opts) != nil {
			t.Errorf("wrong, and proved %v", res.Verdict)
		}
		return
	}
	if want != "proved exact" && res.Outcome == Proved && res.Verdict < Algebraic {
		t.Errorf("proved %v", res.Verdict)
	}
	if want != "proved algebraic" {
		return
	}
	opts.Require = Exact
	if res, err = Check(context.Background(), f, old, now, opts); err != nil {
		t.Fatal(err)
	}
	if res.Outcome != Refuted || !strings.Contains(res.Counterexample.String(), "not exact") || !res.Counterexample.Replay(f, old, now) {
		t.Errorf("%v, want refuted as not exact", res.Outcome)
	}
}

// byAllMeans is byOrder with polynomials, which no run speaks against.
func byAllMeans(t *testing.T, f *loopir.File, before, after *loopir.Kernel, opts Options) *checker {
	old, err := NewProgram(f, before)
	if err != nil {
		t.Fatal(err)
	}
	now, err := NewProgram(f, after)
	if err != nil {
		t.Fatal(err)
	}
	proof := newProver(context.Background(), opts.Pool, append(old.Assume(), now.Where...))
	return byOrder(proof, old, now, opts)
}

// TestInRealOrder writes comparisons and choices in their one form, or leaves them.
func TestInRealOrder(t *testing.T) {
	for _, c := range []struct {
		name, body, want string
		places           int // where bits may differ
	}{
		{"greater", `c[i] = select(a[i] > b[i], 1, 2)`, `c[i] = select(b[i] < a[i], 1, 2)`, 0},
		{"not less", `c[i] = select(a[i] >= b[i], 1, 2)`, `c[i] = select(a[i] < b[i], 2, 1)`, 1},
		{"maximum", `c[i] = select(a[i] > b[i], a[i], b[i])`, `c[i] = max(a[i], b[i])`, 1},
		{"minimum", `c[i] = select(a[i] > b[i], b[i], a[i])`, `c[i] = min(b[i], a[i])`, 1},
		{"not equal", `c[i] = select(a[i] != b[i], 1, 2)`, `c[i] = select(a[i] == b[i], 2, 1)`, 0},
		{"no NaN", `c[i] = select(a[i] == a[i], 1, 2)`, `c[i] = 1`, 1},
		{"either", `c[i] = select(a[i] >= b[i] || a[i] < 0, 1, 2)`, `c[i] = select(a[i] < b[i] && !(a[i] < 0), 2, 1)`, 1},
		{"zeros", `c[i] = select(a[i] > 0.0, a[i], -0.0)`, `c[i] = max(a[i], -0.0)`, 1},
		{"both arms", `if a[i] < b[i] { c[i] = 1 } else { c[i] = 2 }`, `c[i] = select(a[i] < b[i], 1, 2)`, 0},
		{"one arm", `c[i] = 0
    if c[i] < a[i] { c[i] = a[i] }`, `c[i] = 0; c[i] = max(a[i], c[i])`, 1},
		{"other cells", `if a[i] < b[i] { c[i] = 1 } else { c[0] = 2 }`, `if!1 = a[i] < b[i]; c[i] = 1; c[0] = 2`, 0},
		{"negated", `if a[i] >= b[i] { c[i] = 1 }`, `if!1 = a[i] < b[i]; c[i] = 1`, 1},
		{"quotient", `c[i] = select(a[i]/b[i] >= b[i], 1, 2)`, `c[i] = select(b[i] <= a[i]/b[i], 1, 2)`, 0},
		{"root", `c[i] = select(sqrt(a[i]) > b[i], sqrt(a[i]), b[i])`, `c[i] = select(b[i] < sqrt(a[i]), sqrt(a[i]), b[i])`, 0},
		{"half", `c[i] = select(a[i]/2.0 >= b[i], 1, 2)`, `c[i] = select(a[i]/2.0 < b[i], 2, 1)`, 1},
		{"difference of infinities", `d[i] = inf
    d[i] -= d[i]
    c[i] = select(d[i] >= b[i], 1, 2)`, `d[i] = inf; d[i] = d[i]; c[i] = select(b[i] <= d[i], 1, 2)`, 0},
		{"integers", `e[i] = select(e[i] >= e[0], 1, 2)`, `e[i] = select(e[i] < e[0], 2, 1)`, 0},
		{"sizes", `c[i] = select(i >= N-1, a[i], b[i])`, `c[i] = select(i >= N-1, a[i], b[i])`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := "kernel k(N: size, in a: f64[N], in b: f64[N], inout c: f64[N], inout d: f64[N], inout e: i32[N]) {\n  for i in 0..N {\n    " + c.body + "\n  }\n}\n"
			f := mustParse(t, c.name, []byte(src))
			p, err := NewProgram(f, f.Kernels[0])
			if err != nil {
				t.Fatal(err)
			}
			p, places := p.inRealOrder()
			var got []string
			for _, s := range p.Stmts {
				got = append(got, loopir.FormatExpr(s.LHS)+" = "+loopir.FormatExpr(s.RHS))
			}
			if text := strings.Join(got, "; "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
			if len(places) != c.places {
				t.Errorf("bits may differ at %v, want %d places", places, c.places)
			}
		})
	}
}
