package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/loopir"
)

// Generate proves every schedule of f and returns the files of Go package pkg.
// An unproved schedule is an error and so is code that, read back from its text, is not
// shown to do what its kernel does: nothing is to be written then.
func Generate(ctx context.Context, f *loopir.File, list []*loopir.Schedule, pkg string, sizes map[string][]gen.Sizes, opts Options) (map[string][]byte, error) {
	in := gen.Input{Source: filepath.Base(f.Name), Package: pkg}
	index := map[string]int{}
	for _, s := range list {
		r, err := Transform(ctx, f, s, opts)
		if err != nil {
			return nil, err
		}
		if bad := r.Failed(); bad != nil {
			return nil, unproved(s, bad)
		}
		i, ok := index[r.Kernel]
		if !ok {
			i = len(in.Kernels)
			index[r.Kernel] = i
			in.Kernels = append(in.Kernels, gen.Kernel{File: f, Kernel: f.Kernel(r.Kernel), Sizes: sizes[r.Kernel]})
		}
		v := gen.Variant{Name: s.Name, Kernel: r.Final, File: r.File, Target: r.Target, Digest: r.Digest()}
		v.Assume = r.Final.Where[len(r.Original.Where):]
		in.Kernels[i].Variants = append(in.Kernels[i].Variants, v)
	}
	slices.SortFunc(in.Kernels, func(a, b gen.Kernel) int { return strings.Compare(a.Kernel.Name, b.Kernel.Name) })
	names := map[string]bool{}
	for i := range in.Kernels {
		var err error
		if in.Kernels[i].Packers, err = packers(ctx, in.Kernels[i].Kernel.Name, in.Kernels[i].Variants, names, opts); err != nil {
			return nil, err
		}
	}
	in.Note, in.Taken = opts.OnNote, opts.Taken
	return emitted(ctx, in, opts)
}

// emitted emits in and reads it back. A region in assembly that fails is left out, or all
// of its form, and the rest is emitted and read back again: Go stands for it. Files that come
// with an error are what failed.
func emitted(ctx context.Context, in gen.Input, opts Options) (map[string][]byte, error) {
	in.Skip = map[string]bool{}
	for {
		files, err := gen.Package(in)
		if err != nil {
			return nil, err
		}
		bad, err := verified(ctx, in.Package, files, opts)
		if err != nil || len(bad) == 0 {
			return files, err
		}
		for _, b := range bad {
			e := b.failure()
			text := files[strings.TrimSuffix(b.File, ".go")+".s"]
			if text == nil || ctx.Err() != nil {
				e.Msg += "; nothing was generated"
				return files, e
			}
			what := skipped(in.Skip, text, b)
			e.Msg += ". This is a defect of loopopt: " + what + " left out, and Go stands for it"
			if opts.OnNote != nil {
				if err := opts.OnNote(e); err != nil {
					return files, err
				}
			}
		}
		in.Note = nil // told already
	}
}

// skipped takes out of a form the region that a failure is in, or all of them when that
// is not known.
func skipped(skip map[string]bool, text []byte, b *Readback) string {
	funcs := asmFunc.FindAllSubmatchIndex(text, -1)
	if strings.HasSuffix(b.At.File, ".s") {
		for i := len(funcs) - 1; i >= 0; i-- {
			if 1+bytes.Count(text[:funcs[i][0]], []byte("\n")) <= b.At.Start.Line {
				name := string(text[funcs[i][2]:funcs[i][3]])
				skip[name] = true
				return "the region " + name + " is"
			}
		}
	}
	for _, f := range funcs {
		skip[string(text[f[2]:f[3]])] = true
	}
	return "the form is"
}

func unproved(s *loopir.Schedule, c *Check) error {
	at := c.Span
	if at.Start.Line == 0 {
		at = s.Span
	}
	kind := loopir.Undecided
	if c.Outcome == equiv.Refuted {
		kind = loopir.Refuted
	}
	e := &loopir.Error{Kind: kind, Span: at, Msg: fmt.Sprintf("schedule %s, step `%s` is %s; nothing was generated", s.Name, c.Step, c.Outcome)}
	if c.Counterexample != nil {
		e.Note(loopir.Span{}, "%s", c.Counterexample)
	}
	if c.Reason != "" {
		e.Note(loopir.Span{}, "%s", c.Reason)
	}
	return e
}

// Digest identifies what was proved: the kernel before the first step, and
// after each step its text and verdict.
func (r *Report) Digest() string {
	h := sha256.New()
	fmt.Fprintln(h, loopir.FormatKernel(r.Original))
	for _, c := range r.checks() {
		fmt.Fprintf(h, "%s: %s %s\n%s\n", c.Step, c.Outcome, c.Verdict, c.after)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}

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
				h, err := packer(ctx, v, p, pack, suffix, opts)
				if err != nil {
					return nil, err
				}
				out = append(out, h)
			}
		}
	}
	return out, nil
}

// packer makes pack_A(sizes, src, dst): dst[layout(i)] = src[i], or its inverse.
func packer(ctx context.Context, v gen.Variant, p *loopir.Param, pack bool, suffix string, opts Options) (gen.Variant, error) {
	name := map[bool]string{true: "pack_", false: "unpack_"}[pack] + suffix
	logical := &loopir.Param{Kind: loopir.ArrayParam, Type: p.Type, Shape: p.Layout.Shape}
	packed := &loopir.Param{Kind: loopir.ArrayParam, Type: p.Type, Shape: p.Shape, Layout: p.Layout}
	src, dst := *logical, *packed
	if !pack {
		src, dst = *packed, *logical
	}
	src.Name, src.Dir = "src", loopir.In
	dst.Name, dst.Dir = "dst", loopir.InOut // padding cells keep what they hold
	k := &loopir.Kernel{Name: name, Where: v.Kernel.Where, Span: p.Span}
	for _, q := range v.Kernel.Params {
		if q.Kind == loopir.SizeParam {
			k.Params = append(k.Params, q)
		}
	}
	k.Params = append(k.Params, &src, &dst)
	k = k.Clone()
	k.Body = copyNest(p, pack)
	before := k.Clone()
	for _, q := range before.Params {
		if q.Layout != nil {
			q.Shape, q.Layout = q.Layout.Shape, nil
		}
	}
	before.Body = copyNest(&loopir.Param{Type: p.Type, Layout: &loopir.Layout{
		Iters: p.Layout.Iters, Shape: p.Layout.Shape, Index: vars(p.Layout.Iters),
	}}, pack)
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

// copyNest copies every logical cell between src and dst, packed on one side.
func copyNest(p *loopir.Param, pack bool) []loopir.Stmt {
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
	src := &loopir.Read{Name: "src", Index: vars(iters), Type: p.Type}
	dst := &loopir.Read{Name: "dst", Index: at, Type: p.Type}
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
