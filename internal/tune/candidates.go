package tune

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A Candidate is a schedule with a value for each of its params.
type Candidate struct {
	Schedule *loopir.Schedule
	Params   []Param
	Default  bool // the values that the file has
}

// A Param is one value of one param.
type Param struct{ Name, Value string }

// String is "RBP=2 RBQ=14".
func (c *Candidate) String() string {
	words := make([]string, len(c.Params))
	for i, p := range c.Params {
		words[i] = p.Name + "=" + p.Value
	}
	return strings.Join(words, " ")
}

// Values are the params as a replay of the schedule takes them.
func (c *Candidate) Values() map[string]string {
	out := map[string]string{}
	for _, p := range c.Params {
		out[p.Name] = p.Value
	}
	return out
}

// Tunable tells whether a schedule has a param with choices.
func Tunable(s *loopir.Schedule) bool {
	return slices.ContainsFunc(s.Params, func(p *loopir.SchedParam) bool { return len(p.Choices) > 0 })
}

// MaxCandidates bounds how many combinations of values are looked at.
const MaxCandidates = 4096

// Candidates are all combinations of the values that the params of s can take, in the order in which
// the params and their values stand there, the last param changing first. only names values to
// take instead of a param's own.
func Candidates(s *loopir.Schedule, only map[string][]string) ([]*Candidate, error) {
	for name := range only {
		if !slices.ContainsFunc(s.Params, func(p *loopir.SchedParam) bool { return p.Name == name && p.Default != nil }) {
			return nil, loopir.Rejectf(s.Span, "schedule %s has no param %s", s.Name, name)
		}
	}
	out := []*Candidate{{Schedule: s, Default: true}}
	for _, p := range s.Params {
		if p.Default == nil {
			continue
		}
		var next []*Candidate
		for _, c := range out {
			values, def, err := valuesOf(p, c, only[p.Name])
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				next = append(next, &Candidate{
					Schedule: s, Params: append(slices.Clone(c.Params), Param{p.Name, v}), Default: c.Default && v == def,
				})
			}
		}
		if out = next; len(out) > MaxCandidates {
			return nil, loopir.Rejectf(s.Span, "schedule %s has more than %d combinations of values: name those to try, --param %s=...", s.Name, MaxCandidates, p.Name)
		}
	}
	return out, nil
}

// valuesOf are the values of a param, those before it being chosen, and its own one.
func valuesOf(p *loopir.SchedParam, c *Candidate, only []string) (values []string, def string, err error) {
	before := env{}
	for _, q := range c.Params {
		if v, err := strconv.ParseInt(q.Value, 10, 64); err == nil {
			before[q.Name] = interval{v, v}
		}
	}
	text := func(e loopir.Expr) (string, error) {
		x, ok := eval(e, before)
		if word, isName := e.(*loopir.Var); isName && !ok {
			return word.Name, nil
		}
		if !ok || x.lo != x.hi {
			return "", loopir.Rejectf(e.Source(), "param: %s is not a constant", loopir.FormatExpr(e))
		}
		return fmt.Sprint(x.lo), nil
	}
	if def, err = text(p.Default); err != nil {
		return nil, "", err
	}
	if only != nil {
		return only, def, nil
	}
	for _, e := range p.Choices {
		v, err := text(e)
		if err != nil {
			return nil, "", err
		}
		if !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 { // no choice
		values = []string{def}
	}
	return values, def, nil
}

// Digest identifies what a candidate is timed as: its kernel, its steps and those of all schedules
// that it may use, its values, the sizes, the instruction set and the processor. Which values are
// the file's own does not matter.
func (c *Candidate) Digest(f *loopir.File, sizes map[string]int64, m *Machine) string {
	h := sha256.New()
	h.Write(loopir.Format(&loopir.File{Funcs: f.Funcs, Kernels: f.Kernels}))
	for _, s := range f.Schedules {
		if s != c.Schedule && !slices.ContainsFunc(s.Params, func(p *loopir.SchedParam) bool { return p.Default == nil }) && s.Kernel != "any" {
			continue // nothing uses it but by its name
		}
		fmt.Fprintln(h, s.Name, s.Kernel)
		for _, step := range s.Items {
			if step.Verb != "param" {
				fmt.Fprintln(h, loopir.FormatStep(step))
			}
		}
	}
	fmt.Fprintln(h, c.Schedule.Name, c, m.ISA, m.CPU)
	names := make([]string, 0, len(sizes))
	for n := range sizes {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintln(h, n, sizes[n])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}
