package equiv

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/loopir"
)

// TestFlowPieces enumerates the instances of readers at small sizes: each is in just one
// piece of each flow that was proved, also where statements were split into parts.
func TestFlowPieces(t *testing.T) {
	names := []string{"pluto/symbolic-distance", "classes/loop-peel", "polybench/ludcmp"}
	if testing.Short() {
		names = names[:2]
	}
	pool := safetyPool(t)
	flows, split := 0, 0
	for _, name := range names {
		ar, err := txtar.ParseFile(filepath.Join("..", "testdata", "verify", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		var programs []*Program
		for _, file := range ar.Files {
			f := mustParse(t, file.Name, file.Data)
			p, err := NewProgram(f, f.Kernels[len(f.Kernels)-1])
			if err != nil {
				t.Fatal(err)
			}
			programs = append(programs, p.restarts())
		}
		for i, after := range programs[1:min(3, len(programs))] {
			before := programs[i]
			proof := newProver(context.Background(), pool, before.Assume())
			c := newChecker(proof, before, after)
			sides := []*side{c.before, c.after}
			if parted := c.traced(newGuesser(c)); parted != nil {
				sides = append(sides, parted.after)
				split++
			}
			for _, sd := range sides {
				flows += piecesOnce(t, name, sd)
			}
		}
	}
	if flows < 5*len(names) || split == 0 {
		t.Errorf("only %d flows in %d split programs", flows, split)
	}
}

// piecesOnce checks the flows of a program and counts them.
func piecesOnce(t *testing.T, name string, sd *side) int {
	n := 0
	for _, s := range sd.prog.Stmts {
		loopir.WalkExpr(sd.effects[s.index].value, func(e loopir.Expr) bool {
			r, ok := e.(*loopir.Read)
			if !ok || len(sd.sets[r.Name]) == 0 {
				return true
			}
			for _, wide := range []bool{false, true} {
				f := sd.flowOf(s, r, false, wide)
				if f.err != nil {
					continue
				}
				n++
				for _, size := range []int64{3, 5, 18} {
					env := map[string]int64{}
					for i, z := range sd.prog.Sizes {
						env[z] = max(size-int64(2*i), 2)
					}
					instances(s, 0, env, func() {
						in := 0
						for _, p := range f.pieces {
							if holds(p.guards, env) {
								in++
							}
						}
						if in != 1 {
							t.Errorf("%s: %v: read of %s is in %d pieces at %v", name, s.Span, loopir.FormatExpr(r), in, env)
						}
					})
				}
			}
			return !t.Failed()
		})
	}
	return n
}

// instances calls f for a part of the instances of s.
func instances(s *Stmt, depth int, env map[string]int64, f func()) {
	if depth == len(s.Loops) {
		if holds(s.Guards, env) {
			f()
		}
		return
	}
	l := s.Loops[depth]
	lo, ok1 := evalInt(l.Lo, env)
	hi, ok2 := evalInt(l.Hi, env)
	step := int64(1)
	if l.Step != nil {
		step, _ = evalInt(l.Step, env)
	}
	if !ok1 || !ok2 || step < 1 {
		return
	}
	var values []int64
	for v := lo; v < hi; v += step {
		values = append(values, v)
	}
	if n := len(values); n > 6 {
		values = append(slices.Clone(values[:3]), values[n/2], values[n-2], values[n-1])
	}
	for _, v := range values {
		env[l.Iter] = v
		instances(s, depth+1, env, f)
	}
	delete(env, l.Iter)
}
