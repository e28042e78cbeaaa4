package interp

import "github.com/loopopt/loopopt/loopir"

func (c *compiler) loop(s *loopir.For, sc *scope) (action, error) {
	lo, err := c.index(s.Lo, sc)
	if err != nil {
		return nil, err
	}
	hi, err := c.index(s.Hi, sc)
	if err != nil {
		return nil, err
	}
	step := indexFn(func(*frame) int64 { return 1 })
	if s.Step != nil {
		if step, err = c.index(s.Step, sc); err != nil {
			return nil, err
		}
	}
	var reduce []int
	for _, r := range s.Reduce {
		slot, ok := sc.views[r.Name]
		if !ok {
			return nil, loopir.Errorf(s.Span, "reduction over the unknown name %s", r.Name)
		}
		reduce = append(reduce, slot)
	}
	slot := sc.addIndex(s.Iter)
	body, err := c.stmts(s.Body, sc)
	if err != nil {
		return nil, err
	}
	return func(fr *frame) {
		m := fr.m
		m.cur = s
		l, h, st := lo(fr), hi(fr), step(fr)
		if st <= 0 {
			raise(BadStep, s.Span, "loop %s has step %d", s.Iter, st)
		}
		m.iters = append(m.iters, Iter{Name: s.Iter})
		top := len(m.iters) - 1
		if s.Par != loopir.Sequential {
			m.enterParallel(s, fr, reduce)
		}
		for i := l; i < h; {
			m.tick()
			m.iters[top].Value = i
			fr.ints[slot] = i
			run(body, fr)
			next, ok := addIndex(i, st)
			if !ok {
				break
			}
			i = next
		}
		if s.Par != loopir.Sequential {
			m.leaveParallel()
		}
		m.iters = m.iters[:top]
	}, nil
}

func (c *compiler) branch(s *loopir.If, sc *scope) (action, error) {
	then, err := c.stmts(s.Then, sc)
	if err != nil {
		return nil, err
	}
	els, err := c.stmts(s.Else, sc)
	if err != nil {
		return nil, err
	}
	if c.dom.symbolic() && usesData(s.Cond) {
		cond, err := c.truth(s.Cond, sc)
		if err != nil {
			return nil, err
		}
		return func(fr *frame) {
			fr.m.cur = s
			fr.m.tick()
			t := cond(fr)
			fr.m.under(t, func() { run(then, fr) })
			fr.m.under(c.dom.unary("!", loopir.Bool)(t), func() { run(els, fr) })
		}, nil
	}
	cond, err := c.cond(s.Cond, sc)
	if err != nil {
		return nil, err
	}
	return func(fr *frame) {
		fr.m.cur = s
		fr.m.tick()
		if cond(fr) {
			run(then, fr)
		} else {
			run(els, fr)
		}
	}, nil
}

func (c *compiler) local(s *loopir.Local, sc *scope) (action, error) {
	shape, err := c.indices(s.Shape, sc)
	if err != nil {
		return nil, err
	}
	var init valueFn
	if s.Init != nil {
		if s.Shape != nil {
			return nil, loopir.Errorf(s.Span, "array %s can't have an initial value", s.Name)
		}
		if init, err = c.value(s.Init, s.Type, sc); err != nil {
			return nil, err
		}
	}
	slot := sc.addView(s.Name, s.Type, len(s.Shape))
	return func(fr *frame) {
		m := fr.m
		m.cur = s
		m.tick()
		dims := make([]int, len(shape))
		for d, e := range shape {
			dims[d] = m.extent(e(fr), s.Name, s.Span)
		}
		var v uint64
		if init != nil {
			v = init(fr)
		}
		st := m.renew(fr.views[slot].st, s, dims)
		fr.views[slot] = whole(st)
		if init != nil {
			st.bits[0], st.init[0] = v, true
		}
	}, nil
}

// place computes the store and the offset of a cell.
type place func(*frame) (*store, int)

func (c *compiler) place(r *loopir.Read, sc *scope) (place, decl, error) {
	slot, ok := sc.views[r.Name]
	if !ok {
		return nil, decl{}, loopir.Errorf(r.Span, "no array or scalar %s here", r.Name)
	}
	d := sc.decls[r.Name]
	if len(r.Index) != d.rank {
		return nil, d, loopir.Errorf(r.Span, "%s has %d dimensions, not %d", r.Name, d.rank, len(r.Index))
	}
	idx, err := c.indices(r.Index, sc)
	if err != nil {
		return nil, d, err
	}
	return func(fr *frame) (*store, int) {
		v := &fr.views[slot]
		if v.st == nil {
			raise(BadKernel, r.Span, "%s is used before its declaration", r.Name)
		}
		off := v.off
		for d, e := range idx {
			i := e(fr)
			if dim := v.dims[d]; i >= 0 && i < int64(dim.extent) {
				off += int(i) * dim.stride
				continue
			}
			raiseBounds(fr, r, d, idx, v)
		}
		return v.st, off
	}, d, nil
}

func raiseBounds(fr *frame, r *loopir.Read, d int, idx []indexFn, v *view) {
	cell := make([]int, len(idx))
	for i, e := range idx {
		cell[i] = int(e(fr))
	}
	f := &Fault{Kind: OutOfBounds, Array: r.Name, Cell: cell, Err: loopir.Errorf(r.Span,
		"%s is out of bounds: index %d of extent %d", CellName(r.Name, cell), d, v.dims[d].extent)}
	if n := v.dims[d].extent; n > 0 {
		f.Err.Note(loopir.Span{}, "legal there are 0 to %d, not %d", n-1, cell[d])
	} else {
		f.Err.Note(loopir.Span{}, "no index is legal there")
	}
	panic(f)
}

func (c *compiler) assign(s *loopir.Assign, sc *scope) (action, error) {
	at, d, err := c.place(s.LHS, sc)
	if err != nil {
		return nil, err
	}
	rhs, err := c.value(s.RHS, d.typ, sc)
	if err != nil {
		return nil, err
	}
	if s.Op == loopir.Set {
		return func(fr *frame) {
			m := fr.m
			m.begin(s)
			v := rhs(fr)
			st, off := at(fr)
			m.write(st, off, v, s)
		}, nil
	}
	op := c.checkedBinary(updateOps[s.Op], d.typ, s.Span)
	return func(fr *frame) {
		m := fr.m
		m.begin(s)
		v := rhs(fr)
		st, off := at(fr)
		old := m.load(st, off, s.LHS, s.Op)
		m.write(st, off, op(old, v), s)
	}, nil
}

var updateOps = map[loopir.AssignOp]string{
	loopir.AddTo: "+", loopir.SubTo: "-", loopir.MulTo: "*", loopir.DivTo: "/",
	loopir.MinTo: "min", loopir.MaxTo: "max",
}
