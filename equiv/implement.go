package equiv

import (
	"context"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/library"
)

// A Measured is a function with a body that stands in after for a built-in function of
// before, and a place where it does.
type Measured struct {
	library.Measurement
	Span loopir.Span
}

// String tells what stands for what, and how near it is.
func (m Measured) String() string {
	return fmt.Sprintf("%s is %s, which is off by at most %.4g units in the last place, measured over all arguments", m.Of, m.Name, m.Ulps)
}

// standIns is after, and a file for it, with calls of measured functions that before does
// not call turned into what they stand for. Nothing has to claim that they do: the
// measurement says so, of the text of the function. Calls in functions that only after calls
// are turned too.
func standIns(f *loopir.File, before, after *loopir.Kernel) (*loopir.File, *loopir.Kernel, []Measured) {
	found := map[string]Measured{}
	known := called(f, before, true)
	for name, at := range called(f, after, true) {
		fn := f.Func(name)
		if _, both := known[name]; both || fn == nil {
			continue
		}
		if m, ok := library.Of(f, fn); ok {
			found[name] = Measured{m, at}
		}
	}
	if len(found) == 0 {
		return nil, nil, nil
	}
	replaced := func(e loopir.Expr) loopir.Expr {
		return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
			if call, ok := e.(*loopir.Intrinsic); ok {
				if m, ok := found[call.Name]; ok {
					call.Name = m.Of
				}
			}
			return e
		})
	}
	inKernel := func(k *loopir.Kernel) *loopir.Kernel {
		k = k.Clone()
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			loopir.MapStmtExprs(s, replaced)
			return true
		})
		return k
	}
	g := &loopir.File{Name: f.Name}
	anyOfBefore, own := called(f, before, false), called(f, after, true)
	for _, fn := range f.Funcs {
		_, theirs := anyOfBefore[fn.Name]
		if _, ours := own[fn.Name]; ours && !measured(f, fn) && fn.Value != nil && calls(fn, found) {
			if theirs {
				return nil, nil, nil // before would not mean what it did
			}
			fn = withExprs(fn, replaced)
		}
		g.Funcs = append(g.Funcs, fn)
	}
	for _, k := range f.Kernels {
		g.Kernels = append(g.Kernels, inKernel(k))
	}
	var all []Measured
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Measured) int { return a.Span.Start.Offset - b.Span.Start.Offset })
	return g, inKernel(after), all
}

func measured(f *loopir.File, fn *loopir.Func) bool {
	_, ok := library.Of(f, fn)
	return ok
}

// calls tells whether the body of fn calls one of some functions.
func calls(fn *loopir.Func, some map[string]Measured) bool {
	found := false
	for _, e := range fn.Exprs() {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if call, ok := e.(*loopir.Intrinsic); ok {
				_, is := some[call.Name]
				found = found || is
			}
			return !found
		})
	}
	return found
}

// withExprs is a copy of fn with other expressions.
func withExprs(fn *loopir.Func, f func(loopir.Expr) loopir.Expr) *loopir.Func {
	c := *fn
	c.Lets = nil
	for _, l := range fn.Lets {
		let := *l
		let.Value = f(l.Value)
		c.Lets = append(c.Lets, &let)
	}
	c.Value = f(fn.Value)
	return &c
}

// called gives the functions that k, the kernels that it calls and the functions with bodies
// that these call, call, and where first. Into a function that was measured it looks unless
// that is taken as a whole.
func called(f *loopir.File, k *loopir.Kernel, whole bool) map[string]loopir.Span {
	out := map[string]loopir.Span{}
	var visit func(e loopir.Expr)
	visit = func(e loopir.Expr) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			call, ok := e.(*loopir.Intrinsic)
			if !ok || loopir.Builtin(call.Name) != nil {
				return true
			}
			if _, met := out[call.Name]; met {
				return true
			}
			out[call.Name] = call.Span
			if fn := f.Func(call.Name); fn != nil && !(whole && measured(f, fn)) {
				for _, x := range fn.Exprs() {
					visit(x)
				}
			}
			return true
		})
	}
	for _, k := range append([]*loopir.Kernel{k}, f.Callees(k)...) {
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			for _, e := range loopir.StmtExprs(s) {
				visit(e)
			}
			return true
		})
	}
	return out
}

// checkApproximate compares before with what after stands for. That the two are near each
// other is the weakest of the verdicts: it is given only where they are not equal without.
func checkApproximate(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options) (*Result, error) {
	g, k, all := standIns(f, before, after)
	if all == nil || opts.Require != NoVerdict && opts.Require != Approximate {
		return check(ctx, f, before, after, opts)
	}
	near := opts
	near.always, near.roundings = true, map[string]int{}
	for _, m := range all {
		near.roundings[m.Of] = max(near.roundings[m.Of], loopir.Builtin(m.Of).Roundings, m.Roundings())
	}
	res, err := check(ctx, g, before, k, near)
	if err != nil {
		return nil, err
	}
	if res.Outcome == Proved {
		res.Verdict, res.Measured, res.Weaker = Approximate, all, nil
		for _, m := range all {
			res.Weaker = append(res.Weaker, Weakness{Span: m.Span, Verdict: Approximate})
		}
		return res, nil
	}
	plain := opts
	plain.ProofOnly = true
	if equal, err := check(ctx, f, before, after, plain); err != nil || equal.Outcome == Proved {
		return equal, err
	}
	return res, nil
}
