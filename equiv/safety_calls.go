package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// calls collects the claims about the calls in k, whose lets are inlined: the
// callee gets sizes that its where admits, windows that exist and have the
// declared extents, and no two names for a cell that it writes.
func (w *walker) calls(f *loopir.File, k *loopir.Kernel) {
	shapes := map[string][]loopir.Expr{}
	for _, p := range k.Params {
		shapes[p.Name] = p.Shape
	}
	w.callsIn(f, k.Body, shapes)
}

func (w *walker) callsIn(f *loopir.File, body []loopir.Stmt, shapes map[string][]loopir.Expr) {
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.Local:
			shapes[s.Name] = s.Shape
		case *loopir.For:
			outer := w.loops
			w.loops = append(w.loops[:len(w.loops):len(w.loops)], s)
			w.callsIn(f, s.Body, shapes)
			w.loops = outer
		case *loopir.If:
			w.under(s.Cond, func() { w.callsIn(f, s.Then, shapes) })
			w.under(not(s.Cond), func() { w.callsIn(f, s.Else, shapes) })
		case *loopir.Call:
			if callee := f.Kernel(s.Kernel); callee != nil && len(callee.Params) == len(s.Args) {
				w.call(s, callee, shapes)
			}
		}
	}
}

func (w *walker) call(c *loopir.Call, callee *loopir.Kernel, shapes map[string][]loopir.Expr) {
	w.around = c.Span
	sizes := map[string]loopir.Expr{}
	for i, p := range callee.Params {
		if p.Kind == loopir.SizeParam {
			sizes[p.Name] = c.Args[i]
			w.sizeArg(c, p, c.Args[i])
		}
	}
	for _, cond := range callee.Where {
		got := loopir.Subst(cond, sizes)
		text := loopir.FormatExpr(cond)
		w.at("call/where", c.Span, got, fmt.Sprintf("%s, which %s asks for, holds at this call", text, c.Kernel), func(map[string]int64) *loopir.Error {
			return refuted(c.Span, "%s asks for %s, which does not hold here", c.Kernel, text).Note(cond.Source(), "asked for here")
		})
	}
	var arrays []arrayArg
	for i, p := range callee.Params {
		win, ok := c.Args[i].(*loopir.Window)
		if p.Kind != loopir.ArrayParam || !ok {
			continue
		}
		a := arrayArg{param: p, win: win, dims: win.Dims}
		for d := len(a.dims); d < len(shapes[win.Name]); d++ { // a whole array
			a.dims = append(a.dims[:d:d], loopir.WindowDim{Lo: loopir.NewInt(0), Hi: shapes[win.Name][d]})
		}
		w.window(c, a, shapes[win.Name], sizes)
		for _, b := range arrays {
			w.aliased(c, a, b)
		}
		arrays = append(arrays, a)
	}
	w.scalarArgs(c, callee, arrays)
}

// An arrayArg is an array argument of a call.
type arrayArg struct {
	param *loopir.Param
	win   *loopir.Window
	dims  []loopir.WindowDim // one a dimension of the array, also for a whole array
}

func (w *walker) sizeArg(c *loopir.Call, p *loopir.Param, e loopir.Expr) {
	w.expr(e)
	if i, ok := e.(*loopir.Int); ok && i.Value.Sign() >= 0 {
		return
	}
	w.at("call/size", place(e, c.Span), ge(e, 0), fmt.Sprintf("size %s of %s is not negative", p.Name, c.Kernel), func(env map[string]int64) *loopir.Error {
		return refuted(place(e, c.Span), "size %s of %s can be %s; it must not be negative", p.Name, c.Kernel, evalText(e, env))
	})
}

// window claims that the window a lies in an array of that shape and has the
// extents that the callee declares.
func (w *walker) window(c *loopir.Call, a arrayArg, shape []loopir.Expr, sizes map[string]loopir.Expr) {
	if len(shape) != len(a.dims) {
		return // malformed, which CheckKernel tells
	}
	kept := 0
	for d, dim := range a.dims {
		n := shape[d]
		w.expr(dim.Lo)
		if dim.Hi == nil {
			w.at("call/window", place(dim.Lo, a.win.Span), and(ge(dim.Lo, 0), loopir.Bin(loopir.Lt, dim.Lo, n)),
				fmt.Sprintf("index %s of %s stays within 0..%s", loopir.FormatExpr(dim.Lo), a.win.Name, loopir.FormatExpr(n)),
				func(env map[string]int64) *loopir.Error {
					return refuted(place(dim.Lo, a.win.Span), "%s: index %s can be %s, outside 0..%s", loopir.FormatExpr(a.win),
						loopir.FormatExpr(dim.Lo), evalText(dim.Lo, env), evalText(n, env))
				})
			continue
		}
		w.expr(dim.Hi)
		goal := and(ge(dim.Lo, 0), loopir.Bin(loopir.Le, dim.Lo, dim.Hi), loopir.Bin(loopir.Le, dim.Hi, n))
		w.at("call/window", a.win.Span, goal, fmt.Sprintf("the window %s lies in the array", loopir.FormatExpr(a.win)), func(env map[string]int64) *loopir.Error {
			return refuted(a.win.Span, "the window %s can be %s..%s in a dimension of extent %s", loopir.FormatExpr(a.win),
				evalText(dim.Lo, env), evalText(dim.Hi, env), evalText(n, env))
		})
		if kept < len(a.param.Shape) {
			w.sameExtent(c, a, dim, loopir.Subst(a.param.Shape[kept], sizes))
		}
		kept++
	}
}

func (w *walker) sameExtent(c *loopir.Call, a arrayArg, dim loopir.WindowDim, want loopir.Expr) {
	has := loopir.Bin(loopir.Sub, dim.Hi, dim.Lo)
	w.at("call/extent", a.win.Span, eq(has, want), fmt.Sprintf("the window %s has the extents of %s in %s",
		loopir.FormatExpr(a.win), a.param.Name, c.Kernel), func(env map[string]int64) *loopir.Error {
		return refuted(a.win.Span, "%s has extent %s where %s of %s has %s", loopir.FormatExpr(a.win), evalText(has, env),
			a.param.Name, c.Kernel, evalText(want, env)).Note(a.param.Span, "%s is declared here", a.param.Name)
	})
}

// aliased claims that two windows share no cell, when the callee writes one.
func (w *walker) aliased(c *loopir.Call, a, b arrayArg) {
	if a.win.Name != b.win.Name || a.param.Dir == loopir.In && b.param.Dir == loopir.In {
		return
	}
	apart := boolExpr(false)
	for d := range min(len(a.dims), len(b.dims)) {
		apart = or(apart, loopir.Bin(loopir.Le, windowEnd(a.dims[d]), b.dims[d].Lo), loopir.Bin(loopir.Le, windowEnd(b.dims[d]), a.dims[d].Lo))
		for _, dim := range []loopir.WindowDim{a.dims[d], b.dims[d]} {
			if dim.Hi != nil { // an empty window shares nothing
				apart = or(apart, loopir.Bin(loopir.Le, dim.Hi, dim.Lo))
			}
		}
	}
	w.at("call/alias", a.win.Span, apart, fmt.Sprintf("%s and %s share no cell", loopir.FormatExpr(a.win), loopir.FormatExpr(b.win)), func(map[string]int64) *loopir.Error {
		return refuted(a.win.Span, "%s and %s can share a cell, and %s writes one of them", loopir.FormatExpr(b.win), loopir.FormatExpr(a.win), c.Kernel).
			Note(b.win.Span, "the other window is here")
	})
}

// scalarArgs rejects a scalar argument that reads an array the callee writes:
// whether it is read before or during the call must not matter.
func (w *walker) scalarArgs(c *loopir.Call, callee *loopir.Kernel, arrays []arrayArg) {
	for i, p := range callee.Params {
		if p.Kind != loopir.ScalarParam {
			continue
		}
		w.expr(c.Args[i])
		loopir.WalkExpr(c.Args[i], func(e loopir.Expr) bool {
			r, ok := e.(*loopir.Read)
			for _, a := range arrays {
				if ok && a.win.Name == r.Name && a.param.Dir != loopir.In {
					w.at("call/scalar", r.Span, boolExpr(false), fmt.Sprintf("the call leaves %s, which argument %s reads, alone", r.Name, p.Name),
						func(map[string]int64) *loopir.Error {
							return refuted(r.Span, "argument %s of %s reads %s, which the call writes", p.Name, c.Kernel, r.Name).
								Note(a.win.Span, "written through this window").
								Note(loopir.Span{}, "read it into a let before the call")
						})
				}
			}
			return true
		})
	}
}

// windowEnd is the first index after the window in dimension d.
func windowEnd(d loopir.WindowDim) loopir.Expr {
	if d.Hi != nil {
		return d.Hi
	}
	return loopir.Bin(loopir.Add, d.Lo, loopir.NewInt(1))
}
