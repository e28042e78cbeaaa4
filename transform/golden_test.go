package transform_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestGolden replays the last schedule of in.loop in each case; want is the
// kernel after the last step, with the notes of all steps in front.
func TestGolden(t *testing.T) {
	eachCase(t, "testdata/*/*.txtar", func(t *testing.T, f *loopir.File, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		script, err := transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, n := range script.Notes {
			fmt.Fprintf(&b, "// %s\n", n.Msg)
		}
		for _, p := range script.Steps {
			for _, n := range p.Notes {
				fmt.Fprintf(&b, "// %s: %s\n", p.Step.Verb, n.Msg)
			}
		}
		for _, k := range script.File.Kernels {
			if f.Kernel(k.Name) == nil {
				b.WriteString(text(k) + "\n")
			}
		}
		b.WriteString(text(script.Kernel))
		reparse(t, functions(script.File)+b.String(), f)
		return b.String()
	})
}

// TestRejected replays the last schedule of in.loop in each case; want is what
// the user is told, by the parser or by the step.
func TestRejected(t *testing.T) {
	eachCase(t, "../testdata/rejected/*.txtar", func(t *testing.T, f *loopir.File, err error) string {
		if err == nil {
			_, err = transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
		}
		if err == nil {
			t.Fatal("not rejected")
		}
		return err.Error() + "\n"
	})
}

// eachCase runs f on in.loop of every archive and compares with its want.
func eachCase(t *testing.T, pattern string, f func(*testing.T, *loopir.File, error) string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in %s: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := section(a, "in.loop")
			file, err := loopir.Parse("in.loop", []byte(in.Data))
			got, want := f(t, file, err), section(a, "want")
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// section returns the file of a called name, added empty when it is missing.
func section(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name})
	return &a.Files[len(a.Files)-1]
}

func text(k *loopir.Kernel) string { return strings.TrimRight(loopir.FormatKernel(k), "\n") + "\n" }

// reparse checks that the printed kernels are a valid file again, together with
// the kernels of f that they may call.
// functions is the text of what the file declares by func, the library's among them.
func functions(f *loopir.File) string { return string(loopir.Format(&loopir.File{Funcs: f.Funcs})) }

func reparse(t *testing.T, src string, f *loopir.File) {
	t.Helper()
	if len(f.Kernels) > 1 {
		return
	}
	back, err := loopir.Parse("out.loop", []byte(src))
	if err != nil {
		t.Errorf("the result does not parse: %v\n%s", err, src)
		return
	}
	k := back.Kernels[len(back.Kernels)-1]
	if diff := cmp.Diff(strings.TrimSpace(src[strings.LastIndex(src, "kernel "):]), strings.TrimSpace(loopir.FormatKernel(k))); diff != "" {
		t.Errorf("the result prints differently when parsed back:\n%s", diff)
	}
}
