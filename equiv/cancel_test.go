package equiv

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// TestCancel cancels checks before they begin and on their way: they end soon,
// with the context's error and without a result.
func TestCancel(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	f, err := loopir.Parse("conv.loop", []byte(convText))
	if err != nil {
		t.Fatal(err)
	}
	k := f.Kernels[0]
	for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(after, cancel)
		if after == 0 {
			cancel()
		}
		begin := time.Now()
		res, err := Check(ctx, f, k, k, Options{Pool: pool, always: true})
		took := time.Since(begin)
		if ctx.Err() != nil && took > after+2*time.Second {
			t.Errorf("canceled after %v, Check took %v", after, took)
		}
		if after == 0 && (!errors.Is(err, context.Canceled) || res != nil && res.Outcome != Unknown) {
			t.Errorf("canceled at once: %v, %v", res, err)
		}
		cancel()
	}
}
