package pipeline

import (
	"context"
	"runtime"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

// An Ahead replays schedules while those before them are proved; where all proofs are
// known from an earlier run, replaying is what takes the time. The nil Ahead does
// nothing ahead.
type Ahead struct {
	scripts map[*loopir.Schedule]chan replayed // of one element each
}

type replayed struct {
	script *transform.Script
	err    error
}

// ReplayAhead replays the schedules of f on all cores, a few ahead of the proofs, until
// ctx is over.
func ReplayAhead(ctx context.Context, f *loopir.File, list []*loopir.Schedule, params map[string]string) *Ahead {
	a := &Ahead{scripts: map[*loopir.Schedule]chan replayed{}}
	for _, s := range list {
		a.scripts[s] = make(chan replayed, 1)
	}
	next := make(chan *loopir.Schedule)
	go func() {
		defer close(next)
		for _, s := range list {
			select {
			case next <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for s := range next {
				a.scripts[s] <- replay(f, s, params)
			}
		}()
	}
	return a
}

func replay(f *loopir.File, s *loopir.Schedule, params map[string]string) (r replayed) {
	if err := smt.Guard(func() { r.script, r.err = transform.Replay(f, s, params) }); err != nil {
		r.err = err
	}
	return r
}

// script is the replay of s, from a if it is among the schedules there; it is handed out
// once.
func (a *Ahead) script(ctx context.Context, f *loopir.File, s *loopir.Schedule, params map[string]string) (*transform.Script, error) {
	if a == nil || a.scripts[s] == nil {
		return transform.Replay(f, s, params)
	}
	select {
	case r := <-a.scripts[s]:
		return r.script, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
