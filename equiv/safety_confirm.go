package equiv

import (
	"context"
	"errors"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// confirm runs the kernel to see whether a suspicion is true: at the sizes of
// the model, then at other small ones.
func (c *safety) confirm(ctx context.Context, cl *claim, env map[string]int64, ob Obligation) (Obligation, *loopir.Error) {
	fault, sizes, masked := c.provoke(ctx, cl, env)
	if fault == nil {
		ob.Reason = "no proof was found, and no small run in which it fails"
		if masked {
			ob.Reason = maskedReason
		} else if env != nil {
			ob.Reason += "; a case that the proof leaves open: " + c.example(cl, env)
		}
		return ob, undecided(cl.span, "that "+cl.what, ob.Reason)
	}
	all := cloneSizes(sizes)
	for _, it := range fault.Iters {
		all[it.Name] = it.Value
	}
	at := *cl
	at.places = nil
	ob.Outcome, ob.Reason = Refuted, c.example(&at, all)
	if len(fault.Iters) > 0 {
		ob.Reason += " at " + iterText(fault.Iters, nil)
	}
	var e *loopir.Error
	if cl.fault == interp.Race {
		e = refuted(cl.span, "%s", fault.Err.Msg)
	} else {
		for d, v := range fault.Cell {
			all[cellVar(cl.array, d)] = int64(v)
		}
		e = cl.tell(all)
	}
	e.Msg += ", for example with " + ob.Reason
	return ob, e
}

// maskedReason is given for what can't be told before other errors are gone.
const maskedReason = "small runs end in other errors before"

// provoke looks for sizes at which the interpreter runs into what cl excludes.
// It reports as masked that some run ended in another error.
func (c *safety) provoke(ctx context.Context, cl *claim, env map[string]int64) (found *interp.Fault, at map[string]int64, masked bool) {
	if cl.fault == interp.BadKernel {
		return nil, nil, false
	}
	r := newReferee(ctx, c.f, c.k, c.k, provokeSteps)
	var models []map[string]*big.Int
	if env != nil {
		m := map[string]*big.Int{}
		for _, s := range c.p.Sizes {
			m[s] = big.NewInt(env[s])
		}
		models = append(models, m)
	}
	c.search.each(models, func(sizes map[string]int64) bool {
		for filling := range fillings {
			var fault *interp.Fault
			if !fewCells(sizes, c.k) {
				break
			}
			_, err := r.run(c.k, sizes, filling, nil)
			switch {
			case !errors.As(err, &fault):
			case fault.Kind == cl.fault && cl.concerns(fault):
				found, at = fault, sizes
			case meaningless(fault.Kind):
				masked = true
			}
		}
		return found == nil && r.left > 0 && ctx.Err() == nil
	})
	return found, at, masked
}

// provokeSteps bounds the search for a run that fails.
const provokeSteps = 400_000

// concerns tells whether a fault is at the place of the claim.
func (cl *claim) concerns(f *interp.Fault) bool {
	return f.Kind == interp.Unwritten && f.Array == cl.array || f.Err.Span == cl.span
}
