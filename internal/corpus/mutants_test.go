package corpus

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/internal/mutate"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/referee"
	"github.com/loopopt/loopopt/loopir"
)

var (
	mutants       = flag.Int("mutants", 0, "how many mutants TestMutants makes of the corpus; 0: a few")
	mutantFigures = flag.String("mutant-figures", "", "file for the figures of TestMutants")
)

// mutantSamples is how many runs judge a mutant.
const mutantSamples = 24

// mutantBudget is enough for what can be proved at all; a mutant is no place to
// think for seconds.
const mutantBudget = 500_000

// A fate is what became of a mutant.
type fate struct {
	pair, what string
	differs    *referee.Difference
	outcome    equiv.Outcome
	verdict    equiv.Verdict
	reason     string // when not proved
	stale      bool   // a counterexample that does not replay
	alone      bool   // it differs, and was put to the prover without any search for a counterexample
}

// told tells whether runs show that the mutant differs, rounding aside.
func (f *fate) told() bool { return f.differs != nil && f.differs.Clear }

// wrong tells whether it was proved although runs show that it differs.
func (f *fate) wrong() bool {
	return f.outcome == equiv.Proved && (f.told() || f.differs != nil && f.verdict == equiv.Exact)
}

// kind is the mutation without its place.
func (f *fate) kind() string { return f.what[strings.LastIndex(f.what, ": ")+2:] }

// TestMutants changes the second program of pairs that are proved. No mutant that
// a random run tells from the first program may be proved, not by the prover alone either,
// which no counterexample keeps from it, and of these 99 in 100 have to be refuted.
func TestMutants(t *testing.T) {
	cases, err := ReadAll([]string{root}, ArchiveExt, ManifestExt)
	if err != nil {
		t.Fatal(err)
	}
	total := *mutants
	if total == 0 {
		total = 150
		if testing.Short() {
			total = 40
		}
		cases = Shard(cases, 1, 12)
	}
	subjects := mutantSubjects(t, cases)
	if len(subjects) == 0 {
		t.Fatal("nothing to change")
	}
	fates := mutantFates(t, subjects, (total+len(subjects)-1)/len(subjects))
	report := fateReport(fates)
	t.Log(report)
	if *mutantFigures != "" {
		text := fmt.Sprintf("goos: %s\ngoarch: %s\ncpu: %s\n\n%s", runtime.GOOS, runtime.GOARCH, cpuName(), report)
		if err := os.WriteFile(*mutantFigures, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	apart, refuted := 0, 0
	for i := range fates {
		f := &fates[i]
		if f.wrong() {
			t.Errorf("%s: %s: proved %v, but %v", f.pair, f.what, f.verdict, f.differs)
		}
		if f.stale {
			t.Errorf("%s: %s: the counterexample does not replay", f.pair, f.what)
		}
		if f.told() {
			apart++
			if f.outcome == equiv.Refuted {
				refuted++
			}
		}
	}
	if 100*refuted < 99*apart {
		t.Errorf("%d of %d mutants that differ are refuted, fewer than 99 %%", refuted, apart)
	}
}

// A subject is a pair whose second program is changed.
type subject struct {
	name string
	pair pipeline.Pair
}

// mutantSubjects picks the pairs that are proved, one for each second program.
func mutantSubjects(t *testing.T, cases []Case) []subject {
	t.Helper()
	seen := map[string]bool{}
	var positives []Case
	for _, c := range cases {
		if c.Want.Outcome == equiv.Proved && !seen[c.After.Name] {
			seen[c.After.Name] = true
			positives = append(positives, c)
		}
	}
	var out []subject
	for _, c := range positives {
		pairs, err := c.kernels()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			out = append(out, subject{strings.TrimPrefix(c.Name, root+"/"), p})
		}
	}
	return out
}

func mutantFates(t *testing.T, subjects []subject, each int) []fate {
	pool, err := smt.NewPool(smt.Options{NoCache: true, RLimit: mutantBudget})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // a test's
	var mu sync.Mutex
	var wg sync.WaitGroup
	var out []fate
	next := make(chan subject)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for s := range next {
				seed := uint64(0)
				mutate.Each(s.pair.File, s.pair.After, each, func(m *loopir.Kernel, what string) {
					seed++
					f := judge(s.pair, m, seed, equiv.Options{Pool: pool})
					f.pair, f.what = s.name, what[strings.LastIndex(what, ".loop:")+len(".loop:"):]
					mu.Lock()
					out = append(out, f)
					mu.Unlock()
				})
			}
		})
	}
	for _, s := range subjects {
		next <- s
	}
	close(next)
	wg.Wait()
	sort.SliceStable(out, func(i, j int) bool {
		return out[i].pair+"\x00"+out[i].what < out[j].pair+"\x00"+out[j].what
	})
	return out
}

// judge asks runs and the prover about mutant m of p's second kernel.
func judge(p pipeline.Pair, m *loopir.Kernel, seed uint64, opts equiv.Options) fate {
	var f fate
	if r, err := referee.New(p.File, p.Before, m); err == nil {
		f.differs = r.Compare(seed, mutantSamples)
	}
	ctx := context.Background()
	safe, err := equiv.CheckSafety(ctx, p.File, m, opts)
	if err != nil || safe.Outcome == equiv.Refuted {
		f.outcome = equiv.Refuted
		return f
	}
	if f.told() && safe.Outcome == equiv.Proved {
		alone := opts
		alone.ProofOnly, f.alone = true, true
		if res, err := equiv.Check(ctx, p.File, p.Before, m, alone); err == nil && res.Outcome == equiv.Proved {
			f.outcome, f.verdict = res.Outcome, res.Verdict // which is wrong
			return f
		}
	}
	res, err := equiv.Check(ctx, p.File, p.Before, m, opts)
	var told *loopir.Error
	switch {
	case errors.As(err, &told): // can't be compared at all
		f.outcome = equiv.Refuted
		return f
	case err != nil:
		panic(err)
	}
	f.outcome, f.verdict = res.Outcome, res.Verdict
	f.stale = res.Counterexample != nil && !res.Counterexample.Replay(p.File, p.Before, m)
	if f.outcome == equiv.Proved && safe.Outcome != equiv.Proved {
		f.outcome = equiv.Unknown
	}
	for _, e := range append(res.Failures, safe.Findings...) {
		f.reason = e.Msg
		break
	}
	return f
}

// fateReport counts, and lists the survivors by the reason why they live.
func fateReport(fates []fate) string {
	count := map[string]int{}
	classes := map[string][]string{}
	missed := []string{}
	alone := 0
	for i := range fates {
		f := &fates[i]
		line := "  " + f.pair + " " + f.what
		if f.alone {
			alone++
		}
		switch {
		case f.wrong():
			count["WRONGLY PROVED"]++
		case f.told() && f.outcome == equiv.Refuted:
			count["differ: refuted"]++
		case f.told():
			count["differ: unknown"]++
			missed = append(missed, fmt.Sprintf("%s: %v\n      %s", line, f.differs, f.reason))
		case f.outcome == equiv.Refuted:
			count["no sample differs: refuted"]++
		case f.outcome == equiv.Proved:
			count["survivors: proved"]++
			classes["equivalent, proved "+f.verdict.String()+": "+f.kind()] = append(classes["equivalent, proved "+f.verdict.String()+": "+f.kind()], line)
		default:
			count["survivors: unknown"]++
			why := "no sample differs, unknown: " + f.reason
			classes[why] = append(classes[why], line)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d mutants, %d runs each\n", len(fates), mutantSamples)
	for _, k := range sortedKeys(count) {
		fmt.Fprintf(&b, "%-28s %d\n", k, count[k])
	}
	apart := count["differ: refuted"] + count["differ: unknown"] + count["WRONGLY PROVED"]
	fmt.Fprintf(&b, "%-28s %.2f %%\n", "refuted of those that differ", 100*float64(count["differ: refuted"])/float64(max(apart, 1)))
	fmt.Fprintf(&b, "%-28s %d\n", "put to the prover alone", alone)
	fmt.Fprintf(&b, "\nthat differ, and are unknown\n%s\n", strings.Join(missed, "\n"))
	for _, k := range sortedKeys(classes) {
		fmt.Fprintf(&b, "\n%s (%d)\n%s\n", k, len(classes[k]), strings.Join(classes[k], "\n"))
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
