package transform

import (
	"fmt"
	"slices"
	"strings"
)

// A Page is the manual of one verb of the schedule language.
type Page struct{ Name, Syntax, Doc string }

// language are the steps that rewrite nothing: they say what a schedule is for.
var language = []Page{
	{"assume", "assume cond {, cond}", `Restricts the schedule to sizes for which the conditions hold. The steps after it
may rely on them, and so does the proof: what is generated is used for such sizes
only, and the naive kernel for others. What is known already is left out, with a note.

	assume N % 16 == 0, M >= 4`},
	{"param", "param P = value [in {value, ...}]", `Names a number of the schedule that can be set from outside: transform --param P=8.
Each value is proved anew; loopopt tune finds the fastest.

	param V = 16 in {8, 16}
	block i by V into lo, l tail guard

A value that is no number is a name, and P stands for it in later steps, as that of the
reusable schedule whose steps are to be taken, or of a loop:

	schedule rows(V: int) for any { block i by V into io, i }
	schedule columns(V: int) for any { block j by V into jo, j }

	param TILE = rows in {rows, columns}
	use TILE(16)`},
	{"target", "target NAME [strict]", `Says for which machine the schedule is: its generated form runs where the
processor has what the target needs. A part of the kernel that has no assembly form
becomes Go, and gen says so in a line; strict makes that an error. A schedule without a
target is for all of them; where some lack a form that others have, gen names them.

	target avx512 strict`},
	{"use", "use SCHEDULE(argument {, argument})", `Runs the steps of a reusable schedule ("schedule ... for any") with numbers and loop
names in place of its parameters.

	schedule lanes(V: int, l: loop) for any { block l by V into lo, l tail guard }
	use lanes(16, j)`},
}

// Manual has a page for every verb, sorted by name.
func Manual() []Page {
	out := slices.Clone(language)
	for _, p := range Primitives {
		out = append(out, Page{p.Name, p.Syntax, p.Doc})
	}
	slices.SortFunc(out, func(a, b Page) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Markdown is the manual as one page.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# Steps of schedules\n\nPrinted by the tests of package transform; `loopopt primitives NAME` tells the same.\n" +
		"\nA step that finds nothing to do, such as `unswitch` of a loop without an if, leaves the kernel as it is, with a note;\n" +
		"names that there are not, and what would not be legal, are errors.\n")
	for _, p := range Manual() {
		fmt.Fprintf(&b, "\n## %s\n\n    %s\n\n%s\n", p.Name, p.Syntax, strings.TrimSpace(p.Doc))
	}
	return b.String()
}
