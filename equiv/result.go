package equiv

import (
	"fmt"
	"time"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// An Outcome says whether something was proved. Only Proved is success.
type Outcome uint8

const (
	Unknown Outcome = iota // the prover could not tell
	Proved                 // holds for all sizes
	Refuted                // does not hold; a counterexample was replayed
)

// String gives the word that reports use.
func (o Outcome) String() string {
	switch o {
	case Unknown:
		return "unknown"
	case Proved:
		return "proved"
	case Refuted:
		return "refuted"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Worse is the outcome of two checks together: refuted counts more than unknown,
// and unknown more than proved.
func Worse(a, b Outcome) Outcome {
	switch {
	case a == Refuted || b == Refuted:
		return Refuted
	case a == Proved && b == Proved:
		return Proved
	}
	return Unknown
}

// A Verdict names the strongest algebra in which two kernels are equal.
type Verdict uint8

const (
	NoVerdict    Verdict = iota // not proved
	Exact                       // bit for bit on all inputs
	Reassociated                // the same terms in another order or contraction
	Algebraic                   // equal polynomials over the reals, for finite inputs
	Approximate                 // equal within a proved bound
)

// String gives the word that reports use, "" for NoVerdict.
func (v Verdict) String() string {
	switch v {
	case NoVerdict:
		return ""
	case Exact:
		return "exact"
	case Reassociated:
		return "reassociated"
	case Algebraic:
		return "algebraic"
	case Approximate:
		return "approximate"
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// An Obligation is one thing to prove: Hyps imply Goal for all integers.
type Obligation struct {
	Name    string // what kind, such as reduction/onto
	Hyps    []*smt.Term
	Goal    *smt.Term
	Span    loopir.Span // whom to blame when it fails
	Outcome Outcome     // Proved, or Unknown: only a replayed run refutes
	Status  smt.Status  // the solver's answer; Sat means that a model breaks the obligation
	Reason  string      // why it is not proved
	Time    time.Duration
	Vacuous bool // the hypotheses contradict each other; looked into by Options.Explain
}
