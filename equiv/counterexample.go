package equiv

import (
	"fmt"
	"strings"
)

// A Counterexample is a run of two kernels that differs, small enough to
// follow by hand. Sizes and the number of the filling determine the whole run:
// array contents and scalars are computed from them, so that Replay needs
// nothing else.
type Counterexample struct {
	Sizes   []NamedValue `json:"sizes"`             // in the order of the parameters
	Scalars []NamedValue `json:"scalars,omitempty"` // likewise
	Filling int          `json:"filling"`           // which contents the arrays had

	// Cell is the first cell that differs, in the coordinates of the logical
	// array; empty when a run ended in an error.
	Cell string `json:"cell,omitempty"`

	// Before and After are the two values of Cell, or what ended the run.
	Before string `json:"before"`
	After  string `json:"after"`

	// Explanation tells which instances made the difference, a line each.
	Explanation []string `json:"explanation,omitempty"`

	strict bool // the difference may be so small that it takes rationals to tell it from rounding
	bits   bool // the difference speaks against exactness only
}

// inputs names the special numbers that some inputs are.
func (c *Counterexample) inputs() string {
	switch c.Filling {
	case infFilling:
		return "infinite"
	case minusFilling:
		return "-0.0"
	}
	return "NaN"
}

// A NamedValue is the value of a size or a scalar.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// String tells the counterexample on one line:
//
//	N=1 K=16 O[0][3][0][0]: 4 before, 7 after; the update at (c=1, r=0) now reads ...
func (c *Counterexample) String() string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	for _, v := range append(c.Sizes[:len(c.Sizes):len(c.Sizes)], c.Scalars...) {
		fmt.Fprintf(&b, "%s=%s ", v.Name, v.Value)
	}
	if c.Cell != "" {
		fmt.Fprintf(&b, "%s: %s before, %s after", c.Cell, c.Before, c.After)
	} else {
		fmt.Fprintf(&b, "%s before, but after: %s", c.Before, c.After)
	}
	for _, line := range c.Explanation {
		b.WriteString("; ")
		b.WriteString(line)
	}
	return b.String()
}
