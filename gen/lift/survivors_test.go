package lift

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
)

// confirm runs the generated tests of a package with the mutants that were proved in
// place, many at a time: what does the same one by one, at lines apart, does so
// together. It gives those with which a test fails, found one by one.
func confirm(t *testing.T, dir, name, src string, proved []mutant) []mutant {
	t.Helper()
	var wrong []mutant
	for _, group := range apartFrom(proved) {
		if passes(t, dir, name, src, group) {
			continue
		}
		for _, m := range group {
			if !passes(t, dir, name, src, []mutant{m}) {
				wrong = append(wrong, m)
			}
		}
	}
	return wrong
}

// apartFrom puts mutants into groups of which no two touch neighbouring lines.
func apartFrom(list []mutant) [][]mutant {
	var groups [][]mutant
	list = append([]mutant(nil), list...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].line < list[j].line })
next:
	for _, m := range list {
		for i, g := range groups {
			if g[len(g)-1].line+3 < m.line {
				groups[i] = append(g, m)
				continue next
			}
		}
		groups = append(groups, []mutant{m})
	}
	return groups
}

// passes runs the tests of a package whose assembly is mutated, in order of lines.
func passes(t *testing.T, dir, name, src string, group []mutant) bool {
	t.Helper()
	for i := len(group) - 1; i >= 0; i-- {
		src = group[i].apply(src)
	}
	temp := t.TempDir()
	file, err := filepath.Abs(filepath.Join("../../kernels", dir, name))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: filepath.Join(temp, name)}})
	if err != nil {
		t.Fatal(err)
	}
	for at, text := range map[string][]byte{name: []byte(src), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(temp, at), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	test := []string{"test", "-timeout", "10m", "-overlay", filepath.Join(temp, "overlay.json")}
	env := os.Environ()
	if strings.HasSuffix(name, "_arm64.s") && runtime.GOARCH != "arm64" {
		test = append(test, "-exec", "qemu-aarch64-static")
		env = append(env, "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	}
	cmd := exec.Command("go", append(test, "../../kernels/"+dir)...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s with %d mutants: %s", name, len(group), out)
	}
	return err == nil
}

// TestConfirm wants a mutant that computes something else to be found among others.
func TestConfirm(t *testing.T) {
	for _, c := range []struct{ arch, name, of string }{
		{"amd64", "gemm_avx512_avx512_amd64.s", "VFMADD231PS"},
		{"arm64", "gemm_neon_neon_arm64.s", "WORD"},
	} {
		src := string(loadFor(t, "../../kernels/gemm", c.arch).text[c.name])
		lines := strings.Split(src, "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "\t"+c.of) })
		if at < 0 {
			t.Fatalf("%s has no %s", c.name, c.of)
		}
		same := mutant{line: at - 8, text: []string{lines[at-8]}}
		bad := mutant{line: at, text: []string{""}}
		if got := confirm(t, "gemm", c.name, src, []mutant{same, bad}); len(got) != 1 || got[0].line != at {
			t.Errorf("%s: found %v, want the one at line %d", c.name, got, at+1)
		}
	}
}
