package loopir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// step parses one schedule step.
func step(t *testing.T, text string) *Step {
	t.Helper()
	f, err := ParseSyntax("s", []byte("schedule s for any {\n"+text+"\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Schedules[0].Items[0]
}

func TestCursor(t *testing.T) {
	params := map[string]Expr{"V": NewInt(16)}
	c := NewCursor(step(t, "block k@S1, j by 2*V into kb, [k%V][n] A[i..i+V][0] N%V == 0 && V > 1"))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	name, err := c.Name()
	must(err)
	label, err := c.Label()
	must(err)
	must(c.Expect(","))
	names, err := c.Names()
	must(err)
	must(c.Expect("by"))
	v, err := c.Int(params)
	must(err)
	must(c.Expect("into"))
	kb, err := c.Name()
	must(err)
	if !c.Accept(",") || c.Accept(",") {
		t.Error("Accept takes what is there, no more")
	}
	index, err := c.Indices(params)
	must(err)
	w, err := c.Window(params)
	must(err)
	cond, err := c.Expr(params)
	must(err)
	must(c.Done())
	got := []string{
		name.Text, label.Text, names[0].Text, v.String(), kb.Text, FormatExpr(index[0]), FormatExpr(index[1]),
		FormatExpr(w), FormatExpr(cond), cond.TypeOf().String(), index[0].TypeOf().String(),
	}
	want := []string{"k", "S1", "j", "32", "kb", "k % 16", "n", "A[i..i+16][0]", "N%16 == 0 && 16 > 1", "bool", "index"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCursorErrors(t *testing.T) {
	for _, tc := range []struct {
		step string
		read func(*Cursor) error
		want string
	}{
		{"fuse", func(c *Cursor) error { _, err := c.Name(); return err }, "s:2:5: fuse: expected a name, found end of line"},
		{"fuse for", func(c *Cursor) error { _, err := c.Name(); return err }, "s:2:6: fuse: expected a name, found keyword for"},
		{"fuse i j", func(c *Cursor) error {
			if _, err := c.Names(); err != nil {
				return err
			}
			return c.Done()
		}, "s:2:8: fuse: expected end of line, found j"},
		{"block N+1", func(c *Cursor) error { _, err := c.Int(nil); return err }, "s:2:7: block: N + 1 is not a constant"},
		{"block (1", func(c *Cursor) error { return nil }, ""},
		{"block 1+", func(c *Cursor) error { _, err := c.Expr(nil); return err }, "s:2:9: block: expected an expression, found end of line"},
		{"layout A as", func(c *Cursor) error {
			if _, err := c.Cell(nil); err != nil {
				return err
			}
			if err := c.Expect("as"); err != nil {
				return err
			}
			_, err := c.Indices(nil)
			return err
		}, "s:2:12: layout: expected [, found end of line"},
	} {
		f, err := ParseSyntax("s", []byte("schedule s for any {\n"+tc.step+"\n}\n"))
		if tc.want == "" {
			if err == nil {
				t.Errorf("%s: accepted", tc.step)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.step, err)
			continue
		}
		if err := tc.read(NewCursor(f.Schedules[0].Items[0])); err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v, want %s", tc.step, err, tc.want)
		}
	}
}
