package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loopopt/loopopt/loopir"
)

// TestDirectives reads the go:generate lines that run loopopt gen.
func TestDirectives(t *testing.T) {
	root := t.TempDir()
	at := func(words ...string) string { return filepath.Join(append([]string{root}, words...)...) }
	line := func(n int) loopir.Span {
		p := loopir.Pos{Line: n, Col: 1}
		return loopir.Span{File: at("doc.go"), Start: p, End: p}
	}
	for _, c := range []struct {
		line string
		want []directive
		err  string
	}{
		{"//go:generate loopopt gen -o k src/a.loop", []directive{{line(1), at("src", "a.loop"), at("k"), ""}}, ""},
		{"//go:generate go tool loopopt gen a.loop", []directive{{line(1), at("a.loop"), at(), ""}}, ""},
		{"//go:generate go run -tags goz3 ./cmd/loopopt gen --out=k a.loop", []directive{{line(1), at("a.loop"), at("k"), ""}}, ""},
		{"//go:generate go run example.com/tools/loopopt@v1.2.0 gen a.loop", []directive{{line(1), at("a.loop"), at(), ""}}, ""},
		{"//go:generate ../bin/loopopt gen --package ${DOLLAR}NAME$GOPACKAGE -o \"k k\" a.loop", nil, "--package $NAMEp: a Go package name is needed"},
		{"//go:generate -command lo go tool loopopt\n//go:generate lo gen a.loop", []directive{{line(2), at("a.loop"), at(), ""}}, ""},
		{"//go:generate loopopt gen -check a.loop\r\n", []directive{{line(1), at("a.loop"), at(), ""}}, ""},
		{"//go:generate loopopt gen --package $GOPACKAGE -o \"k k\" a.loop", []directive{{line(1), at("a.loop"), at("k k"), "p"}}, ""},
		{"//go:generate loopopt --timeout 5m gen a.loop", []directive{{line(1), at("a.loop"), at(), ""}}, ""},
		{"//go:generate loopopt --timeout=5m --memory 1GB gen --budget 7 a.loop --strict -ok", []directive{{line(1), at("a.loop"), at("k"), ""}}, ""},
		{"//go:generate loopopt gen --frobnicate a.loop", nil, "unknown flag: --frobnicate"},
		{"//go:generate loopopt --frobnicate gen a.loop", nil, "unknown"},
		{"//go:generate loopopt gen --timeout soon a.loop", nil, "invalid argument"},
		{"//go:generate loopopt gen -o k", nil, "gen takes one .loop file"},
		{"//go:generate loopopt gen a.loop b.loop", nil, "gen takes one .loop file"},
		{"//go:generate loopopt gen --check ./...", nil, ""},
		{"//go:generate loopopt transform a.loop", nil, ""},
		{"//go:generate stringer gen a.loop", nil, ""},
		{"// go:generate loopopt gen a.loop", nil, ""},
		{" //go:generate loopopt gen a.loop", nil, ""},
	} {
		if err := os.WriteFile(at("doc.go"), []byte(c.line+"\npackage p\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		got, errs := directives(root)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(directive{})); diff != "" {
			t.Errorf("%s: %s", c.line, diff)
		}
		switch {
		case (c.err == "") != (len(errs) == 0), c.err != "" && !strings.Contains(errs.Error(), c.err):
			t.Errorf("%s: %v, want %q", c.line, errs, c.err)
		case c.err != "" && errs[0].Span != line(1):
			t.Errorf("%s: the error is at %v", c.line, errs[0].Span)
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
	got, errs := generatedFrom(dir)
	if len(errs) > 0 {
		t.Error(errs)
	}
	if len(got) != 1 || filepath.Base(got[0].source) != "x.loop" {
		t.Errorf("got %v, want the line about a/b of the module", got)
	}
}
