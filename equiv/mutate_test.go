package equiv

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A mutator walks a kernel and applies the mutation that it counts down to.
type mutator struct {
	left int // mutations to skip
	done string
}

// at applies one mutation if its turn has come.
func (m *mutator) at(what string, apply func()) {
	if m.done != "" {
		return
	}
	if m.left--; m.left < 0 {
		m.done = what
		apply()
	}
}

// mutant returns a copy of k with mutation n and what was changed, nil when k
// has no more mutations.
func mutant(k *loopir.Kernel, n int) (*loopir.Kernel, string) {
	c := k.Clone()
	m := &mutator{left: n}
	m.body(&c.Body, nil)
	if m.done == "" {
		return nil, ""
	}
	return c, m.done
}

func (m *mutator) body(body *[]loopir.Stmt, its []string) {
	for i, s := range *body {
		place := func(what string) string { return fmt.Sprintf("%v: %s", s.Source(), what) }
		if _, isLocal := s.(*loopir.Local); !isLocal {
			m.at(place("statement dropped"), func() { *body = append((*body)[:i:i], (*body)[i+1:]...) })
		}
		if i+1 < len(*body) {
			m.at(place("statements swapped"), func() { (*body)[i], (*body)[i+1] = (*body)[i+1], (*body)[i] })
		}
		switch s := s.(type) {
		case *loopir.For:
			m.loop(s, its, place)
			m.body(&s.Body, append(its[:len(its):len(its)], s.Iter))
		case *loopir.If:
			m.at(place("guard dropped"), func() { *body = append(append((*body)[:i:i], s.Then...), (*body)[i+1:]...) })
			m.at(place("guard negated"), func() { s.Cond = not(s.Cond) })
			m.expr(s.Cond, its, place)
			m.body(&s.Then, its)
			m.body(&s.Else, its)
		case *loopir.Local:
			if s.Init != nil {
				m.at(place("init dropped"), func() { s.Init = nil })
				m.expr(s.Init, its, place)
			}
			for d := range s.Shape {
				m.nudge("extent", &s.Shape[d], place)
			}
		case *loopir.Assign:
			m.assign(s, its, place)
		case *loopir.Call:
			for _, a := range s.Args {
				if w, ok := a.(*loopir.Window); ok {
					for d := range w.Dims {
						m.nudge("window", &w.Dims[d].Lo, place)
					}
				} else {
					m.expr(a, its, place)
				}
			}
		}
	}
}

// nudge adds and subtracts 1.
func (m *mutator) nudge(what string, e *loopir.Expr, place func(string) string) {
	m.at(place(what+" + 1"), func() { *e = loopir.Bin(loopir.Add, *e, loopir.NewInt(1)) })
	m.at(place(what+" - 1"), func() { *e = loopir.Bin(loopir.Sub, *e, loopir.NewInt(1)) })
}

func (m *mutator) loop(s *loopir.For, its []string, place func(string) string) {
	m.nudge("lower bound", &s.Lo, place)
	m.nudge("upper bound", &s.Hi, place)
	m.expr(s.Lo, its, place)
	m.expr(s.Hi, its, place)
	if s.Par == loopir.Sequential {
		m.at(place("made parallel"), func() { s.Par = loopir.Parallel })
	}
	if in, ok := onlyLoop(s.Body); ok && !loopir.UsesVar(in.Lo, s.Iter) && !loopir.UsesVar(in.Hi, s.Iter) {
		m.at(place("loops interchanged"), func() {
			s.Iter, in.Iter = in.Iter, s.Iter
			s.Lo, in.Lo = in.Lo, s.Lo
			s.Hi, in.Hi = in.Hi, s.Hi
			s.Step, in.Step = in.Step, s.Step
			s.Par, in.Par, s.Reduce, in.Reduce = in.Par, s.Par, in.Reduce, s.Reduce
		})
	}
	m.at(place("loop reversed"), func() {
		sum := loopir.Bin(loopir.Sub, loopir.Bin(loopir.Add, loopir.CloneExpr(s.Lo), loopir.CloneExpr(s.Hi)), loopir.NewInt(1))
		loopir.SubstStmts(s.Body, map[string]loopir.Expr{s.Iter: loopir.Bin(loopir.Sub, sum, loopir.NewVar(s.Iter))})
	})
}

func onlyLoop(body []loopir.Stmt) (*loopir.For, bool) {
	if len(body) != 1 {
		return nil, false
	}
	l, ok := body[0].(*loopir.For)
	return l, ok
}

func (m *mutator) assign(s *loopir.Assign, its []string, place func(string) string) {
	for _, op := range []loopir.AssignOp{loopir.Set, loopir.AddTo, loopir.SubTo, loopir.MaxTo} {
		if op != s.Op && (op != loopir.MaxTo || s.Op == loopir.MinTo) {
			m.at(place("assignment operator changed"), func() { s.Op = op })
		}
	}
	m.expr(s.LHS, its, place)
	m.expr(s.RHS, its, place)
}

// expr mutates e in place.
func (m *mutator) expr(e loopir.Expr, its []string, place func(string) string) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Int:
			m.at(place("constant + 1"), func() { e.Value = new(big.Int).Add(e.Value, big.NewInt(1)) })
			m.at(place("constant - 1"), func() { e.Value = new(big.Int).Sub(e.Value, big.NewInt(1)) })
		case *loopir.Read:
			for d := range e.Index {
				m.nudge("index", &e.Index[d], place)
				if d > 0 {
					m.at(place("indices exchanged"), func() { e.Index[d-1], e.Index[d] = e.Index[d], e.Index[d-1] })
				}
			}
		case *loopir.Var:
			for _, it := range its {
				if it != e.Name {
					m.at(place(e.Name+" replaced by "+it), func() { e.Name = it })
				}
			}
		case *loopir.Binary:
			for _, op := range swaps[e.Op] {
				m.at(place("operator changed"), func() { e.Op = op })
			}
			if e.Op == loopir.Sub || e.Op == loopir.Div {
				m.at(place("operands exchanged"), func() { e.X, e.Y = e.Y, e.X })
			}
		case *loopir.Intrinsic:
			if other := map[string]string{"min": "max", "max": "min", "tanh": "sigmoid", "exp": "tanh"}[e.Name]; other != "" {
				m.at(place("function changed"), func() { e.Name = other })
			}
		}
		return m.done == ""
	})
}

var swaps = map[loopir.Op][]loopir.Op{
	loopir.Add: {loopir.Sub}, loopir.Sub: {loopir.Add}, loopir.Mul: {loopir.Add}, loopir.Div: {loopir.Mod}, loopir.Mod: {loopir.Div},
	loopir.Eq: {loopir.Ne}, loopir.Ne: {loopir.Eq}, loopir.Lt: {loopir.Le}, loopir.Le: {loopir.Lt}, loopir.Gt: {loopir.Ge}, loopir.Ge: {loopir.Gt},
	loopir.And: {loopir.Or}, loopir.Or: {loopir.And},
}

// mutantsPerCase is how many mutants of a case an ordinary test run looks at;
// LOOPOPT_MUTANTS sets it, all for every one.
const mutantsPerCase = 6

// TestMutants changes what was proved and sees to it that no change that a run
// can tell is ever proved again: a mutant that differs from the original is
// refuted or, at worst, unknown, by the comparison or by the check of safety.
func TestMutants(t *testing.T) {
	limit := mutantLimit()
	files, err := filepath.Glob("../testdata/proved/equiv-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	c := campaign{opts: Options{Pool: safetyPool(t)}, total: map[string]int{}}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) { c.run(t, path, limit) })
	}
	t.Logf("mutants: %s", countText(c.total))
}

func mutantLimit() int {
	s := os.Getenv("LOOPOPT_MUTANTS")
	if s == "all" {
		return 1 << 30
	} else if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return mutantsPerCase
}

// eachMutant calls yield with some limit well-formed mutants of k, spread over
// all of them.
func eachMutant(f *loopir.File, k *loopir.Kernel, limit int, yield func(*loopir.Kernel, string)) {
	all := 0
	for m, _ := mutant(k, all); m != nil; m, _ = mutant(k, all) {
		all++
	}
	stride := max(1, all/limit)
	if stride > 1 && stride%2 == 0 {
		stride++ // mutations come in pairs
	}
	for n := 0; n < all; n += stride {
		if m, what := mutant(k, n); f.CheckKernel(m) == nil {
			yield(m, what)
		}
	}
}

// A campaign counts what became of mutants.
type campaign struct {
	opts  Options
	total map[string]int
}

func countText(n map[string]int) string {
	var parts []string
	for _, k := range sortedNames(n) {
		parts = append(parts, fmt.Sprintf("%d %s", n[k], k))
	}
	return strings.Join(parts, ", ")
}

func (c *campaign) run(t *testing.T, path string, limit int) {
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fb := mustParse(t, "before.loop", section(ar, "before.loop"))
	fa := mustParse(t, "after.loop", section(ar, "after.loop"))
	before, after := fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
	f := &loopir.File{Funcs: fb.Funcs, Kernels: append(fb.Kernels, fa.Kernels...)}
	if err := giveHints(after, string(section(ar, "hint"))); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	eachMutant(f, after, limit, func(m *loopir.Kernel, what string) {
		begin := time.Now()
		became := c.judge(t, f, before, m, what)
		t.Log(time.Since(begin).Round(time.Millisecond), became, what)
		counts[became]++
		c.total[became]++
	})
	t.Log(countText(counts))
}

// judge says what became of a mutant, and fails the test when it was proved
// although a run tells it from the original.
func (c *campaign) judge(t *testing.T, f *loopir.File, before, k *loopir.Kernel, what string) string {
	ctx := context.Background()
	differs := refute(ctx, f, before, k, c.opts, nil)
	safe, err := CheckSafety(ctx, f, k, c.opts)
	if err != nil {
		t.Fatal(what, err)
	}
	if safe.Outcome == Refuted {
		return "refuted as unsafe"
	}
	res, err := Check(ctx, f, before, k, c.opts)
	var told *loopir.Error
	if errors.As(err, &told) {
		return "rejected"
	} else if err != nil {
		t.Fatal(what, err)
	}
	if res != nil && res.Verdict == Algebraic { // says nothing of NaN and infinities
		differs = refuteFinite(ctx, f, before, k, nil)
	}
	switch {
	case differs == nil && safe.Outcome == Proved && res.Outcome == Proved:
		return "equal and proved"
	case differs == nil:
		return "not told apart and not proved"
	case safe.Outcome == Proved && res.Outcome == Proved:
		t.Errorf("%s: proved, but %v", what, differs)
		return "WRONGLY PROVED"
	case res.Outcome != Refuted:
		t.Errorf("%s: %v, though %v", what, res.Outcome, differs)
		return "told apart but not refuted"
	}
	if !res.Counterexample.Replay(f, before, k) {
		t.Errorf("%s: the counterexample does not replay: %v", what, res.Counterexample)
	}
	return "refuted"
}

// TestSafetyMutants compares the check of safety with runs, on mutants of
// kernels that are safe: what was proved never fails, and what was refuted
// fails at some small sizes.
func TestSafetyMutants(t *testing.T) {
	limit := mutantLimit()
	files, err := filepath.Glob("../testdata/proved/safety-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	pool := safetyPool(t)
	total := map[string]int{}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := mustParse(t, "in.loop", section(ar, "in.loop"))
			k := f.Kernels[len(f.Kernels)-1]
			eachMutant(f, k, limit, func(m *loopir.Kernel, what string) {
				res, err := CheckSafety(context.Background(), f, m, Options{Pool: pool})
				if err != nil {
					t.Fatal(what, err)
				}
				fault := firstFault(f, m)
				if fault == nil && res.Outcome == Refuted {
					fault = faultAt(f, m, res.Findings)
				}
				became := res.Outcome.String()
				switch {
				case res.Outcome == Proved && fault != nil:
					t.Errorf("%s: proved safe, but %v", what, fault)
				case res.Outcome == Refuted && fault == nil:
					t.Errorf("%s: refuted, but no small run fails:\n%s\n%s", what, findingText(res), loopir.FormatKernel(m))
				case fault != nil && res.Outcome == Unknown:
					t.Errorf("%s: unknown, though %v", what, fault)
				}
				total[became]++
			})
		})
	}
	t.Logf("mutants: %s", countText(total))
}

// firstFault runs k on small sizes until a run fails.
func firstFault(f *loopir.File, k *loopir.Kernel) error {
	r := newReferee(context.Background(), f, k, k, searchSteps)
	var found error
	newSizeSearch(k).each(nil, func(sizes map[string]int64) bool {
		if !fewCells(sizes, k) {
			return true
		}
		for filling := range fillings {
			var fault *interp.Fault
			if _, err := r.run(k, sizes, filling, nil); errors.As(err, &fault) && meaningless(fault.Kind) {
				found = fault
			}
		}
		return found == nil && r.left > 0
	})
	return found
}

// faultAt runs k at the sizes that the findings name.
func faultAt(f *loopir.File, k *loopir.Kernel, findings loopir.ErrorList) error {
	r := newReferee(context.Background(), f, k, k, searchSteps)
	for _, e := range findings {
		_, text, _ := strings.Cut(e.Msg, "for example with ")
		text, _, _ = strings.Cut(text, " at (")
		sizes := map[string]int64{}
		for _, pair := range strings.Fields(text) {
			name, value, _ := strings.Cut(pair, "=")
			sizes[name], _ = strconv.ParseInt(value, 10, 64)
		}
		for filling := range fillings {
			if _, err := r.run(k, sizes, filling, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
