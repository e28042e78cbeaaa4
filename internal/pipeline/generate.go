package pipeline

import (
	"bytes"
	"cmp"
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
	opts.Ahead = ReplayAhead(ctx, f, list, opts.Params)
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
		v := gen.Variant{Name: s.Name, Kernel: r.Final, File: r.File, Target: cmp.Or(r.Target, opts.Target), Strict: r.Strict, Digest: r.Digest()}
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
	for first := true; ; first = false {
		files, err := gen.Package(in)
		if err != nil {
			return nil, err
		}
		if first && opts.OnEmit != nil { // what is told of a failure is about this text
			if err := opts.OnEmit(files); err != nil {
				return nil, err
			}
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
