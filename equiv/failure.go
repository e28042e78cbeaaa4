package equiv

import (
	"fmt"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A failure says why two values were not shown to be equal. It refutes
// nothing: only a run that differs does.
type failure struct {
	at     loopir.Span
	msg    string
	notes  []loopir.Note
	answer *answer // the obligation that was not proved, or nil

	recurrence bool // following a value came back to where it was
}

func failf(at loopir.Span, format string, args ...any) *failure {
	return &failure{at: at, msg: fmt.Sprintf(format, args...)}
}

// recurrence is the failure to write a recurrence as a polynomial.
func recurrence(at loopir.Span) *failure {
	f := failf(at, "a recurrence can't be written as a polynomial")
	f.recurrence = true
	return f
}

func (f *failure) note(at loopir.Span, format string, args ...any) *failure {
	f.notes = append(f.notes, loopir.Note{Span: at, Msg: fmt.Sprintf(format, args...)})
	return f
}

// failed makes a failure of an unproved obligation, nil of a proved one.
func failed(a *answer, msg string) *failure {
	if a.Outcome == Proved {
		return nil
	}
	f := failf(a.Span, "%s", msg)
	f.answer = a
	if a.Status != smt.Sat {
		f.note(loopir.Span{}, "%s: %s", a.Name, a.Reason)
	}
	return f
}

// A firstFailure keeps one of several failures that come in any order: the
// textually first, so that reports are the same each time.
type firstFailure struct {
	mu sync.Mutex
	f  *failure
}

func (f *firstFailure) add(g *failure) {
	if g == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil || less(g, f.f) {
		f.f = g
	}
}

func less(a, b *failure) bool {
	if a.at.Start.Offset != b.at.Start.Offset {
		return a.at.Start.Offset < b.at.Start.Offset
	}
	return a.msg < b.msg
}

// note adds the failure of an unproved obligation.
func (f *firstFailure) note(a *answer, msg string, culprit loopir.Span) {
	if g := failed(a, msg); g != nil {
		if culprit != g.at {
			g.note(culprit, "here")
		}
		f.add(g)
	}
}

func (f *firstFailure) get() *failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.f
}
