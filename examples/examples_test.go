// Package examples tests that the examples are what their READMEs say.
package examples

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// TestExamplesAreProved runs every schedule of every example; those of
// wrong*.loop have to be refuted, all others proved. Examples that a package of kernels/ is
// generated from are left to the test there, which proves them on the way to its bytes.
func TestExamplesAreProved(t *testing.T) {
	files, err := filepath.Glob("*/*.loop")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	generated, err := os.ReadFile("../kernels/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if bytes.Contains(generated, []byte(" ../examples/"+filepath.ToSlash(path)+"\n")) {
			continue
		}
		f, _, err := pipeline.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		want := equiv.Proved
		if strings.HasPrefix(filepath.Base(path), "wrong") {
			want = equiv.Refuted
		}
		list, err := pipeline.Schedules(f, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			t.Run(filepath.Base(path)+"/"+s.Name, func(t *testing.T) {
				r, err := pipeline.Transform(context.Background(), f, s, pipeline.Options{Equiv: equiv.Options{Pool: pool}})
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Outcome(); got != want {
					bad := r.Failed()
					t.Fatalf("step %s is %s, want %s: %s", bad.Step, got, want, bad.Reason)
				}
			})
		}
	}
}

// TestExamplesAreFormatted wants every example as loopopt fmt prints it.
func TestExamplesAreFormatted(t *testing.T) {
	files, _ := filepath.Glob("*/*.loop")
	for _, path := range files {
		f, src, err := pipeline.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(loopir.Format(f)) != string(src) {
			t.Errorf("%s is not formatted: run loopopt fmt -w", path)
		}
	}
}

// TestReadmes wants a README in every example's folder.
func TestReadmes(t *testing.T) {
	dirs, _ := filepath.Glob("[0-9]*")
	for _, d := range dirs {
		if st, err := os.Stat(filepath.Join(d, "README.md")); err != nil || st.Size() == 0 {
			t.Errorf("%s has no README.md", d)
		}
	}
}
