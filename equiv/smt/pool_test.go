package smt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// numbered gives n different satisfiable queries, left to the solver, and their values.
func numbered(n int) []*Query {
	qs := make([]*Query, n)
	for k := range qs {
		x := Var("x" + strconv.Itoa(k))
		qs[k] = &Query{
			Name: fmt.Sprintf("numbered/%d", k), Want: Sat,
			Hyps: []*Term{Ge(x, num(int64(k))), Le(x, num(int64(k)))},
		}
	}
	return qs
}

func checkNumbered(t *testing.T, answers []Answer) {
	t.Helper()
	for k, a := range answers {
		if a.Status != Sat || a.Model["x"+strconv.Itoa(k)].Int64() != int64(k) {
			t.Fatalf("query %d: %+v", k, a)
		}
	}
}

// Obligations that differ in names only are solved once.
func TestAlphaEquivalentQueriesAreOne(t *testing.T) {
	p := pool(t, Options{})
	for _, n := range [][3]string{{"x", "y", "z"}, {"z", "x", "y"}, {"b", "c", "a"}} {
		x, y, z := Var(n[0]), Var(n[1]), Var(n[2])
		a := p.Check(t.Context(), &Query{Hyps: []*Term{
			Eq(Mul(x, y), Add(z, num(1))), Lt(x, Mul(num(2), y)), Gt(z, num(40)), Ne(Mul(x, z), y),
		}})
		if a.Status != Sat {
			t.Errorf("%v: %+v", n, a)
		}
	}
	if s := p.Stats(); s.Solved != 1 || s.CacheHits != 2 {
		t.Errorf("%+v", s)
	}
}

func TestConcurrentDuplicatesAreSolvedOnce(t *testing.T) {
	p := pool(t, Options{Jobs: 4})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if a := p.Check(t.Context(), refutable()); a.Status != Sat {
				t.Errorf("%+v", a)
			}
		})
	}
	wg.Wait()
	if s := p.Stats(); s.Solved != 1 || s.Queries != 30 {
		t.Errorf("%+v", s)
	}
}

func TestCancelIsPrompt(t *testing.T) {
	for name, opts := range engines(t) {
		t.Run(name, func(t *testing.T) {
			opts.RLimit = 20_000_000
			p := pool(t, opts)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			begin := time.Now()
			q := hard()
			answers := p.CheckAll(ctx, []*Query{q, q, refutable(), {Name: "other", Hyps: append(q.Hyps, Ne(Var("x"), num(5)))}})
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			if a := answers[0]; a.Status != Unknown || !errors.Is(a.Err, context.Canceled) {
				t.Errorf("%+v", a)
			}
			// The pool goes on for others.
			if a := p.Check(t.Context(), &Query{Name: "next", Hyps: []*Term{Gt(Var("k"), num(3))}}); a.Status != Sat {
				t.Errorf("afterwards: %+v", a)
			}
		})
	}
}

// A caller that waits for somebody else's attempt must not inherit his cancellation.
func TestCancelOfTheOtherIsNotMine(t *testing.T) {
	p := pool(t, Options{Engine: "process", Jobs: 2, RLimit: 100_000})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Check(ctx, hard()) })
	time.Sleep(20 * time.Millisecond)
	wg.Go(func() {
		if a := p.Check(t.Context(), hard()); a.Err != nil {
			t.Errorf("%+v", a)
		}
	})
	time.Sleep(20 * time.Millisecond)
	cancel()
	wg.Wait()
}

// Killing solvers from outside costs a restart, no answer.
func TestKilledSolversAreRestarted(t *testing.T) {
	real := ""
	for _, e := range Engines(t.Context()) {
		if e.Engine == "process" && e.Version != "" && real == "" {
			real = e.Program
		}
	}
	if real == "" || runtime.GOOS == "windows" {
		t.Skip("no solver program, or no shell to wrap it")
	}
	dir := t.TempDir()
	wrapper := filepath.Join(dir, real)
	script := fmt.Sprintf("#!/bin/sh\necho $$ >>%s/pids\nexec %s \"$@\"\n", dir, real)
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p := pool(t, Options{Engine: "process", Command: wrapper, Jobs: 2})
	killed := map[string]bool{}
	killOne := func() {
		data, _ := os.ReadFile(filepath.Join(dir, "pids"))
		for _, f := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(f); err == nil && !killed[f] {
				proc, err := os.FindProcess(pid)
				killed[f] = err == nil && proc.Kill() == nil
				return
			}
		}
	}
	for round := range 4 { // one kill in each: more could be bad luck for one query
		qs := numbered(40)
		for _, q := range qs {
			q.Hyps = append(q.Hyps, Ne(Var("r"), num(int64(round)+1000)))
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(10 * time.Millisecond)
			killOne()
		})
		checkNumbered(t, p.CheckAll(t.Context(), qs))
		wg.Wait()
	}
	if len(killed) < 2 {
		t.Errorf("only %d solvers were killed", len(killed))
	}
}

func TestProgressReachesTotal(t *testing.T) {
	var last [2]int
	p := pool(t, Options{Progress: func(done, total int) {
		if done < last[0] || done > total {
			t.Errorf("progress went from %v to %d of %d", last, done, total)
		}
		last = [2]int{done, total}
	}})
	p.CheckAll(t.Context(), corpus()[:10])
	if last != [2]int{10, 10} {
		t.Errorf("ended at %v", last)
	}
}

func TestClosedPoolAnswersUnknown(t *testing.T) {
	p := pool(t, Options{})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if a := p.Check(t.Context(), refutable()); a.Status != Unknown || a.Reason == "" {
		t.Errorf("%+v", a)
	}
}

func TestNameOfTwoSortsIsAnError(t *testing.T) {
	p := pool(t, Options{})
	a := p.Check(t.Context(), &Query{Hyps: []*Term{BoolVar("x"), Gt(Var("x"), num(0))}})
	if a.Err == nil || a.Status != Unknown {
		t.Errorf("%+v", a)
	}
}

func TestUnknownEngineAndCommand(t *testing.T) {
	for _, opts := range []Options{{Engine: "abacus"}, {Engine: "process", Command: "no-such-solver"}, {CrossCheck: "no-such-solver"}, {Engine: "process", Command: "true"}} {
		opts.NoCache = true
		if p, err := NewPool(opts); err == nil {
			_ = p.Close()
			t.Errorf("%+v: no error", opts)
		}
	}
	t.Setenv("PATH", t.TempDir())
	_, err := NewPool(Options{Engine: "process", NoCache: true})
	if err == nil || !strings.Contains(err.Error(), "apt-get install z3") {
		t.Errorf("without any solver: %v", err)
	}
}

func TestEmit(t *testing.T) {
	var texts []map[string]string
	for range 2 {
		dir := t.TempDir()
		p := pool(t, Options{EmitDir: filepath.Join(dir, "new")})
		qs := append(corpus(), &Query{Name: "../evil name/ünï" + strings.Repeat("x", 300), Hyps: []*Term{Gt(Var("a|b\\c d"), Var("abs"))}})
		p.CheckAll(t.Context(), qs)
		files, err := filepath.Glob(filepath.Join(dir, "new", "*.smt2"))
		if err != nil || len(files) != len(qs) {
			t.Fatalf("%d files for %d queries: %v", len(files), len(qs), err)
		}
		m := map[string]string{}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m[filepath.Base(f)] = string(data)
		}
		texts = append(texts, m)
	}
	if d := cmp.Diff(texts[0], texts[1]); d != "" {
		t.Errorf("emitted files differ between runs:\n%s", d)
	}
	want := `; obligation: block/in-bounds
; expected: unsat
(set-option :produce-models true)
(set-logic QF_LIA)
(declare-const |(div n 16)| Int)
(declare-const j Int)
(declare-const k Int)
(declare-const n Int)
(assert (< k |(div n 16)|))
(assert (<= (* 16 |(div n 16)|) n))
(assert (<= 0 j))
(assert (<= 0 k))
(assert (<= j 15))
(assert (<= n (+ (* 16 |(div n 16)|) 15)))
(assert (= n (* 16 |(div n 16)|)))
(assert (or (< (+ j (* 16 k)) 0) (<= n (+ j (* 16 k)))))
(check-sat)
`
	for name, text := range texts[0] {
		if strings.HasPrefix(name, "block_in-bounds-") {
			if d := cmp.Diff(want, text); d != "" {
				t.Error(d)
			}
			return
		}
	}
	t.Error("block/in-bounds was not emitted")
}
