package equiv

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestSafetyData checks every kernel of the safety cases. The folder is the
// expected outcome; the file want holds what a person is told.
func TestSafetyData(t *testing.T) {
	pool := safetyPool(t)
	n := 0
	for _, outcome := range []Outcome{Proved, Refuted, Unknown} {
		files, err := filepath.Glob(filepath.Join("..", "testdata", outcome.String(), "safety-*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		n += len(files)
		for _, path := range files {
			name := outcome.String() + "/" + strings.TrimSuffix(filepath.Base(path), ".txtar")
			t.Run(name, func(t *testing.T) {
				ar, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				f := mustParse(t, "in.loop", section(ar, "in.loop"))
				k := f.Kernels[len(f.Kernels)-1]
				res, err := CheckSafety(context.Background(), f, k, Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				got := findingText(res)
				if res.Outcome != outcome {
					t.Errorf("outcome %v, want %v:\n%s", res.Outcome, outcome, got)
				}
				if want := string(section(ar, "want")); got != want && *update {
					setSection(ar, "want", got)
					if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
			})
		}
	}
	if n == 0 {
		t.Fatal("no safety cases found")
	}
}

// findingText is what a person is told, notes indented.
func findingText(r *SafetyResult) string {
	var b strings.Builder
	for _, e := range r.Findings {
		fmt.Fprintln(&b, e)
		for _, n := range e.Notes {
			if n.Span.Start.Line > 0 {
				fmt.Fprintf(&b, "\t%v: %s\n", n.Span, n.Msg)
			} else {
				fmt.Fprintf(&b, "\t%s\n", n.Msg)
			}
		}
	}
	return b.String()
}

var update = flag.Bool("update", false, "rewrite what the cases of testdata expect; never moves a case")

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setSection(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}
