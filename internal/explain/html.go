package explain

import (
	"bytes"
	_ "embed" // the template
	"fmt"
	"html/template"
	"strings"

	"github.com/loopopt/loopopt/equiv"
)

//go:embed page.html
var pageText string

//go:embed style.html
var styleText string

var page = template.Must(template.Must(template.New("page").Parse(pageText)).Parse(styleText))

// hues are the colours of matched statements, far apart in the order of use.
var hues = []int{210, 28, 130, 330, 52, 265, 175, 0, 95, 300, 190, 15}

// A panel is one program beside the other.
type panel struct {
	Name  string
	Lines []codeLine
}

// A codeLine is a line of a program. Match is 0 when nothing on it is matched,
// else the number of the pair.
type codeLine struct {
	N     int
	Text  string
	Match int
	Hue   int
}

type pageData struct {
	*Report
	Said    string
	Panels  []panel
	Flow    template.HTML
	Rows    []matchRow
	Reads   []readRow
	SlowMS  float64
	TotalMS float64
	Counter string

	Polynomials string
}

type matchRow struct {
	Hue, Match           int
	After, Before, Iters string
	Same                 string
	Proved               bool
}

type readRow struct {
	Side, Stmt, Read string
	Pieces           []string
}

// HTML draws the page: both programs, matched statements in one colour, the
// dataflow, and the tables.
func (r *Report) HTML(before, after Program) ([]byte, error) {
	x := r.Explanation
	if x == nil {
		return nil, fmt.Errorf("there is nothing to explain about %s", r.Kernel)
	}
	p := palette(x)
	d := pageData{
		Report: r, Said: strings.TrimSpace(r.Outcome.String() + " " + r.Verdict.String()),
		Panels: []panel{
			{before.Name, lines(before, x.Before, p.before)},
			{after.Name, lines(after, x.After, p.after)},
		},
		Flow: template.HTML(draw(x, p)), //nolint:gosec // draw escapes what it prints
	}
	if text := polynomials(x); text != "" {
		d.Polynomials = strings.ToUpper(text[:1]) + text[1:]
	}
	if r.Counterexample != nil {
		d.Counter = r.Counterexample.String()
	}
	for _, m := range x.Matches {
		iters := m.Iters
		if m.Exchanged && len(iters) > 0 {
			iters = append([]string{"iterators of " + after.Name + ":"}, iters...)
		}
		d.Rows = append(d.Rows, matchRow{
			p.hue(p.after[m.After]), p.after[m.After], where(x.After[m.After]), where(x.Before[m.Before]),
			strings.Join(iters, ", "), strings.TrimSpace(m.Same + " " + m.Read), m.Proved,
		})
	}
	for _, s := range x.Reads {
		list := x.Before
		if s.Side == "after" {
			list = x.After
		}
		row := readRow{Side: s.Side, Stmt: where(list[s.Stmt]), Read: s.Read}
		for _, q := range s.Pieces {
			row.Pieces = append(row.Pieces, pieceText(s, q, list))
		}
		d.Reads = append(d.Reads, row)
	}
	for _, o := range r.Obligations {
		d.TotalMS += o.MS
		d.SlowMS = max(d.SlowMS, o.MS)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Share is an obligation's part of the slowest one's time, in percent.
func (d pageData) Share(ms float64) float64 {
	if d.SlowMS == 0 {
		return 0
	}
	return max(1, 100*ms/d.SlowMS)
}

// A colouring numbers the pairs of matched statements from 1, by StmtInfo.Index.
type colouring struct{ before, after map[int]int }

func palette(x *equiv.Explanation) colouring {
	p := colouring{map[int]int{}, map[int]int{}}
	for _, m := range x.Matches {
		if p.before[m.Before] == 0 {
			n := len(p.before) + 1
			p.before[m.Before] = n
		}
		p.after[m.After] = p.before[m.Before]
	}
	return p
}

func (colouring) hue(match int) int {
	if match == 0 {
		return -1
	}
	return hues[(match-1)%len(hues)]
}

func lines(p Program, stmts []equiv.StmtInfo, match map[int]int) []codeLine {
	var out []codeLine
	text := strings.Split(strings.TrimRight(string(p.Text), "\n"), "\n")
	for i, t := range text {
		out = append(out, codeLine{N: i + 1, Text: t, Hue: -1})
	}
	for _, s := range stmts {
		for n := s.Span.Start.Line; n > 0 && n <= max(s.Span.Start.Line, s.Span.End.Line) && n <= len(out); n++ {
			if m := match[s.Index]; m > 0 && out[n-1].Match == 0 {
				out[n-1].Match, out[n-1].Hue = m, colouring{}.hue(m)
			}
		}
	}
	return out
}
