package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/explain"
	"github.com/loopopt/loopopt/internal/pipeline"
)

// A pairing says what verify is told about two files, and is to tell.
type pairing struct {
	relate  []string
	explain bool
	html    string
}

// verifyPair proves the kernels of two files equal.
func (a *app) verifyPair(cmd *cobra.Command, before, after, format string, how *pairing) error {
	pairs, err := a.loadPair(before, after, format, how)
	if err != nil {
		return err
	}
	return a.prove(func(eq equiv.Options) error {
		eq.Require = a.require.Verdict // approximate, if not given, so that what there is is found
		if !a.require.given {
			a.require.Verdict = equiv.Algebraic
		}
		eq.Explain = how.explain || how.html != ""
		outcome := equiv.Proved
		var findings []finding
		var data []any
		for _, p := range pairs {
			c, err := p.Prove(cmd.Context(), eq)
			if err != nil {
				return a.formatted(format, after, err)
			}
			outcome = equiv.Worse(outcome, c.Outcome)
			if !c.Proved() {
				findings = append(findings, finding{c.Outcome, c.Span, p.After.Name + ": not shown equal to " + before, c})
			}
			if format == "text" {
				a.pairLine(cmd, p, c)
			}
			var weak []finding
			outcome, weak = a.demand(format, outcome, finding{span: c.Span, msg: p.After.Name}, a.tooWeak(c))
			findings = append(findings, weak...)
			if c.Explanation == nil {
				data = append(data, c)
				continue
			}
			r, err := a.explainPair(before, after, p.After.Name, c, how)
			if err != nil {
				return err
			}
			if how.explain && format == "text" {
				fmt.Fprint(a.out, r.Text())
			}
			data = append(data, r)
		}
		var doc any = data
		if len(data) == 1 {
			doc = data[0]
		}
		if err := a.write(format, findings, doc); err != nil {
			return err
		}
		return verdictError(outcome)
	})
}

func (a *app) loadPair(before, after, format string, how *pairing) ([]pipeline.Pair, error) {
	fb, err := a.load(before)
	if err != nil {
		return nil, a.formatted(format, before, err)
	}
	fa, err := a.load(after)
	if err != nil {
		return nil, a.formatted(format, after, err)
	}
	pairs, err := pipeline.Pairs(fb, fa)
	if err != nil {
		return nil, err
	}
	if how.html != "" && len(pairs) > 1 {
		return nil, &exitError{exitUsage, "--html: the files have several pairs of kernels; a page shows one"}
	}
	for i := range pairs {
		for _, text := range how.relate {
			if err := pairs[i].Relate(text); err != nil {
				return nil, err
			}
		}
	}
	return pairs, nil
}

func (a *app) pairLine(cmd *cobra.Command, p pipeline.Pair, c *pipeline.Check) {
	a.clearProgress()
	fmt.Fprintf(a.out, "%s: %s", p.After.Name, a.paint(c.Outcome))
	if c.Proved() {
		fmt.Fprintf(a.out, " %s", c.Verdict)
	}
	fmt.Fprintf(a.out, " (%d obligations, %.0f ms)\n", c.Count, c.MS)
	for _, n := range c.Notes {
		fmt.Fprintf(a.out, "    note: %s\n", n)
	}
	a.explain(cmd.Context(), c)
}

// explainPair makes the report of a check and writes its page, if asked for.
func (a *app) explainPair(before, after, kernel string, c *pipeline.Check, how *pairing) (*explain.Report, error) {
	b, e := explain.Program{Name: before, Text: a.sources[before]}, explain.Program{Name: after, Text: a.sources[after]}
	r := explain.New(b, e, kernel, c)
	if how.html == "" {
		return r, nil
	}
	page, err := r.HTML(b, e)
	if err != nil {
		return nil, err
	}
	return r, replaceFile(how.html, page)
}
