package corpus

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/equiv"
)

// TestVacuity looks for proofs that say nothing: of the obligations with a goal,
// some may be about cases that never come up, but never all of those by which
// statements were matched.
func TestVacuity(t *testing.T) {
	cases, err := ReadAll([]string{root}, ArchiveExt, ManifestExt)
	if err != nil {
		t.Fatal(err)
	}
	part := 24
	if testing.Short() {
		part = 40
	}
	all, empty := 0, 0
	for _, c := range Shard(cases, 1, part) {
		if c.Want.Outcome != equiv.Proved {
			continue
		}
		pairs, err := c.kernels()
		if err != nil {
			t.Fatal(err)
		}
		opts, done, err := cold()
		if err != nil {
			t.Fatal(err)
		}
		opts.Explain = true
		for _, p := range pairs {
			r, err := p.Prove(context.Background(), opts)
			if err != nil {
				t.Fatal(err)
			}
			n, m := 0, 0
			for _, o := range r.Obligations {
				if o.Goal == nil || o.Goal.IsFalse() || len(o.Hyps) == 0 {
					continue
				}
				n++
				if o.Vacuous {
					m++
				}
			}
			if n > 0 && n == m && r.Proved() {
				t.Errorf("%s: each of %d obligations holds of nothing", c.Name, n)
			}
			all, empty = all+n, empty+m
		}
		if err := done(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d of %d obligations hold of nothing", empty, all)
}
