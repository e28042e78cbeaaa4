package auto

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// guesses are values of a size, the likeliest first: extents, then the width of a window or a stride.
var guesses = []int64{128, 64, 256, 1, 3, 2, 16}

// maxGuesses bounds how many combinations of values are tried.
const maxGuesses = 100_000

// Guess finds values of a kernel's sizes for which its where clause holds. A size that multiplies
// something in an index is 1 if it can be.
func Guess(k *loopir.Kernel) (map[string]int64, bool) {
	var names []string
	for _, p := range k.Params {
		if p.Kind == loopir.SizeParam {
			names = append(names, p.Name)
		}
	}
	factors := factors(k)
	values, left := map[string]int64{}, maxGuesses
	var try func(i int) bool
	try = func(i int) bool {
		if left--; left < 0 {
			return false
		}
		if i == len(names) {
			for _, w := range k.Where {
				if ok, err := interp.EvalCond(w, values); err != nil || !ok {
					return false
				}
			}
			return true
		}
		list := guesses
		if factors[names[i]] {
			list = []int64{1, 2, 3}
		}
		for _, v := range list {
			values[names[i]] = v
			if try(i + 1) {
				return true
			}
		}
		return false
	}
	return values, try(0)
}

// factors are the sizes that multiply an iterator in the index of a cell.
func factors(k *loopir.Kernel) map[string]bool {
	iters, out := map[string]bool{}, map[string]bool{}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok {
			iters[l.Iter] = true
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				b, ok := e.(*loopir.Binary)
				if !ok || b.Op != loopir.Mul || b.Type != loopir.Index {
					return true
				}
				x, isVar := b.X.(*loopir.Var)
				y, isVar2 := b.Y.(*loopir.Var)
				switch {
				case !isVar || !isVar2:
				case iters[y.Name] && !iters[x.Name]:
					out[x.Name] = true
				case iters[x.Name] && !iters[y.Name]:
					out[y.Name] = true
				}
				return true
			})
		}
		return true
	})
	return out
}
