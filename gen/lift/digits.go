package lift

import (
	"context"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// coordinates gives the cell at a row-major offset: the digits of the offset in the mixed
// radix of the shape, found by division of polynomials. The offset is what they amount to,
// whatever they are. Several cells may amount to one offset, of which one is inside of the
// array: shown tells whether it is this one. If not, the checker has to prove it, but can't
// refute anything with it.
func coordinates(flat poly.Poly, shape []loopir.Expr, facts poly.Facts) (out []poly.Poly, shown bool) {
	shown = true
	for d := range shape {
		stride := poly.Int(1)
		for _, e := range shape[d+1:] {
			stride = stride.Mul(poly.Must(e))
		}
		if d == len(shape)-1 {
			out = append(out, flat)
			break
		}
		q, rest, inside := splitOffset(flat, facts.Reduce(stride), facts)
		out, flat, shown = append(out, q), rest, shown && inside
	}
	return out, shown
}

// splitOffset splits an offset by a stride. Which monomial of the stride is divided by is a guess
// where there are several (W - S + 1), and so is what to carry (I[p][W-1] is row p, not p+1);
// a remainder that is known to be within the stride decides, else one that no sample denies.
func splitOffset(flat, stride poly.Poly, facts poly.Facts) (q, rest poly.Poly, inside bool) {
	found := false
	for _, s := range flat.Splits(stride) {
		for _, carry := range []int64{0, -1, 1} {
			cand := s.Quo.Add(poly.Int(carry))
			r := s.Rem.Sub(stride.Scale(poly.Int(carry).ConstTerm()))
			top := stride.Sub(r).Sub(poly.Int(1))
			if facts.Denied(r) || facts.Denied(top) {
				continue
			}
			if facts.NonNeg(r) && facts.NonNeg(top) {
				return cand, facts.Reduce(r), true
			}
			if !found {
				q, rest, found = cand, r, true
			}
		}
	}
	if !found {
		s := flat.Splits(stride)[0]
		q, rest = s.Quo, s.Rem
	}
	return q, rest, false
}

// inMemory judges findings that may rest on a wrong choice of cells: the same program over
// flat arrays has no choice. What isn't refuted there is unknown.
func inMemory(ctx context.Context, file *loopir.File, lifted *loopir.Kernel, guess loopir.Span, opts equiv.Options) (*equiv.SafetyResult, error) {
	k := flattened(lifted)
	f := &loopir.File{Name: file.Name, Funcs: file.Funcs, Kernels: []*loopir.Kernel{k}}
	if err := f.CheckKernel(k); err != nil {
		return nil, err
	}
	safe, err := equiv.CheckSafety(ctx, f, k, opts)
	if err != nil {
		return nil, err
	}
	if safe.Outcome == equiv.Refuted {
		safe.Findings = slices.DeleteFunc(safe.Findings, func(e *loopir.Error) bool { return e.Kind == loopir.Undecided })
	} else {
		safe.Outcome = equiv.Unknown
		safe.Findings = loopir.ErrorList{{
			Kind: loopir.Undecided, Span: guess,
			Msg: "this offset is not shown to lie in one cell of an array of several dimensions, nor to lie outside of the array",
		}}
	}
	return safe, nil
}

// flattened is the kernel with every array as it lies in memory, of one dimension.
func flattened(k *loopir.Kernel) *loopir.Kernel {
	k = k.Clone()
	shapes := map[string][]loopir.Expr{}
	for _, p := range k.Params {
		if p.Kind == loopir.ArrayParam && len(p.Shape) > 1 {
			shapes[p.Name], p.Shape, p.Layout = p.Shape, []loopir.Expr{product(p.Shape)}, nil
		}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.Local); ok && len(l.Shape) > 1 {
			shapes[l.Name], l.Shape = l.Shape, []loopir.Expr{product(l.Shape)}
		}
		return true
	})
	var fix func(x loopir.Expr) loopir.Expr
	fix = func(x loopir.Expr) loopir.Expr {
		r, ok := x.(*loopir.Read)
		if !ok || shapes[r.Name] == nil {
			return nil
		}
		at := rebuild(r.Index[0], fix)
		for i, e := range r.Index[1:] {
			at = loopir.Bin(loopir.Add, loopir.Bin(loopir.Mul, at, shapes[r.Name][i+1]), rebuild(e, fix))
		}
		return &loopir.Read{Name: r.Name, Index: []loopir.Expr{at}, Type: r.Type, Span: r.Span}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr { return rebuild(e, fix) })
		return true
	})
	return k.Clone()
}
