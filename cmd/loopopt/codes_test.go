package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNegativeTimeout wants every command to refuse it, and no more than that.
func TestNegativeTimeout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k.loop")
	if err := os.WriteFile(file, []byte("kernel k(N: size, inout A: f32[N]) {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	commands := (&app{sources: map[string][]byte{}}).root().Commands()
	if len(commands) < 9 {
		t.Fatalf("there are only %d commands", len(commands))
	}
	for _, c := range commands {
		args := []string{c.Name(), "--timeout", "-1s"}
		if c.Name() == "help" || c.Name() == "completion" { // nothing to limit
			continue
		}
		if c.Args != nil && c.Args(c, nil) != nil {
			args = append(args, file)
		}
		var out, errs bytes.Buffer
		code := run(context.Background(), args, &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), "it must not be negative") {
			t.Errorf("%v exits with %d: %s%s", args, code, out.String(), errs.String())
		}
	}
}

// TestWorse orders the codes.
func TestWorse(t *testing.T) {
	order := []int{exitOK, exitUnknown, exitUsage, exitFindings, exitInternal}
	for i, a := range order {
		for j, b := range order {
			if got := worse(a, b); got != order[max(i, j)] {
				t.Errorf("worse(%d, %d) = %d", a, b, got)
			}
		}
	}
}
