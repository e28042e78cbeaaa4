package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// grace is how long a command may take to end by itself once it is interrupted or has
// reached a limit: what runs in process, Z3 or a pass, does not hear of a context.
const grace = time.Second

// exitSignal is the exit code of a command that signal s ended, as shells have it.
func exitSignal(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 128 + int(syscall.SIGINT)
}

// An interruption is the cause of a context that a signal ended.
type interruption struct{ signal os.Signal }

func (e *interruption) Error() string { return "interrupted by " + e.signal.String() }

// interruptible gives a context that SIGINT or SIGTERM ends. A command that has
// not ended within grace, or gets a second signal, is ended from here:
// files are replaced by renaming, so none is left half written, and those that
// were not renamed yet are removed.
func interruptible(errs io.Writer) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		cancel(&interruption{s})
		select {
		case <-signals:
		case <-time.After(grace):
		}
		unfinished.remove()
		fmt.Fprintln(errs, "loopopt: interrupted")
		os.Exit(exitSignal(s))
	}()
	return ctx
}

// limits are what a command may take. Reached, the answer is unknown.
type limits struct {
	timeout time.Duration // 0: none
	memory  byteSize      // resident, of this process and of the solvers that it runs
}

// A limitReached is the cause of a context that a limit ended.
type limitReached struct{ flag, value string }

func (e *limitReached) Error() string {
	return fmt.Sprintf("not decided within --%s %s", e.flag, e.value)
}

// reached is the limit that ended a context, or nil.
func reached(ctx context.Context) *limitReached {
	var l *limitReached
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &l) {
		return l
	}
	return nil
}

// limit puts the context of a command under the limits, until stop.
func (a *app) limit(cmd *cobra.Command) (stop func(), err error) {
	l := a.limits
	if l.timeout < 0 {
		return nil, &exitError{exitUsage, fmt.Sprintf("--timeout %v: it must not be negative", l.timeout)}
	}
	ctx, cancel := context.WithCancelCause(cmd.Context())
	cmd.SetContext(ctx)
	debug.SetGCPercent(collectAt)
	done := make(chan struct{})
	var share heapShare
	if share.leave(int64(l.memory)) >= int64(l.memory) { // too little for anything
		cancel(&limitReached{"memory", l.memory.String()})
	}
	go a.watch(ctx, cancel, done, &share)
	return sync.OnceFunc(func() { close(done) }), nil
}

// watchEvery is how often memory is looked at. Proving takes a few hundred megabytes a
// second at most.
const watchEvery = 40 * time.Millisecond

// watch cancels a command at a limit, and ends it if it does not end by itself.
func (a *app) watch(ctx context.Context, cancel context.CancelCauseFunc, done <-chan struct{}, share *heapShare) {
	var over <-chan time.Time // nil: no such limit
	if a.limits.timeout > 0 {
		over = time.After(a.limits.timeout)
	}
	var late <-chan time.Time // set once a limit is reached
	most := int64(a.limits.memory)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	look := func() {
		used := share.leave(most)
		if used < most {
			return
		}
		if late == nil {
			cancel(&limitReached{"memory", a.limits.memory.String()})
			late = time.After(grace)
		}
		if used > most+most/8 { // it may not go on for even that long
			a.end(ctx)
		}
	}
	for look(); ; {
		select {
		case <-done:
			return
		case <-over:
			cancel(&limitReached{"timeout", a.limits.timeout.String()})
			over, late = nil, time.After(grace)
		case <-late:
			a.end(ctx)
		case <-tick.C:
			look()
		}
	}
}

// end ends the program for a limit that it does not heed.
func (a *app) end(ctx context.Context) {
	l := reached(ctx)
	if l == nil { // by a signal, whose own watch ends the program
		return
	}
	unfinished.remove()
	a.undecided(l)
	os.Exit(exitUnknown)
}

// undecided tells that a limit ended the command. To machines it is the answer, unless
// one was printed. Who comes second, of the command and its watch, waits for the first.
func (a *app) undecided(l *limitReached) {
	a.told.Do(func() {
		fmt.Fprintln(a.err, "loopopt: unknown: "+l.Error())
		if !a.answered.Swap(true) {
			_ = a.write(a.machine(), []finding{{equiv.Unknown, loopir.Span{File: a.about}, l.Error(), nil}},
				map[string]any{"outcome": equiv.Unknown, "reason": l.Error()})
		}
	})
}

// A heapShare is what the garbage collector was told that Go's memory may grow to.
type heapShare struct {
	told  int64
	meter meter
}

// plenty is how much memory Go may take before garbage is looked at more closely than
// collectAt asks for.
const plenty = 256 << 20

// collectAt is GOGC: proving makes much garbage and holds little.
const collectAt = 400

// leave tells the garbage collector what of most is left for it beside the memory that
// is not Go's, and gives the memory in use. Where most of what is left is no garbage,
// all counts as in use: the collector would take the time for ever smaller gains.
func (h *heapShare) leave(most int64) int64 {
	m := h.meter.footprint()
	left := max(most-most/8-(m.all-m.inGo), most/8)
	tell := min(left, max(plenty, m.live*3))
	const step = 16 << 20 // telling stops the world
	if h.told == 0 || tell < h.told-step || tell > h.told+step {
		debug.SetMemoryLimit(tell)
		h.told = tell
	}
	if m.live > left/10*7 {
		return max(m.all, most)
	}
	return m.all
}

// unfinished is the temporary files that are not renamed or removed yet.
var unfinished tempFiles

type tempFiles struct {
	mu    sync.Mutex
	paths map[string]bool
	ended bool
}

// create makes a temporary file or folder beside where it will go; the function
// removes it if it is still there.
func (t *tempFiles) create(make func() (string, error)) (path string, done func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return "", nil, context.Canceled
	}
	if path, err = make(); err != nil {
		return "", nil, err
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if t.paths == nil {
		t.paths = map[string]bool{}
	}
	t.paths[path] = true
	return path, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		_ = os.RemoveAll(path)
		delete(t.paths, path)
	}, nil
}

// remove removes what is left, for good.
func (t *tempFiles) remove() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	for path := range t.paths {
		_ = os.RemoveAll(path)
	}
}
