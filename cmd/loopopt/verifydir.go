package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/corpus"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// generatedFolders lists the folders of generated code that args name, none if args
// name anything else to verify. DIR/... stands for all folders below, too.
func generatedFolders(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		root, all := strings.CutSuffix(arg, "/...")
		if st, err := os.Stat(root); err != nil || !st.IsDir() {
			return nil, nil
		}
		files, err := corpus.Walk(root, corpus.LoopExt, corpus.ManifestExt, corpus.ArchiveExt)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			dir := filepath.Dir(file)
			if slices.Contains(out, dir) {
				continue
			}
			names, err := generated(dir, "")
			if err != nil {
				return nil, err
			}
			if len(names) == 0 || filepath.Ext(file) != corpus.LoopExt || !all && dir != filepath.Clean(root) {
				return nil, nil
			}
			out = append(out, dir)
		}
	}
	return out, nil
}

// verifyFolders reads generated packages back and proves them.
func (a *app) verifyFolders(cmd *cobra.Command, dirs []string, format, from string, side bool) error {
	var source *loopir.File
	if from != "" {
		var err error
		if source, err = a.load(from); err != nil {
			return err
		}
	}
	return a.prove(func(eq equiv.Options) error {
		outcome := equiv.Proved
		var findings []finding
		all := []*pipeline.Readback{}
		for _, dir := range dirs {
			folder, err := pipeline.ReadFolder(dir)
			if err != nil {
				return err
			}
			files := folder.Generated
			for name, src := range files {
				a.sources[filepath.Join(dir, name)] = src
			}
			for name, src := range folder.Foreign {
				a.sources[filepath.Join(dir, name)] = src
			}
			strange, err := a.verifyText(cmd, folder, eq, format)
			if err != nil {
				return a.formatted(format, dir, err)
			}
			for _, f := range strange {
				outcome = equiv.Worse(outcome, f.outcome)
			}
			findings = append(findings, strange...)
			show := func(b *pipeline.Readback) {
				if format == "text" {
					a.readbackLine(b)
					if b.Outcome != equiv.Proved {
						a.readbackFailure(b)
					}
					if side {
						a.sideBySide(dir, files, b)
					}
				}
			}
			list, err := pipeline.VerifyPackage(cmd.Context(), dir, files, eq, show)
			if err != nil {
				return a.formatted(format, dir, err)
			}
			all = append(all, list...)
			for _, b := range list {
				outcome = equiv.Worse(outcome, b.Outcome)
				if b.Outcome == equiv.Proved {
					at := loopir.Span{File: filepath.Join(dir, b.File)}
					var weak []finding
					outcome, weak = a.demand(format, outcome, finding{span: at, msg: b.File}, a.weaker(b.Verdict, nil))
					findings = append(findings, weak...)
				}
				if b.Outcome != equiv.Proved {
					findings = append(findings, finding{b.Outcome, b.At, filepath.Join(dir, b.File) + ": not shown to do what " + b.Loop + " does\n" + b.Reason, nil})
				}
			}
			for _, s := range pipeline.Stale(files, list) {
				outcome = equiv.Worse(outcome, equiv.Refuted)
				findings = append(findings, finding{equiv.Refuted, loopir.Span{File: dir}, s, nil})
				if format == "text" {
					fmt.Fprintf(a.out, "%s: %s\n", dir, s)
				}
			}
			bad, err := a.verifyLoops(cmd, dir, files, eq, format, source)
			if err != nil {
				return err
			}
			for _, f := range bad {
				if f.outcome == equiv.Proved { // but too weak
					f.outcome = equiv.Refuted
				}
				outcome = equiv.Worse(outcome, f.outcome)
			}
			findings = append(findings, bad...)
		}
		if err := a.write(format, findings, all); err != nil {
			return err
		}
		return verdictError(outcome)
	})
}

// verifyText compares what is not read back with what gen writes, and finds what is
// foreign to the package.
func (a *app) verifyText(cmd *cobra.Command, folder *pipeline.Folder, eq equiv.Options, format string) ([]finding, error) {
	bad, err := folder.Check(cmd.Context(), pipeline.Options{Equiv: eq})
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, e := range bad {
		out = append(out, finding{equiv.Refuted, e.Span, e.Error(), nil})
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
// by replaying the schedules of source, or without any claim of how they correspond
// and, should that not do, by replaying those of the file that the package is generated
// from.
func (a *app) verifyLoops(cmd *cobra.Command, dir string, files map[string][]byte, eq equiv.Options, format string, source *loopir.File) ([]finding, error) {
	var bad []finding
	pairs, err := pipeline.Scheduled(dir, files)
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		start := time.Now()
		var c *pipeline.Check
		var err error
		if source != nil {
			c, err = pair.Replay(cmd.Context(), source, eq)
		} else {
			c, err = pair.Verify(cmd.Context(), eq)
			if err == nil && c.Outcome == equiv.Unknown {
				if f, e := a.load(generatedFrom(dir)); e == nil {
					c, err = pair.Replay(cmd.Context(), f, eq)
				}
			}
		}
		if err != nil {
			return nil, err
		}
		if format == "text" {
			a.clearProgress()
			fmt.Fprintf(a.err, "%s = %s: %s", pair.File, pair.Naive, a.paint(c.Outcome))
			if c.Proved() {
				fmt.Fprintf(a.err, " %s", c.Verdict)
			}
			fmt.Fprintf(a.err, " (%d obligations, %.0f ms)\n", c.Count, float64(time.Since(start).Milliseconds()))
			a.explain(cmd.Context(), c)
		}
		_, weak := a.demand(format, c.Outcome, finding{span: loopir.Span{File: filepath.Join(dir, pair.File)}, msg: pair.File}, a.tooWeak(c))
		bad = append(bad, weak...)
		if !c.Proved() {
			bad = append(bad, finding{c.Outcome, loopir.Span{File: filepath.Join(dir, pair.File)}, pair.File + ": not shown equal to " + pair.Naive, c})
		}
	}
	return bad, nil
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
