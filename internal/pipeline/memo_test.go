package pipeline

import (
	"context"
	"os"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

const memoSource = `
kernel k(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[i] += A[i] }
}
kernel reversed(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[N-1-i] += A[N-1-i] }
}
kernel wrong(N: size, in A: f32[N], inout B: f32[N]) {
  for i in 0..N { B[N-1-i] += A[i] }
}
`

// TestMemo: a proof is found again by another run, for the same texts only, and
// never instead of asking the second solver or writing the obligations.
func TestMemo(t *testing.T) {
	f, err := loopir.Parse("memo.loop", []byte(memoSource))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(after string, opts smt.Options) (*Check, int) {
		t.Helper()
		opts.CacheDir = dir
		pool, err := smt.NewPool(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		c, err := check(context.Background(), f, f.Kernel("k"), f.Kernel(after), Options{Equiv: equiv.Options{Pool: pool}})
		if err != nil {
			t.Fatal(err)
		}
		return c, pool.Stats().Queries
	}
	first, asked := run("reversed", smt.Options{})
	if !first.Proved() || asked == 0 {
		t.Fatalf("%v after %d queries", first.Outcome, asked)
	}
	again, asked := run("reversed", smt.Options{})
	if again.Verdict != first.Verdict || again.Count != first.Count || again.after != first.after || asked != 0 {
		t.Errorf("recalled %v %v with %d obligations after %d queries, want %v %v with %d after none",
			again.Outcome, again.Verdict, again.Count, asked, first.Outcome, first.Verdict, first.Count)
	}
	if c, _ := run("wrong", smt.Options{}); c.Outcome != equiv.Refuted {
		t.Errorf("another kernel: %v", c.Outcome)
	}
	if _, asked := run("reversed", smt.Options{RLimit: 1234567}); asked == 0 {
		t.Error("a proof under another limit was recalled")
	}
	emitted := t.TempDir()
	if _, asked := run("reversed", smt.Options{EmitDir: emitted}); asked == 0 {
		t.Error("obligations were to be written, and none was asked")
	}
	if files, err := os.ReadDir(emitted); err != nil || len(files) == 0 {
		t.Errorf("no obligation was written: %v", err)
	}
}

const openSource = `
kernel k(N: size, in A: f32[N], inout s: f32[1]) {
  for i in 0..N { s[0] /= A[i] }
}
kernel reversed(N: size, in A: f32[N], inout s: f32[1]) {
  for i in 0..N { s[0] /= A[N-1-i] }
}
`

// TestMemoUnknown: that nothing was found is kept for the same budget and the same places,
// and not if the work was broken off.
func TestMemoUnknown(t *testing.T) {
	dir := t.TempDir()
	run := func(ctx context.Context, src string, opts smt.Options) (*Check, int) {
		t.Helper()
		f, err := loopir.Parse("memo.loop", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		opts.CacheDir = dir
		pool, err := smt.NewPool(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		c, err := check(ctx, f, f.Kernel("k"), f.Kernel("reversed"), Options{Equiv: equiv.Options{Pool: pool}})
		if err != nil {
			return nil, pool.Stats().Queries
		}
		if c.Outcome != equiv.Unknown {
			t.Fatalf("%v", c.Outcome)
		}
		return c, pool.Stats().Queries
	}
	ctx := context.Background()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	run(ended, openSource, smt.Options{})
	first, asked := run(ctx, openSource, smt.Options{})
	if asked == 0 {
		t.Fatal("what was broken off was recalled")
	}
	again, asked := run(ctx, openSource, smt.Options{})
	if asked != 0 || again.Reason != first.Reason || again.Count != first.Count {
		t.Errorf("after %d queries: %q, %d obligations, want %q, %d", asked, again.Reason, again.Count, first.Reason, first.Count)
	}
	if _, asked := run(ctx, openSource, smt.Options{RLimit: 1234567}); asked == 0 {
		t.Error("what another budget came to was recalled")
	}
	moved, asked := run(ctx, "\n"+openSource, smt.Options{})
	if asked == 0 || moved.Reason == first.Reason {
		t.Errorf("places of another text were recalled: %q", moved.Reason)
	}
}
