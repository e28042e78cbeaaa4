package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/timing"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

func TestFailure(t *testing.T) {
	at := loopir.Span{File: "k.loop"}
	for _, c := range []struct {
		err     error
		emitted bool
		want    tune.Outcome
	}{
		{loopir.Rejectf(at, "no loop i"), false, tune.Rejected},
		{&loopir.Error{Kind: loopir.Refuted, Span: at}, false, tune.Refuted},
		{fmt.Errorf("schedule s: %w", &loopir.Error{Kind: loopir.Undecided, Span: at}), false, tune.Unknown},
		{&loopir.Error{Kind: loopir.Refuted, Span: at}, true, tune.Unread},
		{&loopir.Error{Kind: loopir.Undecided, Span: at}, true, tune.Unread},
		{errors.New("something else"), false, tune.Rejected},
	} {
		if got := failure(c.err, c.emitted); got != c.want {
			t.Errorf("%v, emitted %v: %s, want %s", c.err, c.emitted, got, c.want)
		}
	}
}

func TestTuneError(t *testing.T) {
	of := func(list ...tune.Outcome) int {
		run := &tuning{}
		for _, o := range list {
			run.records = append(run.records, &tune.Record{Outcome: o})
		}
		var e *exitError
		if err := tuneError([]*tuning{run}); errors.As(err, &e) {
			return e.code
		}
		return exitOK
	}
	for _, c := range []struct {
		list []tune.Outcome
		want int
	}{
		{[]tune.Outcome{tune.Timed, tune.Unknown, tune.Spills, tune.Left}, exitOK},
		{[]tune.Outcome{tune.Timed, tune.Refuted}, exitFindings},
		{[]tune.Outcome{tune.Timed, tune.Wrong}, exitFindings},
		{[]tune.Outcome{tune.Spills, tune.NoAssembly}, exitFindings},
		{[]tune.Outcome{tune.Unknown, tune.Unbuilt}, exitFindings},
		{[]tune.Outcome{tune.Unknown, tune.Left}, exitUnknown},
	} {
		if got := of(c.list...); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.list, got, c.want)
		}
	}
}

// What computes something else than the naive kernel is told, whoever proved it.
func TestTimeTellsWrongOutputs(t *testing.T) {
	if testing.Short() {
		t.Skip("-short, and it compiles a package, which takes seconds; a run without -short makes it")
	}
	const src = `kernel scale(N: size, in A: f32[N], out B: f32[N]) { for i in 0..N { B[i] = 2 * A[i] } }
schedule s for scale { block i by 8 into ib, i tail mask }
`
	path := filepath.Join(t.TempDir(), "scale.loop")
	if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	f, _, err := pipeline.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := smt.NewPool(smt.Options{Engine: "auto", NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	files, err := pipeline.Generate(context.Background(), f, f.Schedules, tunedPackage, nil, pipeline.Options{Equiv: equiv.Options{Pool: pool}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorkbench(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.done()
	for i, c := range []struct{ from, to, want string }{
		{"float32(2)", "float32(2)", ""},
		{"float32(2)", "float32(3)", "B[0] is "},
	} {
		name := "scale_s.go"
		text := strings.Replace(string(files[name]), c.from, c.to, -1)
		if !strings.Contains(text, c.to) {
			t.Fatalf("%s has no %q:\n%s", name, c.to, text)
		}
		files[name] = []byte(text)
		bin, err := w.build(context.Background(), files)
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.run(context.Background(), bin, timing.Request{Schedule: "s", Impl: "go", Sizes: map[string]int64{"N": 100}, Rounds: 7})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(a.Wrong, c.want) || (c.want == "") != (a.Wrong == "") || a.Against != "the naive kernel" {
			t.Errorf("%d: wrong is %q, compared with %s; want %q", i, a.Wrong, a.Against, c.want)
		}
		if c.want == "" && (len(a.Seconds) != 7 || a.Ops != 100) {
			t.Errorf("%+v", a)
		}
	}
	if _, err := w.run(context.Background(), filepath.Join(w.dir, "1", "tuned.test"), timing.Request{Schedule: "s", Impl: "none", Sizes: map[string]int64{"N": 100}, Rounds: 7}); err == nil || !strings.Contains(err.Error(), "there is no form s/none") {
		t.Errorf("a form that is not there: %v", err)
	}
}
