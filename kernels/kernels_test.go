package kernels

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
)

var generate = regexp.MustCompile(`(?m)^//go:generate loopopt gen -o (\S+) (\S+)$`)

// TestGeneratedFilesAreCurrent proves and emits every package again and wants
// the checked-in bytes: an edit of a single instruction, index, bound or operator
// shows here, whether or not a run would have met it.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := generate.FindAllStringSubmatch(string(doc), -1)
	if len(lines) == 0 {
		t.Fatal("doc.go has no go:generate line")
	}
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() }) //nolint:errcheck // a test's
	for _, l := range lines {
		dir, source := l[1], l[2]
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			files := emit(t, pool, dir, source)
			for name, want := range files {
				have, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Error(err)
				} else if !bytes.Equal(have, want) {
					t.Errorf("%s/%s is not what loopopt gen writes; run make generate", dir, name)
				}
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if files[e.Name()] == nil && e.Name() != "testdata" {
					t.Errorf("%s/%s is not generated", dir, e.Name())
				}
			}
		})
	}
}

func emit(t *testing.T, pool *smt.Pool, dir, source string) map[string][]byte {
	t.Helper()
	f, _, err := pipeline.Load(source)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pipeline.Schedules(f, "")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() && len(list) > 1 {
		t.Skipf("-short, which is for the emulator: there the proofs of the %d schedules of %s take longer than a test may; a run without -short makes them", len(list), source)
	}
	sizes, err := pipeline.ReadSizes(f, source)
	if err != nil {
		t.Fatal(err)
	}
	files, err := pipeline.Generate(context.Background(), f, list, dir, sizes, pipeline.Options{Equiv: equiv.Options{Pool: pool}})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
