// Package gen emits proved kernels: Go for every GOARCH whose int has 64 bits (on others it
// does not compile), assembly for amd64 and arm64,
// an exported function that checks its arguments and picks the schedule, and
// tests and benchmarks of all of it. It trusts nothing about where a kernel
// came from and proves nothing itself: the pipeline proves before it calls.
package gen

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/format"
	"maps"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/loopir"
)

// A Variant is one scheduled form of a kernel.
type Variant struct {
	Name   string         // the schedule's
	Kernel *loopir.Kernel // as scheduled; may call kernels of File
	File   *loopir.File
	Target string        // "avx512", "avx2", "neon", "go", or "" for every one that fits
	Strict bool          // what has no assembly form is an error
	Assume []loopir.Expr // what the schedule assumes of the sizes, beyond the kernel's where
	Digest string        // of the proof
}

// An Input is what Package emits.
type Input struct {
	Source  string // base name of the .loop file, for headers
	Package string // Go package name
	Kernels []Kernel
	// Note is told of a region that has no assembly form, or none for some processors, and
	// becomes Go there; its error ends the work.
	Note func(*loopir.Error) error
	// Skip names assembly functions that are left out.
	Skip map[string]bool
	// Taken are names that the package declares already.
	Taken map[string]bool
}

// A Kernel is one kernel of a package, with all its forms.
type Kernel struct {
	File     *loopir.File
	Kernel   *loopir.Kernel // the naive kernel
	Variants []Variant      // in order of preference
	Packers  []Variant      // verified layout helpers, exported under their names
	Sizes    []Sizes        // what benchmarks run
}

// Sizes is a named choice of a kernel's sizes, and of scalars that are not to be 1:
// res2a_2b N=4 K=64 alpha=0.5 ...
type Sizes struct {
	Name    string
	Values  map[string]int64
	Scalars map[string]float64
}

// Package returns the generated files by name, the same bytes for the same
// input on any host.
func Package(in Input) (map[string][]byte, error) {
	p := &pkg{Source: in.Source, Package: in.Package, note: in.Note, skip: in.Skip, files: map[string][]byte{}, taken: map[string]bool{}, told: map[string]bool{}}
	maps.Copy(p.taken, in.Taken)
	p.stem("support")
	for _, k := range in.Kernels {
		p.Kernel = k
		p.name = p.exportedName(camel(k.Kernel.Name))
		p.base = p.stem(k.Kernel.Name, platformSuffixes...)
		if err := p.emit(); err != nil {
			return nil, err
		}
	}
	return p.files, p.support()
}

// A pkg is a package being written, a kernel at a time.
type pkg struct {
	Source, Package string
	Kernel
	name  string // of the kernel in Go, exported
	base  string // what the names of the kernel's files begin with
	files map[string][]byte
	taken map[string]bool // names of Go and of files
	note  func(*loopir.Error) error
	told  map[string]bool // what note was told
	skip  map[string]bool
}

// A built is a variant ready to be called: the Go type of its portable form
// and, where assembly takes part, those of the accelerated forms.
type built struct {
	Variant
	flat *loopir.Kernel // calls inlined, lets removed, functions written out
	nest *loopir.Kernel // the same with calls of functions
	typ  string         // convAvx512
	base string         // conv_avx512
	fn   string         // the exported function that leads to it; "" if another one of its layout has the name
	asm  []asmForm      // best first
}

func (p *pkg) emit() error {
	naive, err := p.build(Variant{Name: "naive", Kernel: p.Kernel.Kernel, File: p.File, Target: "go"})
	if err != nil {
		return err
	}
	all := []*built{naive}
	for _, v := range append(append([]Variant(nil), p.Variants...), p.Packers...) {
		b, err := p.build(v)
		if err != nil {
			return err
		}
		all = append(all, b)
	}
	n := 1 + len(p.Variants)
	if err := p.api(all[:n], all[n:]); err != nil {
		return err
	}
	return p.tests(all)
}

// build writes the portable Go of v and, where it applies, its assembly.
func (p *pkg) build(v Variant) (*built, error) {
	nest, err := v.File.InlineCalls(v.Kernel)
	if err != nil {
		return nil, err
	}
	nest.InlineLets()
	flat := nest.Clone()
	if err := v.File.WriteOut(flat, func(loopir.Stmt) bool { return false }); err != nil {
		return nil, err
	}
	typ := lowerFirst(p.name) + camel(v.Name)
	if v.Kernel.Name != p.Kernel.Kernel.Name { // a layout helper, whose kernel is its own
		typ = lowerFirst(camel(v.Name))
	}
	b := &built{Variant: v, flat: flat, nest: nest, typ: p.typeName(typ), base: p.stem(p.base+"_"+strings.ToLower(v.Name), asmSuffixes...)}
	var code []jen.Code
	if p.tight(v) {
		code, err = golang.Tight(flat, b.typ, facts(flat))
	} else {
		code, err = golang.Func(flat, b.typ, facts(flat), nil)
	}
	if err != nil {
		return nil, err
	}
	if err := p.goFile(b.base+".go", "", v, code); err != nil {
		return nil, err
	}
	p.files[b.base+".loop"] = p.loops(v)
	return b, p.assembly(b)
}

// tight tells a schedule that asks for Go: what it gives is to be fast, and does not just stand for
// assembly where there is none.
func (p *pkg) tight(v Variant) bool {
	return v.Target == "go" && v.Name != "naive" && v.Kernel.Name == p.Kernel.Kernel.Name
}

// loops is the .loop text of v: what it calls, and itself under its comment.
func (p *pkg) loops(v Variant) []byte {
	f := withCallees(v)
	var b bytes.Buffer
	b.WriteString(p.header(v) + "\n")
	n := len(f.Kernels) - 1
	above := loopir.Format(&loopir.File{Funcs: f.Funcs, Kernels: f.Kernels[:n]})
	if len(above) > 0 {
		fmt.Fprintf(&b, "%s\n", above)
	}
	if v.Name == "naive" {
		for _, l := range Doc(v.File, v.Kernel) {
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace("// "+l))
		}
	}
	b.Write(loopir.Format(&loopir.File{Kernels: f.Kernels[n:]}))
	return b.Bytes()
}

// withCallees is a file of v's kernel and all that it calls, callees first.
func withCallees(v Variant) *loopir.File {
	f := &loopir.File{Funcs: v.File.Funcs}
	seen := map[string]bool{}
	var add func(k *loopir.Kernel)
	add = func(k *loopir.Kernel) {
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			if c, ok := s.(*loopir.Call); ok && !seen[c.Kernel] {
				seen[c.Kernel] = true
				add(v.File.Kernel(c.Kernel))
			}
			return true
		})
		f.Kernels = append(f.Kernels, k)
	}
	add(v.Kernel)
	return f
}

// header is the comment that opens every generated file.
func (p *pkg) header(v Variant) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Code generated by loopopt gen from %s. DO NOT EDIT.\n", p.Source)
	if v.Name != "" {
		fmt.Fprintf(&b, "// schedule %s", v.Name)
		if v.Digest != "" {
			fmt.Fprintf(&b, ", proof %s", v.Digest)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// text adds a gofmt-ed Go file.
func (p *pkg) text(name string, src string) error {
	out, err := format.Source([]byte(src))
	if err != nil {
		return fmt.Errorf("emitted %s does not parse: %w\n%s", name, err, src)
	}
	p.files[name] = out
	return nil
}

// supportHeader opens the support file, which belongs to no .loop file more than to another.
const supportHeader = "// Code generated by loopopt gen for all kernels of the package. DO NOT EDIT.\n"

// support writes the run-time support.
func (p *pkg) support() error {
	src, err := golang.Support(p.Package, supportHeader)
	if err != nil {
		return err
	}
	return p.text("support.go", string(src))
}

// Digest identifies the emitted bytes of a package.
func Digest(files map[string][]byte) string {
	var b bytes.Buffer
	for _, n := range sortedKeys(files) {
		fmt.Fprintf(&b, "%s %d\n", n, len(files[n]))
		b.Write(files[n])
	}
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))
}
