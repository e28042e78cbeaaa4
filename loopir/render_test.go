package loopir

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRender(t *testing.T) {
	long := strings.Repeat("x", 200) + " here " + strings.Repeat("y", 200)
	src := map[string][]byte{"a.loop": []byte("one\r\n\ttwo € three\n" + long)}
	at := func(line, col, offset, width int) Span {
		return Span{"a.loop", Pos{line, col, offset}, Pos{line, col + width, offset + width}}
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"none", nil, ""},
		{"foreign error", errors.New("disk full"), "disk full\n"},
		{"tab and wide rune", Errorf(at(2, 6, 10, 3), "bad"), "a.loop:2:6: bad\n    \ttwo € three\n    \t    ^\n"},
		{"carriage return", Errorf(at(1, 1, 0, 9), "bad"), "a.loop:1:1: bad\n    one\n    ^~~\n"},
		{
			"notes", Rejectf(at(1, 2, 1, 2), "bad").Note(at(1, 1, 0, 1), "because").Note(Span{}, "so"),
			"a.loop:1:2: bad\n    one\n     ^~\na.loop:1:1: note: because\n    one\n    ^\n  note: so\n",
		},
		{"no place", Errorf(Span{}, "bad"), "bad\n"},
		{"no source", Errorf(Span{"b.loop", Pos{1, 1, 0}, Pos{1, 2, 1}}, "bad"), "b.loop:1:1: bad\n"},
		{"place outside the source", Errorf(at(9, 1, 9999, 1), "bad"), "a.loop:9:1: bad\n"},
		{"wrapped list", fmt.Errorf("while: %w", ErrorList{Errorf(Span{}, "bad"), Errorf(Span{}, "worse")}), "bad\nworse\n"},
		{
			"long line", Errorf(at(3, 202, 221, 4), "bad"),
			"a.loop:3:202: bad\n    " + strings.Repeat("x", 39) + " here " + strings.Repeat("y", 75) +
				"\n    " + strings.Repeat(" ", 40) + "^~~~\n",
		},
	}
	for _, tc := range tests {
		if d := cmp.Diff(tc.want, Render(tc.err, src)); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

func TestFormatStmt(t *testing.T) {
	loop := &For{Iter: "i", Lo: NewInt(0), Hi: NewVar("N"), Par: Parallel, Body: []Stmt{
		&For{Iter: "j", Lo: NewInt(-1), Hi: NewInt(4), Unroll: true, Body: []Stmt{
			&Assign{Op: MaxTo, LHS: &Read{Name: "s"}, RHS: &Read{Name: "A", Index: []Expr{Bin(Mul, Bin(Add, NewVar("i"), NewInt(-1)), NewInt(2))}}},
		}},
	}}
	const want = "for i in 0..N parallel, j in -1..4 unroll {\n  s max= A[(i+(-1))*2]\n}\n"
	if d := cmp.Diff(want, FormatStmt(loop)); d != "" {
		t.Error(d)
	}
}

// A place that knows its line alone, as one in assembly, is shown with that line.
func TestRenderByLine(t *testing.T) {
	src := map[string][]byte{"f.s": []byte("first\n\tVMULPS Y0, Y1, Y2\nlast\n")}
	at := Span{File: "f.s", Start: Pos{Line: 2, Col: 1}}
	want := "f.s:2:1: wrong\n    \tVMULPS Y0, Y1, Y2\n    ^" + strings.Repeat("~", 17) + "\n"
	if got := Render(Errorf(at, "wrong"), src); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
