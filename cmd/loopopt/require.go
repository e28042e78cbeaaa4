package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
)

// A strength is the weakest verdict that will do, as a flag.
type strength struct {
	equiv.Verdict
	given bool
}

// Set reads the flag.
func (s *strength) Set(text string) (err error) {
	s.Verdict, err = equiv.ParseVerdict(text)
	s.given = true
	return err
}

// Type is the word for the value in --help.
func (s *strength) Type() string { return "exact|reassociated|algebraic|approximate" }

// requireFlag adds --require to a command that proves kernels equal. Schedules say by
// themselves, with implement, where approximate will do, and manifests what they expect.
func (a *app) requireFlag(c *cobra.Command, byDefault string) {
	a.require.Verdict = equiv.Approximate
	defer choose(c, "require", "exact", "reassociated", "algebraic", "approximate")
	c.Flags().Var(&a.require, "require", "the weakest verdict that will do; a weaker one is a finding, exit 1 ("+byDefault+")")
	c.Flag("require").DefValue = ""
}

// tooWeak tells what of a proof is weaker than --require and why, "" if nothing is.
func (a *app) tooWeak(c *pipeline.Check) string {
	if !c.Proved() {
		return ""
	}
	return a.weaker(c.Verdict, c.Weaker)
}

func (a *app) weaker(v equiv.Verdict, places []string) string {
	if v <= a.require.Verdict {
		return ""
	}
	if len(places) == 0 {
		places = []string{v.Limits()}
	}
	asked := fmt.Sprintf("--require %v was given", a.require)
	if !a.require.given {
		asked = fmt.Sprintf("for two files algebraic is asked for; --require %v accepts this", v)
	}
	return fmt.Sprintf("proved, but %v only, and %s\n%s", v, asked, strings.Join(places, "\n"))
}

// demand tells of a proof that is too weak, and turns the outcome of the run into findings.
func (a *app) demand(format string, outcome equiv.Outcome, f finding, weak string) (equiv.Outcome, []finding) {
	if weak == "" {
		return outcome, nil
	}
	f.outcome, f.check = equiv.Proved, nil
	f.msg += ": " + weak
	if format == "text" {
		a.clearProgress()
		fmt.Fprintf(a.out, "    %s\n", indent(weak, "    "))
	}
	return equiv.Worse(outcome, equiv.Refuted), []finding{f}
}

// wholeTooWeak is tooWeak of a schedule from end to end.
func (a *app) wholeTooWeak(r *pipeline.Report) string {
	if r.Whole == nil {
		return ""
	}
	return a.tooWeak(r.Whole)
}
