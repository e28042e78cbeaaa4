package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fatih/color"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/corpus"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// An app is one run of the program: its streams and common flags.
type app struct {
	out, err   io.Writer
	json       bool
	engine     string
	solver     string
	jobs       int
	budget     uint
	noCache    bool
	cacheDir   string
	emitSMT    string
	crossCheck string
	require    strength // of verify and transform
	limits     limits
	format     string            // that verify prints in
	about      string            // first argument
	answered   atomic.Bool       // whether a document was printed
	told       sync.Once         // that a limit ended the command
	sources    map[string][]byte // for error messages
	bar        *progressbar.ProgressBar
}

// load reads a .loop file and keeps its text for messages.
func (a *app) load(path string) (*loopir.File, error) {
	f, src, err := pipeline.Load(path)
	a.sources[path] = src
	return f, err
}

// loopFiles lists the .loop files that arguments name: files, and all in folders and
// below DIR/... as in Go. What can't be looked into is told; the code is what that asks for.
func (a *app) loopFiles(args []string) (files []string, code int, err error) {
	for _, arg := range args {
		if st, err := os.Stat(arg); !strings.HasSuffix(filepath.ToSlash(arg), "...") && (err != nil || !st.IsDir()) {
			files = append(files, arg) // reading it tells what is wrong with it
			continue
		}
		found, err := corpus.Find(arg, corpus.LoopExt)
		if err != nil {
			return nil, 0, &exitError{exitUsage, err.Error()}
		}
		for _, err := range found.Errs {
			code = worse(code, a.tell(err))
		}
		files = append(files, found.Files...)
	}
	if len(files) == 0 {
		return nil, 0, &exitError{exitUsage, "no .loop file in " + strings.Join(args, " ")}
	}
	return files, code, nil
}

// newPool starts the solvers that the flags ask for.
func (a *app) newPool(jobs int, progress func(done, total int)) (*smt.Pool, error) {
	if err := a.proverUsage(); err != nil {
		return nil, err
	}
	p, err := smt.NewPool(smt.Options{
		Engine: a.engine, Command: a.solver, Jobs: jobs, RLimit: a.budget, NoCache: a.noCache, CacheDir: a.cacheDir,
		EmitDir: a.emitSMT, CrossCheck: a.crossCheck, Progress: progress, Memory: int64(a.limits.memory),
	})
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	return p, nil
}

// prove runs f with a pool and closes it.
func (a *app) prove(f func(equiv.Options) error) error {
	p, err := a.newPool(a.jobs, a.progress())
	if err != nil {
		return err
	}
	defer p.Close()
	defer a.clearProgress()
	return a.disagreement(p, f(equiv.Options{Pool: p}))
}

// disagreement replaces the outcome err of a run when solvers contradicted each
// other.
func (a *app) disagreement(p *smt.Pool, err error) error {
	if d := p.Disagreement(); d != nil {
		return &exitError{exitInternal, d.Error() + "; no verdict of this run is to be trusted"}
	}
	return err
}

// progress shows a bar on a terminal once the proving takes over a second.
func (a *app) progress() func(done, total int) {
	if !isTerminal(a.err) {
		return nil
	}
	start := time.Now()
	return func(done, total int) {
		if time.Since(start) < time.Second {
			return
		}
		if a.bar == nil {
			a.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.err),
				progressbar.OptionSetDescription("proving"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(50*time.Millisecond))
		}
		a.bar.ChangeMax(total)
		_ = a.bar.Set(done)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) clearProgress() {
	if a.bar != nil {
		_ = a.bar.Clear()
		a.bar = nil
	}
}

// machine is the format of a command's output.
func (a *app) machine() string {
	if a.json {
		return "json"
	}
	return a.format
}

// printJSON writes v as indented JSON to standard output.
func (a *app) printJSON(v any) error {
	a.answered.Store(true)
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// paint colours an outcome on a terminal.
func (a *app) paint(o equiv.Outcome) string {
	s := o.String()
	if !isTerminal(a.out) || os.Getenv("NO_COLOR") != "" {
		return s
	}
	c := map[equiv.Outcome]color.Attribute{equiv.Proved: color.FgGreen, equiv.Refuted: color.FgRed, equiv.Unknown: color.FgYellow}
	p := color.New(c[o])
	p.EnableColor()
	return p.Sprint(s)
}

// verdictError is the exit of a run whose outcome is o.
func verdictError(o equiv.Outcome) error { return coded(codeOfOutcome(o)) }

// explain prints the counterexample or the reason of a check.
func (a *app) explain(ctx context.Context, c *pipeline.Check) {
	if ctx.Err() != nil {
		return
	}
	for _, b := range c.Bounds {
		fmt.Fprintf(a.out, "    %s\n", b)
	}
	if c.BoundsAssume != "" {
		fmt.Fprintf(a.out, "      taken for granted: %s\n", c.BoundsAssume)
	}
	if c.Counterexample != nil {
		fmt.Fprintf(a.out, "    %s\n", indent(c.Counterexample.String(), "    "))
	}
	if c.Reason != "" {
		fmt.Fprintf(a.out, "    %s\n", indent(c.Reason, "    "))
	}
}
