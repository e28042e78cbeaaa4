package interp

import (
	"github.com/loopopt/loopopt/loopir"
)

// windowFn makes the view that an argument is.
type windowFn func(*frame) view

func (c *compiler) window(w *loopir.Window, sc *scope) (windowFn, error) {
	slot, ok := sc.views[w.Name]
	if !ok {
		return nil, loopir.Errorf(w.Span, "no array %s here", w.Name)
	}
	if w.Dims == nil {
		return func(fr *frame) view { return fr.views[slot] }, nil
	}
	if d := sc.decls[w.Name]; len(w.Dims) != d.rank {
		return nil, loopir.Errorf(w.Span, "%s has %d dimensions, not %d", w.Name, d.rank, len(w.Dims))
	}
	lo, hi := make([]indexFn, len(w.Dims)), make([]indexFn, len(w.Dims))
	for i, d := range w.Dims {
		var err error
		if lo[i], err = c.index(d.Lo, sc); err != nil {
			return nil, err
		}
		if d.Hi == nil {
			continue
		}
		if hi[i], err = c.index(d.Hi, sc); err != nil {
			return nil, err
		}
	}
	return func(fr *frame) view { return fr.views[slot].cut(fr, w, lo, hi) }, nil
}

// cut is the window of v; a bound outside v is a fault.
func (v view) cut(fr *frame, w *loopir.Window, lo, hi []indexFn) view {
	out := view{st: v.st, off: v.off, box: append([]span(nil), v.box...)}
	kept := v.keptDims()
	for d, dm := range v.dims {
		l := lo[d](fr)
		h := l + 1
		if hi[d] != nil {
			h = hi[d](fr)
		}
		if h < l {
			raise(NegativeExtent, w.Span, "window of %s: dimension %d runs from %d down to %d", w.Name, d, l, h)
		}
		if l < 0 || h > int64(dm.extent) {
			raise(OutOfBounds, w.Span, "window of %s is out of bounds: dimension %d has %d..%d of extent %d", w.Name, d, l, h, dm.extent)
		}
		out.off += int(l) * dm.stride
		out.box[kept[d]] = span{v.box[kept[d]].lo + int(l), int(h - l)}
		if hi[d] != nil {
			out.dims = append(out.dims, dim{int(h - l), dm.stride})
		}
	}
	out.kept = nil
	for d := range v.dims {
		if hi[d] != nil {
			out.kept = append(out.kept, kept[d])
		}
	}
	return out
}

// keptDims maps v's dimensions to those of its store.
func (v view) keptDims() []int {
	if v.kept != nil {
		return v.kept
	}
	out := make([]int, len(v.dims))
	for i := range out {
		out[i] = i
	}
	return out
}

// overlaps tells whether two views share a cell.
func (v view) overlaps(w view) bool {
	if v.st != w.st {
		return false
	}
	for d, a := range v.box {
		b := w.box[d]
		if a.n == 0 || b.n == 0 || a.lo+a.n <= b.lo || b.lo+b.n <= a.lo {
			return false
		}
	}
	return true
}

// each calls f for every cell of v.
func (v view) each(f func(off int)) { eachCell(v.dims, v.off, f) }

func eachCell(dims []dim, off int, f func(int)) {
	if len(dims) == 0 {
		f(off)
		return
	}
	for i := range dims[0].extent {
		eachCell(dims[1:], off+i*dims[0].stride, f)
	}
}

// An argument puts one argument of a call into the callee's frame.
type argument func(caller, callee *frame)

func (c *compiler) call(s *loopir.Call, sc *scope) (action, error) {
	var callee *loopir.Kernel
	if c.file != nil {
		callee = c.file.Kernel(s.Kernel)
	}
	if callee == nil {
		return nil, loopir.Errorf(s.Span, "no kernel %s in this file", s.Kernel)
	}
	if len(s.Args) != len(callee.Params) {
		return nil, loopir.Errorf(s.Span, "%s takes %d arguments, not %d", s.Kernel, len(callee.Params), len(s.Args))
	}
	p, err := c.kernel(callee)
	if err != nil {
		return nil, err
	}
	args := make([]argument, len(s.Args))
	for i, q := range p.kernel.Params {
		if args[i], err = c.argument(s.Args[i], q, p, sc); err != nil {
			return nil, err
		}
	}
	inner := &frame{ints: make([]int64, p.sc.nInts), views: make([]view, p.sc.nViews)} // no recursion: one is enough
	return func(fr *frame) {
		m := fr.m
		m.cur = s
		m.tick()
		inner.m = m
		for _, a := range args {
			a(fr, inner)
		}
		p.enter(inner, s)
		run(p.body, inner)
		p.leave(inner, s)
	}, nil
}

func (c *compiler) argument(e loopir.Expr, q *loopir.Param, p *program, sc *scope) (argument, error) {
	switch q.Kind {
	case loopir.SizeParam:
		slot := p.sc.index[q.Name]
		x, err := c.index(e, sc)
		return func(fr, in *frame) {
			if in.ints[slot] = x(fr); in.ints[slot] < 0 {
				raise(WhereFails, e.Source(), "size %s of %s is %d", q.Name, p.kernel.Name, in.ints[slot])
			}
		}, err
	case loopir.ScalarParam:
		slot := p.sc.views[q.Name]
		x, err := c.value(e, q.Type, sc)
		return func(fr, in *frame) {
			st := &store{name: q.Name, typ: q.Type, bits: []uint64{x(fr)}, init: []bool{true}, fixed: true}
			fr.m.serial++
			st.serial = fr.m.serial
			in.views[slot] = whole(st)
		}, err
	}
	w, ok := e.(*loopir.Window)
	if !ok {
		return nil, loopir.Errorf(e.Source(), "argument %s of %s must be an array or a window of one", q.Name, p.kernel.Name)
	}
	if t := sc.decls[w.Name].typ; t != q.Type {
		return nil, loopir.Errorf(w.Span, "%s is %s, but %s of %s is %s", w.Name, t, q.Name, p.kernel.Name, q.Type)
	}
	slot := p.sc.views[q.Name]
	win, err := c.window(w, sc)
	return func(fr, in *frame) {
		v := win(fr)
		if v.st == nil {
			raise(BadKernel, w.Span, "%s is used before its declaration", w.Name)
		}
		if v.st.fixed && q.Dir != loopir.In {
			raise(BadKernel, w.Span, "%s can't be written: it is an input", w.Name)
		}
		in.views[slot] = v
	}, err
}

// enter checks what a call promises: where, extents, no aliasing; the cells of
// out arguments start uninitialized.
func (p *program) enter(fr *frame, s *loopir.Call) {
	p.checkWhere(fr, s.Span)
	for i, q := range p.kernel.Params {
		if q.Kind != loopir.ArrayParam {
			continue
		}
		v := fr.views[p.sc.views[q.Name]]
		if len(v.dims) != len(p.shapes[i]) {
			raise(BadKernel, s.Args[i].Source(), "%s of %s has %d dimensions, the argument has %d", q.Name, s.Kernel, len(p.shapes[i]), len(v.dims))
		}
		for d, e := range p.shapes[i] {
			if n := fr.m.extent(e(fr), q.Name, s.Span); n != v.dims[d].extent {
				raise(OutOfBounds, s.Args[i].Source(), "dimension %d of %s of %s has extent %d, the argument has %d", d, q.Name, s.Kernel, n, v.dims[d].extent)
			}
		}
	}
	p.checkAliases(fr, s)
	if fr.m.path != 0 {
		return // where the condition fails, the old content stays
	}
	for _, q := range p.kernel.Params {
		if q.Kind == loopir.ArrayParam && q.Dir == loopir.Out {
			v := fr.views[p.sc.views[q.Name]]
			v.each(func(off int) { v.st.init[off] = false })
		}
	}
}

func (p *program) checkAliases(fr *frame, s *loopir.Call) {
	for i, a := range p.kernel.Params {
		for _, b := range p.kernel.Params[:i] {
			if a.Kind != loopir.ArrayParam || b.Kind != loopir.ArrayParam || a.Dir == loopir.In && b.Dir == loopir.In {
				continue
			}
			if fr.views[p.sc.views[a.Name]].overlaps(fr.views[p.sc.views[b.Name]]) {
				raise(Alias, s.Args[i].Source(), "%s and %s of %s overlap, and one is written", b.Name, a.Name, s.Kernel)
			}
		}
	}
}

// leave checks that out arguments are written.
func (p *program) leave(fr *frame, s *loopir.Call) {
	for i, q := range p.kernel.Params {
		if q.Kind != loopir.ArrayParam || q.Dir != loopir.Out {
			continue
		}
		v := fr.views[p.sc.views[q.Name]]
		v.each(func(off int) {
			if !v.st.init[off] {
				cell := unflatten(v.st.shape, off)
				panic(&Fault{Kind: Unwritten, Array: v.st.name, Cell: cell, Err: loopir.Errorf(s.Args[i].Source(),
					"%s leaves %s unwritten, a cell of its out parameter %s", s.Kernel, CellName(v.st.name, cell), q.Name)})
			}
		})
	}
}

func (p *program) checkWhere(fr *frame, at loopir.Span) {
	for i, w := range p.where {
		if !w(fr) {
			f := &Fault{Kind: WhereFails, Err: loopir.Errorf(at, "the where clause of %s does not hold for these sizes", p.kernel.Name)}
			f.Err.Note(p.kernel.Where[i].Source(), "this condition fails")
			panic(f)
		}
	}
}
