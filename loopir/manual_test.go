package loopir

import (
	"fmt"
	"go/doc/comment"
	goparser "go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestLanguageReference wants docs/language.md to be the package documentation, the tables
// of the parser and the checker, and what the checker says of programs that break each rule.
func TestLanguageReference(t *testing.T) {
	file, err := goparser.ParseFile(token.NewFileSet(), "doc.go", nil, goparser.ParseComments|goparser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	var parser comment.Parser
	doc := parser.Parse(file.Doc.Text())
	doc.Content = doc.Content[1:] // about the Go package
	printer := comment.Printer{HeadingLevel: 2, HeadingID: func(*comment.Heading) string { return "" }, DocLinkURL: func(*comment.DocLink) string { return "" }}
	want := "# The language of .loop files\n\n" +
		"Printed by the tests of package loopir from its documentation, its tables and its error messages.\n" +
		"Steps of schedules are in [primitives.md](primitives.md).\n\n" +
		string(printer.Markdown(doc)) + tables() + refusals(t)
	const page = "../docs/language.md"
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil { //nolint:gosec // a page for all
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%s is out of date; run this test with -update (%v)", page, err)
	}
}

// tables lists what the parser and the checker know by name.
func tables() string {
	var b strings.Builder
	b.WriteString("\n## Tables\n\nTypes of values:\n\n| type | kind | bits |\n|---|---|---|\n")
	for t := F64; t.IsValue(); t++ {
		kind := "integer, wraps"
		if t.IsFloat() {
			kind = "floating point"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %d |\n", t, kind, t.Bits())
	}
	b.WriteString("\nBinary operators, loosest first:\n\n| precedence | operators |\n|---|---|\n")
	byPrec := map[int][]string{}
	for text, o := range binaryOps {
		byPrec[o.prec] = append(byPrec[o.prec], "`"+strings.ReplaceAll(text, "|", `\|`)+"`")
	}
	for _, p := range slices.Sorted(maps.Keys(byPrec)) {
		slices.Sort(byPrec[p])
		fmt.Fprintf(&b, "| %d | %s |\n", p, strings.Join(byPrec[p], " "))
	}
	fmt.Fprintf(&b, "\nAssignments: `%s`. Places of locals: `%s`. Marks of loops: `%s`, `unroll`.\n", strings.Join(assignNames[:], "` `"),
		strings.Join(memNames[1:], "` `"), strings.Join(parNames[1:], "`, `"))
	b.WriteString("\nBuilt-in functions:\n\n| function | arguments | of |\n|---|---|---|\n")
	for _, f := range Functions {
		more := ""
		if f.Variadic {
			more = " or more"
		}
		fmt.Fprintf(&b, "| `%s` | %d%s | %s |\n", f.Name, f.Args, more, f.Takes)
	}
	fmt.Fprintf(&b, "\nWords that are no names: `%s`.\n", strings.Join(slices.Sorted(maps.Keys(reserved)), "` `"))
	return b.String()
}

// refusals shows programs that break rules, and the errors.
func refusals(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n## What is refused\n\nPrograms that break rules, with what is said of each line: also how to put it right.\n")
	for _, name := range []string{"names", "types", "calls", "syntax"} {
		ar, err := txtar.ParseFile("testdata/errors/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n### %s\n\n```\n%s```\n", strings.ToUpper(name[:1])+name[1:], ar.Files[1].Data)
	}
	return b.String()
}
