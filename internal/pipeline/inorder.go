package pipeline

import (
	"context"
	"runtime"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
)

// A proof is one check that waits to be done.
type proof func(context.Context) (*Check, error)

// A queue is where proofs wait for a core.
type queue struct {
	slots chan struct{}
	begun func() // told when the last proof has a core
}

func newQueue() queue { return queue{make(chan struct{}, runtime.GOMAXPROCS(0)), func() {}} }

// inOrder does proofs on all cores and hands their results over in order, until
// take says to stop or one fails. It returns when none is running any more.
func (q queue) inOrder(ctx context.Context, proofs []proof, take func(i int, c *Check) bool) error {
	type result struct {
		check *Check
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	results := make([]chan result, len(proofs))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	wg.Go(func() {
		defer q.begun()
		for i, p := range proofs {
			select {
			case <-ctx.Done():
				return
			case q.slots <- struct{}{}:
			}
			wg.Go(func() {
				var r result
				if err := smt.Guard(func() { r.check, r.err = p(ctx) }); err != nil {
					r.err = err
				}
				results[i] <- r
				<-q.slots
			})
		}
	})
	for i := range proofs {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-results[i]:
			if r.err != nil || !take(i, r.check) {
				return r.err
			}
		}
	}
	return nil
}
