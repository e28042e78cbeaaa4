package equiv

import (
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// Contents that only a thorough search tries, numbered on from fillings.
const (
	nanFilling      = fillings + iota // NaN here and there
	infFilling                        // infinities here and there
	wideFilling                       // integers that narrow floats round
	dominantFilling                   // large where all indices are equal: a matrix that has roots and inverses
	limitsFilling                     // bytes, and other integers where no floats are, at the limits of their types
	scalarFilling                     // this one and two more: scalars -1, 0 and 1

	// farFilling and further ones are values at the literals of the kernels, and then
	// contents that make divisors 0 (refute_roots.go).
	farFilling = scalarFilling + scalarFillings
)

// specials lists the contents with NaN, infinities and -0.0. Others than nanFilling have NaN at other
// places: which of two operands is one matters.
func specials() []int { return []int{nanFilling, infFilling, -1, -2, -3, minusFilling} }

// minusFilling has 0.0 and -0.0 here and there.
const minusFilling = -4

// scalarFillings is how many values scalars take from scalarFilling on.
const scalarFillings = 3

// maxLiterals bounds how many of the values at literals are tried; each is one
// more filling.
const maxLiterals = 9

// A filler knows which contents are worth trying on two kernels.
type filler struct {
	literals []float64                // of data in the kernels, and what is next to them
	largest  float64                  // magnitude of what comes of literals in an exact product
	narrow   bool                     // bf16 or f16 occurs
	single   bool                     // a float other than f64 occurs
	product  bool                     // data is multiplied
	roots    bool                     // a root is taken of data
	scalars  bool                     // there are scalar parameters
	bytes    bool                     // there are integers of 8 bits
	float    bool                     // there are floats
	integers bool                     // there are integers
	zeros    []zeroOf                 // contents that make divisors 0
	indices  map[string][]loopir.Expr // extents that the cells of an array have to be below: they are indices

	decimals map[interp.Value]*big.Rat // literals as they are written, by their values
}

// look takes note of the literals and types of k.
func (l *filler) look(k *loopir.Kernel) {
	l.lookForIndices(k)
	l.lookForZeros(k)
	note := func(t loopir.Type) {
		l.bytes = l.bytes || t == loopir.I8 || t == loopir.U8
		l.float = l.float || t.IsFloat()
		l.integers = l.integers || t.IsInteger()
		l.narrow = l.narrow || narrow(t)
		l.single = l.single || t.IsFloat() && t != loopir.F64
	}
	for _, p := range k.Params {
		if p.Kind != loopir.SizeParam {
			note(p.Type)
		}
		l.scalars = l.scalars || p.Kind == loopir.ScalarParam
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local:
			note(s.Type)
		case *loopir.Assign:
			l.product = l.product || s.Op == loopir.MulTo
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				note(e.TypeOf())
				l.lookAt(e)
				return true
			})
		}
		return true
	})
}

// lookForIndices notes the arrays whose cells are indices of others.
func (l *filler) lookForIndices(k *loopir.Kernel) {
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				r, ok := e.(*loopir.Read)
				if !ok || k.Param(r.Name) == nil {
					return true
				}
				for d, x := range r.Index {
					loopir.WalkExpr(x, func(x loopir.Expr) bool {
						if at, ok := x.(*loopir.Read); ok {
							if l.indices == nil {
								l.indices = map[string][]loopir.Expr{}
							}
							l.indices[at.Name] = append(l.indices[at.Name], k.Param(r.Name).Shape[d])
						}
						return true
					})
				}
				return true
			})
		}
		return true
	})
}

// content is value, but for what is to be an index: that is legal as it stands.
func (l *filler) content(p *loopir.Param, index []int64, sizes map[string]int64, filling int) interp.Value {
	limit := int64(math.MaxInt8)
	for _, e := range l.indices[p.Name] {
		if n, ok := evalInt(e, sizes); ok {
			limit = min(limit, n)
		}
	}
	if len(l.indices[p.Name]) == 0 || limit <= 0 {
		return l.value(p.Type, p.Name, index, filling)
	}
	return interp.Integer(p.Type, int64(fillHash(p.Name, index, filling)%uint64(limit)))
}

func (l *filler) lookAt(e loopir.Expr) {
	switch e := e.(type) {
	case *loopir.Int:
		if e.Type != loopir.Index && e.Value.IsInt64() {
			l.add(float64(e.Value.Int64()))
		}
	case *loopir.Float:
		l.noteDecimal(e)
		if v, err := strconv.ParseFloat(e.Text, 64); err == nil {
			l.add(v)
		}
	case *loopir.Unary:
		if v, ok := number(e.X); ok && e.Op == loopir.Neg && e.Type != loopir.Index {
			l.add(-v)
		}
	case *loopir.Binary:
		l.product = l.product || e.Op == loopir.Mul && e.Type != loopir.Index
	case *loopir.Intrinsic:
		l.product = l.product || e.Name == "fma"
		l.roots = l.roots || e.Name == "sqrt"
	}
}

// add takes in the neighbourhood of v, of which the usual contents hold what is
// small.
func (l *filler) add(v float64) {
	const usual, most = 4, 1 << 40
	if math.Abs(v) < usual && v == math.Trunc(v) || math.Abs(v) > most || math.IsNaN(v) {
		return
	}
	for _, w := range []float64{v + 1, v, v - 1} {
		if !slices.Contains(l.literals, w) && len(l.literals) < maxLiterals {
			l.literals = append(l.literals, w)
			l.largest = max(l.largest, math.Abs(w))
		}
	}
}

// thorough lists the fillings of finite numbers that may tell more than the usual ones.
// exact says that values are exact on small integers.
func (l *filler) thorough(exact bool) []int {
	var out []int
	for f := range fillings {
		out = append(out, f)
	}
	if exact && l.narrow {
		out = append(out, wideFilling)
	}
	if l.roots {
		out = append(out, dominantFilling)
	}
	if l.bytes || l.integers && !l.float {
		out = append(out, limitsFilling)
	}
	for i := range scalarFillings {
		if l.scalars {
			out = append(out, scalarFilling+i)
		}
	}
	for i := range len(l.literals) + len(l.zeros)*rootFillings {
		out = append(out, farFilling+i)
	}
	return out
}

// usual lists the fillings that are tried first.
func (l *filler) usual() []int { return (&filler{roots: l.roots}).thorough(false) }

// exactIn tells whether contents of that filling are small enough for results
// to be exact where those of small integers are.
func (l *filler) exactIn(filling int) bool {
	v := l.largest
	if l.product {
		v *= v
	}
	return filling < farFilling || v <= l.largestExact()
}

// largestExact is a magnitude up to which integers are exact, with room for
// sums on the way.
func (l *filler) largestExact() float64 {
	if l.single {
		return 1 << 22
	}
	return 1 << 50
}

// value is the content of a logical cell, the same in both kernels.
func (l *filler) value(t loopir.Type, name string, index []int64, filling int) interp.Value {
	if filling >= 0 && filling < fillings {
		return fillValue(t, name, index, filling)
	}
	if root := filling - farFilling - len(l.literals); root >= 0 {
		return l.nearZero(t, name, index, root)
	}
	if filling >= scalarFilling && filling < farFilling {
		if len(index) > 0 {
			return fillValue(t, name, index, signedFilling)
		}
		return interp.Integer(t, int64((fillHash(name, nil, scalarFilling)+uint64(filling))%scalarFillings)-1)
	}
	if filling == limitsFilling {
		return l.atLimits(t, name, index)
	}
	if filling >= farFilling {
		x := fillHash(name, index, farFilling)
		v := l.literals[(x%maxLiterals+uint64(filling-farFilling))%uint64(len(l.literals))]
		if t.IsFloat() {
			return interp.Float(t, v)
		}
		return interp.Integer(t, int64(v))
	}
	x := fillHash(name, index, filling)
	switch {
	case filling == dominantFilling && len(index) > 1 && !slices.ContainsFunc(index, func(i int64) bool { return i != index[0] }):
		return interp.Integer(t, 100+int64(x%25))
	case filling == wideFilling:
		return interp.Integer(t, int64(257+2*(x%24)))
	case !t.IsFloat() || x%3 != 0 || filling == dominantFilling:
		return interp.Integer(t, int64(x>>8%7)-3)
	case filling == minusFilling:
		return interp.Float(t, math.Copysign(0, float64(int(x>>16&1))-0.5))
	case filling == nanFilling || filling < 0:
		return interp.Float(t, math.NaN())
	}
	return interp.Float(t, math.Inf(1-2*int(x>>16&1)))
}

// atLimits is a content next to the limits of an integer type.
func (l *filler) atLimits(t loopir.Type, name string, index []int64) interp.Value {
	x := fillHash(name, index, limitsFilling)
	bits := t.Bits()
	if !t.IsInteger() || l.float && bits > 8 {
		return fillValue(t, name, index, signedFilling)
	}
	off := int64(x % 3)
	switch {
	case x>>8%4 == 0:
		return interp.Integer(t, 1-off)
	case x>>8%2 == 0:
		return interp.Integer(t, int64(math.MinInt64)>>(64-bits)+off)
	case t == loopir.U8:
		return interp.Integer(t, 255-off)
	}
	return interp.Integer(t, int64(math.MaxInt64)>>(64-bits)-off)
}
