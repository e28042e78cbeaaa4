package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A tail that the assumptions leave nothing to do is not made: block oi by 14
// into oib, q tail peel into oit, q1 makes no loop oit where Q % 14 == 0. So that
// one schedule serves both cases, later steps on such a loop are left out.

// noteEmpty records the names after "peel into" that no loop got.
func (r *replay) noteEmpty(step *loopir.Step) {
	named := false
	for i, t := range step.Args {
		if named && t.Kind == loopir.TokIdent && !hasLoop(r.script.Kernel.Body, t.Text) {
			r.empty[t.Text] = true
		}
		named = named || i > 0 && t.Text == "into" && step.Args[i-1].Text == "peel"
	}
}

func hasLoop(body []loopir.Stmt, iter string) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		l, ok := s.(*loopir.For)
		found = found || ok && l.Iter == iter
		return !found
	})
	return found
}

// withoutEmpty drops empty loops from a step's list of loops, and a step that is
// about one altogether: then it returns nil and says so in a note.
func (r *replay) withoutEmpty(step *loopir.Step) *loopir.Step {
	isEmpty := func(t loopir.Token) bool { return t.Kind == loopir.TokIdent && r.empty[t.Text] }
	i := slices.IndexFunc(step.Args, isEmpty)
	if i < 0 {
		return step
	}
	name := step.Args[i].Text
	if step.Verb == "unroll" || step.Verb == "vectorize" || step.Verb == "parallel" {
		out := *step
		out.Args = nil
		for i, t := range step.Args {
			comma := t.Text == "," && (len(out.Args) == 0 || i+1 < len(step.Args) && isEmpty(step.Args[i+1]))
			if !isEmpty(t) && !comma {
				out.Args = append(out.Args, t)
			}
		}
		if len(out.Args) > 0 {
			return &out
		}
	}
	r.note(step.Span, loopir.FormatStep(step)+": left out, there is nothing for loop "+name+" to do here")
	return nil
}
