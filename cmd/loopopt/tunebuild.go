package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/loopopt/loopopt/internal/timing"
)

// tunedPackage is the name of the packages that tune times.
const tunedPackage = "tuned"

// A workbench compiles generated packages as packages of a Go module that requires loopopt, and
// runs them. They are in a temporary folder of the module that ./... does not see. (An overlay of
// the go command would leave the module alone, but assembly is built in the folder itself.)
type workbench struct {
	dir   string // temporary
	done  func()
	built int
}

// newWorkbench takes the module of a .loop file, or that of the current folder.
func newWorkbench(ctx context.Context, loopFile string) (*workbench, error) {
	const support = "github.com/loopopt/loopopt/gen/gentest"
	var says []string
	for _, at := range []string{filepath.Dir(loopFile), "."} {
		list := exec.CommandContext(ctx, "go", "list", support)
		list.Dir = at
		if out, err := list.CombinedOutput(); err != nil {
			says = append(says, fmt.Sprintf("in %s: %s", at, bytes.TrimSpace(append(out, err.Error()...))))
			continue
		}
		env := exec.CommandContext(ctx, "go", "env", "GOMOD")
		env.Dir = at
		out, err := env.Output()
		if err != nil {
			return nil, err
		}
		module := filepath.Dir(string(bytes.TrimSpace(out)))
		dir, done, err := unfinished.create(func() (string, error) { return os.MkdirTemp(module, "_loopopt-tune-") })
		return &workbench{dir: dir, done: done}, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, &exitError{exitUsage, "to time a candidate it is compiled in a Go module that requires github.com/loopopt/loopopt; neither that of " + loopFile + " nor that of the current folder does (go get " + support + " adds what is missing):\n    " + indent(strings.Join(says, "\n"), "    ")}
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
	c := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-o", bin, ".")
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
