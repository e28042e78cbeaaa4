package trial

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/looprand"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

var (
	fuzzPrograms = flag.Int("fuzz-gen", 0, "how many programs TestFuzzGen generates; 0: a few")
	fuzzSeed     = flag.Uint64("fuzz-seed", 1, "the first seed of TestFuzzGen")
	fuzzFigures  = flag.String("fuzz-figures", "", "file for the figures of TestFuzzGen")
)

// In the campaign a package holds the programs of so many seeds.
const batchSize = 100

// fuzzBudget and fuzzPatience keep one random program from taking all the time.
const (
	fuzzBudget   = 300_000
	stepPatience = 2 * time.Second // for a schedule with one more step
	fuzzPatience = 20 * time.Second
)

// TestFuzzGen schedules random kernels at random and generates what is proved, for all
// processors; what comes out is vetted, compiled and run against the interpreter. A refusal
// of gen, a compile error and a difference are errors; what stays Go, and what could not be
// read back, is counted by kind. A seed alone determines what is tried.
func TestFuzzGen(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true, RLimit: fuzzBudget})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	z := &fuzzer{t: t, pool: pool, fuzzed: fuzzed{Next: *fuzzSeed, Count: map[string]int{}, Seeds: map[string][]uint64{}}}
	part := *fuzzFigures + ".part"
	if *fuzzFigures != "" {
		z.resume(part)
	}
	total, builds := 8, Builds()[:1]
	if *fuzzPrograms > 0 {
		total, builds = *fuzzPrograms, Builds()
	}
	for z.Generated < total && z.Next < *fuzzSeed+uint64(20*total) {
		z.batch(z.Next, min(batchSize, total-z.Generated), builds)
		z.Next += batchSize
		if *fuzzFigures != "" && !t.Failed() {
			z.save(part)
		}
	}
	text := z.figures()
	t.Log("\n" + text)
	if *fuzzFigures != "" {
		if err := os.WriteFile(*fuzzFigures, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if z.Generated < total {
		t.Errorf("only %d programs were generated", z.Generated)
	}
}

type fuzzer struct {
	t    *testing.T
	pool *smt.Pool
	mu   sync.Mutex
	fuzzed
}

// fuzzed is what became of the seeds before Next. It is kept after each batch without a
// failure, so that a campaign that is stopped goes on there, as long as its code is the same.
type fuzzed struct {
	Program   string // digest of the code
	Seed      uint64 // the first
	Next      uint64
	Count     map[string]int      // of what became of programs
	Seeds     map[string][]uint64 // a few for each
	Generated int
	Assembly  int
}

// resume takes up what a campaign of the same code and seed left in a file.
func (z *fuzzer) resume(file string) {
	z.Program, z.Seed = digest(z.t), z.Next
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var was fuzzed
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	switch {
	case err != nil:
		z.t.Fatal(err)
	case was.Program == z.Program && was.Seed == z.Seed:
		z.fuzzed = was
		z.t.Logf("goes on after %d programs", z.Generated)
	}
}

func (z *fuzzer) save(file string) {
	text, err := json.Marshal(z.fuzzed)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		z.t.Fatal(err)
	}
}

// digest is that of the program that runs.
func digest(t *testing.T) string {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

func (z *fuzzer) add(seed uint64, what string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.Count[what]++
	if len(z.Seeds[what]) < 4 {
		z.Seeds[what] = append(z.Seeds[what], seed)
	}
}

// batch makes one package of the programs of some seeds, at most want, and runs it.
func (z *fuzzer) batch(first uint64, want int, builds []Build) {
	made := make([]map[string][]byte, batchSize)
	var next, got atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for got.Load() < int64(want) {
				i := next.Add(1) - 1
				if i >= batchSize {
					return
				}
				if made[i] = z.program(first+uint64(i), nil); made[i] != nil {
					got.Add(1)
				}
			}
		})
	}
	wg.Wait()
	all := map[string][]byte{}
	for i, files := range made {
		if taken := pipeline.TakenNames(all, ""); files != nil && shares(taken, pipeline.TakenNames(files, "")) {
			files = z.program(first+uint64(i), taken) // helpers of one name; the proofs are known
		}
		if files == nil {
			continue
		}
		maps.Copy(all, files)
		z.Generated++
		if slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(n string) bool { return strings.HasSuffix(n, ".s") }) {
			z.Assembly++
		}
	}
	if len(all) == 0 {
		return
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		z.t.Fatal(err)
	}
	for _, b := range builds {
		failed, err := Run(context.Background(), root, all, []Build{b})
		if err != nil {
			z.t.Fatal(err)
		}
		if failed != nil {
			for _, seed := range seedsIn(failed.Output) {
				z.add(seed, failed.Build+" "+failed.Stage+" fails")
			}
			z.t.Errorf("%v", failed)
		}
	}
}

var ofSeed = regexp.MustCompile(`(?i)\bk(\d+)_|TestK(\d+)\b`)

// seedsIn are the seeds of the kernels that an output names.
func seedsIn(output string) []uint64 {
	var out []uint64
	for _, m := range ofSeed.FindAllStringSubmatch(output, -1) {
		n, err := strconv.ParseUint(m[1]+m[2], 10, 64)
		if err == nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func shares(a, b map[string]bool) bool {
	for n := range b {
		if a[n] {
			return true
		}
	}
	return false
}

// program schedules and generates the program of a seed; nil when there is none. With taken
// names it is generated once more, and what is told of it was told before.
func (z *fuzzer) program(seed uint64, taken map[string]bool) map[string][]byte {
	rng := rand.New(rand.NewPCG(seed, 17))
	name := fmt.Sprintf("k%d", seed)
	f := looprand.Rich(seed, name)
	opts := pipeline.Options{Equiv: equiv.Options{Pool: z.pool}, Taken: taken}
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	if safe, err := equiv.CheckSafety(ctx, f, f.Kernels[len(f.Kernels)-1], opts.Equiv); err != nil || safe.Outcome != equiv.Proved {
		z.add(seed, "not scheduled: the kernel is not shown to be safe")
		return nil
	}
	var steps []string
	var scheduled *loopir.File
	k := f.Kernels[len(f.Kernels)-1]
	for _, step := range plan(rng) {
		with := append(slices.Clone(steps), step(k))
		file, r := z.transformed(ctx, f, name, with)
		if r != nil {
			steps, scheduled, k = with, file, r.Final
		}
	}
	if scheduled == nil {
		z.add(seed, "not scheduled: no step is proved")
		return nil
	}
	opts.OnNote = func(e *loopir.Error) error {
		what := e.Msg
		if e.Kind != loopir.Rejected {
			what = "left out: "
			for _, n := range e.Notes {
				what += firstLine(n.Msg)
			}
		}
		if taken == nil {
			z.add(seed, kind(what))
		}
		return nil
	}
	files, err := pipeline.Generate(ctx, scheduled, scheduled.Schedules, "generated", nil, opts)
	if err == nil {
		return files
	}
	why := firstLine(err.Error())
	var e *loopir.Error
	if errors.As(err, &e) {
		for _, n := range e.Notes {
			why += " | " + firstLine(n.Msg)
		}
	}
	if ctx.Err() != nil {
		z.add(seed, "not generated: took too long")
		return nil
	}
	z.add(seed, "REFUSED: "+kind(why))
	z.t.Errorf("seed %d: %s\n%s", seed, why, loopir.Format(scheduled))
	return nil
}

// transformed proves a schedule; without one that is proved it returns nil.
func (z *fuzzer) transformed(ctx context.Context, f *loopir.File, name string, steps []string) (*loopir.File, *pipeline.Report) {
	text := fmt.Sprintf("%s\nschedule s for %s {\n%s\n}\n", loopir.Format(f), name, strings.Join(steps, "\n"))
	with, err := loopir.Parse(f.Name, []byte(text))
	if err != nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	r, err := pipeline.Transform(ctx, with, with.Schedules[0], pipeline.Options{Equiv: equiv.Options{Pool: z.pool}})
	if err != nil || r.Failed() != nil {
		return nil, nil
	}
	return with, r
}

// plan is what is tried on a kernel, in order: now and then a target, any steps, and then
// lanes, which most code generation is about.
func plan(rng *rand.Rand) []func(*loopir.Kernel) string {
	var out []func(*loopir.Kernel) string
	anything := func(k *loopir.Kernel) string { return looprand.Step(rng, k) }
	if rng.IntN(4) == 0 {
		t := []string{"avx512", "avx2", "neon", "go"}[rng.IntN(4)]
		out = append(out, func(*loopir.Kernel) string { return "target " + t })
	}
	for range rng.IntN(4) {
		out = append(out, anything)
	}
	for range 1 + rng.IntN(3) {
		n := rng.IntN(1000)
		width, tail := []int{4, 8, 16, 12}[rng.IntN(4)], []string{"peel", "guard", "mask", "min"}[rng.IntN(4)]
		out = append(out, func(k *loopir.Kernel) string {
			return fmt.Sprintf("block %s by %d into v%do, v%d tail %s", pick(rng, innermost(k)), width, n, n, tail)
		}, func(*loopir.Kernel) string { return fmt.Sprintf("vectorize v%d", n) })
	}
	return append(out,
		func(k *loopir.Kernel) string { return "vectorize " + pick(rng, innermost(k)) },
		func(k *loopir.Kernel) string { return "parallel " + pick(rng, outermost(k)) },
		anything)
}

func pick(rng *rand.Rand, list []string) string { return list[rng.IntN(len(list))] }

// innermost are the iterators of loops without a loop inside.
func innermost(k *loopir.Kernel) []string {
	return iterators(k, func(l *loopir.For) bool {
		inside := false
		loopir.Walk(l.Body, func(s loopir.Stmt) bool {
			_, loop := s.(*loopir.For)
			inside = inside || loop
			return true
		})
		return !inside
	})
}

// outermost are the iterators of loops that stand in the kernel itself.
func outermost(k *loopir.Kernel) []string {
	return iterators(k, func(l *loopir.For) bool { return slices.Contains(k.Body, loopir.Stmt(l)) })
}

func iterators(k *loopir.Kernel, want func(*loopir.For) bool) []string {
	var out []string
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok && want(l) {
			out = append(out, l.Iter)
		}
		return true
	})
	if len(out) == 0 {
		return []string{"none"}
	}
	return out
}

// figures tells what became of the seeds, the most frequent first.
func (z *fuzzer) figures() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%6d programs generated, %d with assembly\n", z.Generated, z.Assembly)
	kinds := slices.SortedFunc(maps.Keys(z.Count), func(a, b string) int {
		if d := z.Count[b] - z.Count[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, k := range kinds {
		slices.Sort(z.Seeds[k])
		fmt.Fprintf(&out, "%6d %s (seeds %v)\n", z.Count[k], k, z.Seeds[k])
	}
	return out.String()
}
