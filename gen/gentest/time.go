package gentest

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/loopopt/loopopt/internal/opcount"
	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/internal/timing"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// Time answers the request that loopopt tune makes of a package which it generated: it runs one
// form on one thread, compares its outputs, and times it.
func Time(t *testing.T, forms []Form) {
	path := os.Getenv(timing.Environment)
	if path == "" {
		t.Skip("only loopopt tune runs this")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var q timing.Request
	if err := json.Unmarshal(text, &q); err != nil {
		t.Fatal(err)
	}
	c := &clocked{t: t, q: q, naive: load(t, forms[0]).kernel}
	for _, f := range forms {
		l := load(t, f)
		if f.Schedule != q.Schedule || f.Impl != q.Impl || l.kernel.Name != c.naive.Name {
			continue
		}
		if !f.Has {
			t.Fatalf("this processor has no %s", q.Impl)
		}
		if broken := violated(l.kernel, q.Sizes); broken != nil {
			t.Fatalf("the sizes do not have %s", loopir.FormatExpr(broken))
		}
		answer := c.run(f, l.kernel, forms[0])
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+timing.AnswerExt, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("there is no form %s/%s", q.Schedule, q.Impl)
}

// A clocked form answers one request.
type clocked struct {
	t     *testing.T
	q     timing.Request
	naive *loopir.Kernel
}

// naiveOps bounds the runs of the naive kernel: some ten seconds.
const naiveOps = 1e10

func (c *clocked) run(f Form, k *loopir.Kernel, naive Form) *timing.Answer {
	ops := opcount.Count(c.naive, c.q.Sizes)
	out := &timing.Answer{Ops: ops.All()}
	a := c.arguments(k)
	if err := f.Call(a); err != nil {
		c.t.Fatal(err)
	}
	got := c.outputs(k, a)
	want, against := c.reference(naive, out.Ops, f, got)
	out.Against = against
	out.Wrong, out.Distance = distance(want, got, c.q.Tolerance)
	if out.Wrong != "" {
		return out
	}
	m, err := peak.New(c.q.Impl, peakSample)
	n := c.calls(f, a)
	for range c.q.Rounds {
		took, top := math.Inf(1), 0.0
		for spent := 0.0; spent < roundTime.Seconds(); {
			one := c.sample(f, a, n)
			took, spent = min(took, one), spent+one*float64(n)
			if err == nil {
				top = max(top, ops.Peak(m.Sample()))
			}
		}
		out.Seconds, out.Peaks = append(out.Seconds, took), append(out.Peaks, top)
	}
	return out
}

// A round takes so long, and what counts of it are its best samples, of the calls and of the peak
// in turn: a sample is short beside the time for which a busy system lets a thread run.
const (
	roundTime = 20 * time.Millisecond
	callTime  = time.Millisecond
)

var began = time.Now()

// sample is how long a call takes, of n.
func (c *clocked) sample(f Form, a *Args, n int) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := onCore()
	for range n {
		if err := f.Call(a); err != nil {
			c.t.Fatal(err)
		}
	}
	return (onCore() - start).Seconds() / float64(n)
}

// calls is how many calls make a sample. Making them warms the caches.
func (c *clocked) calls(f Form, a *Args) int {
	took := c.sample(f, a, 1)
	for range 5 {
		took = min(took, c.sample(f, a, 1))
	}
	return max(1, int(callTime.Seconds()/took))
}

// arguments are the same for all forms: what they hold is drawn by the logical cells.
func (c *clocked) arguments(k *loopir.Kernel) *Args {
	a := &Args{Threads: 1, sizes: map[string]int{}, scalars: map[string]any{}, slices: map[string]any{}}
	found := tables(c.naive)
	for seed, p := range k.Params { // steps change what a param is, not which it is
		switch p.Kind {
		case loopir.SizeParam:
			a.sizes[p.Name] = int(c.q.Sizes[p.Name])
		case loopir.ScalarParam:
			x, ok := c.q.Scalars[p.Name]
			if !ok {
				x = 1
			}
			a.scalars[p.Name] = scalarOf(interp.Float(p.Type, x))
		case loopir.ArrayParam:
			rng := rand.New(rand.NewPCG(uint64(seed), 11))
			logical := interp.NewArray(p.Type, c.shape(c.naive.Param(p.Name).Shape)...).Fill(func(int) interp.Value {
				switch {
				case found[p.Name] != nil: // indices: all legal
					return interp.Integer(p.Type, 0)
				case p.Type.IsFloat():
					return interp.Float(p.Type, rng.Float64()-0.5)
				}
				return interp.Integer(p.Type, rng.Int64N(5)-2)
			})
			if pk := c.packing(p); pk != nil {
				logical = pk.Pack(logical, interp.Float(p.Type, 0))
			}
			a.slices[p.Name] = toSlice(logical, make([]byte, len(logical.Bits)*width(p.Type)+8)[:len(logical.Bits)*width(p.Type)])
		}
	}
	return a
}

func (c *clocked) packing(p *loopir.Param) *interp.Packing {
	if p.Layout == nil {
		return nil
	}
	pk, err := interp.NewPacking(p, c.q.Sizes)
	if err != nil {
		c.t.Fatal(err)
	}
	return pk
}

func (c *clocked) shape(exprs []loopir.Expr) []int {
	shape := make([]int, len(exprs))
	for d, e := range exprs {
		v, err := interp.EvalIndex(e, c.q.Sizes)
		if err != nil || v < 0 || v > math.MaxInt32 {
			c.t.Fatalf("%s is no extent: %d, %v", loopir.FormatExpr(e), v, err)
		}
		shape[d] = int(v)
	}
	return shape
}

// outputs are the logical cells of what a call wrote, by array.
func (c *clocked) outputs(k *loopir.Kernel, a *Args) map[string]*interp.Array {
	out := map[string]*interp.Array{}
	for _, p := range k.Params {
		if p.Kind != loopir.ArrayParam || p.Dir == loopir.In {
			continue
		}
		x := fromSlice(p.Type, a.slices[p.Name], c.shape(p.Shape))
		if pk := c.packing(p); pk != nil {
			x = pk.Unpack(x)
		}
		out[p.Name] = x
	}
	return out
}

// kept is what a reference file holds.
type kept struct {
	Against string
	Arrays  map[string]*interp.Array
}

// reference reads the outputs that are right, or makes them.
func (c *clocked) reference(naive Form, ops float64, f Form, got map[string]*interp.Array) (map[string]*interp.Array, string) {
	file, err := os.Open(c.q.Reference)
	if err == nil {
		defer file.Close() //nolint:errcheck // only read
		var r kept
		if err := gob.NewDecoder(file).Decode(&r); err != nil {
			c.t.Fatal(err)
		}
		return r.Arrays, r.Against
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.t.Fatal(err)
	}
	r := kept{"itself, as the first one: the naive kernel takes too long", got}
	if ops > 0 && ops <= naiveOps {
		a := c.arguments(c.naive)
		if err := naive.Call(a); err != nil {
			c.t.Fatal(err)
		}
		r = kept{"the naive kernel", c.outputs(c.naive, a)}
	}
	file, err = os.Create(c.q.Reference)
	if err != nil {
		c.t.Fatal(err)
	}
	write := r
	if ops > naiveOps || ops == 0 {
		write.Against = "the first one timed"
	}
	err = gob.NewEncoder(file).Encode(write)
	if err = errors.Join(err, file.Close()); err != nil {
		c.t.Fatal(err)
	}
	return r.Arrays, r.Against
}

// distance is the largest difference of two sets of outputs, as a part of the largest value of
// the array; wrong tells a cell that is beyond the tolerance.
func distance(want, got map[string]*interp.Array, tolerance float64) (wrong string, most float64) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, g := want[name], got[name]
		largest := 0.0
		for off := range w.Bits {
			if x := math.Abs(number(w, off)); !math.IsInf(x, 0) && !math.IsNaN(x) {
				largest = max(largest, x)
			}
		}
		for off := range w.Bits {
			x, y := number(w, off), number(g, off)
			if x == y || x != x && y != y {
				continue
			}
			d := math.Abs(x-y) / max(largest, math.SmallestNonzeroFloat32)
			if d > most || d != d {
				most = d
			}
			if !(d <= tolerance) && wrong == "" {
				wrong = fmt.Sprintf("%s is %v, where it should be %v", interp.CellName(name, w.Index(off)), y, x)
			}
		}
	}
	return wrong, most
}

func number(a *interp.Array, off int) float64 {
	return interp.Value{Type: a.Type, Bits: a.Bits[off]}.Float64()
}
