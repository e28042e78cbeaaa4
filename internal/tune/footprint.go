package tune

import (
	"math"

	"github.com/loopopt/loopopt/loopir"
)

// cacheLine is how many bytes move at a time.
const cacheLine = 64

// A box is the cells of an array that some statements touch: in each dimension where they begin
// and end, and how many of those between there can be at most, fewer where steps are longer than 1.
type box struct {
	shape   []loopir.Expr
	dims    []interval
	count   []float64
	written bool
}

// A touch is the boxes of all arrays in memory.
type touch map[string]*box

// touched collects the boxes of a list of statements.
func (w *walker) touched(list []loopir.Stmt, v env) touch {
	t := touch{}
	w.collect(t, list, v)
	return t
}

func (w *walker) collect(t touch, list []loopir.Stmt, v env) {
	for _, s := range list {
		switch s := s.(type) {
		case *loopir.Local:
			w.declare(s, v)
		case *loopir.Assign:
			w.reads(t, s.RHS, v)
			t.add(w, s.LHS, v, true)
		case *loopir.Prefetch:
			// What is asked for early is asked for anyway.
		case *loopir.If:
			if !never(s.Cond, v) {
				w.collect(t, s.Then, v)
			}
			if !always(s.Cond, v) {
				w.collect(t, s.Else, v)
			}
		case *loopir.For:
			if lo, n, ok := trips(s, v); ok && n > 0 {
				w.collect(t, s.Body, v.with(s.Iter, interval{lo, lo + n - 1}))
			}
		}
	}
}

func (w *walker) reads(t touch, e loopir.Expr, v env) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok {
			t.add(w, r, v, false)
		}
		return true
	})
}

func (t touch) add(w *walker, r *loopir.Read, v env, written bool) {
	if w.registers[r.Name] || len(w.shapes[r.Name]) == 0 {
		return
	}
	dims, count := make([]interval, len(r.Index)), make([]float64, len(r.Index))
	for d, e := range r.Index {
		x, ok := eval(e, v)
		if !ok { // an index of data: anything
			if n, ok := eval(w.shapes[r.Name][d], v); ok {
				x = interval{0, n.hi - 1}
			}
		}
		dims[d] = x
		count[d] = min(float64(x.hi-x.lo+1), values(e, v))
	}
	b := t[r.Name]
	if b == nil || len(b.dims) != len(dims) { // locals of one name beside each other: the last one counts
		t[r.Name] = &box{w.shapes[r.Name], dims, count, written}
		return
	}
	b.written = b.written || written
	for d := range dims {
		both := interval{min(b.dims[d].lo, dims[d].lo), max(b.dims[d].hi, dims[d].hi)}
		longer := max(b.dims[d].hi-b.dims[d].lo, dims[d].hi-dims[d].lo)
		b.count[d] = min(b.count[d]+count[d], max(b.count[d], count[d])+float64(both.hi-both.lo-longer))
		b.dims[d] = both
	}
}

// values is how many values an index has at most: one for each choice of its iterators.
func values(e loopir.Expr, v env) float64 {
	n, seen := 1.0, map[string]bool{}
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if x, ok := e.(*loopir.Var); ok && !seen[x.Name] {
			seen[x.Name] = true
			n *= float64(v[x.Name].hi - v[x.Name].lo + 1)
		}
		return true
	})
	return n
}

// An amount is how many bytes move, and how many of these in pieces shorter than a page: the
// processor's own prefetching follows what lies side by side, but not from page to page, so that
// what uses the others has to wait for them (AMD, Software optimization guide for family 19h, 2.6.2).
type amount struct{ bytes, pieces float64 }

func (a amount) plus(b amount) amount { return amount{a.bytes + b.bytes, a.pieces + b.pieces} }

func (a amount) times(n float64) amount { return amount{a.bytes * n, a.pieces * n} }

const page = 4096

// bytes is the footprint of one array: whole lines of what lies side by side.
func (w *walker) bytes(name string, b *box, v env) amount {
	runs, run := 1.0, float64(bytesOf(w.types[name]))
	side := true
	for d := len(b.dims) - 1; d >= 0; d-- {
		if side {
			run *= b.count[d]
		} else {
			runs *= b.count[d]
		}
		extent, ok := eval(b.shape[d], v)
		side = side && ok && b.count[d] >= float64(extent.hi)
	}
	run = cacheLine * max(1, math.Ceil(run/cacheLine))
	out := amount{bytes: runs * run}
	if run < page {
		out.pieces = out.bytes
	}
	return out
}

// footprint is that of each array, and the sum of bytes.
func (w *walker) footprint(list []loopir.Stmt, v env) (each map[string]amount, sum float64) {
	each = map[string]amount{}
	for name, b := range w.touched(list, v) {
		n := w.bytes(name, b, v)
		sum += n.bytes
		if b.written { // it goes back, too
			n = n.times(2)
		}
		each[name] = n
	}
	return each, sum
}

// traffic is how much comes into a cache of some size, and goes back, while list runs once; the
// cache holds nothing of it before.
func (w *walker) traffic(list []loopir.Stmt, v env, size int64) map[string]amount {
	each, sum := w.footprint(list, v)
	if sum <= float64(size) {
		return each
	}
	out := map[string]amount{}
	add := func(m map[string]amount) {
		for name, n := range m {
			out[name] = out[name].plus(n)
		}
	}
	for _, s := range list {
		switch s := s.(type) {
		case *loopir.If:
			if !never(s.Cond, v) {
				add(w.traffic(s.Then, v, size))
			}
			if !always(s.Cond, v) {
				add(w.traffic(s.Else, v, size))
			}
		case *loopir.For:
			add(w.loopTraffic(s, v, size))
		default:
			one, _ := w.footprint([]loopir.Stmt{s}, v)
			add(one)
		}
	}
	return out
}

func (w *walker) loopTraffic(l *loopir.For, v env, size int64) map[string]amount {
	lo, n, ok := trips(l, v)
	if !ok || n < 1 {
		return nil
	}
	whole, _ := w.footprint([]loopir.Stmt{l}, v)
	here := v.with(l.Iter, interval{lo + n/2, lo + n/2})
	body, sum := w.footprint(l.Body, here)
	if sum > float64(size) {
		body = w.traffic(l.Body, here, size)
	}
	for name := range body {
		times := float64(n)
		if sum <= float64(size) { // the next iteration finds what it shares with this one
			times = min(times, whole[name].bytes/body[name].bytes)
		}
		body[name] = body[name].times(times)
	}
	return body
}
