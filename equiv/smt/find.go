package smt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findEngine picks the engine that the options ask for.
func findEngine(ctx context.Context, opts Options, l limits) (engine, error) {
	switch opts.Engine {
	case "goz3":
		return newGoZ3(l)
	case "process":
		return findProcess(ctx, opts.Command, l)
	case "", "auto":
		if opts.Command == "" {
			if e, err := newGoZ3(l); err == nil {
				return e, nil
			}
		}
		return findProcess(ctx, opts.Command, l)
	}
	return nil, fmt.Errorf("no engine %q: choose auto, goz3 or process", opts.Engine)
}

// findProcess takes the given command, or the first solver that is installed.
func findProcess(ctx context.Context, command string, l limits) (engine, error) {
	if command != "" {
		return newProcessEngine(ctx, command, l)
	}
	var errs []error
	for _, d := range dialects {
		if _, err := exec.LookPath(d.program); err != nil {
			continue
		}
		e, err := newProcessEngine(ctx, d.program, l)
		if err == nil {
			return e, nil
		}
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return nil, errors.New("no solver found: install z3 (on Debian: apt-get install z3) or cvc5")
}

// secondEngine is the engine that cross-checks.
func secondEngine(ctx context.Context, command string, l limits) (engine, error) {
	if command == "goz3" {
		return newGoZ3(l)
	}
	return newProcessEngine(ctx, command, l)
}

// An EngineInfo tells a person about a solver that loopopt can use.
type EngineInfo struct {
	Engine  string // goz3 or process
	Program string // z3, cvc5; of goz3: libz3
	Version string // empty if missing
	Why     string // what is wrong if missing; else empty
	Install string // how to get it if missing; else empty
}

// Engines lists the solvers that loopopt knows, with what is installed, best first.
func Engines(ctx context.Context) []EngineInfo {
	l := limits{rlimit: DefaultRLimit, quick: quickMillis, wall: 10_000}
	z := EngineInfo{Engine: "goz3", Program: "libz3"}
	if e, err := newGoZ3(l); err == nil {
		z.Version = versionOf(e)
	} else {
		z.Why, z.Install = err.Error(), goz3Remedy(headerOf(includeDirs()))
	}
	out := []EngineInfo{z}
	for _, d := range dialects {
		i := EngineInfo{Engine: "process", Program: d.program}
		if e, err := newProcessEngine(ctx, d.program, l); err == nil {
			i.Version = versionOf(e)
		} else {
			i.Why, i.Install = err.Error(), "apt-get install "+d.pkg
		}
		out = append(out, i)
	}
	return out
}

// versionOf is for engines that are not used otherwise.
func versionOf(e engine) string {
	e.start().close()
	words := strings.Fields(e.identity())
	return words[len(words)-1]
}

// includeDirs are the folders where a C compiler looks for z3.h.
func includeDirs() []string {
	dirs := filepath.SplitList(os.Getenv("C_INCLUDE_PATH"))
	dirs = append(dirs, filepath.SplitList(os.Getenv("CPATH"))...)
	return append(dirs, "/usr/local/include", "/usr/include", "/opt/homebrew/include")
}

// headerOf is the first z3.h in dirs, empty if there is none.
func headerOf(dirs []string) string {
	for _, d := range dirs {
		h := filepath.Join(d, "z3.h")
		if st, err := os.Stat(h); err == nil && st.Mode().IsRegular() {
			return h
		}
	}
	return ""
}

// goz3Remedy tells a program that was only built without the tag from a machine
// without the library.
func goz3Remedy(header string) string {
	build := "make vendor && CGO_ENABLED=1 go build -tags goz3 ./cmd/loopopt"
	if header != "" {
		return header + " is here, only this program was built without the tag goz3: " + build
	}
	return "the library is missing: apt-get install libz3-dev && " + build
}
