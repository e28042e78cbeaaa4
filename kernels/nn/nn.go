// Package nn is layers over the kernels of this module, for plain row-major slices of float32
// and without cgo: LSTM, projected or not, GRU, RNN, in both directions and of sequences of different lengths,
// Dense, Conv2D with what follows it, dilated, in groups or depthwise, Conv1D, ConvTranspose2D, pooling, Softmax, LayerNorm, and the training of LSTMs and
// convolutions; folder resnet has a network of them. Each kernel is proved equal
// to its naive loops, down to its instructions; what this package adds, packing of weights,
// padding of sizes, rows that end, is ordinary Go with tests.
//
// A layer packs its weights once, when it is made. Units, inputs and outputs that fill no
// vector are padded there by zeros, which change nothing. Its methods may be called at the
// same time but for those of LSTMTraining and Conv2DTraining (a Tensor that is written has to be its
// own), don't allocate once they have run, and write
// nothing when they return an error, which is a *ShapeError. String tells which kernels run on
// this processor.
package nn

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"unsafe"
)

// A ShapeError tells which argument does not fit.
type ShapeError struct {
	Layer    string // and method, like LSTM.Forward
	Argument string
	Problem  string
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("nn: %s: %s %s", e.Layer, e.Argument, e.Problem)
}

// An Option is for the making of a layer.
type Option func(*options)

type options struct{ threads int }

// Threads limits the goroutines that work on one call; 0, which holds without this option, is
// GOMAXPROCS.
func Threads(n int) Option { return func(o *options) { o.threads = n } }

func optionsOf(list []Option) options {
	var o options
	for _, f := range list {
		f(&o)
	}
	return o
}

// maxElements bounds an array: kernels count in 31 bits.
const maxElements = 1<<31 - 1

// elements is the product of extents, -1 if there are too many.
func elements(extents ...int) int {
	n := 1
	for _, e := range extents {
		hi, lo := bits.Mul64(uint64(n), uint64(e))
		if e < 0 || hi != 0 || lo > maxElements {
			return -1
		}
		n = int(lo)
	}
	return n
}

// A size is a number that an array's extents are made of.
type size struct {
	name         string
	value, least int
}

func sized(layer string, sizes ...size) error {
	for _, s := range sizes {
		if s.value < s.least || s.value > maxElements {
			return &ShapeError{layer, s.name, fmt.Sprintf("is %d; it has to be from %d to %d", s.value, s.least, maxElements)}
		}
	}
	return nil
}

// long checks the length of a slice.
func long(layer, name string, x []float32, extents ...int) error {
	n := elements(extents...)
	if n < 0 {
		return &ShapeError{layer, name, fmt.Sprintf("would have more elements than %d: %v", maxElements, slices.Clone(extents))}
	}
	if len(x) != n {
		return &ShapeError{layer, name, fmt.Sprintf("has %d elements instead of %v, %d", len(x), slices.Clone(extents), n)}
	}
	return nil
}

// optional is long for a slice that may be nil.
func optional(layer, name string, x []float32, extents ...int) error {
	if x == nil {
		return nil
	}
	return long(layer, name, x, extents...)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// overlap tells whether slices share memory.
func overlap(a, b []float32) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	x, y := uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return x < y+uintptr(4*len(b)) && y < x+uintptr(4*len(a))
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// padded is an array of [outer][rows][cols] with rows and cols padded by zeros.
func padded(x []float32, outer, rows, cols, toRows, toCols int) []float32 {
	out := make([]float32, outer*toRows*toCols)
	for o := range outer {
		for r := range rows {
			copy(out[(o*toRows+r)*toCols:][:cols], x[(o*rows+r)*cols:][:cols])
		}
	}
	return out
}

// widen copies rows of cols numbers to rows of to numbers, of which the rest is zero; a nil
// src is zeros.
func widen(dst, src []float32, rows, cols, to int) {
	if src == nil {
		clear(dst[:rows*to])
		return
	}
	if cols == to {
		copy(dst[:rows*to], src)
		return
	}
	for r := range rows {
		copy(dst[r*to:], src[r*cols:][:cols])
		clear(dst[r*to+cols : (r+1)*to])
	}
}

// narrow is the reverse of widen; nothing happens for a nil dst.
func narrow(dst, src []float32, rows, cols, from int) {
	if dst == nil {
		return
	}
	if cols == from {
		copy(dst, src[:rows*cols])
		return
	}
	for r := range rows {
		copy(dst[r*cols:][:cols], src[r*from:])
	}
}

// A scratch is memory that calls use again.
type scratch struct{ slots [8][]float32 }

// slice is n numbers of any value.
func (s *scratch) slice(slot, n int) []float32 {
	if cap(s.slots[slot]) < n {
		s.slots[slot] = make([]float32, n)
	}
	return s.slots[slot][:n]
}

type scratches struct{ pool sync.Pool }

func (p *scratches) get() *scratch {
	s, _ := p.pool.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	return s
}

func (p *scratches) put(s *scratch) { p.pool.Put(s) }

// must is for what the checks of this package have made sure of.
func must(err error) {
	if err != nil {
		panic("nn: " + err.Error())
	}
}
