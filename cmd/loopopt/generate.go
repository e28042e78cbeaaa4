package main

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
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
	at     loopir.Span // of the line
	source string      // the .loop file
	out    string      // the folder of the package
	pkg    string      // --package, "" if not given
}

// directives reads those that the Go files of a folder have, and tells which gen would
// not take.
func directives(folder string) (out []directive, errs loopir.ErrorList) {
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		aliases := map[string][]string{}
		n := 0
		for line := range bytes.Lines(src) {
			n++
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
			p := loopir.Pos{Line: n, Col: 1}
			at := loopir.Span{File: file, Start: p, End: p}
			d, err := genLine(folder, expand(words, file, src, n))
			switch {
			case err != nil:
				errs = append(errs, loopir.Errorf(at, "loopopt would not take this go:generate line: %v", err))
			case d != nil:
				d.at = at
				out = append(out, *d)
			}
		}
	}
	return out, errs
}

// expand replaces variables as go generate does.
func expand(words []string, file string, src []byte, line int) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = os.Expand(w, func(name string) string {
			switch name {
			case "DOLLAR":
				return "$"
			case "GOFILE":
				return filepath.Base(file)
			case "GOLINE":
				return strconv.Itoa(line)
			case "GOPACKAGE":
				if f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.PackageClauseOnly); err == nil {
					return f.Name.Name
				}
			}
			return os.Getenv(name)
		})
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

// genLine reads the words of a command with gen's own flags. It gives nil for what does
// not run loopopt gen or writes nothing.
func genLine(folder string, words []string) (*directive, error) {
	at := slices.IndexFunc(words, func(w string) bool {
		program, _, _ := strings.Cut(filepath.Base(filepath.FromSlash(w)), "@") // a version
		return strings.TrimSuffix(program, ".exe") == "loopopt"
	})
	if at < 0 || !slices.Contains(words[at+1:], "gen") {
		return nil, nil
	}
	root := (&app{sources: map[string][]byte{}}).root()
	cmd, rest, err := root.Find(goFlags(words[at+1:]))
	switch {
	case err != nil:
		return nil, err
	case cmd == root: // flags that it does not have hide the command
		if err := root.ParseFlags(rest); err != nil {
			return nil, err
		}
		return nil, nil
	case cmd.Name() != "gen":
		return nil, nil
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return nil, err
	}
	flag := func(name string) string { return cmd.Flag(name).Value.String() }
	args := cmd.Flags().Args()
	pkg := cmd.Flag("package")
	switch {
	case flag("check") == "true" && !slices.ContainsFunc(args, func(arg string) bool { return filepath.Ext(arg) == corpus.LoopExt }):
		return nil, nil
	case len(args) != 1 || filepath.Ext(args[0]) != corpus.LoopExt:
		return nil, fmt.Errorf("gen takes one .loop file")
	case pkg.Changed && !legalPackage(pkg.Value.String()):
		return nil, badPackage(pkg.Value.String())
	}
	in := func(path string) string {
		if path = filepath.FromSlash(path); filepath.IsAbs(path) {
			return filepath.Clean(path)
		}
		return filepath.Join(folder, path)
	}
	return &directive{source: in(args[0]), out: in(flag("out")), pkg: pkg.Value.String()}, nil
}

// generatedFrom finds the directives that write a folder: in its own Go files, and in
// those of the folders above up to that of the module. Lines that mean nothing are told.
func generatedFrom(dir string) (out []directive, errs loopir.ErrorList) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil
	}
	here, _ := os.Getwd()
	for at := abs; ; at = filepath.Dir(at) {
		lines, bad := directives(at)
		for _, e := range bad {
			e.Span.File = shorter(here, e.Span.File)
		}
		errs = append(errs, bad...)
		for _, d := range lines {
			if d.out == abs {
				d.source = shorter(here, d.source)
				out = append(out, d)
			}
		}
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil || filepath.Dir(at) == at {
			return out, errs
		}
	}
}

// shorter is a path as seen from a folder, if that is shorter: for messages.
func shorter(here, path string) string {
	if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
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
	pkg := d.pkg
	if pkg == "" {
		pkg = pipeline.PackageOf(folder.Generated)
	}
	files, err := pipeline.Generate(ctx, f, list, pkg, sizes, pipeline.Options{
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
		out = append(out, finding{differs, loopir.Span{File: filepath.Join(dir, b.name)}, fmt.Sprintf("%s %s: loopopt gen writes something else for %s now", b.name, b.how, d.source), nil})
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
	code := exitOK
	seen := map[string]bool{}
	for _, arg := range args {
		found, err := corpus.Find(arg, ".go")
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		for _, err := range found.Errs {
			code = worse(code, a.tell(err))
		}
		for _, file := range found.Files {
			if dir := filepath.Dir(file); !seen[dir] {
				seen[dir] = true
				list, errs := directives(dir)
				lines = append(lines, list...)
				for _, e := range errs {
					code = worse(code, a.tell(e))
				}
			}
		}
	}
	if len(lines) == 0 {
		if code != exitOK {
			return coded(code)
		}
		return &exitError{exitUsage, "no go:generate line of loopopt gen in " + strings.Join(args, " ")}
	}
	return a.prove(func(eq equiv.Options) error {
		for _, d := range lines {
			found, err := a.upToDate(ctx, d, eq)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil && !aboutInput(err):
				return err
			}
			a.clearProgress()
			if err != nil {
				code = worse(code, a.tell(err))
			}
			for _, f := range found {
				fmt.Fprintf(a.out, "%s: %s\n", filepath.Dir(f.span.File), f.msg)
			}
			if len(found) > 0 {
				code = worse(code, exitFindings)
			}
		}
		if code == exitFindings {
			return &exitError{exitFindings, "generated files are not up to date; run go generate"}
		}
		return coded(code)
	})
}

// upToDate tells what of the files that a line writes differs.
func (a *app) upToDate(ctx context.Context, d directive, eq equiv.Options) ([]finding, error) {
	folder, err := pipeline.ReadFolder(d.out)
	if os.IsNotExist(err) { // nothing was generated yet
		folder, err = &pipeline.Folder{Dir: d.out}, nil
	}
	if err != nil {
		return nil, err
	}
	return a.fresh(ctx, d.out, folder, d, eq)
}
