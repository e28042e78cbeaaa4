package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

func indent(s, by string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+by)
}

func (a *app) transformCmd() *cobra.Command {
	var schedule string
	var settings map[string]string
	var eachStep bool
	var page string
	c := &cobra.Command{
		Use:   "transform FILE.loop",
		Short: "Run schedules, proving each step, and print the final loop nests",
		Long: "Runs each schedule of the file (or the one that --schedule names), proves every step\n" +
			"equivalent for all sizes and then the whole: original against final, of which\n" +
			"--require asks a strength. The final kernel is printed as .loop text.\n\n" +
			"--json prints one document for each schedule: {kernel, schedule, assumes, steps: [{step,\n" +
			"outcome, verdict, obligations, ms, notes, counterexample, bounds}], whole: {outcome,\n" +
			"verdict, ..., bounds, magnitudes}, loops}.\n\n" +
			"Where floating-point values may differ by rounding, bounds has for each output {array,\n" +
			"bound, before, after, magnitude, provided}, or {array, reason} where none is proved.\n" +
			"For each cell |after - before| <= gamma(before)*M + gamma(after)*M, where before and\n" +
			"after are roundings by type, gamma(k) = k*u/(1-k*u), and M is the cell's value, over\n" +
			"the reals, in the kernels of magnitudes, {before, after}; magnitude is M in short where\n" +
			"both are one, and provided lists further conditions. Assumed: round to nearest, k*u <=\n" +
			"1/2, no overflow or underflow, exp, log, tanh and sigmoid accurate to 4*u; u is 2^-53\n" +
			"for f64, 2^-24 for f32, 2^-8 for bf16, 2^-11 for f16.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if eachStep && a.json {
				return &exitError{exitUsage, "--each-step prints text: leave --json out"}
			}
			f, err := a.load(args[0])
			if err != nil {
				return err
			}
			list, err := pipeline.Schedules(f, schedule)
			if err != nil {
				return err
			}
			return a.prove(func(eq equiv.Options) error {
				var reports []*pipeline.Report
				outcome := equiv.Proved
				opts := pipeline.Options{Equiv: eq, Params: settings}
				if !a.json {
					opts.OnDone = func(r *pipeline.Report, c *pipeline.Check) {
						a.clearProgress()
						if len(r.Steps) == 1 && r.Whole == nil {
							fmt.Fprintf(a.out, "schedule %s for %s\n", r.Schedule, r.Kernel)
						}
						a.line(cmd, c)
						if eachStep && c.Nest != "" && len(r.Steps) > 1 { // the first is as written
							fmt.Fprintf(a.out, "\n%s\n", c.Nest)
						}
					}
				}
				err := pipeline.TransformAll(cmd.Context(), f, list, opts, func(s *loopir.Schedule, r *pipeline.Report) error {
					if !a.json {
						a.final(r)
					}
					reports = append(reports, r)
					outcome = equiv.Worse(outcome, r.Outcome())
					if weak := a.wholeTooWeak(r); weak != "" {
						outcome = equiv.Worse(outcome, equiv.Refuted)
						fmt.Fprintf(a.err, "loopopt: schedule %s: %s\n", s.Name, indent(weak, "    "))
					}
					return nil
				})
				if err != nil {
					return err
				}
				if err := writePage(page, scheduleSections(args[0], reports)); err != nil {
					return err
				}
				if a.json {
					if err := a.printReports(reports); err != nil {
						return err
					}
				}
				return verdictError(outcome)
			})
		},
	}
	a.requireFlag(c, "default approximate, which the step implement asks for")
	a.proverFlags(c)
	a.jsonFlag(c)
	c.ValidArgsFunction = loopArgs
	c.Flags().StringVar(&schedule, "schedule", "", "run only this schedule")
	c.Flags().BoolVar(&eachStep, "each-step", false, "print the nest after every step, with the kernels that it calls")
	c.Flags().StringVar(&page, "html", "", "write a page with every step to this file: the nest before and after it, its verdict and bound")
	c.Flags().StringToStringVar(&settings, "param", nil, "set schedule parameters: --param RBQ=7")
	a.fromFile(c, "schedule", scheduleNames)
	a.fromFile(c, "param", paramValues)
	return c
}

// scheduleNames completes --schedule.
func scheduleNames(_ context.Context, path string) []string {
	f, _, err := pipeline.Load(path)
	if err != nil {
		return nil
	}
	list, err := pipeline.Schedules(f, "")
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

// paramValues completes --param: V=8 for each value that the schedules list, V= else.
func paramValues(_ context.Context, path string) []string {
	f, _, err := pipeline.Load(path)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range f.Schedules {
		for _, step := range s.Items {
			if step.Verb != "param" || len(step.Args) == 0 {
				continue
			}
			out = append(out, step.Args[0].Text+"=")
			for i, t := range step.Args {
				if i > 0 && (step.Args[i-1].Text == "{" || step.Args[i-1].Text == ",") {
					out = append(out, step.Args[0].Text+"="+t.Text)
				}
			}
		}
	}
	return out
}

// printReports prints a JSON document for each schedule.
func (a *app) printReports(reports []*pipeline.Report) error {
	for _, r := range reports {
		if err := a.printJSON(r); err != nil {
			return err
		}
	}
	return nil
}

// line prints one proof.
func (a *app) line(cmd *cobra.Command, c *pipeline.Check) {
	verdict := ""
	if c.Proved() {
		verdict = c.Verdict.String()
	}
	fmt.Fprintf(a.out, "  %-58s %s %-12s %4d obligations %8.1f ms\n", c.Step, a.paint(c.Outcome), verdict, c.Count, c.MS)
	for _, n := range c.Notes {
		fmt.Fprintf(a.out, "    note: %s\n", n)
	}
	a.explain(cmd.Context(), c)
}

func (a *app) final(r *pipeline.Report) {
	if r.Whole == nil {
		return
	}
	if len(r.Assumes) > 0 {
		fmt.Fprintf(a.out, "  for sizes with %s\n", strings.Join(r.Assumes, ", "))
	}
	fmt.Fprintf(a.out, "\n%s\n", r.Loops)
}

func (a *app) primitivesCmd() *cobra.Command {
	return &cobra.Command{
		Use:       "primitives [NAME]",
		Short:     "List the schedule primitives, or tell about one",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: transform.Verbs(),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				for _, p := range transform.Manual() {
					if p.Name == args[0] {
						fmt.Fprintf(a.out, "%s\n\n%s\n", p.Syntax, strings.TrimSpace(p.Doc))
						return nil
					}
				}
				return &exitError{exitUsage, "no primitive " + args[0] + "; `loopopt primitives` lists them"}
			}
			for _, p := range transform.Manual() {
				fmt.Fprintf(a.out, "%-18s %s\n", p.Name, p.Syntax)
			}
			return nil
		},
	}
}
