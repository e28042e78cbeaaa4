package lift

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

func load(t testing.TB, dir string) *Package { return loadFor(t, dir, "amd64") }

func loadFor(t testing.TB, dir, arch string) *Package {
	t.Helper()
	files := map[string][]byte{}
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = b
	}
	p, err := Read(dir, files, arch)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type formOf struct {
	Form
	p *Package
}

// allForms lists the forms of a package, those of its assembly with the processor's
// build.
func allForms(t testing.TB, dir string) []formOf {
	var out []formOf
	p := load(t, dir)
	for i, arch := range Archs(p.text) {
		if i > 0 {
			p = loadFor(t, dir, arch)
		}
		for _, f := range p.Forms() {
			if i == 0 || strings.HasSuffix(f.File, "_"+arch+".go") {
				out = append(out, formOf{f, p})
			}
		}
	}
	return out
}

// mostAssembly bounds the assembly of a package that TestKernels reads back.
const mostAssembly = 40_000

func assemblyBytes(t *testing.T, dir string) (n int) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.s"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n += len(text)
	}
	return n
}

func TestKernels(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: os.Getenv("COLD") != ""})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	dirs, _ := filepath.Glob("../../kernels/*/*.loop")
	seen := map[string]bool{}
	for _, d := range dirs {
		d = filepath.Dir(d)
		if seen[d] {
			continue
		}
		seen[d] = true
		if assemblyBytes(t, d) > mostAssembly && os.Getenv("COLD") == "" {
			t.Logf("%s: read back by the tests of package kernels, from the same bytes, and here with COLD=1", filepath.Base(d))
			continue
		}
		for _, c := range allForms(t, d) {
			p, f := c.p, c.Form
			t.Run(filepath.Base(d)+"/"+f.File, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
				defer cancel()
				r, err := p.Verify(ctx, f, equiv.Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s %s %d obligations, %.2f s", r.Outcome, r.Verdict, r.Count, time.Since(start).Seconds())
				if r.Outcome != equiv.Proved {
					for _, f := range r.Failures {
						t.Error(f)
						for _, n := range f.Notes {
							t.Log("  ", n.Span, n.Msg)
						}
					}
					if r.Counterexample != nil {
						t.Error(r.Counterexample)
					}
					if r.Lifted != nil && os.Getenv("SHOW") != "" {
						t.Log(loopir.FormatKernel(r.Lifted))
					}
				}
			})
		}
	}
}
