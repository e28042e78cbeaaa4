package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/loopopt/loopopt/internal/benchtable"
)

var update = flag.Bool("update", false, "rewrite the example output in README.md")

// TestMain lets scripts run this binary as loopopt.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"loopopt": main,
	})
}

// TestScripts runs testdata/*.txtar: what a user types and sees.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	built, modules, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROOT", root)
			env.Setenv("HOME", env.WorkDir) // a proof cache of the script's own
			env.Setenv("GOCACHE", built)    // but not a compiler's
			env.Setenv("GOMODCACHE", modules)
			return nil
		},
	})
}

// TestReadme wants README.md to show what a refutation prints today.
func TestReadme(t *testing.T) {
	t.Chdir("../..")
	var out, errs bytes.Buffer
	const file = "examples/01-conv/wrong.loop"
	if code := run(context.Background(), []string{"verify", file}, &out, &errs); code != exitFindings {
		t.Fatalf("verify %s exits with %d, want %d: %s", file, code, exitFindings, errs.String())
	}
	want := "```\n$ loopopt verify " + file + "\n" + out.String() + "```\n"
	if *update {
		if err := benchtable.ReplaceSection("README.md", "refuted", want); err != nil {
			t.Fatal(err)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- begin refuted -->\n")
	got, _, _ := strings.Cut(rest, "<!-- end refuted -->")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md is out of date; run this test with -update (-want +got):\n%s", diff)
	}
}
