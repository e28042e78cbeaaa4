package benchtable_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/internal/benchtable"
)

var update = flag.Bool("update", false, "rewrite the tables of bench/README.md and examples/06-plain/README.md and the pictures of docs/ from the raw text in bench/")

func parse(t *testing.T, name string) *benchtable.Table {
	t.Helper()
	f, err := os.Open(filepath.Join("../../bench", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := benchtable.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func ratios(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("../../bench", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := benchtable.Ratios(f)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestFigures wants the table and the picture of the documents to be what the raw text
// in bench/ amounts to.
func TestFigures(t *testing.T) {
	ours, peer := parse(t, "layers.txt"), parse(t, "onednn.txt")
	picture := benchtable.Chart("Convolutions of ResNet-50, minibatch 4: share of the processor's peak", []benchtable.Series{
		{Name: "naive Go", Colour: "#9aa4ae", Table: ours, Has: func(r benchtable.Row) bool { return r.Schedule == "naive" }},
		{Name: "loopopt", Colour: "#1a7f37", Table: ours, Has: func(r benchtable.Row) bool { return r.Impl != "go" }},
		{Name: "oneDNN", Colour: "#4a7fb5", Table: peer, Has: func(benchtable.Row) bool { return true }},
	})
	forms := parse(t, "forms.txt")
	form := func(name, colour, schedule string) benchtable.Series {
		return benchtable.Series{Name: name, Colour: colour, Table: forms, Has: func(r benchtable.Row) bool { return r.Schedule == schedule }}
	}
	pictures := map[string]string{
		"../../docs/conv.svg": picture,
		"../../docs/forms.svg": benchtable.Chart("LSTM by hidden units, minibatch 168: share of the processor's peak", []benchtable.Series{
			form("one product a step", "#9aa4ae", "one-gemm"),
			form("two large products", "#4a7fb5", "two-gemms"),
			form("tiles in registers", "#8bc79b", "registers"),
			form("blocks of batch-reduce GEMM", "#1a7f37", "blocked"),
		}),
	}
	sections := []struct{ page, name, table string }{
		{"../../bench/README.md", "bench conv", ours.Markdown()},
		{"../../bench/README.md", "bench onednn", peer.Markdown()},
		{"../../bench/README.md", "bench convolution", ratios(t, "conv.txt")},
		{"../../bench/README.md", "bench resnet", ratios(t, "resnet.txt")},
		{"../../bench/README.md", "bench auto", ratios(t, "auto.txt")},
		{"../../bench/README.md", "bench forms", ratios(t, "forms.txt")},
		{"../../bench/README.md", "bench functions", ratios(t, "functions.txt")},
		{"../../examples/06-plain/README.md", "bench plain", parse(t, "plain.txt").Markdown()},
	}
	if *update {
		for path, picture := range pictures {
			if err := os.WriteFile(path, []byte(picture), 0o644); err != nil { //nolint:gosec // a picture for all
				t.Fatal(err)
			}
		}
		for _, s := range sections {
			if err := benchtable.ReplaceSection(s.page, s.name, s.table); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, picture := range pictures {
		if got, err := os.ReadFile(path); err != nil || string(got) != picture {
			t.Errorf("%s is out of date; run this test with -update (%v)", path, err)
		}
	}
	for _, s := range sections {
		page, err := os.ReadFile(s.page)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "<!-- begin "+s.name+" -->\n"+s.table+"<!-- end "+s.name+" -->") {
			t.Errorf("%s: section %s is out of date; run this test with -update", s.page, s.name)
		}
	}
}
