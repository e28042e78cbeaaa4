package main

import (
	"errors"
	"fmt"
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
)

// A batch is a run of verify over many cases.
type batch struct {
	shard  string // i/n
	raw    string // file for the figures
	format string
}

// isBatch tells whether the arguments are more than one file or a pair of files.
func (b *batch) isBatch(args []string) bool {
	if len(args) > 2 || b.shard != "" || b.raw != "" {
		return true
	}
	return slices.ContainsFunc(args, func(arg string) bool { return filepath.Ext(arg) != corpus.LoopExt })
}

// verifyBatch proves every schedule and pair that the arguments name.
func (a *app) verifyBatch(cmd *cobra.Command, args []string, b *batch) error {
	cases, err := a.cases(args, b)
	if err != nil {
		return a.formatted(b.format, args[0], err)
	}
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
	err = a.reportBatch(results, b.format)
	if b.format == "text" {
		for _, c := range shared.CrossChecks() {
			fmt.Fprintf(a.out, "cross-check %s: %d obligations agreed, %d unknown, %d disagreed\n", c.Solver, c.Agreed, c.Unknown, len(c.Disagree))
		}
	}
	return a.disagreement(shared, err)
}

func (a *app) cases(args []string, b *batch) ([]corpus.Case, error) {
	cases, err := corpus.ReadAll(args, corpus.LoopExt, corpus.ManifestExt, corpus.ArchiveExt)
	if err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("nothing to verify in %s: no schedule, manifest (*.pairs) or archive (*.txtar) with pairs", strings.Join(args, " "))
	}
	for _, c := range cases {
		a.sources[c.Before.Name], a.sources[c.After.Name] = c.Before.Data, c.After.Data
	}
	if b.shard == "" {
		return cases, nil
	}
	left, right, _ := strings.Cut(b.shard, "/")
	i, err := strconv.Atoi(left)
	n, err2 := strconv.Atoi(right)
	if err != nil || err2 != nil || i < 1 || i > n {
		return nil, fmt.Errorf("--shard %s: it is written i/n with 1 <= i <= n", b.shard)
	}
	return corpus.Shard(cases, i, n), nil
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

// reportBatch prints the results in a format and picks the exit code: refuted
// and other disappointed expectations count more than unknown.
func (a *app) reportBatch(results []corpus.Result, format string) error {
	sum := corpus.Summarize(results)
	reports := []caseReport{}
	var findings []finding
	outcome := equiv.Proved // Refuted where --require is not met
	var broken error
	var defect *smt.Defect
	for i := range results {
		r := &results[i]
		c := caseReport{
			r.Name, r.At.File, r.At.Start.Line, r.Outcome, r.Verdict, r.Want.String(),
			r.Standing() == corpus.Met, float64(r.Time.Microseconds()) / 1000, "", r.Checks,
		}
		if r.Err != nil {
			c.Error, broken = r.Err.Error(), r.Err
			errors.As(broken, &defect)
		}
		reports = append(reports, c)
		if r.Outcome == equiv.Proved && r.Err == nil {
			weak := a.weaker(r.Verdict, r.Weaker())
			if weak != "" && format == "text" {
				fmt.Fprintf(a.out, "%s:\n", r.Name)
			}
			var fs []finding
			outcome, fs = a.demand(format, outcome, finding{span: r.At, msg: r.Name}, weak)
			findings = append(findings, fs...)
		}
		if !c.Met {
			findings = append(findings, caseFinding(r))
		}
	}
	if format == "text" {
		fmt.Fprintln(a.out, sum)
	} else if err := a.write(format, findings, map[string]any{"cases": reports, "summary": sum}); err != nil {
		return err
	}
	switch {
	case defect != nil:
		return defect
	case broken != nil && format == "text":
		return &exitError{code: exitUsage} // it was told in its line
	case broken != nil:
		return broken
	case sum.Wrong > 0 || outcome == equiv.Refuted:
		return &exitError{code: exitFindings}
	case sum.Unknown > 0:
		return &exitError{code: exitUnknown}
	}
	return nil
}

func caseFinding(r *corpus.Result) finding {
	f := finding{outcome: equiv.Refuted, span: r.At, msg: fmt.Sprintf("%s: %v, expected %v", r.Name, r.Outcome, r.Want)}
	if r.Standing() == corpus.Undecided {
		f.outcome = equiv.Unknown
	}
	if why := r.Reason(); why != "" {
		f.msg += "\n" + why
	}
	return f
}
