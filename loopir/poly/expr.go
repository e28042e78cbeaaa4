package poly

import (
	"math/big"
	"sort"

	"github.com/loopopt/loopopt/loopir"
)

// maxTerms bounds products, so that a hostile file can't exhaust memory.
const maxTerms = 20000

// FromExpr is the polynomial of an index expression.
func FromExpr(e loopir.Expr) (Poly, error) {
	switch e := e.(type) {
	case *loopir.Int:
		return Const(e.Value), nil
	case *loopir.Var:
		return Var(e.Name), nil
	case *loopir.Unary:
		if e.Op != loopir.Neg {
			break
		}
		p, err := FromExpr(e.X)
		return p.Neg(), err
	case *loopir.Binary:
		return fromBinary(e)
	case *loopir.Intrinsic:
		if e.Name != "min" && e.Name != "max" || len(e.Args) == 0 {
			break
		}
		args := make([]Poly, len(e.Args))
		for i, a := range e.Args {
			var err error
			if args[i], err = FromExpr(a); err != nil {
				return Poly{}, err
			}
		}
		if e.Name == "min" {
			return Min(args...), nil
		}
		return Max(args...), nil
	}
	return Poly{}, loopir.Errorf(e.Source(), "not an index expression: only + - * / %%, min and max of sizes and iterators")
}

func fromBinary(e *loopir.Binary) (Poly, error) {
	x, err := FromExpr(e.X)
	if err != nil {
		return Poly{}, err
	}
	y, err := FromExpr(e.Y)
	if err != nil {
		return Poly{}, err
	}
	switch e.Op {
	case loopir.Add:
		return x.Add(y), nil
	case loopir.Sub:
		return x.Sub(y), nil
	}
	if max(1, len(x.terms))*max(1, len(y.terms)) > maxTerms {
		return Poly{}, loopir.Errorf(e.Span, "index expression too large")
	}
	switch e.Op {
	case loopir.Mul:
		return x.Mul(y), nil
	case loopir.Div:
		return FloorDiv(x, y), nil
	case loopir.Mod:
		return Mod(x, y), nil
	}
	return Poly{}, loopir.Errorf(e.Span, "not an index expression: only + - * / %%, min and max of sizes and iterators")
}

// Must is FromExpr for an expression that is known to be an index expression,
// such as one that Check has passed; it panics otherwise.
func Must(e loopir.Expr) Poly {
	p, err := FromExpr(e)
	if err != nil {
		panic("poly: " + err.Error())
	}
	return p
}

// Expr writes p the way a person would: 16*kb + k, N - 14*oib, (K + 15)/16,
// c%16.
func (p Poly) Expr() loopir.Expr { return p.expr(nil) }

// expr orders the factors of a product by rank, unknown names after all others.
func (p Poly) expr(rank map[string]int) loopir.Expr {
	p = p.foldMods()
	if p.IsZero() {
		return loopir.NewInt(0)
	}
	ts := append([]term(nil), p.terms...)
	sort.SliceStable(ts, func(i, j int) bool { return termLess(ts[i], ts[j], rank) })
	for i, t := range ts { // no leading minus where it can be avoided
		if t.c.Sign() > 0 {
			copy(ts[1:i+1], ts[:i])
			ts[0] = t
			break
		}
	}
	var out loopir.Expr
	for _, t := range ts {
		switch {
		case out == nil:
			out = t.expr(t.c, rank)
		case t.c.Sign() < 0:
			out = loopir.Bin(loopir.Sub, out, t.expr(new(big.Int).Neg(t.c), rank))
		default:
			out = loopir.Bin(loopir.Add, out, t.expr(t.c, rank))
		}
	}
	return out
}

func termLess(a, b term, rank map[string]int) bool {
	if x, y := a.m.degree(), b.m.degree(); x != y {
		return x > y
	}
	if c := a.c.CmpAbs(b.c); c != 0 {
		return c > 0
	}
	if x, y := minRank(a.m, rank), minRank(b.m, rank); x != y {
		return x < y
	}
	if x, y := a.m.plain(), b.m.plain(); x != y {
		return x
	}
	return a.m.key < b.m.key
}

// plain: a product of variables.
func (m mono) plain() bool {
	for _, f := range m.fs {
		if f.a.kind != varAtom {
			return false
		}
	}
	return true
}

func minRank(m mono, rank map[string]int) int {
	best := len(rank)
	for _, f := range m.fs {
		best = min(best, atomRank(f.a, rank))
	}
	return best
}

func atomRank(a *atom, rank map[string]int) int {
	if a.kind == varAtom {
		if r, ok := rank[a.name]; ok {
			return r
		}
	}
	return len(rank)
}

func (t term) expr(c *big.Int, rank map[string]int) loopir.Expr {
	fs := append([]factor(nil), t.m.fs...)
	sort.SliceStable(fs, func(i, j int) bool { return atomRank(fs[i].a, rank) < atomRank(fs[j].a, rank) })
	var out loopir.Expr
	if len(fs) == 0 || c.CmpAbs(one) != 0 {
		out = &loopir.Int{Value: new(big.Int).Set(c), Type: loopir.Index}
	}
	for _, f := range fs {
		for range f.n {
			switch e := f.a.expr(rank); out {
			case nil:
				out = e
			default:
				out = loopir.Bin(loopir.Mul, out, e)
			}
		}
	}
	if len(fs) > 0 && c.Sign() < 0 && c.CmpAbs(one) == 0 {
		out = &loopir.Unary{Op: loopir.Neg, X: out, Type: loopir.Index}
	}
	return out
}

func (a *atom) expr(rank map[string]int) loopir.Expr {
	switch a.kind {
	case varAtom:
		return loopir.NewVar(a.name)
	case divAtom:
		return loopir.Bin(loopir.Div, a.args[0].expr(rank), a.args[1].expr(rank))
	case modAtom:
		return loopir.Bin(loopir.Mod, a.args[0].expr(rank), a.args[1].expr(rank))
	}
	in := &loopir.Intrinsic{Name: "min", Type: loopir.Index}
	if a.kind == maxAtom {
		in.Name = "max"
	}
	for _, p := range a.args {
		in.Args = append(in.Args, p.expr(rank))
	}
	// Written constants first: min(16, N - 16*ib).
	sort.SliceStable(in.Args, func(i, j int) bool {
		_, x := in.Args[i].(*loopir.Int)
		_, y := in.Args[j].(*loopir.Int)
		return x && !y
	})
	return in
}

// foldMods turns q*(x - d*(x/d)) back into q*(x%d) where that is shorter.
func (p Poly) foldMods() Poly {
	seen := map[string]bool{}
	for again := true; again; {
		again = false
		for _, a := range p.atoms() {
			if a.kind != divAtom || seen[a.key] {
				continue
			}
			seen[a.key] = true
			coeff, _, ok := p.split(a.key)
			if !ok {
				continue
			}
			q, ok := coeff.Neg().divExact(a.args[1])
			if !ok {
				continue
			}
			x := a.args[0]
			folded := p.Add(q.Mul(a.args[1]).Mul(fromAtom(a))).Sub(q.Mul(x)).Add(q.Mul(newAtom(modAtom, a.args)))
			if len(folded.terms) < len(p.terms) {
				p, again = folded, true
				break
			}
		}
	}
	return p
}

// atoms lists the top-level atoms of p in key order, each once.
func (p Poly) atoms() []*atom {
	seen := map[string]bool{}
	var out []*atom
	for _, t := range p.terms {
		for _, f := range t.m.fs {
			if !seen[f.a.key] {
				seen[f.a.key] = true
				out = append(out, f.a)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].key < out[j].key })
	return out
}

// String is p as text, for messages and tests.
func (p Poly) String() string { return p.Key() }
