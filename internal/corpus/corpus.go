// Package corpus reads collections of pairs of kernels with what is expected of
// each, has them proved on all cores, and sums up.
//
// A collection is a txtar archive, whose comment holds prose and lines
//
//	naive tiled: proved exact
//	naive wrong: refuted
//
// about its files naive.loop, tiled.loop and wrong.loop; or a manifest, a text
// file whose name ends in .pairs, with such lines about files beside it:
//
//	# convolutions
//	conv.loop blocked.loop: proved reassociated
//
// `proved` alone accepts every verdict.
package corpus

import (
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// An Expectation is what should come of a pair: Proved with the given verdict
// (NoVerdict: with any), or Refuted.
type Expectation struct {
	Outcome equiv.Outcome
	Verdict equiv.Verdict
}

// String gives the words of the notation.
func (e Expectation) String() string {
	return strings.TrimSpace(e.Outcome.String() + " " + e.Verdict.String())
}

func parseExpectation(s string) (Expectation, bool) {
	words := strings.Fields(s)
	switch {
	case len(words) == 1 && words[0] == "refuted":
		return Expectation{Outcome: equiv.Refuted}, true
	case len(words) == 1 && words[0] == "proved":
		return Expectation{Outcome: equiv.Proved}, true
	case len(words) == 2 && words[0] == "proved":
		for _, v := range []equiv.Verdict{equiv.Exact, equiv.Reassociated, equiv.Algebraic, equiv.Approximate} {
			if words[1] == v.String() {
				return Expectation{equiv.Proved, v}, true
			}
		}
	}
	return Expectation{}, false
}

// A Text is a .loop file, on disk or in an archive.
type Text struct {
	Name string // for messages: path, or path of the archive and name in it
	Data []byte
}

// A Case is two programs, or a program and one of its schedules, and what is
// expected of them.
type Case struct {
	Name     string      // unique in a collection, such as classes/tile.txtar:naive-tiled
	At       loopir.Span // where the expectation is stated
	Before   Text
	After    Text   // of a pair
	Schedule string // if not a pair: the schedule of Before
	Want     Expectation
}

// kernels parses both programs of a pair and matches their kernels.
func (c *Case) kernels() ([]pipeline.Pair, error) {
	before, err := loopir.Parse(c.Before.Name, c.Before.Data)
	if err != nil {
		return nil, err
	}
	after, err := loopir.Parse(c.After.Name, c.After.Data)
	if err != nil {
		return nil, err
	}
	pairs, err := pipeline.Pairs(before, after)
	if err != nil {
		return nil, loopir.Errorf(c.At, "%v", err)
	}
	return pairs, nil
}

// schedule parses the program and finds the schedule.
func (c *Case) schedule() (*loopir.File, *loopir.Schedule, error) {
	f, err := loopir.Parse(c.Before.Name, c.Before.Data)
	if err != nil {
		return nil, nil, err
	}
	list, err := pipeline.Schedules(f, c.Schedule)
	if err != nil {
		return nil, nil, err
	}
	return f, list[0], nil
}
