package pipeline

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// A ScheduledPair is a naive kernel of a generated package and one scheduled form of it.
type ScheduledPair struct {
	Source      string // the .loop file that the package is generated from, without its path
	Naive, File string // the .loop files
	dir         string
	files       map[string][]byte
	naive       scheduled
	scheduled   scheduled
}

// Scheduled pairs the naive kernels of a generated package with each scheduled form.
// Layout helpers stand for themselves: each is proved to be a copy when it is made anew,
// see Reemit.
func Scheduled(dir string, files map[string][]byte) ([]*ScheduledPair, error) {
	sources, err := contents(dir, files)
	if err != nil {
		return nil, err
	}
	var out []*ScheduledPair
	for _, s := range sources {
		for _, k := range s.kernels {
			for _, v := range k.variants {
				out = append(out, &ScheduledPair{s.name, k.naive.file, v.file, dir, files, k.naive, v})
			}
		}
	}
	return out, nil
}

// SourcesOf lists the .loop files that a package is generated from, without their paths.
func SourcesOf(dir string, files map[string][]byte) ([]string, error) {
	list, err := contents(dir, files)
	var out []string
	for _, s := range list {
		out = append(out, s.name)
	}
	return out, err
}

// Verify proves that the scheduled kernel computes what the naive one does, whenever the
// conditions hold under which the exported function takes it.
func (p *ScheduledPair) Verify(ctx context.Context, opts equiv.Options) (*Check, error) {
	pairs, err := merge(p.naive.File, p.scheduled.File, p.naive.Kernel, p.scheduled.Kernel)
	if err != nil {
		return nil, err
	}
	text := string(p.files[p.Naive]) + "\n" + string(p.files[p.File])
	return p.recalled(opts, text, func() (*Check, error) { return pairs[0].Prove(ctx, opts) })
}

// recalled proves what text states, unless this build has done so before. A proof that
// rests on what no function checks is none. That an index in the data is one is tested by
// each form before it reads there, or it is not read back: such an assumption stays with the
// proof as a note, as it says where a form panics.
func (p *ScheduledPair) recalled(opts equiv.Options, text string, prove func() (*Check, error)) (*Check, error) {
	indices, err := equiv.DataIndices(p.scheduled.File, p.scheduled.Kernel)
	if err != nil {
		return nil, err
	}
	for _, v := range []equiv.Verdict{equiv.Exact, equiv.Reassociated, equiv.Algebraic} {
		if opts.Pool.Recall("discharged "+v.String()+" "+text) != "" {
			c := &Check{Outcome: equiv.Proved, Verdict: v}
			c.assumeIndices(indices)
			return c, nil
		}
	}
	c, err := prove()
	if err != nil || !c.Proved() {
		return c, err
	}
	var checked []string
	for _, w := range p.scheduled.Kernel.Where {
		checked = append(checked, loopir.FormatExpr(w))
	}
	for _, a := range c.Assumptions {
		if !slices.Contains(checked, a) && !slices.Contains(indices, a) {
			return p.open("it is equal only if " + a + ", which no function of the package checks"), nil
		}
	}
	opts.Pool.Remember("discharged "+c.Verdict.String()+" "+text, "proved")
	return c, nil
}

func (p *ScheduledPair) open(reason string) *Check {
	return &Check{Outcome: equiv.Unknown, Reason: reason, Span: loopir.Span{File: filepath.Join(p.dir, p.File)}}
}

// Replay proves the same by replaying the schedule of the source: each step is proved,
// and the result has to be the scheduled kernel as the package holds it.
func (p *ScheduledPair) Replay(ctx context.Context, source *loopir.File, opts equiv.Options) (*Check, error) {
	kernel, name := p.naive.Kernel.Name, p.scheduled.Name
	if k := source.Kernel(kernel); k == nil || !sameKernel(k, p.naive.Kernel) {
		return p.open(p.Naive + " is not kernel " + kernel + " of " + source.Name), nil
	}
	for _, s := range source.Schedules {
		if s.Name != name || s.Kernel != kernel {
			continue
		}
		text := "replayed " + name + "\n" + string(loopir.Format(source)) + "\n" + loopir.FormatKernel(p.scheduled.Kernel)
		return p.recalled(opts, text, func() (*Check, error) {
			r, err := Transform(ctx, source, s, Options{Equiv: opts})
			if err != nil {
				return nil, err
			}
			if bad := r.Failed(); bad != nil {
				return bad, nil
			}
			if !sameKernel(r.Final, p.scheduled.Kernel) {
				return p.open("schedule " + name + " of " + source.Name + " does not give it"), nil
			}
			return r.Whole, nil
		})
	}
	return p.open(source.Name + " has no schedule " + name + " for " + kernel), nil
}

func sameKernel(a, b *loopir.Kernel) bool {
	return b != nil && loopir.FormatKernel(a) == loopir.FormatKernel(b)
}
