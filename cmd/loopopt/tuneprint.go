package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

// tell prints the progress of a timing.
func (t *tuning) tell(i, n int, r *tune.Record) {
	t.a.clearProgress()
	fmt.Fprintf(t.a.err, "[%d/%d] %s: predicted %s", i+1, n, r.Candidate, percent(r.Predicted.Share))
	if r.Measured != nil {
		fmt.Fprintf(t.a.err, " of the peak, measured %s, ratio %.2f", percent(r.Measured.Share), r.Ratio)
	} else {
		fmt.Fprintf(t.a.err, " of the peak; %s: %s", r.Outcome, indent(r.Message, "    "))
	}
	if r.Known {
		fmt.Fprint(t.a.err, " (from the log)")
	}
	fmt.Fprintln(t.a.err)
}

func percent(x float64) string {
	if x <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*x)
}

// sorted has the fastest first, then what was not timed, the best predicted first, then the others
// in their order.
func (t *tuning) sorted() []*tune.Record {
	out := slices.Clone(t.records)
	rank := func(r *tune.Record) int {
		switch {
		case r.Measured != nil:
			return 0
		case r.Outcome == tune.Left:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(x, y *tune.Record) int {
		if a, b := rank(x), rank(y); a != b {
			return a - b
		}
		switch {
		case x.Measured != nil && x.Measured.Faster(y.Measured), x.Outcome == tune.Left && x.Predicted.Before(y.Predicted):
			return -1
		case y.Measured != nil && y.Measured.Faster(x.Measured), x.Outcome == tune.Left && y.Predicted.Before(x.Predicted):
			return 1
		}
		return 0
	})
	return out
}

// margin is by how much a candidate has to be faster than the file's values to be preferred:
// less is noise.
const margin = 1.01

// best is the fastest candidate, the file's own unless it is slower by more than the margin; nil if none was timed.
func (t *tuning) best() *tune.Record {
	first := t.sorted()[0]
	if first.Measured == nil {
		return nil
	}
	for _, r := range t.records {
		if r.Candidate.Default && r.Measured != nil && speed(first)/speed(r) < margin {
			return r
		}
	}
	return first
}

func speed(r *tune.Record) float64 {
	if r.Measured.Share > 0 {
		return r.Measured.Share
	}
	return 1 / r.Measured.Seconds
}

// table prints all candidates, and what is best.
func (t *tuning) table() {
	out := t.a.out
	fmt.Fprintf(out, "\n%s of %s on %s, %s, one thread\n", t.s.Name, t.s.Kernel, t.sizes.Name, t.machine.ISA)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "values\tpredicted\tms\tGFLOP/s\tof peak\tratio\tspread\tbound by, as predicted; or why it is not timed")
	for _, r := range t.sorted() {
		name, predicted := r.Candidate.String(), "-"
		if r.Candidate.Default {
			name += " (default)"
		}
		if r.Predicted != nil && r.Outcome != tune.Spills {
			predicted = percent(r.Predicted.Share)
		}
		if m := r.Measured; m != nil {
			fmt.Fprintf(w, "%s\t%s\t%.3f\t%.1f\t%s\t%.2f\t%.0f %%\t%s\n", name, predicted, m.Seconds*1e3, m.GFLOPS, percent(m.Share), r.Ratio, 100*m.Spread, r.Predicted.Bound)
			continue
		}
		why := string(r.Outcome)
		if r.Message != "" {
			first, _, _ := strings.Cut(r.Message, "\n")
			why += ": " + first
		}
		fmt.Fprintf(w, "%s\t%s\t-\t-\t-\t-\t-\t%s\n", name, predicted, why)
	}
	_ = w.Flush()
	if t.q.explain {
		for _, r := range t.sorted() {
			if r.Predicted != nil {
				fmt.Fprintf(out, "%s: %s\n", r.Candidate, r.Predicted.Explain())
			}
		}
	}
	b := t.best()
	switch {
	case b == nil:
		fmt.Fprintln(out, "nothing was timed")
	case b.Candidate.Default:
		fmt.Fprintf(out, "best: %s, which %s has\n", b.Candidate, t.q.file)
	case !t.q.apply:
		fmt.Fprintf(out, "best: %s; --apply writes into %s\n", b.Candidate, t.q.file)
		for _, e := range t.edits(b) {
			fmt.Fprintf(out, "  line %d: %s\n", e.step.Span.Start.Line, e.text())
		}
	}
}

// A tuneDocument is what --json prints.
type tuneDocument struct {
	Kernel     string            `json:"kernel"`
	Schedule   string            `json:"schedule"`
	Case       string            `json:"case"`
	ISA        string            `json:"isa"`
	Candidates []*tune.Record    `json:"candidates"`
	Best       map[string]string `json:"best,omitempty"`
}

func (t *tuning) document() *tuneDocument {
	d := &tuneDocument{Kernel: t.s.Kernel, Schedule: t.s.Name, Case: t.sizes.Name, ISA: t.machine.ISA, Candidates: t.sorted()}
	if b := t.best(); b != nil {
		d.Best = b.Params
	}
	return d
}

// An edit gives a param another value.
type edit struct {
	step  *loopir.Step // param P = value in {...}
	value string
}

// span are the offsets of the value.
func (e edit) span() (from, to int) {
	from, to = e.step.Args[2].Span.Start.Offset, e.step.Span.End.Offset
	for i, arg := range e.step.Args {
		if i > 2 && arg.Text == "in" {
			break
		}
		to = arg.Span.End.Offset
	}
	return from, to
}

// text is the step with the value.
func (e edit) text() string {
	step := *e.step
	step.Args = slices.Clone(e.step.Args[:3])
	step.Args[2].Text = e.value
	step.Args[2].Kind = loopir.TokInt
	for i, arg := range e.step.Args {
		if arg.Text == "in" {
			step.Args = append(step.Args, e.step.Args[i:]...)
			break
		}
	}
	return loopir.FormatStep(&step)
}

// edits are those that make the values of r the file's own.
func (t *tuning) edits(r *tune.Record) []edit {
	var out []edit
	for _, step := range t.s.Items {
		if step.Verb != "param" {
			continue
		}
		e := edit{step, r.Params[step.Args[0].Text]}
		from, to := e.span()
		if have := t.a.sources[t.q.file][from:to]; string(have) != e.value {
			out = append(out, e)
		}
	}
	return out
}

// applyBest writes the best values into the file.
func (a *app) applyBest(file string, runs []*tuning) error {
	var all []edit
	for _, t := range runs {
		if b := t.best(); b != nil {
			all = append(all, t.edits(b)...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	have, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, a.sources[file]) {
		return &exitError{exitUsage, file + " was changed meanwhile; nothing was written. The log has the results: run the command again"}
	}
	slices.SortFunc(all, func(x, y edit) int { return y.step.Span.Start.Offset - x.step.Span.Start.Offset })
	for _, e := range all {
		from, to := e.span()
		have = slices.Concat(have[:from], []byte(e.value), have[to:])
	}
	if err := replaceFile(file, have); err != nil {
		return err
	}
	slices.Reverse(all)
	for _, e := range all {
		fmt.Fprintf(a.err, "wrote %s:%d: %s\n", file, e.step.Span.Start.Line, e.text())
	}
	return nil
}
