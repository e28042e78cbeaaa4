package equiv

import (
	"hash/fnv"
	"math"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// The different contents that arrays can have in a run.
const (
	signedFilling   = iota // small integers of both signs, never 0
	positiveFilling        // small positive integers
	halvesFilling          // halves around 0
	zerosFilling           // many zeros
	longFilling            // integers whose products bf16 and f16 round
	fillings
)

// fillValue is the content of a logical cell, the same in both kernels. Small
// integers are exact in every float type, and so are their sums and products as
// long as they stay small: rounding can't excuse a difference then.
func fillValue(t loopir.Type, name string, index []int64, filling int) interp.Value {
	x := fillHash(name, index, filling)
	switch filling {
	case signedFilling: // 0 would hide a factor
		v := int64(x%10) - 5
		if v >= 0 {
			v++
		}
		return interp.Integer(t, v)
	case positiveFilling:
		return interp.Integer(t, int64(x%7)+1)
	case zerosFilling:
		return interp.Integer(t, int64(x%3)-1)
	case longFilling:
		return interp.Integer(t, (33+2*int64(x%16))*(1-2*int64(x>>8&1)))
	}
	v := int64(x%9) - 4
	if t.IsFloat() {
		return interp.Float(t, float64(v)/2)
	}
	return interp.Integer(t, v)
}

// fillHash mixes what a content depends on.
func fillHash(name string, index []int64, filling int) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	for _, i := range index {
		_, _ = h.Write([]byte{byte(i), byte(i >> 8), byte(i >> 16), ','})
	}
	_, _ = h.Write([]byte{byte(filling)})
	x := h.Sum64()
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return x ^ x>>32
}

// garbage is the content of padding, which no result may depend on.
func garbage(t loopir.Type) interp.Value {
	if t.IsFloat() {
		return interp.Float(t, math.NaN())
	}
	return interp.Integer(t, 85)
}

// eachCell calls f for each index of an array of that shape, in lexicographic
// order; index is reused. It stops when f says false.
func eachCell(shape []int64, f func(index []int64) bool) {
	for _, n := range shape {
		if n <= 0 {
			return
		}
	}
	index := make([]int64, len(shape))
	for {
		if !f(index) {
			return
		}
		d := len(shape) - 1
		for ; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// A placing says where the logical cells of a parameter live in its array.
type placing struct {
	logical []int64 // extents of the logical array
	packed  []int64 // extents of the array itself
	layout  *loopir.Layout
	env     map[string]int64 // sizes and, while offset runs, the logical index
}

func newPlacing(p *loopir.Param, sizes map[string]int64) (placing, bool) {
	packed, ok := evalShape(p.Shape, sizes)
	if p.Layout == nil {
		return placing{packed, packed, nil, nil}, ok
	}
	logical, ok2 := evalShape(p.Layout.Shape, sizes)
	return placing{logical, packed, p.Layout, cloneSizes(sizes)}, ok && ok2
}

func evalShape(shape []loopir.Expr, sizes map[string]int64) ([]int64, bool) {
	out := make([]int64, len(shape))
	for d, e := range shape {
		n, ok := evalInt(e, sizes)
		if !ok || n < 0 {
			return nil, false
		}
		out[d] = n
	}
	return out, true
}

// offset is the place of a logical cell in row-major order, -1 for none.
func (p placing) offset(index []int64) int64 {
	at := index
	if p.layout != nil {
		for d, it := range p.layout.Iters {
			p.env[it] = index[d]
		}
		at = make([]int64, len(p.layout.Index))
		for d, e := range p.layout.Index {
			v, ok := evalInt(e, p.env)
			if !ok {
				return -1
			}
			at[d] = v
		}
	}
	off := int64(0)
	for d, v := range at {
		if v < 0 || v >= p.packed[d] {
			return -1
		}
		off = off*p.packed[d] + v
	}
	return off
}

// inputs fills the parameters of k: the same logical contents for each kernel
// with the same parameters, garbage in padding.
func (l *filler) inputs(k *loopir.Kernel, sizes map[string]int64, filling int) (*interp.Inputs, bool) {
	in := &interp.Inputs{Sizes: sizes, Scalars: map[string]interp.Value{}, Arrays: map[string]*interp.Array{}}
	for _, p := range k.Params {
		switch {
		case p.Kind == loopir.ScalarParam:
			in.Scalars[p.Name] = l.content(p, nil, sizes, filling)
		case p.Kind == loopir.ArrayParam && p.Dir != loopir.Out:
			pl, ok := newPlacing(p, sizes)
			if !ok {
				return nil, false
			}
			a := pl.newArray(p.Type)
			eachCell(pl.logical, func(index []int64) bool {
				off := pl.offset(index)
				if ok = off >= 0; ok {
					a.Bits[off] = l.content(p, index, sizes, filling).Bits
				}
				return ok
			})
			if !ok {
				return nil, false
			}
			in.Arrays[p.Name] = a
		}
	}
	return in, true
}

// newArray makes an array that is garbage all over.
func (p placing) newArray(t loopir.Type) *interp.Array {
	shape := make([]int, len(p.packed))
	for d, n := range p.packed {
		shape[d] = int(n)
	}
	g := garbage(t)
	return interp.NewArray(t, shape...).Fill(func(int) interp.Value { return g })
}

// exactly tells whether k computes the same from small integers however its
// sums are regrouped: there are no quotients and no rounding functions, and
// narrow floats are only stored, converted and multiplied once.
func exactly(k *loopir.Kernel) bool {
	exact := true
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			t := a.LHS.Type
			switch a.Op {
			case loopir.DivTo:
				exact = exact && !t.IsFloat()
			case loopir.AddTo, loopir.SubTo, loopir.MulTo:
				exact = exact && !narrow(t)
			}
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				exact = exact && exactOp(e)
				return exact
			})
		}
		return exact
	})
	return exact
}

func exactOp(e loopir.Expr) bool {
	switch e := e.(type) {
	case *loopir.Float:
		return wholeNumber(e)
	case *loopir.Binary:
		switch e.Op {
		case loopir.Div:
			return !e.Type.IsFloat()
		case loopir.Add, loopir.Sub:
			return !narrow(e.Type)
		case loopir.Mul:
			return !narrow(e.Type) || !isProduct(e.X) && !isProduct(e.Y)
		}
	case *loopir.Intrinsic:
		switch e.Name {
		case "min", "max", "select", "abs":
		case "fma":
			return !narrow(e.Type)
		default:
			return false
		}
	}
	return true
}

// narrow tells the floats that hold few integers.
func narrow(t loopir.Type) bool { return t == loopir.BF16 || t == loopir.F16 }

func isProduct(e loopir.Expr) bool {
	b, ok := e.(*loopir.Binary)
	return ok && b.Op == loopir.Mul
}

func wholeNumber(e *loopir.Float) bool {
	v, ok := number(e)
	return e.Text == "inf" || ok && v == math.Trunc(v)
}

// differs tells whether two values of a cell differ by more than rounding can
// explain. With exact arithmetic every difference counts, but for the sign of
// zero; NaN equals NaN.
// largest is how far whole numbers are exact.
func differs(before, after interp.Value, exact bool, largest float64) bool {
	if before.Same(after) {
		return false
	}
	if !before.Type.IsFloat() {
		return true
	}
	x, y := before.Float64(), after.Float64()
	switch d := math.Abs(x - y); {
	case x == y:
		return false
	case math.IsNaN(d) || math.IsInf(d, 0):
		return true
	case exact && math.Abs(x) <= largest && math.Abs(y) <= largest:
		return true
	default:
		return d > tolerance(before.Type)*max(1, math.Abs(x), math.Abs(y))
	}
}

// tolerance is a difference, relative to the values, that rounding and
// approximated functions do not reach on inputs this small.
func tolerance(t loopir.Type) float64 {
	switch t {
	case loopir.F64:
		return 1e-6
	case loopir.F32:
		return 1e-3
	}
	return 0.25
}
