// Package referee runs two kernels on random sizes and contents, to judge what
// others claim about them. It shares nothing with the prover's own search for
// counterexamples but the interpreter.
package referee

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A Difference is what one run showed.
type Difference struct {
	Sizes map[string]int64
	What  string // the cell and its two values, or the error that after ran into
	// Clear differences can't be due to rounding, in whatever order sums are made.
	Clear bool
}

// String tells the difference on a line.
func (d *Difference) String() string { return fmt.Sprintf("at %v %s", d.Sizes, d.What) }

// A Referee compares kernels of one interface.
type Referee struct {
	before, after *loopir.Kernel
	old, now      *interp.Compiled
	// Rare are further contents of arrays and scalars of integers, which a sample in three has
	// here and there.
	Rare  []int64
	shake float64 // far more than rounding, relative to a value; 0 where it never grows beyond tolerance
}

// New prepares before and after, kernels of f.
func New(f *loopir.File, before, after *loopir.Kernel) (*Referee, error) {
	r := &Referee{before: before, after: after}
	var err error
	if r.old, err = interp.Compile(f, before); err != nil {
		return nil, err
	}
	if r.now, err = interp.Compile(f, after); err != nil {
		return nil, err
	}
	for _, k := range []*loopir.Kernel{before, after} {
		in, err := f.InlineAll(k)
		if err != nil {
			return nil, err
		}
		r.shake = max(r.shake, shakeOf(in))
	}
	return r, nil
}

// shakeOf is 0 for kernels that neither divide floats nor call functions of them: what
// others compute of tame numbers is exact, or nearly.
func shakeOf(k *loopir.Kernel) float64 {
	shake, divides := 1e-12, false
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok {
			divides = divides || a.Op == loopir.DivTo && a.LHS.Type.IsFloat()
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				switch t := e.TypeOf(); {
				case t == loopir.BF16 || t == loopir.F16:
					shake = max(shake, 1e-1)
				case t == loopir.F32:
					shake = max(shake, 1e-4)
				}
				switch e := e.(type) {
				case *loopir.Binary:
					divides = divides || e.Op == loopir.Div && e.Type.IsFloat()
				case *loopir.Intrinsic:
					f := loopir.Builtin(e.Name)
					divides = divides || f == nil || f.Slope == 0 && f.Takes != loopir.Integers && e.Name != "fma" || f.Slope > 0 && f.Roundings > 0
				}
				return true
			})
		}
		return true
	})
	if !divides {
		return 0
	}
	return shake
}

// Bounds of one run, which keep samples small.
const (
	maxSteps = 100_000
	maxBytes = 8 << 20
)

// Compare makes some samples; the same seed gives the same ones. It returns the
// first clear difference, else the first one at all, else nil. Sizes at which
// before has no meaning don't count. Every fourth sample has wild contents, whose
// sums depend on their order.
func (r *Referee) Compare(seed uint64, samples int) *Difference {
	rng := rand.New(rand.NewPCG(seed, 7))
	var slight *Difference
	for n := range samples {
		sizes := r.sizes(rng)
		if sizes == nil {
			continue
		}
		d := r.sample(rng, sizes, n%4 == 3)
		if d != nil && d.Clear {
			return d
		}
		if slight == nil {
			slight = d
		}
	}
	return slight
}

// small are the sizes to draw from, the usual block sizes last.
var small = []int64{0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 13, 14, 16, 17, 28, 32, 33}

// sizes draws sizes that both where clauses allow; those that break a condition
// are drawn again.
func (r *Referee) sizes(rng *rand.Rand) map[string]int64 {
	draw := func() int64 {
		n := len(small)
		if rng.IntN(3) > 0 {
			n = 10
		}
		return small[rng.IntN(n)]
	}
	sizes := map[string]int64{}
	for _, p := range r.before.Params {
		if p.Kind == loopir.SizeParam {
			sizes[p.Name] = draw()
		}
	}
	where := append(r.before.Where[:len(r.before.Where):len(r.before.Where)], r.after.Where...)
	for range 400 {
		broken := false
		for _, w := range where {
			if ok, err := interp.EvalCond(w, sizes); err == nil && ok {
				continue
			}
			broken = true
			for _, p := range r.before.Params { // in a fixed order
				if p.Kind == loopir.SizeParam && loopir.UsesVar(w, p.Name) {
					sizes[p.Name] = draw()
				}
			}
		}
		if !broken {
			return sizes
		}
	}
	return nil
}

func (r *Referee) sample(rng *rand.Rand, sizes map[string]int64, wild bool) *Difference {
	logical, ok := r.contents(rng, sizes, wild)
	if !ok {
		return nil
	}
	ctx, opts := context.Background(), interp.Options{MaxSteps: maxSteps, MaxBytes: maxBytes}
	in, err := inputs(r.before, sizes, logical)
	if err != nil {
		return nil
	}
	old, err := r.old.Run(ctx, in, opts)
	if err != nil {
		return nil
	}
	if in, err = inputs(r.after, sizes, logical); err != nil {
		return &Difference{sizes, err.Error(), true}
	}
	now, err := r.now.Run(ctx, in, opts)
	var fault *interp.Fault
	switch {
	case errors.As(err, &fault) && (fault.Kind == interp.TooLong || fault.Kind == interp.TooLarge):
		return nil
	case err != nil:
		return &Difference{sizes, err.Error(), true}
	}
	d := r.outputs(sizes, old, now, wild)
	if d == nil || !d.Clear || r.shake == 0 {
		return d
	}
	// A quotient by what cancels to nearly nothing is made of rounding alone, and so is
	// all that depends on it. Small changes of the inputs tell.
	if in, err = inputs(r.before, sizes, r.shaken(rng, logical)); err != nil {
		return nil
	}
	shaken, err := r.old.Run(ctx, in, opts)
	d.Clear = err == nil && r.stable(sizes, old, shaken)
	return d
}

// stable tells whether small changes of the inputs change the outputs little, too.
func (r *Referee) stable(sizes map[string]int64, old, shaken *interp.Outputs) bool {
	for _, p := range r.before.Params {
		if p.Kind != loopir.ArrayParam || p.Dir == loopir.In || !p.Type.IsFloat() {
			continue
		}
		x, err := unpack(p, sizes, old.Arrays[p.Name])
		y, err2 := unpack(p, sizes, shaken.Arrays[p.Name])
		if err != nil || err2 != nil {
			return false
		}
		for off := range x.Bits {
			a, b := interp.Value{Type: x.Type, Bits: x.Bits[off]}, interp.Value{Type: y.Type, Bits: y.Bits[off]}
			if !a.Same(b) && !(math.Abs(a.Float64()-b.Float64()) <= math.Sqrt(r.shake)*(1+math.Abs(a.Float64()))) {
				return false
			}
		}
	}
	return true
}

// shaken is logical with each float changed a little.
func (r *Referee) shaken(rng *rand.Rand, logical map[string]*interp.Array) map[string]*interp.Array {
	out := map[string]*interp.Array{}
	for _, p := range r.before.Params { // in a fixed order
		a := logical[p.Name]
		if a == nil {
			continue
		}
		if a = a.Clone(); a.Type.IsFloat() {
			for i, b := range a.Bits {
				v := interp.Value{Type: a.Type, Bits: b}.Float64()
				a.Bits[i] = interp.Float(a.Type, v*(1+r.shake*(rng.Float64()-0.5))).Bits
			}
		}
		out[p.Name] = a
	}
	return out
}

// contents draws the logical arrays and the scalars, which are arrays of one
// cell. Tame ones are quarters, whose sums and products stay exact.
func (r *Referee) contents(rng *rand.Rand, sizes map[string]int64, wild bool) (map[string]*interp.Array, bool) {
	out := map[string]*interp.Array{}
	rare := len(r.Rare) > 0 && rng.IntN(3) == 0
	for _, p := range r.before.Params {
		if p.Kind == loopir.SizeParam || p.Dir == loopir.Out {
			continue
		}
		shape, ok := logicalShape(p, sizes)
		if !ok {
			return nil, false
		}
		out[p.Name] = interp.NewArray(p.Type, shape...).Fill(func(int) interp.Value {
			switch {
			case !p.Type.IsFloat() && rare && rng.IntN(4) == 0:
				return interp.Integer(p.Type, r.Rare[rng.IntN(len(r.Rare))])
			case !p.Type.IsFloat():
				return interp.Integer(p.Type, int64(rng.IntN(23))-11)
			case wild:
				return interp.Float(p.Type, (rng.Float64()-0.5)*math.Pow(10, float64(rng.IntN(6))))
			}
			return interp.Float(p.Type, float64(rng.IntN(33)-16)/4)
		})
	}
	return out, true
}

func logicalShape(p *loopir.Param, sizes map[string]int64) ([]int, bool) {
	exprs := p.Shape
	if p.Layout != nil {
		exprs = p.Layout.Shape
	}
	out, cells := []int{}, int64(1)
	for _, e := range exprs {
		n, err := interp.EvalIndex(e, sizes)
		if err != nil || n < 0 || n > maxBytes {
			return nil, false
		}
		out = append(out, int(n))
		if cells *= max(n, 1); cells > maxBytes/8 {
			return nil, false
		}
	}
	return out, true
}

// inputs lays the logical arrays out as k wants them.
func inputs(k *loopir.Kernel, sizes map[string]int64, logical map[string]*interp.Array) (*interp.Inputs, error) {
	in := &interp.Inputs{Sizes: sizes, Scalars: map[string]interp.Value{}, Arrays: map[string]*interp.Array{}}
	for _, p := range k.Params {
		a := logical[p.Name]
		switch {
		case a == nil:
		case p.Kind == loopir.ScalarParam:
			in.Scalars[p.Name] = interp.Value{Type: a.Type, Bits: a.Bits[0]}
		case p.Layout != nil:
			pk, err := interp.NewPacking(p, sizes)
			if err != nil {
				return nil, err
			}
			in.Arrays[p.Name] = pk.Pack(a, interp.Integer(p.Type, 77))
		default:
			in.Arrays[p.Name] = a.Clone()
		}
	}
	return in, nil
}

func (r *Referee) outputs(sizes map[string]int64, old, now *interp.Outputs, wild bool) *Difference {
	var slight *Difference
	for _, p := range r.before.Params {
		if p.Kind != loopir.ArrayParam || p.Dir == loopir.In {
			continue
		}
		x, err := unpack(p, sizes, old.Arrays[p.Name])
		y, err2 := unpack(r.after.Param(p.Name), sizes, now.Arrays[p.Name])
		if err != nil || err2 != nil || len(x.Bits) != len(y.Bits) {
			return &Difference{sizes, "the layouts or extents of " + p.Name + " differ", true}
		}
		for off := range x.Bits {
			a, b := interp.Value{Type: x.Type, Bits: x.Bits[off]}, interp.Value{Type: y.Type, Bits: y.Bits[off]}
			if a.Same(b) {
				continue
			}
			d := &Difference{sizes, fmt.Sprintf("%s: %s before, %s after", interp.CellName(p.Name, x.Index(off)), a, b), isClear(a, b, wild)}
			if d.Clear {
				return d
			}
			if slight == nil {
				slight = d
			}
		}
	}
	return slight
}

func unpack(p *loopir.Param, sizes map[string]int64, a *interp.Array) (*interp.Array, error) {
	if p.Layout == nil {
		return a, nil
	}
	pk, err := interp.NewPacking(p, sizes)
	if err != nil {
		return nil, err
	}
	return pk.Unpack(a), nil
}

// tolerance is far more than rounding makes of a few dozen tame numbers.
const tolerance = 1e-2

// isClear tells whether two values differ by more than rounding explains.
func isClear(a, b interp.Value, wild bool) bool {
	if !a.Type.IsFloat() {
		return true
	}
	x, y := a.Float64(), b.Float64()
	if wild || math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return false
	}
	return math.Abs(x-y) > tolerance*(1+max(math.Abs(x), math.Abs(y)))
}
