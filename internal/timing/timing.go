// Package timing is what loopopt tune and the test binary of a generated package tell each other.
package timing

// Environment names the variable that says in which file the request is. The answer goes beside
// it, with AnswerExt.
const (
	Environment = "LOOPOPT_TIME"
	AnswerExt   = ".answer"
)

// A Request asks how long one compiled form takes.
type Request struct {
	Schedule string             `json:"schedule"`
	Impl     string             `json:"impl"` // go, avx2, avx512, neon
	Sizes    map[string]int64   `json:"sizes"`
	Scalars  map[string]float64 `json:"scalars,omitempty"`
	Rounds   int                `json:"rounds"`
	// Reference is a file with the outputs that are right. Who comes first writes it: the naive
	// kernel where its run is short enough, else the form itself.
	Reference string `json:"reference"`
	// Tolerance is how far outputs may be away, as a part of the largest value; 0 asks for the
	// same bits.
	Tolerance float64 `json:"tolerance"`
}

// An Answer has a time and a peak for each round.
type Answer struct {
	Wrong    string    `json:"wrong,omitempty"` // the output that is too far away
	Distance float64   `json:"distance"`        // the largest, as a part of the largest value
	Against  string    `json:"against"`         // what was compared with
	Ops      float64   `json:"ops"`             // operations of a run; 0: not counted
	Seconds  []float64 `json:"seconds"`
	Peaks    []float64 `json:"peaks"` // operations a second, for the run's mix of types; 0: not known
}
