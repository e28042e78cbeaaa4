package trial

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

var (
	kernelbench = flag.String("kernelbench", "", "file for the figures of TestKernelBench, which then takes all kernels")
	kernelNames = flag.String("kernelbench-match", "", "TestKernelBench takes the files that match this pattern")
)

// patience ends what takes too long; it is no part of any verdict.
const patience = 2 * time.Minute

// few are the kernels of the ordinary test: a product, lanes with a condition, a partial
// sum, and a window.
var few = []string{"002_*", "020_*", "004_*", "055_*"}

// stages are how far a kernel may get; each is reached by way of those before.
var stages = []string{"parses", "is checked", "is transformed", "is generated", "passes its tests"}

// A bench is one kernel's way.
type bench struct {
	name, kernel string
	reached      int    // stages
	why          string // it got no further
	assembly     bool
	notes        []string // what became Go
	files        map[string][]byte
	took         time.Duration
}

// TestKernelBench takes kernels of the kind of KernelBench's first level, each with one
// plain schedule, all the way. Those of the ordinary test have to arrive with assembly.
func TestKernelBench(t *testing.T) {
	list := benches(t)
	opts := smt.Options{NoCache: *kernelbench == ""}
	pool, err := smt.NewPool(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	var wg sync.WaitGroup
	next := make(chan *bench)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for b := range next {
				start := time.Now()
				b.emit(pool)
				b.took = time.Since(start)
				t.Logf("%-28s %6.1f s  %s", b.name, b.took.Seconds(), b)
			}
		})
	}
	for _, b := range list {
		next <- b
	}
	close(next)
	wg.Wait()
	runAll(t, list)
	text := figures(list)
	t.Log("\n" + text)
	if *kernelbench != "" {
		if err := os.WriteFile(*kernelbench, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, b := range list {
		if b.reached < len(stages) || !b.assembly {
			t.Errorf("%s: %s", b.name, b)
		}
	}
}

// benches are the kernels to take.
func benches(t *testing.T) []*bench {
	patterns := few
	switch {
	case *kernelNames != "":
		patterns = strings.Fields(*kernelNames)
	case *kernelbench != "":
		patterns = []string{"*"}
	}
	var out []*bench
	for _, p := range patterns {
		paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "kernelbench", p+".loop"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no kernels match %s: %v", p, err)
		}
		for _, path := range paths {
			out = append(out, &bench{name: path})
		}
	}
	return out
}

func (b *bench) String() string {
	switch {
	case b.reached < len(stages) && b.why != "":
		return b.why
	case b.assembly:
		return "assembly"
	case len(b.notes) > 0:
		return strings.Join(b.notes, "; ")
	}
	return "no assembly, without a word"
}

// emit takes the kernel up to its package.
func (b *bench) emit(pool *smt.Pool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	opts := pipeline.Options{Equiv: equiv.Options{Pool: pool}}
	path := b.name
	b.name = strings.TrimSuffix(filepath.Base(path), ".loop")
	f, _, err := pipeline.Load(path)
	if b.stop(0, err) {
		return
	}
	b.kernel = f.Kernels[0].Name
	safe, err := equiv.CheckSafety(ctx, f, f.Kernels[0], opts.Equiv)
	if b.stop(1, err) {
		return
	}
	if safe.Outcome != equiv.Proved {
		b.reached = 1
		b.why = fmt.Sprintf("check: %v: %v", safe.Outcome, safe.Findings[0].Msg)
		return
	}
	r, err := pipeline.Transform(ctx, f, f.Schedules[0], opts)
	if b.stop(2, err) {
		return
	}
	if bad := r.Failed(); bad != nil {
		b.reached = 2
		b.why = fmt.Sprintf("%s: %v: %s", bad.Step, bad.Outcome, firstLine(bad.Reason))
		return
	}
	opts.OnNote = func(e *loopir.Error) error {
		text := e.Msg
		if e.Kind != loopir.Rejected { // what could not be read back
			for _, n := range e.Notes {
				text += " | " + firstLine(n.Msg)
			}
		}
		b.notes = append(b.notes, text)
		return nil
	}
	b.files, err = pipeline.Generate(ctx, f, f.Schedules, "generated", nil, opts)
	if b.stop(3, err) {
		return
	}
	for name := range b.files {
		b.assembly = b.assembly || strings.HasSuffix(name, ".s")
	}
	b.reached = 4
}

// stop says whether err ends the way at a stage.
func (b *bench) stop(stage int, err error) bool {
	b.reached = stage
	if err == nil {
		b.reached++
		return false
	}
	b.files = nil
	b.why = stages[stage] + ": " + firstLine(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		b.why = stages[stage] + ": not within " + patience.String()
	}
	var e *loopir.Error
	if errors.As(err, &e) {
		for _, n := range e.Notes {
			b.why += " | " + firstLine(n.Msg)
		}
	}
	return true
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// runAll compiles all packages as one and runs their tests; when that fails, each alone.
func runAll(t *testing.T, list []*bench) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, b := range list {
		maps.Copy(all, b.files)
	}
	if len(all) == 0 {
		return
	}
	ctx := context.Background()
	failed, err := Run(ctx, root, all, Builds())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.files == nil {
			continue
		}
		alone := failed
		if failed != nil {
			if alone, err = Run(ctx, root, b.files, Builds()); err != nil {
				t.Fatal(err)
			}
		}
		if alone == nil {
			b.reached = len(stages)
		} else {
			b.why = "its tests: " + alone.Error()
		}
	}
}

// figures tells how many kernels reach each stage, and why others don't, the most
// frequent reason first.
func figures(list []*bench) string {
	var out strings.Builder
	for i, s := range stages {
		n := 0
		for _, b := range list {
			if b.reached > i {
				n++
			}
		}
		fmt.Fprintf(&out, "%4d %s\n", n, s)
	}
	kinds := map[string][]string{}
	assembly := 0
	for _, b := range list {
		if b.reached == len(stages) && b.assembly {
			assembly++
		}
		for _, k := range b.kinds() {
			if !slices.Contains(kinds[k], b.name) {
				kinds[k] = append(kinds[k], b.name)
			}
		}
	}
	fmt.Fprintf(&out, "%4d has assembly\n\n", assembly)
	order := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		if d := len(kinds[b]) - len(kinds[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, k := range order {
		fmt.Fprintf(&out, "%4d %s\n     %s\n", len(kinds[k]), k, strings.Join(kinds[k], " "))
	}
	return out.String()
}

// kinds are the reasons without what differs from kernel to kernel.
func (b *bench) kinds() []string {
	var out []string
	if b.reached < len(stages) && b.why != "" {
		out = append(out, kind(b.why))
	}
	for _, n := range b.notes {
		out = append(out, kind(n))
	}
	if b.reached >= 4 && !b.assembly && len(b.notes) == 0 {
		out = append(out, b.String())
	}
	return out
}
