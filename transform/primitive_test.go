package transform_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/transform"
)

// TestTable checks that every primitive has its manual page and its cases.
func TestTable(t *testing.T) {
	if !slices.IsSortedFunc(transform.Primitives, func(a, b *transform.Primitive) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("Primitives is not sorted by name")
	}
	for i, p := range transform.Primitives {
		if i > 0 && transform.Primitives[i-1].Name == p.Name {
			t.Errorf("%s is in the table twice", p.Name)
		}
		if transform.Lookup(p.Name) != p {
			t.Errorf("Lookup(%q) finds another one", p.Name)
		}
		if !strings.HasPrefix(p.Syntax, p.Name) || !strings.Contains(p.Doc, "=>") {
			t.Errorf("%s: the manual page needs the syntax and a before => after", p.Name)
		}
		for pattern, least := range map[string]int{
			"testdata/" + p.Name + "/*.txtar":                 1,
			"../testdata/rejected/" + p.Name + "-*.txtar":     2,
			"../testdata/proved/step-" + p.Name + "-*.txtar":  1,
			"../testdata/refuted/step-" + p.Name + "-*.txtar": 2,
		} {
			if found, err := filepath.Glob(pattern); err != nil || len(found) < least {
				t.Errorf("%s: %d cases in %s, want %d", p.Name, len(found), pattern, least)
			}
		}
	}
}
