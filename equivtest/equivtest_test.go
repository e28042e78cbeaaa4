package equivtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

// A recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) }

func (r *recorder) Fatal(args ...any) {
	r.said += fmt.Sprint(args...)
	panic(r)
}

// said runs f on a recorder and gives what it complained about.
func said(t *testing.T, f func(testing.TB)) string {
	r := &recorder{TB: t}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(r) {
				panic(p)
			}
		}()
		f(r)
	}()
	return r.said
}

func TestEquivalent(t *testing.T) {
	own := Solver(smt.Options{NoCache: true})
	Equivalent(t, "testdata/rows.loop", "testdata/columns.loop", AtLeast(equiv.Exact), own)
	Equivalent(t, "testdata/rows.loop", "testdata/backwards.loop", own)
	Equivalent(t, "testdata/rows.loop", "testdata/packed.loop", Relate("A[i][j] ~ P[i][j/4][j%4]"), own)
	Different(t, "testdata/rows.loop", "testdata/short.loop", own)
	for _, c := range []struct {
		want string
		f    func(testing.TB)
	}{
		{"reassociated, wanted exact", func(t testing.TB) {
			Equivalent(t, "testdata/rows.loop", "testdata/backwards.loop", AtLeast(equiv.Exact), own)
		}},
		{"refuted\nM=1 N=4 B[0]", func(t testing.TB) { Equivalent(t, "testdata/rows.loop", "testdata/short.loop", own) }},
		{"proved exact, wanted a difference", func(t testing.TB) { Different(t, "testdata/rows.loop", "testdata/columns.loop", own) }},
		{"no parameter A", func(t testing.TB) { Equivalent(t, "testdata/rows.loop", "testdata/packed.loop", own) }},
		{"no such file", func(t testing.TB) { Equivalent(t, "testdata/rows.loop", "testdata/none.loop", own) }},
	} {
		if got := said(t, c.f); !strings.Contains(got, c.want) {
			t.Errorf("said %q, wanted %q", got, c.want)
		}
	}
}
