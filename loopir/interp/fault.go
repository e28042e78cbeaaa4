package interp

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A FaultKind says what made a run meaningless.
type FaultKind uint8

const (
	BadKernel      FaultKind = iota // not well formed
	BadInput                        // an input missing or of the wrong type or shape
	WhereFails                      // sizes that the where clause forbids
	OutOfBounds                     // an index outside its array
	Uninitialized                   // a read of a cell never written
	Unwritten                       // an out cell never written
	NegativeExtent                  // an array of negative extent
	DivisionByZero                  // / or % by 0, or by a negative index
	BadStep                         // a loop step <= 0
	Race                            // two iterations of a parallel or vectorize loop in conflict
	Alias                           // an array passed twice, once for writing
	Overflow                        // an index that does not fit in int64
	TooLarge                        // MaxBytes
	TooLong                         // MaxSteps, or the context ended
	Unknown                         // an index of data in a run on symbolic values
)

var kindNames = [...]string{
	"bad kernel", "bad input", "where fails", "out of bounds", "uninitialized read", "unwritten cell",
	"negative extent", "division by zero", "bad step", "race", "alias", "overflow", "too large", "too long", "unknown index",
}

func (k FaultKind) String() string { return kindNames[k] }

// A Fault is how a run fails. Its message is Err's.
type Fault struct {
	Kind  FaultKind
	Err   *loopir.Error
	Stmt  loopir.Stmt // where, when it is in a statement
	Iters []Iter      // iterators around, outermost first
	Array string
	Cell  []int // where it is about one
}

// An Iter is the value of an iterator.
type Iter struct {
	Name  string
	Value int64
}

func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap gives the loopir.Error.
func (f *Fault) Unwrap() error { return f.Err }

func describeIters(iters []Iter) string {
	if len(iters) == 0 {
		return ""
	}
	parts := make([]string, len(iters))
	for i, it := range iters {
		parts[i] = fmt.Sprintf("%s=%d", it.Name, it.Value)
	}
	return " at (" + strings.Join(parts, ", ") + ")"
}

// CellName writes A[1][2].
func CellName(array string, cell []int) string {
	var b strings.Builder
	b.WriteString(array)
	for _, i := range cell {
		fmt.Fprintf(&b, "[%d]", i)
	}
	return b.String()
}
