package loopir

import (
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var equalSpans = []cmp.Option{
	cmpopts.IgnoreTypes(Span{}),
	cmpopts.IgnoreFields(File{}, "Comments", "Name"),
	cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
}

func mustParse(t testing.TB, name string, src []byte) *File {
	t.Helper()
	f, err := Parse(name, src)
	if err != nil {
		t.Fatalf("%s", Render(err, map[string][]byte{name: src}))
	}
	return f
}

func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.loop")
	if err != nil || len(names) < 2 {
		t.Fatalf("no .loop files: %v", err)
	}
	out := map[string][]byte{}
	for _, n := range names {
		src, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = src
	}
	return out
}

// conv.loop is the file of the language's design, which was written by hand in
// the canonical form but for columns aligned in its schedule.
func TestFormatGolden(t *testing.T) {
	for name, src := range corpus(t) {
		f, err := ParseSyntax(name, src)
		if err != nil {
			t.Fatal(err)
		}
		got := Format(f)
		golden := name + ".golden"
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for name, src := range corpus(t) {
		f := mustParse(t, name, src)
		checkFormat(t, f)
		checkKernels(t, f)
	}
}

// checkFormat verifies parse(format(f)) = f, that comments survive in order,
// and that formatting again changes nothing.
func checkFormat(t *testing.T, f *File) {
	t.Helper()
	text := Format(f)
	again, err := ParseSyntax(f.Name, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(comments(f), comments(again)); d != "" {
		t.Errorf("comments differ: %s\n%s", d, text)
	}
	if d := cmp.Diff(string(text), string(Format(again))); d != "" {
		t.Errorf("formatting is not idempotent (-first +second):\n%s", d)
	}
	if f.Check() != nil {
		return
	}
	if err := again.Check(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(f, again, equalSpans...); d != "" {
		t.Errorf("parse(format(f)) differs: %s\n%s", d, text)
	}
}

func comments(f *File) []string {
	var out []string
	for _, c := range f.Comments {
		if c.Text != "" {
			out = append(out, c.Text)
		}
	}
	return out
}

// checkKernels verifies parse(FormatKernel(k)) = k for checked kernels, and
// that a kernel without spans checks as well.
func checkKernels(t *testing.T, f *File) {
	t.Helper()
	if len(f.Kernels) == 0 {
		return
	}
	var text string
	for _, k := range f.Kernels {
		text += FormatKernel(k) + "\n"
	}
	again := &File{Funcs: f.Funcs}
	got, err := ParseSyntax("again", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again.Kernels = got.Kernels
	if err := again.Check(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := cmp.Diff(f.Kernels, again.Kernels, equalSpans...); d != "" {
		t.Errorf("parse(FormatKernel(k)) differs: %s\n%s", d, text)
	}
	for _, k := range f.Kernels {
		c := k.Clone()
		if err := f.CheckKernel(c); err != nil {
			t.Errorf("checked again: %v", err)
		}
		if d := cmp.Diff(k, c, equalSpans...); d != "" {
			t.Errorf("checking again changed the kernel: %s", d)
		}
	}
}
