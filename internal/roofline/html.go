package roofline

import (
	"bytes"
	_ "embed" // the template
	"html/template"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"whole": whole}).Parse(pageText))

// whole keeps numbers beside their percent signs.
func whole(s string) string { return strings.ReplaceAll(s, " %", "\u00a0%") }

// HTML is the report as one page that refers to nothing outside.
func (r *Report) HTML() ([]byte, error) {
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		*Report
		Picture template.HTML
		Header  []string
	}{r, template.HTML(r.SVG()), header}) //nolint:gosec // SVG escapes what it prints
	return out.Bytes(), err
}
