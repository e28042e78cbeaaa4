package gen

import (
	"fmt"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// facts are what the checks of the exported function make true of the sizes.
func facts(k *loopir.Kernel) poly.Facts { return poly.KernelFacts(k) }

// signature tells packed layouts apart: variants with equal signatures take the
// same arrays.
func signature(k *loopir.Kernel) string {
	var b strings.Builder
	for _, p := range k.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		b.WriteString(p.Name)
		for _, x := range p.Shape {
			b.WriteString("[" + loopir.FormatExpr(x) + "]")
		}
		if p.Layout != nil {
			for _, x := range p.Layout.Index {
				b.WriteString("{" + loopir.FormatExpr(x) + "}")
			}
		}
	}
	return b.String()
}

// api writes the exported functions: one for each signature, named for the
// kernel and, beyond the logical layout's, for the first schedule that has it.
func (p *pkg) api(all, packers []*built) error {
	groups := map[string][]*built{}
	var order []string
	for _, b := range all {
		s := signature(b.flat)
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], b)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.header(Variant{}))
	fmt.Fprintf(&b, "// Package %s is kernel %s of %s.\npackage %s\n", p.Package, p.Kernel.Kernel.Name, p.Source, p.Package)
	b.WriteString("\nimport (\n\t\"sync\"\n)\n")
	for i, s := range order {
		g := groups[s]
		name := p.name
		if i > 0 {
			name = p.exportedName(name + camel(g[0].Name))
		}
		g[0].fn = name
		if i == 0 { // the naive kernel comes last
			g = append(g[1:len(g):len(g)], g[0])
		}
		if err := p.exported(&b, name, g); err != nil {
			return err
		}
	}
	for _, h := range packers {
		h.fn = p.exportedName(camel(h.Name))
		if err := p.exported(&b, h.fn, []*built{h}); err != nil {
			return err
		}
	}
	if err := p.text(p.base+".go", b.String()); err != nil {
		return err
	}
	return p.platform(all)
}

// exported writes one checked function over the variants of a group: assembly first,
// where the processor has it.
func (p *pkg) exported(b *strings.Builder, name string, group []*built) error {
	k := group[0].flat
	cases, err := dispatch(group)
	if err != nil {
		return err
	}
	p.doc(b, name, group)
	fmt.Fprintf(b, "func %s(threads int%s) error {\n", name, params(k))
	checks, err := p.checks(k, name, group)
	if err != nil {
		return err
	}
	b.WriteString(checks)
	b.WriteString("\tswitch {\n")
	for _, c := range cases {
		fmt.Fprintf(b, "\t%s:\n", c.label())
		if c.typ == "" {
			fmt.Fprintf(b, "\t\treturn shapeError(`%%s`, %q)\n", name+": no schedule of this layout admits these sizes: "+wants(group))
			continue
		}
		fmt.Fprintf(b, "\t\tcall%s(threads%s)\n", camel(c.typ), args(k))
	}
	b.WriteString("\t}\n\treturn nil\n}\n")
	if len(p.Variants) > 0 && !helper(group) {
		if err := p.which(b, name, k, group, cases); err != nil {
			return err
		}
	}
	for _, v := range group {
		p.caller(b, v.typ, k)
	}
	return nil
}

// A choice is one case of a dispatch.
type choice struct {
	cond string // "" is the rest
	typ  string // of the form that runs, "" where none admits the sizes
	says string // which schedule, and in what
}

func (c choice) label() string {
	if c.cond == "" {
		return "default"
	}
	return "case " + c.cond
}

// dispatch lists the cases of a group in the order in which they are tried; the last one
// is the rest.
func dispatch(group []*built) ([]choice, error) {
	var out []choice
	conds := make([]string, len(group))
	for i, v := range group {
		var err error
		if conds[i], err = conjunction(v); err != nil {
			return nil, err
		}
		for _, f := range v.asm {
			c := f.has
			if conds[i] != "" {
				c += " && " + conds[i]
			}
			out = append(out, choice{c, f.typ, v.Name + " in assembly for " + f.isa.String()})
		}
	}
	for i, v := range group {
		if conds[i] == "" { // the first form that takes all sizes everywhere
			return append(out, choice{"", v.typ, v.Name + " in Go"}), nil
		}
		if len(v.asm) == 0 || portable(group, v) {
			out = append(out, choice{conds[i], v.typ, v.Name + " in Go"})
		}
	}
	return append(out, choice{}), nil
}

// portable tells whether v is the first of its group with its assumptions, so
// that its Go form stands for all of them where the CPU lacks the instructions.
func portable(group []*built, v *built) bool {
	for _, w := range group {
		if w == v {
			return true
		}
		if assumptions(w) == assumptions(v) {
			return false
		}
	}
	return true
}

func assumptions(v *built) string {
	var s []string
	for _, a := range v.Assume {
		s = append(s, loopir.FormatExpr(a))
	}
	return strings.Join(s, ", ")
}

func wants(group []*built) string {
	var s []string
	for _, v := range group {
		s = append(s, v.Name+" needs "+assumptions(v))
	}
	return strings.Join(s, "; ")
}

func conjunction(v *built) (string, error) {
	var s []string
	for _, a := range v.Assume {
		c, err := golang.Cond(v.flat, a, facts(v.flat))
		if err != nil {
			return "", err
		}
		if strings.Contains(c, "&over") {
			c = "func() bool { over := false; ok := " + c + "; return ok && !over }()"
		} else if or, ok := a.(*loopir.Binary); ok && or.Op == loopir.Or {
			c = "(" + c + ")" // others may hold beside it
		}
		s = append(s, c)
	}
	return strings.Join(s, " && "), nil
}

func params(k *loopir.Kernel) string {
	var b strings.Builder
	for _, p := range k.Params {
		fmt.Fprintf(&b, ", %s %s", golang.Name(p.Name), golang.ParamType(p))
	}
	return b.String()
}

func args(k *loopir.Kernel) string {
	var b strings.Builder
	for _, p := range k.Params {
		b.WriteString(", " + golang.Name(p.Name))
	}
	return b.String()
}

// sizeChecks are the tests of the sizes: each one's range, the kernel's own where, and the
// room that arrays take which some form makes.
func (p *pkg) sizeChecks(k *loopir.Kernel, name string, group []*built) (string, error) {
	var b strings.Builder
	for _, q := range k.Params {
		if q.Kind == loopir.SizeParam {
			fmt.Fprintf(&b, "\tif err := checkSize(%q, %q, %s); err != nil {\n\t\treturn err\n\t}\n", name, q.Name, golang.Name(q.Name))
		}
	}
	for _, w := range p.Kernel.Kernel.Where {
		c, err := golang.Cond(k, w, poly.Facts{})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\tif !(%s) {\n\t\treturn shapeError(`%%s`, %q)\n\t}\n", c, name+": the kernel needs "+loopir.FormatExpr(w))
	}
	told := map[string]bool{}
	for _, v := range group {
		for _, l := range loopir.SizedLocals(v.flat) {
			room := ""
			for _, x := range l.Shape {
				c, err := golang.Index(v.flat, x, poly.Facts{})
				if err != nil {
					return "", err
				}
				room += ", " + c
			}
			if !told[room] {
				told[room] = true
				fmt.Fprintf(&b, "\tif err := checkRoom(%q, %q%s); err != nil {\n\t\treturn err\n\t}\n", name, l.Name, room)
			}
		}
	}
	return b.String(), nil
}

// checks are the tests of sizes, lengths and overlap.
func (p *pkg) checks(k *loopir.Kernel, name string, group []*built) (string, error) {
	var b strings.Builder
	sizes, err := p.sizeChecks(k, name, group)
	if err != nil {
		return "", err
	}
	b.WriteString(sizes)
	ret := "; err != nil {\n\t\treturn err\n\t}\n"
	var arrays []*loopir.Param
	for _, q := range k.Params {
		if q.Kind != loopir.ArrayParam {
			continue
		}
		arrays = append(arrays, q)
		fmt.Fprintf(&b, "\tif err := checkLen(%q, %q, len(%s)", name, q.Name, golang.Name(q.Name))
		for _, x := range q.Shape {
			c, err := golang.Index(k, x, poly.Facts{})
			if err != nil {
				return "", err
			}
			b.WriteString(", " + c)
		}
		b.WriteString(")" + ret)
	}
	for i, q := range arrays {
		for _, r := range arrays[:i] {
			if q.Dir == loopir.In && r.Dir == loopir.In {
				continue
			}
			fmt.Fprintf(&b, "\tif overlap(%s, %s) {\n\t\treturn shapeError(`%%s`, %q)\n\t}\n", golang.Name(r.Name), golang.Name(q.Name),
				fmt.Sprintf("%s: %s and %s share memory", name, r.Name, q.Name))
		}
	}
	if !strings.Contains(b.String(), "&over") {
		return b.String(), nil
	}
	fmt.Fprintf(&b, "\tif over {\n\t\treturn shapeError(`%%s`, %q)\n\t}\n", name+": the extents that these sizes give do not fit in an int")
	return "\tvar over bool\n" + b.String(), nil
}

// caller writes the pooled call of one form: no allocation in steady state.
func (p *pkg) caller(b *strings.Builder, typ string, k *loopir.Kernel) {
	fmt.Fprintf(b, "\nvar %sCalls = sync.Pool{New: func() any { return new(%s) }}\n", typ, typ)
	fmt.Fprintf(b, "\nfunc call%s(threads int%s) {\n\tc := %sCalls.Get().(*%s)\n", camel(typ), params(k), typ, typ)
	b.WriteString("\tc.threads = threads\n")
	for _, q := range k.Params {
		fmt.Fprintf(b, "\tc.%s = %s\n", golang.Name(q.Name), golang.Name(q.Name))
	}
	b.WriteString("\tc.run()\n")
	for _, q := range k.Params {
		if q.Kind == loopir.ArrayParam {
			fmt.Fprintf(b, "\tc.%s = nil\n", golang.Name(q.Name))
		}
	}
	fmt.Fprintf(b, "\t%sCalls.Put(c)\n}\n", typ)
}
