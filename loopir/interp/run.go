package interp

import (
	"context"
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// Inputs are the arguments of a run. An out array need not be given; in and
// inout arrays are not changed.
type Inputs struct {
	Sizes   map[string]int64
	Scalars map[string]Value
	Arrays  map[string]*Array
}

// Options bound a run; the zero Options have sensible bounds.
type Options struct {
	MaxSteps int64        // statements and iterations; 0 means 1e9
	MaxBytes int64        // memory for arrays; 0 means 1 GiB
	Trace    func(*Event) // called after each write; what it gets is only valid meanwhile
}

// An Event is one assignment executed.
type Event struct {
	Stmt  *loopir.Assign
	Iters []Iter   // iterators around, outermost first, callers' included
	Reads []Access // of the right side, then of the cell itself for an update
	Write Access
}

// An Access names a cell and its value. Inside a call the array is the one
// that the caller passed in the end. In a symbolic run the value's Bits are a
// TermID.
type Access struct {
	Array string
	Cell  []int
	Value Value
}

// Outputs are the results of a run.
type Outputs struct {
	Arrays map[string]*Array // out and inout
	Steps  int64
}

// Run runs kernel k of file f. The file provides called kernels and declared
// functions; it may be nil when there are none. Errors are a *Fault, or a
// *loopir.Error when the kernel is not well formed.
func Run(ctx context.Context, f *loopir.File, k *loopir.Kernel, in *Inputs, opts Options) (*Outputs, error) {
	c, err := Compile(f, k)
	if err != nil {
		return nil, err
	}
	return c.Run(ctx, in, opts)
}

// A Compiled kernel can be run many times, also at the same time.
type Compiled struct{ p *program }

// Compile prepares k for runs; later changes of k or f are not seen.
func Compile(f *loopir.File, k *loopir.Kernel) (*Compiled, error) {
	p, err := newCompiler(f, concrete{}).kernel(k)
	if err != nil {
		return nil, err
	}
	return &Compiled{p}, nil
}

// Run runs the kernel.
func (c *Compiled) Run(ctx context.Context, in *Inputs, opts Options) (*Outputs, error) {
	p := c.p
	m := newMachine(ctx, concrete{}, opts)
	given := func(q *loopir.Param) (*Array, error) {
		a := in.Arrays[q.Name]
		if a == nil {
			return nil, badInput(q, "no array given for %s", q.Name)
		}
		if a.Type != q.Type {
			return nil, badInput(q, "array given for %s is %s, not %s", q.Name, a.Type, q.Type)
		}
		return a, nil
	}
	scalar := func(q *loopir.Param) (uint64, error) {
		v, ok := in.Scalars[q.Name]
		if !ok || v.Type != q.Type {
			return 0, badInput(q, "no %s given for scalar %s", q.Type, q.Name)
		}
		return v.Bits, nil
	}
	fr, err := m.activate(p, in.Sizes, given, scalar)
	if err != nil {
		return nil, err
	}
	if err := m.runKernel(p, fr, in.Sizes); err != nil {
		return nil, err
	}
	out := &Outputs{Arrays: map[string]*Array{}, Steps: m.steps}
	for _, q := range p.kernel.Params {
		if q.Kind == loopir.ArrayParam && q.Dir != loopir.In {
			st := fr.views[p.sc.views[q.Name]].st
			out.Arrays[q.Name] = &Array{st.typ, st.shape, st.bits}
		}
	}
	return out, nil
}

func badInput(q *loopir.Param, format string, args ...any) error {
	return &Fault{Kind: BadInput, Err: loopir.Errorf(q.Span, format, args...)}
}

func newMachine(ctx context.Context, d domain, opts Options) *machine {
	m := &machine{ctx: ctx, dom: d, maxSteps: opts.MaxSteps, maxBytes: opts.MaxBytes, trace: opts.Trace}
	if m.maxSteps == 0 {
		m.maxSteps = 1e9
	}
	if m.maxBytes == 0 {
		m.maxBytes = 1 << 30
	}
	return m
}

// activate makes the outermost frame.
func (m *machine) activate(p *program, sizes map[string]int64, given func(*loopir.Param) (*Array, error), scalar func(*loopir.Param) (uint64, error)) (fr *frame, err error) {
	defer recoverFault(&err)
	fr = &frame{ints: make([]int64, p.sc.nInts), views: make([]view, p.sc.nViews), m: m}
	for _, q := range p.kernel.Params {
		if q.Kind != loopir.SizeParam {
			continue
		}
		v, ok := sizes[q.Name]
		if !ok || v < 0 {
			return nil, badInput(q, "size %s is %d; it must be given and at least 0", q.Name, v)
		}
		fr.ints[p.sc.index[q.Name]] = v
	}
	p.checkWhere(fr, p.kernel.Span)
	for i, q := range p.kernel.Params {
		switch q.Kind {
		case loopir.ScalarParam:
			v, err := scalar(q)
			if err != nil {
				return nil, err
			}
			st := m.newStore(q.Name, q.Type, nil, q.Span)
			st.bits[0], st.init[0], st.fixed = v, true, true
			fr.views[p.sc.views[q.Name]] = whole(st)
		case loopir.ArrayParam:
			shape := make([]int, len(p.shapes[i]))
			for d, e := range p.shapes[i] {
				shape[d] = m.extent(e(fr), q.Name, q.Shape[d].Source())
			}
			st := m.newStore(q.Name, q.Type, shape, q.Span)
			fr.views[p.sc.views[q.Name]] = whole(st)
			if q.Dir == loopir.Out {
				continue
			}
			a, err := given(q)
			if err != nil {
				return nil, err
			}
			if !equalInts(a.Shape, shape) {
				return nil, badInput(q, "array given for %s has extents %v, not %v", q.Name, a.Shape, shape)
			}
			copy(st.bits, a.Bits)
			for j := range st.init {
				st.init[j] = true
			}
			st.fixed = q.Dir == loopir.In
		}
	}
	return fr, nil
}

// runKernel runs the body and checks that out arrays are written, padding
// excepted.
func (m *machine) runKernel(p *program, fr *frame, sizes map[string]int64) (err error) {
	defer func() {
		if f, ok := err.(*Fault); ok {
			f.Stmt, f.Iters = m.cur, append([]Iter(nil), m.iters...)
			if len(m.iters) > 0 {
				f.Err.Note(loopir.Span{}, "in kernel %s%s", p.kernel.Name, describeIters(m.iters))
			}
		}
	}()
	defer recoverFault(&err)
	run(p.body, fr)
	m.cur = nil
	for _, q := range p.kernel.Params {
		if q.Kind != loopir.ArrayParam || q.Dir != loopir.Out {
			continue
		}
		st := fr.views[p.sc.views[q.Name]].st
		var skip []bool
		if q.Layout != nil {
			pk, err := NewPacking(q, sizes)
			if err != nil {
				return err
			}
			skip = pk.Padding()
		}
		for off, ok := range st.init {
			if !ok && (skip == nil || !skip[off]) {
				cell := unflatten(st.shape, off)
				return &Fault{
					Kind: Unwritten, Array: q.Name, Cell: cell,
					Err: loopir.Errorf(q.Span, "out cell %s is never written", CellName(q.Name, cell)),
				}
			}
		}
	}
	return nil
}

// maxCells bounds the arrays made outside of a run.
const maxCells = 1 << 27

// RandomInputs makes arguments for k at the given sizes: f gives the value of
// each cell. A packed array is filled in its packed shape.
func RandomInputs(k *loopir.Kernel, sizes map[string]int64, f func(p *loopir.Param, off int) Value) (*Inputs, error) {
	in := &Inputs{Sizes: sizes, Scalars: map[string]Value{}, Arrays: map[string]*Array{}}
	for _, p := range k.Params {
		switch {
		case p.Kind == loopir.ScalarParam:
			in.Scalars[p.Name] = f(p, 0)
		case p.Kind == loopir.ArrayParam && p.Dir != loopir.Out:
			shape, err := extents(p.Shape, sizes)
			if err != nil {
				return nil, err
			}
			if n, ok := cells(shape); !ok || n > maxCells {
				return nil, badInput(p, "array %s of extents %v is too large", p.Name, shape)
			}
			in.Arrays[p.Name] = NewArray(p.Type, shape...).Fill(func(off int) Value { return f(p, off) })
		}
	}
	return in, nil
}

// String names the access: A[1][2] = 3.
func (a Access) String() string { return fmt.Sprintf("%s = %s", CellName(a.Array, a.Cell), a.Value) }
