package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// gravity orders the exit codes of what a command does one after the other. Nothing hides
// what is wrong for sure, but for a defect, after which nothing is to be trusted; what was
// not looked at counts more than what could not be decided.
var gravity = []int{exitOK, exitUnknown, exitUsage, exitFindings, exitInternal}

// worse is the graver of two exit codes.
func worse(a, b int) int {
	if slices.Index(gravity, a) > slices.Index(gravity, b) {
		return a
	}
	return b
}

// coded is the end of a command whose messages are out.
func coded(code int) error {
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}

// codeOfOutcome is the code of an outcome of a proof.
func codeOfOutcome(o equiv.Outcome) int {
	switch o {
	case equiv.Proved:
		return exitOK
	case equiv.Refuted:
		return exitFindings
	}
	return exitUnknown
}

// codeOf is the code of the worst error, that of wrong input if none has a position.
func codeOf(errs ...*loopir.Error) int {
	if len(errs) == 0 {
		return exitUsage
	}
	code := exitOK
	for _, e := range errs {
		switch e.Kind {
		case loopir.Refuted:
			code = worse(code, exitFindings)
		case loopir.Undecided:
			code = worse(code, exitUnknown)
		default:
			code = worse(code, exitUsage)
		}
	}
	return code
}

// tell prints an error and gives its exit code.
func (a *app) tell(err error) int {
	var defect *smt.Defect
	if errors.As(err, &defect) {
		fmt.Fprintf(a.err, "loopopt: %v\n%s\nThis is a defect of loopopt; nothing was proved.\n", defect, defect.Stack)
		return exitInternal
	}
	var ee *exitError
	if errors.As(err, &ee) {
		if ee.msg != "" {
			fmt.Fprintln(a.err, "loopopt: "+ee.msg)
		}
		return ee.code
	}
	if errs := errorsOf(err); len(errs) > 0 {
		fmt.Fprint(a.err, loopir.Render(err, a.sources))
		return codeOf(errs...)
	}
	fmt.Fprintln(a.err, "loopopt: "+err.Error())
	return exitUsage
}

// aboutInput tells whether an error is about one of several files, so that the others can
// still be looked at.
func aboutInput(err error) bool {
	var defect *smt.Defect
	var ended *exitError
	return !errors.As(err, &defect) && !errors.As(err, &ended)
}
