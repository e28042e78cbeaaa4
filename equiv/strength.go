package equiv

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// ParseVerdict reads one of the strengths that can be asked for.
func ParseVerdict(text string) (Verdict, error) {
	for _, v := range []Verdict{Exact, Reassociated, Algebraic, Approximate} {
		if v.String() == text {
			return v, nil
		}
	}
	return NoVerdict, fmt.Errorf("%q is no strength: it is exact, reassociated, algebraic or approximate", text)
}

// Limits tells what a verdict leaves open, "" for Exact.
func (v Verdict) Limits() string {
	switch v {
	case Reassociated:
		return "the same terms come in another order or grouping, or products are contracted, so results may be rounded differently"
	case Algebraic:
		return "terms are dropped, merged or multiplied out, so results may be rounded differently, and nothing is said of NaN, infinities and the sign of zero"
	case Approximate:
		return "results are near each other, not equal over the reals"
	}
	return ""
}

// A Weakness is a place of which no more than a verdict is proved.
type Weakness struct {
	Span    loopir.Span
	Verdict Verdict
	Order   bool // it is due to the order of values alone: nothing is rounded differently
}

// String tells where, how strong, and why no stronger.
func (w Weakness) String() string {
	return fmt.Sprintf("%v: this is %v: %s", w.Span, w.Verdict, w.Limits())
}

// Limits tells what is left open there.
func (w Weakness) Limits() string {
	if w.Order {
		return "comparisons are equal for inputs that are no NaN and lead to none, but for the sign of zero"
	}
	return w.Verdict.Limits()
}

// weakest lists the places that the verdict is due to, in the order of the text. What is due to the
// order of values says nothing of roundings: there what is reassociated is told as well.
func (c *checker) weakest() []Weakness {
	var out []Weakness
	for _, w := range c.places {
		if w.Verdict > Exact && (w.Verdict == c.worst || c.ordered) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Weakness) int {
		if d := a.Span.Start.Line - b.Span.Start.Line; d != 0 {
			return d
		}
		return a.Span.Start.Col - b.Span.Start.Col
	})
	return out
}
