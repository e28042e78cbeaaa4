package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

func (a *app) verifyCmd() *cobra.Command {
	var format, from string
	var side bool
	c := &cobra.Command{
		Use:   "verify FILE.loop [OTHER.loop] | FOLDER ...",
		Short: "Prove all schedules of a file, two kernels equal, or generated code",
		Long: "With one file: proves every schedule, each step and the whole (the use in CI).\n" +
			"With two: proves that kernels of the same name, or the only ones, compute the same\n" +
			"for all sizes, and says how strongly: exact, reassociated, algebraic, approximate.\n" +
			"With folders of generated code: reads the Go and the assembly back from their text\n" +
			"and proves that each form does what its .loop file says, for all sizes that the\n" +
			"exported functions let through, and each .loop file what the naive one does.\n" +
			"FOLDER/... is FOLDER and all folders in it that hold generated code.\n\n" +
			"--json for two files prints {outcome: proved|refuted|unknown, verdict, obligations,\n" +
			"ms, reason, counterexample}; for one file what transform --json prints.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json {
				format = "json"
			}
			if !validFormat(format) {
				return &exitError{exitUsage, fmt.Sprintf("--format %s: it is one of %s", format, strings.Join(formats, ", "))}
			}
			if dirs, err := folders(args); err != nil || len(dirs) > 0 {
				if err != nil {
					return err
				}
				return a.verifyFolders(cmd, dirs, format, from, side)
			}
			if len(args) > 2 {
				return &exitError{exitUsage, "verify takes one or two .loop files, or folders"}
			}
			if len(args) == 2 {
				return a.verifyPair(cmd, args[0], args[1], format)
			}
			return a.verifyFile(cmd, args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text, json, sarif, or github (workflow annotations)")
	c.Flags().StringVar(&from, "source", "", "with folders: replay the schedules of this file instead of comparing kernels without a hint")
	c.Flags().BoolVar(&side, "explain", false, "with folders: print assembly and what it amounts to side by side")
	return c
}

// verifyFile proves every schedule of a file.
func (a *app) verifyFile(cmd *cobra.Command, path, format string) error {
	f, err := a.load(path)
	if err != nil {
		return a.formatted(format, path, err)
	}
	list, err := pipeline.Schedules(f, "")
	if err != nil {
		return err
	}
	return a.prove(func(eq equiv.Options) error {
		outcome := equiv.Proved
		var findings []finding
		var reports []*pipeline.Report
		for _, s := range list {
			r, err := pipeline.Transform(cmd.Context(), f, s, pipeline.Options{Equiv: eq})
			if err != nil {
				return a.formatted(format, path, err)
			}
			outcome = worse(outcome, r.Outcome())
			reports = append(reports, r)
			if bad := r.Failed(); bad != nil {
				findings = append(findings, stepFinding(s, bad))
			}
			if format == "text" {
				a.scheduleLine(cmd, r)
			}
		}
		if format == "json" {
			if err := a.printReports(reports); err != nil {
				return err
			}
		} else if err := a.write(format, findings, nil); err != nil {
			return err
		}
		return verdictError(outcome)
	})
}

func (a *app) scheduleLine(cmd *cobra.Command, r *pipeline.Report) {
	a.clearProgress()
	if bad := r.Failed(); bad != nil {
		fmt.Fprintf(a.out, "%s of %s: %s at step `%s`\n", r.Schedule, r.Kernel, a.paint(bad.Outcome), bad.Step)
		a.explain(cmd.Context(), bad)
		return
	}
	fmt.Fprintf(a.out, "%s of %s: %s %s, %d steps\n", r.Schedule, r.Kernel, a.paint(equiv.Proved), r.Whole.Verdict, len(r.Steps))
}

// verifyPair proves the kernels of two files equal.
func (a *app) verifyPair(cmd *cobra.Command, before, after, format string) error {
	fb, err := a.load(before)
	if err != nil {
		return a.formatted(format, before, err)
	}
	fa, err := a.load(after)
	if err != nil {
		return a.formatted(format, after, err)
	}
	pairs, err := pipeline.Pairs(fb, fa)
	if err != nil {
		return err
	}
	return a.prove(func(eq equiv.Options) error {
		outcome := equiv.Proved
		var findings []finding
		var checks []*pipeline.Check
		for _, p := range pairs {
			c, err := p.Prove(cmd.Context(), eq)
			if err != nil {
				return a.formatted(format, after, err)
			}
			outcome = worse(outcome, c.Outcome)
			checks = append(checks, c)
			if !c.Proved() {
				findings = append(findings, finding{c.Outcome, c.Span, p.After.Name + ": not shown equal to " + before, c})
			}
			if format == "text" {
				a.clearProgress()
				fmt.Fprintf(a.out, "%s: %s", p.After.Name, a.paint(c.Outcome))
				if c.Proved() {
					fmt.Fprintf(a.out, " %s", c.Verdict)
				}
				fmt.Fprintf(a.out, " (%d obligations, %.0f ms)\n", c.Count, c.MS)
				for _, n := range c.Notes {
					fmt.Fprintf(a.out, "    note: %s\n", n)
				}
				a.explain(cmd.Context(), c)
			}
		}
		var data any = checks
		if len(checks) == 1 {
			data = checks[0]
		}
		if err := a.write(format, findings, data); err != nil {
			return err
		}
		return verdictError(outcome)
	})
}

// formatted reports input errors in the machine formats too.
func (a *app) formatted(format, path string, err error) error {
	if format != "sarif" && format != "github" {
		return err
	}
	var findings []finding
	for _, e := range errorsOf(err) {
		findings = append(findings, finding{equiv.Unknown, e.Span, e.Msg, nil})
	}
	if len(findings) == 0 {
		findings = []finding{{equiv.Unknown, loopir.Span{File: path}, err.Error(), nil}}
	}
	if werr := a.write(format, findings, nil); werr != nil {
		return werr
	}
	return err
}

func (a *app) checkCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE.loop ...",
		Short: "Prove kernels safe: bounds, initialization, coverage, races, overflow",
		Long: "Proves for all sizes that each kernel's accesses are in bounds, no uninitialized\n" +
			"cell is read, every out cell is written, parallel and vectorize loops carry no\n" +
			"dependence, and index arithmetic fits in 64 bits.\n\n" +
			"--json prints a list of {file, kernel, outcome, obligations, findings}.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.prove(func(eq equiv.Options) error {
				outcome := equiv.Proved
				all := []safety{}
				var errs loopir.ErrorList
				for _, path := range args {
					f, err := a.load(path)
					if err != nil {
						return err
					}
					for _, k := range f.Kernels {
						r, err := equiv.CheckSafety(cmd.Context(), f, k, eq)
						if err != nil {
							return err
						}
						outcome = worse(outcome, r.Outcome)
						s := safety{File: path, Kernel: k.Name, Outcome: r.Outcome, Obligations: len(r.Obligations), Findings: []string{}}
						for _, e := range r.Findings {
							s.Findings = append(s.Findings, e.Error())
						}
						errs = append(errs, r.Findings...)
						all = append(all, s)
						if !a.json {
							a.clearProgress()
							fmt.Fprintf(a.out, "%s: %s: %s (%d obligations)\n", path, k.Name, a.paint(r.Outcome), len(r.Obligations))
						}
					}
				}
				if a.json {
					if err := a.printJSON(all); err != nil {
						return err
					}
				}
				if len(errs) > 0 {
					fmt.Fprint(a.err, loopir.Render(errs, a.sources))
				}
				return verdictError(outcome)
			})
		},
	}
}

// A safety is one kernel's result in check --json.
type safety struct {
	File        string        `json:"file"`
	Kernel      string        `json:"kernel"`
	Outcome     equiv.Outcome `json:"outcome"`
	Obligations int           `json:"obligations"`
	Findings    []string      `json:"findings"`
}
