package pipeline

import (
	"context"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TransformAll is Transform for several schedules of f, in their order. When the last proofs of
// one have begun, those of the next follow, so that no core waits for a long one. OnDone of
// opts is told of the proofs in order, with the report as it was then; done is told of each
// schedule, and its error ends the work.
func TransformAll(ctx context.Context, f *loopir.File, list []*loopir.Schedule, opts Options, done func(s *loopir.Schedule, r *Report) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	opts.Ahead = ReplayAhead(ctx, f, list, opts.Params)
	tell := opts.OnDone
	slots := newQueue().slots
	runs := make([]chan progress, len(list))
	before := make(chan struct{}) // closed when the schedule may begin
	close(before)
	for i, s := range list {
		next := make(chan struct{})
		runs[i] = make(chan progress)
		t := &turn{before: before, out: runs[i], opts: opts}
		t.opts.queue = queue{slots, sync.OnceFunc(func() { close(next) })}
		wg.Go(func() { t.run(ctx, f, s) })
		before = next
	}
	for i, s := range list {
		for {
			var p progress
			select {
			case p = <-runs[i]:
			case <-ctx.Done():
				return ctx.Err()
			}
			if p.err != nil {
				return p.err
			}
			if p.check == nil {
				if err := done(s, p.report); err != nil {
					return err
				}
				break
			}
			if tell != nil {
				tell(p.report, p.check)
			}
		}
	}
	return nil
}

// A progress is what a schedule has come to: a proof is done, or, without check, all are.
type progress struct {
	report *Report
	check  *Check
	err    error
}

// A turn is a schedule among several.
type turn struct {
	before chan struct{}
	out    chan progress
	opts   Options
}

// run has the schedule proved once it may begin. What it tells waits for those before.
func (t *turn) run(ctx context.Context, f *loopir.File, s *loopir.Schedule) {
	defer t.opts.queue.begun()
	select {
	case <-t.before:
	case <-ctx.Done():
		return
	}
	send := func(p progress) {
		select {
		case t.out <- p:
		case <-ctx.Done():
		}
	}
	t.opts.OnDone = func(r *Report, c *Check) {
		now := *r
		send(progress{report: &now, check: c})
	}
	var end progress
	if err := smt.Guard(func() { end.report, end.err = Transform(ctx, f, s, t.opts) }); err != nil {
		end.err = err
	}
	send(end)
}
