package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/loopir"
)

// packers makes the layout helpers of the packed arrays of the variants, and
// proves each to be a copy under the declared relation. Names taken so far are in names.
func packers(ctx context.Context, kernel string, variants []gen.Variant, names map[string]bool, opts Options) ([]gen.Variant, error) {
	var out []gen.Variant
	seen, own := map[string]bool{}, map[string]bool{}
	for _, v := range variants {
		for _, p := range v.Kernel.Params {
			if p.Layout == nil || seen[loopir.FormatParam(p)] {
				continue
			}
			seen[loopir.FormatParam(p)] = true
			suffix := p.Name
			if names[suffix] && own[suffix] {
				suffix += "_" + v.Name
			} else if names[suffix] { // another kernel packs an array of this name
				suffix = kernel + "_" + suffix
			}
			if names[suffix] {
				suffix = kernel + "_" + v.Name + "_" + p.Name
			}
			own[suffix] = true
			names[suffix] = true
			for _, pack := range []bool{true, false} {
				if !pack && p.Dir == loopir.In {
					continue
				}
				h, err := packer(ctx, v, p, pack, suffix, shared(v, p, variants), opts)
				if err != nil { // each of them may have its own reason why the layout fits
					h, err = packer(ctx, v, p, pack, suffix, v.Kernel.Where, opts)
				}
				if err != nil {
					return nil, err
				}
				out = append(out, h)
			}
			if p.Dir != loopir.In {
				if err := roundTrip(ctx, v, p, opts); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// shared are the conditions of v that all variants have that hold an array as p: what only one
// of them wants is none of the layout.
func shared(v gen.Variant, p *loopir.Param, variants []gen.Variant) []loopir.Expr {
	text := loopir.FormatParam(p)
	out := v.Kernel.Where
	for _, w := range variants {
		if slices.ContainsFunc(w.Kernel.Params, func(q *loopir.Param) bool { return q.Layout != nil && loopir.FormatParam(q) == text }) {
			out = slices.DeleteFunc(slices.Clone(out), func(e loopir.Expr) bool { return !states(w.Kernel.Where, e) })
		}
	}
	return out
}

func states(list []loopir.Expr, e loopir.Expr) bool {
	text := loopir.FormatExpr(e)
	return slices.ContainsFunc(list, func(x loopir.Expr) bool { return loopir.FormatExpr(x) == text })
}

// packer makes pack_A(sizes, src, dst): dst[layout(i)] = src[i], or its inverse. It is for sizes
// that fulfil those of the conditions that have to do with the layout.
func packer(ctx context.Context, v gen.Variant, p *loopir.Param, pack bool, suffix string, conditions []loopir.Expr, opts Options) (gen.Variant, error) {
	name := map[bool]string{true: "pack_", false: "unpack_"}[pack] + suffix
	logical := &loopir.Param{Kind: loopir.ArrayParam, Type: p.Type, Shape: p.Layout.Shape}
	packed := &loopir.Param{Kind: loopir.ArrayParam, Type: p.Type, Shape: p.Shape, Layout: p.Layout}
	src, dst := *logical, *packed
	if !pack {
		src, dst = *packed, *logical
	}
	src.Name, src.Dir = "src", loopir.In
	dst.Name, dst.Dir = "dst", loopir.InOut // padding cells keep what they hold
	concerns := about(p, conditions)
	other := func(e loopir.Expr) bool { return !concerns(e) || !states(conditions, e) }
	v.Assume = slices.DeleteFunc(slices.Clone(v.Assume), other)
	k := copier(v, name, &src, &dst)
	k.Where = slices.DeleteFunc(k.Where, other)
	k.Body = copyNest(p, pack, "src", "dst")
	before := k.Clone()
	for _, q := range before.Params {
		if q.Layout != nil {
			q.Shape, q.Layout = q.Layout.Shape, nil
		}
	}
	before.Body = copyNest(plain(p), pack, "src", "dst")
	f := &loopir.File{Name: v.File.Name, Kernels: []*loopir.Kernel{before, k}}
	c, err := check(ctx, f, before, k, opts)
	if err != nil {
		return gen.Variant{}, err
	}
	if !c.Proved() {
		return gen.Variant{}, unproved(&loopir.Schedule{Name: v.Name, Span: p.Span}, c)
	}
	return gen.Variant{Name: name, Kernel: k, File: f, Target: "go", Assume: v.Assume}, nil
}

// about tells which conditions can have to do with the layout of p: those on sizes that its
// extents and indices are made of, directly or by way of other conditions. What a schedule
// wants of other sizes is not needed to pack an array once for all of these.
func about(p *loopir.Param, conditions []loopir.Expr) func(loopir.Expr) bool {
	sizes := map[string]bool{}
	learn := func(e loopir.Expr) (more bool) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if v, ok := e.(*loopir.Var); ok && !sizes[v.Name] {
				sizes[v.Name], more = true, true
			}
			return true
		})
		return more
	}
	for _, e := range slices.Concat(p.Shape, p.Layout.Shape, p.Layout.Index) {
		learn(e)
	}
	concerns := func(e loopir.Expr) bool {
		found := false
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			v, ok := e.(*loopir.Var)
			found = found || ok && sizes[v.Name]
			return true
		})
		return found
	}
	for more := true; more; {
		more = false
		for _, e := range conditions {
			more = concerns(e) && learn(e) || more
		}
	}
	return concerns
}

// copier is a kernel without a body over the sizes of v and two arrays.
func copier(v gen.Variant, name string, src, dst *loopir.Param) *loopir.Kernel {
	k := &loopir.Kernel{Name: name, Where: v.Kernel.Where, Span: src.Span}
	for _, q := range v.Kernel.Params {
		if q.Kind == loopir.SizeParam {
			k.Params = append(k.Params, q)
		}
	}
	k.Params = append(k.Params, src, dst)
	return k.Clone()
}

// plain is p with its logical layout.
func plain(p *loopir.Param) *loopir.Param {
	return &loopir.Param{Type: p.Type, Layout: &loopir.Layout{Iters: p.Layout.Iters, Shape: p.Layout.Shape, Index: vars(p.Layout.Iters)}}
}

// roundTrip proves that unpacking what was packed gives it back.
func roundTrip(ctx context.Context, v gen.Variant, p *loopir.Param, opts Options) error {
	src := &loopir.Param{Kind: loopir.ArrayParam, Name: "src", Dir: loopir.In, Type: p.Type, Shape: p.Layout.Shape, Span: p.Span}
	dst := *src
	dst.Name, dst.Dir = "dst", loopir.Out
	before := copier(v, "unpack_pack_"+p.Name, src, &dst)
	after := before.Clone()
	before.Body = copyNest(plain(p), true, "src", "dst")
	after.Body = append([]loopir.Stmt{&loopir.Local{Name: "packed", Type: p.Type, Shape: p.Shape}},
		append(copyNest(p, true, "src", "packed"), copyNest(p, false, "packed", "dst")...)...)
	after = after.Clone()
	f := &loopir.File{Name: v.File.Name, Kernels: []*loopir.Kernel{before, after}}
	c, err := check(ctx, f, before, after, opts)
	if err == nil && !c.Proved() {
		c.Step = "unpack of pack of " + p.Name + " is the identity"
		return unproved(&loopir.Schedule{Name: v.Name, Span: p.Span}, c)
	}
	return err
}

// copyNest copies every logical cell from one array to another, packed on one side.
func copyNest(p *loopir.Param, pack bool, from, to string) []loopir.Stmt {
	l := p.Layout
	rename := map[string]loopir.Expr{}
	iters := make([]string, len(l.Iters))
	for i, it := range l.Iters { // no clash with sizes: those are never called x0, x1, ...
		iters[i] = fmt.Sprintf("%s_%d", it, i)
		rename[it] = loopir.NewVar(iters[i])
	}
	at := make([]loopir.Expr, len(l.Index))
	for i, e := range l.Index {
		at[i] = loopir.Subst(e, rename)
	}
	src := &loopir.Read{Name: from, Index: vars(iters), Type: p.Type}
	dst := &loopir.Read{Name: to, Index: at, Type: p.Type}
	if !pack {
		src.Index, dst.Index = dst.Index, src.Index
	}
	body := []loopir.Stmt{&loopir.Assign{LHS: dst, RHS: src}}
	for i := len(iters) - 1; i >= 0; i-- {
		loop := &loopir.For{Iter: iters[i], Lo: loopir.NewInt(0), Hi: loopir.CloneExpr(l.Shape[i]), Body: body}
		if i == 0 {
			loop.Par = loopir.Parallel
		}
		body = []loopir.Stmt{loop}
	}
	return body
}

func vars(names []string) []loopir.Expr {
	out := make([]loopir.Expr, len(names))
	for i, n := range names {
		out[i] = loopir.NewVar(n)
	}
	return out
}
