package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A memo keeps proofs by the text of all that they are about: the kernels, the
// claims, and whatever both call. Pool.Remember adds the program that proved and
// its solver, and the budget. What is unknown is kept too, apart, with the places in the
// text, which its reason names; but not what a clock, a signal or a solver that died had a
// part in. What is refuted is tried anew each time; without a pool nothing is kept.
type memo struct {
	pool     *smt.Pool
	text     string
	kernels  []*loopir.Kernel // whose places are told
	fleeting int64            // of the pool, before
	alone    bool             // no counterexample is looked for: unknown says little
}

func (m memo) begin(opts equiv.Options) memo {
	if m.pool = opts.Pool; m.pool != nil {
		m.fleeting = m.pool.Fleeting()
	}
	m.alone = opts.ProofOnly
	return m
}

func newMemo(opts equiv.Options, f *loopir.File, before, after *loopir.Kernel) memo {
	var b strings.Builder
	if opts.Require == equiv.Exact { // else what is required does not change what is found
		b.WriteString("exact or refuted\n")
	}
	if opts.Require == equiv.Reassociated || opts.Require == equiv.Algebraic { // else functions may stand for others
		b.WriteString("no more than algebraic\n")
	}
	fmt.Fprintf(&b, "check\n%s\n%s\n", loopir.FormatKernel(before), loopir.FormatKernel(after))
	for _, o := range claims(after) {
		if o == nil {
			b.WriteString("-\n")
			continue
		}
		its := make([]string, 0, len(o.Iters))
		for it, e := range o.Iters {
			its = append(its, it+"="+loopir.FormatExpr(e))
		}
		sort.Strings(its)
		fmt.Fprintf(&b, "%d %s\n", o.Stmt, strings.Join(its, " "))
	}
	b.Write(loopir.Format(&loopir.File{Kernels: f.Kernels, Funcs: f.Funcs}))
	return memo{text: b.String(), kernels: append([]*loopir.Kernel{before, after}, f.Kernels...)}.begin(opts)
}

// safetyMemo is for proofs that one kernel is safe.
func safetyMemo(opts equiv.Options, f *loopir.File, k *loopir.Kernel) memo {
	text := fmt.Sprintf("safe\n%s\n%s", loopir.FormatKernel(k), loopir.Format(&loopir.File{Kernels: f.Kernels, Funcs: f.Funcs}))
	return memo{text: text, kernels: append([]*loopir.Kernel{k}, f.Kernels...)}.begin(opts)
}

// recall is the proof from an earlier run, or that none was found then, or nil.
func (m memo) recall(start time.Time) *Check {
	if m.pool == nil {
		return nil
	}
	c := m.entry(m.text, equiv.Proved)
	if c == nil && !m.alone {
		c = m.entry(m.placed(), equiv.Unknown)
	}
	if c != nil {
		c.MS = ms(start)
	}
	return c
}

// entry is what is kept of a text, if it has the outcome.
func (m memo) entry(text string, want equiv.Outcome) *Check {
	c := &Check{}
	entry := m.pool.Recall(text)
	if entry == "" || json.Unmarshal([]byte(entry), c) != nil || c.Outcome != want {
		return nil
	}
	return c
}

func (m memo) keep(ctx context.Context, c *Check) {
	text := m.text
	switch {
	case m.pool == nil || c.Outcome == equiv.Refuted:
		return
	case c.Outcome == equiv.Unknown:
		if m.alone || ctx.Err() != nil || m.pool.Fleeting() != m.fleeting {
			return
		}
		text = m.placed()
	}
	if entry, err := json.Marshal(c); err == nil {
		m.pool.Remember(text, string(entry))
	}
}

// placed is the text with where everything in it stands.
func (m memo) placed() string {
	var b strings.Builder
	b.WriteString("unknown\n")
	b.WriteString(m.text)
	at := func(s loopir.Span) { fmt.Fprintf(&b, "%v-%d:%d ", s, s.End.Line, s.End.Col) }
	for _, k := range m.kernels {
		at(k.Span)
		for _, p := range k.Params {
			at(p.Span)
		}
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			at(s.Source())
			for _, e := range loopir.StmtExprs(s) {
				loopir.WalkExpr(e, func(e loopir.Expr) bool {
					at(e.Source())
					return true
				})
			}
			return true
		})
	}
	return b.String()
}
