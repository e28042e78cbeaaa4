package tune

import (
	"github.com/loopopt/loopopt/loopir"
)

// maxStatements bounds how many statements are looked at, those that are written out each time.
const maxStatements = 2_000_000

// A walker goes through a scheduled kernel.
type walker struct {
	m         *Machine
	shapes    map[string][]loopir.Expr // of arrays in memory
	types     map[string]loopir.Type
	registers map[string]bool // locals that are vectors
	live      map[cell]bool   // of these, those in use
	entries   map[loopir.Stmt]bool
	left      int

	entered float64 // times
	cycles  float64
	loading float64 // of which the loads alone take so many
	most    Tile    // that takes most of the time
	weight  float64 // how much
	tallest int     // most registers of any tile
}

// declare notes where a local lives: scalars, and arrays that say so, in registers.
func (w *walker) declare(s *loopir.Local, v env) {
	w.types[s.Name] = s.Type
	w.registers[s.Name] = s.Mem == loopir.Registers || len(s.Shape) == 0
	w.shapes[s.Name] = s.Shape
}

// leave ends the lives of what a list declares.
func (w *walker) leave(list []loopir.Stmt) {
	for _, s := range list {
		l, ok := s.(*loopir.Local)
		if !ok || !w.registers[l.Name] {
			continue
		}
		for c := range w.live {
			if c.name == l.Name {
				delete(w.live, c)
			}
		}
	}
}

// list goes through statements that run times times.
func (w *walker) list(list []loopir.Stmt, v env, vec *lanes, times float64, loop bool) {
	defer w.leave(list)
	for _, s := range list {
		if w.entries[s] {
			w.entered += times
		}
	}
	for i := 0; i < len(list); {
		n := i
		for n < len(list) && straight(list[n]) {
			n++
		}
		if n > i {
			w.block(list[i:n], v, vec, times, loop)
			i = n
			continue
		}
		w.nested(list[i], v, vec, times)
		i++
	}
}

// straight tells whether a statement becomes code without jumps back.
func straight(s loopir.Stmt) bool {
	if l, ok := s.(*loopir.For); ok && !l.Unroll && l.Par != loopir.Vectorize {
		return false
	}
	for _, b := range loopir.Bodies(s) {
		for _, inner := range *b {
			if !straight(inner) {
				return false
			}
		}
	}
	return true
}

func (w *walker) block(list []loopir.Stmt, v env, vec *lanes, times float64, loop bool) {
	t := &tiler{w: w, loop: loop, vectors: map[cell]int{}, casts: map[cell]int{}, stores: map[cell]bool{}, chain: map[cell]int{}, arrays: map[string]bool{}}
	t.statements(list, v, vec)
	tile := t.tile()
	if tile.Bound == "" {
		return
	}
	w.cycles += tile.Cycles * times
	w.loading += tile.Loading * times
	w.tallest = max(w.tallest, tile.Registers)
	if tile.Cycles*times > w.weight {
		w.weight, w.most = tile.Cycles*times, tile
	}
}

func (w *walker) nested(s loopir.Stmt, v env, vec *lanes, times float64) {
	switch s := s.(type) {
	case *loopir.If:
		if !never(s.Cond, v) {
			w.list(s.Then, v, vec, times, false)
		}
		if !always(s.Cond, v) && (never(s.Cond, v) || vec != nil) {
			w.list(s.Else, v, vec, times, false)
		}
	case *loopir.For:
		lo, n, ok := trips(s, v)
		if !ok || n < 1 {
			return
		}
		if s.Par == loopir.Vectorize {
			w.list(s.Body, v.with(s.Iter, interval{lo, lo}), &lanes{s.Iter, interval{lo, lo + n - 1}}, times, false)
			return
		}
		// Where conditions and bounds inside depend on the iterator, the first and the last iteration
		// are looked at by themselves, and one in the middle for the others.
		points := []point{{lo, float64(n)}}
		if n > 1 && steers(s.Iter, s.Body) {
			points = []point{{lo, 1}, {lo + n/2, float64(n - 2)}, {lo + n - 1, 1}}
		}
		for _, p := range points {
			if p.times > 0 {
				w.list(s.Body, v.with(s.Iter, interval{p.at, p.at}), vec, times*p.times, true)
			}
		}
	}
}

// A point is an iteration that stands for so many.
type point struct {
	at    int64
	times float64
}

// trips are the first value of a loop's iterator and the number of iterations, at most where the
// bounds are not one value each.
func trips(l *loopir.For, v env) (lo, n int64, ok bool) {
	from, ok := eval(l.Lo, v)
	to, ok2 := eval(l.Hi, v)
	if !ok || !ok2 {
		return 0, 0, false
	}
	step := int64(1)
	if l.Step != nil {
		s, ok := eval(l.Step, v)
		if !ok || s.lo < 1 {
			return 0, 0, false
		}
		step = s.lo
	}
	return from.lo, max(0, (to.hi-from.lo+step-1)/step), true
}

// steers tells whether bounds or conditions in body depend on an iterator.
func steers(iter string, body []loopir.Stmt) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		var exprs []loopir.Expr
		switch s := s.(type) {
		case *loopir.For:
			exprs = []loopir.Expr{s.Lo, s.Hi}
		case *loopir.If:
			exprs = []loopir.Expr{s.Cond}
		}
		for _, e := range exprs {
			found = found || loopir.UsesVar(e, iter)
		}
		return !found
	})
	return found
}

// address is the place of a cell in its array, in elements; of a register, one of its own for
// each vector.
func (w *walker) address(r *loopir.Read, v env) int64 {
	at := int64(0)
	shape := w.shapes[r.Name]
	for d, e := range r.Index {
		extent := int64(1)
		if d < len(shape) {
			if x, ok := eval(shape[d], v); ok {
				extent = x.hi
			}
		}
		i, _ := eval(e, v)
		at = at*extent + i.lo
	}
	return at
}

// bytesOf is the size of an element.
func bytesOf(t loopir.Type) int64 { return max(1, int64(t.Bits())/8) }
