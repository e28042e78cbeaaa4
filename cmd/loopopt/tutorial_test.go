package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// TestTutorial follows docs/tutorial.md: a block whose info string names a file is
// written, a console block is run, and what it prints must be what is shown.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("-short, and it proves, compiles and times a package twice, which takes half a minute; a run without -short makes it")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the page edits assembly of amd64")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	follow(t, root, filepath.Join(root, "docs", "tutorial.md"), t.TempDir())
}

// TestTuningPage follows docs/tuning.md.
func TestTuningPage(t *testing.T) {
	if testing.Short() {
		t.Skip("-short, and it proves, compiles and times a few packages, which takes half a minute; a run without -short makes it")
	}
	if !cpuid.CPU.Has(cpuid.AVX2) || !cpuid.CPU.Has(cpuid.FMA3) {
		t.Skip("this processor has no AVX2 and FMA, which the page times")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	follow(t, root, filepath.Join(root, "docs", "tuning.md"), t.TempDir())
}

// TestExampleReadmes runs what the READMEs of examples show, from the project's folder.
func TestExampleReadmes(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "examples", "*", "README.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no READMEs: %v", err)
	}
	for _, page := range pages {
		follow(t, root, page, root)
	}
}

// follow does what a page says, in folder dir.
func follow(t *testing.T, root, page, dir string) {
	t.Helper()
	src, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(string(src)) {
		if lang, file, ok := strings.Cut(b.info, " "); ok {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if lang == "yaml" {
				followJob(t, root, dir, b.text)
			}
			continue
		}
		if b.info != "console" {
			continue
		}
		for _, c := range strings.Split("\n"+strings.TrimSuffix(b.text, "\n"), "\n$ ")[1:] {
			command, want, _ := strings.Cut(c, "\n")
			if got := shell(t, root, dir, command); !matches(want, got) {
				t.Errorf("%s: `%s` prints\n%s\nwhere the page shows\n%s", filepath.Base(page), command, got, want)
			}
		}
	}
}

// followJob runs the steps of a CI job, but for those that install something.
func followJob(t *testing.T, root, dir, yaml string) {
	t.Helper()
	ran := 0
	for line := range strings.Lines(yaml) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "- run: ")
		if ok && !strings.Contains(command, " install ") {
			shell(t, root, dir, command)
			ran++
		}
	}
	if ran == 0 {
		t.Error("the job has no step to run")
	}
}

// shell runs a command of a page; a failing one must end in echo.
func shell(t *testing.T, root, dir, command string) string {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = dir
	c.Env = append(os.Environ(), "LOOPOPT="+root, "GOFLAGS=-trimpath", "GOWORK=off")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("`%s`: %v\n%s", command, err, out)
	}
	return string(out)
}

// matches compares what is printed with what is shown, where ... stands for anything.
func matches(want, got string) bool {
	pattern := regexp.QuoteMeta(strings.TrimSpace(want))
	pattern = strings.ReplaceAll("\n"+pattern, "\n\\.\\.\\.\n", "(?s:\n.*?)?\n") // lines, or none
	pattern = strings.ReplaceAll(pattern, `\.\.\.`, `(?s:.*?)`)
	pattern = regexp.MustCompile(`[ \t]+`).ReplaceAllString(pattern, `[ \t]*`)
	return regexp.MustCompile(`^\s*` + pattern + `\s*$`).MatchString("\n" + got)
}

type fenced struct{ info, text string }

// blocks lists the fenced blocks of a page.
func blocks(page string) []fenced {
	var out []fenced
	open := false
	for line := range strings.Lines(page) {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !open:
			out = append(out, fenced{info: strings.TrimSpace(info)})
			open = true
		case fence:
			open = false
		case open:
			out[len(out)-1].text += line
		}
	}
	return out
}
