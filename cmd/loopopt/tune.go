package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

// minRounds is how many rounds of timing there are at least.
const minRounds = 7

// A tuneRequest is what the flags of tune say.
type tuneRequest struct {
	file, schedule string
	name, sizes    string // of a case, or its values
	isa            string
	params         []string
	top, rounds    int
	within         time.Duration
	log            string
	apply          bool
	explain        bool
}

func (a *app) tuneCmd() *cobra.Command {
	var q tuneRequest
	c := &cobra.Command{
		Use:   "tune FILE.loop",
		Short: "Find the values of a schedule's params that are fastest, by a model and by timing",
		Long: "Takes each schedule that has a `param P = v in {...}`, or the one that --schedule names,\n" +
			"and all combinations of the values. A model of the processor predicts the time of each\n" +
			"on sizes that --case names in FILE.sizes or --size gives; what needs more vector\n" +
			"registers than there are, has no assembly form or is not for these sizes is left out. The\n" +
			"--top best are proved, generated, read back, compiled, run, compared with the naive\n" +
			"kernel and timed on one thread, the machine's peak in between; the values that the file\n" +
			"has are always among them. A table tells what was predicted and measured, and their ratio.\n\n" +
			"The package is compiled in the module of FILE.loop, or of the current folder, which has to\n" +
			"require loopopt, in a temporary folder there that ./... does not see.\n\n" +
			"Each candidate is a line of JSON in --log: {digest, kernel, schedule, params, sizes, isa,\n" +
			"cpu, outcome, message, predicted, measured, ratio, verdict, proof}. Another run takes\n" +
			"from there what has the same digest, of the kernel, the steps, the values, the sizes, the\n" +
			"instruction set and the processor; remove the file to time again. --json prints {kernel,\n" +
			"schedule, case, isa, candidates, best} for each schedule, the fastest candidate first.\n\n" +
			"Exit codes: 0 done, 1 nothing could be timed, or a candidate is refuted or wrong, 2 usage\n" +
			"or input, 3 internal error, 4 nothing could be timed and all that was tried is unknown.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.file = args[0]
			return a.tune(cmd.Context(), q)
		},
	}
	f := c.Flags()
	f.StringVar(&q.schedule, "schedule", "", "tune only this schedule")
	f.StringVar(&q.name, "case", "", "the line of FILE.sizes with the sizes (default: the only one)")
	f.StringVar(&q.sizes, "size", "", "the sizes: N=1,K=64, or conv:N=1,K=64 where schedules are for several kernels")
	f.StringVar(&q.isa, "isa", "", "avx512, avx2 or neon, for schedules without a target (default: the best that the processor has)")
	f.StringArrayVar(&q.params, "param", nil, "try these values instead of those in the file: --param RBQ=7,14")
	f.IntVar(&q.top, "top", 8, "time so many of the best predicted (0: all)")
	f.IntVar(&q.rounds, "rounds", 9, "rounds of timing, of which the median counts; at least 7")
	f.DurationVar(&q.within, "budget-time", 0, "begin with no further candidate after this long, as 90s (0: no limit)")
	f.StringVar(&q.log, "log", "", "the file of results (default: FILE.tune.jsonl beside FILE.loop)")
	f.BoolVar(&q.apply, "apply", false, "write the best values into FILE.loop")
	f.BoolVar(&q.explain, "explain", false, "tell what each prediction is made of")
	c.MarkFlagsMutuallyExclusive("case", "size")
	a.proverFlags(c)
	a.jsonFlag(c)
	c.ValidArgsFunction = loopArgs
	a.fromFile(c, "schedule", tunable)
	a.fromFile(c, "case", caseNames)
	a.fromFile(c, "param", paramValues)
	choose(c, "isa", "avx512", "avx2", "neon")
	return c
}

// tunable completes --schedule.
func tunable(_ context.Context, path string) []string {
	f, _, err := pipeline.Load(path)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range f.Schedules {
		if tune.Tunable(s) {
			out = append(out, s.Name)
		}
	}
	return out
}

// caseNames completes --case.
func caseNames(_ context.Context, path string) []string {
	f, _, err := pipeline.Load(path)
	if err != nil {
		return nil
	}
	cases, err := pipeline.ReadSizes(f, path)
	if err != nil {
		return nil
	}
	var out []string
	for _, list := range cases {
		for _, s := range list {
			out = append(out, s.Name)
		}
	}
	return out
}

// tune does what the flags say.
func (a *app) tune(ctx context.Context, q tuneRequest) error {
	start := time.Now()
	switch {
	case q.top < 0:
		return &exitError{exitUsage, fmt.Sprintf("--top %d: it must not be negative", q.top)}
	case q.rounds < minRounds:
		return &exitError{exitUsage, fmt.Sprintf("--rounds %d: it must be at least %d, fewer tell little", q.rounds, minRounds)}
	case q.within < 0:
		return &exitError{exitUsage, fmt.Sprintf("--budget-time %v: it must not be negative", q.within)}
	}
	only, err := paramLists(q.params)
	if err != nil {
		return err
	}
	f, err := a.load(q.file)
	if err != nil {
		return err
	}
	list, err := tunedSchedules(f, q.schedule)
	if err != nil {
		return err
	}
	if q.log == "" {
		q.log = strings.TrimSuffix(q.file, ".loop") + ".tune.jsonl"
	}
	log, err := tune.OpenLog(q.log)
	if err != nil {
		return err
	}
	sizes := map[string]gen.Sizes{} // by kernel
	for _, s := range list {
		if sizes[s.Kernel], err = q.sizesFor(f, f.Kernel(s.Kernel), list); err != nil {
			return err
		}
	}
	var runs []*tuning
	return a.prove(func(eq equiv.Options) error {
		for _, s := range list {
			t := &tuning{a: a, q: q, f: f, s: s, sizes: sizes[s.Kernel], log: log, eq: eq, start: start}
			runs = append(runs, t)
			err := t.run(ctx, only)
			a.clearProgress()
			if len(t.records) > 0 && !a.json {
				t.table()
			}
			if err != nil {
				return err
			}
			if a.json {
				if err := a.printJSON(t.document()); err != nil {
					return err
				}
			}
		}
		if q.apply {
			if err := a.applyBest(q.file, runs); err != nil {
				return err
			}
		}
		return tuneError(runs)
	})
}

// tunedSchedules are those with a param to choose, or the one called name.
func tunedSchedules(f *loopir.File, name string) ([]*loopir.Schedule, error) {
	list, err := pipeline.Schedules(f, name)
	if err != nil {
		return nil, err
	}
	if name == "" {
		list = slices.DeleteFunc(list, func(s *loopir.Schedule) bool { return !tune.Tunable(s) })
	}
	if len(list) == 0 {
		return nil, &exitError{exitUsage, f.Name + ": no schedule has a param to tune; write, as the first step of one, `param V = 8 in {8, 16}`, and V in later steps"}
	}
	return list, nil
}

// paramLists reads --param V=1,2.
func paramLists(settings []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, s := range settings {
		name, list, ok := strings.Cut(s, "=")
		if !ok || name == "" || list == "" {
			return nil, &exitError{exitUsage, "--param " + s + ": want NAME=VALUE,VALUE"}
		}
		out[name] = append(out[name], strings.Split(list, ",")...)
	}
	return out, nil
}

// sizesFor are the sizes to time kernel k on.
func (q *tuneRequest) sizesFor(f *loopir.File, k *loopir.Kernel, list []*loopir.Schedule) (gen.Sizes, error) {
	if q.sizes != "" {
		text := q.sizes
		if kernel, rest, ok := strings.Cut(text, ":"); ok {
			if kernel != k.Name {
				return gen.Sizes{}, &exitError{exitUsage, fmt.Sprintf("--size is for kernel %s, and schedule %s for %s; name a schedule with --schedule", kernel, scheduleOf(list, k.Name), k.Name)}
			}
			text = rest
		}
		s, err := pipeline.SizesOf(k, "--size", strings.Split(text, ","))
		if err != nil {
			return s, &exitError{exitUsage, "--size " + q.sizes + ": " + err.Error()}
		}
		s.Name = text
		return s, nil
	}
	cases, err := pipeline.ReadSizes(f, q.file)
	if err != nil {
		return gen.Sizes{}, err
	}
	var names []string
	for _, s := range cases[k.Name] {
		if s.Name == q.name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	beside := strings.TrimSuffix(q.file, ".loop") + ".sizes"
	switch {
	case len(names) == 0:
		return gen.Sizes{}, &exitError{exitUsage, fmt.Sprintf("no sizes for kernel %s: give --size %s, or write a line `%s NAME %s` into %s", k.Name, exampleSizes(k, ","), k.Name, exampleSizes(k, " "), beside)}
	case q.name != "":
		return gen.Sizes{}, &exitError{exitUsage, fmt.Sprintf("--case %s: %s has, for kernel %s, the cases %s", q.name, beside, k.Name, strings.Join(names, ", "))}
	case len(names) > 1:
		return gen.Sizes{}, &exitError{exitUsage, fmt.Sprintf("%s has several cases: choose one with --case: %s", beside, strings.Join(names, ", "))}
	}
	return cases[k.Name][0], nil
}

func scheduleOf(list []*loopir.Schedule, kernel string) string {
	return list[slices.IndexFunc(list, func(s *loopir.Schedule) bool { return s.Kernel == kernel })].Name
}

// exampleSizes names all sizes of a kernel.
func exampleSizes(k *loopir.Kernel, by string) string {
	var out []string
	for _, p := range k.Params {
		if p.Kind == loopir.SizeParam {
			out = append(out, p.Name+"=64")
		}
	}
	return strings.Join(out, by)
}

// tuneError is the exit of a run: something was timed, and nothing is wrong.
func tuneError(runs []*tuning) error {
	timed, unknown, other, refuted := 0, 0, 0, 0
	for _, t := range runs {
		for _, r := range t.records {
			switch r.Outcome {
			case tune.Timed:
				timed++
			case tune.Unknown:
				unknown++
			case tune.Refuted, tune.Wrong:
				refuted++
			case tune.Left:
			default:
				other++
			}
		}
	}
	switch {
	case refuted > 0:
		return &exitError{exitFindings, "a candidate is refuted or wrong; its values must not be used"}
	case timed > 0:
		return nil
	case unknown > 0 && other == 0:
		return &exitError{exitUnknown, "no candidate was proved, and none refuted"}
	}
	return &exitError{exitFindings, "no candidate could be timed"}
}
