package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// A folderResult is what came of the folders of generated code.
type folderResult struct {
	Forms     []*pipeline.Readback       `json:"forms"`
	Scheduled []scheduledForm            `json:"scheduled"`
	Fresh     []freshness                `json:"fresh"`
	Claims    []*pipeline.Claim          `json:"claims"`
	shown     map[string]*pipeline.Check // of the folder being verified, by .loop file
	findings  []finding
}

// A scheduledForm is a scheduled kernel of a generated package against its naive one.
type scheduledForm struct {
	File    string        `json:"file"`
	Naive   string        `json:"naive"`
	Outcome equiv.Outcome `json:"outcome"`
	Verdict equiv.Verdict `json:"verdict,omitempty"`
	Count   int           `json:"obligations"`
}

// A freshness says whether a folder holds what gen writes for a source.
type freshness struct {
	Folder string `json:"folder"`
	Source string `json:"source"`
	Fresh  bool   `json:"fresh"`
}

func (r *folderResult) add(fs []finding) { r.findings = append(r.findings, fs...) }

// A misfit is an error in reading generated code: the folder does not hold what gen writes.
type misfit struct{ err error }

func (m *misfit) Error() string { return m.err.Error() }
func (m *misfit) Unwrap() error { return m.err }

// fits is nil, or what is wrong with the files of a folder.
func fits(err error) error {
	if err == nil {
		return nil
	}
	return &misfit{err}
}

// folderFindings are those about a folder whose verification an error ended.
func folderFindings(dir string, err error) []finding {
	out := inputFindings(dir, err)
	var m *misfit
	if errors.As(err, &m) {
		for i := range out {
			if out[i].outcome == invalid {
				out[i].outcome = differs
			}
		}
	}
	return out
}

// verifyFolders reads generated packages back and proves them: that the files are those
// that gen writes, that each form does what its kernel does, each scheduled kernel what
// the naive one does, and that what gen writes for the source now is the same. What it
// can't look at is told to sc.
func (a *app) verifyFolders(ctx context.Context, sc *scope, eq equiv.Options, b *batch) (*folderResult, error) {
	res := &folderResult{Forms: []*pipeline.Readback{}, Scheduled: []scheduledForm{}, Fresh: []freshness{}, Claims: []*pipeline.Claim{}}
	for _, dir := range sc.folders {
		err := a.verifyFolder(ctx, dir, res, sc, eq, b)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && !aboutInput(err):
			return nil, err
		case err != nil:
			res.add(folderFindings(dir, err))
			if !annotates(b.format) {
				a.clearProgress()
				a.tell(err)
			}
		}
	}
	return res, nil
}

func (a *app) verifyFolder(ctx context.Context, dir string, res *folderResult, sc *scope, eq equiv.Options, b *batch) error {
	folder, err := pipeline.ReadFolder(dir)
	if err != nil {
		return err
	}
	for _, files := range []map[string][]byte{folder.Generated, folder.Foreign} {
		for name, src := range files {
			a.sources[filepath.Join(dir, name)] = src
		}
	}
	strange, err := a.verifyText(ctx, folder, eq, b.format)
	if err != nil {
		return fits(err)
	}
	res.add(strange)
	sources, err := pipeline.SourcesOf(dir, folder.Generated)
	if err != nil {
		return fits(err)
	}
	from := map[string]directive{}
	lines, illegal := generatedFrom(dir)
	for _, e := range illegal {
		a.once(sc, e, b.format)
	}
	for _, d := range lines {
		from[filepath.Base(d.source)] = d
	}
	before := len(res.Forms)
	if err := a.verifyForms(ctx, folder, res, eq, b); err != nil {
		return fits(err)
	}
	if err := a.verifyLoops(ctx, dir, folder.Generated, res, eq, b, from); err != nil {
		return err
	}
	if err := a.claim(folder, res.Forms[before:], res, b.format); err != nil {
		return fits(err)
	}
	for _, name := range sources {
		d, ok := from[name]
		if !ok {
			sc.leave("%s: whether it is what loopopt gen writes for %s now, since no go:generate line there or above says where %s is", dir, name, name)
			continue
		}
		bad, err := a.fresh(ctx, dir, folder, d, eq)
		if err != nil {
			return err
		}
		res.Fresh = append(res.Fresh, freshness{dir, d.source, len(bad) == 0})
		res.add(bad)
		if b.format != "text" {
			continue
		}
		a.clearProgress()
		for _, f := range bad {
			fmt.Fprintf(a.out, "%s: %s\n", dir, f.msg)
		}
		if len(bad) == 0 {
			fmt.Fprintf(a.err, "%s is what gen writes for %s\n", dir, d.source)
		}
	}
	return nil
}

// verifyForms reads the forms of a package back, and compares their stamps.
func (a *app) verifyForms(ctx context.Context, folder *pipeline.Folder, res *folderResult, eq equiv.Options, b *batch) error {
	dir, files := folder.Dir, folder.Generated
	list, err := pipeline.VerifyPackage(ctx, dir, files, eq, func(r *pipeline.Readback) {
		if b.format != "text" {
			return
		}
		a.readbackLine(r)
		if r.Outcome != equiv.Proved {
			if e := folder.Edited(r.File); e != nil {
				fmt.Fprint(a.err, loopir.Render(e, a.sources))
			}
			a.readbackFailure(r)
		}
		if b.side {
			a.sideBySide(dir, files, r)
		}
	})
	if err != nil {
		return err
	}
	res.Forms = append(res.Forms, list...)
	for _, r := range list {
		if r.Outcome == equiv.Proved {
			at := loopir.Span{File: filepath.Join(dir, r.File)}
			_, weak := a.demand(b.format, r.Outcome, finding{span: at, msg: r.File}, a.weaker(r.Verdict, nil))
			res.add(weak)
			continue
		}
		f := finding{r.Outcome, r.At, filepath.Join(dir, r.File) + ": not shown to do what " + r.Loop + " does\n" + r.Reason, nil}
		if e := folder.Edited(r.File); e != nil {
			f.span = e.Span
			f.msg += "\n" + e.Msg
			for _, n := range e.Notes {
				f.msg += "\n" + n.Msg
			}
		}
		res.add([]finding{f})
	}
	for _, s := range pipeline.Stale(files, list) {
		res.add([]finding{{differs, loopir.Span{File: dir}, s, nil}})
		if b.format == "text" {
			fmt.Fprintf(a.out, "%s: %s\n", dir, s)
		}
	}
	return nil
}

// verifyText compares what is not read back with what gen writes, and finds what is
// foreign to the package.
func (a *app) verifyText(ctx context.Context, folder *pipeline.Folder, eq equiv.Options, format string) ([]finding, error) {
	bad, err := folder.Check(ctx, pipeline.Options{Equiv: eq})
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, e := range bad {
		out = append(out, finding{differs, e.Span, e.Error(), nil})
	}
	if format == "text" && len(bad) > 0 {
		a.clearProgress()
		fmt.Fprint(a.err, loopir.Render(loopir.ErrorList(bad), a.sources))
	}
	return out, nil
}

// readbackLine tells how one form came out.
func (a *app) readbackLine(b *pipeline.Readback) {
	a.clearProgress()
	fmt.Fprintf(a.err, "%s = %s: %s", b.File, b.Loop, a.paint(b.Outcome))
	if b.Outcome == equiv.Proved {
		fmt.Fprintf(a.err, " %s", b.Verdict)
	}
	if b.Result != nil && b.Result.Cached {
		fmt.Fprintf(a.err, " (proved earlier, %.0f ms)\n", b.MS)
		return
	}
	fmt.Fprintf(a.err, " (%d obligations, %.0f ms)\n", b.Count, b.MS)
}

func (a *app) readbackFailure(b *pipeline.Readback) {
	fmt.Fprint(a.err, loopir.Render(loopir.ErrorList(b.Errors), a.sources))
	if b.Example != "" {
		fmt.Fprintf(a.err, "    %s\n", indent(b.Example, "    "))
	}
}

// verifyLoops proves that the scheduled kernels of a package do what the naive one does:
// by replaying the schedules of the source given, or without any claim of how they
// correspond and, should that not do, by replaying those of the file that the package is
// generated from.
func (a *app) verifyLoops(ctx context.Context, dir string, files map[string][]byte, res *folderResult, eq equiv.Options, b *batch, from map[string]directive) error {
	res.shown = map[string]*pipeline.Check{}
	pairs, err := pipeline.Scheduled(dir, files)
	if err != nil {
		return fits(err)
	}
	for _, pair := range pairs {
		start := time.Now()
		var c *pipeline.Check
		var err error
		if b.source != nil {
			c, err = pair.Replay(ctx, b.source, eq)
		} else {
			c, err = pair.Verify(ctx, eq)
			if err == nil && c.Outcome == equiv.Unknown {
				if f := a.sourceOf(pair, from); f != nil {
					c, err = pair.Replay(ctx, f, eq)
				} else if len(c.Failures) > 0 {
					c.Reason += "\n" + unreplayed(pair.Source)
				}
			}
		}
		if err != nil {
			return err
		}
		if b.format == "text" {
			a.clearProgress()
			fmt.Fprintf(a.err, "%s = %s: %s", pair.File, pair.Naive, a.paint(c.Outcome))
			if c.Proved() {
				fmt.Fprintf(a.err, " %s", c.Verdict)
			}
			fmt.Fprintf(a.err, " (%d obligations, %.0f ms)\n", c.Count, float64(time.Since(start).Milliseconds()))
			a.explain(ctx, c)
		}
		at := loopir.Span{File: filepath.Join(dir, pair.File)}
		_, weak := a.demand(b.format, c.Outcome, finding{span: at, msg: pair.File}, a.tooWeak(c))
		res.add(weak)
		if !c.Proved() {
			res.add([]finding{{c.Outcome, at, pair.File + ": not shown equal to " + pair.Naive, c}})
		}
		res.shown[pair.File] = c
		res.Scheduled = append(res.Scheduled, scheduledForm{at.File, pair.Naive, c.Outcome, c.Verdict, c.Count})
	}
	return nil
}

// sourceOf is the file that a scheduled kernel comes from, nil where no go:generate line
// leads to it.
func (a *app) sourceOf(pair *pipeline.ScheduledPair, from map[string]directive) *loopir.File {
	d, ok := from[pair.Source]
	if !ok {
		return nil
	}
	f, err := a.load(d.source)
	if err != nil {
		return nil
	}
	return f
}

// unreplayed tells what may help where a scheduled kernel alone was not proved.
func unreplayed(source string) string {
	return "give --source " + source + ", or a go:generate line of loopopt gen that leads to it, so that the schedule's steps can be replayed"
}

// claim tells what is shown of each exported function.
func (a *app) claim(folder *pipeline.Folder, forms []*pipeline.Readback, res *folderResult, format string) error {
	claims, err := pipeline.Claims(folder.Dir, folder.Generated, forms, res.shown)
	if err != nil {
		return err
	}
	res.Claims = append(res.Claims, claims...)
	for _, c := range claims {
		if c.Outcome != equiv.Proved {
			res.add([]finding{{c.Outcome, c.Span, c.Function + ": " + c.Reason, nil}})
		}
		if format != "text" {
			continue
		}
		a.clearProgress()
		if c.Outcome != equiv.Proved {
			fmt.Fprintf(a.err, "%s: %s: %s\n", c.Function, a.paint(c.Outcome), c.Reason)
			continue
		}
		fmt.Fprintf(a.err, "%s computes kernel %s, or gives an error: %s %s, %d cases, claim %s\n", c.Function, c.Kernel, a.paint(c.Outcome), c.Verdict, len(c.Cases), c.Digest)
		for _, text := range c.Indices {
			fmt.Fprintf(a.err, "    note: assuming, of inputs whose indices are legal in the kernel, that %s; else it panics with a *ShapeError\n", text)
		}
	}
	return nil
}

// sideBySide prints the instructions of a form beside the statements they amount to.
func (a *app) sideBySide(dir string, files map[string][]byte, b *pipeline.Readback) {
	if b.Result == nil || b.Result.Lifted == nil {
		return
	}
	file := filepath.Join(dir, strings.TrimSuffix(b.File, ".go")+".s")
	src, ok := files[filepath.Base(file)]
	if !ok {
		return
	}
	var rows []row
	collect(b.Result.Lifted.Body, 0, file, &rows)
	by := map[int][]string{}
	for _, r := range rows {
		by[r.line] = append(by[r.line], r.text)
	}
	fmt.Fprintf(a.out, "%s\n", file)
	for i, l := range strings.Split(string(src), "\n") {
		left := fmt.Sprintf("%4d %-60s", i+1, strings.ReplaceAll(l, "\t", "    "))
		right := by[i+1]
		if len(right) == 0 {
			right = []string{""}
		}
		fmt.Fprintf(a.out, "%s| %s\n", left, right[0])
		for _, r := range right[1:] {
			fmt.Fprintf(a.out, "%-65s| %s\n", "", r)
		}
	}
}

// A row is one lifted statement and the line it came from.
type row struct {
	line int
	text string
}

// collect lists the statements that came from file; a loop stands where its first
// statement does.
func collect(body []loopir.Stmt, depth int, file string, rows *[]row) {
	pad := strings.Repeat("  ", depth)
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			at := len(*rows)
			collect(s.Body, depth+1, file, rows)
			if len(*rows) > at {
				line := (*rows)[at].line
				for _, r := range (*rows)[at:] {
					line = min(line, r.line)
				}
				head := row{line, fmt.Sprintf("%sfor %s in %s..%s", pad, s.Iter, loopir.FormatExpr(s.Lo), loopir.FormatExpr(s.Hi))}
				*rows = append((*rows)[:at], append([]row{head}, (*rows)[at:]...)...)
			}
		case *loopir.If:
			if s.Span.File == file {
				*rows = append(*rows, row{s.Span.Start.Line, pad + "if " + loopir.FormatExpr(s.Cond)})
			}
			collect(s.Then, depth+1, file, rows)
			collect(s.Else, depth+1, file, rows)
		case *loopir.Assign:
			if s.Span.File == file {
				*rows = append(*rows, row{s.Span.Start.Line, pad + strings.TrimSpace(loopir.FormatStmt(s))})
			}
		}
	}
	if depth == 0 {
		sort.SliceStable(*rows, func(i, j int) bool { return (*rows)[i].line < (*rows)[j].line })
	}
}
