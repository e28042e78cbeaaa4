package smt

import (
	"context"
	"strings"
)

// An engine decides problems. A worker of one is used by one goroutine at a time.
type engine interface {
	// identity names the solver and its version: "z3 4.8.12".
	identity() string
	// readsText tells whether workers take a problem as text, rather than its terms.
	readsText() bool
	// start makes a worker, which starts its solver when it is first needed.
	start() worker
}

type worker interface {
	// solve never guesses: anything but a clear answer is Unknown with a reason.
	solve(ctx context.Context, p *problem) result
	close()
}

// A result is an engine's word for a problem, models not yet checked.
type result struct {
	status Status
	model  Model
	reason string
	err    error // of the context, if it ended the attempt; a Defect
	spent  bool  // unknown because the solver made all the steps that it may: it would again
}

// gaveUp is Unknown for the reason that a solver itself gives.
func gaveUp(reason string) result {
	return result{reason: reason, spent: strings.Contains(reason, "resource limit")}
}

func unknown(reason string) result { return result{reason: reason} }

func defective(err error) result { return result{reason: err.Error(), err: err} }

// limits bound one problem.
type limits struct {
	rlimit uint  // solver steps, deterministic
	quick  int64 // milliseconds for the first, incremental attempt
	wall   int64 // milliseconds until a solver that ignores its limits is killed
	memory int64 // bytes for all solvers; 0: no limit
	jobs   int   // solvers that share it
}

// of are the limits for p: a step with products takes some five times as long, and what is
// proved with them is proved in few.
func (l limits) of(p *problem) limits {
	if p.logic != "QF_LIA" {
		l.rlimit = max(l.rlimit/5, min(l.rlimit, enoughProducts))
	}
	return l
}

// enoughProducts are steps with products that limits leave if they can.
const enoughProducts = 1_000_000
