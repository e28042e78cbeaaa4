package main

import "testing"

func TestGeneratedFrom(t *testing.T) {
	for dir, want := range map[string]string{
		"../../kernels/stencil":  "../../examples/04-stencil/jacobi.loop",
		"../../kernels/stencil/": "../../examples/04-stencil/jacobi.loop",
		"../../kernels/other":    "",
		"../../gen":              "",
	} {
		if got := generatedFrom(dir); got != want {
			t.Errorf("%s: generated from %q, want %q", dir, got, want)
		}
	}
}
