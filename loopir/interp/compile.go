package interp

import (
	"github.com/loopopt/loopopt/loopir"
)

// A kernel is compiled to closures over frames: names become slots, and what a
// statement does is a function of the frame. A domain says what arithmetic on
// values is: numbers, or terms.

type (
	action  func(*frame)
	indexFn func(*frame) int64
	condFn  func(*frame) bool
	valueFn func(*frame) uint64
)

// A frame holds one activation of a kernel.
type frame struct {
	ints  []int64  // sizes and iterators
	views []view   // arrays and scalars
	vals  []uint64 // parameters and lets of a func
	m     *machine
}

// A scope maps the names of one kernel to slots of its frame.
type scope struct {
	kernel *loopir.Kernel
	index  map[string]int
	views  map[string]int
	vals   map[string]int
	decls  map[string]decl
	nInts  int
	nViews int
}

type decl struct {
	typ  loopir.Type
	rank int
}

func (sc *scope) addIndex(name string) int {
	sc.index[name] = sc.nInts
	sc.nInts++
	return sc.nInts - 1
}

func (sc *scope) addView(name string, t loopir.Type, rank int) int {
	sc.views[name] = sc.nViews
	sc.decls[name] = decl{t, rank}
	sc.nViews++
	return sc.nViews - 1
}

type compiler struct {
	file   *loopir.File
	dom    domain
	active map[string]bool // kernels being compiled
	funcs  map[*loopir.Func]*body
}

func newCompiler(f *loopir.File, d domain) *compiler {
	return &compiler{file: f, dom: d, active: map[string]bool{}, funcs: map[*loopir.Func]*body{}}
}

func (c *compiler) scope(k *loopir.Kernel) *scope {
	return &scope{kernel: k, index: map[string]int{}, views: map[string]int{}, vals: map[string]int{}, decls: map[string]decl{}}
}

// A program is a compiled kernel.
type program struct {
	kernel *loopir.Kernel
	sc     *scope
	shapes [][]indexFn // by parameter
	where  []condFn
	body   []action
}

func (c *compiler) kernel(k *loopir.Kernel) (*program, error) {
	if c.active[k.Name] {
		return nil, loopir.Errorf(k.Span, "kernel %s calls itself", k.Name)
	}
	c.active[k.Name] = true
	defer delete(c.active, k.Name)
	k = k.Clone()
	k.InlineLets()
	p := &program{kernel: k, sc: c.scope(k), shapes: make([][]indexFn, len(k.Params))}
	for _, q := range k.Params {
		if q.Kind == loopir.SizeParam {
			p.sc.addIndex(q.Name)
		} else {
			p.sc.addView(q.Name, q.Type, len(q.Shape))
		}
	}
	for i, q := range k.Params {
		shape, err := c.indices(q.Shape, p.sc)
		if err != nil {
			return nil, err
		}
		p.shapes[i] = shape
	}
	for _, e := range k.Where {
		w, err := c.cond(e, p.sc)
		if err != nil {
			return nil, err
		}
		p.where = append(p.where, w)
	}
	var err error
	p.body, err = c.stmts(k.Body, p.sc)
	return p, err
}

func (c *compiler) stmts(body []loopir.Stmt, sc *scope) ([]action, error) {
	var out []action
	for _, s := range body {
		a, err := c.stmt(s, sc)
		if err != nil {
			return nil, err
		}
		if a != nil {
			out = append(out, a)
		}
	}
	return out, nil
}

func (c *compiler) stmt(s loopir.Stmt, sc *scope) (action, error) {
	switch s := s.(type) {
	case *loopir.For:
		return c.loop(s, sc)
	case *loopir.If:
		return c.branch(s, sc)
	case *loopir.Local:
		return c.local(s, sc)
	case *loopir.Assign:
		return c.assign(s, sc)
	case *loopir.Call:
		return c.call(s, sc)
	case *loopir.Prefetch:
		return nil, nil // a hint, allowed to point anywhere
	}
	return nil, loopir.Errorf(s.Source(), "statement %T can't be run", s)
}

func run(body []action, fr *frame) {
	for _, a := range body {
		a(fr)
	}
}
