package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDirectives reads the go:generate lines that run loopopt gen.
func TestDirectives(t *testing.T) {
	root := t.TempDir()
	at := func(words ...string) string { return filepath.Join(append([]string{root}, words...)...) }
	for _, c := range []struct {
		line string
		want []directive
	}{
		{"//go:generate loopopt gen -o k src/a.loop", []directive{{at("src", "a.loop"), at("k"), ""}}},
		{"//go:generate go tool loopopt gen a.loop", []directive{{at("a.loop"), at(), ""}}},
		{"//go:generate go run -tags goz3 ./cmd/loopopt gen --out=k a.loop", []directive{{at("a.loop"), at("k"), ""}}},
		{"//go:generate go run example.com/tools/loopopt@v1.2.0 gen a.loop", []directive{{at("a.loop"), at(), ""}}},
		{"//go:generate ../bin/loopopt gen --package $NAME -o \"k k\" a.loop", []directive{{at("a.loop"), at("k k"), "$NAME"}}},
		{"//go:generate -command lo go tool loopopt\n//go:generate lo gen a.loop", []directive{{at("a.loop"), at(), ""}}},
		{"//go:generate loopopt gen -check a.loop\r\n", []directive{{at("a.loop"), at(), ""}}},
		{"//go:generate loopopt transform a.loop", nil},
		{"//go:generate stringer gen a.loop", nil},
		{"// go:generate loopopt gen a.loop", nil},
		{" //go:generate loopopt gen a.loop", nil},
	} {
		if err := os.WriteFile(at("doc.go"), []byte(c.line+"\npackage p\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, directives(root), cmp.AllowUnexported(directive{})); diff != "" {
			t.Errorf("%s: %s", c.line, diff)
		}
	}
}

// TestGeneratedFrom finds the directive of a folder in a file above it, up to the module.
func TestGeneratedFrom(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "m", "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("doc.go", "//go:generate loopopt gen -o m/a/b outside.loop\npackage p\n")
	write("m/go.mod", "module m\n")
	write("m/doc.go", "//go:generate loopopt gen -o a/b x.loop\n//go:generate loopopt gen -o a/c y.loop\npackage p\n")
	got := generatedFrom(dir)
	if len(got) != 1 || filepath.Base(got[0].source) != "x.loop" {
		t.Errorf("got %v, want the line about a/b of the module", got)
	}
}
