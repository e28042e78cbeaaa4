package loopir

import (
	"errors"
	"fmt"
	"sort"
)

// An ErrorKind says who has to act on an error.
type ErrorKind uint8

const (
	Malformed ErrorKind = iota // the text is not a program: exit 2
	Rejected                   // well formed, but not legal here: exit 2
	Refuted                    // proved wrong, with a counterexample: exit 1
	Undecided                  // the prover could not tell: exit 4
)

// An Error is told to a person: where, what, what would be legal instead.
type Error struct {
	Kind  ErrorKind
	Span  Span
	Msg   string
	Notes []Note
}

// A Note points at another culprit, or, with a zero Span, adds a line.
type Note struct {
	Span Span
	Msg  string
}

// Errorf makes a Malformed error.
func Errorf(at Span, format string, args ...any) *Error {
	return &Error{Span: at, Msg: fmt.Sprintf(format, args...)}
}

// Rejectf makes a Rejected error.
func Rejectf(at Span, format string, args ...any) *Error {
	return &Error{Kind: Rejected, Span: at, Msg: fmt.Sprintf(format, args...)}
}

// Note adds a note and returns e.
func (e *Error) Note(at Span, format string, args ...any) *Error {
	e.Notes = append(e.Notes, Note{at, fmt.Sprintf(format, args...)})
	return e
}

// Error gives file:line:col: message, on one line; notes are left out.
func (e *Error) Error() string {
	if s := e.Span.String(); s != "" {
		return s + ": " + e.Msg
	}
	return e.Msg
}

// String gives file:line:col, or "" for the zero Span.
func (s Span) String() string {
	if s.Start.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Start.Line, s.Start.Col)
}

// An ErrorList is several errors; the zero value is none.
type ErrorList []*Error

// Err returns l sorted by position as an error, nil when l is empty.
func (l ErrorList) Err() error {
	if len(l) == 0 {
		return nil
	}
	sort.SliceStable(l, func(i, j int) bool { return l[i].Span.Start.Offset < l[j].Span.Start.Offset })
	return l
}

// Error joins the messages by newlines.
func (l ErrorList) Error() string {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errors.Join(errs...).Error()
}
