package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/internal/timing"
)

// tunedPackage is the name of the packages that tune times.
const tunedPackage = "tuned"

// A workbench compiles generated packages as packages of a Go module that requires loopopt, and
// runs them. They are in a temporary folder of the module that ./... does not see. (An overlay of
// the go command would leave the module alone, but assembly is built in the folder itself.)
type workbench struct {
	dir   string   // temporary
	flags []string // of the go command
	done  func()
	built int
}

// support is what the tests of generated packages import.
const support = "github.com/loopopt/loopopt/gen/gentest"

// newWorkbench takes the module of a .loop file, or that of the current folder.
func newWorkbench(ctx context.Context, loopFile string) (*workbench, error) {
	var says []string
	for _, at := range []string{filepath.Dir(loopFile), "."} {
		w, err := workbenchIn(ctx, at)
		if err == nil || ctx.Err() != nil {
			return w, cmp.Or(ctx.Err(), err)
		}
		says = append(says, fmt.Sprintf("in %s: %v", at, err))
	}
	return nil, &exitError{exitUsage, "to time a candidate it is compiled in a Go module that requires github.com/loopopt/loopopt; neither that of " + loopFile + " nor that of the current folder does:\n    " + indent(strings.Join(says, "\n"), "    ")}
}

// workbenchIn makes a workbench in the module of a folder.
func workbenchIn(ctx context.Context, at string) (*workbench, error) {
	env := exec.CommandContext(ctx, "go", "env", "GOMOD", "GOWORK")
	env.Dir = at
	out, err := env.Output()
	if err != nil {
		return nil, err
	}
	mod, work, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
	if mod == "" || mod == os.DevNull {
		return nil, errors.New("there is no go.mod")
	}
	module := filepath.Dir(mod)
	w := &workbench{}
	if w.dir, w.done, err = unfinished.create(func() (string, error) { return os.MkdirTemp(module, "_loopopt-tune-") }); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(module, "vendor", "modules.txt")); err != nil && (work == "" || work == "off") {
		// What loopopt itself requires may be missing in go.mod, which stays as it is.
		w.flags = []string{"-mod=mod", "-modfile=" + filepath.Join(w.dir, "tune.mod")}
		for from, to := range map[string]string{mod: "tune.mod", filepath.Join(module, "go.sum"): "tune.sum"} {
			data, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(filepath.Join(w.dir, to), data, 0o644)
			}
			if err != nil && !os.IsNotExist(err) {
				w.done()
				return nil, err
			}
		}
	}
	list := exec.CommandContext(ctx, "go", slices.Concat([]string{"list"}, w.flags, []string{support})...)
	list.Dir = module
	if out, err := list.CombinedOutput(); err != nil {
		w.done()
		return nil, fmt.Errorf("%s: %w", bytes.TrimSpace(out), err)
	}
	return w, nil
}

// formsTable is where a generated test lists all forms of a kernel.
var formsTable = regexp.MustCompile(`(?m)^var (forms\w+) = \[\]gentest\.Form{$`)

// build compiles a generated package of one kernel; the path of its test binary comes back.
func (w *workbench) build(ctx context.Context, files map[string][]byte) (string, error) {
	w.built++
	folder := filepath.Join(w.dir, fmt.Sprint(w.built))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	forms := ""
	for _, data := range files {
		if m := formsTable.FindSubmatch(data); m != nil {
			forms = string(m[1])
		}
	}
	files[tunedPackage+"_time_test.go"] = fmt.Appendf(nil, "package %s\n\nimport (\n\t\"testing\"\n\n\t\"github.com/loopopt/loopopt/gen/gentest\"\n)\n\nfunc TestTime(t *testing.T) { gentest.Time(t, %s) }\n",
		tunedPackage, forms)
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return "", err
		}
	}
	bin := filepath.Join(folder, "tuned.test")
	c := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", bin}, w.flags, []string{"."})...)
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w", bytes.TrimSpace(out), err)
	}
	return bin, nil
}

// run asks a compiled package for its time.
func (w *workbench) run(ctx context.Context, bin string, q timing.Request) (*timing.Answer, error) {
	q.Reference = filepath.Join(w.dir, "reference")
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	request := filepath.Join(filepath.Dir(bin), "request.json")
	if err := os.WriteFile(request, text, 0o644); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, bin, "-test.run", "^TestTime$", "-test.timeout", "10m")
	c.Dir = filepath.Dir(bin)
	c.Env = append(os.Environ(), timing.Environment+"="+request)
	out, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bytes.TrimSpace(out), err)
	}
	answer := &timing.Answer{}
	if text, err = os.ReadFile(request + timing.AnswerExt); err != nil {
		return nil, errors.Join(err, errors.New(string(bytes.TrimSpace(out))))
	}
	return answer, json.Unmarshal(text, answer)
}
