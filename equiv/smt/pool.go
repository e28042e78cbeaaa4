package smt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Options configure a Pool; the zero value is a good choice.
type Options struct {
	Engine     string        // auto (or empty), goz3, process
	Command    string        // of the process engine; empty: z3, or else cvc5
	Jobs       int           // solvers at work at a time; 0: GOMAXPROCS
	RLimit     uint          // solver steps for one query; 0: DefaultRLimit
	Timeout    time.Duration // until a solver that ignores RLimit is killed; 0: a minute
	CacheDir   string        // machines may share it; empty: loopopt in the user's cache directory
	NoCache    bool          // keep verdicts in memory only
	EmitDir    string        // if set, every query is written there as an .smt2 file
	Memory     int64         // bytes that solvers may take, all together; 0: no limit
	CrossCheck string        // commands of second solvers that have to agree, by commas; goz3 is the one in process
	// Progress is told of every query asked or answered, one call at a time. It must not
	// call the pool.
	Progress func(done, total int)
}

// DefaultRLimit is some ten seconds of hard work for Z3; real obligations take
// milliseconds.
const DefaultRLimit = 10_000_000

// secondWall is how many milliseconds a second solver may take for a problem.
const secondWall = 5_000

// A Pool answers queries, several at a time. It is safe for concurrent use.
type Pool struct {
	opts  Options
	main  *solver
	slots chan struct{} // taken while presolving

	seconds []*solver // that cross-check

	memory *cache // of what the presolver did, by the text of the formula
	proofs *cache // of what Remember was told

	mu     sync.Mutex
	stats  Stats
	checks []CrossCheck // by seconds
	total  int
	done   int
}

// Stats count what a Pool did.
type Stats struct {
	Solver    string        // name and version
	Queries   int           // asked
	Presolved int           // decided without a solver
	CacheHits int           // answered from an earlier query, of this run or another
	Solved    int           // decided by the solver
	Unknown   int           // not decided
	MaxTime   time.Duration // of one query
	MaxName   string        // of the query that took MaxTime
	SolveTime time.Duration // summed over all queries
}

// NewPool finds the solvers and asks them for their versions. Close the pool after use.
func NewPool(opts Options) (*Pool, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = runtime.GOMAXPROCS(0)
	}
	if opts.RLimit == 0 {
		opts.RLimit = DefaultRLimit
	}
	if opts.Timeout <= 0 {
		opts.Timeout = time.Minute
	}
	switch {
	case opts.NoCache:
		opts.CacheDir = ""
	case opts.CacheDir == "":
		if dir, err := os.UserCacheDir(); err == nil {
			opts.CacheDir = filepath.Join(dir, "loopopt")
		}
	}
	l := limits{rlimit: opts.RLimit, quick: quickMillis, wall: opts.Timeout.Milliseconds(), memory: opts.Memory, jobs: opts.Jobs}
	ctx := context.Background()
	e, err := findEngine(ctx, opts, l)
	if err != nil {
		return nil, err
	}
	p := &Pool{opts: opts, main: newSolver(e, opts), slots: make(chan struct{}, opts.Jobs)}
	p.memory, p.proofs = newMemory(opts.CacheDir, presolved), newMemory(opts.CacheDir, "proofs")
	p.stats.Solver = e.identity()
	l.wall = min(l.wall, secondWall) // its not telling in time changes no verdict
	for _, command := range strings.Split(opts.CrossCheck, ",") {
		if command = strings.TrimSpace(command); command == "" {
			continue
		}
		e, err := secondEngine(ctx, command, l)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cross-check: %w", err), p.Close())
		}
		p.seconds = append(p.seconds, newSolver(e, opts))
		p.checks = append(p.checks, CrossCheck{Solver: command + " (" + e.identity() + ")"})
	}
	return p, nil
}

// Solver gives the name and version of the solver.
func (p *Pool) Solver() string { return p.stats.Solver }

// Close ends the solvers when the queries under way are answered, which canceling their
// context hastens.
func (p *Pool) Close() error {
	err := errors.Join(p.main.close(), p.memory.close(), p.proofs.close())
	for _, s := range p.seconds {
		err = errors.Join(err, s.close())
	}
	return err
}

// Stats gives the counts so far.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Check answers q.
func (p *Pool) Check(ctx context.Context, q *Query) Answer {
	p.count(1, 0)
	a := p.guarded(ctx, q)
	p.record(q, a)
	p.count(0, 1)
	return a
}

// guarded is check, but for panics.
func (p *Pool) guarded(ctx context.Context, q *Query) (a Answer) {
	if err := Guard(func() { a = p.check(ctx, q) }); err != nil {
		return Answer{Reason: err.Error(), Err: err}
	}
	return a
}

// Presolve answers q if that takes no solver; Unknown says nothing. Where every
// query is to be written or cross-checked, it leaves all to Check.
func (p *Pool) Presolve(ctx context.Context, q *Query) Answer {
	if len(p.seconds) > 0 || p.opts.EmitDir != "" || ctx.Err() != nil {
		return Answer{}
	}
	f, _ := settled(q.formula())
	key := p.memory.keyOf(f.String())
	a := Answer{Status: Unsat, By: presolved, Cached: true}
	switch p.memory.entry(key) {
	case tooHard:
		return Answer{}
	case "":
		if _, a = p.presolve(ctx, f, false); ctx.Err() != nil {
			return Answer{}
		}
		if a.Status != Unsat {
			p.memory.store(key, tooHard)
			return Answer{}
		}
		p.memory.store(key, refuted)
	}
	p.count(1, 1)
	p.record(q, a)
	return a
}

// CheckAll answers queries in parallel; the answers come in the order of the queries.
func (p *Pool) CheckAll(ctx context.Context, qs []*Query) []Answer {
	p.count(len(qs), 0)
	answers := make([]Answer, len(qs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(p.opts.Jobs, len(qs)) {
		wg.Go(func() {
			for i := range next {
				answers[i] = p.guarded(ctx, qs[i])
				p.record(qs[i], answers[i])
				p.count(0, 1)
			}
		})
	}
	for i := range qs {
		next <- i
	}
	close(next)
	wg.Wait()
	return answers
}

func (p *Pool) count(total, done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += total
	p.done += done
	if p.opts.Progress != nil {
		p.opts.Progress(p.done, p.total)
	}
}

func (p *Pool) record(q *Query, a Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.stats
	s.Queries++
	switch {
	case a.Status == Unknown:
		s.Unknown++
	case a.By == presolved:
		s.Presolved++
	case a.Cached:
		s.CacheHits++
	default:
		s.Solved++
	}
	s.SolveTime += a.Time
	if a.Time > s.MaxTime {
		s.MaxTime, s.MaxName = a.Time, q.Name
	}
}

// presolved names the presolver as the one who decided.
const presolved = "presolve"

func (p *Pool) check(ctx context.Context, q *Query) Answer {
	if err := ctx.Err(); err != nil {
		return Answer{Reason: "canceled", Err: err}
	}
	asked := q.formula()
	v := newVars()
	v.add(asked)
	if err := v.clash(); err != nil {
		return Answer{Reason: err.Error(), Err: err}
	}
	if p.opts.EmitDir != "" {
		if err := emit(p.opts.EmitDir, q); err != nil {
			return Answer{Reason: err.Error(), Err: err}
		}
	}
	f, values := settled(asked)
	key, before := p.memory.keyOf(f.String()), ""
	if len(p.seconds) == 0 {
		before = p.memory.entry(key)
	}
	if before == refuted {
		return Answer{Status: Unsat, By: presolved, Cached: true}
	}
	g, a := p.presolve(ctx, f, before == tooHard)
	if err := ctx.Err(); err != nil { // f may not be lowered
		return Answer{Reason: "canceled", Err: err}
	}
	if a.Status == Unsat {
		p.memory.store(key, refuted)
	} else {
		if before == "" && ctx.Err() == nil {
			p.memory.store(key, tooHard)
		}
		a = p.solve(ctx, f, g)
	}
	if len(p.seconds) > 0 {
		a = p.crossCheck(ctx, q, a)
	}
	return inNamesOf(v, asked, values, a)
}

// What the presolver made of a formula, as it is remembered: the steps of a
// schedule, and one run and the next, ask much the same.
const (
	refuted = "unsat"
	tooHard = "hard"
)

// newMemory makes a cache for one build of this program: unlike a solver it
// changes without a new version. Machines may share the cache.
func newMemory(dir, name string) *cache {
	stamp := ""
	if dir != "" {
		if stamp = programHash(); stamp == "" {
			dir = ""
		}
	}
	c := newCache(dir, name)
	c.identity = name + " " + stamp
	return c
}

// programHash is a hash of the running program, or empty.
var programHash = sync.OnceValue(func() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(exe)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
})

// Remember keeps a one-line entry that this program, with its solver and its
// limits, found out about a text.
func (p *Pool) Remember(text, entry string) {
	if !strings.ContainsRune(entry, '\n') {
		p.proofs.store(p.proofs.keyOf(p.given(text)), entry)
	}
}

// Fleeting counts the queries so far that were left open for another reason than that all
// steps were taken: by the clock, a signal, a solver that gave up or died. Another run may
// come to an answer.
func (p *Pool) Fleeting() int64 { return p.main.fleeting.Load() }

// Recall is what Remember kept of the text, in this run or an earlier one, or
// empty. Where every query is to be written or cross-checked, it is empty.
func (p *Pool) Recall(text string) string {
	if len(p.seconds) > 0 || p.opts.EmitDir != "" {
		return ""
	}
	return p.proofs.entry(p.proofs.keyOf(p.given(text)))
}

func (p *Pool) given(text string) string {
	return fmt.Sprintf("%s %d\n%s", p.main.engine.identity(), p.opts.RLimit, text)
}

// presolve lowers f and tries to do without a solver. That is work, too: no more of it goes
// on at a time than there are jobs.
func (p *Pool) presolve(ctx context.Context, f *Term, lowerOnly bool) (*Term, Answer) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return f, Answer{}
	}
	begin := time.Now()
	g := lower(f)
	if lowerOnly {
		return g, Answer{}
	}
	r := presolve(g)
	return g, Answer{Status: r.status, By: presolved, Time: time.Since(begin)}
}

// solve asks the solver about f, which g is without quotients: first without products.
func (p *Pool) solve(ctx context.Context, f, g *Term) Answer {
	if h := relaxed(f); h != nil {
		if a := p.main.check(ctx, h); a.Status == Unsat || a.Err != nil {
			return a
		}
	}
	return p.main.check(ctx, g)
}

// inNamesOf leaves of a model only the variables of the query's formula f, adds those that
// were settled, and trusts it only if it satisfies that formula as it was asked, quotients and all.
func inNamesOf(v vars, f *Term, settled Model, a Answer) Answer {
	if a.Status != Sat {
		return a
	}
	m := maps.Clone(settled)
	for n := range a.Model {
		if v.ints[n] || v.bools[n] {
			m[n] = a.Model[n]
		}
	}
	a.Model = m
	if !EvalBool(f, m) {
		a.Status, a.Model, a.Reason = Unknown, nil, "the model does not satisfy the query"
	}
	return a
}
