package simd

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Program is a region taken apart for assembly.
type Program struct {
	Args []Arg

	body  []node
	types []loopir.Type // that statements mention, or that their values may need
	used  []loopir.Type // of the values
	wide  int64         // bytes of the widest
	lanes []int64       // extents of the vectorized loops that aren't masked
	span  loopir.Span   // where errors without a better place point
}

// A node is a *loop, a *guard or a *block.
type node interface{}

// A loop runs its body trip times; bumps are found from the affines.
type loop struct {
	name  string
	trip  amount
	count poly.Poly // trip as a polynomial
	body  []node
	uid   int
}

// A guard runs yes when the affine number at op 0 holds, else no. With lanes, op is Gt
// or Le, and yes is masked, active in lane l when at op l, no in the other lanes.
type guard struct {
	at      place
	op      loopir.Op
	lanes   int64 // extent of the masked loop, 0 for none
	yes, no []node
}

// A block is straight-line code.
type block struct{ stmts []*stmt }

// An amount is a constant or an argument.
type amount struct {
	imm int64
	arg string // field name, or empty
}

// A lowerer walks the region's statements; unrolled iterators are constants in
// iters, counted ones loop variables, the vectorized one the variable laneVar.
type lowerer struct {
	prog   *Program
	args   argTable
	arrays map[string]*array
	affs   []*affine
	loops  []*loop       // around the place
	nest   []*loopir.For // the same, and those that are written out or lanes
	sizes  []string
	loopID int
	iters  map[string]poly.Poly
	lanes  int64           // extent of the vectorized loop around the place, or 0
	last   poly.Poly       // the last of its lanes that any mask leaves on
	inside map[string]bool // iterators of loops inside of vectorized ones
	locals map[string]*local
	funcs  map[string]*loopir.Func // with a body
	bound  map[string]*value       // parameters and lets of the function around the place
	calls  map[string]*value       // of the statement, of functions with bodies
	facts  poly.Facts
	budget int // statements that may still be written out
	masks  bool
	isa    ISA
}

const (
	laneVar   = "#lane"
	maxUnroll = 20000
)

// Lower takes r apart for an ISA. The error, a *loopir.Error, says which construct has
// no assembly form; the caller then keeps the region in Go.
func Lower(r *Region, isa ISA) (*Program, error) {
	if r.why != nil {
		return nil, r.why
	}
	l := &lowerer{
		isa:    isa,
		prog:   &Program{span: r.span()},
		arrays: map[string]*array{},
		iters:  map[string]poly.Poly{},
		inside: map[string]bool{},
		locals: map[string]*local{},
		funcs:  map[string]*loopir.Func{},
		budget: maxUnroll,
	}
	for _, fn := range r.Funcs {
		if fn.Value != nil {
			l.funcs[fn.Name] = fn
		}
	}
	l.prog.elements(r.Stmts(), l.funcs)
	l.masks = isa == AVX512 || isa == AVX2 && l.prog.narrow() >= 4
	l.facts = poly.KernelFacts(r.Kernel)
	for _, p := range r.Kernel.Params {
		if p.Kind == loopir.SizeParam {
			l.sizes = append(l.sizes, p.Name)
		}
	}
	for _, o := range r.Path {
		l.facts = l.facts.Enter(o)
	}
	l.declare(r)
	body, err := l.list(r.Stmts())
	if err != nil {
		return nil, err
	}
	l.prog.body = hoistGuards(body)
	l.families()
	if err := l.amounts(l.prog.body); err != nil {
		return nil, err
	}
	l.prog.Args = l.args.sorted()
	return l.prog, nil
}

func unsupported(at loopir.Span, format string, args ...any) error {
	return loopir.Rejectf(at, "no assembly form: "+format, args...)
}

// list lowers statements in the scope of a list of their own.
func (l *lowerer) list(body []loopir.Stmt) ([]node, error) {
	var out []node
	saved := map[string]*local{}
	var declared []string
	for i, s := range body {
		if d, ok := s.(*loopir.Local); ok {
			if _, seen := saved[d.Name]; !seen {
				declared = append(declared, d.Name)
				saved[d.Name] = l.locals[d.Name]
			}
			loc, err := l.local(d, body[i+1:])
			if err != nil {
				return nil, err
			}
			l.locals[d.Name] = loc
			if d.Init == nil {
				continue
			}
		}
		nodes, err := l.stmt(s)
		if err != nil {
			return nil, err
		}
		out = appendNodes(out, nodes)
	}
	for _, n := range declared {
		out = appendNodes(out, []node{&block{stmts: []*stmt{{end: l.locals[n]}}}})
		l.locals[n] = saved[n]
	}
	return out, nil
}

// appendNodes joins neighbouring blocks, and neighbouring guards that test the
// same: conditions are on iterators, which no statement changes.
func appendNodes(out, nodes []node) []node {
	for _, n := range nodes {
		if len(out) > 0 {
			switch last := out[len(out)-1].(type) {
			case *block:
				if b, ok := n.(*block); ok {
					last.stmts = append(last.stmts, b.stmts...)
					continue
				}
			case *guard:
				if g, ok := n.(*guard); ok && g.at == last.at && g.op == last.op && g.lanes == last.lanes {
					last.yes = appendNodes(last.yes, g.yes)
					last.no = appendNodes(last.no, g.no)
					continue
				}
			}
		}
		out = append(out, n)
	}
	return out
}

func (l *lowerer) stmt(s loopir.Stmt) ([]node, error) {
	if l.budget--; l.budget < 0 {
		return nil, unsupported(s.Source(), "more than %d statements when unrolled", maxUnroll)
	}
	l.calls = map[string]*value{}
	switch s := s.(type) {
	case *loopir.For:
		return l.forLoop(s)
	case *loopir.If:
		return l.cond(s.Cond, func() ([]node, error) { return l.list(s.Then) }, func() ([]node, error) { return l.list(s.Else) })
	case *loopir.Local:
		lhs := &loopir.Read{Name: s.Name, Type: s.Type, Span: s.Span}
		return l.assign(&loopir.Assign{LHS: lhs, RHS: s.Init, Span: s.Span})
	case *loopir.Assign:
		return l.assign(s)
	case *loopir.Prefetch:
		return l.prefetch(s)
	}
	return nil, unsupported(s.Source(), "%T", s)
}

// index gives an index expression over sizes, outer iterators, loop variables
// and laneVar.
func (l *lowerer) index(e loopir.Expr) (poly.Poly, error) {
	p, err := poly.FromExpr(e)
	if err != nil {
		return poly.Poly{}, unsupported(e.Source(), "an index that comes from data")
	}
	return p.Subst(l.iters), nil
}

// invariant tells whether p has one value throughout the region.
func (l *lowerer) invariant(p poly.Poly) bool {
	if p.Uses(laneVar) {
		return false
	}
	for _, o := range l.loops {
		if p.Uses(o.variable()) {
			return false
		}
	}
	return true
}

func (o *loop) variable() string { return fmt.Sprintf("#%d", o.uid) }

// bind runs f with iterator name standing for p.
func (l *lowerer) bind(name string, p poly.Poly, f func() ([]node, error)) ([]node, error) {
	old, had := l.iters[name]
	l.iters[name] = p
	out, err := f()
	if had {
		l.iters[name] = old
	} else {
		delete(l.iters, name)
	}
	return out, err
}

func (l *lowerer) forLoop(s *loopir.For) ([]node, error) {
	l.nest = append(l.nest, s)
	defer func() { l.nest = l.nest[:len(l.nest)-1] }()
	lo, err := l.index(s.Lo)
	if err != nil {
		return nil, err
	}
	hi, err := l.index(s.Hi)
	if err != nil {
		return nil, err
	}
	if l.lanes > 0 && s.Step == nil && (lo.Uses(laneVar) || hi.Uses(laneVar)) {
		return l.slanted(s, lo, hi)
	}
	step := poly.Int(1)
	if s.Step != nil {
		if step, err = l.index(s.Step); err != nil {
			return nil, err
		}
	}
	trip := hi.Sub(lo)
	if !step.Equal(poly.Int(1)) {
		trip = poly.FloorDiv(trip.Add(step).Sub(poly.Int(1)), step)
	}
	body := func() ([]node, error) { return l.list(s.Body) }
	n, constant := constInt(trip)
	vector := s.Par == loopir.Vectorize
	if l.lanes == 0 && l.indexesLanes(s) && isPointwise(s) {
		vector = true // the copies of a tile often aren't marked
	}
	switch {
	case vector:
		return l.vector(s, lo, trip, step)
	case constant && n <= 0:
		return nil, nil
	case constant && (n == 1 || s.Unroll || l.indexesLocal(s)):
		var out []node
		for i := int64(0); i < n; i++ {
			nodes, err := l.bind(s.Iter, lo.Add(step.Mul(poly.Int(i))), body)
			if err != nil {
				return nil, err
			}
			out = appendNodes(out, nodes)
		}
		return out, nil
	case s.Unroll:
		return nil, unsupported(s.Span, "unrolled loop %s has no constant extent", s.Iter)
	case l.indexesLocal(s):
		return nil, unsupported(s.Span, "loop %s indexes a local in registers and has no constant extent", s.Iter)
	case !l.invariant(trip):
		return nil, unsupported(s.Span, "the extent of loop %s depends on a loop of the same region", s.Iter)
	}
	o, err := l.counted(s, lo, trip, step, body)
	if err == nil && len(o.body) == 0 {
		return nil, nil // all of it is behind guards that never hold
	}
	return []node{o}, err
}

// counted lowers a loop that is counted down; its iterator is lo + step times the
// number of the iteration.
func (l *lowerer) counted(s *loopir.For, lo, trip, step poly.Poly, body func() ([]node, error)) (*loop, error) {
	l.loopID++
	o := &loop{name: s.Iter, count: trip, uid: l.loopID}
	l.loops = append(l.loops, o)
	outside := l.facts
	l.facts = l.facts.Range(o.variable(), loopir.NewInt(0), trip.Expr())
	defer func() { l.facts = outside }()
	var err error
	o.body, err = l.bind(s.Iter, lo.Add(step.Mul(poly.Var(o.variable()))), body)
	l.loops = l.loops[:len(l.loops)-1]
	return o, err
}

func constInt(p poly.Poly) (int64, bool) {
	c, ok := p.Const()
	if !ok || !c.IsInt64() {
		return 0, false
	}
	return c.Int64(), true
}
