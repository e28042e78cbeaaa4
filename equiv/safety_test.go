package equiv

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

func safetyPool(t testing.TB) *smt.Pool {
	t.Helper()
	p, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Skipf("no solver: %v", err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func mustParse(t testing.TB, name string, src []byte) *loopir.File {
	t.Helper()
	f, err := loopir.Parse(name, src)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return f
}

// TestSafetyExamples proves the kernels of the examples safe.
func TestSafetyExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*.loop")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	pool := safetyPool(t)
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := mustParse(t, filepath.Base(path), src)
		for _, k := range f.Kernels {
			t.Run(filepath.Base(path)+"/"+k.Name, func(t *testing.T) {
				begin := time.Now()
				res, err := CheckSafety(context.Background(), f, k, Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d obligations in %v", len(res.Obligations), time.Since(begin))
				if res.Outcome != Proved {
					t.Errorf("%v\n%s", res.Outcome, findingText(res))
				}
			})
		}
	}
}

// TestSafetyOfPairs checks the kernels of the equivalence cases, transformed
// ones among them.
func TestSafetyOfPairs(t *testing.T) {
	files, err := filepath.Glob("../testdata/proved/equiv-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	pool := safetyPool(t)
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range ar.Files {
			if !strings.HasSuffix(file.Name, ".loop") {
				continue
			}
			name := strings.TrimSuffix(filepath.Base(path), ".txtar") + "/" + file.Name
			t.Run(name, func(t *testing.T) {
				f := mustParse(t, file.Name, file.Data)
				begin := time.Now()
				res, err := CheckSafety(context.Background(), f, f.Kernels[len(f.Kernels)-1], Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d obligations in %v", len(res.Obligations), time.Since(begin))
				if res.Outcome != Proved {
					t.Errorf("%v\n%s", res.Outcome, findingText(res))
				}
			})
		}
	}
}
