package interp

import "github.com/loopopt/loopopt/loopir"

// Races are found by remembering, for each cell and each parallel loop being
// run, which iterations touched it. The order in which iterations are run here
// doesn't matter for that.

type accessKind uint8

const (
	readAccess accessKind = iota
	writeAccess
)

type parallelLoop struct {
	stmt   *loopir.For
	serial int64 // stores made later are private to an iteration
	epoch  int64
	top    int // the loop's place in machine.iters
	reduce map[*store]loopir.AssignOp
}

// A shadow remembers who touched a cell in the parallel loop of that epoch:
// the value of its iterator, for each way of touching.
type shadow struct {
	epoch                  int64
	reads, writes, updates touched
}

const shadowBytes = 80

func (m *machine) enterParallel(s *loopir.For, fr *frame, reduce []int) {
	m.serial++
	p := &parallelLoop{stmt: s, serial: m.serial, epoch: m.serial, top: len(m.iters) - 1}
	for i, slot := range reduce {
		if p.reduce == nil {
			p.reduce = map[*store]loopir.AssignOp{}
		}
		p.reduce[fr.views[slot].st] = s.Reduce[i].Op
	}
	m.loops = append(m.loops, p)
}

func (m *machine) leaveParallel() { m.loops = m.loops[:len(m.loops)-1] }

// note records an access by the statement at hand and faults on a conflict; op
// is that of an update of the cell, both for its read and its write.
func (m *machine) note(st *store, off int, kind accessKind, op loopir.AssignOp) {
	for level, p := range m.loops {
		if st.serial > p.serial {
			continue
		}
		for len(st.shadows) <= level {
			st.shadows = append(st.shadows, nil)
		}
		if st.shadows[level] == nil {
			if m.bytes += int64(len(st.bits)) * shadowBytes; m.bytes > m.maxBytes {
				raise(TooLarge, p.stmt.Span, "too much memory needed to look for races")
			}
			st.shadows[level] = make([]shadow, len(st.bits))
		}
		sh := &st.shadows[level][off]
		if sh.epoch != p.epoch {
			*sh = shadow{epoch: p.epoch}
		}
		redOp, reduces := p.reduce[st]
		update := reduces && op == redOp && op != loopir.Set
		if other, clash := sh.touch(m.iters[p.top].Value, kind, update); clash {
			m.raiseRace(p, st, off, other)
		}
	}
}

// touch returns an iteration in conflict with it, if there is one.
func (sh *shadow) touch(it int64, kind accessKind, update bool) (int64, bool) {
	if sh.writes.other(it) {
		return sh.writes.otherThan(it), true
	}
	if (kind == writeAccess || update) && sh.reads.other(it) {
		return sh.reads.otherThan(it), true
	}
	if !update && sh.updates.other(it) {
		return sh.updates.otherThan(it), true
	}
	switch {
	case update:
		sh.updates.add(it)
	case kind == writeAccess:
		sh.writes.add(it)
	default:
		sh.reads.add(it)
	}
	return 0, false
}

// touched remembers up to two iterations, which is enough to know whether
// there is one other than a given one.
type touched struct {
	n    int8
	a, b int64
}

func (t *touched) add(it int64) {
	switch {
	case t.n == 0:
		t.n, t.a = 1, it
	case t.n == 1 && t.a != it:
		t.n, t.b = 2, it
	}
}

func (t *touched) other(it int64) bool { return t.n == 2 || t.n == 1 && t.a != it }

func (t *touched) otherThan(it int64) int64 {
	if t.a != it {
		return t.a
	}
	return t.b
}

func (m *machine) raiseRace(p *parallelLoop, st *store, off int, other int64) {
	cell := unflatten(st.shape, off)
	how := "parallel"
	if p.stmt.Par == loopir.Vectorize {
		how = "vectorize"
	}
	name := p.stmt.Iter
	f := &Fault{Kind: Race, Array: st.name, Cell: cell, Err: loopir.Errorf(p.stmt.Span,
		"%s loop %s: iterations %s=%d and %s=%d both touch %s, at least one writing it",
		how, name, name, other, name, m.iters[p.top].Value, CellName(st.name, cell))}
	if m.cur != nil {
		f.Err.Note(m.cur.Source(), "the second access is here")
	}
	panic(f)
}
