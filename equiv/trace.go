package equiv

import (
	"errors"
	"sort"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A trace is a run of a Program at certain sizes with fingerprints for values.
// It is where guesses come from that no equation suggests.
type trace struct {
	prog    *Program
	effects []*effect
	slots   map[string]int // of sizes and iterators
	env     []int64
	arrays  map[string]*traced
	code    map[loopir.Expr]func() int64
	values  map[loopir.Expr]func() fingerprint
	maps    map[*hint]*mapped
	left    int     // instances that may still run
	rows    [][]row // by Stmt.index
}

// A row is one instance of a statement that ran.
type row struct {
	iters []int64 // of Stmt.Loops
	wrote fingerprint
	term  fingerprint // what the old content was combined with, if it was
}

// A traced array maps cells, by a hash of scope and index, to what they hold.
type traced struct {
	array *Array
	scope []int // slots
	cells map[uint64]fingerprint
	from  map[int]int // packed offset to logical offset, of a packed parameter
	pack  *interp.Packing
}

// errTrace ends a run that gets too long or leaves the theory; then there are
// no guesses from it.
var errTrace = errors.New("no trace")

// run executes p at sizes, at most most instances.
func (sd *side) trace(sizes map[string]int64, most int) (t *trace, ok bool) {
	defer recoverTrace(func() { t, ok = nil, false })
	p := sd.prog
	t = &trace{
		prog: p, effects: sd.effects, slots: map[string]int{}, arrays: map[string]*traced{},
		code: map[loopir.Expr]func() int64{}, values: map[loopir.Expr]func() fingerprint{}, maps: map[*hint]*mapped{},
		left: most, rows: make([][]row, len(p.Stmts)),
	}
	for _, n := range p.Sizes {
		t.env[t.slot(n)] = sizes[n]
	}
	for _, a := range p.Arrays {
		t.addArray(a, sizes)
	}
	stmts := append([]*Stmt(nil), p.Stmts...)
	sort.SliceStable(stmts, func(i, j int) bool { return textBefore(stmts[i], stmts[j]) })
	t.body(stmts, 0)
	return t, true
}

// recoverTrace is deferred where errTrace may be thrown.
func recoverTrace(then func()) {
	if r := recover(); r != nil {
		if r != errTrace { //nolint:errorlint // the very value
			panic(r)
		}
		then()
	}
}

func textBefore(a, b *Stmt) bool {
	for i := range min(len(a.path), len(b.path)) {
		if a.path[i] != b.path[i] {
			return a.path[i] < b.path[i]
		}
	}
	return false
}

func (t *trace) slot(name string) int {
	i, ok := t.slots[name]
	if !ok {
		i = len(t.env)
		t.slots[name] = i
		t.env = append(t.env, 0)
	}
	return i
}

func (t *trace) addArray(a *Array, sizes map[string]int64) {
	m := &traced{array: a, cells: map[uint64]fingerprint{}}
	for _, it := range a.Scope() {
		m.scope = append(m.scope, t.slot(it))
	}
	if a.Param != nil && a.Param.Layout != nil {
		pk, err := interp.NewPacking(a.Param, sizes)
		if err != nil {
			panic(errTrace)
		}
		m.pack, m.from = pk, map[int]int{}
		for logical, packed := range pk.At {
			m.from[packed] = logical
		}
	}
	t.arrays[a.Name] = m
}

// body runs statements that share the loops down to depth.
func (t *trace) body(stmts []*Stmt, depth int) {
	for i := 0; i < len(stmts); {
		s := stmts[i]
		j := i + 1
		if len(s.path) == depth+1 {
			t.exec(s)
			i = j
			continue
		}
		for j < len(stmts) && stmts[j].path[depth] == s.path[depth] && len(stmts[j].path) > depth+1 {
			j++
		}
		t.loop(s.Loops[depth], stmts[i:j], depth)
		i = j
	}
}

func (t *trace) loop(l *loopir.For, body []*Stmt, depth int) {
	lo, hi, step := t.index(l.Lo)(), t.index(l.Hi)(), int64(1)
	if l.Step != nil {
		step = t.index(l.Step)()
	}
	if step <= 0 || (hi-lo)/step > int64(t.left) {
		panic(errTrace)
	}
	at := t.slot(l.Iter)
	for v := lo; v < hi; v += step {
		if t.left--; t.left < 0 {
			panic(errTrace)
		}
		t.env[at] = v
		t.body(body, depth+1)
	}
}

func (t *trace) exec(s *Stmt) {
	for _, g := range s.Guards {
		if t.index(g)() == 0 {
			return
		}
	}
	if t.left--; t.left < 0 {
		panic(errTrace)
	}
	r := row{iters: make([]int64, len(s.Loops))}
	for i, l := range s.Loops {
		r.iters[i] = t.env[t.slot(l.Iter)]
	}
	e := t.effects[s.index]
	if e.term != nil {
		r.term = t.value(e.term)()
	}
	r.wrote = t.value(e.value)()
	t.rows[s.index] = append(t.rows[s.index], r)
	if m := t.arrays[s.LHS.Name]; m != nil {
		m.cells[m.key(t, t.indices(s.LHS.Index))] = r.wrote
	}
}

func (t *trace) indices(es []loopir.Expr) []int64 {
	out := make([]int64, len(es))
	for i, e := range es {
		out[i] = t.index(e)()
	}
	return out
}

func (m *traced) key(t *trace, index []int64) uint64 {
	h := uint64(len(index))
	for _, s := range m.scope {
		h = scramble(h ^ uint64(t.env[s]))
	}
	for _, v := range index {
		h = scramble(h ^ uint64(v))
	}
	return h
}

func (t *trace) read(m *traced, index []int64) fingerprint {
	if v, ok := m.cells[m.key(t, index)]; ok {
		return v
	}
	if !m.array.IsInput() {
		return undefined
	}
	v := m.initial(index)
	m.cells[m.key(t, index)] = v
	return v
}

// initial is what a cell of an input holds at the start.
func (m *traced) initial(index []int64) fingerprint {
	if m.pack == nil {
		return mixCell(m.array.Name, index)
	}
	off := 0
	for i, v := range index {
		if v < 0 || v >= int64(m.pack.Packed[i]) {
			return undefined
		}
		off = off*m.pack.Packed[i] + int(v)
	}
	logical, ok := m.from[off]
	if !ok {
		return mixCell("padding "+m.array.Name, index)
	}
	out := make([]int64, len(m.pack.Logical))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = int64(logical % m.pack.Logical[i])
		logical /= m.pack.Logical[i]
	}
	return mixCell(m.array.Name, out)
}

// undefined is what a cell holds that was never written.
var undefined = mix("undefined")
