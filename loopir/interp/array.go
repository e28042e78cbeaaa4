package interp

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/loopopt/loopopt/loopir"
)

// An Array is a dense array, the last dimension contiguous. Bits holds one
// Value's bits a cell.
type Array struct {
	Type  loopir.Type
	Shape []int
	Bits  []uint64
}

// NewArray makes an array of zeros. It panics when an extent is negative or the
// number of cells doesn't fit in an int.
func NewArray(t loopir.Type, shape ...int) *Array {
	n, ok := cells(shape)
	if !ok {
		panic(fmt.Sprintf("interp: no array of shape %v", shape))
	}
	return &Array{t, append([]int(nil), shape...), make([]uint64, n)}
}

// cells multiplies extents.
func cells(shape []int) (int, bool) {
	n := uint64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
	}
	for _, d := range shape {
		if d == 0 {
			return 0, true
		}
	}
	for _, d := range shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if n = lo; hi != 0 || lo > math.MaxInt {
			return 0, false
		}
	}
	return int(n), true
}

// Offset is the place of a cell in Bits, -1 when out of bounds.
func (a *Array) Offset(index ...int) int {
	if len(index) != len(a.Shape) {
		return -1
	}
	off := 0
	for d, i := range index {
		if i < 0 || i >= a.Shape[d] {
			return -1
		}
		off = off*a.Shape[d] + i
	}
	return off
}

// Index is the cell at an offset.
func (a *Array) Index(off int) []int { return unflatten(a.Shape, off) }

func unflatten(shape []int, off int) []int {
	out := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		out[d] = off % shape[d]
		off /= shape[d]
	}
	return out
}

// At is the value of a cell.
func (a *Array) At(index ...int) Value { return Value{a.Type, a.Bits[a.Offset(index...)]} }

// Set changes a cell; v has a's type.
func (a *Array) Set(v Value, index ...int) { a.Bits[a.Offset(index...)] = v.Bits }

// Clone copies a.
func (a *Array) Clone() *Array {
	return &Array{a.Type, append([]int(nil), a.Shape...), append([]uint64(nil), a.Bits...)}
}

// Fill sets every cell by its index in Bits.
func (a *Array) Fill(f func(off int) Value) *Array {
	for i := range a.Bits {
		a.Bits[i] = f(i).Bits
	}
	return a
}

// FirstDifference returns the first cell where a and b differ, all NaNs being
// the same; ok is false when there is none. Shapes and types must agree.
func FirstDifference(a, b *Array) (index []int, ok bool) {
	for i, x := range a.Bits {
		if !sameBits(a.Type, x, b.Bits[i]) {
			return a.Index(i), true
		}
	}
	return nil, false
}

// A Packing relates the cells of a packed array to those of the logical array,
// for sizes that are known.
type Packing struct {
	Logical []int // extents
	Packed  []int
	At      []int // packed offset of each logical cell, by logical offset
}

// NewPacking evaluates the layout of p for sizes. It is an error when two
// logical cells share a packed cell or one lies outside.
func NewPacking(p *loopir.Param, sizes map[string]int64) (pk *Packing, err error) {
	l := p.Layout
	if l == nil || len(l.Index) != len(p.Shape) || len(l.Iters) != len(l.Shape) {
		return nil, loopir.Errorf(p.Span, "%s has no layout, or one of the wrong rank", p.Name)
	}
	logical, err := extents(l.Shape, sizes)
	if err != nil {
		return nil, err
	}
	packed, err := extents(p.Shape, sizes)
	if err != nil {
		return nil, err
	}
	n, ok := cells(logical)
	m, ok2 := cells(packed)
	if !ok || !ok2 || max(n, m) > maxCells {
		return nil, &Fault{Kind: TooLarge, Err: loopir.Errorf(p.Span, "array %s is too large to run: %v as %v", p.Name, logical, packed)}
	}
	ev := newEvaluator(sizes)
	for _, name := range l.Iters {
		ev.set(name, 0)
	}
	index, err := ev.c.indices(l.Index, ev.sc)
	if err != nil {
		return nil, err
	}
	defer recoverFault(&err)
	pk = &Packing{logical, packed, make([]int, n)}
	used := make([]bool, m)
	for off := range n {
		cell := unflatten(logical, off)
		for d, i := range cell {
			ev.set(l.Iters[d], int64(i))
		}
		at := 0
		for d, f := range index {
			i := f(ev.fr)
			if i < 0 || i >= int64(packed[d]) {
				raise(OutOfBounds, p.Span, "layout of %s puts cell %v at %d in dimension %d of extent %d", p.Name, cell, i, d, packed[d])
			}
			at = at*packed[d] + int(i)
		}
		if used[at] {
			raise(Alias, p.Span, "layout of %s puts two cells, one of them %v, at %v", p.Name, cell, unflatten(packed, at))
		}
		used[at] = true
		pk.At[off] = at
	}
	return pk, nil
}

// Pack lays out a logical array, padding filled with pad.
func (pk *Packing) Pack(a *Array, pad Value) *Array {
	out := NewArray(a.Type, pk.Packed...)
	out.Fill(func(int) Value { return pad })
	for off, at := range pk.At {
		out.Bits[at] = a.Bits[off]
	}
	return out
}

// Unpack undoes Pack.
func (pk *Packing) Unpack(a *Array) *Array {
	out := NewArray(a.Type, pk.Logical...)
	for off, at := range pk.At {
		out.Bits[off] = a.Bits[at]
	}
	return out
}

// Padding marks the packed cells that hold no logical cell.
func (pk *Packing) Padding() []bool {
	n, _ := cells(pk.Packed)
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	for _, at := range pk.At {
		out[at] = false
	}
	return out
}
