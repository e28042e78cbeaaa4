package loopir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Render shows an error to a person: each *Error with its place, the source
// line and a caret underline, then its notes likewise. The sources are found in
// src by the file names of the spans; what is missing there is left out.
//
//	conv.loop:9:5: ij is already declared; names are not shadowed
//	    let ij = stride*oi
//	        ^~
//	conv.loop:8:5: note: ij is declared here, as an index
//	    let ij = stride*oj
//	        ^~
func Render(err error, src map[string][]byte) string {
	var b strings.Builder
	var list ErrorList
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &list):
		for _, e := range list {
			renderError(&b, e, src)
		}
	case errors.As(err, &one):
		renderError(&b, one, src)
	default:
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

func renderError(b *strings.Builder, e *Error, src map[string][]byte) {
	renderLine(b, e.Span, e.Msg, src)
	for _, n := range e.Notes {
		renderLine(b, n.Span, "note: "+n.Msg, src)
	}
}

func renderLine(b *strings.Builder, at Span, msg string, src map[string][]byte) {
	place := at.String()
	switch {
	case place != "":
		fmt.Fprintf(b, "%s: %s\n", place, msg)
	case strings.HasPrefix(msg, "note: "):
		fmt.Fprintf(b, "  %s\n", msg)
	default:
		fmt.Fprintf(b, "%s\n", msg)
	}
	if text, ok := src[at.File]; ok && at.Start.Line > 0 {
		renderSource(b, at, text)
	}
}

const maxShown = 120 // bytes of a source line around the place

// renderSource prints the line of at and underlines what at covers of it.
func renderSource(b *strings.Builder, at Span, text []byte) {
	line, ok := text, true
	for n := 1; n < at.Start.Line && ok; n++ { // by number: places in assembly have no offset
		_, line, ok = bytes.Cut(line, []byte("\n"))
	}
	if !ok || at.Start.Col < 1 {
		return
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	line = bytes.TrimRight(line, "\r")
	from, to := at.Start.Col-1, len(line)
	if at.End.Line == at.Start.Line && at.End.Col-1 < to {
		to = at.End.Col - 1
	}
	if from > len(line) {
		from = len(line)
	}
	left := 0
	if len(line) > maxShown {
		left = max(0, from-maxShown/3)
		line = line[left:min(len(line), left+maxShown)]
		to = min(to, left+len(line))
	}
	fmt.Fprintf(b, "    %s\n    ", strings.ToValidUTF8(string(line), "?"))
	for _, c := range string(line[:from-left]) {
		if c == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteByte('^')
	if n := utf8.RuneCount(line[from-left : max(from, to)-left]); n > 1 {
		b.WriteString(strings.Repeat("~", n-1))
	}
	b.WriteByte('\n')
}
