package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/library"
)

// A Pair is two kernels to be shown equal, in one file that holds all that
// both call.
type Pair struct {
	File          *loopir.File
	Before, After *loopir.Kernel
	calling       []calling // of the two, those whose calls have been inlined
}

// A calling is a kernel with calls, as it was written.
type calling struct {
	file     *loopir.File
	kernel   *loopir.Kernel
	original bool // it is the first of the pair
}

// Pairs matches the kernels of two files: the only one of each, else those of
// the same name.
func Pairs(before, after *loopir.File) ([]Pair, error) {
	if len(before.Kernels) == 1 && len(after.Kernels) == 1 {
		return merge(before, after, before.Kernels[0], after.Kernels[0])
	}
	var all []Pair
	for _, k := range before.Kernels {
		if other := after.Kernel(k.Name); other != nil {
			p, err := merge(before, after, k, other)
			if err != nil {
				return nil, err
			}
			all = append(all, p...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s and %s have no kernel of the same name", before.Name, after.Name)
	}
	return all, nil
}

// merge puts the kernels of both files into one, with calls inlined where they
// were written, so that callees of the same name cannot be mistaken. So are those of
// functions with a body, where the two files do not mean the same by a name.
func merge(fb, fa *loopir.File, before, after *loopir.Kernel) ([]Pair, error) {
	inline, alike := equiv.InlineKernels, sameFuncs(fb, fa)
	if !alike {
		inline = equiv.Inline
	}
	b, err := inline(fb, before)
	if err != nil {
		return nil, err
	}
	a, err := inline(fa, after)
	if err != nil {
		return nil, err
	}
	f := &loopir.File{Name: fa.Name, Kernels: []*loopir.Kernel{b}}
	for _, fn := range append(slices.Clip(fb.Funcs), fa.Funcs...) {
		if (alike || fn.Value == nil) && f.Func(fn.Name) == nil {
			f.Funcs = append(f.Funcs, fn)
		}
	}
	p := Pair{File: f, Before: b, After: a}
	for _, c := range []calling{{fb, before, true}, {fa, after, false}} {
		if len(c.file.Callees(c.kernel)) > 0 {
			p.calling = append(p.calling, c)
		}
	}
	return []Pair{p}, nil
}

// sameFuncs tells whether the functions that both files have are the same.
func sameFuncs(fb, fa *loopir.File) bool {
	for _, fn := range fa.Funcs {
		if g := fb.Func(fn.Name); g != nil && (g.Value != nil || fn.Value != nil) && (library.Digest(fb, g) == "" || library.Digest(fb, g) != library.Digest(fa, fn)) {
			return false
		}
	}
	return true
}

// Prove compares the kernels without any claim of how they correspond. Calls are checked
// against their contracts where they are written: inlined, they have none.
func (p Pair) Prove(ctx context.Context, opts equiv.Options) (*Check, error) {
	var contracts []equiv.Obligation
	for _, c := range p.calling {
		safe, err := safety(ctx, c.file, c.kernel, Options{Equiv: opts})
		if err != nil {
			return nil, err
		}
		if !safe.Proved() {
			safe.Original = c.original
			return safe, nil
		}
		contracts = append(contracts, safe.Obligations...)
	}
	before, after := p.Before.Clone(), p.After.Clone()
	safe, err := safety(ctx, p.File, before, Options{Equiv: opts})
	if err != nil {
		return nil, err
	}
	if !safe.Proved() {
		safe.Original = true
		return safe, nil
	}
	c, err := check(ctx, p.File, before, after, Options{Equiv: opts})
	if err != nil {
		return nil, err
	}
	c.Span = p.After.Span
	c.Obligations = append(contracts, c.Obligations...)
	c.Count += len(contracts)
	return c, nil
}
