package smt

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be a solver that misbehaves in the way it is told to:
// Command: os.Args[0] + " fake-solver MODE".
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "fake-solver" {
		fakeSolver(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func fake(mode string) string { return os.Args[0] + " fake-solver " + mode }

// fakeSolver reads one command a line.
func fakeSolver(mode string) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		line := in.Text()
		switch {
		case strings.HasPrefix(line, "(echo "):
			fmt.Println(strings.Trim(line[len("(echo "):], `")`))
		case strings.Contains(line, ":name"):
			fmt.Println(`(:name "Fake")`)
		case strings.Contains(line, ":version"):
			fmt.Println(`(:version "1.0")`)
		case strings.Contains(line, ":reason-unknown"):
			fmt.Println(`(:reason-unknown "feigned")`)
		case line == "(check-sat)":
			fakeCheck(mode)
		case strings.HasPrefix(line, "(get-value"):
			fmt.Println(fakeModel(mode, line))
		}
	}
}

func fakeCheck(mode string) {
	switch mode {
	case "hang":
		time.Sleep(time.Hour)
	case "crash":
		os.Exit(3)
	case "error":
		fmt.Println(`(error "feigned")`)
	case "sat", "lie", "garbage", "short":
		fmt.Println("sat")
	default:
		fmt.Println(mode) // unsat, unknown
	}
}

func fakeModel(mode, line string) string {
	switch mode {
	case "garbage":
		return "((v0 (+ 1 2)))"
	case "short":
		return "()"
	}
	names := strings.Fields(strings.Trim(strings.TrimPrefix(line, "(get-value "), "()"))
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "(%s (- 77))", n)
	}
	return "(" + b.String() + ")"
}

// open is a query that the presolver leaves to the solver.
func open() *Query {
	x, y := Var("x"), Var("y")
	return &Query{Name: "open", Hyps: []*Term{Eq(Mul(x, x, y), Add(x, num(7)))}, Goal: Ne(Add(x, y), num(12))}
}

func TestMisbehavingSolvers(t *testing.T) {
	for mode, want := range map[string]struct {
		status Status
		reason string
	}{
		"unsat":   {Unsat, ""},
		"unknown": {Unknown, "feigned"},
		"hang":    {Unknown, "no answer within"},
		"crash":   {Unknown, "solver failed"},
		"error":   {Unknown, "unexpected reply"},
		"lie":     {Unknown, "does not satisfy"},
		"garbage": {Unknown, "unreadable model"},
		"short":   {Unknown, "unreadable model"},
		"no":      {Unknown, "unexpected reply"},
	} {
		t.Run(mode, func(t *testing.T) {
			opts := Options{Engine: "process", Command: fake(mode), CacheDir: t.TempDir()}
			if mode == "hang" {
				opts.Timeout = 300 * time.Millisecond
			}
			p := pool(t, opts)
			for range 2 { // an unknown answer must not be cached
				a := p.Check(t.Context(), open())
				if a.Status != want.status || !strings.Contains(a.Reason, want.reason) || a.Err != nil {
					t.Errorf("got %+v, want %s, %q", a, want.status, want.reason)
				}
				if a.Cached && a.Status == Unknown {
					t.Error("unknown was cached")
				}
			}
		})
	}
}

func TestCrossCheck(t *testing.T) {
	for mode, ok := range map[string]bool{"unsat": false, "unknown": true, "crash": true} {
		p := pool(t, Options{CrossCheck: fake(mode)})
		q := refutable()
		a := p.Check(t.Context(), q)
		if (a.Err == nil) != ok || (a.Status == Sat) != ok {
			t.Errorf("%s: got %+v", mode, a)
		}
		if !ok && !strings.Contains(a.Err.Error(), q.Name) {
			t.Errorf("error %q does not name the obligation", a.Err)
		}
	}
	// What the presolver decides is checked as well.
	p := pool(t, Options{CrossCheck: fake("unsat")})
	if a := p.Check(t.Context(), corpus()[0]); a.Err != nil || a.By != presolved {
		t.Errorf("agreeing: %+v", a)
	}
}

func refutable() *Query {
	return &Query{Name: "off-by-one", Hyps: []*Term{Lt(Var("i"), Var("n"))}, Goal: Lt(Var("i"), Sub(Var("n"), num(1)))}
}
