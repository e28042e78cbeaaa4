package pipeline

import (
	"context"
	"maps"
	"regexp"
	"strings"

	"github.com/loopopt/loopopt/gen"
)

// Reemit returns the files that gen writes for the kernels which a generated package
// holds, see contents. Layout helpers are made from the declared layouts and proved anew.
// Assembly functions named in skip are left out.
func Reemit(ctx context.Context, dir string, files map[string][]byte, skip map[string]bool, opts Options) (map[string][]byte, error) {
	sources, err := contents(dir, files)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, s := range sources {
		in := gen.Input{Source: s.name, Package: PackageOf(files), Skip: skip, Taken: TakenNames(files, s.name)}
		packed := map[string]bool{}
		for _, k := range s.kernels {
			g := gen.Kernel{File: k.naive.File, Kernel: k.naive.Kernel, Sizes: k.sizes}
			for _, v := range k.variants {
				g.Variants = append(g.Variants, v.Variant)
			}
			if g.Packers, err = packers(ctx, g.Kernel.Name, g.Variants, packed, opts); err != nil {
				return nil, err
			}
			in.Kernels = append(in.Kernels, g)
		}
		emitted, err := gen.Package(in)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, emitted)
	}
	return out, nil
}

// TakenNames are the package-level names that files of a generated package declare which
// are of another source: what is generated from this one is called otherwise.
func TakenNames(files map[string][]byte, source string) map[string]bool {
	others := map[string][]byte{}
	for name, src := range files {
		if m := sourceLine.FindSubmatch(src); m != nil && string(m[1]) != source {
			others[name] = src
		}
	}
	declared, _ := namesOf(others, true)
	return declared
}

// PackageOf is the name of a generated package.
func PackageOf(files map[string][]byte) string {
	if m := packageLine.FindSubmatch(files["support.go"]); m != nil {
		return string(m[1])
	}
	return "main" // nothing matches what is emitted for it
}

var asmFunc = regexp.MustCompile(`(?m)^TEXT ·(\w+)\(SB\)`)

// leftOut lists the assembly functions that gen writes and the package lacks: they may
// have failed to read back when it was generated, and Go stands for them.
func leftOut(have, want map[string][]byte) map[string]bool {
	out := map[string]bool{}
	for name, src := range want {
		if !strings.HasSuffix(name, ".s") {
			continue
		}
		there := map[string]bool{}
		for _, m := range asmFunc.FindAllSubmatch(have[name], -1) {
			there[string(m[1])] = true
		}
		for _, m := range asmFunc.FindAllSubmatch(src, -1) {
			if !there[string(m[1])] {
				out[string(m[1])] = true
			}
		}
	}
	return out
}
