package pipeline

import (
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
// its solver. What was not proved is tried anew each time; without a pool nothing is
// kept.
type memo struct {
	pool *smt.Pool
	text string
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
	return memo{opts.Pool, b.String()}
}

// safetyMemo is for proofs that one kernel is safe.
func safetyMemo(opts equiv.Options, f *loopir.File, k *loopir.Kernel) memo {
	return memo{opts.Pool, fmt.Sprintf("safe\n%s\n%s", loopir.FormatKernel(k), loopir.Format(&loopir.File{Kernels: f.Kernels, Funcs: f.Funcs}))}
}

// recall is the proof from an earlier run, or nil.
func (m memo) recall(start time.Time) *Check {
	if m.pool == nil {
		return nil
	}
	c := &Check{}
	entry := m.pool.Recall(m.text)
	if entry == "" || json.Unmarshal([]byte(entry), c) != nil || c.Outcome != equiv.Proved {
		return nil
	}
	c.MS = ms(start)
	return c
}

func (m memo) keep(c *Check) {
	if m.pool == nil || c.Outcome != equiv.Proved {
		return
	}
	if entry, err := json.Marshal(c); err == nil {
		m.pool.Remember(m.text, string(entry))
	}
}
