// Package gentest tests and times generated kernels: every compiled form
// against the interpreter on random sizes, with guard pages around each array,
// and its exported functions' argument checks. Generated test files use it.
package gentest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"unsafe"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A Form is one compiled form of a kernel, or a checked function of it.
type Form struct {
	Schedule string // naive, or the schedule's name
	Impl     string // go, avx2, avx512, or the exported function's name
	File     string // .loop text of the scheduled kernel, in the package's folder
	Kernel   string // its name there
	Has      bool   // whether the CPU and the build have it
	Call     func(a *Args) error
}

func (f Form) name() string { return f.Schedule + "/" + f.Impl }

// Args are the arguments of one call.
type Args struct {
	Threads int
	sizes   map[string]int
	scalars map[string]any
	slices  map[string]any // []float32 and so on
}

// Size is a size argument.
func (a *Args) Size(name string) int { return a.sizes[name] }

// Scalar is a scalar argument.
func Scalar[T any](a *Args, name string) T {
	if h, ok := a.scalars[name].(uint16); ok { // of the package's type of 16-bit numbers
		return view[T]([]byte{byte(h), byte(h >> 8)})[0]
	}
	return a.scalars[name].(T)
}

// Slice is an array argument.
func Slice[T any](a *Args, name string) []T {
	if h, ok := a.slices[name].([]uint16); ok { // of the package's type of 16-bit numbers
		return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(h))), len(h))
	}
	return a.slices[name].([]T)
}

// A loaded kernel is a form's .loop text, parsed.
type loaded struct {
	file   *loopir.File
	kernel *loopir.Kernel
}

var (
	loadedMu sync.Mutex
	loadeds  = map[string]*loaded{}
)

// load parses a form's generated .loop file.
func load(t testing.TB, form Form) *loaded {
	t.Helper()
	loadedMu.Lock()
	defer loadedMu.Unlock()
	if l := loadeds[form.File]; l != nil {
		return l
	}
	src, err := os.ReadFile(form.File)
	if err != nil {
		t.Fatal(err)
	}
	f, err := loopir.Parse(form.File, src)
	if err != nil {
		t.Fatal(err)
	}
	l := &loaded{f, f.Kernel(form.Kernel)}
	if l.kernel == nil {
		t.Fatalf("%s has no kernel %s", form.File, form.Kernel)
	}
	loadeds[form.File] = l
	return l
}

// rounds is how many random shapes Run tries for each form.
func rounds() uint64 {
	if testing.Short() {
		return 3
	}
	return 12
}

// Run compares every form bit for bit with the interpreter running the same
// scheduled kernel, on random odd sizes, with sizes 0 among them.
func Run(t *testing.T, forms []Form) {
	ran := 0
	for _, f := range forms {
		t.Run(f.name(), func(t *testing.T) {
			if !f.Has {
				t.Skipf("this CPU or build has no %s", f.Impl)
			}
			l := load(t, f)
			for seed := range rounds() {
				if compare(t, f, l, seed) {
					ran++
				}
			}
		})
	}
	if ran == 0 {
		t.Fatal("no form was compared on any size")
	}
}

// Fuzz compares all forms on the sizes and inputs that a seed gives.
func Fuzz(f *testing.F, forms []Form) {
	for s := range uint64(2) {
		f.Add(s + 1000)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, form := range forms {
			if form.Has {
				compare(t, form, load(t, form), seed)
			}
		}
	})
}

// maxSteps bounds the interpreter's work for one shape; larger shapes are drawn
// anew.
const maxSteps = 200_000

// compare runs one form and the interpreter on the shape of a seed. It tells
// whether sizes were found that the interpreter can run.
func compare(t *testing.T, f Form, l *loaded, seed uint64) bool {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 40 {
		sizes, ok := randomSizes(rng, l.kernel)
		if !ok {
			return false
		}
		in, ok := inputs(rng, l.kernel, sizes)
		if !ok {
			continue
		}
		out, err := interp.Run(context.Background(), l.file, l.kernel, in, interp.Options{MaxSteps: maxSteps})
		if err != nil {
			var f *interp.Fault
			if errors.As(err, &f) && (f.Kind == interp.TooLong || f.Kind == interp.TooLarge || f.Kind == interp.OutOfBounds && len(tables(l.kernel)) > 0) {
				continue // the last: what the data says is no index
			}
			t.Fatalf("%v: the interpreter: %v", sizes, err)
		}
		run(t, f, l, in, out.Arrays, int(seed%3)+1)
		return true
	}
	return false
}

// run calls the form on guarded copies of the inputs and compares all arrays.
func run(t *testing.T, f Form, l *loaded, in *interp.Inputs, want map[string]*interp.Array, threads int) {
	t.Helper()
	for _, atEnd := range []bool{true, false} {
		var mem guarded
		a := arguments(l.kernel, in, threads, func(n int) []byte { return mem.alloc(n, atEnd) })
		if err := f.Call(a); err != nil {
			t.Fatalf("%s with sizes %v: %v", f.name(), in.Sizes, err)
		}
		for _, p := range l.kernel.Params {
			if p.Kind != loopir.ArrayParam {
				continue
			}
			got := fromSlice(p.Type, a.slices[p.Name], in.Arrays[p.Name].Shape)
			ref := want[p.Name]
			if ref == nil {
				ref = in.Arrays[p.Name]
			}
			leaveOut(t, p, in, got, ref)
			if at, differ := interp.FirstDifference(got, ref); differ {
				t.Fatalf("%s with sizes %v and %d threads: %s is %v, the interpreter has %v",
					f.name(), in.Sizes, threads, interp.CellName(p.Name, at), got.At(at...), ref.At(at...))
			}
		}
		mem.free()
	}
}

// leaveOut takes the padding of an output that nothing was written to, which stays what it
// was, out of the comparison: to the interpreter an output holds nothing at first.
func leaveOut(t *testing.T, p *loopir.Param, in *interp.Inputs, got, ref *interp.Array) {
	t.Helper()
	if p.Dir != loopir.Out || p.Layout == nil {
		return
	}
	pk, err := interp.NewPacking(p, in.Sizes)
	if err != nil {
		t.Fatal(err)
	}
	for at, pad := range pk.Padding() {
		if pad && got.Bits[at] == in.Arrays[p.Name].Bits[at] {
			got.Bits[at] = ref.Bits[at]
		}
	}
}

// arguments copies the inputs into Go values; alloc gives the memory.
func arguments(k *loopir.Kernel, in *interp.Inputs, threads int, alloc func(n int) []byte) *Args {
	a := &Args{Threads: threads, sizes: map[string]int{}, scalars: map[string]any{}, slices: map[string]any{}}
	for _, p := range k.Params {
		switch p.Kind {
		case loopir.SizeParam:
			a.sizes[p.Name] = int(in.Sizes[p.Name])
		case loopir.ScalarParam:
			a.scalars[p.Name] = scalarOf(in.Scalars[p.Name])
		case loopir.ArrayParam:
			arr := in.Arrays[p.Name]
			a.slices[p.Name] = toSlice(arr, alloc(len(arr.Bits)*width(arr.Type)))
		}
	}
	return a
}

// inputs draws array contents: small integers, some fractions, signed zeros.
func inputs(rng *rand.Rand, k *loopir.Kernel, sizes map[string]int64) (*interp.Inputs, bool) {
	in := &interp.Inputs{Sizes: sizes, Scalars: map[string]interp.Value{}, Arrays: map[string]*interp.Array{}}
	draw := func(t loopir.Type) interp.Value {
		switch rng.IntN(16) {
		case 0:
			return interp.Float(t, 0)
		case 1:
			return interp.Float(t, rng.NormFloat64()*1e3)
		}
		return interp.Float(t, rng.NormFloat64())
	}
	total := 0
	for _, p := range k.Params {
		switch p.Kind {
		case loopir.ScalarParam:
			in.Scalars[p.Name] = draw(p.Type)
		case loopir.ArrayParam:
			shape := make([]int, len(p.Shape))
			n := 1
			for d, x := range p.Shape {
				v, err := interp.EvalIndex(x, sizes)
				if err != nil || v < 0 || v > 1<<20 {
					return nil, false
				}
				shape[d] = int(v)
				n *= shape[d]
				if n > 1<<20 {
					return nil, false
				}
			}
			if total += n; total > 1<<20 {
				return nil, false
			}
			in.Arrays[p.Name] = interp.NewArray(p.Type, shape...).Fill(func(int) interp.Value { return draw(p.Type) })
		}
	}
	found := tables(k)
	for _, p := range k.Params {
		extents := found[p.Name]
		if extents == nil {
			continue
		}
		below := int64(1 << 20)
		for _, x := range extents {
			v, err := interp.EvalIndex(x, sizes)
			if err != nil || v < 1 {
				v = 1
			}
			below = min(below, v)
		}
		a := in.Arrays[p.Name]
		a.Fill(func(int) interp.Value { return interp.Integer(a.Type, rng.Int64N(below)) })
	}
	return in, true
}

// tables are the arrays in whose data k finds indices, with the extents that these are of.
func tables(k *loopir.Kernel) map[string][]loopir.Expr {
	out := map[string][]loopir.Expr{}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				r, ok := e.(*loopir.Read)
				if !ok {
					return true
				}
				p := k.Param(r.Name)
				for d, x := range r.Index {
					if t, ok := x.(*loopir.Read); ok && p != nil && k.Param(t.Name) != nil {
						out[t.Name] = append(out[t.Name], p.Shape[d])
					}
				}
				return true
			})
		}
		return true
	})
	return out
}

// Arguments tests the checks of exported functions: good arguments pass, and
// each wrong one is an error that names it.
func Arguments(t *testing.T, forms []Form) {
	for _, f := range forms {
		t.Run(f.Impl, func(t *testing.T) {
			l := load(t, f)
			k := l.kernel
			rng := rand.New(rand.NewPCG(7, 7))
			var in *interp.Inputs
			ok := false
			for range 1000 {
				if sizes, good := randomSizes(rng, k); good && positive(sizes) {
					if in, ok = inputs(rng, k, sizes); ok {
						break
					}
				}
			}
			if !ok {
				t.Fatal("no sizes found that the function admits")
			}
			heap := func(n int) []byte { return make([]byte, n+8)[:n] }
			fresh := func() *Args { return arguments(k, in, 1, heap) }
			if err := f.Call(fresh()); err != nil {
				t.Fatalf("good arguments with sizes %v: %v", in.Sizes, err)
			}
			for _, p := range k.Params {
				for what, a := range spoiled(p, fresh) {
					if err := f.Call(a); err == nil {
						t.Errorf("%s of %s: no error", what, p.Name)
					} else if testing.Verbose() {
						t.Log(err)
					}
				}
			}
			overlaps(t, f, k, fresh)
		})
	}
}

func positive(sizes map[string]int64) bool {
	for _, v := range sizes {
		if v == 0 {
			return false
		}
	}
	return true
}

// spoiled gives calls that are wrong in parameter p.
func spoiled(p *loopir.Param, fresh func() *Args) map[string]*Args {
	out := map[string]*Args{}
	switch p.Kind {
	case loopir.SizeParam:
		a := fresh()
		a.sizes[p.Name] = -1
		out["negative value"] = a
		a = fresh()
		a.sizes[p.Name] = math.MaxInt // beyond the limit
		out["huge value"] = a
	case loopir.ArrayParam:
		a := fresh()
		if s, n := shorter(a.slices[p.Name]); n {
			a.slices[p.Name] = s
			out["short slice"] = a
		}
	}
	return out
}

// overlaps hands the memory of each output to another array of its type.
func overlaps(t *testing.T, f Form, k *loopir.Kernel, fresh func() *Args) {
	for _, p := range k.Params {
		for _, q := range k.Params {
			if p == q || p.Kind != loopir.ArrayParam || q.Kind != loopir.ArrayParam || p.Dir == loopir.In || p.Type != q.Type {
				continue
			}
			a := fresh()
			big := join(a.slices[p.Name], a.slices[q.Name])
			if big == nil {
				continue
			}
			a.slices[p.Name], a.slices[q.Name] = big, big
			if err := f.Call(a); err == nil {
				t.Errorf("%s and %s are the same memory: no error", p.Name, q.Name)
			}
		}
	}
}
