package equiv

import (
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestRestarts takes assignments apart into steps, or leaves them: where a step reads what
// an earlier one may have written, and where nothing else continues the sum.
func TestRestarts(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"first update of a sum", `c[i] = 0.0 + a[i]
    c[i] += a[0]`, []string{"c[i] = 0.0", "c[i] += a[i]", "c[i] += a[0]"}},
		{"maximum", `c[i] = max(a[i], a[0], 1.0)
    c[i] max= a[1]`, []string{"c[i] = a[i]", "c[i] max= a[0]", "c[i] max= 1.0", "c[i] max= a[1]"}},
		{"several steps", `c[i] = 0.0
    c[i] = max(max(c[i], a[i]), a[0])`, []string{"c[i] = 0.0", "c[i] max= a[i]", "c[i] max= a[0]"}},
		{"neighbours", `c[i] = 0.0
    c[i] = min(c[i], c[i+1], a[0])`, []string{"c[i] = 0.0", "c[i] min= c[i+1]", "c[i] min= a[0]"}},
		{"reads itself later", `c[i] = 0.0
    c[i] = min(c[i], c[j], a[0])`, []string{"c[i] = 0.0", "c[i] = min(c[i], c[j], a[0])"}},
		{"no sum", `c[i] = max(a[i], 0.0)`, []string{"c[i] = max(a[i], 0.0)"}},
		{"another operator", `c[i] = max(a[i], 0.0)
    c[i] += a[0]`, []string{"c[i] = max(a[i], 0.0)", "c[i] += a[0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := "kernel k(N: size, in a: f64[N+2], inout c: f64[N+2]) {\n  for i in 0..N, j in 0..N {\n    " + c.body + "\n  }\n}\n"
			f := mustParse(t, c.name, []byte(src))
			p, err := NewProgram(f, f.Kernels[0])
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range p.restarts().Stmts {
				got = append(got, loopir.FormatExpr(s.LHS)+" "+map[loopir.AssignOp]string{
					loopir.Set: "=", loopir.AddTo: "+=", loopir.MinTo: "min=", loopir.MaxTo: "max=",
				}[s.Op]+" "+loopir.FormatExpr(s.RHS))
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("step %d is %q, want %q", i, got[i], c.want[i])
				}
			}
		})
	}
}
