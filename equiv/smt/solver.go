package smt

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A solver is an engine with its cache and workers. It solves each problem once, however
// many ask for it at the same time.
type solver struct {
	engine engine
	cache  *cache
	budget uint        // steps for one problem
	idle   chan worker // as many as may work at a time

	mu      sync.Mutex
	flights map[string]*flight // by cache key
	closed  bool

	fleeting atomic.Int64 // see Pool.Fleeting
}

// A flight is a problem that somebody is solving.
type flight struct {
	landed chan struct{} // closed when res is there
	res    result
}

func newSolver(e engine, opts Options) *solver {
	s := &solver{
		engine: e, cache: newCache(opts.CacheDir, e.identity()), budget: opts.RLimit,
		idle: make(chan worker, opts.Jobs), flights: map[string]*flight{},
	}
	for range opts.Jobs {
		s.idle <- e.start()
	}
	return s
}

// close waits for the workers that are busy.
func (s *solver) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	for range cap(s.idle) {
		(<-s.idle).close()
	}
	close(s.idle)
	return s.cache.close()
}

// check decides f and puts its variables' names back into the model.
func (s *solver) check(ctx context.Context, f *Term) Answer {
	g, from := canonical(f)
	p := newProblem(g)
	begin := time.Now()
	r, cached, spent := s.lookup(ctx, p)
	if r.status == Unknown && (!r.spent || r.err != nil) {
		s.fleeting.Add(1)
	}
	a := Answer{Status: r.status, Reason: r.reason, By: s.engine.identity(), Cached: cached}
	var defect *Defect
	if errors.As(r.err, &defect) {
		a.Err = defect
		return a
	}
	if a.Time = spent; cached {
		a.Time = time.Since(begin)
	}
	if err := ctx.Err(); err != nil && r.status == Unknown {
		a.Reason, a.Err = "canceled", err
	}
	if r.status != Sat {
		return a
	}
	a.Model = Model{}
	for c, n := range from {
		a.Model[n] = r.model.value(c)
	}
	return a
}

// lookup gives the verdict on p from the cache, from a flight, or by flying itself.
func (s *solver) lookup(ctx context.Context, p *problem) (r result, cached bool, spent time.Duration) {
	key := s.cache.key(p)
	for {
		if r, ok := s.cache.get(p, key); ok && checked(p, r).status != Unknown {
			return r, true, 0
		}
		if r, ok := s.cache.openAt(key, s.budget); ok {
			return r, true, 0
		}
		s.mu.Lock()
		fl, ok := s.flights[key]
		if !ok {
			fl = &flight{landed: make(chan struct{})}
			s.flights[key] = fl
			s.mu.Unlock()
			fl.res, spent = s.fly(ctx, p)
			switch {
			case fl.res.status != Unknown:
				s.cache.put(p, key, fl.res)
			case fl.res.spent && fl.res.err == nil:
				s.cache.putOpen(key, s.budget, fl.res)
			}
			s.mu.Lock()
			delete(s.flights, key)
			s.mu.Unlock()
			close(fl.landed)
			return fl.res, false, spent
		}
		s.mu.Unlock()
		select {
		case <-fl.landed:
		case <-ctx.Done():
			return unknown("canceled"), false, 0
		}
		// A verdict is now in the cache. Unknown may be due to the other's context.
		if fl.res.status == Unknown && !errors.Is(fl.res.err, context.Canceled) &&
			!errors.Is(fl.res.err, context.DeadlineExceeded) {
			return fl.res, true, 0
		}
	}
}

// fly has a worker solve p.
func (s *solver) fly(ctx context.Context, p *problem) (result, time.Duration) {
	var w worker
	select {
	case w = <-s.idle:
	case <-ctx.Done():
	}
	if w == nil {
		r := unknown("canceled")
		if r.err = ctx.Err(); r.err == nil {
			r = unknown("the pool is closed")
		}
		return r, 0
	}
	defer func() { s.idle <- w }()
	begin := time.Now()
	var r result
	if err := Guard(func() { r = checked(p, w.solve(ctx, p)) }); err != nil {
		r = defective(err)
	}
	if r.status == Unknown && r.err == nil {
		r.err = ctx.Err()
	}
	return r, time.Since(begin)
}

// checked trusts a model only after it was tried.
func checked(p *problem, r result) result {
	if r.status != Sat {
		return r
	}
	for _, t := range p.asserts {
		if !EvalBool(t, r.model) {
			return unknown("the solver's model does not satisfy " + clip(t.String()))
		}
	}
	return r
}
