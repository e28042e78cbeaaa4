package transform_test

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/transform"
	"github.com/rogpeppe/go-internal/txtar"
)

var mutants = flag.Int("mutants", 6, "how many changed schedules TestGarbage tries for each case")

// TestGarbage replays the schedules of all cases with words dropped, doubled and
// exchanged. Whatever comes out is an error or a well-formed kernel, not a panic.
func TestGarbage(t *testing.T) {
	golden, _ := filepath.Glob("testdata/*/*.txtar")
	rejected, _ := filepath.Glob("../testdata/rejected/*.txtar")
	r := rand.New(rand.NewPCG(1, 2))
	for _, path := range slices.Concat(golden, rejected) {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for range *mutants {
			f, err := loopir.Parse(path, section(a, "in.loop").Data)
			if err != nil {
				break
			}
			for _, s := range f.Schedules {
				var words []loopir.Token
				for _, step := range s.Items {
					words = append(words, step.Args...)
				}
				for _, step := range s.Items {
					if r.IntN(2) == 0 {
						step.Args = garble(r, step.Args, words)
					}
				}
			}
			script, err := transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
			if err != nil || len(script.File.Kernels) > 1 {
				continue // what calls other kernels does not parse alone
			}
			if _, err := loopir.Parse("out.loop", []byte(functions(script.File)+text(script.Kernel))); err != nil {
				t.Errorf("%s: %v\n%s", path, err, text(script.Kernel))
			}
		}
	}
}

// garble changes one place of args; what it puts in comes from words.
func garble(r *rand.Rand, args, words []loopir.Token) []loopir.Token {
	if len(args) == 0 {
		return args
	}
	out := slices.Clone(args)
	i := r.IntN(len(out))
	switch r.IntN(4) {
	case 0:
		return slices.Delete(out, i, i+1)
	case 1:
		return slices.Insert(out, i, words[r.IntN(len(words))])
	case 2:
		j := r.IntN(len(out))
		out[i], out[j] = out[j], out[i]
	default:
		out[i] = words[r.IntN(len(words))]
	}
	return out
}
