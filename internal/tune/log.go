package tune

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// An Outcome says what became of a candidate.
type Outcome string

// What ends a candidate's way, in the order in which it can.
const (
	Timed      Outcome = "timed"
	Rejected   Outcome = "step rejected"
	Inapt      Outcome = "not for these sizes"
	Spills     Outcome = "register spill"
	NoAssembly Outcome = "no assembly form"
	Refuted    Outcome = "refuted"
	Unknown    Outcome = "unknown"
	Unread     Outcome = "read-back failed"
	Unbuilt    Outcome = "does not build"
	Failed     Outcome = "does not run"
	Wrong      Outcome = "wrong result"
	Left       Outcome = "not timed" // others are predicted to be faster; not in the log
)

// passing tells outcomes that may be others at the next try with the same digest.
func (o Outcome) passing() bool { return o == Unknown || o == Unbuilt || o == Failed }

// A Record is what was found out about one candidate: a line of the log.
type Record struct {
	Digest    string            `json:"digest"`
	Kernel    string            `json:"kernel"`
	Schedule  string            `json:"schedule"`
	Params    map[string]string `json:"params"`
	Sizes     map[string]int64  `json:"sizes"`
	ISA       string            `json:"isa"`
	CPU       string            `json:"cpu"`
	Outcome   Outcome           `json:"outcome"`
	Message   string            `json:"message,omitempty"` // why it is not timed
	Predicted *Prediction       `json:"predicted,omitempty"`
	Measured  *Measurement      `json:"measured,omitempty"`
	Ratio     float64           `json:"ratio,omitempty"` // of measured to predicted share of the peak
	Verdict   string            `json:"verdict,omitempty"`
	Proof     string            `json:"proof,omitempty"` // digest, as the headers of generated files have it

	Candidate *Candidate `json:"-"`
	Known     bool       `json:"-"` // it was in the log
}

// A Measurement is what a run of the generated code gave: medians of rounds.
type Measurement struct {
	Seconds  float64 `json:"seconds"`
	GFLOPS   float64 `json:"gflops"`
	Share    float64 `json:"share"`    // of the peak measured between
	Peak     float64 `json:"peak"`     // GFLOP/s
	Spread   float64 `json:"spread"`   // of the rounds: worst over best, less 1
	Rounds   int     `json:"rounds"`   //
	Against  string  `json:"against"`  // what outputs were compared with
	Distance float64 `json:"distance"` // the largest difference, of the largest value
}

// A Log is a file of records, one a line. A line is written at once, so that whatever ends the
// program leaves the lines before.
type Log struct {
	path  string
	known map[string]*Record
}

// OpenLog reads the log at path, if there is one. What is left of a line that was not finished is
// cut off.
func OpenLog(path string) (*Log, error) {
	l := &Log{path, map[string]*Record{}}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	n := 0
	for line := range bytes.Lines(data[:whole]) {
		n++
		r := &Record{}
		if err := json.Unmarshal(line, r); err != nil || r.Digest == "" {
			return nil, fmt.Errorf("%s:%d: not a line of a log of loopopt tune; name another file with --log, or remove this one", path, n)
		}
		l.known[r.Digest] = r
	}
	if whole < len(data) {
		return l, os.Truncate(path, int64(whole))
	}
	return l, nil
}

// Find is the record of a digest, nil where there is none or another try may end otherwise.
func (l *Log) Find(digest string) *Record {
	r := l.known[digest]
	if r == nil || r.Outcome.passing() {
		return nil
	}
	return r
}

// Add appends a record.
func (l *Log) Add(r *Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		f.Close() //nolint:errcheck // the first error is told
		return err
	}
	l.known[r.Digest] = r
	return f.Close()
}
