// Package looprand makes random kernels for property tests: small, well formed,
// in bounds and initialized by construction, with several statements, nests up
// to three deep, affine and quasi-affine accesses, reductions, locals, guards,
// triangular and strided loops. All sizes are legal. The same seed always gives
// the same kernel.
package looprand

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Kernel makes a kernel called k.
func Kernel(seed uint64) *loopir.Kernel {
	g := &gen{r: rand.New(rand.NewPCG(seed, 1)), arrays: map[string][]loopir.Expr{}}
	k := g.kernel()
	f := &loopir.File{Kernels: []*loopir.Kernel{k}}
	if err := f.CheckKernel(k); err != nil { // also sets the types
		panic(fmt.Sprintf("looprand: seed %d: %v\n%s", seed, err, loopir.FormatKernel(k)))
	}
	return k
}

// Sizes picks sizes for k, most of them small, that its where clause allows. It
// returns nil when it finds none.
func Sizes(seed uint64, k *loopir.Kernel) map[string]int64 {
	r := rand.New(rand.NewPCG(seed, 2))
next:
	for range 1000 {
		sizes := map[string]int64{}
		for _, p := range k.Params {
			if p.Kind == loopir.SizeParam {
				sizes[p.Name] = r.Int64N(1 + r.Int64N(9))
			}
		}
		for _, w := range k.Where {
			if ok, err := interp.EvalCond(w, sizes); err != nil || !ok {
				continue next
			}
		}
		return sizes
	}
	return nil
}

// Inputs fills the parameters of k: small dyadic numbers, most of whose sums are
// exact, so that reordering changes little; wild ones mix in magnitudes,
// negative zeros, infinities and NaN.
func Inputs(seed uint64, k *loopir.Kernel, sizes map[string]int64, wild bool) (*interp.Inputs, error) {
	r := rand.New(rand.NewPCG(seed, 3))
	special := []string{"-0", "inf", "-inf", "nan", "1e-40", "3e38", "0.1"}
	return interp.RandomInputs(k, sizes, func(p *loopir.Param, _ int) interp.Value {
		if wild && r.IntN(4) == 0 {
			x, _ := strconv.ParseFloat(special[r.IntN(len(special))], 64)
			return interp.Float(p.Type, x)
		}
		if wild {
			return interp.Float(p.Type, (r.Float64()-0.5)*100)
		}
		return interp.Float(p.Type, float64(r.IntN(33)-16)/4)
	})
}

// A gen makes one kernel.
type gen struct {
	r      *rand.Rand
	typ    loopir.Type
	arrays map[string][]loopir.Expr // what can be read here: shapes, nil for scalars
	names  []string                 // of arrays, in order
	dest   []string                 // those that can be written
	iters  []string
	labels int
	locals int
	budget int
	types  map[string]loopir.Type // of arrays and locals that are not of type typ; nil unless kernels are rich
}

var (
	iterNames = []string{"i", "j", "k"}
	num       = func(v int64) loopir.Expr { return loopir.NewInt(v) }
	sizeN     = func(name string) loopir.Expr { return loopir.NewVar(name) }
	plus      = func(x, y loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Add, x, y) }
	minus     = func(x, y loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Sub, x, y) }
	times     = func(x, y loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Mul, x, y) }
	over      = func(x, y loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Div, x, y) }
	rem       = func(x, y loopir.Expr) loopir.Expr { return loopir.Bin(loopir.Mod, x, y) }
)

func (g *gen) kernel() *loopir.Kernel {
	g.typ = g.first()
	k := &loopir.Kernel{Name: "k"}
	for _, n := range []string{"N", "M"} {
		k.Params = append(k.Params, &loopir.Param{Name: n, Kind: loopir.SizeParam, Type: loopir.Index})
	}
	if g.r.IntN(3) == 0 {
		k.Params = append(k.Params, &loopir.Param{Name: "alpha", Kind: loopir.ScalarParam, Type: g.typ})
		g.declare("alpha", nil, false)
	}
	if g.r.IntN(2) == 0 {
		k.Where = append(k.Where, loopir.Bin(loopir.Ge, sizeN("N"), num(1)))
	}
	facts := poly.KernelFacts(k)
	g.budget = 3 + g.r.IntN(6)
	for _, a := range []struct {
		name string
		dir  loopir.Dir
	}{{"A", loopir.In}, {"B", loopir.In}, {"C", loopir.InOut}, {"D", loopir.Out}} {
		if a.name == "B" && g.r.IntN(2) == 0 || a.name == "D" && g.r.IntN(2) == 0 {
			continue
		}
		p := &loopir.Param{Name: a.name, Kind: loopir.ArrayParam, Dir: a.dir, Type: g.another(a.name), Shape: g.shape()}
		k.Params = append(k.Params, p)
		if a.dir == loopir.Out {
			k.Body = append(k.Body, g.fill(a.name, p.Shape, facts))
		}
		g.declare(a.name, p.Shape, a.dir != loopir.In)
	}
	for n := 1 + g.r.IntN(3); n > 0; n-- {
		k.Body = append(k.Body, g.nest(facts, 1)...)
	}
	return k
}

func (g *gen) declare(name string, shape []loopir.Expr, writable bool) {
	g.arrays[name] = shape
	g.names = append(g.names, name)
	if writable {
		g.dest = append(g.dest, name)
	}
}

// scoped runs f and forgets what it declared.
func (g *gen) scoped(f func()) {
	names, dest, iters := len(g.names), len(g.dest), len(g.iters)
	f()
	g.names, g.dest, g.iters = g.names[:names], g.dest[:dest], g.iters[:iters]
}

func (g *gen) shape() []loopir.Expr {
	out := make([]loopir.Expr, 1+g.r.IntN(2))
	for d := range out {
		out[d] = []loopir.Expr{
			sizeN("N"), sizeN("N"), sizeN("M"), plus(sizeN("N"), num(1)), plus(sizeN("N"), sizeN("M")),
			times(num(2), sizeN("M")), num(4),
		}[g.r.IntN(7)]
		out[d] = loopir.CloneExpr(out[d])
	}
	return out
}

// fill writes every cell of an array.
func (g *gen) fill(name string, shape []loopir.Expr, facts poly.Facts) loopir.Stmt {
	var outer, inner *loopir.For
	lhs := &loopir.Read{Name: name, Type: g.typeOf(name)}
	defer g.as(lhs.Type)()
	var s loopir.Stmt
	g.scoped(func() {
		for d, n := range shape {
			l := &loopir.For{Iter: iterNames[d], Lo: num(0), Hi: loopir.CloneExpr(n)}
			lhs.Index = append(lhs.Index, loopir.NewVar(l.Iter))
			facts = facts.Enter(l)
			g.iters = append(g.iters, l.Iter)
			if outer == nil {
				outer = l
			} else {
				inner.Body = []loopir.Stmt{l}
			}
			inner = l
		}
		s = &loopir.Assign{LHS: lhs, RHS: g.value(facts, 1)}
		inner.Body = []loopir.Stmt{s}
	})
	return outer
}

// nest makes a loop or, at times, what a loop would contain.
func (g *gen) nest(facts poly.Facts, depth int) []loopir.Stmt {
	if depth > len(iterNames) || depth > 1 && g.r.IntN(3) == 0 {
		return g.statements(facts, depth)
	}
	l := g.loop(facts, depth)
	g.scoped(func() {
		g.iters = append(g.iters, l.Iter)
		l.Body = g.statements(facts.Enter(l), depth+1)
	})
	return []loopir.Stmt{l}
}

func (g *gen) loop(facts poly.Facts, depth int) *loopir.For {
	n := sizeN([]string{"N", "N", "M"}[g.r.IntN(3)])
	l := &loopir.For{Iter: iterNames[depth-1], Lo: num(0), Hi: n}
	switch g.r.IntN(9) {
	case 0:
		l.Lo = num(1)
	case 1:
		l.Hi = minus(n, num(1))
	case 2:
		l.Hi = num(4)
	case 3:
		l.Hi = over(plus(n, num(3)), num(4))
	case 4:
		l.Step = num(2)
	case 5, 6:
		if len(g.iters) > 0 { // triangular
			outer := loopir.NewVar(g.iters[g.r.IntN(len(g.iters))])
			if g.r.IntN(2) == 0 {
				l.Lo = outer
			} else {
				l.Hi = plus(outer, num(1))
			}
		}
	}
	return l
}

func (g *gen) statements(facts poly.Facts, depth int) []loopir.Stmt {
	var out []loopir.Stmt
	g.scoped(func() {
		if g.r.IntN(4) == 0 {
			out = append(out, g.local(facts)...)
		}
		for n := 1 + g.r.IntN(2); n > 0; n-- {
			g.budget--
			switch c := g.r.IntN(6); {
			case c < 2 && g.budget > 0 && depth <= len(iterNames):
				out = append(out, g.nest(facts, depth)...)
			case c == 2 && g.budget > 0:
				out = append(out, g.branch(facts, depth))
			default:
				out = append(out, g.assign(facts))
			}
		}
	})
	return out
}

// local declares a scalar or a small array, initialized at once.
func (g *gen) local(facts poly.Facts) []loopir.Stmt {
	g.locals++
	l := &loopir.Local{Name: fmt.Sprintf("t%d", g.locals), Type: g.typ}
	if g.r.IntN(2) == 0 || len(g.iters) == len(iterNames) {
		l.Init = g.value(facts, 1)
		g.declare(l.Name, nil, true)
		return []loopir.Stmt{l}
	}
	l.Shape = []loopir.Expr{[]loopir.Expr{num(4), sizeN("M"), plus(sizeN("N"), num(1))}[g.r.IntN(3)]}
	loop := &loopir.For{Iter: iterNames[len(g.iters)], Lo: num(0), Hi: loopir.CloneExpr(l.Shape[0])}
	g.scoped(func() {
		g.iters = append(g.iters, loop.Iter)
		lhs := &loopir.Read{Name: l.Name, Index: []loopir.Expr{loopir.NewVar(loop.Iter)}, Type: g.typ}
		loop.Body = []loopir.Stmt{&loopir.Assign{LHS: lhs, RHS: g.value(facts.Enter(loop), 1)}}
	})
	g.declare(l.Name, l.Shape, true)
	return []loopir.Stmt{l, loop}
}

func (g *gen) branch(facts poly.Facts, depth int) loopir.Stmt {
	s := &loopir.If{Cond: g.test(facts)}
	s.Then = g.statements(facts.Assume(s.Cond), depth)
	if g.r.IntN(3) == 0 {
		s.Else = g.statements(facts.AssumeNot(s.Cond), depth)
	}
	return s
}

func (g *gen) cond() loopir.Expr {
	ops := []loopir.Op{loopir.Eq, loopir.Ne, loopir.Lt, loopir.Le, loopir.Gt, loopir.Ge}
	c := loopir.Bin(ops[g.r.IntN(len(ops))], g.affine(), g.affine())
	if g.r.IntN(5) == 0 {
		return loopir.Bin([]loopir.Op{loopir.And, loopir.Or}[g.r.IntN(2)], c,
			loopir.Bin(ops[g.r.IntN(len(ops))], g.affine(), num(int64(g.r.IntN(4)))))
	}
	return c
}

// affine is a random index expression, in no particular range.
func (g *gen) affine() loopir.Expr {
	v := sizeN([]string{"N", "M"}[g.r.IntN(2)])
	if n := len(g.iters); n > 0 && g.r.IntN(4) > 0 {
		v = loopir.NewVar(g.iters[g.r.IntN(n)])
		if g.types != nil && g.r.IntN(2) == 0 { // code generation is mostly about these
			return loopir.NewVar(g.iters[n-1])
		}
	}
	switch g.r.IntN(10) {
	case 0:
		return minus(v, num(1))
	case 1:
		return plus(v, num(1))
	case 2:
		return times(num(2), v)
	case 3:
		return over(v, num(2))
	case 4:
		return rem(v, num(4))
	case 5:
		if n := len(g.iters); n > 0 {
			return plus(v, loopir.NewVar(g.iters[g.r.IntN(n)]))
		}
	case 6:
		return minus(minus(sizeN("N"), num(1)), v)
	case 7:
		return num(int64(g.r.IntN(4)))
	}
	return v
}

// index is a random expression that the facts show to lie in 0..extent, nil
// when none is found.
func (g *gen) index(extent loopir.Expr, facts poly.Facts) loopir.Expr {
	for range 12 {
		e := g.affine()
		if g.r.IntN(12) == 0 {
			e = &loopir.Intrinsic{Name: "min", Args: []loopir.Expr{e, minus(loopir.CloneExpr(extent), num(1))}, Type: loopir.Index}
		}
		if facts.Holds(loopir.Bin(loopir.And,
			loopir.Bin(loopir.Ge, e, num(0)), loopir.Bin(loopir.Lt, e, loopir.CloneExpr(extent)))) {
			return e
		}
	}
	return nil
}

// cell names a random cell of one of names, nil when no index fits.
func (g *gen) cell(names []string, facts poly.Facts) *loopir.Read {
	if len(names) == 0 {
		return nil
	}
	name := names[g.r.IntN(len(names))]
	r := &loopir.Read{Name: name, Type: g.typeOf(name)}
	for _, n := range g.arrays[name] {
		i := g.index(n, facts)
		if i == nil {
			return nil
		}
		r.Index = append(r.Index, i)
	}
	return r
}

func (g *gen) assign(facts poly.Facts) loopir.Stmt {
	lhs := g.cell(g.dest, facts)
	for try := 0; lhs == nil && try < 4; try++ {
		lhs = g.cell(g.dest, facts)
	}
	if lhs == nil {
		// Nothing can be written here: a scalar that nobody reads.
		g.locals++
		return &loopir.Local{Name: fmt.Sprintf("t%d", g.locals), Type: g.typ, Init: g.value(facts, 1)}
	}
	defer g.as(lhs.Type)()
	ops := []loopir.AssignOp{loopir.Set, loopir.Set, loopir.AddTo, loopir.AddTo, loopir.AddTo, loopir.SubTo, loopir.MaxTo, loopir.MinTo, loopir.MulTo}
	g.labels++
	return &loopir.Assign{Label: fmt.Sprintf("S%d", g.labels), LHS: lhs, Op: ops[g.r.IntN(len(ops))], RHS: g.value(facts, 2)}
}

func (g *gen) value(facts poly.Facts, depth int) loopir.Expr {
	if depth == 0 || g.r.IntN(3) == 0 {
		return g.leaf(facts)
	}
	if g.types != nil && g.r.IntN(4) == 0 {
		return g.special(facts, depth)
	}
	if g.types == nil && g.typ.IsInteger() && g.r.IntN(8) == 0 {
		if q := g.quotient(g.value(facts, depth-1), facts); q != nil {
			return q
		}
	}
	x, y := g.value(facts, depth-1), g.value(facts, depth-1)
	call := func(name string, args ...loopir.Expr) loopir.Expr {
		return &loopir.Intrinsic{Name: name, Args: args, Type: g.typ}
	}
	switch g.r.IntN(10) {
	case 0, 1, 2:
		return &loopir.Binary{Op: loopir.Mul, X: x, Y: y, Type: g.typ}
	case 3, 4:
		return &loopir.Binary{Op: loopir.Add, X: x, Y: y, Type: g.typ}
	case 5:
		return &loopir.Binary{Op: loopir.Sub, X: x, Y: y, Type: g.typ}
	case 6:
		return call([]string{"min", "max"}[g.r.IntN(2)], x, y)
	case 7:
		c := g.test(facts)
		return call("select", c, g.value(facts.Assume(c), depth-1), g.value(facts.AssumeNot(c), depth-1))
	case 8:
		return call("abs", x)
	}
	if _, literal := x.(*loopir.Int); literal && g.typ == loopir.U8 {
		return x
	}
	return &loopir.Unary{Op: loopir.Neg, X: x, Type: g.typ}
}

// Root is the content of a cell at which the divisors of random kernels are 0: no search
// makes it up, so that who judges what is said of such kernels has to try it.
const Root = 5001

// quotient divides x, or takes the remainder, by what is 0 where a cell holds Root only: a
// polynomial of the first or the third degree, of which that is the only root even where it
// wraps. It is nil where no cell of the type that it takes is at hand.
func (g *gen) quotient(x loopir.Expr, facts poly.Facts) loopir.Expr {
	cubes := map[loopir.Type]int64{loopir.I32: Root * Root * Root % (1 << 32), loopir.I64: Root * Root * Root}
	r := g.cell(g.names, facts)
	if r == nil || r.Type != g.typ || cubes[g.typ] == 0 {
		return nil
	}
	bin := func(op loopir.Op, x, y loopir.Expr) loopir.Expr {
		return &loopir.Binary{Op: op, X: x, Y: y, Type: g.typ}
	}
	lit := func(v int64) loopir.Expr {
		n := loopir.NewInt(v)
		n.Type = g.typ
		return n
	}
	by := bin(loopir.Sub, bin(loopir.Mul, r, lit(7)), lit(7*Root))
	if g.r.IntN(2) == 0 {
		cube := bin(loopir.Mul, bin(loopir.Mul, r, loopir.CloneExpr(r)), loopir.CloneExpr(r))
		by = bin(loopir.Sub, cube, lit(cubes[g.typ]))
	}
	return bin([]loopir.Op{loopir.Div, loopir.Mod}[g.r.IntN(2)], x, by)
}

func (g *gen) leaf(facts poly.Facts) loopir.Expr {
	if g.r.IntN(5) > 0 {
		if r := g.cell(g.names, facts); r != nil {
			if r.Type != g.typ {
				return &loopir.Cast{To: g.typ, X: r}
			}
			return r
		}
	}
	if n := len(g.iters); n > 0 && g.r.IntN(3) == 0 {
		return &loopir.Cast{To: g.typ, X: loopir.NewVar(g.iters[g.r.IntN(n)])}
	}
	if g.typ == loopir.I32 || g.typ.IsInteger() || g.r.IntN(2) == 0 {
		v := loopir.NewInt(int64(g.r.IntN(5)))
		v.Type = g.typ
		return v
	}
	return &loopir.Float{Text: []string{"0.5", "1.5", "0.25"}[g.r.IntN(3)], Type: g.typ}
}
