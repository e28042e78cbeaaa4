package equiv

import (
	"math"
	"math/big"

	"github.com/loopopt/loopopt/loopir/interp"
)

// wideBits is the precision that cells are computed with where they are no
// rational numbers. Functions are as good as those of package math.
const wideBits = 160

// Bounds of exponents of 2 and of arguments of exp. What is computed of such
// numbers is within what a big.Float holds.
const (
	maxExponent = 1 << 28
	maxArgument = 1 << 26
)

var ln2, _ = new(big.Float).SetPrec(2 * wideBits).SetString("0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586332699641868754200148102057068573368552")

// wideEval computes terms as floating-point numbers of so wide a range of
// exponents that nothing overflows or underflows, or it says so.
type wideEval struct {
	exact  *ratEval
	known  map[interp.TermID]*big.Float // nil: not computed
	beyond bool                         // a number was out of the range
}

// wideDifference tells whether two results of a cell that differ as rounded
// numbers do so in a wider range of exponents. decided is false where one of
// them is not computed of numbers with the operations known here.
func (r *referee) wideDifference(x, y interp.TermID, filling int, tolerance float64) (different, decided bool) {
	e := wideEval{exact: r.rationals(r.symbolic.terms, filling), known: map[interp.TermID]*big.Float{}}
	a, b := e.value(x), e.value(y)
	if a == nil || b == nil {
		return false, e.beyond
	}
	most := big.NewFloat(1)
	for _, v := range []*big.Float{a, b} {
		if v := new(big.Float).Abs(v); v.Cmp(most) > 0 {
			most = v
		}
	}
	d := wide().Sub(a, b)
	return d.Abs(d).Cmp(most.Mul(most, big.NewFloat(tolerance))) > 0, true
}

func wide() *big.Float { return new(big.Float).SetPrec(wideBits) }

func (e *wideEval) value(id interp.TermID) *big.Float {
	v, ok := e.known[id]
	if ok {
		return v
	}
	if q, ok := e.exact.value(id); ok {
		v = wide().SetRat(q)
	} else if n := e.exact.terms.Node(id); n.Type.IsFloat() {
		v = e.compute(n)
	}
	if v != nil && (v.MantExp(nil) > maxExponent || v.MantExp(nil) < -maxExponent) {
		v, e.beyond = nil, true
	}
	e.known[id] = v
	return v
}

func (e *wideEval) compute(n interp.Term) *big.Float {
	if n.Op == "select" {
		c, ok := e.exact.condition(n.Args[0])
		switch {
		case !ok:
			return nil
		case c:
			return e.value(n.Args[1])
		}
		return e.value(n.Args[2])
	}
	var xs []*big.Float
	for _, a := range n.Args {
		x := e.value(a)
		if x == nil {
			return nil
		}
		xs = append(xs, x)
	}
	switch n.Op {
	case "cast":
		if !e.exact.rounds(n) {
			return xs[0]
		}
	case "+", "-", "*", "/", "fma", "min", "max", "abs":
		return arithmetic(wide(), n.Op, xs)
	case "exp":
		return e.exp(xs[0])
	case "log":
		return log(xs[0])
	case "sqrt":
		if xs[0].Sign() >= 0 {
			return wide().Sqrt(xs[0])
		}
	case "sigmoid":
		return e.sigmoid(xs[0])
	case "tanh": // 2*sigmoid(2*x) - 1, but for where that cancels
		if x, _ := xs[0].Float64(); math.Abs(x) < 0.5 {
			return wide().SetFloat64(math.Tanh(x))
		}
		if s := e.sigmoid(wide().Add(xs[0], xs[0])); s != nil {
			return s.Sub(s.Add(s, s), big.NewFloat(1))
		}
	}
	return nil
}

func (e *wideEval) exp(x *big.Float) *big.Float {
	if abs := wide().Abs(x); abs.Cmp(big.NewFloat(maxArgument)) > 0 {
		e.beyond = true
		return nil
	}
	k, _ := wide().Quo(x, ln2).Float64()
	k = math.Round(k)
	rest, _ := wide().Sub(x, wide().Mul(ln2, big.NewFloat(k))).Float64()
	return wide().SetMantExp(wide().SetFloat64(math.Exp(rest)), int(k))
}

func log(x *big.Float) *big.Float {
	if x.Sign() <= 0 {
		return nil
	}
	if d, _ := wide().Sub(x, big.NewFloat(1)).Float64(); math.Abs(d) < 0.5 {
		return wide().SetFloat64(math.Log1p(d))
	}
	m := wide()
	k := x.MantExp(m)
	mantissa, _ := m.Float64()
	m.SetFloat64(math.Log(mantissa))
	return m.Add(m, wide().Mul(ln2, big.NewFloat(float64(k))))
}

func (e *wideEval) sigmoid(x *big.Float) *big.Float {
	v := e.exp(wide().Neg(x))
	if v == nil {
		return nil
	}
	one := big.NewFloat(1)
	return v.Quo(one, v.Add(v, one))
}
