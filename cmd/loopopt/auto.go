package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/internal/auto"
	"github.com/loopopt/loopopt/internal/opcount"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// An autoRequest is what the flags of auto say.
type autoRequest struct {
	file, kernel   string
	target, name   string
	caseName, size string
	tries          int
	measure        bool
	apply, explain bool
}

func (a *app) autoCmd() *cobra.Command {
	var q autoRequest
	c := &cobra.Command{
		Use:   "auto FILE.loop [KERNEL]",
		Short: "Propose a schedule for a kernel that has none, and prove it",
		Long: "Looks at the loops of the kernel (of the only one, if none is named), and puts schedules together\n" +
			"from lanes, tiles in registers, partial sums and parallel loops. The model of tune predicts\n" +
			"the time of each on the sizes that --size or --case gives, those of the first line for the\n" +
			"kernel in FILE.sizes, or else guesses. The best one is proved, each step and the\n" +
			"whole; where that fails, the next one. It is printed, to be edited; --apply appends it to\n" +
			"FILE.loop. --explain tells what was tried, and why it was not taken.\n\n" +
			"The schedule is for all sizes, but for what its assume says. Arrays keep their layouts. Sums\n" +
			"are regrouped and products contracted unless --require exact; elementary functions are the\n" +
			"library's, for which the verdict is approximate, unless --require algebraic or more.\n\n" +
			"Exit codes: 0 done, 1 nothing is better than the loops as they are, which are printed with a\n" +
			"parallel loop if that is proved, 2 usage or input, 3 internal error, 4 nothing is\n" +
			"proved, and what was tried is unknown.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.file = args[0]
			if len(args) > 1 {
				q.kernel = args[1]
			}
			return a.auto(cmd.Context(), q)
		},
	}
	f := c.Flags()
	f.StringVar(&q.target, "target", "", "avx512, avx2 or neon (default: the best that the processor has)")
	f.StringVar(&q.name, "name", "auto", "what the schedule is called")
	f.StringVar(&q.caseName, "case", "", "the line of FILE.sizes with the sizes (default: the first one of the kernel)")
	f.StringVar(&q.size, "size", "", "the sizes, as N=1,K=64")
	f.IntVar(&q.tries, "tries", 8, "prove at most so many")
	f.BoolVar(&q.measure, "measure", false, "time the three best that are proved on this processor, as tune does, and take the fastest")
	f.BoolVar(&q.apply, "apply", false, "append the schedule to FILE.loop")
	f.BoolVar(&q.explain, "explain", false, "tell what was tried")
	c.MarkFlagsMutuallyExclusive("case", "size")
	a.requireFlag(c, "default approximate")
	a.proverFlags(c)
	c.ValidArgsFunction = loopArgs
	a.fromFile(c, "case", caseNames)
	choose(c, "target", "avx512", "avx2", "neon")
	return c
}

// An automation proposes a schedule for one kernel.
type automation struct {
	a       *app
	q       autoRequest
	src     []byte
	f       *loopir.File
	k       *loopir.Kernel
	sizes   gen.Sizes
	machine *tune.Machine
	eq      equiv.Options

	left   []string // what was not taken, and why
	failed [][]string
	worst  int // exit code of the attempts to prove
}

func (a *app) auto(ctx context.Context, q autoRequest) error {
	if q.tries < 1 {
		return &exitError{exitUsage, fmt.Sprintf("--tries %d: it must be at least 1", q.tries)}
	}
	f, err := a.load(q.file)
	if err != nil {
		return err
	}
	t := &automation{a: a, q: q, f: f, src: a.sources[q.file]}
	if t.k, err = autoKernel(f, q.kernel); err != nil {
		return err
	}
	if slices.ContainsFunc(f.Schedules, func(s *loopir.Schedule) bool { return s.Name == q.name }) {
		return &exitError{exitUsage, fmt.Sprintf("%s has a schedule %s already: give another --name", q.file, q.name)}
	}
	if t.q.target == "" {
		if t.q.target = bestISA(); t.q.target == "" {
			return &exitError{exitUsage, "this processor has none of avx512, avx2 and neon: name one with --target"}
		}
	}
	if t.machine, err = tune.Typical(t.q.target); err != nil { // measured, the answer would be another one each time
		return &exitError{exitUsage, "--target " + q.target + ": want avx512, avx2 or neon"}
	}
	if err := t.chooseSizes(); err != nil {
		return err
	}
	if a.budget == 0 {
		a.budget = autoBudget
	}
	return a.prove(func(eq equiv.Options) error {
		t.eq = eq
		return t.run(ctx)
	})
}

// autoBudget is how many steps a solver gets for an obligation: fewer than elsewhere, since there is
// another proposal.
const autoBudget = smt.DefaultRLimit / 10

// bestISA is the instruction set of this processor with the longest vectors.
func bestISA() string {
	switch {
	case cpuid.CPU.Has(cpuid.AVX512F):
		return "avx512"
	case cpuid.CPU.Has(cpuid.AVX2) && cpuid.CPU.Has(cpuid.FMA3):
		return "avx2"
	case cpuid.CPU.Has(cpuid.ASIMD):
		return "neon"
	}
	return ""
}

// autoKernel is the kernel called name, or the only one.
func autoKernel(f *loopir.File, name string) (*loopir.Kernel, error) {
	var names []string
	for _, k := range f.Kernels {
		names = append(names, k.Name)
	}
	switch k := f.Kernel(name); {
	case k != nil:
		return k, nil
	case len(names) == 0:
		return nil, &exitError{exitUsage, f.Name + " has no kernel"}
	case name != "":
		return nil, &exitError{exitUsage, fmt.Sprintf("%s has no kernel %s; there is %s", f.Name, name, strings.Join(names, ", "))}
	case len(names) > 1:
		return nil, &exitError{exitUsage, fmt.Sprintf("%s has several kernels: name one of %s", f.Name, strings.Join(names, ", "))}
	}
	return f.Kernels[0], nil
}

// chooseSizes takes those of the flags, of the first case in FILE.sizes, or guesses.
func (t *automation) chooseSizes() error {
	if t.q.size != "" || t.q.caseName != "" {
		var err error
		from := tuneRequest{file: t.q.file, name: t.q.caseName, sizes: t.q.size}
		t.sizes, err = from.sizesFor(t.f, t.k, nil)
		return err
	}
	cases, err := pipeline.ReadSizes(t.f, t.q.file)
	if err != nil {
		return err
	}
	if list := cases[t.k.Name]; len(list) > 0 {
		t.sizes = list[0]
		return nil
	}
	values, ok := auto.Guess(t.k)
	if !ok {
		return &exitError{exitUsage, fmt.Sprintf("no sizes were found for which the where clause of %s holds: give --size %s", t.k.Name, exampleSizes(t.k, ","))}
	}
	var words []string
	for _, p := range t.k.Params {
		if p.Kind == loopir.SizeParam {
			words = append(words, fmt.Sprintf("%s=%d", p.Name, values[p.Name]))
		}
	}
	t.sizes = gen.Sizes{Name: strings.Join(words, ","), Values: values}
	return nil
}

// schedule is a proposal as a schedule of the file.
func (t *automation) schedule(p *auto.Proposal) (*loopir.File, *loopir.Schedule, error) {
	text := slices.Concat(t.src, []byte("\n"), []byte(p.Text(t.q.name, t.k.Name, t.q.target)))
	f, err := loopir.Parse(t.q.file, text)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Schedules[len(f.Schedules)-1], nil
}

// timed is how many proposals --measure times.
const timed = 3

// run proposes, proves and prints.
func (t *automation) run(ctx context.Context) error {
	request := auto.Request{
		Sizes: t.sizes.Values, Machine: t.machine, Exact: t.a.require.Verdict < equiv.Reassociated, Library: t.a.require.Verdict >= equiv.Approximate,
	}
	list := auto.Propose(t.k, request, func(p *auto.Proposal) (float64, bool) { return t.predict(ctx, p) })
	if err := ctx.Err(); err != nil {
		return err
	}
	naive := list[len(list)-1]
	want := 1
	if t.q.measure {
		want = timed
	}
	var proved []*proposed
	tries := 0
	for _, p := range list[:len(list)-1] {
		if naive.Seconds > 0 && p.Seconds >= naive.Seconds {
			t.leave(p, "predicted to take as long as the loops as they are")
			continue
		}
		if len(proved) == want || tries == t.q.tries {
			t.leave(p, "others are predicted to be faster")
			continue
		}
		if t.failsAlike(p) {
			continue
		}
		tries++
		if t.q.explain {
			fmt.Fprintf(t.a.err, "proving %s\n", p.What)
		}
		r, err := t.prove(ctx, p)
		if err != nil {
			return err
		}
		if r != nil {
			proved = append(proved, r)
		}
	}
	if len(proved) == 0 {
		return t.fallBack(ctx, naive)
	}
	best := proved[0]
	if t.q.measure {
		var err error
		if best, err = t.fastest(ctx, proved); err != nil {
			return err
		}
	}
	t.tellLeft()
	fmt.Fprintf(t.a.err, "%s of %s on %s, %s: %s; proved %s, predicted %.1f times as fast as its loops as they are\n", t.q.name, t.k.Name, t.sizes.Name, t.q.target, best.What, best.verdict, naive.Seconds/best.Seconds)
	return t.write(best.Proposal)
}

// A proposed schedule is proved.
type proposed struct {
	*auto.Proposal
	verdict equiv.Verdict
}

func (t *automation) ops() float64 {
	ops := opcount.Count(t.k, t.sizes.Values)
	return ops.F32 + 2*ops.F64
}

// leave notes why a proposal is not taken.
func (t *automation) leave(p *auto.Proposal, format string, args ...any) {
	what := p.What
	if what == "" {
		what = "the loops as they are"
	}
	t.left = append(t.left, what+": "+fmt.Sprintf(format, args...))
}

// tellLeft prints what was not taken.
func (t *automation) tellLeft() {
	t.a.clearProgress()
	if !t.q.explain {
		return
	}
	for _, line := range t.left {
		fmt.Fprintln(t.a.err, indent(line, "    "))
	}
}

// predict is the model's time for a proposal; false, with a note, where it is not to be had.
func (t *automation) predict(ctx context.Context, p *auto.Proposal) (float64, bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	f, s, err := t.schedule(p)
	if err == nil {
		var view *pipeline.Preview
		if view, err = pipeline.PreviewOf(f, s, nil, t.q.target); err == nil {
			return t.model(p, view)
		}
	}
	t.leave(p, "step rejected: %s", t.message(err))
	return 0, false
}

func (t *automation) model(p *auto.Proposal, view *pipeline.Preview) (float64, bool) {
	for _, w := range view.Flat.Where {
		if ok, err := interp.EvalCond(w, t.sizes.Values); err != nil || !ok {
			t.leave(p, "not for these sizes: it is for sizes with %s", loopir.FormatExpr(w))
			return 0, false
		}
	}
	view.InGo()
	x, err := tune.Predict(view.Flat, view.Entries, t.sizes.Values, t.ops(), t.machine)
	if err != nil {
		t.leave(p, "%v", err)
		return 0, false
	}
	if why := x.Hopeless(t.machine); why != "" {
		t.leave(p, "register spill: %s", why)
		return 0, false
	}
	return x.Seconds, true
}

// message is an error without places in the text that was made.
func (t *automation) message(err error) string {
	var list loopir.ErrorList
	var one *loopir.Error
	if errors.As(err, &list) && len(list) > 0 {
		one = list[0]
	} else if !errors.As(err, &one) {
		return err.Error()
	}
	text := one.Msg
	for _, n := range one.Notes {
		text += "; " + n.Msg
	}
	return text
}

// failsAlike tells whether a proposal begins with the steps of one that is not proved.
func (t *automation) failsAlike(p *auto.Proposal) bool {
	for _, steps := range t.failed {
		if len(steps) <= len(p.Steps) && slices.Equal(steps, p.Steps[:len(steps)]) {
			t.leave(p, "it begins as one that is not proved")
			return true
		}
	}
	return false
}

// prove proves a proposal, without its parallel loop if that is what is not proved; nil where it fails.
// The error ends the command.
func (t *automation) prove(ctx context.Context, p *auto.Proposal) (*proposed, error) {
	f, s, err := t.schedule(p)
	if err != nil {
		return nil, err
	}
	rep, err := pipeline.Transform(ctx, f, s, pipeline.Options{Equiv: t.eq})
	var defect *smt.Defect
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &defect):
		return nil, err
	case err != nil:
		t.leave(p, "step rejected: %s", t.message(err))
		return nil, nil
	}
	bad := rep.Failed()
	if bad == nil {
		if weak := t.a.wholeTooWeak(rep); weak != "" {
			t.leave(p, "%s", weak)
			t.worst = worse(t.worst, exitFindings)
			return nil, nil
		}
		return &proposed{p, rep.Whole.Verdict}, nil
	}
	t.leave(p, "%s at step `%s`%s", bad.Outcome, bad.Step, because(bad))
	if rep.Whole == nil && p.Parallel && len(rep.Steps) == len(s.Items) { // the check of the kernel, and target is none
		return t.prove(ctx, p.Sequential())
	}
	if rep.Whole == nil && len(rep.Steps) > 1 {
		t.failed = append(t.failed, p.Steps[:len(rep.Steps)-1])
	}
	t.worst = worse(t.worst, codeOfOutcome(bad.Outcome))
	return nil, nil
}

// because is the first line of a reason.
func because(c *pipeline.Check) string {
	text := c.Reason
	if c.Counterexample != nil {
		text = c.Counterexample.String()
	}
	line, _, _ := strings.Cut(text, "\n")
	if line == "" {
		return ""
	}
	return ": " + line
}

// fallBack is for a kernel of which no proposal is proved: the loops as they are, in parallel if that is.
func (t *automation) fallBack(ctx context.Context, naive *auto.Proposal) error {
	code := exitFindings
	if t.worst == exitUnknown {
		code = exitUnknown
	}
	if !naive.Parallel {
		t.tellLeft()
		return &exitError{code, t.nothing() + ", and no loop is parallel"}
	}
	r, err := t.prove(ctx, naive)
	if err != nil {
		return err
	}
	t.tellLeft()
	if r == nil || !r.Parallel {
		return &exitError{code, t.nothing() + ", and no loop is proved to be parallel"}
	}
	if err := t.write(r.Proposal); err != nil {
		return err
	}
	return &exitError{exitFindings, t.nothing() + " but parallel loops"}
}

func (t *automation) nothing() string {
	text := fmt.Sprintf("for %s nothing is found that is proved and better than its loops as they are", t.k.Name)
	if !t.q.explain && len(t.left) > 0 {
		text += fmt.Sprintf(" (--explain tells of %d that were tried)", len(t.left))
	}
	return text
}

// fastest times proposals on this processor.
func (t *automation) fastest(ctx context.Context, list []*proposed) (*proposed, error) {
	var best *proposed
	var bestTime *tune.Measurement
	var bench *workbench
	defer func() {
		if bench != nil {
			bench.done()
		}
	}()
	for _, p := range list {
		f, s, err := t.schedule(p.Proposal)
		if err != nil {
			return nil, err
		}
		run := &tuning{a: t.a, q: tuneRequest{file: t.q.file, rounds: minRounds}, f: f, s: s, sizes: t.sizes, eq: t.eq, machine: t.machine, bench: bench}
		if _, err := run.isa(); err != nil {
			return nil, &exitError{exitUsage, "--measure: " + t.message(err)}
		}
		r := &tune.Record{Predicted: &tune.Prediction{Seconds: p.Seconds}}
		err = run.time(ctx, r)
		bench = run.bench
		if err != nil {
			return nil, err
		}
		t.a.clearProgress()
		if r.Measured == nil {
			fmt.Fprintf(t.a.err, "%s: %s: %s\n", p.What, r.Outcome, indent(r.Message, "    "))
			continue
		}
		fmt.Fprintf(t.a.err, "%s: %.3f ms, %s of the peak\n", p.What, 1e3*r.Measured.Seconds, percent(r.Measured.Share))
		if best == nil || r.Measured.Faster(bestTime) {
			best, bestTime = p, r.Measured
		}
	}
	if best == nil {
		return nil, &exitError{exitFindings, "no proposal could be timed"}
	}
	return best, nil
}

// write prints a schedule, and appends it to the file if asked to.
func (t *automation) write(p *auto.Proposal) error {
	_, s, err := t.schedule(p)
	if err != nil {
		return err
	}
	text := loopir.Format(&loopir.File{Schedules: []*loopir.Schedule{s}})
	if _, err := t.a.out.Write(text); err != nil || !t.q.apply {
		return err
	}
	have, err := os.ReadFile(t.q.file)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, t.src) {
		return &exitError{exitUsage, t.q.file + " was changed meanwhile; nothing was written"}
	}
	have = append(bytes.TrimRight(have, "\n"), "\n\n"...)
	if err := replaceFile(t.q.file, append(have, text...)); err != nil {
		return err
	}
	fmt.Fprintf(t.a.err, "wrote %s: schedule %s\n", t.q.file, t.q.name)
	return nil
}
