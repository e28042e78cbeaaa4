package smt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRemedy wants a missing tag told from a missing library.
func TestRemedy(t *testing.T) {
	dir := t.TempDir()
	if got := goz3Remedy(headerOf([]string{dir})); !strings.Contains(got, "the library is missing") {
		t.Errorf("without z3.h: %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "z3.h"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := goz3Remedy(headerOf([]string{dir})); !strings.Contains(got, "built without the tag") || strings.Contains(got, "apt-get") {
		t.Errorf("with z3.h: %s", got)
	}
}
