package equiv

import (
	"fmt"
	"maps"
	"math"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// symbolicSteps bounds one run on symbolic values.
const symbolicSteps = 50_000

// maxDigits bounds the rationals that are computed with.
const maxDigits = 20_000

// A symbolicRun is both kernels' results as terms.
type symbolicRun struct {
	sizes         map[string]int64
	terms         *interp.Terms
	before, after map[string]*interp.TermArray
}

// maxStricts bounds for how many cells small differences are told from rounding.
const maxStricts = 40

// differ tells whether two results of a cell refute that kernels are equal. For
// floating-point numbers the cell is computed over the rationals, if it has a
// value there: if both kernels give the same, it was rounding that made the
// difference; if not, any difference will do when the referee is strict.
func (r *referee) differ(a, b interp.Value, array string, cell []int64, sizes map[string]int64, filling int) bool {
	if r.bits {
		return !a.Same(b)
	}
	large := differs(a, b, r.exact && r.fill.exactIn(filling), r.fill.largestExact())
	if !large {
		if !r.strict || a.Same(b) || !a.Type.IsFloat() || r.stricts >= maxStricts {
			return false
		}
		r.stricts++
	}
	before, after := r.terms(array, cell, sizes)
	if before == 0 || after == 0 {
		return large && r.counts(a, b)
	}
	e := r.rationals(r.symbolic.terms, filling)
	if x, ok := e.value(before); ok {
		if y, ok := e.value(after); ok {
			return x.Cmp(y) != 0
		}
	}
	if !large {
		return false
	}
	different, decided := r.wideDifference(before, after, filling, tolerance(a.Type))
	return different || !decided && r.counts(a, b)
}

// counts tells whether results may refute that are not known but as rounded
// numbers, where overflow looks like no value.
func (r *referee) counts(a, b interp.Value) bool {
	return r.infinite || !a.Type.IsFloat() || isFinite(a) && isFinite(b)
}

func isFinite(v interp.Value) bool {
	x := v.Float64()
	return !math.IsNaN(x) && !math.IsInf(x, 0)
}

// terms are how both kernels compute a cell; 0 where that is not known.
func (r *referee) terms(array string, cell []int64, sizes map[string]int64) (before, after interp.TermID) {
	if r.symbolic == nil || !maps.Equal(r.symbolic.sizes, sizes) {
		r.symbolic = r.runSymbolically(sizes)
	}
	return termOf(r.symbolic.before[array], cell), termOf(r.symbolic.after[array], cell)
}

func (r *referee) rationals(terms *interp.Terms, filling int) *ratEval {
	return &ratEval{terms: terms, fill: &r.fill, filling: filling, known: map[interp.TermID]*big.Rat{}}
}

func (r *referee) runSymbolically(sizes map[string]int64) *symbolicRun {
	s := &symbolicRun{sizes: cloneSizes(sizes), terms: interp.NewTerms()}
	opts := interp.Options{MaxSteps: symbolicSteps}
	r.left -= symbolicSteps / 10
	var err error
	if s.before, err = s.terms.Run(r.ctx, r.f, r.before, sizes, opts); err == nil {
		s.after, _ = s.terms.Run(r.ctx, r.f, r.after, sizes, opts)
	}
	return s
}

func termOf(a *interp.TermArray, cell []int64) interp.TermID {
	if a == nil || len(cell) != len(a.Shape) {
		return 0
	}
	off := 0
	for d, i := range cell {
		off = off*a.Shape[d] + int(i)
	}
	return a.Cells[off]
}

// ratEval computes terms over the rationals.
type ratEval struct {
	terms   *interp.Terms
	fill    *filler
	filling int
	known   map[interp.TermID]*big.Rat // nil: no rational
}

func (e *ratEval) leaf(n interp.Term) interp.Value {
	index := make([]int64, len(n.Cell))
	for i, c := range n.Cell {
		index[i] = int64(c)
	}
	return e.fill.value(n.Type, n.Name, index, e.filling)
}

// value is the value of a term, if it is a rational number that is computed
// without rounding functions.
func (e *ratEval) value(id interp.TermID) (*big.Rat, bool) {
	v, ok := e.known[id]
	if !ok {
		v = e.compute(e.terms.Node(id), id)
		if v != nil && v.Num().BitLen()+v.Denom().BitLen() > maxDigits {
			v = nil
		}
		e.known[id] = v
	}
	return v, v != nil
}

func (e *ratEval) compute(n interp.Term, id interp.TermID) *big.Rat {
	if !n.Type.IsFloat() {
		return e.integer(n, id)
	}
	switch n.Op {
	case "in":
		return new(big.Rat).SetFloat64(e.leaf(n).Float64())
	case "lit":
		return e.fill.decimal(interp.Value{Type: n.Type, Bits: n.Bits})
	case "select":
		c, ok := e.condition(n.Args[0])
		if !ok {
			return nil
		}
		arm := n.Args[2]
		if c {
			arm = n.Args[1]
		}
		v, _ := e.value(arm)
		return v
	case "cast":
		if e.rounds(n) {
			return nil
		}
	case "+", "-", "*", "/", "fma", "min", "max", "abs":
	default:
		return nil
	}
	var xs []*big.Rat
	for _, a := range n.Args {
		x, ok := e.value(a)
		if !ok {
			return nil
		}
		xs = append(xs, x)
	}
	return arithmetic(new(big.Rat), n.Op, xs)
}

// rounds tells whether a cast shows how the narrower type rounds.
func (e *ratEval) rounds(cast interp.Term) bool {
	from := e.terms.Node(cast.Args[0])
	return !cast.Type.Holds(from.Type) || from.Type.IsFloat() && from.Op != "in" && from.Op != "cast"
}

type fieldNumber[T any] interface {
	Abs(x T) T
	Neg(x T) T
	Add(x, y T) T
	Sub(x, y T) T
	Mul(x, y T) T
	Quo(x, y T) T
	Cmp(y T) int
	Sign() int
}

// arithmetic applies op, with out for the result; nil is no value.
func arithmetic[T fieldNumber[T]](out T, op string, xs []T) (none T) {
	switch {
	case op == "cast":
		return xs[0]
	case op == "abs":
		return out.Abs(xs[0])
	case op == "-" && len(xs) == 1:
		return out.Neg(xs[0])
	case op == "+":
		return out.Add(xs[0], xs[1])
	case op == "-":
		return out.Sub(xs[0], xs[1])
	case op == "*":
		return out.Mul(xs[0], xs[1])
	case op == "/" && xs[1].Sign() != 0:
		return out.Quo(xs[0], xs[1])
	case op == "fma":
		return out.Add(out.Mul(xs[0], xs[1]), xs[2])
	case op == "min" || op == "max":
		best := xs[0]
		for _, x := range xs[1:] {
			if (x.Cmp(best) < 0) == (op == "min") {
				best = x
			}
		}
		return best
	}
	return none
}

// integer is the value of an integer term; machine arithmetic is its meaning.
// It must not come from a rounded value.
func (e *ratEval) integer(n interp.Term, id interp.TermID) *big.Rat {
	if n.Type == loopir.Bool || e.fromFloat(id, map[interp.TermID]bool{}) {
		return nil
	}
	v, err := e.terms.Eval(id, e.leaf)
	if err != nil {
		return nil
	}
	r, _ := new(big.Rat).SetString(v.String())
	return r
}

func (e *ratEval) fromFloat(id interp.TermID, seen map[interp.TermID]bool) bool {
	if seen[id] {
		return false
	}
	seen[id] = true
	n := e.terms.Node(id)
	if n.Type.IsFloat() {
		return true
	}
	for _, a := range n.Args {
		if e.fromFloat(a, seen) {
			return true
		}
	}
	return false
}

// condition decides a comparison over the rationals.
func (e *ratEval) condition(id interp.TermID) (holds, ok bool) {
	n := e.terms.Node(id)
	switch n.Op {
	case "lit":
		return n.Bits != 0, true
	case "!":
		c, ok := e.condition(n.Args[0])
		return !c, ok
	case "&&", "||":
		c, ok1 := e.condition(n.Args[0])
		d, ok2 := e.condition(n.Args[1])
		if n.Op == "&&" {
			return c && d, ok1 && ok2
		}
		return c || d, ok1 && ok2
	case "==", "!=", "<", "<=", ">", ">=":
	default:
		return false, false
	}
	x, ok1 := e.value(n.Args[0])
	y, ok2 := e.value(n.Args[1])
	if !ok1 || !ok2 {
		return false, false
	}
	switch d := x.Cmp(y); n.Op {
	case "==":
		return d == 0, true
	case "!=":
		return d != 0, true
	case "<":
		return d < 0, true
	case "<=":
		return d <= 0, true
	case ">":
		return d > 0, true
	case ">=":
		return d >= 0, true
	}
	panic(fmt.Sprintf("equiv: unexpected comparison %s", n.Op))
}

// decimal is a literal as it is written, which its rounded value v stands for;
// nil where that is not known.
func (l *filler) decimal(v interp.Value) *big.Rat {
	exact := new(big.Rat).SetFloat64(v.Float64())
	if exact == nil {
		return nil
	}
	if d, ok := l.decimals[interp.Float(v.Type, math.Abs(v.Float64()))]; ok {
		if d == nil || exact.Sign() >= 0 {
			return d
		}
		return new(big.Rat).Neg(d)
	}
	if !representable(exact, v.Type) {
		return nil
	}
	return exact
}

// noteDecimal remembers how a literal is written. Should two be written for one
// value, neither is used.
func (l *filler) noteDecimal(e *loopir.Float) {
	d, ok := rational(e)
	if !ok {
		return
	}
	x, _ := d.Float64()
	v := interp.Float(e.Type, x)
	if old, ok := l.decimals[v]; ok && (old == nil || old.Cmp(d) != 0) {
		d = nil
	}
	if l.decimals == nil {
		l.decimals = map[interp.Value]*big.Rat{}
	}
	l.decimals[v] = d
}
