package smt

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// engines are all that this build and this machine have.
func engines(t testing.TB) map[string]Options {
	t.Helper()
	out := map[string]Options{}
	for _, e := range Engines(t.Context()) {
		switch {
		case e.Version == "":
			t.Logf("%s %s is missing: %s", e.Engine, e.Program, e.Install)
		case e.Engine == "process":
			out["process-"+e.Program] = Options{Engine: "process", Command: e.Program}
		default:
			out[e.Engine] = Options{Engine: e.Engine}
		}
	}
	if len(out) == 0 {
		t.Skip("no solver installed")
	}
	return out
}

// rawAnswer has an engine decide q alone, without the presolver.
func rawAnswer(ctx context.Context, p *Pool, q *Query) Answer {
	return p.main.check(ctx, lower(q.formula()))
}

func TestCorpusOnEveryEngine(t *testing.T) {
	for name, opts := range engines(t) {
		t.Run(name, func(t *testing.T) {
			p := pool(t, opts)
			for _, q := range corpus() {
				a := p.Check(t.Context(), q)
				if a.Status != q.Want {
					t.Errorf("%s: %s says %s (%s), want %s", q.Name, a.By, a.Status, a.Reason, q.Want)
				}
				if a.Status == Sat && !EvalBool(q.formula(), a.Model) {
					t.Errorf("%s: model %v does not satisfy the query", q.Name, a.Model)
				}
			}
			if s := p.Solver(); len(strings.Fields(s)) != 2 {
				t.Errorf("solver %q is not a name and a version", s)
			}
		})
	}
}

// Without the presolver cvc5 leaves a few products open, which products depending on the
// order of the variables; no solver may contradict.
func TestCorpusWithoutPresolver(t *testing.T) {
	for name, opts := range engines(t) {
		t.Run(name, func(t *testing.T) {
			opts.RLimit = 1_000_000
			p := pool(t, opts)
			open := 0
			for _, q := range corpus() {
				a := rawAnswer(t.Context(), p, q)
				if testing.Verbose() {
					t.Logf("%-40s %-7s %v", q.Name, a.Status, a.Time)
				}
				switch {
				case a.Status == Unknown:
					open++
				case a.Status != q.Want:
					t.Errorf("%s: %s says %s, want %s", q.Name, a.By, a.Status, q.Want)
				}
			}
			if open > 0 && !strings.Contains(name, "cvc5") || open > 2 {
				t.Errorf("%d queries left open", open)
			}
		})
	}
}

func TestTinyLimitIsUnknown(t *testing.T) {
	for name, opts := range engines(t) {
		t.Run(name, func(t *testing.T) {
			opts.RLimit = 2000
			p := pool(t, opts)
			begin := time.Now()
			a := p.Check(t.Context(), hard())
			if a.Status != Unknown || a.Reason == "" || a.Err != nil {
				t.Errorf("got %+v, want Unknown with a reason", a)
			}
			if d := time.Since(begin); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
			// The worker must be as good as new.
			if a := rawAnswer(t.Context(), p, corpus()[0]); a.Status != Unsat {
				t.Errorf("after a limit: %+v", a)
			}
		})
	}
}

// The queries of loop nests are mostly small and linear.
func BenchmarkEngine(b *testing.B) {
	var qs []*Query
	for _, q := range corpus() {
		if f := lower(q.formula()); isLinear(f) && !f.IsFalse() {
			qs = append(qs, q)
		}
	}
	for name, opts := range engines(b) {
		b.Run("engine="+name, func(b *testing.B) {
			p := pool(b, opts)
			n := int64(0)
			for b.Loop() {
				for _, q := range qs {
					n++ // another constant makes it another problem
					f := And(lower(q.formula()), Ne(Var("u"), num(n)))
					p.main.check(b.Context(), f)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/query")
		})
	}
}

func ExamplePool() {
	pool, err := NewPool(Options{NoCache: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	i, n, b := Var("i"), Var("n"), IntConst(16)
	a := pool.Check(context.Background(), &Query{
		Name: "block/covers-every-iteration",
		Hyps: []*Term{Le(IntConst(0), i), Lt(i, n), Eq(Mod(n, b), IntConst(0))},
		Goal: Lt(Div(i, b), Div(n, b)),
	})
	fmt.Println(a.Status)
	// Output: unsat
}
