package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// Findings that are no outcome of a proof.
const (
	invalid = ^equiv.Outcome(iota) // input that means nothing
	differs                        // a generated folder does not hold what gen writes
)

// outcomeOf tells what kind of finding an error is.
func outcomeOf(e *loopir.Error) equiv.Outcome {
	switch e.Kind {
	case loopir.Refuted:
		return equiv.Refuted
	case loopir.Undecided:
		return equiv.Unknown
	}
	return invalid
}

var formats = []string{"text", "json", "sarif", "github"}

func validFormat(f string) bool { return slices.Contains(formats, f) }

// A finding is something that a reviewer has to see.
type finding struct {
	outcome equiv.Outcome
	span    loopir.Span
	msg     string
	check   *pipeline.Check
}

func stepFinding(s *loopir.Schedule, c *pipeline.Check) finding {
	at := c.Span
	if at.Start.Line == 0 {
		at = s.Span
	}
	return finding{c.Outcome, at, fmt.Sprintf("schedule %s, step `%s`: %s", s.Name, c.Step, c.Outcome), c}
}

// text is the finding's whole message.
func (f finding) text() string {
	parts := []string{f.msg}
	if f.check != nil && f.check.Counterexample != nil {
		parts = append(parts, f.check.Counterexample.String())
	}
	if f.check != nil && f.check.Reason != "" {
		parts = append(parts, f.check.Reason)
	}
	return strings.Join(parts, "\n")
}

// code is the exit code that the finding asks for.
func (f finding) code() int {
	switch f.outcome {
	case equiv.Unknown:
		return exitUnknown
	case invalid:
		return exitUsage
	}
	return exitFindings
}

func (f finding) rule() string {
	switch f.outcome {
	case equiv.Refuted:
		return "refuted"
	case differs:
		return "differs"
	case invalid:
		return "invalid"
	case equiv.Proved: // but not what --require asks for
		return "weaker"
	}
	return "unknown"
}

// level is how SARIF and GitHub grade the finding.
func (f finding) level() string {
	if f.outcome == equiv.Unknown {
		return "warning"
	}
	return "error"
}

// write prints findings in a machine format; text has been printed already.
func (a *app) write(format string, findings []finding, data any) error {
	switch format {
	case "json":
		return a.printJSON(data)
	case "sarif":
		return a.printJSON(sarif(findings))
	case "github":
		for _, f := range findings {
			fmt.Fprintf(a.out, "::%s file=%s,line=%d,col=%d,title=loopopt %s::%s\n", f.level(), escapeProperty(f.span.File),
				max(1, f.span.Start.Line), max(1, f.span.Start.Col), f.rule(), escapeData(f.text()))
		}
	}
	return nil
}

// escapeData and escapeProperty follow GitHub's workflow command syntax.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}

// sarif gives the findings as a SARIF 2.1.0 log.
func sarif(findings []finding) map[string]any {
	results := []any{}
	for _, f := range findings {
		results = append(results, map[string]any{
			"ruleId":  f.rule(),
			"level":   f.level(),
			"message": map[string]any{"text": f.text()},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{
				"artifactLocation": map[string]any{"uri": f.span.File},
				"region":           map[string]any{"startLine": max(1, f.span.Start.Line), "startColumn": max(1, f.span.Start.Col)},
			}}},
		})
	}
	rule := func(id, text string) any {
		return map[string]any{"id": id, "shortDescription": map[string]any{"text": text}}
	}
	return map[string]any{
		"version": "2.1.0",
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"runs": []any{map[string]any{
			"tool": map[string]any{"driver": map[string]any{
				"name": "loopopt",
				"rules": []any{
					rule("refuted", "The kernels differ; a counterexample shows it"),
					rule("unknown", "Equivalence could not be decided"),
					rule("invalid", "The input is not legal"),
					rule("differs", "A folder of generated code does not hold what loopopt gen writes"),
					rule("weaker", "The kernels are equal, but not as strongly as --require asks for"),
				},
			}},
			"results": results,
		}},
	}
}

// errorsOf lists the positioned errors in err.
func errorsOf(err error) []*loopir.Error {
	var list loopir.ErrorList
	var one *loopir.Error
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return []*loopir.Error{one}
	}
	return nil
}

// inputFindings are those about a file that can't be taken as it is.
func inputFindings(path string, err error) []finding {
	var out []finding
	for _, e := range errorsOf(err) {
		out = append(out, finding{outcomeOf(e), e.Span, e.Msg, nil})
	}
	if len(out) == 0 {
		out = []finding{{invalid, loopir.Span{File: path}, err.Error(), nil}}
	}
	return out
}
