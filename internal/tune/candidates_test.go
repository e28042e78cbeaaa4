package tune

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

const scheduled = `kernel k(N: size, inout A: f32[N]) { for i in 0..N { A[i] *= 2 } }

schedule rows(V: int) for any { block i by V into io, i tail guard }

schedule columns(V: int) for any { block i by V into io, i tail min }

schedule other for k { reverse i }

schedule s for k {
  param V = 8 in {4, 8}
  param W = 2*V in {V, 2*V, V}
  param ORDER = columns in {rows, columns}
  param D = 3
  use ORDER(V)
}
`

func parse(t *testing.T, src string) (*loopir.File, *loopir.Schedule) {
	t.Helper()
	f, err := loopir.Parse("k.loop", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Schedules[len(f.Schedules)-1]
}

func TestCandidates(t *testing.T) {
	_, s := parse(t, scheduled)
	if !Tunable(s) {
		t.Error("not tunable")
	}
	for _, c := range []struct {
		only map[string][]string
		want []string
	}{
		{nil, []string{
			"V=4 W=4 ORDER=rows D=3", "V=4 W=4 ORDER=columns D=3", "V=4 W=8 ORDER=rows D=3", "V=4 W=8 ORDER=columns D=3",
			"V=8 W=8 ORDER=rows D=3", "V=8 W=8 ORDER=columns D=3", "V=8 W=16 ORDER=rows D=3", "V=8 W=16 ORDER=columns D=3 (default)",
		}},
		{map[string][]string{"V": {"8"}, "W": {"7", "16"}, "ORDER": {"columns"}, "D": {"1"}}, []string{"V=8 W=7 ORDER=columns D=1", "V=8 W=16 ORDER=columns D=1"}},
	} {
		list, err := Candidates(s, c.only)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range list {
			text := x.String()
			if x.Default {
				text += " (default)"
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %s", c.only, strings.Join(got, "\n"))
		}
	}
	if _, err := Candidates(s, map[string][]string{"X": {"1"}}); err == nil || !strings.Contains(err.Error(), "no param X") {
		t.Errorf("X: %v", err)
	}
	many := make([]string, MaxCandidates)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	if _, err := Candidates(s, map[string][]string{"V": many}); err == nil || !strings.Contains(err.Error(), "combinations") {
		t.Errorf("too many: %v", err)
	}
}

// A digest is about what is timed, not about which values the file has, nor about schedules that
// take no part.
func TestDigest(t *testing.T) {
	m := core(t)
	of := func(src string, sizes map[string]int64, m *Machine) string {
		f, s := parse(t, src)
		list, err := Candidates(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return list[len(list)-1].Digest(f, sizes, m)
	}
	sizes := map[string]int64{"N": 64}
	first := of(scheduled, sizes, m)
	for _, same := range []string{
		strings.Replace(scheduled, "V = 8", "V = 4", 1), strings.Replace(scheduled, "reverse i", "unroll i by 4", 1), "// A comment.\n" + scheduled,
	} {
		if of(same, sizes, m) != first {
			t.Errorf("another digest for\n%s", same)
		}
	}
	for _, other := range []string{
		strings.Replace(scheduled, "*= 2", "*= 3", 1), strings.Replace(scheduled, "tail min", "tail guard", 1), strings.Replace(scheduled, "use ORDER(V)", "use ORDER(W)", 1),
	} {
		if of(other, sizes, m) == first {
			t.Errorf("the same digest for\n%s", other)
		}
	}
	avx2 := *m
	avx2.ISA = "avx2"
	elsewhere := *m
	elsewhere.CPU = "another one"
	if of(scheduled, map[string]int64{"N": 65}, m) == first || of(scheduled, sizes, &avx2) == first || of(scheduled, sizes, &elsewhere) == first {
		t.Error("the same digest for other sizes, another instruction set or another processor")
	}
}
