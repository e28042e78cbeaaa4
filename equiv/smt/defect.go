package smt

import (
	"fmt"
	"runtime/debug"
)

// A Defect is an error of this program rather than of its input. What was asked or
// proved on the way to it counts for nothing.
type Defect struct {
	What  string
	Stack []byte // where, for a report
}

func (d *Defect) Error() string { return "internal error: " + d.What }

// Guard calls f and returns a panic of it as a Defect. Whoever waits for f panics with
// it in turn; on f's own goroutine it would end the process.
func Guard(f func()) (err error) {
	defer Contain(&err)
	f()
	return nil
}

// Contain, deferred, makes a panic of its caller a Defect in err.
func Contain(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Defect:
		*err = r
	default:
		*err = &Defect{What: fmt.Sprint(r), Stack: debug.Stack()}
	}
}
