package loopir

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Chains of lets and calls in which each link names the one before twice stand
// for text of exponential size. It is collected or refused, never built.
func TestChainsAreNotExpanded(t *testing.T) {
	const links = 50
	lets := func(link string) string {
		var b strings.Builder
		b.WriteString("kernel f(N: size, inout A: i64[N]) {\n  for i in 0..N {\n    let a0 = i\n")
		for i := range links {
			fmt.Fprintf(&b, "    let a%d = %s\n", i+1, strings.ReplaceAll(link, "a", fmt.Sprint("a", i)))
		}
		fmt.Fprintf(&b, "    A[i] = i64(a%d)\n  }\n}\n", links)
		return b.String()
	}
	calls := func(param, link string) string {
		var b strings.Builder
		for i := range links {
			fmt.Fprintf(&b, "kernel g%d(%s, inout A: f32[1]) {\n%s}\n", i, param, strings.ReplaceAll(link, "g(", fmt.Sprintf("g%d(", i+1)))
		}
		fmt.Fprintf(&b, "kernel g%d(%s, inout A: f32[1]) { A[0] = f32(x) }\n", links, param)
		return b.String()
	}
	for _, tc := range []struct{ name, src, want string }{
		{"sum of an index", lets("a + a"), ""},
		{"difference of an index", lets("3*a - (a - 1)"), ""},
		{"quotients of an index", lets("a/2 + a/3"), "with lets before it put in, a"},
		{"calls", calls("x: f32", "  g(x, A)\n  g(x, A)\n"), "more than 5000 statements"},
		{"sum of a size", calls("x: size", "  g(x + x, A)\n"), ""},
		{"square of a scalar", calls("x: f32", "  g(x*x, A)\n"), "with its arguments put in"},
	} {
		f, err := Parse("in.loop", []byte(tc.src))
		for i := 0; err == nil && i < len(f.Kernels); i++ {
			f.Kernels[i].InlineLets()
			_, err = f.InlineCalls(f.Kernels[i])
		}
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		var list ErrorList
		var one *Error
		if errors.As(err, &list) {
			one = list[0]
		} else {
			errors.As(err, &one)
		}
		if one == nil || one.Kind != Undecided || !strings.Contains(one.Msg, tc.want) {
			t.Errorf("%s: got %v, want an undecided error with %q", tc.name, err, tc.want)
		}
	}
}
