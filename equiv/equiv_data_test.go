package equiv

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TestEquivData compares before.loop with after.loop of every case, without
// origins unless the case has a section hint. The folder is the expected
// outcome; a proved case names its verdict in the section verdict. A section require asks for a
// strength, and a section note is part of what is told of a failure.
func TestEquivData(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	n := 0
	for _, outcome := range []Outcome{Proved, Refuted, Unknown} {
		files, err := filepath.Glob(filepath.Join("..", "testdata", outcome.String(), "equiv-*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		n += len(files)
		for _, path := range files {
			name := outcome.String() + "/" + strings.TrimSuffix(filepath.Base(path), ".txtar")
			t.Run(name, func(t *testing.T) { checkCase(t, pool, path, outcome) })
		}
	}
	if n == 0 {
		t.Fatal("no cases found")
	}
	t.Log(pool.Stats())
}

// A testCase is a pair of kernels in a file with what both call.
type testCase struct {
	sections      map[string]string
	file          *loopir.File
	before, after *loopir.Kernel
}

func readCase(t *testing.T, path string) *testCase {
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &testCase{sections: map[string]string{}}
	for _, f := range ar.Files {
		c.sections[f.Name] = string(f.Data)
	}
	parse := func(name string) *loopir.File {
		f, err := loopir.Parse(name, []byte(c.sections[name]))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	fb, fa := parse("before.loop"), parse("after.loop")
	c.before, c.after = fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
	c.file = &loopir.File{Funcs: fb.Funcs, Kernels: append(fb.Kernels, fa.Kernels...)}
	if err := giveHints(c.after, c.sections["hint"]); err != nil {
		t.Fatal(err)
	}
	return c
}

func checkCase(t *testing.T, pool *smt.Pool, path string, want Outcome) {
	c := readCase(t, path)
	f, before, after, sections := c.file, c.before, c.after, c.sections
	opts := Options{Pool: pool}
	if text := strings.TrimSpace(sections["require"]); text != "" {
		v, err := ParseVerdict(text)
		if err != nil {
			t.Fatal(err)
		}
		opts.Require = v
	}
	res, err := Check(context.Background(), f, before, after, opts)
	if err != nil {
		t.Fatal(err)
	}
	if note := strings.TrimSpace(sections["note"]); !strings.Contains(notesOf(res), note) {
		t.Errorf("no note %q", note)
	}
	if res.Outcome != want {
		t.Errorf("%v, want %v", res.Outcome, want)
	}
	if c := res.Counterexample; c != nil && !c.Replay(f, before, after) {
		t.Errorf("a second run does not differ as told: %v", c)
	}
	if v := strings.TrimSpace(sections["verdict"]); want == Proved && res.Verdict.String() != v {
		t.Errorf("verdict %v, want %s", res.Verdict, v)
	}
	for _, e := range res.Failures {
		t.Logf("%v", e)
		for _, n := range e.Notes {
			t.Logf("\t%v: %s", n.Span, n.Msg)
		}
	}
	if t.Failed() {
		for _, o := range res.Obligations {
			t.Log(o.Name, o.Span, o.Outcome, o.Status, o.Time, o.Reason)
		}
	}
}

// notesOf joins what is told of failures.
func notesOf(res *Result) string {
	var b strings.Builder
	for _, e := range res.Failures {
		for _, n := range e.Notes {
			b.WriteString(n.Msg + "\n")
		}
	}
	return b.String()
}

// giveHints sets the origins of labeled assignments from lines like
// T1 <- 0: c = 16*cb + c2, n = n.
func giveHints(k *loopir.Kernel, text string) error {
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		label, rest, ok := strings.Cut(line, "<-")
		if !ok {
			continue
		}
		id, iters, _ := strings.Cut(rest, ":")
		var pairs []string
		for _, p := range strings.Split(iters, ",") {
			pairs = append(pairs, strings.TrimSpace(p))
		}
		o, err := parseOrigin(strings.TrimSpace(id), pairs)
		if err != nil {
			return err
		}
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			if a, ok := s.(*loopir.Assign); ok && a.Label == strings.TrimSpace(label) {
				a.From = o
			}
			return true
		})
	}
	return nil
}

func parseOrigin(id string, pairs []string) (*loopir.Origin, error) {
	o := &loopir.Origin{Iters: map[string]loopir.Expr{}}
	for _, c := range id {
		o.Stmt = o.Stmt*10 + int(c-'0')
	}
	for _, p := range pairs {
		name, e, ok := strings.Cut(p, "=")
		if !ok {
			continue
		}
		x, err := parseIndex(strings.TrimSpace(e))
		if err != nil {
			return nil, err
		}
		o.Iters[strings.TrimSpace(name)] = x
	}
	return o, nil
}

// parseIndex reads an index expression by way of a kernel that uses it.
func parseIndex(e string) (loopir.Expr, error) {
	names := map[string]bool{}
	for _, n := range strings.FieldsFunc(e, func(r rune) bool { return strings.ContainsRune(" +-*/%()0123456789", r) && r != '_' }) {
		names[n] = true
	}
	var params []string
	for _, n := range sortedNames(names) {
		params = append(params, n+": size")
	}
	src := "kernel k(" + strings.Join(append(params, "out A: i64[1]"), ", ") + ") { for i!x in " + e + "..1 { A[0] = 0 } }"
	f, err := loopir.Parse("hint", []byte(strings.Replace(src, "i!x", "hint_iter", 1)))
	if err != nil {
		return nil, err
	}
	return f.Kernels[0].Body[0].(*loopir.For).Lo, nil
}
