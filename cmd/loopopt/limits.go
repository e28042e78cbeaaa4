package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// signalGrace is how long a command may take to end by itself once it is
// interrupted: what runs in process, Z3 or a pass, does not hear of a context.
const signalGrace = time.Second

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
// not ended within signalGrace, or gets a second signal, is ended from here:
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
		case <-time.After(signalGrace):
		}
		unfinished.remove()
		fmt.Fprintln(errs, "loopopt: interrupted")
		os.Exit(exitSignal(s))
	}()
	return ctx
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
