package pipeline

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTakesAsGoList wants the files that a build takes to be those that go list tells,
// also where edits put files under other names and constraints.
func TestTakesAsGoList(t *testing.T) {
	dir := t.TempDir()
	copyEdited(t, "../../kernels/gemm", dir, "x_linux.go", "", "package gemm\n")
	for name, text := range map[string]string{
		"go.mod":         "module example.com/gemm\n\ngo 1.24\n",
		"x_windows.go":   "package gemm\n",
		"x_arm64.s":      "// nothing\n",
		"y.go":           "//go:build purego || (darwin && !cgo)\n\npackage gemm\n",
		"z_noasm.go":     "//go:build noasm\n\npackage gemm\n",
		"old.go":         "// +build never\n\npackage gemm\n",
		"c.go":           "package gemm\n\nimport \"C\"\n",
		"_left.go":       "package gemm\n",
		".out.s":         "// nothing\n",
		"linux.go":       "package gemm\n",
		"x_unix.go":      "package gemm\n",
		"x_test_amd64.s": "// nothing\n",
	} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, m := range []map[string][]byte{f.Generated, f.Foreign} {
		for name, src := range m {
			all[name] = src
		}
	}
	for _, p := range []platform{
		{"linux", "amd64", ""},
		{"linux", "arm64", "purego"},
		{"windows", "386", ""},
		{"darwin", "arm64", ""},
		{"js", "wasm", ""},
		{"freebsd", "amd64", "noasm"},
	} {
		list := exec.CommandContext(t.Context(), "go", "list", "-tags", p.tag, "-f", `{{range .GoFiles}}{{.}} {{end}}{{range .CgoFiles}}{{.}} {{end}}{{range .SFiles}}{{.}} {{end}}`)
		list.Dir = dir
		list.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=1", "GOFLAGS=-mod=mod", "GOWORK=off")
		text, err := list.Output()
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		want := strings.Fields(string(text))
		slices.Sort(want)
		if got := p.takes(all); !slices.Equal(got, want) {
			t.Errorf("%v: takes\n%v\ngo list tells\n%v", p, got, want)
		}
	}
}
