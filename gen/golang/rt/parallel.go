package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A task is a kernel whose parallel loop number which can run any part of its
// iterations.
type task interface{ runRange(which, lo, hi int) }

// spin is how long an idle worker looks for work before it parks.
const spin = 200 * time.Microsecond

// A job is one parallel loop under way. Its iterations are in as many parts as goroutines may
// work on it, each of which begins with a part of its own: the same one in the next job of as many
// iterations, whose data may then be in its processor's cache.
type job struct {
	t     task
	which int
	chunk int64
	parts []part
	users atomic.Int32 // workers that still hold the job
	panic atomic.Pointer[any]
}

// A part has a cache line to itself.
type part struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

// run runs iterations, of part own first, until none is left. A panic ends the job, and is kept
// for the goroutine that gave it: others must not die of it.
func (j *job) run(own int) {
	defer func() {
		if p := recover(); p != nil {
			kept := p // p itself would be on the heap, panic or not
			j.panic.CompareAndSwap(nil, &kept)
			for i := range j.parts {
				j.parts[i].next.Store(j.parts[i].end)
			}
		}
	}()
	for i := range j.parts {
		for p := &j.parts[(own+i)%len(j.parts)]; ; {
			lo := p.next.Add(j.chunk) - j.chunk
			if lo >= p.end {
				break
			}
			j.t.runRange(j.which, int(lo), int(min(lo+j.chunk, p.end)))
		}
	}
}

// A worker runs jobs put into its mailbox.
type worker struct {
	id     int // from 1; the part that it begins with
	mail   atomic.Pointer[job]
	parked atomic.Bool
	wake   chan struct{}
}

var (
	workersMu sync.Mutex
	workers   atomic.Pointer[[]*worker]
	jobs      = sync.Pool{New: func() any { return new(job) }}
)

// parallelFor runs iterations 0..n of t's loop which on at most limit
// goroutines, the caller's among them; limit <= 0 means GOMAXPROCS. A panic of one is the
// caller's.
func parallelFor(t task, which, n, limit int) {
	if limit <= 0 {
		limit = runtime.GOMAXPROCS(0)
	}
	limit = min(limit, n)
	if limit <= 1 {
		if n > 0 {
			t.runRange(which, 0, n)
		}
		return
	}
	j := jobs.Get().(*job)
	j.t, j.which, j.chunk = t, which, int64(max(1, n/(limit*8)))
	if cap(j.parts) < limit {
		j.parts = make([]part, limit)
	}
	j.parts = j.parts[:limit]
	for i := range j.parts {
		j.parts[i].next.Store(int64(i) * int64(n) / int64(limit))
		j.parts[i].end = int64(i+1) * int64(n) / int64(limit)
	}
	hired := 0
	for _, w := range staff(limit - 1) {
		if hired == limit-1 {
			break
		}
		j.users.Add(1)
		if !w.mail.CompareAndSwap(nil, j) {
			j.users.Add(-1)
			continue
		}
		hired++
		if w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	j.run(0)
	for j.users.Load() > 0 {
		runtime.Gosched()
	}
	p := j.panic.Swap(nil)
	j.t = nil
	jobs.Put(j)
	if p != nil {
		panic(*p)
	}
}

// staff returns at least n workers, starting those that are missing.
func staff(n int) []*worker {
	if ws := workers.Load(); ws != nil && len(*ws) >= n {
		return *ws
	}
	workersMu.Lock()
	defer workersMu.Unlock()
	var all []*worker
	if ws := workers.Load(); ws != nil {
		all = append(all, *ws...)
	}
	for len(all) < n {
		w := &worker{id: len(all) + 1, wake: make(chan struct{}, 1)}
		go w.work()
		all = append(all, w)
	}
	workers.Store(&all)
	return all
}

func (w *worker) work() {
	for {
		j := w.wait()
		j.run(w.id)
		w.mail.Store(nil)
		j.users.Add(-1)
	}
}

// wait returns the next job, parking after a while without one.
func (w *worker) wait() *job {
	start := time.Now()
	for i := 1; ; i++ {
		if j := w.mail.Load(); j != nil {
			return j
		}
		if i%64 != 0 {
			continue
		}
		runtime.Gosched()
		if time.Since(start) < spin {
			continue
		}
		w.parked.Store(true)
		if w.mail.Load() == nil || !w.parked.CompareAndSwap(true, false) {
			<-w.wake
		}
		start = time.Now()
	}
}
