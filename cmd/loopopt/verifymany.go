package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/corpus"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// A batch is a run of verify over many cases.
type batch struct {
	side   bool         // print code beside what it amounts to
	source *loopir.File // whose schedules are replayed for folders of generated code
	shard  string       // i/n
	raw    string       // file for the figures
	html   string       // file for the page
	format string
}

// isBatch tells whether the arguments are more than one file or a pair of files.
func (b *batch) isBatch(args []string) bool {
	return len(args) > 2 || slices.ContainsFunc(args, func(arg string) bool {
		st, err := os.Stat(arg)
		return filepath.Ext(arg) != corpus.LoopExt || err == nil && st.IsDir()
	})
}

// A scope is what there is to verify.
type scope struct {
	folders []string      // with generated code
	cases   []corpus.Case // schedules, pairs
	left    []string      // what was not looked at, and why
	illegal []finding     // what could not be read
}

func (sc *scope) leave(format string, args ...any) {
	sc.left = append(sc.left, fmt.Sprintf(format, args...))
}

// verifyBatch proves all that the arguments name: schedules, pairs, and folders of
// generated code.
func (a *app) verifyBatch(cmd *cobra.Command, args []string, b *batch) error {
	sc, err := a.scope(args, b)
	if err != nil {
		return a.formatted(b.format, args[0], err)
	}
	if b.source != nil && len(sc.folders) == 0 {
		return &exitError{exitUsage, "--source is for folders of generated code, and there is none in " + strings.Join(args, " ")}
	}
	if b.side && len(sc.folders) == 0 {
		return &exitError{exitUsage, "--explain is for two .loop files and for folders of generated code, and there is none in " + strings.Join(args, " ")}
	}
	if b.raw != "" && len(sc.cases) == 0 {
		return &exitError{exitUsage, "--raw is for schedules and pairs, and there is none in " + strings.Join(args, " ")}
	}
	var folders *folderResult
	if len(sc.folders) > 0 {
		err := a.prove(func(eq equiv.Options) error {
			folders, err = a.verifyFolders(cmd.Context(), sc, eq, b)
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(sc.cases) == 0 {
		return a.reportBatch(nil, folders, sc, b)
	}
	return a.verifyCases(cmd, sc, folders, b)
}

// verifyCases proves schedules and pairs.
func (a *app) verifyCases(cmd *cobra.Command, sc *scope, folders *folderResult, b *batch) error {
	cases := sc.cases
	jobs := a.jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	shared, err := a.newPool(a.jobs, nil)
	if err != nil {
		return err
	}
	defer shared.Close() //nolint:errcheck // verdicts are out by then
	bar := a.batchBar(len(cases))
	opts := corpus.Options{Jobs: jobs, Prover: func() (equiv.Options, func() error, error) {
		if !a.noCache || a.crossCheck != "" { // a second solver is counted over all cases
			return equiv.Options{Pool: shared}, func() error { return nil }, nil
		}
		p, err := a.newPool(1, nil) // one that knows nothing
		if err != nil {
			return equiv.Options{}, nil, err
		}
		return equiv.Options{Pool: p}, p.Close, nil
	}}
	opts.Done = func(r *corpus.Result) {
		if b.format == "text" && r.Standing() != corpus.Met && cmd.Context().Err() == nil {
			_ = bar.Clear()
			a.caseLine(r)
		}
		_ = bar.Add(1)
	}
	results := corpus.Run(cmd.Context(), cases, opts)
	_ = bar.Clear()
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if b.raw != "" {
		if err := replaceFile(b.raw, corpus.Raw(results, shared.Solver(), jobs)); err != nil {
			return err
		}
	}
	err = a.reportBatch(results, folders, sc, b)
	if b.format == "text" {
		for _, c := range shared.CrossChecks() {
			fmt.Fprintf(a.out, "cross-check %s: %d obligations agreed, %d unknown, %d disagreed\n", c.Solver, c.Agreed, c.Unknown, len(c.Disagree))
		}
	}
	return a.disagreement(shared, err)
}

// scope finds what the arguments name. What can't be read is told, and the rest is found.
func (a *app) scope(args []string, b *batch) (*scope, error) {
	sc := &scope{left: []string{}}
	var files []string
	for _, arg := range args {
		found, err := corpus.Find(arg, corpus.LoopExt, corpus.ManifestExt, corpus.ArchiveExt, ".go", ".s")
		if err != nil {
			return nil, err
		}
		sc.left = append(sc.left, found.Left...)
		for _, err := range found.Errs {
			a.unreadable(sc, arg, err, b.format)
		}
		for _, file := range found.Files {
			code := filepath.Ext(file) == ".go" || filepath.Ext(file) == ".s"
			switch {
			case code && file == arg:
				return nil, fmt.Errorf("%s: generated code is verified by the folder", file)
			case isGenerated(file) && file != arg:
				if dir := filepath.Dir(file); !slices.Contains(sc.folders, dir) {
					sc.folders = append(sc.folders, dir)
				}
			case !code:
				files = append(files, file)
			}
		}
	}
	seen := a.readCases(sc, files, b.format)
	if len(sc.cases)+len(sc.folders)+len(sc.illegal) == 0 {
		return nil, fmt.Errorf("nothing to verify in %s: no schedule, manifest (*.pairs), archive (*.txtar) with pairs, or folder of generated code", strings.Join(args, " "))
	}
	for _, c := range sc.cases {
		a.sources[c.Before.Name], a.sources[c.After.Name] = c.Before.Data, c.After.Data
		seen[c.At.File], seen[c.Before.Name], seen[c.After.Name] = true, true, true
	}
	for _, f := range files {
		if !seen[f] {
			what := "no schedule, and no manifest pairs it"
			if filepath.Ext(f) != corpus.LoopExt {
				what = "no line about a pair"
			}
			sc.leave("%s: %s", f, what)
		}
	}
	return sc, sc.shard(b.shard)
}

// readCases reads files, and gives those that are not legal.
func (a *app) readCases(sc *scope, files []string, format string) map[string]bool {
	broken := map[string]bool{}
	for _, file := range files {
		cases, err := corpus.Read(file)
		sc.cases = append(sc.cases, cases...)
		if err != nil {
			broken[file] = true
			if src, err := os.ReadFile(file); err == nil {
				a.sources[file] = src
			}
			a.unreadable(sc, file, err, format)
		}
	}
	return broken
}

// once tells of an error that may be met in several folders.
func (a *app) once(sc *scope, e *loopir.Error, format string) {
	if !slices.ContainsFunc(sc.illegal, func(f finding) bool { return f.span == e.Span && f.msg == e.Msg }) {
		a.unreadable(sc, e.Span.File, e, format)
	}
}

// unreadable tells of what can't be read, once.
func (a *app) unreadable(sc *scope, path string, err error, format string) {
	sc.illegal = append(sc.illegal, inputFindings(path, err)...)
	if !annotates(format) {
		a.tell(err)
	}
}

// isGenerated tells whether loopopt gen wrote a file.
func isGenerated(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(mark))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == mark
}

// shard keeps a part of what there is.
func (sc *scope) shard(part string) error {
	if part == "" {
		return nil
	}
	left, right, _ := strings.Cut(part, "/")
	i, err := strconv.Atoi(left)
	n, err2 := strconv.Atoi(right)
	if err != nil || err2 != nil || i < 1 || i > n {
		return fmt.Errorf("--shard %s: it is written i/n with 1 <= i <= n", part)
	}
	cases, folders := corpus.Shard(sc.cases, i, n), corpus.Shard(sc.folders, i, n)
	if len(cases)+len(folders) == 0 && len(sc.illegal) == 0 {
		return fmt.Errorf("nothing to verify: --shard %s is empty, as there are only %d cases and %d folders", part, len(sc.cases), len(sc.folders))
	}
	sc.cases, sc.folders = cases, folders
	return nil
}

// batchBar counts cases on a terminal; elsewhere it is invisible.
func (a *app) batchBar(n int) *progressbar.ProgressBar {
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(a.err), progressbar.OptionSetVisibility(isTerminal(a.err)),
		progressbar.OptionSetDescription("verifying"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// caseLine tells a result that is not as expected.
func (a *app) caseLine(r *corpus.Result) {
	said := a.paint(r.Outcome)
	if r.Verdict != equiv.NoVerdict {
		said += " " + r.Verdict.String()
	}
	if r.Err != nil {
		said = "error"
	}
	fmt.Fprintf(a.out, "%s: %s, expected %v\n", r.Name, said, r.Want)
	if why := r.Reason(); why != "" {
		fmt.Fprintf(a.out, "    %s\n", indent(why, "    "))
	}
}

// A caseReport is the JSON form of a result.
type caseReport struct {
	Name     string            `json:"name"`
	File     string            `json:"file"`
	Line     int               `json:"line"`
	Outcome  equiv.Outcome     `json:"outcome"`
	Verdict  equiv.Verdict     `json:"verdict,omitempty"`
	Expected string            `json:"expected"`
	Met      bool              `json:"met"`
	MS       float64           `json:"ms"`
	Error    string            `json:"error,omitempty"`
	Checks   []*pipeline.Check `json:"checks"`
}

// An inputError is the JSON form of what could not be read.
type inputError struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Col     int    `json:"col,omitempty"`
	Message string `json:"message"`
}

// reportBatch prints the results in a format and picks the exit code, the gravest of all.
func (a *app) reportBatch(results []corpus.Result, folders *folderResult, sc *scope, b *batch) error {
	format := b.format
	if err := writePage(b.html, batchOverview(results, folders, sc)); err != nil {
		return err
	}
	sum := corpus.Summarize(results)
	reports := []caseReport{}
	findings := slices.Clone(sc.illegal)
	var defect *smt.Defect
	for i := range results {
		r := &results[i]
		c := caseReport{
			r.Name, r.At.File, r.At.Start.Line, r.Outcome, r.Verdict, r.Want.String(),
			r.Standing() == corpus.Met, float64(r.Time.Microseconds()) / 1000, "", r.Checks,
		}
		if r.Err != nil {
			c.Error = r.Err.Error()
			errors.As(r.Err, &defect)
		}
		reports = append(reports, c)
		findings = append(findings, a.caseFindings(r, format)...)
	}
	if folders != nil {
		findings = append(findings, folders.findings...)
	}
	findings = distinct(findings)
	if format == "text" {
		a.summary(sum, folders, sc)
	} else if err := a.write(format, findings, map[string]any{"cases": reports, "summary": sum, "folders": folders, "errors": inputErrors(findings), "not_looked_at": sc.left}); err != nil {
		return err
	}
	if defect != nil {
		return defect
	}
	code := exitOK
	for _, f := range findings {
		code = worse(code, f.code())
	}
	return coded(code)
}

// distinct leaves out what was found before: several pairs may have one broken file.
func distinct(findings []finding) []finding {
	type place struct {
		span loopir.Span
		msg  string
	}
	seen := map[place]bool{}
	return slices.DeleteFunc(findings, func(f finding) bool {
		p := place{f.span, f.msg}
		again := f.outcome == invalid && seen[p]
		seen[p] = true
		return again
	})
}

func inputErrors(findings []finding) []inputError {
	out := []inputError{}
	for _, f := range findings {
		if f.outcome == invalid {
			out = append(out, inputError{f.span.File, f.span.Start.Line, f.span.Start.Col, f.msg})
		}
	}
	return out
}

// maxLeft is how much of what was not looked at is told one by one.
const maxLeft = 10

// summary tells what was looked at, how it came out, and what was not looked at.
func (a *app) summary(sum corpus.Summary, folders *folderResult, sc *scope) {
	if sum.Cases > 0 {
		fmt.Fprintln(a.out, sum)
	}
	if n := len(sc.illegal); n > 0 {
		fmt.Fprintf(a.out, "errors in what was read: %d\n", n)
	}
	if folders != nil {
		proved, scheduled, fresh, claims := 0, 0, 0, 0
		for _, c := range folders.Claims {
			if c.Outcome == equiv.Proved {
				claims++
			}
		}
		for _, f := range folders.Forms {
			if f.Outcome == equiv.Proved {
				proved++
			}
		}
		for _, f := range folders.Scheduled {
			if f.Outcome == equiv.Proved {
				scheduled++
			}
		}
		for _, f := range folders.Fresh {
			if f.Fresh {
				fresh++
			}
		}
		fmt.Fprintf(a.out, "%d folders of generated code: %d of %d exported functions, %d of %d compiled forms and %d of %d scheduled kernels proved, %d of %d up to date, %d findings\n",
			len(sc.folders), claims, len(folders.Claims), proved, len(folders.Forms), scheduled, len(folders.Scheduled), fresh, len(folders.Fresh), len(folders.findings))
	}
	for i, l := range sc.left {
		if i == maxLeft {
			fmt.Fprintf(a.out, "not looked at: %d more, which --json lists\n", len(sc.left)-i)
			break
		}
		fmt.Fprintln(a.out, "not looked at:", l)
	}
}

// caseFindings are what is to be said of a result.
func (a *app) caseFindings(r *corpus.Result, format string) []finding {
	switch r.Standing() {
	case corpus.Illegal:
		return inputFindings(r.At.File, r.Err)
	case corpus.Met:
		weak := ""
		if r.Outcome == equiv.Proved {
			weak = a.weaker(r.Verdict, r.Weaker())
		}
		if weak != "" && format == "text" {
			fmt.Fprintf(a.out, "%s:\n", r.Name)
		}
		_, out := a.demand(format, r.Outcome, finding{span: r.At, msg: r.Name}, weak)
		return out
	}
	f := finding{outcome: equiv.Refuted, span: r.At, msg: fmt.Sprintf("%s: %v, expected %v", r.Name, r.Outcome, r.Want)}
	if r.Standing() == corpus.Undecided {
		f.outcome = equiv.Unknown
	}
	if why := r.Reason(); why != "" {
		f.msg += "\n" + why
	}
	return []finding{f}
}
