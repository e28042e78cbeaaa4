package explain

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

func report(t *testing.T, before, after Program) *Report {
	t.Helper()
	b, err := loopir.Parse(before.Name, before.Text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := loopir.Parse(after.Name, after.Text)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := pipeline.Pairs(b, a)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pairs[0].Prove(context.Background(), equiv.Options{Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	return New(before, after, "k", c)
}

var (
	naive = Program{"a<b>.loop", []byte("kernel k(N: size, inout A: f32[N+1]) {\n  for i in 0..N { A[i+1] = A[i] * 0.5 }\n}\n")}
	local = Program{"local.loop", []byte("kernel k(N: size, inout A: f32[N+1]) {\n  for i in 0..N {\n    var t: f32 = A[i]\n    A[i+1] = t * 0.5\n  }\n}\n")}
	wrong = Program{"wrong.loop", []byte("kernel k(N: size, inout A: f32[N+1]) {\n  for i in 0..N { A[i+1] = A[i+1] * 0.5 }\n}\n")}
)

func TestText(t *testing.T) {
	r := report(t, naive, local)
	text := r.Text()
	for _, want := range []string{
		"4: A[i+1] = t * 0.5\n    writes what was written by 2: A[i+1] = A[i] * 0.5\n    at i = i\n",
		"before: A[i] in 2: A[i+1] = A[i] * 0.5\n    2: A[i+1] = A[i] * 0.5 at i = i - 1\n      when 0 <= i-1\n    the initial content of A\n",
		"after: t in 4: A[i+1] = t * 0.5\n    3: t = A[i] at i = i\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if again := report(t, naive, local).Text(); strip(again) != strip(text) {
		t.Errorf("a second explanation differs:\n%s\n%s", text, again)
	}
}

// strip leaves the obligations out, whose order is by time.
func strip(s string) string {
	s, _, _ = strings.Cut(s, "obligations, slowest first")
	return s
}

func TestHTML(t *testing.T) {
	for _, after := range []Program{local, wrong, naive} {
		r := report(t, naive, after)
		page, err := r.HTML(naive, after)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(page, []byte("a<b>")) || bytes.Contains(page, []byte("ZgotmplZ")) {
			t.Error("something is not escaped")
		}
		_, svg, _ := bytes.Cut(page, []byte("<svg"))
		svg, _, ok := bytes.Cut(svg, []byte("</svg>"))
		if !ok {
			t.Fatal("no drawing")
		}
		d := xml.NewDecoder(bytes.NewReader([]byte("<svg" + string(svg) + "</svg>")))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal("the drawing is not well formed:", err)
			}
		}
		if (r.Counterexample != nil) != bytes.Contains(page, []byte(`class="counter"`)) {
			t.Error("the counterexample is not shown, or shown without there being one")
		}
	}
}

// TestExchanged shows a proof that went from the second program to the first.
func TestExchanged(t *testing.T) {
	ar, err := txtar.ParseFile("../../testdata/verify/polybench/nussinov.txtar")
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]Program{}
	for _, f := range ar.Files {
		programs[f.Name] = Program{f.Name, f.Data}
	}
	text := report(t, programs["original.loop"], programs["diagonals.loop"]).Text()
	want := "  6: table[i][i+d] max= table[i][i+d-1]\n    adds what was added by 8: table[N-1-i2][j] = max(table[N-1-i2][j], table[N-1-i2][j-1])\n" +
		"    its own iterators, by those before: d = i2 - N + j + 1, i = N - i2 - 1\n"
	if !strings.Contains(text, want) || !strings.Contains(text, "  before: table[N-1-i2][j-1] in 8: ") {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// TestPolynomials shows proofs by the laws of arithmetic: over the inputs, and of an update in
// place by what is matched on the way.
func TestPolynomials(t *testing.T) {
	for file, c := range map[string]struct{ before, after, want string }{
		"arithmetic-strassen": {"original.loop", "cells.loop", "statements\n  the outputs are the same polynomials over the inputs\nsources"},
		"recurrence-algebra-lu": {
			"original.loop", "dot.loop",
			"statements\n  values are compared as polynomials, over inputs and values that are matched here\n" +
				"  6: A[i][j] = (A[i][j] - s) / A[j][j]\n    writes what was written by 5: A[i][j] = A[i][j] / A[j][j]\n    at i = i, j = j\n" +
				"  9: s!2 += A[i][k] * A[k][j]\n    finds in A[k][j] what is found there by 7: A[i][j] -= A[i][k] * A[k][j]\n    at i = i, j = j, k = k\nsources",
		},
	} {
		ar, err := txtar.ParseFile("../../testdata/verify/classes/" + file + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		programs := map[string]Program{}
		for _, f := range ar.Files {
			programs[f.Name] = Program{f.Name, f.Data}
		}
		if text := report(t, programs[c.before], programs[c.after]).Text(); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in\n%s", file, c.want, text)
		}
	}
}
