package trial

import (
	"regexp"
	"strings"
	"testing"
)

var (
	place   = regexp.MustCompile(`[\w./-]*\.(loop|s|go)(:\d+)*:? ?`)
	aNames  = regexp.MustCompile(`\b[A-Za-z_]\w*\[[^ ]*\]`)
	region  = regexp.MustCompile(`\b(the region |schedule )\w+`)
	extent  = regexp.MustCompile(`index .* of [\w.]+ stays within .*`)
	machine = regexp.MustCompile(`int64: .* is not known`)
	affine  = regexp.MustCompile(`an index that isn't affine in \w+`)
	lanes   = regexp.MustCompile(`the lanes of \w+ aren't`)
	number  = regexp.MustCompile(`\b\d+\b`)
)

// kind is a reason without its place, cells and numbers.
func kind(why string) string {
	s := why
	if _, rest, ok := strings.Cut(s, "this region becomes Go: "); ok {
		s, _, _ = strings.Cut(rest, ". Without that it is")
		s = "Go: " + s
	}
	s = place.ReplaceAllString(s, "")
	s = extent.ReplaceAllString(s, "an index stays in its array")
	s = machine.ReplaceAllString(s, "int64: an expression fits is not known")
	s = affine.ReplaceAllString(s, "an index that isn't affine")
	s = lanes.ReplaceAllString(s, "the lanes of an array aren't")
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
	a := kind("schedule plain: this region becomes Go: no form for Y[2*i][j] at 3. Without that it is assembly")
	if b := kind("schedule other: this region becomes Go: no form for Z[i] at 17. Without that it is assembly for neon"); a != b {
		t.Errorf("%q and %q should be of one kind", a, b)
	}
}
