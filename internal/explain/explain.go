// Package explain shows how a proof of equality goes: which statements were
// matched, where each read gets its value, what was proved and how long it took.
// As text, as data for JSON, and as an HTML page that needs nothing else.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
)

// A Program is the text of a file.
type Program struct {
	Name string
	Text []byte
}

// A Report is one comparison, explained. Its JSON form is stable.
type Report struct {
	Kernel      string       `json:"kernel"`
	Before      string       `json:"before"` // file names
	After       string       `json:"after"`
	Obligations []Obligation `json:"obligation_details"` // slowest first
	*pipeline.Check
}

// An Obligation is one thing that was proved.
type Obligation struct {
	Name    string        `json:"name"`
	Place   string        `json:"place"`
	Outcome equiv.Outcome `json:"outcome"`
	MS      float64       `json:"ms"`
	Hyps    int           `json:"hypotheses"`
	Goal    string        `json:"goal"`
	Vacuous bool          `json:"vacuous,omitempty"` // its hypotheses contradict each other
}

// New makes the report of a check that was asked to explain itself.
func New(before, after Program, kernel string, c *pipeline.Check) *Report {
	r := &Report{Kernel: kernel, Before: before.Name, After: after.Name, Check: c, Obligations: []Obligation{}}
	for _, o := range c.Obligations {
		goal := ""
		if o.Goal != nil {
			goal = o.Goal.String()
		}
		r.Obligations = append(r.Obligations, Obligation{o.Name, o.Span.String(), o.Outcome, float64(o.Time.Microseconds()) / 1000, len(o.Hyps), goal, o.Vacuous})
	}
	slices.SortStableFunc(r.Obligations, func(a, b Obligation) int { return cmp.Compare(b.MS, a.MS) })
	return r
}

// Text tells the explanation in lines.
func (r *Report) Text() string {
	var b strings.Builder
	x := r.Explanation
	if x == nil {
		return ""
	}
	b.WriteString("statements\n")
	if text := polynomials(x); text != "" {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	for _, m := range x.Matches {
		word := ""
		if !m.Proved {
			word = " (guessed)"
		}
		fmt.Fprintf(&b, "  %s\n    %s %s%s\n", where(x.After[m.After]), does(m), where(x.Before[m.Before]), word)
		if len(m.Iters) > 0 {
			at := "at"
			if m.Exchanged {
				at = "its own iterators, by those before:"
			}
			fmt.Fprintf(&b, "    %s %s\n", at, strings.Join(m.Iters, ", "))
		}
	}
	b.WriteString("sources of reads\n")
	for _, s := range x.Reads {
		list := x.Before
		if s.Side == "after" {
			list = x.After
		}
		fmt.Fprintf(&b, "  %s: %s in %s\n", s.Side, s.Read, where(list[s.Stmt]))
		for _, p := range s.Pieces {
			fmt.Fprintf(&b, "    %s\n", pieceText(s, p, list))
		}
	}
	fmt.Fprintf(&b, "obligations, slowest first\n")
	for _, o := range r.Obligations {
		word := ""
		if o.Vacuous {
			word = " (of nothing: its hypotheses contradict each other)"
		}
		fmt.Fprintf(&b, "  %8.2f ms  %-8v %-28s %s%s\n", o.MS, o.Outcome, o.Name, o.Place, word)
	}
	return b.String()
}

func where(s equiv.StmtInfo) string {
	if s.Line == 0 {
		return s.Text
	}
	return fmt.Sprintf("%d: %s", s.Line, s.Text)
}

// polynomials tells what was compared by the laws of arithmetic.
func polynomials(x *equiv.Explanation) string {
	switch x.Polynomials {
	case "inputs":
		return "the outputs are the same polynomials over the inputs"
	case "statements":
		return "values are compared as polynomials, over inputs and values that are matched here"
	}
	return ""
}

func does(m equiv.Match) string {
	switch m.Same {
	case "read":
		return "finds in " + m.Read + " what is found there by"
	case "term":
		return "adds what was added by"
	case "update":
		return "updates as did"
	}
	return "writes what was written by"
}

func pieceText(s equiv.ReadSource, p equiv.Piece, list []equiv.StmtInfo) string {
	from := "the initial content of " + s.Array
	if p.Source >= 0 {
		from = where(list[p.Source])
		if len(p.Iters) > 0 {
			from += " at " + strings.Join(p.Iters, ", ")
		}
	}
	for _, u := range p.Updates {
		from += "; then updates by " + where(list[u])
	}
	if len(p.When) > 0 {
		from += "\n      when " + strings.Join(p.When, " && ")
	}
	return from
}
