package equiv

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

func ge(x loopir.Expr, v int64) loopir.Expr { return loopir.Bin(loopir.Ge, x, loopir.NewInt(v)) }

func refuted(at loopir.Span, format string, args ...any) *loopir.Error {
	return &loopir.Error{Kind: loopir.Refuted, Span: at, Msg: asWritten(fmt.Sprintf(format, args...))}
}

func undecided(at loopir.Span, what, reason string) *loopir.Error {
	e := &loopir.Error{Kind: loopir.Undecided, Span: at, Msg: asWritten("could not show " + what)}
	if reason != "" {
		e.Note(loopir.Span{}, "%s", asWritten(reason))
	}
	return e
}

// asWritten takes the numbers off names that a Program tells apart by them.
func asWritten(text string) string { return numbered.ReplaceAllString(text, "$1") }

var numbered = regexp.MustCompile(`(\w)!\d+`)

// evalText is the value of e as text; "too large" when it has none in int64.
func evalText(e loopir.Expr, env map[string]int64) string {
	if v, ok := evalInt(e, env); ok {
		return fmt.Sprint(v)
	}
	return "too large for int64"
}

// example tells the sizes and iterators of a model: N=1 K=4 at (n=0, k=3).
func (c *safety) example(cl *claim, env map[string]int64) string {
	var parts, places []string
	for _, s := range c.p.Sizes {
		parts = append(parts, fmt.Sprintf("%s=%d", s, env[s]))
	}
	for _, place := range cl.places {
		its := make([]string, len(place))
		for i, it := range place {
			its[i] = fmt.Sprintf("%s=%d", strings.TrimSuffix(it, "'"), env[it])
		}
		if len(its) > 0 {
			places = append(places, "("+strings.Join(its, ", ")+")")
		}
	}
	if len(places) > 0 {
		parts = append(parts, "at "+strings.Join(places, " and "))
	}
	if len(parts) == 0 {
		return "any input"
	}
	return strings.Join(parts, " ")
}
