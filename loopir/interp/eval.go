package interp

import (
	"math"
	"math/bits"

	"github.com/loopopt/loopopt/loopir"
)

// The arithmetic of indices: exact as long as it fits in int64. Each operation
// says whether it does.

func addIndex(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subIndex(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func mulIndex(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	h := int64(hi) // unsigned product to signed
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return int64(lo), h == int64(lo)>>63
}

// divMod floors; b > 0.
func divMod(a, b int64) (q, m int64) {
	q, m = a/b, a%b
	if m < 0 {
		q, m = q-1, m+b
	}
	return q, m
}

// An evaluator computes index expressions outside of a run.
type evaluator struct {
	c  *compiler
	sc *scope
	fr *frame
}

func newEvaluator(env map[string]int64) *evaluator {
	c := newCompiler(nil, concrete{})
	ev := &evaluator{c, c.scope(nil), &frame{}}
	for name, v := range env {
		ev.set(name, v)
	}
	return ev
}

func (ev *evaluator) set(name string, v int64) {
	slot, ok := ev.sc.index[name]
	if !ok {
		slot = ev.sc.addIndex(name)
		ev.fr.ints = append(ev.fr.ints, 0)
	}
	ev.fr.ints[slot] = v
}

// EvalIndex evaluates an index expression for the given values of its
// variables, by the rules of the language: floor division, exact integers.
func EvalIndex(e loopir.Expr, env map[string]int64) (v int64, err error) {
	ev := newEvaluator(env)
	f, err := ev.c.index(e, ev.sc)
	if err != nil {
		return 0, err
	}
	defer recoverFault(&err)
	return f(ev.fr), nil
}

// EvalCond evaluates a condition about indices.
func EvalCond(e loopir.Expr, env map[string]int64) (ok bool, err error) {
	if usesData(e) {
		return false, loopir.Errorf(e.Source(), "this condition depends on data")
	}
	ev := newEvaluator(env)
	f, err := ev.c.cond(e, ev.sc)
	if err != nil {
		return false, err
	}
	defer recoverFault(&err)
	return f(ev.fr), nil
}

// extents evaluates a shape.
func extents(shape []loopir.Expr, env map[string]int64) ([]int, error) {
	out := make([]int, len(shape))
	for d, e := range shape {
		v, err := EvalIndex(e, env)
		if err != nil {
			return nil, err
		}
		if v < 0 || v > math.MaxInt32 {
			kind, what := NegativeExtent, "negative"
			if v > 0 {
				kind, what = TooLarge, "too large"
			}
			return nil, &Fault{Kind: kind, Err: loopir.Errorf(e.Source(), "extent is %d: %s", v, what)}
		}
		out[d] = int(v)
	}
	return out, nil
}
