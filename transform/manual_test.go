package transform_test

import (
	"os"
	"testing"

	"github.com/loopopt/loopopt/transform"
)

// TestManual wants a page for every verb, and docs/primitives.md to be current.
func TestManual(t *testing.T) {
	pages := transform.Manual()
	for i, verb := range transform.Verbs() {
		if i >= len(pages) || pages[i].Name != verb {
			t.Fatalf("the manual has no page for %s", verb)
		}
	}
	const file = "../docs/primitives.md"
	if *update {
		if err := os.WriteFile(file, []byte(transform.Markdown()), 0o644); err != nil { //nolint:gosec // a page for all
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != transform.Markdown() {
		t.Errorf("%s is out of date; run this test with -update (%v)", file, err)
	}
}
