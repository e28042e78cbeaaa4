package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

func (a *app) verifyCmd() *cobra.Command {
	var b batch
	var how pairing
	var from, schedule string
	c := &cobra.Command{
		Use:   "verify FILE.loop [OTHER.loop] | PATH ...",
		Short: "Prove all schedules of a file, that two files' kernels are equal, or many of both",
		Long: "With one file: proves every schedule, each step and the whole (the use in CI), or\n" +
			"those that --schedule names.\n" +
			"With two: proves that kernels of the same name, or the only ones, compute the same\n" +
			"for all sizes, and says how strongly: exact, reassociated, algebraic, approximate.\n" +
			"--relate 'A[i][j] ~ B[i/4][j][i%4]' says that the second file's array B packs the\n" +
			"first one's A, as `packs` in its text would. --explain tells which statements were\n" +
			"matched, where each read gets its value, and what was proved, with\n" +
			"--json as {explanation, obligation_details}. --html writes a page: of two files how they\n" +
			"were matched, else every step with the nest before and after it, and each form.\n\n" +
			"With folders (./... as in Go), archives or manifests: proves every schedule in .loop\n" +
			"files and every pair in manifests (*.pairs), whose lines are\n\n" +
			"    a.loop b.loop: proved exact\n\n" +
			"and in txtar archives, whose comments hold such lines about their files, without\n" +
			".loop: `a b: refuted`. Another outcome than the expected one is a finding (exit 1);\n" +
			"unknown is 4. --jobs cases run at once; --shard 2/5 takes a fifth of them, for a\n" +
			"matrix of CI machines, which may share a --cache folder.\n\n" +
			"Folders of generated code among them are read back, the Go and the assembly, from\n" +
			"their text: each form is proved to do what its .loop file says, for all sizes that\n" +
			"the exported functions let through, and each .loop file what the naive one does;\n" +
			"where that needs a hint, the schedules that a go:generate line of loopopt gen names\n" +
			"are replayed. What gen writes for that source now has to be the same, byte for byte.\n" +
			"--explain prints both sides. The summary names what was not looked at; when that\n" +
			"is everything, the exit code is 2. Below a folder this is, as in Go, what lies in\n" +
			"testdata, in folders whose names begin with . or _, in other modules and behind links,\n" +
			"unless it is named. A file that is not legal is told and the others are verified;\n" +
			"it makes the exit code 2 if nothing is refuted or found.\n\n" +
			"--json for two files prints {outcome: proved|refuted|unknown, verdict, obligations,\n" +
			"ms, reason, counterexample, bounds, magnitudes}, a list of these for several kernels; for\n" +
			"one file what transform --json prints, where bounds is explained; for many\n" +
			"{cases: [{name, file, line, outcome, verdict, expected, met, ms, checks}], summary,\n" +
			"folders: {forms, scheduled, fresh, claims}, errors: [{file, line, col, message}],\n" +
			"not_looked_at}.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json {
				if cmd.Flags().Changed("format") && b.format != "json" {
					return &exitError{exitUsage, "--json is --format json: give one of them"}
				}
				b.format = "json"
			}
			if !validFormat(b.format) {
				return &exitError{exitUsage, fmt.Sprintf("--format %s: it is one of %s", b.format, strings.Join(formats, ", "))}
			}
			many := b.isBatch(args)
			if how.explain && b.format != "text" && b.format != "json" {
				return &exitError{exitUsage, "--explain is for --format text and json"}
			}
			b.side, b.html = many && how.explain, how.html
			switch {
			case !many && (b.raw != "" || b.shard != ""):
				return &exitError{exitUsage, "--raw and --shard are for many cases: name a folder (" + filepath.Dir(args[0]) + "), an archive, a manifest, or three files and more"}
			case b.side && b.format != "text":
				return &exitError{exitUsage, "--explain prints generated code side by side as text: leave --format and --json out"}
			case (len(args) != 2 || many) && (len(how.relate) > 0 || how.explain && !many):
				return &exitError{exitUsage, "--relate and --explain are for two files, --explain for folders of generated code too"}
			case many && schedule != "":
				return &exitError{exitUsage, "--schedule is for one file"}
			case many:
				if from != "" {
					var err error
					if b.source, err = a.load(from); err != nil {
						return a.formatted(b.format, from, err)
					}
				}
				return a.verifyBatch(cmd, args, &b)
			case from != "":
				return &exitError{exitUsage, "--source is for folders of generated code"}
			case len(args) == 2 && schedule != "":
				return &exitError{exitUsage, "--schedule is for one file"}
			case len(args) == 2:
				return a.verifyPair(cmd, args[0], args[1], b.format, &how)
			}
			return a.verifyFile(cmd, args[0], schedule, b.format, how.html)
		},
	}
	c.Flags().StringVar(&b.format, "format", "text", "text, json, sarif, or github (workflow annotations)")
	c.Flags().StringArrayVar(&how.relate, "relate", nil, "how an array of the second file packs one of the first; may be repeated")
	c.Flags().BoolVar(&how.explain, "explain", false, "tell the matching, the sources of reads, and every obligation with its time; or print code side by side with what it amounts to")
	c.Flags().StringVar(&how.html, "html", "", "write what was proved to this file, as one HTML page")
	a.requireFlag(c, "default algebraic for two files; approximate for schedules, where the step implement asks for it, and what a manifest expects")
	a.proverFlags(c)
	a.jsonFlag(c)
	choose(c, "format", formats...)
	c.ValidArgsFunction = verifyArgs
	c.Flags().StringVar(&b.shard, "shard", "", "i/n: only part i of n of the cases")
	c.Flags().StringVar(&b.raw, "raw", "", "also write a line a case and the summary to this file")
	c.Flags().StringVar(&schedule, "schedule", "", "with one file: prove only the schedules of this name")
	a.fromFile(c, "schedule", scheduleNames)
	c.Flags().StringVar(&from, "source", "", "with folders of generated code: replay the schedules of this file instead of comparing kernels without a hint first")
	return c
}

// verifyFile proves every schedule of a file, or those of a name.
func (a *app) verifyFile(cmd *cobra.Command, path, schedule, format, page string) error {
	f, err := a.load(path)
	if err != nil {
		return a.formatted(format, path, err)
	}
	list, err := pipeline.Schedules(f, schedule)
	if err != nil {
		return a.formatted(format, path, err)
	}
	return a.prove(func(eq equiv.Options) error {
		outcome := equiv.Proved
		var findings []finding
		var reports []*pipeline.Report
		err := pipeline.TransformAll(cmd.Context(), f, list, pipeline.Options{Equiv: eq}, func(s *loopir.Schedule, r *pipeline.Report) error {
			outcome = equiv.Worse(outcome, r.Outcome())
			reports = append(reports, r)
			if bad := r.Failed(); bad != nil {
				findings = append(findings, stepFinding(s, bad))
			}
			if format == "text" {
				a.scheduleLine(cmd, r)
			}
			var weak []finding
			outcome, weak = a.demand(format, outcome, finding{span: s.Span, msg: "schedule " + s.Name}, a.wholeTooWeak(r))
			findings = append(findings, weak...)
			return nil
		})
		if err != nil {
			return a.formatted(format, path, err)
		}
		if err := writePage(page, scheduleSections(path, reports)); err != nil {
			return err
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
	a.explain(cmd.Context(), r.Whole)
}

// formatted reports input errors in the machine formats too.
func (a *app) formatted(format, path string, err error) error {
	if !annotates(format) || !aboutInput(err) {
		return err
	}
	if werr := a.write(format, inputFindings(path, err), nil); werr != nil {
		return werr
	}
	return &exitError{code: codeOf(errorsOf(err)...)} // told once
}

// annotates tells whether errors are part of a format, which has them once.
func annotates(format string) bool { return format == "sarif" || format == "github" }

func (a *app) checkCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "check FILE.loop|DIR|./... ...",
		Short: "Prove kernels safe: bounds, initialization, coverage, races, overflow",
		Long: "Proves for all sizes that each kernel's accesses are in bounds, no uninitialized\n" +
			"cell is read, every out cell is written, parallel and vectorize loops carry no\n" +
			"dependence, and index arithmetic fits in 64 bits.\n\n" +
			"A file that is not legal is told and the others are checked; the exit code is then 2 if\n" +
			"nothing is refuted.\n\n" +
			"--json prints a list of {file, kernel, outcome, obligations, findings}; {file, error} is\n" +
			"in it for a file that is not legal.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, code, err := a.loopFiles(args)
			if err != nil {
				return err
			}
			return a.prove(func(eq equiv.Options) error {
				all := []safety{}
				for _, path := range files {
					list, err := a.checkFile(cmd.Context(), path, eq)
					all = append(all, list...)
					switch {
					case cmd.Context().Err() != nil:
						return cmd.Context().Err()
					case err != nil && !aboutInput(err):
						return err
					case err != nil:
						a.clearProgress()
						code = worse(code, a.tell(err))
						all = append(all, safety{File: path, Findings: []string{}, Error: err.Error()})
					}
				}
				if len(all) == 0 {
					return &exitError{exitUsage, "no kernel in " + strings.Join(args, " ")}
				}
				for _, s := range all {
					if s.Error == "" {
						code = worse(code, codeOfOutcome(s.Outcome))
					}
				}
				if a.json {
					if err := a.printJSON(all); err != nil {
						return err
					}
				}
				return coded(code)
			})
		},
	}
	a.proverFlags(c)
	a.jsonFlag(c)
	c.ValidArgsFunction = loopArgs
	return c
}

// checkFile checks the kernels of a file and tells how they came out.
func (a *app) checkFile(ctx context.Context, path string, eq equiv.Options) ([]safety, error) {
	f, err := a.load(path)
	if err != nil {
		return nil, err
	}
	var out []safety
	for _, k := range f.Kernels {
		r, err := equiv.CheckSafety(ctx, f, k, eq)
		if err != nil {
			return out, err
		}
		s := safety{File: path, Kernel: k.Name, Outcome: r.Outcome, Obligations: len(r.Obligations), Findings: []string{}, Assumptions: r.Assumptions}
		for _, e := range r.Findings {
			s.Findings = append(s.Findings, e.Error())
		}
		out = append(out, s)
		a.clearProgress()
		if !a.json {
			fmt.Fprintf(a.out, "%s: %s: %s (%d obligations)\n", path, k.Name, a.paint(r.Outcome), len(r.Obligations))
			for _, text := range r.Assumptions {
				fmt.Fprintf(a.out, "    note: assuming that %s\n", text)
			}
		}
		if len(r.Findings) > 0 {
			fmt.Fprint(a.err, loopir.Render(loopir.ErrorList(r.Findings), a.sources))
		}
	}
	return out, nil
}

// verifyArgs completes what verify takes.
func verifyArgs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"loop", "pairs", "txtar"}, cobra.ShellCompDirectiveFilterFileExt
}

// A safety is one kernel's result in check --json.
type safety struct {
	File        string        `json:"file"`
	Kernel      string        `json:"kernel"`
	Outcome     equiv.Outcome `json:"outcome"`
	Obligations int           `json:"obligations"`
	Findings    []string      `json:"findings"`
	Assumptions []string      `json:"assumptions,omitempty"`
	Error       string        `json:"error,omitempty"` // why the file, or the rest of it, was not checked
}
