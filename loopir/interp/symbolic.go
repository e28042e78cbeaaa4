package interp

import (
	"context"

	"github.com/loopopt/loopopt/loopir"
)

// A TermArray is what an out or inout array holds after a symbolic run: one
// term for each cell of the logical array, 0 for a cell that was not written.
type TermArray struct {
	Type  loopir.Type
	Shape []int
	Cells []TermID
}

// Run runs k on symbolic contents at the given sizes. Packed arrays are seen
// as their logical arrays, so that a packed kernel compares with a plain one.
// An if on data makes conditional values; its arms are not expected to fault.
func (t *Terms) Run(ctx context.Context, f *loopir.File, k *loopir.Kernel, sizes map[string]int64, opts Options) (out map[string]*TermArray, err error) {
	defer recoverFault(&err)
	dom := terms{t}
	p, err := newCompiler(f, dom).kernel(k)
	if err != nil {
		return nil, err
	}
	m := newMachine(ctx, dom, opts)
	packings := map[string]*Packing{}
	for _, q := range p.kernel.Params {
		if q.Layout != nil {
			if packings[q.Name], err = NewPacking(q, sizes); err != nil {
				return nil, err
			}
		}
	}
	given := func(q *loopir.Param) (*Array, error) { return t.leaves(q, packings[q.Name], sizes) }
	scalar := func(q *loopir.Param) (uint64, error) {
		return uint64(t.make(Term{Op: "in", Type: q.Type, Name: q.Name})), nil
	}
	fr, err := m.activate(p, sizes, given, scalar)
	if err != nil {
		return nil, err
	}
	if err := m.runKernel(p, fr, sizes); err != nil {
		return nil, err
	}
	out = map[string]*TermArray{}
	for _, q := range p.kernel.Params {
		if q.Kind == loopir.ArrayParam && q.Dir != loopir.In {
			out[q.Name] = termArray(q, fr.views[p.sc.views[q.Name]].st, packings[q.Name])
		}
	}
	return out, nil
}

// leaves is the initial content of an array parameter.
func (t *Terms) leaves(q *loopir.Param, pk *Packing, sizes map[string]int64) (*Array, error) {
	shape, err := extents(q.Shape, sizes)
	if err != nil {
		return nil, err
	}
	logical := shape
	if pk != nil {
		logical = pk.Logical
	}
	a := &Array{Type: q.Type, Shape: logical, Bits: nil}
	n, _ := cells(logical)
	a.Bits = make([]uint64, n)
	for off := range a.Bits {
		a.Bits[off] = uint64(t.make(Term{Op: "in", Type: q.Type, Name: q.Name, Cell: unflatten(logical, off)}))
	}
	if pk == nil {
		return a, nil
	}
	a = pk.Pack(a, Value{})
	for off, b := range a.Bits {
		if b == 0 {
			a.Bits[off] = uint64(t.make(Term{Op: "pad", Type: q.Type, Name: q.Name, Cell: unflatten(shape, off)}))
		}
	}
	return a, nil
}

func termArray(q *loopir.Param, st *store, pk *Packing) *TermArray {
	at := func(off int) TermID {
		if !st.init[off] {
			return 0
		}
		return TermID(st.bits[off])
	}
	if pk == nil {
		out := &TermArray{Type: q.Type, Shape: st.shape, Cells: make([]TermID, len(st.bits))}
		for off := range out.Cells {
			out.Cells[off] = at(off)
		}
		return out
	}
	out := &TermArray{Type: q.Type, Shape: pk.Logical, Cells: make([]TermID, len(pk.At))}
	for off, p := range pk.At {
		out.Cells[off] = at(p)
	}
	return out
}

// FirstDifference returns the first cell, in row-major order, where a and b
// differ in the mode. Arrays of different shapes differ at a nil cell.
func (t *Terms) FirstDifference(a, b *TermArray, m Mode) (cell []int, differ bool) {
	if a.Type != b.Type || !equalInts(a.Shape, b.Shape) {
		return nil, true
	}
	for off, x := range a.Cells {
		if !t.Equal(x, b.Cells[off], m) {
			return unflatten(a.Shape, off), true
		}
	}
	return nil, false
}
