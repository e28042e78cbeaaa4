package pipeline

import (
	"context"
	"path/filepath"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/loopir"
)

// Scheduled pairs the naive kernel of a generated package with each scheduled one, by
// the names of their files. Layout helpers stand for themselves: each was proved to be a
// copy when it was made, and is compared as code.
func Scheduled(files map[string][]byte) [][2]string {
	var out [][2]string
	for name := range files {
		stem, ok := strings.CutSuffix(name, "_naive.loop")
		if !ok {
			continue
		}
		for other := range files {
			if o, ok := strings.CutSuffix(other, ".loop"); ok && other != name && strings.HasPrefix(o, stem+"_") &&
				!strings.HasPrefix(o, stem+"_pack_") && !strings.HasPrefix(o, stem+"_unpack_") {
				out = append(out, [2]string{name, other})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i][1] < out[j][1] })
	return out
}

// VerifyScheduled proves that a scheduled kernel computes what the naive one does.
func VerifyScheduled(ctx context.Context, dir string, files map[string][]byte, pair [2]string, opts equiv.Options) (*Check, error) {
	var parsed [2]*loopir.File
	for i, n := range pair {
		f, err := loopir.Parse(filepath.Join(dir, n), files[n])
		if err != nil {
			return nil, err
		}
		parsed[i] = f
	}
	pairs, err := Pairs(parsed[0], parsed[1])
	if err != nil {
		return nil, err
	}
	return recalled(opts, string(files[pair[0]])+"\n"+string(files[pair[1]]), func() (*Check, error) { return pairs[0].Prove(ctx, opts) })
}

// recalled proves what text states, unless this build has done so before.
func recalled(opts equiv.Options, text string, prove func() (*Check, error)) (*Check, error) {
	for _, v := range []equiv.Verdict{equiv.Exact, equiv.Reassociated, equiv.Algebraic} {
		if opts.Pool.Recall(v.String()+" "+text) != "" {
			return &Check{Outcome: equiv.Proved, Verdict: v}, nil
		}
	}
	c, err := prove()
	if err == nil && c.Proved() {
		opts.Pool.Remember(c.Verdict.String()+" "+text, "proved")
	}
	return c, err
}

// VerifyReplayed proves the same by replaying the schedule of the source: each step is
// proved, and the result has to be the scheduled kernel as the package holds it.
func VerifyReplayed(ctx context.Context, source *loopir.File, dir string, files map[string][]byte, pair [2]string, opts equiv.Options) (*Check, error) {
	naive, err := loopir.Parse(filepath.Join(dir, pair[0]), files[pair[0]])
	if err != nil {
		return nil, err
	}
	scheduled, err := loopir.Parse(filepath.Join(dir, pair[1]), files[pair[1]])
	if err != nil {
		return nil, err
	}
	stem := strings.TrimSuffix(pair[0], "_naive.loop")
	name := strings.TrimSuffix(strings.TrimPrefix(pair[1], stem+"_"), ".loop")
	k := source.Kernel(stem)
	open := func(reason string) (*Check, error) {
		return &Check{Outcome: equiv.Unknown, Reason: reason, Span: loopir.Span{File: filepath.Join(dir, pair[1])}}, nil
	}
	if scheduled.Kernel(stem) == nil {
		return open("it has no kernel " + stem)
	}
	if k == nil || !sameKernel(k, naive.Kernel(stem)) {
		return open(pair[0] + " is not kernel " + stem + " of " + source.Name)
	}
	for _, s := range source.Schedules {
		if s.Name != name || s.Kernel != stem {
			continue
		}
		text := "replayed " + name + "\n" + string(loopir.Format(source)) + "\n" + loopir.FormatKernel(scheduled.Kernel(stem))
		return recalled(opts, text, func() (*Check, error) {
			r, err := Transform(ctx, source, s, Options{Equiv: opts})
			if err != nil {
				return nil, err
			}
			if bad := r.Failed(); bad != nil {
				return bad, nil
			}
			if !sameKernel(r.Final, scheduled.Kernel(stem)) {
				return open("schedule " + name + " of " + source.Name + " does not give it")
			}
			return r.Whole, nil
		})
	}
	return open(source.Name + " has no schedule " + name + " for " + stem)
}

func sameKernel(a, b *loopir.Kernel) bool {
	return b != nil && loopir.FormatKernel(a) == loopir.FormatKernel(b)
}
