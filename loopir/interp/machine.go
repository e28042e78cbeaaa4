package interp

import (
	"context"

	"github.com/loopopt/loopopt/loopir"
)

// A machine is the state of one run.
type machine struct {
	ctx      context.Context
	dom      domain
	steps    int64
	maxSteps int64
	bytes    int64
	maxBytes int64
	iters    []Iter
	cur      loopir.Stmt
	serial   int64 // counts stores made and parallel loops entered
	loops    []*parallelLoop
	trace    func(*Event)
	reads    []Access // of the statement at hand, when traced
	path     uint64   // symbolic: the condition under which this runs
}

// A store is the memory of one array or scalar.
type store struct {
	name    string
	typ     loopir.Type
	shape   []int
	bits    []uint64
	init    []bool
	serial  int64
	fixed   bool // in arrays and scalar parameters: never written
	shadows [][]shadow
}

// A view is an array as a kernel sees it: all of a store or a window.
type view struct {
	st   *store
	off  int
	dims []dim
	box  []span // the part of each of the store's dimensions
	kept []int  // the dimension of the store that each of dims is; nil: the same
}

type dim struct{ extent, stride int }

type span struct{ lo, n int }

func whole(st *store) view {
	v := view{st: st, dims: make([]dim, len(st.shape)), box: make([]span, len(st.shape))}
	stride := 1
	for d := len(st.shape) - 1; d >= 0; d-- {
		v.dims[d] = dim{st.shape[d], stride}
		v.box[d] = span{0, st.shape[d]}
		stride *= st.shape[d]
	}
	return v
}

// raise ends the run; Run adds where it happened.
func raise(k FaultKind, at loopir.Span, format string, args ...any) {
	panic(&Fault{Kind: k, Err: loopir.Errorf(at, format, args...)})
}

func recoverFault(err *error) {
	if r := recover(); r != nil {
		f, ok := r.(*Fault)
		if !ok {
			panic(r)
		}
		*err = f
	}
}

const ctxEvery = 1 << 12

func (m *machine) tick() {
	m.steps++
	if m.steps > m.maxSteps {
		raise(TooLong, loopir.Span{}, "stopped after %d steps", m.maxSteps)
	}
	if m.steps%ctxEvery == 0 && m.ctx.Err() != nil {
		raise(TooLong, loopir.Span{}, "stopped: %v", m.ctx.Err())
	}
}

func (m *machine) extent(n int64, name string, at loopir.Span) int {
	if n < 0 {
		raise(NegativeExtent, at, "%s has the negative extent %d", name, n)
	}
	if n > m.maxBytes {
		raise(TooLarge, at, "%s has the extent %d: too large to run", name, n)
	}
	return int(n)
}

const cellBytes = 9

func (m *machine) newStore(name string, t loopir.Type, shape []int, at loopir.Span) *store {
	n, ok := cells(shape)
	if !ok || int64(n) > (m.maxBytes-m.bytes)/cellBytes {
		raise(TooLarge, at, "%s of extents %v is too large to run", name, shape)
	}
	m.bytes += int64(n) * cellBytes
	m.serial++
	return &store{name: name, typ: t, shape: shape, bits: make([]uint64, n), init: make([]bool, n), serial: m.serial}
}

// renew gives a local a fresh store, reusing the old one's memory.
func (m *machine) renew(old *store, s *loopir.Local, shape []int) *store {
	if old != nil && equalInts(old.shape, shape) {
		clear(old.init)
		m.serial++
		old.serial = m.serial
		return old
	}
	if old != nil {
		m.bytes -= int64(len(old.bits)) * cellBytes
	}
	return m.newStore(s.Name, s.Type, shape, s.Span)
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i, x := range a {
		if x != b[i] {
			return false
		}
	}
	return true
}

func (m *machine) begin(s *loopir.Assign) {
	m.cur = s
	m.tick()
	m.reads = m.reads[:0]
}

// load reads a cell; op is that of the update which the read is part of, if so.
func (m *machine) load(st *store, off int, r *loopir.Read, op loopir.AssignOp) uint64 {
	if !st.init[off] {
		cell := unflatten(st.shape, off)
		panic(&Fault{
			Kind: Uninitialized, Array: st.name, Cell: cell,
			Err: loopir.Errorf(r.Span, "%s is read before it is written", CellName(st.name, cell)),
		})
	}
	if len(m.loops) > 0 {
		m.note(st, off, readAccess, op)
	}
	if m.trace != nil {
		m.reads = append(m.reads, Access{st.name, unflatten(st.shape, off), Value{st.typ, st.bits[off]}})
	}
	return st.bits[off]
}

func (m *machine) write(st *store, off int, v uint64, s *loopir.Assign) {
	if st.fixed {
		raise(BadKernel, s.LHS.Span, "%s can't be written here: it is an input", st.name)
	}
	if len(m.loops) > 0 {
		m.note(st, off, writeAccess, s.Op)
	}
	if m.path != 0 {
		old := m.dom.undefined()
		if st.init[off] {
			old = st.bits[off]
		}
		v = m.dom.choose(st.typ, m.path, v, old)
	}
	st.bits[off], st.init[off] = v, true
	if m.trace != nil {
		m.trace(&Event{
			Stmt: s, Iters: m.iters, Reads: m.reads,
			Write: Access{st.name, unflatten(st.shape, off), Value{st.typ, v}},
		})
	}
}

// under runs f where the symbolic condition t holds.
func (m *machine) under(t uint64, f func()) {
	outer := m.path
	defer func() { m.path = outer }()
	switch t {
	case m.dom.boolean(false):
		return
	case m.dom.boolean(true):
	default:
		if m.path = t; outer != 0 {
			m.path = m.dom.binary("&&", loopir.Bool)(outer, t)
		}
	}
	f()
}
