package transform_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
	"github.com/loopopt/loopopt/transform"
	"github.com/rogpeppe/go-internal/txtar"
)

// An instance is one execution of an assignment: which one it claims to be of
// the kernel before, and what it does.
type instance struct{ claim, does string }

// An executor runs index arithmetic and scalar locals, and writes down the rest.
type executor struct {
	t      *testing.T
	env    map[string]int64
	locals map[string]string // what each scalar local holds
	out    []instance
}

// instances lists the instances of k for given sizes in order of execution.
func instances(t *testing.T, k *loopir.Kernel, sizes map[string]int64) []instance {
	x := &executor{t: t, env: maps.Clone(sizes), locals: map[string]string{}}
	x.run(k.Body)
	return x.out
}

func (x *executor) run(body []loopir.Stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			by := int64(1)
			if s.Step != nil {
				by = x.index(s.Step)
			}
			for v, hi := x.index(s.Lo), x.index(s.Hi); v < hi; v += by {
				x.env[s.Iter] = v
				x.run(s.Body)
			}
			delete(x.env, s.Iter)
		case *loopir.If:
			yes, err := interp.EvalCond(s.Cond, x.env)
			if err != nil {
				x.t.Fatal(err)
			}
			if yes {
				x.run(s.Then)
			} else {
				x.run(s.Else)
			}
		case *loopir.Local:
			x.locals[s.Name] = "nothing"
		case *loopir.Assign:
			value := string(x.write(nil, s.RHS))
			if s.LHS.Index == nil {
				x.locals[s.LHS.Name] = value
			}
			x.out = append(x.out, instance{claim(x.t, s.From, x.env), string(x.write(nil, s.LHS)) + s.Op.String() + value})
		}
	}
}

func (x *executor) index(e loopir.Expr) int64 { return index(x.t, e, x.env) }

func index(t *testing.T, e loopir.Expr, env map[string]int64) int64 {
	v, err := interp.EvalIndex(e, env)
	if err != nil {
		t.Fatalf("%s: %v", loopir.FormatExpr(e), err)
	}
	return v
}

// claim writes which instance o is for the iterators in env.
func claim(t *testing.T, o *loopir.Origin, env map[string]int64) string {
	if o == nil {
		return ""
	}
	b := strconv.AppendInt([]byte("S"), int64(o.Stmt), 10)
	for _, it := range slices.Sorted(maps.Keys(o.Iters)) {
		b = append(append(append(b, ' '), it...), '=')
		b = strconv.AppendInt(b, index(t, o.Iters[it], env), 10)
	}
	return string(b)
}

// write writes e with the values of all indices and locals.
func (x *executor) write(b []byte, e loopir.Expr) []byte {
	if e.TypeOf() == loopir.Index {
		return strconv.AppendInt(append(b, ' '), x.index(e), 10)
	}
	switch e := e.(type) {
	case *loopir.Int:
		return append(append(b, ' '), e.Value.String()...)
	case *loopir.Read:
		if v, ok := x.locals[e.Name]; ok { // what it is called does not matter
			return append(append(b, "local "...), v...)
		}
		b = append(b, e.Name...)
	case *loopir.Binary:
		b = append(b, e.Op.String()...)
	}
	for _, y := range loopir.Children(e) {
		b = x.write(append(b, ','), y)
	}
	return b
}

// keepOrder are the steps that may not change the order of execution.
var keepOrder = []string{"block", "peel", "split", "shift", "skew", "unroll", "simplify", "specialize", "vectorize", "parallel", "assume"}

// checkInstances compares what the two kernels of a proposal execute.
func checkInstances(t *testing.T, p *transform.Proposal, sizes map[string]int64) {
	t.Helper()
	for _, w := range p.After.Where {
		if ok, err := interp.EvalCond(w, sizes); err != nil || !ok {
			return
		}
	}
	before, after := instances(t, p.Before, sizes), instances(t, p.After, sizes)
	byClaim := func(a, b instance) int { return strings.Compare(a.claim+a.does, b.claim+b.does) }
	collapsed := p.Step.Verb == "fuse" && strings.Contains(words(p.Step), "into")
	if !slices.Contains(keepOrder, p.Step.Verb) && !collapsed {
		slices.SortFunc(before, byClaim)
		slices.SortFunc(after, byClaim)
	}
	for i := range max(len(before), len(after)) {
		var b, a instance
		if i < len(before) {
			b = before[i]
		}
		if i < len(after) {
			a = after[i]
		}
		if a != b {
			t.Fatalf("%s: for %v, instance %d was %v and is %v\nbefore:\n%s\nafter:\n%s", words(p.Step), sizes, i, b, a,
				loopir.FormatKernel(p.Before), loopir.FormatKernel(p.After))
		}
	}
}

func words(s *loopir.Step) string {
	out := s.Verb
	for _, t := range s.Args {
		out += " " + t.Text
	}
	return out
}

var seeds = flag.Int("seeds", 15, "how many random kernels TestReferee tries")

// TestGoldenRuns executes, for several sizes, both sides of each step in the
// golden cases of the loop primitives.
func TestGoldenRuns(t *testing.T) {
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		dir := filepath.Base(filepath.Dir(path))
		if slices.Contains(dataCases, dir) {
			continue
		}
		t.Run(dir+"/"+strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := loopir.Parse(path, section(a, "in.loop").Data)
			if err != nil {
				t.Fatal(err)
			}
			script, err := transform.Replay(f, f.Schedules[len(f.Schedules)-1], nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range script.Steps {
				if compareRuns(t, p) == 0 {
					t.Errorf("%s: no sizes were executed", words(p.Step))
				}
			}
		})
	}
}

// TestReferee runs random steps on random kernels whose statements only add up
// integers, so that every order of execution is legal, and executes both sides
// of each step for small sizes: the same instances must run, each being what its
// Origin says.
func TestReferee(t *testing.T) {
	tried, done := map[string]int{}, map[string]int{}
	for seed := range uint64(*seeds) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := &kernelGen{r: r}
		kernel := g.kernel()
		var steps []string
		for range 6 {
			step := g.step()
			verb := strings.Fields(step)[0]
			tried[verb]++
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
			done[verb]++
			last := script.Steps[len(script.Steps)-1]
			for _, at := range [][2]int64{{0, 0}, {1, 0}, {0, 4}, {2, 1}, {4, 4}, {5, 2}} {
				checkInstances(t, last, map[string]int64{"N": at[0], "M": at[1]})
			}
			if g.loops = loopsOf(script.Kernel); len(g.loops) == 0 {
				break
			}
		}
	}
	t.Logf("accepted %v of %v", done, tried)
}

func loopsOf(k *loopir.Kernel) []string {
	var out []string
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok && !slices.Contains(out, l.Iter) {
			out = append(out, l.Iter)
		}
		return true
	})
	return out
}
