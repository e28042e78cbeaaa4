package equiv

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

func TestSolve(t *testing.T) {
	for _, c := range []struct {
		name     string
		unknowns []string
		eqs      [][2]string
		want     map[string]string
	}{
		{"linear", []string{"i", "j"}, [][2]string{{"i + 2", "x"}, {"i - j", "y"}}, map[string]string{"i": "x - 2", "j": "x - y - 2"}},
		{"scaled", []string{"i"}, [][2]string{{"s*i", "s*x"}}, map[string]string{"i": "x"}},
		{"mixed radix", []string{"b", "c"}, [][2]string{{"16*b + c", "x"}}, map[string]string{"b": "x/16", "c": "x%16"}},
		{"three places", []string{"a", "b", "c"}, [][2]string{{"32*a + 16*b + c", "x"}}, map[string]string{"a": "x/32", "b": "x/16 - 2*(x/32)", "c": "x%16"}},
		{"symbolic radix", []string{"b", "c"}, [][2]string{{"V*b + c", "x"}}, map[string]string{"b": "x/V", "c": "x%V"}},
		{"packed index", []string{"c"}, [][2]string{{"c/16", "x"}, {"c%16", "y"}}, map[string]string{"c": "16*x + y"}},
		{"skew", []string{"x", "t"}, [][2]string{{"t + 1", "a"}, {"x - t", "b"}}, map[string]string{"t": "a - 1", "x": "a + b - 1"}},
		{"common factor", []string{"b", "i"}, [][2]string{{"2*(16*b + i) + 1", "x"}}, map[string]string{"b": "(x-1)/2/16", "i": "(x-1)/2%16"}},
		{"symbolic factor", []string{"b", "i"}, [][2]string{{"16*s*b + s*i", "s*x"}}, map[string]string{"b": "x/16", "i": "x%16"}},
		{"digits of digits", []string{"b", "k"}, [][2]string{{"(32*b + k)/16", "x"}, {"(32*b + k)%16", "y"}}, map[string]string{"b": "(16*x + y)/32", "k": "(16*x + y)%32"}},
		{"open", []string{"i", "j"}, [][2]string{{"i + j", "x"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys := newSystem()
			for _, u := range c.unknowns {
				sys.addUnknown(u, nil)
			}
			for _, e := range c.eqs {
				sys.equate(indexExpr(t, e[0]), indexExpr(t, e[1]))
			}
			sys.solve()
			sol, ok := sys.solution()
			if ok != (c.want != nil) {
				t.Fatalf("solved %v: %v", ok, sys.value)
			}
			for u, want := range c.want {
				if exprKey(sol[u]) != exprKey(indexExpr(t, want)) {
					t.Errorf("%s = %s, want %s", u, loopir.FormatExpr(sol[u]), want)
				}
			}
		})
	}
}

func TestSolveFill(t *testing.T) {
	sys := newSystem()
	for _, u := range []string{"t", "x"} {
		sys.addUnknown(u, nil)
	}
	sys.equate(indexExpr(t, "(t + 1)%2"), indexExpr(t, "b"))
	sys.equate(indexExpr(t, "x - t"), indexExpr(t, "a"))
	sys.solve()
	sys.fill("t", sys.below("t", indexExpr(t, "T - 1"))) // the last t of the right parity
	sol, ok := sys.solution()
	if want := indexExpr(t, "T - 1 - (T - b)%2"); !ok || exprKey(sol["t"]) != exprKey(want) {
		t.Errorf("t = %v, want %s", sol, loopir.FormatExpr(want))
	}
}

func indexExpr(t *testing.T, s string) loopir.Expr {
	t.Helper()
	e, err := parseIndex(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDecided(t *testing.T) {
	for _, c := range [][2]string{
		{"min(4, T - 4*((T+3)/4) + 4)", "T - 4*((T+3)/4) + 4"}, // at most 4
		{"min(4, T - 4*((T+3)/4) + 8)", "4"},                   // at least 5
		{"max(x%8, 0)", "x%8"},
		{"max(i, j)", "max(i, j)"},
	} {
		if got := decided(boundExpr(t, c[0])); exprKey(got) != exprKey(boundExpr(t, c[1])) {
			t.Errorf("%s is %s, want %s", c[0], loopir.FormatExpr(got), c[1])
		}
	}
}

// TestExtrema takes -min(8*b+8, N)+1 <= x apart.
func TestExtrema(t *testing.T) {
	got := extrema(boundExpr(t, "-min(8*b+8, N)+1"), "max")
	want := []string{"-(8*b+8)+1", "-N+1"}
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d", len(got), len(want))
	}
	for i, w := range want {
		if exprKey(got[i]) != exprKey(boundExpr(t, w)) {
			t.Errorf("part %d is %s, want %s", i, loopir.FormatExpr(got[i]), w)
		}
	}
}

func TestInTriangle(t *testing.T) {
	for _, c := range []struct{ index, row, col string }{
		{"i*(i+1)/2 + j", "i", "j"},
		{"j + (i+1)*i/2 - 1", "i", "j - 1"},
		{"i*(i-1)/2 + j", "i - 1", "j"},
		{"(i+j)*(i+j+1)/2", "i + j", "0"},
		{"(i*i+i)/2 + j", "i", "j"},
		{"(16*b*b + 8*b*i + i*i + 4*b + i)/2 + j", "4*b + i", "j"},
		{"(n-1-i)*(n-i)/2 + j", "n - 1 - i", "j"},
		{"(i*i+j)/2", "", ""},
		{"i*(i+2)/2 + j", "", ""},
		{"i*(i+1)/3 + j", "", ""},
		{"i*N + j", "", ""},
	} {
		row, col, ok := inTriangle(indexExpr(t, c.index))
		if ok != (c.row != "") {
			t.Errorf("%s: in a triangle: %v", c.index, ok)
		} else if ok && (row.Key() != exprKey(indexExpr(t, c.row)) || col.Key() != exprKey(indexExpr(t, c.col))) {
			t.Errorf("%s: row %s, column %s, want %s and %s", c.index, row, col, c.row, c.col)
		}
	}
}

func TestInShrinking(t *testing.T) {
	for _, c := range []struct{ index, side, row, col string }{
		{"i*N - i*(i-1)/2 + j", "N", "i", "j"},
		{"i*(2*N-i-1)/2 + j", "N", "i", "j - i"},
		{"N*i + j - (i+2)*(i+1)/2", "N - 1", "i", "j - i - 1"},
		{"(i+2)*N - (i+2)*(i+1)/2", "N", "i + 2", "0"},
		{"i*N - i*(i-2)/2 + j", "N", "", ""},
		{"i*N - i*(i/2)/2 + j", "N", "", ""},
		{"i*N - i*(i-1)/3 + j", "N", "", ""},
		{"i*N + j", "N", "", ""},
	} {
		found := false
		ways := inShrinking(indexExpr(t, c.index), poly.Must(indexExpr(t, c.side)))
		for _, w := range ways {
			found = found || c.row != "" && w.row.Key() == exprKey(indexExpr(t, c.row)) && w.col.Key() == exprKey(indexExpr(t, c.col))
		}
		if found != (c.row != "") || !found && len(ways) > 0 {
			t.Errorf("%s: ways %v, want row %q and column %q", c.index, ways, c.row, c.col)
		}
	}
}

func TestIsEven(t *testing.T) {
	for e, want := range map[string]bool{
		"i*(i+1)": true, "i*(2*N-i-1)": true, "(i+N)*(i+N-1)": true, "2*i*j": true,
		"i*(i+2)": false, "i*j": false, "i*N*(N+1)": true, "3": false,
	} {
		if x := indexExpr(t, e); !isPlain(x) || isEven(poly.Must(x)) != want {
			t.Errorf("%s: even %v", e, !want)
		}
	}
	if isPlain(indexExpr(t, "i*(i/2)")) {
		t.Error("i/2 is plain")
	}
}

// boundExpr reads an index expression with min and max.
func boundExpr(t *testing.T, s string) loopir.Expr {
	t.Helper()
	src := "kernel k(N, T, b, i, j, x: size, out a: f64[1]) { for z in 0.." + s + " { a[0] = 0.0 } }"
	return mustParse(t, s, []byte(src)).Kernels[0].Body[0].(*loopir.For).Hi
}

func TestInRows(t *testing.T) {
	for _, c := range []struct{ index, width, row, col string }{
		{"i*N + j", "N", "i", "j"},
		{"(N-1-i)*N + (N-1-j)", "N", "N - 1 - i", "N - 1 - j"},
		{"j - 1 + (N+2)*i", "N + 2", "i", "j - 1"},
		{"(i*j + 3)*N + x", "N", "i*j + 3", "x"},
		{"i*j*N + x*N + b", "N", "i*j + x", "b"},
		{"2*i + j", "N", "0", "2*i + j"},
	} {
		row, col, ok := inRows(indexExpr(t, c.index), poly.Must(indexExpr(t, c.width)))
		if !ok || row.Key() != exprKey(indexExpr(t, c.row)) || col.Key() != exprKey(indexExpr(t, c.col)) {
			t.Errorf("%s in rows of %s: row %s, column %s, want %s and %s", c.index, c.width, row, col, c.row, c.col)
		}
	}
}
