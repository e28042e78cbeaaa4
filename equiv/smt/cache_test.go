package smt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCacheSurvivesRuns(t *testing.T) {
	dir := t.TempDir()
	const n = 60
	for run, wantHits := range []int{0, n, n} {
		p := pool(t, Options{CacheDir: dir})
		checkNumbered(t, p.CheckAll(t.Context(), numbered(n)))
		if s := p.Stats(); s.CacheHits != wantHits || s.Queries != n {
			t.Errorf("run %d: %+v, want %d hits", run, s, wantHits)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCacheIgnoresCorruption(t *testing.T) {
	dir := t.TempDir()
	p := pool(t, Options{CacheDir: dir})
	checkNumbered(t, p.CheckAll(t.Context(), numbered(20)))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "smt-[^p]*.log"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	lines[3] = "garbage\n"
	lines[5] = strings.Replace(lines[5], " sat ", " unsat ", 1) // a lie, but for the checksum
	lines[7] = lines[7][:30]                                    // torn, and joined to the next
	lines = append(lines, strings.Repeat("x", 40))              // torn at the end
	if err := os.WriteFile(files[0], []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, wantHits := range []int{16, 20} {
		p := pool(t, Options{CacheDir: dir})
		checkNumbered(t, p.CheckAll(t.Context(), numbered(20)))
		if s := p.Stats(); s.CacheHits != wantHits {
			t.Errorf("%d hits, want %d", s.CacheHits, wantHits)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCacheForgedModelIsNotTrusted(t *testing.T) {
	p := pool(t, Options{CacheDir: t.TempDir()})
	g, _ := canonical(lower(refutable().formula()))
	pr := newProblem(g)
	p.main.cache.put(pr, p.main.cache.key(pr), result{status: Sat, model: Model{}})
	if a := p.Check(t.Context(), refutable()); a.Status != Sat || a.Cached {
		t.Errorf("%+v", a)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p := pool(t, Options{CacheDir: file})
	if a := p.Check(t.Context(), refutable()); a.Status != Sat {
		t.Errorf("%+v", a)
	}
}

func TestCacheHalves(t *testing.T) {
	c := newCache(t.TempDir(), "test 1")
	c.path = filepath.Join(t.TempDir(), "c.log")
	data := []byte("one\ntwo\nthree\nfour\n")
	if err := os.WriteFile(c.path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := string(c.halve(data)); got != "four\n" {
		t.Errorf("kept %q", got)
	}
	if got, _ := os.ReadFile(c.path); string(got) != "four\n" {
		t.Errorf("file has %q", got)
	}
}

// What took all steps is open for as many or fewer, not for more, and once decided it is
// decided whatever else the file says.
func TestCacheOfUnknowns(t *testing.T) {
	dir, q := t.TempDir(), hard()
	check := func(budget uint) Answer {
		p := pool(t, Options{CacheDir: dir, RLimit: budget})
		defer p.Close() //nolint:errcheck // a test
		return p.Check(t.Context(), q)
	}
	for i, want := range []struct {
		budget uint
		cached bool
	}{{3000, false}, {3000, true}, {2000, true}, {4000, false}, {3500, true}} {
		if a := check(want.budget); a.Status != Unknown || a.Cached != want.cached || a.Reason == "" {
			t.Errorf("%d: with %d steps %+v, want cached %v", i, want.budget, a, want.cached)
		}
	}
	for _, c := range []struct {
		entry, old string
		want       bool
	}{{"unsat", "open 5 x", true}, {"open 5 x", "unsat", false}, {"open 5 x", "", true}, {"open 5 x", "open 6 x", false}, {"open 6 x", "open 5 x", true}} {
		if got := replaces(c.entry, c.old); got != c.want {
			t.Errorf("%q replaces %q: %v", c.entry, c.old, got)
		}
	}
}
