package lift

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Result says whether a form computes what its .loop file says.
type Result struct {
	Form           Form
	Outcome        equiv.Outcome
	Verdict        equiv.Verdict
	Target         string         // the kernel, as text
	Lifted         *loopir.Kernel // what the text amounts to; nil if it can't be read
	Count          int            // obligations that the proof rests on
	Cached         bool           // proved earlier, by this build
	Counterexample *equiv.Counterexample
	Failures       []*loopir.Error
}

// Verify proves that form f computes, for all sizes that the .loop file's kernel
// admits, exactly what that kernel does: the same operations in the same order, every
// access inside of the arrays.
func (p *Package) Verify(ctx context.Context, f Form, opts equiv.Options) (*Result, error) {
	res := &Result{Form: f}
	file, target, err := p.target(f)
	if err != nil {
		return nil, err
	}
	r, err := p.read(f.Type, target)
	if err != nil {
		res.Failures = append(res.Failures, failure(err))
		return res, nil
	}
	lifted, duties := r.kernel, r.duties
	res.Target, res.Lifted = loopir.FormatKernel(target), lifted
	entered, err := p.contract(f.Type, target, p.needs(f))
	if err != nil {
		res.Failures = append(res.Failures, failure(err))
		return res, nil
	}
	duties = append(duties, entered...)
	pin(lifted)
	if err := file.CheckKernel(lifted); err != nil { // not the user's text: what reads it back has a defect
		res.Failures = append(res.Failures, unreadable(err))
		return res, nil
	}
	statement := res.statement(file, duties)
	if opts.Pool.Recall(statement) != "" {
		res.Outcome, res.Verdict, res.Cached = equiv.Proved, equiv.Exact, true
		return res, nil
	}
	var check *equiv.Result
	var safe, sound *equiv.SafetyResult
	var err1, err2, err3 error
	var open []*loopir.Error
	together(
		func() { check, err1 = compare(ctx, file, target, lifted, opts) },
		func() { safe, err2 = equiv.CheckSafety(ctx, file, lifted, opts) },
		func() { sound, err3 = equiv.CheckSafety(ctx, file, target, opts) },
		func() { open = prove(ctx, duties, opts) },
	)
	if err1 != nil {
		return nil, err1
	}
	if err2 != nil {
		return nil, err2
	}
	if err3 != nil {
		return nil, err3
	}
	if sound.Outcome != equiv.Proved { // a comparison takes both to be safe
		res.Outcome, res.Failures = sound.Outcome, sound.Findings
		return res, nil
	}
	if r.guessed != nil {
		if check, safe, err = judged(ctx, file, lifted, r.guessed.Span, check, safe, opts); err != nil {
			return nil, err
		}
	}
	res.conclude(check, safe, open, len(duties))
	if res.Outcome == equiv.Proved && ctx.Err() == nil {
		opts.Pool.Remember(statement, "proved")
	}
	return res, ctx.Err()
}

// judged takes back what rests on a guess of cells. A run that ends in another value does
// not: each of its accesses lay in its array, where an offset has one cell. A run or an
// example that leaves an array says something of memory only if it leaves that.
func judged(ctx context.Context, file *loopir.File, lifted *loopir.Kernel, guess loopir.Span, check *equiv.Result, safe *equiv.SafetyResult, opts equiv.Options) (*equiv.Result, *equiv.SafetyResult, error) {
	if check.Outcome == equiv.Refuted && check.Counterexample != nil && check.Counterexample.Cell != "" {
		return check, &equiv.SafetyResult{Outcome: equiv.Proved}, nil
	}
	if check.Outcome != equiv.Refuted && safe.Outcome != equiv.Refuted {
		return check, safe, nil
	}
	safe, err := inMemory(ctx, file, lifted, guess, opts)
	if check.Outcome == equiv.Refuted {
		check = &equiv.Result{Outcome: equiv.Unknown}
	}
	return check, safe, err
}

// statement is the text of what Verify proves.
func (r *Result) statement(file *loopir.File, duties []Duty) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read back, exact\n%s%s\n%s\n", loopir.Format(&loopir.File{Funcs: file.Funcs}), r.Target, loopir.FormatKernel(r.Lifted))
	for _, d := range duties {
		fmt.Fprintf(&b, "%s: %s", d.What, loopir.FormatExpr(d.Goal))
		for _, h := range d.Hyps {
			fmt.Fprintf(&b, " if %s", loopir.FormatExpr(h))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// compare proves the programs equal by parts. When a first part is not, they are also
// compared as a whole, at the same time: that may find a run that differs.
func compare(ctx context.Context, file *loopir.File, target, lifted *loopir.Kernel, opts equiv.Options) (*equiv.Result, error) {
	parts, stopParts := context.WithCancel(ctx)
	defer stopParts()
	whole, stopWhole := context.WithCancel(ctx)
	defer stopWhole()
	var res *equiv.Result
	var err error
	var once sync.Once
	var wg sync.WaitGroup
	start := func() {
		once.Do(func() {
			hinted := lifted.Clone() // others read it meanwhile
			claim(target, hinted)
			wg.Go(func() {
				if res, err = equiv.Check(whole, file, target, hinted, opts); res != nil && res.Outcome == equiv.Refuted {
					stopParts()
				}
			})
		})
	}
	c := &composer{ctx: parts, opts: opts, file: file, target: target, worst: equiv.Exact, events: maxEvents, failed: start, names: declared(slices.Concat(target.Body, lifted.Body))}
	for _, q := range target.Params {
		c.names[q.Name] = true
	}
	if c.equal(target.Body, lifted.Body, startOf(target)) {
		stopWhole()
		wg.Wait()
		return &equiv.Result{Outcome: equiv.Proved, Verdict: c.worst, Obligations: make([]equiv.Obligation, c.count)}, ctx.Err()
	}
	start()
	wg.Wait()
	if res != nil && !emitted(res.Failures) { // say where, not only for which sizes
		res.Failures = append(c.why, res.Failures...)
	}
	return res, err
}

// emitted tells whether one of the failures points at emitted text.
func emitted(list []*loopir.Error) bool {
	for _, e := range list {
		if x := filepath.Ext(e.Span.File); x == ".s" || x == ".go" {
			return true
		}
	}
	return false
}

func (r *Result) conclude(check *equiv.Result, safe *equiv.SafetyResult, open []*loopir.Error, duties int) {
	r.Outcome, r.Verdict, r.Counterexample = check.Outcome, check.Verdict, check.Counterexample
	r.Count = len(check.Obligations) + len(safe.Obligations) + duties
	r.Failures = append(r.Failures, check.Failures...)
	if safe.Outcome != equiv.Proved {
		r.Failures = append(r.Failures, safe.Findings...)
		if r.Outcome != equiv.Refuted {
			r.Outcome, r.Verdict = safe.Outcome, equiv.NoVerdict
		}
	}
	if len(open) > 0 {
		r.Failures = append(r.Failures, open...)
		if r.Outcome == equiv.Proved {
			r.Outcome, r.Verdict = equiv.Unknown, equiv.NoVerdict
		}
	}
	if r.Outcome == equiv.Proved && r.Verdict != equiv.Exact {
		r.Failures = append(r.Failures, loopir.Errorf(r.Lifted.Span, "it is equal only when sums may be regrouped (%s); emitted code performs the very operations", r.Verdict))
		r.Outcome, r.Verdict = equiv.Unknown, equiv.NoVerdict
	}
	if len(r.Failures) == 0 && r.Outcome != equiv.Proved {
		r.Failures = append(r.Failures, loopir.Errorf(r.Lifted.Span, "%s", r.Outcome))
	}
}

// target reads the kernel that a form is to compute, calls inlined.
func (p *Package) target(f Form) (*loopir.File, *loopir.Kernel, error) {
	if f.Loop == "" {
		return nil, nil, fmt.Errorf("%s: no .loop file belongs to it", f.File)
	}
	file, err := loopir.Parse(filepath.Join(p.Dir, f.Loop), p.text[f.Loop])
	if err != nil {
		return nil, nil, err
	}
	outer, err := Outermost(file)
	if err != nil {
		return nil, nil, err
	}
	k := outer.Clone()
	k.InlineLets()
	if k, err = file.InlineAll(k); err != nil {
		return nil, nil, err
	}
	out := &loopir.File{Name: file.Name, Funcs: file.Funcs, Kernels: []*loopir.Kernel{k}}
	return out, k, out.Number(k)
}

// Outermost is the kernel that no other one of the file calls. Which is meant is not
// known when there are two.
func Outermost(f *loopir.File) (*loopir.Kernel, error) {
	called := map[string]bool{}
	for _, k := range f.Kernels {
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			if c, ok := s.(*loopir.Call); ok {
				called[c.Kernel] = true
			}
			return true
		})
	}
	var out *loopir.Kernel
	for _, k := range f.Kernels {
		switch {
		case called[k.Name]:
		case out != nil:
			return nil, loopir.Errorf(k.Span, "generated code stands for one kernel and those that it calls, and nothing calls %s and %s", out.Name, k.Name)
		default:
			out = k
		}
	}
	if out == nil {
		return nil, fmt.Errorf("%s: no kernel", f.Name)
	}
	return out, nil
}

// prove discharges duties and returns those that stay open. What follows from another one, or
// from the ranges of numbers, is no question for the solver.
func prove(ctx context.Context, duties []Duty, opts equiv.Options) []*loopir.Error {
	var open []*loopir.Error
	done := map[string][]Duty{}
	for _, d := range duties {
		goal := loopir.FormatExpr(d.Goal)
		if slices.ContainsFunc(done[goal], d.follows) || d.ranged() {
			continue
		}
		o := equiv.Imply(ctx, d.What, d.Span, d.Hyps, d.Goal, opts)
		if o.Outcome != equiv.Proved {
			open = append(open, &loopir.Error{Kind: loopir.Undecided, Span: d.Span, Msg: fmt.Sprintf("%s: %s is not known: %s", d.What, goal, o.Reason)})
			continue
		}
		done[goal] = append(done[goal], d)
	}
	return open
}

// follows tells whether d's goal was shown for another duty, under no more than d knows.
func (d Duty) follows(other Duty) bool {
	known := map[string]bool{}
	for _, h := range d.Hyps {
		known[loopir.FormatExpr(h)] = true
	}
	return !slices.ContainsFunc(other.Hyps, func(h loopir.Expr) bool { return !known[loopir.FormatExpr(h)] })
}

// ranged tells whether the goal follows from the hypotheses by elimination of variables.
func (d Duty) ranged() bool {
	var f poly.Facts
	seen := map[string]bool{}
	for _, h := range d.Hyps {
		loopir.WalkExpr(h, func(x loopir.Expr) bool {
			if v, ok := x.(*loopir.Var); ok && !seen[v.Name] {
				seen[v.Name] = true
				f = f.Range(v.Name, nil, nil)
			}
			return true
		})
	}
	for _, h := range d.Hyps {
		f = f.Assume(h)
	}
	return f.Holds(d.Goal)
}

func failure(err error) *loopir.Error {
	if e, ok := err.(*loopir.Error); ok {
		return e
	}
	return loopir.Errorf(loopir.Span{}, "%v", err)
}

// unreadable is the failure of a form whose lifted program the checker refuses.
func unreadable(err error) *loopir.Error {
	var list loopir.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		err = list[0]
	}
	e := *failure(err)
	e.Msg = "what it is read back as is no program: " + e.Msg
	return &e
}

func together(fs ...func()) {
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(f)
	}
	wg.Wait()
}
