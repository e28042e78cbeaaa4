package pipeline

import (
	"context"
	"fmt"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// A Pair is two kernels to be shown equal, in one file that holds all that
// both call.
type Pair struct {
	File          *loopir.File
	Before, After *loopir.Kernel
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
// were written, so that callees of the same name cannot be mistaken.
func merge(fb, fa *loopir.File, before, after *loopir.Kernel) ([]Pair, error) {
	b, err := inlined(fb, before)
	if err != nil {
		return nil, err
	}
	a, err := inlined(fa, after)
	if err != nil {
		return nil, err
	}
	f := &loopir.File{Name: fa.Name, Funcs: fb.Funcs, Kernels: []*loopir.Kernel{b}}
	for _, fn := range fa.Funcs {
		if !declares(f, fn) {
			f.Funcs = append(f.Funcs, fn)
		}
	}
	return []Pair{{f, b, a}}, nil
}

func inlined(f *loopir.File, k *loopir.Kernel) (*loopir.Kernel, error) {
	k = k.Clone()
	k.InlineLets()
	return f.InlineCalls(k)
}

func declares(f *loopir.File, fn *loopir.Func) bool {
	for _, g := range f.Funcs {
		if g.Name == fn.Name {
			return true
		}
	}
	return false
}

// Prove compares the kernels without any claim of how they correspond.
func (p Pair) Prove(ctx context.Context, opts equiv.Options) (*Check, error) {
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
	return c, nil
}
