package lift

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

// TestRows edits parts of arrays: where they begin, how long they are, what is read of them, and when they are
// made. Go panics where a part or an element of it is none, so that no such form may be proved.
func TestRows(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const (
		blocks, blocksGo = "maxPoolPacked", "max_pool_packed.go"
		all, allGo       = "maxPoolRows", "max_pool_rows.go"
		rows, rowsGo     = "depthwiseRowsS1", "depthwise_rows_s1.go"
		several          = "conv2dPacked"
		severalGo        = "conv2d_packed.go"
		window           = "X_row3 := X[(((n*X_dim1+cb)*H+(oj*stride-pad+r))*W+(oi*stride-pad+s))*16+0:][:16]"
		update           = "max(Y_row2[c_], X_row3[c_])"
		guard            = "if max(pad-dilation*s, 0) < min(W+pad-dilation*s, Q) {"
	)
	edit := func(text, old, new string) string { return strings.Replace(text, old, new, 1) }
	for _, c := range []struct{ name, dir, typ, file, old, new, want string }{
		{"beyond-the-array", "pool", blocks, blocksGo, window, edit(window, ":16]", ":17]"), "slice/inside"},
		{"before-the-array", "pool", blocks, blocksGo, window, edit(window, "+0:", "+0-1:"), "slice/inside"},
		{"beyond-the-part", "pool", blocks, blocksGo, window, edit(window, ":16]", ":15]"), "slice/index"},
		{"before-the-part", "pool", blocks, blocksGo, update, edit(update, "X_row3[c_]", "X_row3[c_-1]"), "slice/index"},
		{"a-longer-loop", "pool", blocks, blocksGo, "c_ < 16; c_++ {\n\t\t\t\t\t\t\t\t" + "Y_row2", "c_ < 17; c_++ {\n\t\t\t\t\t\t\t\t" + "Y_row2", "slice/index"},
		{"another-element", "pool", blocks, blocksGo, update, edit(update, "X_row3[c_]", "X_row3[15-c_]"), ""},
		{"another-row", "pool", blocks, blocksGo, window, edit(window, "n*X_dim1+cb", "n*X_dim1+(X_dim1-1-cb)"), ""},
		{"of-another-array", "pool", blocks, blocksGo, window, edit(window, ":= X[", ":= Y["), ""},
		{"no-condition", "pool", blocks, blocksGo, "if stride*oj+r-pad >= 0 && ", "if ", "slice/inside"},
		{"three-numbers", "pool", blocks, blocksGo, window, edit(window, ":16]", ":16:16]"), "X[a:][:n]"},
		{"begins-twice", "pool", blocks, blocksGo, window, edit(window, "[:16]", "[0:16]"), "X[a:][:n]"},
		{"without-an-end", "pool", blocks, blocksGo, window, edit(window, "[:16]", ""), "X[a:][:n]"},
		{"ends-twice", "pool", blocks, blocksGo, window, edit(window, "+0:]", "+0:16]"), "X[a:][:n]"},
		{"of-a-part", "pool", blocks, blocksGo, window, window + "\n_ = X_row3\nX_row4 := X_row3[0:][:16]\n_ = X_row4", "known array"},
		{"takes-the-array's-name", "pool", blocks, blocksGo, window, "X := X[0:][:1]\n_ = X\n" + window, "known array"},
		{"all-of-another-extent", "pool", all, allGo, ":][:W]", ":][:H]", "slice/"},
		{"one-more-than-all", "pool", all, allGo, ":][:W]", ":][:W+1]", "slice/"},
		{"not-from-the-beginning", "pool", all, allGo, "*W+0:][:W]", "*W+1:][:W]", "slice/"},
		{"all-of-a-row-outside", "pool", all, allGo, "if stride*oj+r-pad < H {", "if stride*oj+r-pad <= H {", "slice/"},
		{"perhaps-empty", "depthwise", rows, rowsGo, guard, edit(guard, " < ", " <= "), "slice/not-empty"},
		{"another-guard", "depthwise", rows, rowsGo, guard, edit(guard, " < ", "+1 < "), ""},
		{"guards-more", "depthwise", rows, rowsGo, guard, guard + "\nY[0] = float32(0.0)\n", ""},
		{"several-rows-and-one", "conv2d", several, severalGo, ":][:128]", ":][:129]", "slice/inside"},
		{"an-element-twice", "conv2d", several, severalGo, "[k+16]", "[k]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, "../../kernels/"+c.dir)
			files := copyMap(p.text)
			text := string(files[c.file])
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			files[c.file] = []byte(edit(text, c.old, c.new))
			q, err := Read(p.Dir, files, p.Arch)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			told := ""
			for _, f := range q.Forms() {
				if f.Type == c.typ {
					told += refused(ctx, t, q, f, equiv.Options{Pool: pool})
				}
			}
			if told == "" || !strings.Contains(told, c.want) {
				t.Errorf("want %q:\n%s", c.want, told)
			}
		})
	}
}

// refused is why a form is not proved: it can't be read, or a duty stays open, or it is another program.
func refused(ctx context.Context, t *testing.T, p *Package, f Form, opts equiv.Options) string {
	t.Helper()
	_, target, err := p.target(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.read(f.Type, target)
	if err != nil {
		return err.Error()
	}
	told := ""
	for _, e := range prove(ctx, r.duties, opts) {
		told += e.Error() + "\n"
	}
	if told != "" {
		return told
	}
	res, err := p.Verify(ctx, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	if res.Outcome == equiv.Proved {
		t.Fatal("it is proved")
	}
	for _, e := range res.Failures {
		told += e.Error() + "\n"
	}
	return told
}
