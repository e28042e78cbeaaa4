// Package pipeline is where the parts meet: transform proposes, equiv decides,
// gen emits. A step whose equivalence is not proved ends the run.
package pipeline

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

// maxFileSize bounds what is read as a .loop file.
const maxFileSize = 16 << 20

// Load reads and checks a .loop file. The source text comes back for messages.
func Load(path string) (*loopir.File, []byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if st.IsDir() {
		return nil, nil, fmt.Errorf("%s is a folder, not a .loop file", path)
	}
	if st.Size() > maxFileSize {
		return nil, nil, fmt.Errorf("%s has %d bytes; a .loop file has at most %d", path, st.Size(), maxFileSize)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := loopir.Parse(path, src)
	return f, src, err
}

// A Check is one proof: a step's or the whole schedule's. Its JSON form is
// stable.
type Check struct {
	Step           string                `json:"step,omitempty"`
	Outcome        equiv.Outcome         `json:"outcome"`
	Verdict        equiv.Verdict         `json:"verdict,omitempty"`
	Count          int                   `json:"obligations"`
	MS             float64               `json:"ms"`
	Notes          []string              `json:"notes,omitempty"`
	Assumptions    []string              `json:"assumptions,omitempty"` // of sizes and of what indices of data are; Notes tell them too
	Weaker         []string              `json:"weaker,omitempty"`      // what is no more than Verdict, and why
	Reason         string                `json:"reason,omitempty"`
	Counterexample *equiv.Counterexample `json:"counterexample,omitempty"`
	Bounds         []*Bound              `json:"bounds,omitempty"` // unless the verdict is exact
	BoundsAssume   string                `json:"bounds_assume,omitempty"`
	Magnitudes     *Magnitudes           `json:"magnitudes,omitempty"` // that Bounds refer to; nil for steps

	// Original says that this is about the first kernel alone: it is not safe,
	// and was not compared.
	Original bool `json:"original,omitempty"`

	Explanation *equiv.Explanation `json:"explanation,omitempty"` // if asked for

	Nest        string             `json:"-"` // the nest after a step, or that the first begins with, with the kernels it calls, as .loop text
	Span        loopir.Span        `json:"-"`
	Obligations []equiv.Obligation `json:"-"`
	Failures    []*loopir.Error    `json:"-"`

	after string // text of the kernel that was shown equal
}

// Proved tells whether the check succeeded.
func (c *Check) Proved() bool { return c.Outcome == equiv.Proved }

// A Report is a schedule's way from the naive kernel to the final one.
type Report struct {
	Kernel   string   `json:"kernel"`
	Schedule string   `json:"schedule"`
	Assumes  []string `json:"assumes,omitempty"`
	Steps    []*Check `json:"steps"`
	Whole    *Check   `json:"whole,omitempty"` // nil when a step was not proved
	Loops    string   `json:"loops,omitempty"` // the final kernel, and what it calls, as .loop text

	Target   string         `json:"-"`
	Strict   bool           `json:"-"` // as the target says
	Original *loopir.Kernel `json:"-"`
	Final    *loopir.Kernel `json:"-"`
	File     *loopir.File   `json:"-"` // with the kernels that steps added
}

// Outcome is Proved only when every step and the whole are.
func (r *Report) Outcome() equiv.Outcome {
	if bad := r.Failed(); bad != nil {
		return bad.Outcome
	}
	if r.Whole == nil {
		return equiv.Unknown
	}
	return equiv.Proved
}

// Failed is the first check that is not proved, or nil.
func (r *Report) Failed() *Check {
	for _, c := range r.checks() {
		if !c.Proved() {
			return c
		}
	}
	return nil
}

func (r *Report) checks() []*Check {
	if r.Whole == nil {
		return r.Steps
	}
	return append(r.Steps[:len(r.Steps):len(r.Steps)], r.Whole)
}

// Options steer a run.
type Options struct {
	Equiv  equiv.Options
	Params map[string]string            // schedule parameters set from outside
	OnStep func(step string)            // told before each proof
	OnDone func(r *Report, done *Check) // told after each proof
	// OnReadback is told of each compiled form that was read back and compared.
	OnReadback func(*Readback)
	Ahead      *Ahead // of the same Params; may be nil
	queue      queue
	// Target is the only instruction set that is emitted for schedules that name none; "" is all.
	Target string
	// Taken are names that what is generated must not declare.
	Taken map[string]bool
	// OnEmit is told of what gen emits, before it is read back.
	OnEmit func(files map[string][]byte) error
	// OnNote is told what gen does otherwise than a schedule asks for: of a region that
	// has no assembly form, and of a form that was left out. Its error ends the work.
	OnNote func(*loopir.Error) error
}

func (o Options) line() queue {
	if o.queue.slots == nil {
		return newQueue()
	}
	return o.queue
}

// Transform replays schedule s of f, proving each step and then the whole.
// The error is for schedules that cannot be replayed; an unproved step is in
// the report, and ends it.
func Transform(ctx context.Context, f *loopir.File, s *loopir.Schedule, opts Options) (*Report, error) {
	script, err := opts.Ahead.script(ctx, f, s, opts.Params)
	if err != nil {
		return nil, err
	}
	original := f.Kernel(s.Kernel).Clone()
	original.InlineLets()
	r := &Report{Kernel: original.Name, Schedule: s.Name, Original: original, Target: script.Target, Strict: script.Strict, File: script.File, Final: script.Kernel}
	chain, err := newChain(f, original)
	if err != nil {
		return nil, err
	}
	proofs := []proof{func(ctx context.Context) (*Check, error) {
		c, err := safety(ctx, f, original, opts)
		if c != nil {
			c.Nest = nest(f, original)
			for _, n := range script.Notes {
				c.Notes = append(c.Notes, n.Msg)
			}
		}
		return named(c, "check "+original.Name), err
	}}
	for _, p := range script.Steps {
		if err := chain.add(p.File, p.After); err != nil {
			return nil, err
		}
		proofs = append(proofs, func(ctx context.Context) (*Check, error) { return prove(ctx, p, opts) })
	}
	whole, err := r.whole(chain, opts)
	if err != nil {
		return nil, err
	}
	err = opts.line().inOrder(ctx, append(proofs, whole), func(i int, c *Check) bool {
		if i == len(proofs) {
			r.Whole = c
		} else {
			r.Steps = append(r.Steps, c)
		}
		if opts.OnDone != nil {
			opts.OnDone(r, c)
		}
		return c.Proved()
	})
	if err != nil {
		return nil, err
	}
	for _, w := range r.Final.Where[len(r.Original.Where):] {
		r.Assumes = append(r.Assumes, loopir.FormatExpr(w))
	}
	r.Loops = alone(r.File, r.Final)
	return r, nil
}

func named(c *Check, step string) *Check {
	if c != nil {
		c.Step = step
		c.Obligations = nil // they are counted, and would fill the memory
	}
	return c
}

// prove checks one step.
func prove(ctx context.Context, p *transform.Proposal, opts Options) (*Check, error) {
	before := p.Before
	if len(p.After.Where) != len(before.Where) { // assume: the same kernel on fewer sizes
		before = before.Clone()
		before.Where = p.After.Where
	}
	c, err := check(ctx, p.File, before, p.After, opts)
	if err != nil {
		return nil, err
	}
	c = named(c, loopir.FormatStep(p.Step))
	c.Span, c.Magnitudes = p.Step.Span, nil
	c.Nest = nest(p.File, p.After)
	for _, n := range p.Notes {
		c.Notes = append(c.Notes, n.Msg)
	}
	return c, nil
}

// alone is the text of a kernel and of what it needs, so that it parses by itself.
func alone(f *loopir.File, k *loopir.Kernel) string {
	var b strings.Builder
	if len(f.Funcs) > 0 {
		b.Write(loopir.Format(&loopir.File{Funcs: f.Funcs}))
		b.WriteString("\n")
	}
	for _, callee := range f.Callees(k) {
		b.WriteString(loopir.FormatKernel(callee) + "\n")
	}
	b.WriteString(loopir.FormatKernel(k))
	return b.String()
}

// nest prints k behind the kernels and functions that it needs, so that it parses alone.
func nest(f *loopir.File, k *loopir.Kernel) string {
	out := &loopir.File{Funcs: f.Funcs}
	out.Kernels = append(slices.Clone(f.Callees(k)), k)
	return string(loopir.Format(out))
}

// whole checks the original against the final kernel in one proof, by the
// composition of the steps' claims.
func (r *Report) whole(ch *chain, opts Options) (proof, error) {
	before := r.Original.Clone()
	before.Where = r.Final.Where
	after := r.Final.Clone()
	if err := ch.claim(r.File, after); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*Check, error) {
		c, err := check(ctx, r.File, before, after, opts)
		return named(c, "whole"), err
	}, nil
}

// check proves before and after equal and after safe; before has been shown
// safe already.
func check(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options) (*Check, error) {
	start := time.Now()
	known := newMemo(opts.Equiv, f, before, after)
	text := loopir.FormatKernel(after)
	if c := known.recall(start); c != nil && !opts.Equiv.Explain {
		c.after = text
		return c, nil
	}
	res, err := equiv.Check(ctx, f, before, after, opts.Equiv)
	if err != nil {
		return nil, err
	}
	safe, err := equiv.CheckSafety(ctx, f, after, opts.Equiv)
	if err != nil {
		return nil, err
	}
	c := &Check{
		Outcome: res.Outcome, Verdict: res.Verdict, Counterexample: res.Counterexample, Explanation: res.Explanation,
		Bounds: reportBounds(res), Magnitudes: reportMagnitudes(res),
		Obligations: append(res.Obligations, safe.Obligations...),
		after:       text,
	}
	c.Failures = append(c.Failures, res.Failures...)
	if c.Outcome != equiv.Refuted && safe.Outcome != equiv.Proved {
		c.Outcome, c.Verdict, c.Bounds, c.Magnitudes = safe.Outcome, equiv.NoVerdict, nil, nil
	}
	if c.Outcome != equiv.Proved {
		c.Failures = append(c.Failures, safe.Findings...)
	}
	if c.Proved() {
		if c.Verdict == equiv.Algebraic {
			c.Notes = append(c.Notes, limits(res.Weaker)...)
		}
		for _, m := range res.Measured {
			c.Notes = append(c.Notes, m.String())
		}
		for _, w := range res.Weaker {
			c.Weaker = append(c.Weaker, w.String())
		}
		if res.Magnitudes != nil {
			c.BoundsAssume = equiv.BoundAssumptions
		}
	}
	for _, w := range res.Assumptions {
		c.Notes = append(c.Notes, "assuming "+loopir.FormatExpr(w))
		c.Assumptions = append(c.Assumptions, loopir.FormatExpr(w))
	}
	c.assumeIndices(safe.Assumptions)
	c.finish(start)
	known.keep(ctx, c)
	return c, nil
}

// assumeIndices states what is assumed of indices in the data.
func (c *Check) assumeIndices(texts []string) {
	for _, text := range texts {
		c.Notes = append(c.Notes, "assuming, of inputs whose indices are legal before, that they are after: "+text)
		c.Assumptions = append(c.Assumptions, text)
	}
}

// limits tells what an algebraic proof leaves open, once each.
func limits(places []equiv.Weakness) []string {
	var out []string
	for _, w := range places {
		if !slices.Contains(out, w.Limits()) {
			out = append(out, w.Limits())
		}
	}
	if len(out) == 0 {
		return []string{equiv.Algebraic.Limits()}
	}
	return out
}

// finish fills what reports show.
func (c *Check) finish(start time.Time) {
	c.Count = len(c.Obligations)
	c.MS = ms(start)
	var reasons []string
	for _, f := range c.Failures {
		reasons = append(reasons, f.Error())
		for _, n := range f.Notes {
			reasons = append(reasons, "  "+n.Msg)
		}
	}
	c.Reason = strings.Join(reasons, "\n")
}

func ms(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }

// safety shows one kernel safe on its own.
func safety(ctx context.Context, f *loopir.File, k *loopir.Kernel, opts Options) (*Check, error) {
	start := time.Now()
	known := safetyMemo(opts.Equiv, f, k)
	if c := known.recall(start); c != nil && !opts.Equiv.Explain {
		c.Span = k.Span
		return c, nil
	}
	res, err := equiv.CheckSafety(ctx, f, k, opts.Equiv)
	if err != nil {
		return nil, err
	}
	c := &Check{Outcome: res.Outcome, Obligations: res.Obligations, Failures: res.Findings, Span: k.Span}
	if c.Proved() {
		c.Verdict = equiv.Exact // compared with itself
	}
	c.finish(start)
	known.keep(ctx, c)
	return c, nil
}
