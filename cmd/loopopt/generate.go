package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/corpus"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// A directive is a go:generate line that runs loopopt gen: by its name, by a path, with
// go tool or go run, or by a name that -command gave to one of these.
type directive struct {
	source string // the .loop file
	out    string // the folder of the package
	pkg    string // --package, "" if not given
}

// directives reads those that the Go files of a folder have.
func directives(folder string) []directive {
	var out []directive
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		aliases := map[string][]string{}
		for line := range bytes.Lines(src) {
			text, ok := strings.CutPrefix(strings.TrimRight(string(line), "\r\n"), "//go:generate ")
			if !ok {
				continue
			}
			words := splitWords(text)
			if len(words) > 2 && words[0] == "-command" {
				aliases[words[1]] = words[2:]
				continue
			}
			if len(words) > 0 && aliases[words[0]] != nil {
				words = append(append([]string{}, aliases[words[0]]...), words[1:]...)
			}
			if d, ok := genLine(folder, words); ok {
				out = append(out, d)
			}
		}
	}
	return out
}

// splitWords takes a go:generate line apart as go generate does: words between blanks,
// Go strings in double quotes.
func splitWords(text string) []string {
	var out []string
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		if text[0] == '"' {
			if q, err := strconv.QuotedPrefix(text); err == nil {
				word, _ := strconv.Unquote(q)
				out, text = append(out, word), text[len(q):]
				continue
			}
		}
		i := strings.IndexAny(text, " \t")
		if i < 0 {
			i = len(text)
		}
		out, text = append(out, text[:i]), text[i:]
	}
	return out
}

// genLine reads the words of a command.
func genLine(folder string, words []string) (directive, bool) {
	at := -1
	for i := 1; i < len(words) && at < 0; i++ {
		program, _, _ := strings.Cut(filepath.Base(filepath.FromSlash(words[i-1])), "@") // a version
		if words[i] == "gen" && strings.TrimSuffix(program, ".exe") == "loopopt" {
			at = i
		}
	}
	if at < 0 {
		return directive{}, false
	}
	d := directive{out: folder}
	in := func(path string) string {
		path = filepath.FromSlash(os.Expand(path, func(name string) string {
			if name == "DOLLAR" {
				return "$"
			}
			return os.Getenv(name)
		}))
		if filepath.IsAbs(path) {
			return filepath.Clean(path)
		}
		return filepath.Join(folder, path)
	}
	for i := at + 1; i < len(words); i++ {
		name, value, given := strings.Cut(words[i], "=")
		switch name {
		case "-o", "--out", "-package", "--package":
			if !given && i+1 < len(words) {
				i++
				value = words[i]
			}
			if strings.HasSuffix(name, "package") {
				d.pkg = value
			} else {
				d.out = in(value)
			}
		default:
			if strings.HasSuffix(words[i], ".loop") {
				d.source = in(words[i])
			}
		}
	}
	return d, d.source != ""
}

// generatedFrom finds the directives that write a folder: in its own Go files, and in
// those of the folders above up to that of the module.
func generatedFrom(dir string) []directive {
	var out []directive
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	here, _ := os.Getwd()
	for at := abs; ; at = filepath.Dir(at) {
		for _, d := range directives(at) {
			if d.out != abs {
				continue
			}
			if rel, err := filepath.Rel(here, d.source); err == nil && len(rel) < len(d.source) {
				d.source = rel // for messages
			}
			out = append(out, d)
		}
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil || filepath.Dir(at) == at {
			return out
		}
	}
}

// fresh generates anew what a folder holds of one source and tells what differs.
func (a *app) fresh(ctx context.Context, dir string, folder *pipeline.Folder, d directive, eq equiv.Options) ([]finding, error) {
	f, err := a.load(d.source)
	if err != nil {
		return nil, err
	}
	list, err := pipeline.Schedules(f, "")
	if err != nil {
		return nil, err
	}
	sizes, err := pipeline.ReadSizes(f, d.source)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(d.source)
	files, err := pipeline.Generate(ctx, f, list, pipeline.PackageOf(folder.Generated), sizes, pipeline.Options{
		Equiv: eq, Taken: pipeline.TakenNames(folder.Generated, base),
	})
	if err != nil {
		return nil, err
	}
	bad, err := stale(dir, base, files)
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, b := range bad {
		out = append(out, finding{equiv.Refuted, loopir.Span{File: filepath.Join(dir, b.name)}, fmt.Sprintf("%s %s: loopopt gen writes something else for %s now", b.name, b.how, d.source), nil})
	}
	return out, nil
}

// foldersOnly tells whether all arguments name folders.
func foldersOnly(args []string) bool {
	for _, arg := range args {
		if filepath.Base(filepath.ToSlash(arg)) == "..." {
			continue
		}
		if st, err := os.Stat(arg); err != nil || !st.IsDir() {
			return false
		}
	}
	return true
}

// checkGenerated holds what each go:generate line below some folders writes against what
// is there.
func (a *app) checkGenerated(ctx context.Context, args []string) error {
	var lines []directive
	seen := map[string]bool{}
	for _, arg := range args {
		files, err := corpus.Walk(arg, ".go")
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		for _, file := range files {
			if dir := filepath.Dir(file); !seen[dir] {
				seen[dir] = true
				lines = append(lines, directives(dir)...)
			}
		}
	}
	if len(lines) == 0 {
		return &exitError{exitUsage, "no go:generate line of loopopt gen in " + strings.Join(args, " ")}
	}
	return a.prove(func(eq equiv.Options) error {
		bad := 0
		for _, d := range lines {
			folder, err := pipeline.ReadFolder(d.out)
			if err != nil {
				return err
			}
			found, err := a.fresh(ctx, d.out, folder, d, eq)
			if err != nil {
				return err
			}
			a.clearProgress()
			for _, f := range found {
				fmt.Fprintf(a.out, "%s: %s\n", filepath.Dir(f.span.File), f.msg)
			}
			bad += len(found)
		}
		if bad > 0 {
			return &exitError{exitFindings, "generated files are not up to date; run go generate"}
		}
		return ctx.Err()
	})
}
