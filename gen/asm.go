package gen

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/gen/simd"
	"github.com/loopopt/loopopt/loopir"
)

// An asmForm is a variant whose hot regions are assembly.
type asmForm struct {
	isa simd.ISA
	typ string // convAvx512AVX512
	has string // Go variable or constant: can it run here?
	cpu string // what it needs of the processor
}

// features are what each ISA's code needs of the CPU.
var features = map[simd.ISA]string{
	simd.AVX2:   "cpu.X86.HasAVX2 && cpu.X86.HasFMA",
	simd.AVX512: "cpu.X86.HasAVX512F",
	simd.NEON:   "cpu.ARM64.HasASIMD",
}

// mixedAVX512 is what lanes of integers, and of several types, need with AVX-512.
const mixedAVX512 = "cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ"

// archs are the processors that there is assembly for.
var archs = []string{"amd64", "arm64"}

// A leftOut is a region without an assembly form for some target, and why.
type leftOut struct {
	at  loopir.Span
	why error
	isa simd.ISA
}

// assembly adds the forms of b that fit its target, best first, and tells of each region
// that one of them, or all, lack.
func (p *pkg) assembly(b *built) error {
	if b.Target == "go" {
		return nil
	}
	var left []leftOut
	taken := map[loopir.Pos]bool{} // where statements stand that some form has in assembly
	found := false
	for _, isa := range []simd.ISA{simd.AVX512, simd.AVX2, simd.NEON} {
		f := &asmForm{isa: isa, typ: b.typ + strings.ToUpper(isa.String()), cpu: features[isa]}
		if b.Target != "" && b.Target != isa.String() {
			continue
		}
		f.has = "has" + camel(f.typ)
		flat := b.nest.Clone()
		regions := simd.FindRegions(flat, b.File.Funcs, isa)
		why, err := p.asmForm(b, flat, f, regions)
		if err != nil {
			return err
		}
		some := false
		for i, r := range regions {
			if found = true; why[i] != nil {
				left = append(left, leftOut{r.Span(), why[i], isa})
				continue
			}
			some = true
			loopir.Walk(r.Stmts(), func(s loopir.Stmt) bool {
				taken[s.Source().Start] = true
				return true
			})
		}
		if some {
			b.asm = append(b.asm, *f)
		}
	}
	var partly []leftOut
	for _, l := range left {
		if taken[l.at.Start] {
			partly = append(partly, l)
		}
	}
	for _, l := range left {
		if taken[l.at.Start] {
			continue
		}
		taken[l.at.Start] = true // told for one target
		if err := p.becomesGo(b, l.at, l.why); err != nil {
			return err
		}
	}
	if err := p.staysGo(b, partly); err != nil {
		return err
	}
	if !found && (b.Target != "" || vectorized(b.flat)) {
		return p.becomesGo(b, b.Kernel.Span, errors.New("it has no vectorized loop outside of which no loop is parallel, and no local in registers"))
	}
	return nil
}

func vectorized(k *loopir.Kernel) bool {
	found := false
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		l, ok := s.(*loopir.For)
		found = found || ok && l.Par == loopir.Vectorize
		return !found
	})
	return found
}

// becomesGo tells, in one line, of a region that no assembly form has.
func (p *pkg) becomesGo(b *built, at loopir.Span, why error) error {
	if p.note == nil && !b.Strict {
		return nil
	}
	at, why = b.reason(at, why)
	to := ""
	if b.Target != "" {
		to = " for " + b.Target
	}
	told := loopir.Rejectf(at, "schedule %s: this region becomes Go: %s. Without that it is assembly%s; target go asks for none",
		b.Name, why, to)
	if b.Strict {
		told.Msg += ", and the schedule is strict"
		return told
	}
	told.Msg += ", --strict makes this an error"
	if p.told[told.Error()] {
		return nil
	}
	p.told[told.Error()] = true
	return p.note(told)
}

// reason is why a region of b has no form, and where it says that: in the user's file, that is
// not where a step put a statement of its own, nor in a function of the library.
func (b *built) reason(at loopir.Span, why error) (loopir.Span, error) {
	if at.Start.Line == 0 {
		at = b.Kernel.Span
	}
	var e *loopir.Error
	msg := why.Error()
	if errors.As(why, &e) {
		msg = e.Msg
		if e.Span.Start.Line > 0 && e.Span.File == at.File {
			at = e.Span
		}
	}
	return at, errors.New(strings.TrimPrefix(msg, "no assembly form: "))
}

// staysGo tells, in one line for each reason, where which processors lack a form that others
// have.
func (p *pkg) staysGo(b *built, left []leftOut) error {
	if p.note == nil {
		return nil
	}
	type lack struct {
		at  loopir.Span
		why string
		on  []string
	}
	var all []*lack
	for _, l := range left {
		at, why := b.reason(l.at, l.why)
		i := slices.IndexFunc(all, func(k *lack) bool { return k.why == why.Error() })
		if i < 0 {
			i = len(all)
			all = append(all, &lack{at: at, why: why.Error()})
		}
		if on := l.isa.String(); !slices.Contains(all[i].on, on) {
			all[i].on = append(all[i].on, on)
		}
	}
	for _, k := range all {
		told := loopir.Rejectf(k.at, "schedule %s: on %s this becomes Go: %s", b.Name, strings.Join(k.on, " and "), k.why)
		if p.told[told.Error()] {
			continue
		}
		p.told[told.Error()] = true
		if err := p.note(told); err != nil {
			return err
		}
	}
	return nil
}

// A stub is one assembly function as Go sees it.
type stub struct {
	name string
	args []simd.Arg
}

// stem is the name of the form's files.
func (f asmForm) stem(b *built) string { return b.base + "_" + f.isa.String() + "_" + f.isa.Arch() }

var errSkipped = errors.New("its assembly, read back, is not shown to do what it should")

// asmForm writes one form of flat: the assembly of all regions that have one, and Go
// around them. It returns for each region why it has none; if none has, no form is written.
func (p *pkg) asmForm(b *built, flat *loopir.Kernel, f *asmForm, regions []*simd.Region) ([]error, error) {
	var text strings.Builder
	stubs := map[loopir.Stmt]stub{}
	lengths := map[loopir.Stmt]int{}
	why := make([]error, len(regions))
	for i, r := range regions {
		name := fmt.Sprintf("%sRegion%d", f.typ, i)
		if p.skip[name] {
			why[i] = errSkipped
			continue
		}
		prog, err := simd.Lower(r, f.isa)
		var s string
		if err == nil {
			s, err = prog.Emit(f.isa, name)
		}
		if err != nil {
			why[i] = err
			continue
		}
		if f.isa == simd.AVX512 && prog.Mixed() {
			f.cpu = mixedAVX512
		}
		first := r.Stmts()[0]
		stubs[first], lengths[first] = stub{name, prog.Args}, len(r.Stmts())
		text.WriteString("\n" + s)
	}
	if len(stubs) == 0 {
		return why, nil
	}
	var order []stub
	hook := func(list []loopir.Stmt, at int, place golang.Place) ([]jen.Code, int) {
		s, ok := stubs[list[at]]
		if !ok {
			return nil, 0
		}
		order = append(order, s)
		return s.call(place), lengths[list[at]]
	}
	rest := map[loopir.Stmt]bool{}
	for _, r := range regions {
		for _, s := range r.Stmts() {
			rest[s] = stubs[r.Stmts()[0]].name != ""
		}
	}
	if err := b.File.WriteOut(flat, func(s loopir.Stmt) bool { return rest[s] }); err != nil {
		return nil, err
	}
	code, err := golang.Func(flat, f.typ, facts(flat), hook)
	if err != nil {
		return nil, err
	}
	for _, s := range order {
		code = append(code, s.decl()...)
	}
	stem := f.stem(b)
	p.files[stem+".s"] = []byte(p.header(b.Variant) + "\n//go:build !purego\n\n#include \"go_asm.h\"\n#include \"textflag.h\"\n" + text.String())
	return why, p.goFile(stem+".go", "!purego", b.Variant, code)
}

// call fills the argument struct and calls the assembly.
func (s stub) call(place golang.Place) []jen.Code {
	fields := jen.Dict{}
	for _, a := range s.args {
		var v jen.Code
		switch a.Kind {
		case simd.Pointer:
			v = place.First(a.Array)
		case simd.Number:
			v = jen.Int64().Call(place.Index(a.Value))
		case simd.Scalar:
			if a.Value != nil {
				v = jen.Id(golang.Type(a.Type)).Call(place.Index(a.Value))
			} else {
				v = place.Scalar(a.Array)
			}
		}
		fields[jen.Id(a.Name)] = v
	}
	return []jen.Code{jen.Id(s.name).Call(jen.Op("&").Id(s.name + "Args").Values(fields))}
}

// decl declares the argument struct and the assembly function.
func (s stub) decl() []jen.Code {
	var fields []jen.Code
	for _, a := range s.args {
		t := jen.Int64()
		switch a.Kind {
		case simd.Pointer:
			t = jen.Op("*").Id(golang.Type(a.Type))
		case simd.Scalar:
			t = jen.Id(golang.Type(a.Type))
		}
		fields = append(fields, jen.Id(a.Name).Add(t).Comment(a.Doc))
	}
	return []jen.Code{
		jen.Comment(s.name + "Args are the arguments of " + s.name + ".").Line().
			Type().Id(s.name + "Args").Struct(fields...).Line(),
		jen.Comment("//go:noescape").Line().Func().Id(s.name).Params(jen.Id("a").Op("*").Id(s.name + "Args")).Line(),
	}
}

// goFile renders declarations under a header and a build tag.
func (p *pkg) goFile(name, tag string, v Variant, code []jen.Code) error {
	f := jen.NewFile(p.Package)
	for _, line := range strings.Split(strings.TrimSpace(p.header(v)), "\n") {
		f.HeaderComment(line)
	}
	if tag != "" {
		f.HeaderComment("//go:build " + tag)
	}
	for _, c := range code {
		f.Add(c)
	}
	var b strings.Builder
	if err := f.Render(&b); err != nil {
		return fmt.Errorf("emitted %s does not parse: %w", name, err)
	}
	return p.text(name, b.String())
}

// platform writes the files that tell the dispatch which assembly forms there are on
// each processor that has some: its own, and that the others are not; none elsewhere
// and under the purego tag.
func (p *pkg) platform(all []*built) error {
	var have []string
	for _, arch := range archs {
		for _, b := range all {
			if slices.ContainsFunc(b.asm, func(f asmForm) bool { return f.isa.Arch() == arch }) {
				have = append(have, arch)
				break
			}
		}
	}
	for _, arch := range have {
		text := fmt.Sprintf("%s\n//go:build !purego\n\npackage %s\n\nimport (\n\t\"sync\"\n\n\t\"golang.org/x/sys/cpu\"\n)\n", p.header(Variant{}), p.Package)
		if err := p.text(p.base+"_"+arch+".go", text+p.platformForms(all, arch)); err != nil {
			return err
		}
	}
	if len(have) == 0 {
		return nil
	}
	tag := "!" + strings.Join(have, " && !")
	if len(have) > 1 {
		tag = "(" + tag + ")"
	}
	text := fmt.Sprintf("%s\n//go:build %s || purego\n\npackage %s\n", p.header(Variant{}), tag, p.Package)
	return p.text(p.base+"_noasm.go", text+p.platformForms(all, ""))
}

// platformForms declares all assembly forms as one processor has them.
func (p *pkg) platformForms(all []*built, arch string) string {
	var s strings.Builder
	for _, b := range all {
		for _, f := range b.asm {
			if f.isa.Arch() == arch {
				fmt.Fprintf(&s, "\nvar %s = %s\n", f.has, f.cpu)
				p.caller(&s, f.typ, b.flat)
				continue
			}
			fmt.Fprintf(&s, "\nconst %s = false\n", f.has)
			fmt.Fprintf(&s, "\nfunc call%s(int%s) { panic(\"no assembly on this platform\") }\n", camel(f.typ), types(b.flat))
		}
	}
	return s.String()
}

func types(k *loopir.Kernel) string {
	var b strings.Builder
	for _, q := range k.Params {
		b.WriteString(", " + golang.ParamType(q))
	}
	return b.String()
}
