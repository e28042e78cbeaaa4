package equiv

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// Inline is k, a kernel of f, with lets and calls inlined, of functions too, as NewProgram has
// it: arguments that may fault are computed at the call.
func Inline(f *loopir.File, k *loopir.Kernel) (*loopir.Kernel, error) {
	k, err := inlined(f, k, (*loopir.File).InlineAll)
	return asArithmetic(k), err
}

// InlineKernels is Inline but for calls of functions, and operators on bits, which stay.
func InlineKernels(f *loopir.File, k *loopir.Kernel) (*loopir.Kernel, error) {
	return inlined(f, k, (*loopir.File).InlineCalls)
}

func inlined(f *loopir.File, k *loopir.Kernel, calls func(*loopir.File, *loopir.Kernel) (*loopir.Kernel, error)) (*loopir.Kernel, error) {
	f, k = argumentsFirst(f, k.Clone())
	k.InlineLets()
	return calls(f, k)
}

// asArithmetic writes operators on bits in k as arithmetic where it can.
func asArithmetic(k *loopir.Kernel) *loopir.Kernel {
	if k != nil {
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr { return loopir.MapExpr(e, bitsAsArithmetic) })
			return true
		})
	}
	return k
}

// bitsAsArithmetic writes shl(x, n) as x * 2^n and not(x) as -1 - x, which are the same in
// integers that wrap, and which the laws of arithmetic are known for.
func bitsAsArithmetic(e loopir.Expr) loopir.Expr {
	call, ok := e.(*loopir.Intrinsic)
	if !ok || call.Name != "shl" && call.Name != "not" || !call.Type.IsInteger() {
		return e
	}
	literal := func(v *big.Int) loopir.Expr { return &loopir.Int{Value: v, Type: call.Type, Span: call.Span} }
	if call.Name == "not" {
		if call.Type.IsUnsigned() {
			most := new(big.Int).Lsh(big.NewInt(1), uint(call.Type.Bits()))
			return &loopir.Binary{Op: loopir.Sub, X: literal(most.Sub(most, big.NewInt(1))), Y: call.Args[0], Type: call.Type, Span: call.Span}
		}
		return &loopir.Binary{Op: loopir.Sub, X: literal(big.NewInt(-1)), Y: call.Args[0], Type: call.Type, Span: call.Span}
	}
	n, ok := call.Args[1].(*loopir.Int)
	if !ok || n.Value.Sign() < 0 || n.Value.Cmp(big.NewInt(int64(call.Type.Bits()))) >= 0 {
		return e
	}
	by := new(big.Int).Lsh(big.NewInt(1), uint(n.Value.Int64()))
	if n.Value.Int64() == int64(call.Type.Bits()-1) && !call.Type.IsUnsigned() {
		by.Neg(by) // 2^31 is no i32, and wraps to its opposite
	}
	return &loopir.Binary{Op: loopir.Mul, X: call.Args[0], Y: literal(by), Type: call.Type, Span: call.Span}
}

// argumentsFirst has the arguments of calls that may fault computed before the call, which
// computes them used or not.
func argumentsFirst(f *loopir.File, k *loopir.Kernel) (*loopir.File, *loopir.Kernel) {
	if !slices.ContainsFunc(append(slices.Clip(f.Kernels), k), func(k *loopir.Kernel) bool { return dividesInCall(k.Body) }) {
		return f, k
	}
	n := 0
	var first func(body []loopir.Stmt) []loopir.Stmt
	first = func(body []loopir.Stmt) []loopir.Stmt {
		var out []loopir.Stmt
		for _, s := range body {
			for _, b := range loopir.Bodies(s) {
				*b = first(*b)
			}
			if c, ok := s.(*loopir.Call); ok {
				for _, a := range divisionsIn(c) {
					n++
					name := fmt.Sprintf("argument!%d", n)
					out = append(out, &loopir.Local{Name: name, Type: a.TypeOf(), Init: loopir.CloneExpr(a), Span: a.Source()})
				}
			}
			out = append(out, s)
		}
		return out
	}
	k = k.Clone()
	k.Body = first(k.Body)
	g := *f
	g.Kernels = nil
	for _, q := range f.Kernels {
		q = q.Clone()
		q.Body = first(q.Body)
		g.Kernels = append(g.Kernels, q)
	}
	return &g, k
}

func dividesInCall(body []loopir.Stmt) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		c, ok := s.(*loopir.Call)
		found = found || ok && len(divisionsIn(c)) > 0
		return !found
	})
	return found
}

// divisionsIn lists the arguments of c that may fault.
func divisionsIn(c *loopir.Call) []loopir.Expr {
	var out []loopir.Expr
	for _, a := range c.Args {
		if _, window := a.(*loopir.Window); !window && a.TypeOf().IsValue() && hasDivision(a) {
			out = append(out, a)
		}
	}
	return out
}
