package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// findWindow chooses which dimensions of the caller's array the callee's
// parameter keeps, and where the window starts.
func (u *unifier) findWindow(p *loopir.Param) error {
	pairs := u.cells[p.Name]
	if len(pairs) == 0 {
		return u.fail(u.at, "%s does not use %s, so it can't be found: give the arguments", u.callee.Name, p.Name)
	}
	for _, x := range pairs[1:] {
		if x.value.Name != pairs[0].value.Name {
			return u.fail(x.value.Span, "%s is both %s and %s", p.Name, pairs[0].value.Name, x.value.Name)
		}
	}
	a := u.c.visible(pairs[0].value.Name, u.around)
	for _, kept := range subsets(len(a.shape), len(p.Shape)) {
		before := u.sizes
		u.sizes = cloneSizes(before)
		if w := u.window(a, pairs, kept); w != nil {
			u.windows[p.Name] = w
			return nil
		}
		u.sizes = before
	}
	return u.fail(pairs[0].value.Span, "no window of %s has %s of %s at %s", a.name, loopir.FormatExpr(u.known(pairs[0].callee)),
		u.callee.Name, loopir.FormatExpr(pairs[0].value))
}

func cloneSizes(m map[string]poly.Poly) map[string]poly.Poly {
	out := map[string]poly.Poly{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// subsets lists the ways to keep m of n dimensions in order.
func subsets(n, m int) [][]int {
	if m == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for first := 0; first+m <= n; first++ {
		for _, rest := range subsets(n-first-1, m-1) {
			c := []int{first}
			for _, d := range rest {
				c = append(c, d+first+1)
			}
			out = append(out, c)
		}
	}
	return out
}

// window is the window of a that keeps the dimensions given and holds all
// cells where they are; nil when there is none. Its ranges have no ends yet.
func (u *unifier) window(a *array, pairs []cellPair, kept []int) *loopir.Window {
	w := &loopir.Window{Name: a.name, Type: a.typ}
	for d := range a.shape {
		var lo poly.Poly
		for i, x := range pairs {
			at, err := poly.FromExpr(x.value.Index[d])
			if err != nil {
				return nil
			}
			if j := slices.Index(kept, d); j >= 0 {
				of, err := poly.FromExpr(x.callee.Index[j])
				if err != nil {
					return nil
				}
				at = at.Sub(of)
			}
			u.solve([]poly.Poly{u.moving(at)})
			facts := u.c.Facts(append(slices.Clip(u.around), x.inner...))
			at = facts.Reduce(at.Subst(u.sizes))
			if u.moves(at) || i > 0 && !facts.Same(at, lo.Subst(u.sizes)) {
				return nil
			}
			if i == 0 {
				lo = at
			}
		}
		dim := loopir.WindowDim{Lo: lo.Expr()}
		if slices.Contains(kept, d) {
			dim.Hi = lit(0)
		}
		w.Dims = append(w.Dims, dim)
	}
	return w
}

// moving is the part of p that varies with the statements' iterators, which
// must vanish.
func (u *unifier) moving(p poly.Poly) poly.Poly {
	zero := map[string]poly.Poly{}
	for _, v := range p.Vars() {
		if u.own[v] {
			zero[v] = poly.Int(0)
		}
	}
	return p.Sub(p.Subst(zero))
}

func (u *unifier) moves(p poly.Poly) bool {
	return slices.ContainsFunc(p.Vars(), func(v string) bool { return u.own[v] })
}

// closeWindow ends the window's ranges by the parameter's shape; a size that is
// still unknown takes the rest of the array.
func (u *unifier) closeWindow(p *loopir.Param) error {
	w := u.windows[p.Name]
	if w.Dims == nil {
		return nil
	}
	a := u.c.visible(w.Name, u.around)
	j := 0
	whole := true
	for d := range w.Dims {
		dim := &w.Dims[d]
		dim.Lo = u.c.Simplify(u.known(dim.Lo), u.around)
		if dim.Hi == nil {
			whole = false
			continue
		}
		if j >= len(p.Shape) {
			return u.c.Reject(w.Span, "%s has %d dimensions", p.Name, len(p.Shape))
		}
		extent := loopir.Subst(p.Shape[j], u.vars)
		if v, ok := extent.(*loopir.Var); ok && v.Name[0] == '?' {
			if _, found := u.sizes[v.Name]; !found {
				rest, err := poly.FromExpr(minus(a.shape[d], dim.Lo))
				if err != nil {
					return err
				}
				u.sizes[v.Name] = rest
			}
		}
		dim.Hi = u.c.Simplify(plus(dim.Lo, u.known(extent)), u.around)
		whole = whole && isInt(dim.Lo, 0) && u.c.same(dim.Hi, a.shape[d], u.around)
		j++
	}
	if j != len(p.Shape) {
		return u.c.Reject(w.Span, "%s has %d dimensions, not %d", p.Name, len(p.Shape), j)
	}
	if whole {
		w.Dims = nil
	}
	return nil
}

// verify checks every equation and cell with what was found.
func (u *unifier) verify() error {
	for _, e := range u.eqs {
		if err := u.agree(u.known(e.callee), e.value, e.inner, e.value.Source()); err != nil {
			return err
		}
	}
	for _, p := range u.callee.Params {
		for _, x := range u.cells[p.Name] {
			w := u.windows[p.Name]
			if w.Name != x.value.Name {
				return u.fail(x.value.Span, "%s is %s here, not %s", p.Name, x.value.Name, w.Name)
			}
			a := u.c.visible(w.Name, u.around)
			j := 0
			for d, dim := range windowDims(w, a.shape) {
				at := dim.Lo
				if dim.Hi != nil {
					at = plus(at, u.known(x.callee.Index[j]))
					j++
				}
				if err := u.agree(at, x.value.Index[d], x.inner, x.value.Span); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (u *unifier) agree(callee, value loopir.Expr, inner []Scope, at loopir.Span) error {
	around := append(slices.Clip(u.around), inner...)
	if u.c.same(callee, value, around) {
		return nil
	}
	return u.fail(at, "%s here, %s there", loopir.FormatExpr(value), loopir.FormatExpr(callee))
}

// list gives the arguments in the order of the parameters.
func (u *unifier) list() ([]loopir.Expr, error) {
	var out []loopir.Expr
	for _, p := range u.callee.Params {
		switch p.Kind {
		case loopir.SizeParam:
			v, ok := u.sizes[unknownSize(p.Name)]
			if !ok || slices.ContainsFunc(v.Vars(), func(v string) bool { return v[0] == '?' }) {
				return nil, u.fail(u.at, "its size %s can't be found: give the arguments", p.Name)
			}
			out = append(out, u.c.Simplify(v.Expr(), u.around))
		case loopir.ScalarParam:
			v, ok := u.scalars[p.Name]
			if !ok {
				return nil, u.fail(u.at, "its scalar %s can't be found: give the arguments", p.Name)
			}
			out = append(out, v)
		case loopir.ArrayParam:
			out = append(out, u.windows[p.Name])
		}
	}
	return out, nil
}
