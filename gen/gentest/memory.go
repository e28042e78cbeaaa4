package gentest

import (
	"unsafe"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// width is the size of an element in bytes.
func width(t loopir.Type) int {
	switch t {
	case loopir.F64, loopir.I64:
		return 8
	case loopir.F32, loopir.I32:
		return 4
	case loopir.I16, loopir.BF16, loopir.F16:
		return 2
	}
	return 1
}

// view sees bytes as elements.
func view[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// toSlice copies an array into memory b.
func toSlice(a *interp.Array, b []byte) any {
	switch a.Type {
	case loopir.F64:
		return fill(view[uint64](b), a, view[float64](b))
	case loopir.F32:
		return fill(view[uint32](b), a, view[float32](b))
	case loopir.I8:
		return fill(view[uint8](b), a, view[int8](b))
	case loopir.U8:
		return fill(view[uint8](b), a, view[uint8](b))
	case loopir.I16:
		return fill(view[uint16](b), a, view[int16](b))
	case loopir.BF16, loopir.F16:
		return fill(view[uint16](b), a, view[uint16](b))
	case loopir.I32:
		return fill(view[uint32](b), a, view[int32](b))
	case loopir.I64:
		return fill(view[uint64](b), a, view[int64](b))
	}
	panic("gentest: no Go slice for " + a.Type.String())
}

func fill[U uint8 | uint16 | uint32 | uint64, T any](bits []U, a *interp.Array, as []T) []T {
	for i, v := range a.Bits {
		bits[i] = U(v)
	}
	return as
}

// fromSlice is the inverse of toSlice.
func fromSlice(t loopir.Type, s any, shape []int) *interp.Array {
	a := interp.NewArray(t, shape...)
	switch s := s.(type) {
	case []float64:
		read(a, s, func(b []byte) any { return view[uint64](b) })
	case []float32:
		read(a, s, func(b []byte) any { return view[uint32](b) })
	case []int8:
		copyInts(a, s)
	case []uint8:
		copyInts(a, s)
	case []int16:
		copyInts(a, s)
	case []uint16:
		for i := range a.Bits {
			a.Bits[i] = uint64(s[i])
		}
	case []int32:
		copyInts(a, s)
	case []int64:
		copyInts(a, s)
	}
	return a
}

func copyInts[T int8 | uint8 | int16 | int32 | int64](a *interp.Array, s []T) {
	for i := range a.Bits {
		a.Bits[i] = interp.Integer(a.Type, int64(s[i])).Bits
	}
}

// read copies the IEEE bits of floats.
func read[T float32 | float64](a *interp.Array, s []T, as func([]byte) any) {
	var zero T
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
	switch bits := as(b).(type) {
	case []uint64:
		copy(a.Bits, bits)
	case []uint32:
		for i := range a.Bits {
			a.Bits[i] = uint64(bits[i])
		}
	}
}

func scalarOf(v interp.Value) any {
	switch v.Type {
	case loopir.F64:
		return v.Float64()
	case loopir.F32:
		return float32(v.Float64())
	case loopir.I8:
		return int8(v.Int64())
	case loopir.U8:
		return uint8(v.Int64())
	case loopir.I16:
		return int16(v.Int64())
	case loopir.BF16, loopir.F16:
		return uint16(v.Bits)
	case loopir.I32:
		return int32(v.Int64())
	}
	return v.Int64()
}

// shorter drops the last element; ok is false when there is none.
func shorter(s any) (out any, ok bool) {
	switch s := s.(type) {
	case []float64:
		return cut(s)
	case []float32:
		return cut(s)
	case []int8:
		return cut(s)
	case []uint8:
		return cut(s)
	case []int16:
		return cut(s)
	case []uint16:
		return cut(s)
	case []int32:
		return cut(s)
	case []int64:
		return cut(s)
	}
	return nil, false
}

func cut[T any](s []T) (any, bool) {
	if len(s) == 0 {
		return nil, false
	}
	return s[:len(s)-1], true
}

// join makes one slice that is long enough for both, nil when either is empty.
func join(a, b any) any {
	switch a := a.(type) {
	case []float64:
		return longest(a, b.([]float64))
	case []float32:
		return longest(a, b.([]float32))
	case []uint16:
		return longest(a, b.([]uint16))
	case []int32:
		return longest(a, b.([]int32))
	case []int64:
		return longest(a, b.([]int64))
	}
	return nil
}

func longest[T any](a, b []T) any {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	return make([]T, max(len(a), len(b)))
}
