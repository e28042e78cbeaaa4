package gen

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/loopir"
)

// tests writes the package's test and benchmark tables; package gentest holds
// what they run.
func (p *pkg) tests(all []*built) error {
	name := p.name
	var b strings.Builder
	fmt.Fprintf(&b, "%s\npackage %s\n\nimport (\n\t\"testing\"\n\n\t\"github.com/loopopt/loopopt/gen/gentest\"\n)\n", p.header(Variant{}), p.Package)
	fmt.Fprintf(&b, "\n// forms%s are all compiled forms of kernel %s and its layout helpers.\nvar forms%s = []gentest.Form{\n", name, p.Kernel.Kernel.Name, name)
	for _, v := range all {
		p.form(&b, v, "go", v.typ, "true")
	}
	b.WriteString("}\n")
	p.exportedForms(&b, name, all)
	fmt.Fprintf(&b, "\nfunc Test%s(t *testing.T) { gentest.Run(t, forms%s) }\n", name, name)
	fmt.Fprintf(&b, "\nfunc Test%sArguments(t *testing.T) { gentest.Arguments(t, exported%s) }\n", name, name)
	fmt.Fprintf(&b, "\nfunc Fuzz%s(f *testing.F) { gentest.Fuzz(f, forms%s) }\n", name, name)
	p.benchmarks(&b, name)
	for _, arch := range archs {
		if err := p.asmTests(all, name, arch); err != nil {
			return err
		}
	}
	return p.text(p.base+"_test.go", b.String())
}

// asmTests adds the assembly forms of one processor to the table.
func (p *pkg) asmTests(all []*built, name, arch string) error {
	var forms strings.Builder
	for _, v := range all {
		for _, f := range v.asm {
			if f.isa.Arch() == arch {
				p.form(&forms, v, f.isa.String(), f.typ, f.has)
			}
		}
	}
	if forms.Len() == 0 {
		return nil
	}
	return p.text(p.base+"_"+arch+"_test.go", fmt.Sprintf(
		"%s\n//go:build !purego\n\npackage %s\n\nimport \"github.com/loopopt/loopopt/gen/gentest\"\n\nfunc init() {\n\tforms%s = append(forms%s, []gentest.Form{\n%s\t}...)\n}\n",
		p.header(Variant{}), p.Package, name, name, forms.String()))
}

// form writes one table entry.
func (p *pkg) form(b *strings.Builder, v *built, impl, typ, has string) {
	fmt.Fprintf(b, "\t{Schedule: %q, Impl: %q, File: %q, Kernel: %q, Has: %s, Call: func(a *gentest.Args) error {\n\t\tcall%s(a.Threads%s)\n\t\treturn nil\n\t}},\n",
		v.Name, impl, v.base+".loop", v.Kernel.Name, has, camel(typ), formArgs(v.flat))
}

// formArgs reads a call's arguments out of a gentest.Args.
func formArgs(k *loopir.Kernel) string {
	var b strings.Builder
	for _, q := range k.Params {
		switch q.Kind {
		case loopir.SizeParam:
			fmt.Fprintf(&b, ", a.Size(%q)", q.Name)
		case loopir.ScalarParam:
			fmt.Fprintf(&b, ", gentest.Scalar[%s](a, %q)", golang.ParamType(q), q.Name)
		case loopir.ArrayParam:
			fmt.Fprintf(&b, ", gentest.Slice[%s](a, %q)", strings.TrimPrefix(golang.ParamType(q), "[]"), q.Name)
		}
	}
	return b.String()
}

// exportedForms lists the checked functions, for tests of their errors.
func (p *pkg) exportedForms(b *strings.Builder, name string, all []*built) {
	fmt.Fprintf(b, "\n// exported%s are the functions that check their arguments.\nvar exported%s = []gentest.Form{\n", name, name)
	for _, v := range all {
		if v.fn == "" {
			continue
		}
		fmt.Fprintf(b, "\t{Schedule: %q, Impl: %q, File: %q, Kernel: %q, Has: true, Call: func(a *gentest.Args) error {\n\t\treturn %s(a.Threads%s)\n\t}},\n",
			v.Name, v.fn, v.base+".loop", v.Kernel.Name, v.fn, formArgs(v.flat))
	}
	b.WriteString("}\n")
}

// benchmarks writes the sizes that BenchmarkX runs every form on.
func (p *pkg) benchmarks(b *strings.Builder, name string) {
	if len(p.Sizes) == 0 {
		return
	}
	fmt.Fprintf(b, "\nfunc Benchmark%s(b *testing.B) {\n\tgentest.Bench(b, forms%s, []gentest.Sizes{\n", name, name)
	for _, s := range p.Sizes {
		fmt.Fprintf(b, "\t\t{Name: %q, Values: map[string]int{", s.Name)
		for i, k := range sortedKeys(s.Values) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%q: %d", k, s.Values[k])
		}
		b.WriteString("}")
		if len(s.Scalars) > 0 {
			b.WriteString(", Scalars: map[string]float64{")
			for i, k := range sortedKeys(s.Scalars) {
				if i > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(b, "%q: %v", k, s.Scalars[k])
			}
			b.WriteString("}")
		}
		b.WriteString("},\n")
	}
	b.WriteString("\t})\n}\n")
}
