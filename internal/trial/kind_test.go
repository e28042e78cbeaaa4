package trial

import (
	"regexp"
	"strings"
	"testing"
)

var (
	place  = regexp.MustCompile(`[\w./-]*\.(loop|s|go)(:\d+)*:? ?`)
	aNames = regexp.MustCompile(`\b[A-Za-z_]\w*\[[^ ]*\]`)
	region = regexp.MustCompile(`\b(the region |schedule )\w+`)
	number = regexp.MustCompile(`\b\d+\b`)
)

// kind is a reason without its place, cells and numbers.
func kind(why string) string {
	s := why
	if _, rest, ok := strings.Cut(s, "this region becomes Go: "); ok {
		s, _, _ = strings.Cut(rest, "; without that it has")
		s = "Go: " + s
	}
	s = place.ReplaceAllString(s, "")
	s = region.ReplaceAllString(s, "${1}R")
	s = aNames.ReplaceAllString(s, "X[..]")
	s = number.ReplaceAllString(s, "n")
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}

func TestKind(t *testing.T) {
	a := kind("schedule plain: this region becomes Go: no form for Y[2*i][j] at 3; without that it has an assembly form")
	if b := kind("schedule other: this region becomes Go: no form for Z[i] at 17; without that it has a form for neon"); a != b {
		t.Errorf("%q and %q should be of one kind", a, b)
	}
}
