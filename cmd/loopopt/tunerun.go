package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/internal/opcount"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/timing"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A tuning finds the best values of one schedule on some sizes.
type tuning struct {
	a     *app
	q     tuneRequest
	f     *loopir.File
	s     *loopir.Schedule
	sizes gen.Sizes
	log   *tune.Log
	eq    equiv.Options
	start time.Time

	machine *tune.Machine
	bench   *workbench     // made when the first candidate needs it
	records []*tune.Record // of all candidates, in their order
}

// run predicts all candidates and times the best.
func (t *tuning) run(ctx context.Context, only map[string][]string) error {
	candidates, err := tune.Candidates(t.s, only)
	if err != nil {
		return err
	}
	isa, err := t.isa()
	if err != nil {
		return err
	}
	if t.machine, err = tune.Measured(isa); err != nil {
		return err
	}
	fmt.Fprintf(t.a.err, "%s of %s on %s, %s: %d candidates, peak %.0f GFLOP/s\n", t.s.Name, t.s.Kernel, t.sizes.Name, isa, len(candidates), t.machine.Peak()/1e9)
	for _, c := range candidates {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.predict(c); err != nil {
			return err
		}
	}
	defer t.close()
	chosen := t.choose()
	for i, r := range chosen {
		if r.Known {
			t.tell(i, len(chosen), r)
			continue
		}
		if t.q.within > 0 && time.Since(t.start) > t.q.within {
			r.Message = "--budget-time is over"
			continue
		}
		if err := t.time(ctx, r); err != nil {
			r.Outcome, r.Message = tune.Left, "interrupted"
			return err
		}
		if err := t.log.Add(r); err != nil {
			return err
		}
		t.tell(i, len(chosen), r)
	}
	return nil
}

// isa is the instruction set to tune for: that of the schedule's target, or the best one here.
func (t *tuning) isa() (string, error) {
	has := map[string]bool{"avx512": cpuid.CPU.Has(cpuid.AVX512F), "avx2": cpuid.CPU.Has(cpuid.AVX2) && cpuid.CPU.Has(cpuid.FMA3), "neon": cpuid.CPU.Has(cpuid.ASIMD)}
	var here []string
	for _, name := range []string{"avx512", "avx2", "neon"} {
		if has[name] {
			here = append(here, name)
		}
	}
	want, at := t.q.isa, loopir.Span{}
	for _, step := range t.s.Items {
		if step.Verb == "target" && len(step.Args) > 0 {
			at = step.Span
			if want != "" && want != step.Args[0].Text {
				return "", loopir.Rejectf(at, "schedule %s is for %s, and --isa asks for %s: leave --isa out", t.s.Name, step.Args[0].Text, want)
			}
			want = step.Args[0].Text
		}
	}
	switch {
	case want == "go":
		return "", loopir.Rejectf(at, "schedule %s is for Go, of which there is no model; tune is for assembly", t.s.Name)
	case len(here) == 0:
		return "", &exitError{exitUsage, "this processor has none of avx512, avx2 and neon, and tune is for assembly"}
	case want == "":
		return here[0], nil
	case slices.Contains(here, want):
		return want, nil
	}
	if at.Start.Line > 0 {
		return "", loopir.Rejectf(at, "schedule %s is for %s, and this processor has %s", t.s.Name, want, strings.Join(here, " and "))
	}
	return "", &exitError{exitUsage, fmt.Sprintf("--isa %s: this processor has %s", want, strings.Join(here, " and "))}
}

// predict makes the record of a candidate, or finds it in the log.
func (t *tuning) predict(c *tune.Candidate) error {
	digest := c.Digest(t.f, t.sizes.Values, t.machine)
	if r := t.log.Find(digest); r != nil {
		known := *r
		known.Candidate, known.Known = c, true
		t.records = append(t.records, &known)
		return nil
	}
	r := &tune.Record{
		Digest: digest, Kernel: t.s.Kernel, Schedule: t.s.Name, Params: c.Values(), Sizes: t.sizes.Values,
		ISA: t.machine.ISA, CPU: t.machine.CPU, Outcome: tune.Left, Candidate: c,
	}
	t.records = append(t.records, r)
	t.model(r)
	if r.Outcome == tune.Left {
		return nil
	}
	return t.log.Add(r)
}

// model is what is known of a candidate without a proof.
func (t *tuning) model(r *tune.Record) {
	view, err := pipeline.PreviewOf(t.f, t.s, r.Params, t.machine.ISA)
	if err != nil {
		r.Outcome, r.Message = tune.Rejected, tuneMessage(err)
		return
	}
	for _, w := range view.Flat.Where {
		if ok, err := interp.EvalCond(w, t.sizes.Values); err != nil || !ok {
			r.Outcome, r.Message = tune.Inapt, "it is for sizes with "+loopir.FormatExpr(w)
			return
		}
	}
	ops := opcount.Count(t.f.Kernel(t.s.Kernel), t.sizes.Values)
	p, err := tune.Predict(view.Flat, view.Entries, t.sizes.Values, ops.F32+2*ops.F64, t.machine)
	if err != nil {
		r.Outcome, r.Message = tune.Inapt, err.Error()
		return
	}
	r.Predicted = p
	if why := p.Hopeless(t.machine); why != "" {
		r.Outcome, r.Message = tune.Spills, why
		return
	}
	if !view.Assembly {
		r.Outcome = tune.NoAssembly
		if len(view.Notes) > 0 {
			r.Message, _, _ = strings.Cut(tuneMessage(view.Notes[0]), ". Without that it is assembly")
		}
	}
}

// choose are the candidates to time, the best predicted first; the file's own values are among
// them.
func (t *tuning) choose() []*tune.Record {
	var out []*tune.Record
	for _, r := range t.records {
		if r.Predicted != nil && (r.Outcome == tune.Left || r.Known && r.Measured != nil) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(x, y *tune.Record) int {
		switch {
		case x.Predicted.Before(y.Predicted):
			return -1
		case y.Predicted.Before(x.Predicted):
			return 1
		}
		return 0
	})
	if t.q.top == 0 || len(out) <= t.q.top {
		return out
	}
	kept, rest := out[:t.q.top:t.q.top], out[t.q.top:]
	for _, r := range rest {
		if r.Candidate.Default {
			kept[len(kept)-1] = r
		}
	}
	return kept
}

// time proves, generates, builds and times a candidate. The error ends the command; what ends the
// candidate is in r.
func (t *tuning) time(ctx context.Context, r *tune.Record) error {
	files, tolerance, err := t.generate(ctx, r)
	if err != nil || files == nil {
		return err
	}
	if t.bench == nil {
		if t.bench, err = newWorkbench(ctx, t.q.file); err != nil {
			return err
		}
	}
	bin, err := t.bench.build(ctx, files)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.Outcome, r.Message = tune.Unbuilt, err.Error()
		return nil
	}
	answer, err := t.bench.run(ctx, bin, timing.Request{
		Schedule: t.s.Name, Impl: t.machine.ISA, Sizes: t.sizes.Values, Scalars: t.sizes.Scalars, Rounds: t.q.rounds, Tolerance: tolerance,
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.Outcome, r.Message = tune.Failed, err.Error()
	case answer.Wrong != "":
		r.Outcome, r.Message = tune.Wrong, answer.Wrong+"; compared with "+answer.Against
	default:
		r.Outcome, r.Measured = tune.Timed, tune.Medians(answer)
		r.Ratio = tune.Ratio(r.Predicted, r.Measured)
	}
	return nil
}

// floats is how far apart outputs may be that are sums in another order; those of exact proofs have
// the same bits.
const floats = 1e-4

// generate proves a candidate and generates its package; nil where that fails, for the reason in r.
// The error ends the command.
func (t *tuning) generate(ctx context.Context, r *tune.Record) (files map[string][]byte, tolerance float64, err error) {
	emitted := false
	opts := pipeline.Options{Equiv: t.eq, Params: r.Params, Target: t.machine.ISA}
	opts.OnDone = func(rep *pipeline.Report, c *pipeline.Check) {
		if c == rep.Whole && c.Proved() {
			r.Verdict, r.Proof = c.Verdict.String(), rep.Digest()
			if c.Verdict != equiv.Exact {
				tolerance = floats
			}
		}
	}
	opts.OnEmit = func(map[string][]byte) error {
		emitted = true
		return nil
	}
	opts.OnNote = func(e *loopir.Error) error {
		if e.Kind == loopir.Rejected { // some of it becomes Go
			return nil
		}
		return e
	}
	files, err = pipeline.Generate(ctx, t.f, []*loopir.Schedule{t.s}, tunedPackage, nil, opts)
	t.a.clearProgress()
	var defect *smt.Defect
	switch {
	case ctx.Err() != nil:
		return nil, 0, ctx.Err()
	case errors.As(err, &defect):
		return nil, 0, err
	case err != nil:
		r.Outcome, r.Message = failure(err, emitted), tuneMessage(err)
		return nil, 0, nil
	}
	return files, tolerance, nil
}

// failure is what an error of generating ends a candidate with: in reading back what was emitted,
// or before that.
func failure(err error, emitted bool) tune.Outcome {
	var e *loopir.Error
	switch {
	case emitted:
		return tune.Unread
	case !errors.As(err, &e):
		return tune.Rejected
	case e.Kind == loopir.Refuted:
		return tune.Refuted
	case e.Kind == loopir.Undecided:
		return tune.Unknown
	}
	return tune.Rejected
}

// tuneMessage is an error with its place and notes, without the source lines.
func tuneMessage(err error) string {
	var list loopir.ErrorList
	var one *loopir.Error
	if errors.As(err, &list) && len(list) > 0 {
		one = list[0]
	} else if !errors.As(err, &one) {
		return err.Error()
	}
	text := one.Error()
	for _, n := range one.Notes {
		text += "; " + n.Msg
	}
	return text
}

func (t *tuning) close() {
	if t.bench != nil {
		t.bench.done()
	}
}
