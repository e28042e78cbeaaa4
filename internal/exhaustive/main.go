// Command exhaustive measures how far the functions of package library are from those of
// real numbers, over all arguments, and writes the table. What it runs is the Go that
// loopopt generates of them, which is proved to be equal bit for bit; what it compares
// with are functions of package math in float64, off by less than 2^-40 of their value.
package main

import (
	"bytes"
	_ "embed" // of the program that measures
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir/library"
)

//go:embed run.go.txt
var program string

func main() {
	loopopt := flag.String("loopopt", "bin/loopopt", "the program that generates the Go")
	table := flag.String("table", "loopir/library/measured.txt", "the table that is written")
	changed := flag.Bool("changed", false, "measure only what the table does not have as it is written now")
	flag.Parse()
	if err := run(*loopopt, *table, *changed, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "exhaustive:", err)
		os.Exit(1)
	}
}

// run measures the functions named, or else all.
func run(loopopt, table string, changed bool, only []string) error {
	old, err := os.ReadFile(table)
	if err != nil {
		return err
	}
	known, err := library.Read(string(old))
	if err != nil {
		return err
	}
	lib := library.File()
	var names []string
	lines := map[string]string{}
	for _, fn := range lib.Funcs {
		digest := library.Digest(lib, fn)
		if _, ok := library.References[fn.Name]; !ok {
			continue
		}
		if i := slices.IndexFunc(known, func(m library.Measurement) bool { return m.Name == fn.Name && m.Digest == digest }); i >= 0 && (changed || len(only) > 0 && !slices.Contains(only, fn.Name)) {
			m := known[i]
			lines[fn.Name] = fmt.Sprintf("%s %s %.4f %#08x %s\n", m.Name, m.Of, m.Ulps, m.At, m.Digest)
			continue
		}
		if len(only) == 0 || slices.Contains(only, fn.Name) {
			names = append(names, fn.Name)
		}
	}
	dir, err := os.MkdirTemp("", "exhaustive")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin, err := build(loopopt, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		fmt.Fprintln(os.Stderr, "measuring", name)
		out, err := exec.Command(bin, name).Output() //nolint:gosec // what was just built
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		lines[name] = strings.TrimSpace(string(out)) + " " + library.Digest(lib, lib.Func(name)) + "\n"
		if err := write(table, lines); err != nil {
			return err
		}
	}
	return write(table, lines)
}

// write replaces the table.
func write(table string, lines map[string]string) error {
	var b bytes.Buffer
	b.WriteString("# name, what it is, error in units in the last place, argument where it is, digest of the text\n")
	for _, fn := range library.File().Funcs {
		b.WriteString(lines[fn.Name])
	}
	if _, err := library.Read(b.String()); err != nil {
		return err
	}
	return os.WriteFile(table, b.Bytes(), 0o644) //nolint:gosec // a file for all
}

// build makes the measuring program of the library's functions, in a module of its own.
func build(loopopt, dir string) (string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "lib"), 0o755); err != nil { //nolint:gosec // a folder for all
		return "", err
	}
	src, forms := library.Source(), "package main\n\nimport \"measured/lib\"\n\nvar functions = map[string]func(threads, n int, x, y []float32) error{\n"
	for _, fn := range library.File().Funcs {
		if _, ok := library.References[fn.Name]; ok {
			src += fmt.Sprintf("\nkernel run_%s(N: size, in X: f32[N], out Y: f32[N]) {\n  for i in 0..N { Y[i] = %s(X[i]) }\n}\n", fn.Name, fn.Name)
			src += fmt.Sprintf("\nschedule go for run_%s {\n  target go\n}\n", fn.Name)
			forms += fmt.Sprintf("\t%q: lib.%s,\n", fn.Name, exported("run_"+fn.Name))
		}
	}
	for name, text := range map[string]string{
		"go.mod": "module measured\n\ngo 1.26.0\n", "main.go": program, "functions.go": forms + "}\n", "functions.loop": src,
		"reference.go": strings.Replace(library.ReferenceSource(), "package library", "package main", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // files for all
			return "", err
		}
	}
	loopopt, err := filepath.Abs(loopopt)
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{loopopt, "gen", "functions.loop", "-o", "lib", "--package", "lib"},
		{"go", "build", "-mod=mod", "-o", "measure", "."},
	} {
		c := exec.Command(args[0], args[1:]...) //nolint:gosec // what the caller names
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return filepath.Join(dir, "measure"), nil
}

// exported is the name that gen gives the function of a kernel.
func exported(kernel string) string {
	out := ""
	for _, word := range strings.Split(kernel, "_") {
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}
