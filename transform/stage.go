package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var stage = &Primitive{
	Name:   "stage",
	Syntax: "stage A|A[window] in registers|stack|heap [at L|around L] as t [pad [m][m].. [fill e]]",
	Doc: `Lets the body of loop L (at), the whole loop L (around), or without either the whole
kernel, work on a local copy t of the part of A that it touches.

	for ib in 0..N/4 { for k in 0..K { for i in 0..4 { A[4*ib+i] += B[k] } } }
=>	for ib in 0..N/4 {                         // stage A in registers at ib as t
		var t: f32[4] in registers
		for i in 0..4 { t[i] = A[4*ib+i] }
		for k in 0..K { for i in 0..4 { t[i] += B[k] } }
		for i in 0..4 { A[4*ib+i] = t[i] }
	}

The part is the smallest box around all indices; dimensions in which L's body
stays at one index are dropped. A[lo..hi][i] names the box instead. What
is read before it is written is copied in, what is written is copied out; copy
loops are named and marked (unroll, vectorize) after the loops that run over
the box, so that later steps reach them too. Where a condition keeps the
body off some cells, the copies keep off what lies outside of A.

Registers need constant extents, the stack constant bounds of extents; heap
buffers may have any size. pad rounds the extents of t up to multiples (a 1
leaves one alone), and fill writes e into what no cell of A fills.

Every access in L's body must lie in the box when A is written there; else those
that do not, read A as before. A packed buffer is a staged one and a layout:
stage B in heap at jb as Bp, then layout Bp[k][j] as [j/16][k][j%16].`,
	Apply: applyStage,
}

// A staging is what a stage step asks for.
type staging struct {
	array  loopir.Token
	window *loopir.Window // nil: the smallest box
	mem    loopir.Mem
	at     *Ref // nil: the whole kernel
	whole  bool // the whole loop, not its body
	as     loopir.Token
	pad    []loopir.Expr
	fill   loopir.Expr
}

var mems = map[string]loopir.Mem{"registers": loopir.Registers, "stack": loopir.Stack, "heap": loopir.Heap}

func applyStage(c *Context, args *loopir.Cursor) error {
	s, err := c.parseStaging(args)
	if err != nil {
		return err
	}
	if s.at == nil {
		if err := c.CheckNewAnywhere(s.as); err != nil {
			return err
		}
		return c.stage(s, region{body: &c.Kernel.Body}, s.array.Span)
	}
	name := s.as.Text
	return c.EachLoop(*s.at, func(l *Loop) error {
		if !s.whole {
			if err := c.CheckNew(s.as, l.For); err != nil {
				return err
			}
			return c.stage(s, region{&l.Body, l.Inside()}, s.at.Name.Span)
		}
		if s.as.Text = name; c.declaredBeside(name, l.For, nil) {
			s.as.Text = c.Fresh(name)
			c.Note(s.as.Span, "the local of one of the loops %s is called %s", s.at, s.as.Text)
		}
		if err := c.CheckNew(s.as, l.For); err != nil {
			return err
		}
		body := []loopir.Stmt{l.For}
		if err := c.stage(s, region{&body, l.Around}, s.at.Name.Span); err != nil {
			return err
		}
		c.Replace(l.For, body...)
		return nil
	})
}

// stage rewrites one region; when it returns an error it has changed nothing.
func (c *Context) stage(s *staging, r region, at loopir.Span) error {
	a := c.visible(s.array.Text, r.around)
	switch {
	case a == nil && len(c.arraysCalled(s.array.Text)) == 0:
		return c.noArray(s.array)
	case a == nil, a.local != nil && slices.Contains(*r.body, loopir.Stmt(a.local)):
		return c.Reject(s.array.Span, "%s is declared inside of this loop", s.array.Text)
	}
	if a.local != nil && a.local.Shape == nil {
		c.Note(s.array.Span, "%s is a scalar already", a.name)
		return nil
	}
	all := c.accesses(*r.body, a)
	if len(all) == 0 {
		c.Note(at, "nothing here reads or writes %s", a.name)
		return nil
	}
	t, beside, err := c.stagedTile(s, a, all, r.around)
	if err != nil {
		return err
	}
	local, err := c.tileLocal(s, t)
	if err != nil {
		return err
	}
	for _, b := range beside {
		c.Note(b.stmt.Source(), "%s is still read here, outside of %s", a.name, s.as.Text)
	}
	c.putTile(s, r, t, local, all, len(beside) > 0)
	return nil
}

// stagedTile finds the tile, as written or as accessed, and the reads that do
// not lie in it.
func (c *Context) stagedTile(s *staging, a *array, all []*access, around []Scope) (*tile, []*access, error) {
	t, beside := c.findTile(a, all, around)
	if s.window != nil {
		var err error
		if t, beside, err = c.writtenTile(s, a, all, around); err != nil {
			return nil, nil, err
		}
	}
	if t == nil {
		return nil, nil, c.Reject(all[0].stmt.Source(), "the part of %s that is used here has no bounds that are constant in the region", a.name)
	}
	written := slices.ContainsFunc(all, func(x *access) bool { return x.writes })
	if written && len(beside) > 0 {
		return nil, nil, c.Reject(s.array.Span, "%s is written here, and not all of its uses lie in one box of constant size",
			a.name).Note(beside[0].stmt.Source(), "this one can't be compared with the others")
	}
	return t, beside, nil
}

// writtenTile is the tile that the step's window names.
func (c *Context) writtenTile(s *staging, a *array, all []*access, around []Scope) (*tile, []*access, error) {
	if len(s.window.Dims) != len(a.shape) {
		return nil, nil, c.Reject(s.window.Span, "%s has %d dimensions, not %d", a.name, len(a.shape), len(s.window.Dims))
	}
	t := &tile{of: a, around: around}
	for _, d := range s.window.Dims {
		extent := lit(1)
		if d.Hi != nil {
			extent = c.difference(d.Hi, d.Lo, around)
		}
		t.base = append(t.base, c.Simplify(d.Lo, around))
		t.extent = append(t.extent, extent)
	}
	var fit, beside []*access
	for _, x := range all {
		if b := c.boxOf(x.dims, around, x.inner); b != nil && c.contains(t, b) {
			fit = append(fit, x)
		} else {
			beside = append(beside, x)
		}
	}
	if len(fit) == 0 {
		return nil, nil, c.Reject(s.window.Span, "no use of %s here surely lies in this window", a.name)
	}
	c.chooseDims(t, fit)
	return t, beside, nil
}

// tileLocal declares the local for the tile.
func (c *Context) tileLocal(s *staging, t *tile) (*loopir.Local, error) {
	local := &loopir.Local{Name: s.as.Text, Type: t.of.typ, Mem: s.mem, Span: s.as.Span}
	if s.pad != nil && len(s.pad) != len(t.kept) {
		return nil, c.Reject(s.pad[0].Source(), "%s has %d dimensions, pad gives %d", s.as.Text, len(t.kept), len(s.pad))
	}
	for i, d := range t.kept {
		size := c.Simplify(t.extent[d], t.around)
		if _, ok := size.(*loopir.Int); !ok && s.mem == loopir.Registers {
			return nil, c.Reject(s.array.Span, "registers need constant extents, but dimension %d of %s has %s here: take the stack or heap",
				i+1, s.as.Text, loopir.FormatExpr(size))
		}
		size, ok := c.fixedSize(size, t.around)
		if !ok && s.mem == loopir.Stack {
			return nil, c.Reject(s.array.Span, "the stack needs bounded extents, but dimension %d of %s has %s here: take the heap",
				i+1, s.as.Text, loopir.FormatExpr(size))
		}
		if s.pad != nil {
			size = c.Simplify(times(s.pad[i], quotUp(size, s.pad[i])), t.around)
		}
		local.Shape = append(local.Shape, size)
	}
	return local, nil
}

// fixedSize replaces an extent that varies by a constant bound, or for want of
// one by a bound that is the same in all iterations of the loops around; it
// tells whether the bound is constant.
func (c *Context) fixedSize(extent loopir.Expr, around []Scope) (loopir.Expr, bool) {
	if _, ok := extent.(*loopir.Int); ok {
		return extent, true
	}
	facts := c.Facts(around)
	if _, hi := facts.Bounds(extent); hi != nil {
		return &loopir.Int{Value: hi, Type: loopir.Index}, true
	}
	if e := extreme(extent, loops(around), true, facts); e != nil {
		extent = e
	}
	if !c.Holds(le(lit(0), extent), around) {
		extent = c.Simplify(maxOf(lit(0), extent), around)
	}
	return extent, false
}
