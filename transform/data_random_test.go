package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
)

// TestDataRandom runs random steps of the data primitives, and a few that cut
// loops, on random kernels, and executes both sides of each. Only what a
// primitive accepts although it must not change the result is tried.
func TestDataRandom(t *testing.T) {
	done := map[string]int{}
	for seed := range uint64(*seeds) * 3 {
		g := &kernelGen{r: rand.New(rand.NewPCG(seed, 2))}
		kernel := g.kernel()
		var steps, locals, kernels []string
		for range 6 {
			step := g.dataStep(locals, kernels)
			src := kernel + "schedule s for k {\n" + strings.Join(append(slices.Clone(steps), step), "\n") + "\n}\n"
			f, err := loopir.Parse("random.loop", []byte(src))
			if err != nil {
				t.Fatalf("%v\n%s", err, src)
			}
			script, err := transform.Replay(f, f.Schedules[0], nil)
			if err != nil {
				if strings.Contains(err.Error(), "well formed") {
					t.Fatalf("%v\n%s", err, src)
				}
				continue
			}
			steps = append(steps, step)
			done[strings.Fields(step)[0]]++
			last := script.Steps[len(script.Steps)-1]
			if !t.Run(fmt.Sprintf("%d/%d", seed, len(steps)), func(t *testing.T) {
				for i, at := range [][2]int64{{0, 0}, {1, 0}, {0, 4}, {2, 1}, {4, 4}, {5, 7}, {9, 2}} {
					compareRun(t, last, map[string]int64{"N": at[0], "M": at[1]}, i)
				}
			}) {
				t.Fatal(src)
			}
			if g.loops = loopsOf(script.Kernel); len(g.loops) == 0 {
				break
			}
			locals, kernels = nil, nil
			loopir.Walk(script.Kernel.Body, func(s loopir.Stmt) bool {
				if l, ok := s.(*loopir.Local); ok {
					locals = append(locals, l.Name)
				}
				return true
			})
			for _, k := range script.File.Kernels {
				if k.Name != "k" {
					kernels = append(kernels, k.Name)
				}
			}
		}
	}
	for _, verb := range []string{"stage", "layout", "outline", "inline", "expand", "prefetch"} {
		if done[verb] == 0 {
			t.Errorf("%s: never accepted", verb)
		}
	}
	t.Log(done)
}

func (g *kernelGen) dataStep(locals, kernels []string) string {
	i := g.pick(g.loops...)
	if len(locals) > 0 && g.r.IntN(4) == 0 {
		l := g.pick(locals...)
		return g.pick("expand "+l+" by "+i, "shrink "+l+" at "+i, fmt.Sprintf("stage %s in heap at %s as %s", l, i, g.name()))
	}
	if len(kernels) > 0 && g.r.IntN(4) == 0 {
		k := g.pick(kernels...)
		return g.pick("inline "+k, "replace "+i+" by "+k)
	}
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("block %s by %d into %s, %s tail %s", i, 2+g.r.IntN(3), g.name(), g.name(), g.pick("guard", "min", "peel"))
	case 1, 2, 3:
		return fmt.Sprintf("stage %s in %s %s %s as %s", g.pick("A", "B", "X", "Y"), g.pick("heap", "stack"), g.pick("at", "around"), i, g.name())
	case 4:
		return "layout " + g.pick("A[a] as [a/4][a%4]", "B[a][b] as [b][a]", "B[a][b] as [a/2][b][a%2]", "X[a] as [a/2][a%2]")
	case 5:
		return fmt.Sprintf("outline %s as %s", i, g.name())
	case 6:
		return fmt.Sprintf("prefetch X[%s] at %s", i, i)
	}
	return fmt.Sprintf("stage %s in heap as %s", g.pick("A", "B", "X", "Y"), g.name())
}
