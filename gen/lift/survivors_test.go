package lift

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// confirm runs the generated tests of a package with the mutants that were proved in
// place, many at a time: what does the same one by one, at lines apart, does so
// together. It gives those with which a test fails, found one by one.
func confirm(t *testing.T, dir, name, src string, proved []mutant) []mutant {
	t.Helper()
	if strings.HasSuffix(name, "_arm64.s") != (runtime.GOARCH == "arm64") {
		t.Logf("%s: %d proved mutants are not run: they are not for this processor", name, len(proved))
		return nil
	}
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
	out, err := exec.Command("go", "test", "-short", "-timeout", "2m", "-overlay", filepath.Join(temp, "overlay.json"), "../../kernels/"+dir).CombinedOutput()
	if err != nil {
		t.Logf("%s with %d mutants: %s", name, len(group), out)
	}
	return err == nil
}
