package corpus

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

const root = "../../testdata/verify"

// cold gives each pair a prover that knows nothing.
func cold() (equiv.Options, func() error, error) {
	p, err := smt.NewPool(smt.Options{NoCache: true, Jobs: 1})
	if err != nil {
		return equiv.Options{}, nil, err
	}
	return equiv.Options{Pool: p}, p.Close, nil
}

// TestCorpus proves and refutes the pairs of testdata/verify, in a short run some of them.
func TestCorpus(t *testing.T) {
	pairs, err := ReadAll([]string{root}, ArchiveExt, ManifestExt)
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) == 0 {
		t.Fatal("no pairs")
	}
	if testing.Short() {
		pairs = Shard(pairs, 1, 10)
	}
	results := Run(context.Background(), pairs, Options{Jobs: runtime.GOMAXPROCS(0), Prover: cold})
	for i := range results {
		r := &results[i]
		if r.Err != nil {
			t.Errorf("%s: %v", r.Name, r.Err)
		} else if r.Standing() != Met {
			t.Errorf("%s: %v %v, expected %v\n%s", r.Name, r.Outcome, r.Verdict, r.Want, r.Reason())
		}
	}
	t.Log(Summarize(results))
}

// TestTwins wants a negative in every archive of classes, and in historic
// nothing else.
func TestTwins(t *testing.T) {
	for _, dir := range []string{"classes", "historic"} {
		files, err := Walk(filepath.Join(root, dir), ArchiveExt)
		if err != nil || len(files) == 0 {
			t.Fatal("no archives in", dir, err)
		}
		for _, path := range files {
			pairs, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			count := map[equiv.Outcome]int{}
			for _, p := range pairs {
				count[p.Want.Outcome]++
			}
			if count[equiv.Refuted] == 0 || (count[equiv.Proved] == 0) != (dir == "historic") {
				t.Errorf("%s has %d pairs to prove and %d to refute", path, count[equiv.Proved], count[equiv.Refuted])
			}
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a.loop", "kernel a(N: size) {}\n")
	for _, c := range []struct{ name, text, want string }{
		{"prose.txtar", "Some text: a b: c\n-- a.loop --\n-- b.loop --\n", ""},
		{"good.txtar", "Why.\na b: proved exact\nb a: refuted\n-- a.loop --\n-- b.loop --\n", ""},
		{"missing.txtar", "a c: proved\n-- a.loop --\n", "missing.txtar:1:1: the archive has no file c.loop"},
		{"verdict.txtar", "a a: proved exactly\n-- a.loop --\n", "verdict.txtar:1:1: expected `proved`"},
		{"good.pairs", "# why\n\na.loop a.loop: proved # yes\n", ""},
		{"syntax.pairs", "a.loop\n", "syntax.pairs:1:1: expected `A.loop B.loop: proved exact`"},
		{"missing.pairs", "a.loop b.loop: proved\n", "b.loop: no such file"},
	} {
		_, err := Read(write(c.name, c.text))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
