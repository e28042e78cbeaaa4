// Package gen emits proved kernels: Go for every GOARCH, assembly for amd64 and arm64,
// an exported function that checks its arguments and picks the schedule, and
// tests and benchmarks of all of it. It trusts nothing about where a kernel
// came from and proves nothing itself: the pipeline proves before it calls.
package gen

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/format"
	"strings"
	"unicode"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/loopir"
)

// A Variant is one scheduled form of a kernel.
type Variant struct {
	Name   string         // the schedule's
	Kernel *loopir.Kernel // as scheduled; may call kernels of File
	File   *loopir.File
	Target string        // "avx512", "avx2", "neon", "go", or "" for every one that fits
	Assume []loopir.Expr // what the schedule assumes of the sizes, beyond the kernel's where
	Digest string        // of the proof
}

// An Input is what Package emits.
type Input struct {
	Source  string // base name of the .loop file, for headers
	Package string // Go package name
	Kernels []Kernel
}

// A Kernel is one kernel of a package, with all its forms.
type Kernel struct {
	File     *loopir.File
	Kernel   *loopir.Kernel // the naive kernel
	Variants []Variant      // in order of preference
	Packers  []Variant      // verified layout helpers, exported under their names
	Sizes    []Sizes        // what benchmarks run
}

// Sizes is a named choice of a kernel's sizes: layer=res2a_2b N=4 K=64 ...
type Sizes struct {
	Name   string
	Values map[string]int64
}

// Package returns the generated files by name, the same bytes for the same
// input on any host.
func Package(in Input) (map[string][]byte, error) {
	p := &pkg{Source: in.Source, Package: in.Package, files: map[string][]byte{}}
	for _, k := range in.Kernels {
		p.Kernel = k
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
	files map[string][]byte
}

// A built is a variant ready to be called: the Go type of its portable form
// and, where assembly takes part, those of the accelerated forms.
type built struct {
	Variant
	flat *loopir.Kernel // calls inlined, lets removed
	typ  string         // convAvx512
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
	flat, err := v.File.InlineCalls(v.Kernel)
	if err != nil {
		return nil, err
	}
	flat.InlineLets()
	if err := representable(flat); err != nil {
		return nil, err
	}
	b := &built{Variant: v, flat: flat, typ: lowerFirst(camel(v.Kernel.Name)) + camel(v.Name)}
	if v.Name == v.Kernel.Name { // a layout helper
		b.typ = lowerFirst(camel(v.Name))
	}
	code, err := golang.Func(flat, b.typ, facts(flat), nil)
	if err != nil {
		return nil, err
	}
	base := p.Kernel.Kernel.Name + "_" + strings.ToLower(v.Name)
	if err := p.goFile(base+".go", "", v, code); err != nil {
		return nil, err
	}
	p.files[base+".loop"] = append([]byte(p.header(v)+"\n"), loopir.Format(withCallees(v))...)
	return b, p.assembly(b, base)
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

// representable rejects what no generated code can hold yet.
func representable(k *loopir.Kernel) error {
	var errs loopir.ErrorList
	half := func(t loopir.Type) bool { return t == loopir.BF16 || t == loopir.F16 }
	for _, p := range k.Params {
		if half(p.Type) {
			errs = append(errs, loopir.Rejectf(p.Span,
				"%s has a 16-bit float type: gen emits f64, f32 and integers; check, transform and verify take it", p.Name))
		}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.Local); ok && half(l.Type) {
			errs = append(errs, loopir.Rejectf(l.Span, "%s has a 16-bit float type: gen emits f64, f32 and integers", l.Name))
		}
		return true
	})
	return errs.Err()
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

// support writes the run-time support that the emitted Go mentions.
func (p *pkg) support() error {
	var sources []string
	for _, n := range sortedKeys(p.files) {
		if strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go") {
			sources = append(sources, string(p.files[n]))
		}
	}
	src, err := golang.Support(p.Package, p.header(Variant{}), sources...)
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

// camel makes an exported identifier of a .loop name: conv_relu -> ConvRelu.
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' }) {
		r := []rune(part)
		b.WriteRune(unicode.ToUpper(r[0]))
		b.WriteString(string(r[1:]))
	}
	return b.String()
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
