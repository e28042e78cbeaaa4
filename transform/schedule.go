package transform

import (
	"errors"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Proposal is one step of a schedule applied: After has the Origins that
// claim what became of the statements of Before, numbered. Neither is proved.
type Proposal struct {
	Step   *loopir.Step
	Before *loopir.Kernel
	After  *loopir.Kernel
	File   *loopir.File // holds the kernels that Before and After call
	Notes  []loopir.Note
}

// A Script is a schedule replayed on a kernel.
type Script struct {
	Steps  []*Proposal
	Notes  []loopir.Note          // of steps that were left out before any other
	Target string                 // avx512, avx2, neon, go; empty when the schedule names none
	Strict bool                   // what has no assembly form for Target is an error
	Params map[string]loopir.Expr // the values that its own params took
	Kernel *loopir.Kernel         // after the last step
	File   *loopir.File
}

// Targets are the instruction sets that a schedule may name.
var Targets = []string{"avx2", "avx512", "go", "neon"}

// Replay applies the steps of s to the kernel that it is for; args override
// the schedule's params. On error the script holds the steps up to the first
// one that failed, and the error all that were found.
func Replay(f *loopir.File, s *loopir.Schedule, args map[string]string) (*Script, error) {
	return ReplayOn(f, s, s.Kernel, args)
}

// ReplayOn is Replay on the kernel of f called kernel, for schedules for any.
func ReplayOn(f *loopir.File, s *loopir.Schedule, kernel string, args map[string]string) (*Script, error) {
	k := f.Kernel(kernel)
	if k == nil {
		var names []string
		for _, k := range f.Kernels {
			names = append(names, k.Name)
		}
		return nil, loopir.Rejectf(s.Span, "schedule %s: there is no kernel %s%s", s.Name, kernel, legal("the kernels are", kernel, names))
	}
	k = k.Clone()
	k.InlineLets()
	r := &replay{
		script: &Script{File: f, Kernel: k},
		args:   args,
		lost:   map[string]bool{},
		empty:  map[string]bool{},
		shared: poly.Shared(),
		tidier: tidier{map[string]simplified{}},
	}
	sc := &scope{params: map[string]loopir.Expr{}, words: map[string][]loopir.Token{}}
	r.formals(s, sc)
	r.run(s.Items, sc)
	for _, name := range sortedKeys(args) {
		if !slices.Contains(sc.order, name) {
			r.fail(loopir.Rejectf(s.Span, "schedule %s has no param %s%s", s.Name, name, legal("its params are", name, sc.order)))
		}
	}
	r.script.Params = sc.params
	return r.script, r.errs.Err()
}

// A replay is a schedule being applied.
type replay struct {
	script *Script
	args   map[string]string
	errs   loopir.ErrorList
	empty  map[string]bool // loops that a step made none of; see empty.go
	lost   map[string]bool // names in steps that failed: errors on them follow from that
	shared poly.Facts
	tidier tidier
	depth  int // of use
	taken  int // steps so far
}

// maxSteps bounds a schedule, those that it uses included.
const maxSteps = 10000

// A scope holds the names that a schedule defines for itself.
type scope struct {
	params map[string]loopir.Expr
	words  map[string][]loopir.Token // formal parameters that stand for names
	order  []string                  // of params
	inner  bool                      // inside use: args don't reach it
}

// formals defines the formal parameters of a reusable schedule that is run by
// itself, from args.
func (r *replay) formals(s *loopir.Schedule, sc *scope) {
	for _, p := range formals(s) {
		sc.order = append(sc.order, p.Name)
		given, ok := r.args[p.Name]
		n, number := new(big.Int).SetString(given, 10)
		switch {
		case ok && number && p.Type == "int":
			sc.params[p.Name] = &loopir.Int{Value: n, Type: loopir.Index}
		case ok && isName(given) && p.Type != "int":
			sc.words[p.Name] = []loopir.Token{{Kind: loopir.TokIdent, Text: given}}
		case ok:
			r.fail(loopir.Rejectf(p.Span, "schedule %s: %s is no %s, which %s stands for", s.Name, given, p.Type, p.Name))
		default:
			r.fail(loopir.Rejectf(p.Span, "schedule %s needs a value for %s: give one, or use %s(...) from another schedule", s.Name, p.Name, s.Name))
		}
	}
}

// formals returns what a reusable schedule takes; s.Params also holds its own
// params, which have a default.
func formals(s *loopir.Schedule) []*loopir.SchedParam {
	var out []*loopir.SchedParam
	for _, p := range s.Params {
		if p.Default == nil {
			out = append(out, p)
		}
	}
	return out
}

func (r *replay) run(items []*loopir.Step, sc *scope) {
	for _, item := range items {
		if r.taken++; r.taken > maxSteps {
			if r.taken == maxSteps+1 {
				r.fail(loopir.Rejectf(item.Span, "the schedule has more than %d steps, with those of the schedules that it uses", maxSteps))
			}
			return
		}
		step := r.withoutEmpty(sc.expand(item))
		if step == nil {
			continue
		}
		if err := r.step(step, sc); err != nil {
			r.failed(step, err)
		}
	}
}

// expand puts the words that a reusable schedule was given in their places.
func (sc *scope) expand(step *loopir.Step) *loopir.Step {
	if len(sc.words) == 0 {
		return step
	}
	out := *step
	out.Args = nil
	for _, t := range step.Args {
		with, ok := sc.words[t.Text]
		if !ok || t.Kind != loopir.TokIdent {
			out.Args = append(out.Args, t)
			continue
		}
		for _, w := range with {
			w.Span = t.Span
			out.Args = append(out.Args, w)
		}
	}
	return &out
}

func (r *replay) step(step *loopir.Step, sc *scope) error {
	args := loopir.NewCursor(step)
	switch step.Verb {
	case "param":
		return r.param(args, sc)
	case "target":
		return r.target(args)
	case "use":
		return r.use(args, sc)
	case "assume":
		return r.propose(step, sc, assume)
	}
	p := Lookup(step.Verb)
	if p == nil {
		return loopir.Rejectf(step.Span, "there is no step %s%s", step.Verb, legal("the steps are", step.Verb, Verbs()))
	}
	return r.propose(step, sc, p.Apply)
}

// Verbs are the words that a step can begin with, sorted.
func Verbs() []string {
	out := []string{"assume", "param", "target", "use"}
	for _, p := range Primitives {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return out
}

// propose runs one step on a copy of the kernel, and makes the result the
// current kernel when it is well formed. A step that changes nothing, as one of a schedule
// for many kernels may, is kept with a note.
func (r *replay) propose(step *loopir.Step, sc *scope, apply func(*Context, *loopir.Cursor) error) error {
	before := r.script.Kernel.Clone()
	if err := r.script.File.Number(before); err != nil {
		return err
	}
	c := &Context{File: withKernels(r.script.File), Kernel: before.Clone(), Params: sc.params, Step: step, shared: r.shared}
	if err := apply(c, loopir.NewCursor(step)); err != nil {
		return err
	}
	same := loopir.FormatKernel(c.Kernel) == loopir.FormatKernel(before)
	if same && step.Verb == "assume" { // as a schedule for many kernels may find
		r.note(step.Span, loopir.FormatStep(step)+": this is known already")
		return nil
	}
	r.tidier.tidy(c.Kernel, r.shared)
	switch {
	case len(c.Notes) > 0:
	case same:
		c.Note(step.Span, "this step changes nothing")
	case r.tidied(before) == loopir.FormatKernel(c.Kernel):
		c.Note(step.Span, "this step changes nothing: a part of what it makes never runs")
	}
	if err := c.File.CheckKernel(c.Kernel); err != nil {
		return c.Reject(step.Span, "the result would not be well formed: %s", plain(err))
	}
	r.script.Steps = append(r.script.Steps, &Proposal{Step: step, Before: before, After: c.Kernel, File: c.File, Notes: c.Notes})
	r.script.Kernel, r.script.File = c.Kernel, c.File
	r.noteEmpty(step)
	return nil
}

// tidied is the text of a kernel once it is tidy, which it may not be as it is written.
func (r *replay) tidied(k *loopir.Kernel) string {
	if len(r.script.Steps) == 0 {
		k = k.Clone()
		r.tidier.tidy(k, r.shared)
	}
	return loopir.FormatKernel(k)
}

// note tells of a step that is left out: beside the step before, if there is one.
func (r *replay) note(at loopir.Span, text string) {
	notes := &r.script.Notes
	if n := len(r.script.Steps); n > 0 {
		notes = &r.script.Steps[n-1].Notes
	}
	*notes = append(*notes, loopir.Note{Span: at, Msg: text})
}

// withKernels copies f so far that kernels can be added to the copy.
func withKernels(f *loopir.File) *loopir.File {
	out := *f
	out.Kernels = slices.Clone(f.Kernels)
	return &out
}

// assume adds conditions on sizes to the where clause.
func assume(c *Context, args *loopir.Cursor) error {
	conds, err := args.Exprs(c.Params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	for _, cond := range conds {
		if cond.TypeOf() != loopir.Bool {
			return c.Reject(cond.Source(), "%s is not a condition: compare it with something", loopir.FormatExpr(cond))
		}
		if err := c.checkVars(cond, nil, cond.Source()); err != nil {
			return err
		}
		if c.Holds(cond, nil) {
			c.Note(cond.Source(), "%s is known already", loopir.FormatExpr(cond))
			continue
		}
		facts := c.shared.Kernel(c.Kernel)
		if _, truth := poly.SimplifyCond(cond, facts); truth == poly.False {
			return c.Reject(cond.Source(), "no sizes satisfy %s and what is known of them already", loopir.FormatExpr(cond))
		}
		c.Kernel.Where = append(c.Kernel.Where, poly.Simplify(cond, facts))
	}
	return nil
}

// failed records why a step failed, unless that only follows from an earlier
// failure: the error blames a name that an earlier step would have changed.
func (r *replay) failed(step *loopir.Step, err error) {
	follows := false
	var e *loopir.Error
	errors.As(err, &e)
	blamed := slices.IndexFunc(step.Args, func(t loopir.Token) bool { return e != nil && t.Span.Start == e.Span.Start })
	for i, t := range step.Args {
		follows = follows || r.lost[t.Text] && (blamed < 0 || blamed == i)
	}
	for i, t := range step.Args {
		if i != blamed && t.Kind == loopir.TokIdent && !slices.Contains(particles, t.Text) {
			r.lost[t.Text] = true
		}
	}
	if !follows {
		r.fail(err)
	}
}

// particles are words of steps that name nothing.
var particles = []string{
	"after", "around", "as", "at", "by", "exact", "fill", "first", "guard", "heap", "in", "inf", "into", "L1",
	"L2", "last", "mask", "max", "min", "of", "on", "out", "over", "pad", "peel", "points", "reduction", "registers",
	"stack", "tail", "to", "with",
}

func (r *replay) fail(err error) {
	var list loopir.ErrorList
	var one *loopir.Error
	switch {
	case errors.As(err, &list):
		r.errs = append(r.errs, list...)
	case errors.As(err, &one):
		r.errs = append(r.errs, one)
	default:
		r.errs = append(r.errs, loopir.Rejectf(loopir.Span{}, "%v", err))
	}
}

func sortedKeys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
