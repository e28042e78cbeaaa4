package smt

import (
	"fmt"
	"time"
)

// A Query asks whether Hyps imply Goal for all values of the variables. They do exactly if
// Hyps and the negated goal together are unsatisfiable.
type Query struct {
	Name string // of the obligation, such as block/covers-every-iteration
	Hyps []*Term
	Goal *Term  // nil means False: are the hypotheses contradictory?
	Want Status // what the asker expects, noted in emitted files; Unknown means Unsat
}

// formula gives Hyps and not Goal, whose unsatisfiability proves q.
func (q *Query) formula() *Term {
	fs := append([]*Term(nil), q.Hyps...)
	if q.Goal != nil {
		fs = append(fs, Not(q.Goal))
	}
	return And(fs...)
}

// A Status is the outcome for hypotheses and negated goal.
type Status uint8

const (
	Unknown Status = iota // nothing is known: a limit, an error, a cancellation
	Unsat                 // the goal follows from the hypotheses
	Sat                   // it does not, and the model shows it
)

// String gives the SMT-LIB word.
func (s Status) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Unsat:
		return "unsat"
	case Sat:
		return "sat"
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// An Answer says how a query came out.
type Answer struct {
	Status Status
	Model  Model         // if Sat: satisfies hypotheses and negated goal, checked by EvalBool
	Reason string        // if Unknown: why
	Err    error         // if set, Status is Unknown, and trying again or harder won't help
	By     string        // who decided: presolve, or a solver's name and version
	Cached bool          // the verdict is an earlier one, read back
	Time   time.Duration // spent on this query, waiting for a worker left out
}

// Valid reports whether the hypotheses were proved to imply the goal.
func (a Answer) Valid() bool { return a.Status == Unsat }
