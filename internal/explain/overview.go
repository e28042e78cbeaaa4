package explain

import (
	"bytes"
	_ "embed" // the template
	"html/template"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
)

//go:embed overview.html
var overviewText string

var overview = template.Must(template.Must(template.New("overview").Parse(overviewText)).Parse(styleText))

// An Overview is a page about schedules, pairs and generated code.
type Overview struct {
	Title    string
	Sections []Section
	Tables   []Table
	Left     []string // what was not looked at
}

// A Section is one schedule, step by step, or one pair.
type Section struct {
	Title    string
	Outcome  equiv.Outcome
	Verdict  equiv.Verdict
	Expected string // "" where only proved will do
	For      string // what the sizes satisfy
	Reason   string // why there is no outcome
	Checks   []*pipeline.Check
}

// A Table is what was shown of generated code, a row a form.
type Table struct {
	Title string
	Rows  []Row
}

// A Row says that Left does what Right does.
type Row struct {
	Left, Right string
	Outcome     equiv.Outcome
	Verdict     equiv.Verdict
	Said        string // instead of the outcome, for what was not a proof
	Note        string
}

// NewSection is the section of a schedule.
func NewSection(r *pipeline.Report) Section {
	s := Section{Title: r.Schedule + " of " + r.Kernel, Outcome: r.Outcome(), For: strings.Join(r.Assumes, ", "), Checks: r.Steps}
	if r.Whole != nil {
		s.Verdict = r.Whole.Verdict
		s.Checks = append(r.Steps[:len(r.Steps):len(r.Steps)], r.Whole)
	}
	return s
}

// HTML draws the page.
func (o *Overview) HTML() ([]byte, error) {
	var out bytes.Buffer
	if err := overview.Execute(&out, o); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Count is the number of obligations.
func (s Section) Count() (n int) {
	for _, c := range s.Checks {
		n += c.Count
	}
	return n
}

// MS is how long the proofs took.
func (s Section) MS() (ms float64) {
	for _, c := range s.Checks {
		ms += c.MS
	}
	return ms
}

// A StepView is a step with the nest before and after it; lines that the other one lacks
// are marked.
type StepView struct {
	*pipeline.Check
	Before, After []nestLine
}

type nestLine struct {
	N     int
	Text  string
	Class string // new, gone or ""
}

// Steps are the checks with their nests.
func (s Section) Steps() []StepView {
	var out []StepView
	last := ""
	for _, c := range s.Checks {
		v := StepView{Check: c}
		if c.Nest != "" {
			v.Before, v.After = compare(last, c.Nest)
			last = c.Nest
		}
		out = append(out, v)
	}
	return out
}

// maxCompared bounds the work of comparing two nests, in pairs of lines.
const maxCompared = 4 << 20

// compare marks what the longest common subsequence of lines leaves out; loops that only
// moved to another depth count as changed.
func compare(before, after string) (old, now []nestLine) {
	a, b := split(before), split(after)
	if len(a) == 0 || len(a)*len(b) > maxCompared {
		return a, b
	}
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if length[i][j] = max(length[i+1][j], length[i][j+1]); a[i].Text == b[j].Text {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i].Text == b[j].Text:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			a[i].Class = "gone"
			i++
		default:
			b[j].Class = "new"
			j++
		}
	}
	return a, b
}

func split(nest string) []nestLine {
	var out []nestLine
	for line := range strings.Lines(nest) {
		out = append(out, nestLine{N: len(out) + 1, Text: strings.TrimSuffix(line, "\n")})
	}
	return out
}
