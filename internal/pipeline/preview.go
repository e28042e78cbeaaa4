package pipeline

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/gen/simd"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

// A Preview is what a schedule would give, as far as that is known without any proof: for
// choosing what is worth one.
type Preview struct {
	Flat     *loopir.Kernel  // the scheduled kernel, calls and functions written out
	Target   string          // that the schedule names, or the one asked for
	Assembly bool            // whether some of it has a form for that
	Entries  []loopir.Stmt   // of Flat: where Go calls assembly
	Notes    []*loopir.Error // what has none, and why

	compiled []loopir.Stmt // what is assembly
}

// InGo has the loops that become Go run one iteration after the other: Go has no lanes.
func (p *Preview) InGo() {
	inside := map[loopir.Stmt]bool{}
	loopir.Walk(p.compiled, func(s loopir.Stmt) bool {
		inside[s] = true
		return true
	})
	loopir.Walk(p.Flat.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok && !inside[s] && l.Par == loopir.Vectorize {
			l.Par = loopir.Sequential
		}
		return true
	})
}

// PreviewOf replays schedule s of f with params, and tries what becomes assembly for target.
func PreviewOf(f *loopir.File, s *loopir.Schedule, params map[string]string, target string) (*Preview, error) {
	script, err := transform.Replay(f, s, params)
	if err != nil {
		return nil, err
	}
	p := &Preview{Target: cmp.Or(script.Target, target)}
	if p.Flat, err = script.File.InlineCalls(script.Kernel); err != nil {
		return nil, err
	}
	p.Flat.InlineLets()
	if err := script.File.WriteOut(p.Flat, func(loopir.Stmt) bool { return false }); err != nil {
		return nil, err
	}
	v := gen.Variant{Name: s.Name, Kernel: script.Kernel, File: script.File, Target: p.Target}
	files, err := gen.Package(gen.Input{
		Source: filepath.Base(f.Name), Package: "preview",
		Kernels: []gen.Kernel{{File: f, Kernel: f.Kernel(s.Kernel), Variants: []gen.Variant{v}}},
		Note: func(e *loopir.Error) error {
			p.Notes = append(p.Notes, e)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	p.entries(script.File.Funcs)
	p.Assembly = slices.ContainsFunc(sortedNames(files), func(name string) bool { return strings.HasSuffix(name, ".s") })
	return p, nil
}

// entries finds where regions of assembly begin, those that have a form.
func (p *Preview) entries(funcs []*loopir.Func) {
	for _, isa := range []simd.ISA{simd.AVX512, simd.AVX2, simd.NEON} {
		if isa.String() != p.Target {
			continue
		}
		for _, r := range simd.FindRegions(p.Flat, funcs, isa) {
			if _, err := simd.Lower(r, isa); err == nil {
				p.Entries = append(p.Entries, r.Stmts()[0])
				p.compiled = append(p.compiled, r.Stmts()...)
			}
		}
	}
}
