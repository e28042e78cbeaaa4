package loopir

import (
	"go/doc/comment"
	goparser "go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// packageDoc gives the code blocks of doc.go.
func packageDoc(t *testing.T) []string {
	t.Helper()
	file, err := goparser.ParseFile(token.NewFileSet(), "doc.go", nil, goparser.ParseComments|goparser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	var p comment.Parser
	for _, b := range p.Parse(file.Doc.Text()).Content {
		if c, ok := b.(*comment.Code); ok {
			blocks = append(blocks, c.Text)
		}
	}
	return blocks
}

// Every kernel and schedule that the documentation shows is accepted, and
// written as the formatter writes it but for short loops on one line.
func TestDocExamples(t *testing.T) {
	n := 0
	for _, b := range packageDoc(t) {
		if !strings.Contains(b, "kernel ") || strings.Contains(b, "block     =") {
			continue
		}
		n++
		f := mustParse(t, "doc", []byte(b))
		checkFormat(t, f)
		checkKernels(t, f)
	}
	if n < 7 {
		t.Errorf("only %d examples found", n)
	}
}

// The grammar in the documentation defines every name that it uses.
func TestDocGrammar(t *testing.T) {
	for _, b := range packageDoc(t) {
		if !strings.Contains(b, "block     =") {
			continue
		}
		defined := map[string]bool{
			"name": true, "label": true, "number": true, "function": true, "binary": true,
			"token": true, "verb": true, "kind": true, "NL": true,
		}
		for _, m := range regexp.MustCompile(`(?m)^(\w+)\s+=`).FindAllStringSubmatch(b, -1) {
			defined[m[1]] = true
		}
		words := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(b, "")
		for _, w := range regexp.MustCompile(`[A-Za-z]+`).FindAllString(words, -1) {
			if !defined[w] {
				t.Errorf("%s is not defined", w)
			}
		}
		return
	}
	t.Error("no grammar found")
}
