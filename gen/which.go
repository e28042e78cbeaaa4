package gen

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/loopopt/loopopt/gen/golang"
	"github.com/loopopt/loopopt/loopir"
)

// which writes the function that tells which form runs.
func (p *pkg) which(b *strings.Builder, name string, k *loopir.Kernel, group []*built, cases []choice) error {
	fmt.Fprintf(b, "\n// Which%s tells which schedule %s runs on these sizes, and whether in assembly or in\n"+
		"// Go: \"%s\", say. It is \"\" where %s gives an error whatever the arrays are.\n", name, name, cases[0].says, name)
	fmt.Fprintf(b, "func Which%s(%s) string {\n", name, strings.TrimPrefix(sizeParams(k), ", "))
	checks, err := p.sizeChecks(k, name, group)
	if err != nil {
		return err
	}
	checks = returned.ReplaceAllString(checks, "return \"\"")
	if strings.Contains(checks, "&over") {
		checks = "\tvar over bool\n" + checks + "\tif over {\n\t\treturn \"\"\n\t}\n"
	}
	b.WriteString(checks)
	if cases[0].cond == "" {
		fmt.Fprintf(b, "\treturn %q\n}\n", cases[0].says)
		return nil
	}
	b.WriteString("\tswitch {\n")
	for _, c := range cases {
		fmt.Fprintf(b, "\t%s:\n\t\treturn %q\n", c.label(), c.says)
	}
	b.WriteString("\t}\n}\n")
	return nil
}

// returned is how checks end a function that returns an error.
var returned = regexp.MustCompile("return (err|shapeError\\(`%s`, .*\\))(?m:$)")

func sizeParams(k *loopir.Kernel) string {
	var b strings.Builder
	for _, p := range k.Params {
		if p.Kind == loopir.SizeParam {
			fmt.Fprintf(&b, ", %s int", golang.Name(p.Name))
		}
	}
	return b.String()
}

// helper tells a group of layout helpers.
func helper(group []*built) bool {
	return group[0].Name == group[0].Kernel.Name && group[0].Target == "go"
}

// doc tells what the function computes, the layouts, the schedules and the errors.
func (p *pkg) doc(b *strings.Builder, name string, group []*built) {
	k := group[0].flat
	fmt.Fprintf(b, "\n// %s runs kernel %s.\n", name, k.Name)
	if lines := Doc(p.File, p.Kernel.Kernel); len(lines) > 0 && !helper(group) {
		b.WriteString("//\n")
		for _, l := range lines {
			fmt.Fprintf(b, "// %s\n", l)
		}
	}
	b.WriteString("//\n// Arrays are row-major:\n//\n")
	for _, q := range k.Params {
		if q.Kind == loopir.ArrayParam {
			fmt.Fprintf(b, "//\t%s\n", loopir.FormatParam(q))
		}
	}
	if len(p.Variants) > 0 && !helper(group) {
		fmt.Fprintf(b, "//\n// It runs the first of these schedules whose instructions the processor has and whose\n"+
			"// assumptions hold; Which%s tells which one that is:\n//\n", name)
		for _, v := range group {
			says := v.Name
			if s := assumptions(v); s != "" {
				says += " if " + s
			}
			if v.Name == "naive" {
				says += ": the loops as they are written, slow"
			}
			fmt.Fprintf(b, "//\t%s\n", says)
		}
	}
	b.WriteString("//\n// At most threads goroutines work on it; 0 means GOMAXPROCS. It is a *ShapeError when\n" +
		"// a size is negative or too large, an array too short, or an output overlaps\n" +
		"// another array; nothing is written then.\n")
}

// Doc is the comment that stands above a kernel in its file, without slashes.
func Doc(f *loopir.File, k *loopir.Kernel) []string {
	var out []string
	for line := k.Span.Start.Line - 1; line > 0; line-- {
		text := ""
		for _, c := range f.Comments {
			if c.Span.Start.Line == line && c.Span.Start.Col == 1 {
				text = c.Text
			}
		}
		if text == "" {
			break
		}
		out = append([]string{strings.TrimSpace(strings.TrimPrefix(text, "//"))}, out...)
	}
	return out
}
