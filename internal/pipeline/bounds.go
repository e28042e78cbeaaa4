package pipeline

import (
	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// A Bound is an equiv.Bound as it is reported: for each output how far the two
// kernels may differ, or the reason why no bound is stated. Before and After
// count roundings by type.
type Bound struct {
	Array     string            `json:"array"`
	Bound     string            `json:"bound,omitempty"`
	Before    map[string]string `json:"before,omitempty"`
	After     map[string]string `json:"after,omitempty"`
	Magnitude string            `json:"magnitude,omitempty"`
	Provided  []string          `json:"provided,omitempty"` // what the bound assumes besides
	Reason    string            `json:"reason,omitempty"`
}

// String tells the bound in one line.
func (b *Bound) String() string {
	if b.Reason != "" {
		return b.Array + ": no error bound: " + b.Reason
	}
	return b.Bound
}

// Magnitudes are equiv.Magnitudes as .loop text.
type Magnitudes struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

func reportBounds(res *equiv.Result) []*Bound {
	var out []*Bound
	for _, b := range res.Bounds {
		r := &Bound{Array: b.Array, Reason: b.Reason}
		if b.Reason == "" {
			r.Bound, r.Before, r.After = b.String(), b.Before.Texts(), b.After.Texts()
			r.Magnitude, r.Provided = b.Magnitude, b.Provided
		}
		out = append(out, r)
	}
	return out
}

func reportMagnitudes(res *equiv.Result) *Magnitudes {
	if m := res.Magnitudes; m != nil {
		return &Magnitudes{loopir.FormatKernel(m.Before), loopir.FormatKernel(m.After)}
	}
	return nil
}
