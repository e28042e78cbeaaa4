package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// A Program is a kernel laid out for proofs: calls and lets are gone, an
// initialized local is an assignment at its declaration, a condition on data is
// an assignment to a hidden Boolean local, and every local has a name of its
// own. The meaning is that of the kernel it was made from.
type Program struct {
	Kernel *loopir.Kernel // the inlined kernel
	Sizes  []string       // in the order of the parameters
	Where  []loopir.Expr  // the kernel's own conditions on sizes
	Arrays []*Array       // parameters, then locals in textual order
	Stmts  []*Stmt        // every assignment, in textual order
	Loops  []*Loop        // every loop, in textual order

	arrays map[string]*Array
	byID   map[int]*Stmt
	splits map[string][]dimSplit // of arrays with packed dimensions taken apart (unpack.go)
}

// A Site is a place in a program: what is around it and what comes before.
type Site struct {
	Loops  []*loopir.For // around the place, outermost first
	Guards []loopir.Expr // index conditions that hold there, over Loops and sizes
	path   []int         // textual positions, one more than Loops
}

// A Loop is a loop and the place where it stands.
type Loop struct {
	Site
	For *loopir.For
}

// An Array is a parameter or a local; a scalar is an array without dimensions.
type Array struct {
	Name  string
	Type  loopir.Type
	Shape []loopir.Expr // over sizes and, for a local, Site.Loops
	Param *loopir.Param // nil for a local
	Local *loopir.Local // nil for a parameter
	Site  Site          // where a local is declared: it is new for each iteration of Site.Loops
}

// Scope lists the iterators that tell the instances of a local apart.
func (a *Array) Scope() []string { return iters(a.Site.Loops) }

// IsInput tells whether the array has content when the kernel starts.
func (a *Array) IsInput() bool {
	return a.Param != nil && (a.Param.Kind == loopir.ScalarParam || a.Param.Dir != loopir.Out)
}

// IsOutput tells whether the content at the end is a result.
func (a *Array) IsOutput() bool {
	return a.Param != nil && a.Param.Kind == loopir.ArrayParam && a.Param.Dir != loopir.In
}

// A Stmt is an assignment. Its instances are the values of its loops' iterators
// within its domain; each executes once. With Conds, an instance whose
// conditions fail leaves the cell as it was.
type Stmt struct {
	Site
	// ID counts the assignments of the kernel's text, calls as if inlined, as
	// File.Number does; -1 for the assignments that this model adds.
	ID    int
	Label string
	LHS   *loopir.Read
	Op    loopir.AssignOp
	RHS   loopir.Expr
	Conds []Cond
	From  *loopir.Origin // the unproved claim that came with it, or nil
	Span  loopir.Span
	index int   // in Program.Stmts
	whole *Stmt // what this is a part of (guess_split.go), or nil
}

// A Cond is a condition on data, held in a hidden local.
type Cond struct {
	Read   *loopir.Read
	Negate bool
}

// An Env gives the iterators around a place their values at one instance.
type Env map[string]loopir.Expr

// NewProgram lays out kernel k of f. It leaves k untouched.
func NewProgram(f *loopir.File, k *loopir.Kernel) (*Program, error) {
	k, err := Inline(f, k)
	if err != nil {
		return nil, err
	}
	return newProgram(k)
}

// opaqueProgram leaves functions with bodies as calls, of which is known what is of functions
// without: equal arguments give equal results. Nothing in a body can fault.
func opaqueProgram(f *loopir.File, k *loopir.Kernel) (*Program, error) {
	k, err := InlineKernels(f, k)
	if err != nil {
		return nil, err
	}
	return newProgram(asArithmetic(k))
}

func newProgram(k *loopir.Kernel) (*Program, error) {
	p := &Program{Kernel: k, Where: k.Where, arrays: map[string]*Array{}, byID: map[int]*Stmt{}}
	for _, q := range k.Params {
		if q.Kind == loopir.SizeParam {
			p.Sizes = append(p.Sizes, q.Name)
			continue
		}
		p.addArray(&Array{Name: q.Name, Type: q.Type, Shape: q.Shape, Param: q})
	}
	b := &builder{p: p, names: map[string]string{}}
	pos := 0
	b.body(k.Body, Site{path: []int{0}}, nil, &pos)
	return p, b.err
}

// Array returns the array called name, or nil.
func (p *Program) Array(name string) *Array { return p.arrays[name] }

// ByID returns the assignment that File.Number numbered id, or nil.
func (p *Program) ByID(id int) *Stmt { return p.byID[id] }

func (p *Program) addArray(a *Array) {
	p.Arrays = append(p.Arrays, a)
	p.arrays[a.Name] = a
}

// Assume returns what holds of the sizes: each is at least 0, and where.
func (p *Program) Assume() []loopir.Expr {
	var out []loopir.Expr
	for _, s := range p.Sizes {
		out = append(out, loopir.Bin(loopir.Ge, loopir.NewVar(s), loopir.NewInt(0)))
	}
	return append(out, p.Where...)
}

// A builder walks a kernel's body and fills a Program.
type builder struct {
	p      *Program
	names  map[string]string // locals in scope, by the name in the text
	nextID int
	hidden int   // Boolean locals made so far
	err    error // the first thing that can't be laid out
}

// body lays out statements that stand at site; pos counts the textual
// positions of the innermost loop body, through its ifs.
func (b *builder) body(body []loopir.Stmt, site Site, conds []Cond, pos *int) {
	outer := b.names
	b.names = make(map[string]string, len(outer))
	for k, v := range outer {
		b.names[k] = v
	}
	for _, s := range body {
		site := site.at(*pos)
		*pos++
		loopir.MapStmtExprs(s, b.rename)
		switch s := s.(type) {
		case *loopir.For:
			for i, r := range s.Reduce {
				if n, ok := b.names[r.Name]; ok {
					s.Reduce[i].Name = n
				}
			}
			b.p.Loops = append(b.p.Loops, &Loop{Site: site, For: s})
			inner := 0
			b.body(s.Body, site.inside(s), conds, &inner)
		case *loopir.If:
			b.branch(s, site, conds, pos)
		case *loopir.Local:
			b.local(s, site, conds)
		case *loopir.Assign:
			b.assign(&Stmt{Site: site, ID: b.nextID, Label: s.Label, LHS: s.LHS, Op: s.Op, RHS: s.RHS, Conds: conds, From: s.From, Span: s.Span})
			b.nextID++
		case *loopir.Prefetch:
		default:
			panic(fmt.Sprintf("equiv: unexpected statement %T", s))
		}
	}
	b.names = outer
}

// branch lays out both arms of an if. The index part of the condition becomes
// a guard; the rest is evaluated once, here, into a hidden local.
func (b *builder) branch(s *loopir.If, site Site, conds []Cond, pos *int) {
	var index, data loopir.Expr
	divides := false // what comes later does not guard a division
	for _, c := range conjuncts(s.Cond) {
		divides = divides || hasDivision(c)
		if isIndexCond(c) && !divides {
			index = and(index, c)
		} else {
			data = and(data, c)
		}
	}
	if data == nil {
		b.body(s.Then, site.guarded(index), conds, pos)
		b.body(s.Else, site.guarded(not(index)), conds, pos)
		return
	}
	b.hidden++
	name := fmt.Sprintf("if!%d", b.hidden)
	b.p.addArray(&Array{Name: name, Type: loopir.Bool, Local: &loopir.Local{Name: name, Type: loopir.Bool, Span: s.Span}, Site: site})
	cond := &loopir.Read{Name: name, Type: loopir.Bool, Span: s.Span}
	set := func(v loopir.Expr, g loopir.Expr) {
		b.assign(&Stmt{Site: site.at(*pos).guarded(g), ID: added, LHS: cond, RHS: v, Span: s.Span})
		*pos++
	}
	if index != nil {
		set(boolExpr(false), nil)
	}
	set(data, index)
	arm := func(body []loopir.Stmt, at Site, c Cond) {
		b.body(body, at, append(conds[:len(conds):len(conds)], c), pos)
	}
	arm(s.Then, site.guarded(index), Cond{cond, false})
	arm(s.Else, site, Cond{cond, true})
}

// added is the ID of assignments that the model adds: of initial values and of conditions on data.
const added = -1

// mayLeave tells whether an instance may leave its cell as it was. That of an initial value
// does not: where its conditions do not hold there is no local.
func (s *Stmt) mayLeave() bool { return len(s.Conds) > 0 && s.ID != added }

func (b *builder) local(s *loopir.Local, site Site, conds []Cond) {
	name := s.Name
	for n := 2; b.p.arrays[name] != nil; n++ {
		name = fmt.Sprintf("%s!%d", s.Name, n)
	}
	b.names[s.Name] = name
	b.p.addArray(&Array{Name: name, Type: s.Type, Shape: s.Shape, Local: s, Site: site})
	if s.Init != nil {
		lhs := &loopir.Read{Name: name, Type: s.Type, Span: s.Span}
		b.assign(&Stmt{Site: site, ID: added, LHS: lhs, RHS: s.Init, Conds: conds, Span: s.Span})
	}
}

func (b *builder) assign(s *Stmt) {
	s.RHS = b.lookups(s.RHS)
	s.index = len(b.p.Stmts)
	b.p.Stmts = append(b.p.Stmts, s)
	if s.ID >= 0 {
		b.p.byID[s.ID] = s
	}
}

func (b *builder) rename(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		if r, ok := e.(*loopir.Read); ok {
			if n, ok := b.names[r.Name]; ok {
				r.Name = n
			}
		}
		return e
	})
}

func (s Site) at(pos int) Site {
	s.path = append(s.path[:len(s.path)-1:len(s.path)-1], pos)
	return s
}

func (s Site) inside(l *loopir.For) Site {
	s.Loops = append(s.Loops[:len(s.Loops):len(s.Loops)], l)
	s.path = append(s.path[:len(s.path):len(s.path)], 0)
	return s
}

func (s Site) guarded(c loopir.Expr) Site {
	if c != nil {
		s.Guards = append(s.Guards[:len(s.Guards):len(s.Guards)], c)
	}
	return s
}

// Fresh returns an instance whose iterators are variables named with suffix.
func (s *Site) Fresh(suffix string) Env {
	e := Env{}
	for _, l := range s.Loops {
		e[l.Iter] = loopir.NewVar(l.Iter + suffix)
	}
	return e
}

// Domain returns the conditions under which instance e of the place exists.
func (s *Site) Domain(e Env) []loopir.Expr {
	var out []loopir.Expr
	for _, l := range s.Loops {
		i, lo := loopir.CloneExpr(e[l.Iter]), e.at(l.Lo)
		out = append(out, loopir.Bin(loopir.Le, lo, i), loopir.Bin(loopir.Lt, i, e.at(l.Hi)))
		if l.Step != nil {
			rest := loopir.Bin(loopir.Mod, loopir.Bin(loopir.Sub, i, lo), e.at(l.Step))
			out = append(out, loopir.Bin(loopir.Eq, rest, loopir.NewInt(0)))
		}
	}
	for _, g := range s.Guards {
		out = append(out, e.at(g))
	}
	return out
}

// at returns x, an expression at the place, as it is at instance e.
func (e Env) at(x loopir.Expr) loopir.Expr {
	if len(e) == 0 {
		return x
	}
	return loopir.Subst(x, e)
}

// in returns e, whose values are over the iterators of another place, as it is
// at instance outer of that place.
func (e Env) in(outer Env) Env {
	out := Env{}
	for it, x := range e {
		out[it] = outer.at(x)
	}
	return out
}

// Before is the condition that instance ea of a executes before instance eb of
// b, both of one program; an instance is not before itself.
func Before(a *Site, ea Env, b *Site, eb Env) loopir.Expr {
	out := boolExpr(false)
	same := boolExpr(true) // all iterators so far are equal
	for i := range a.path {
		if a.path[i] != b.path[i] {
			return or(out, and(same, boolExpr(a.path[i] < b.path[i])))
		}
		if i == len(a.path)-1 || i == len(b.path)-1 {
			return out
		}
		x, y := ea[a.Loops[i].Iter], eb[b.Loops[i].Iter]
		out = or(out, and(same, loopir.Bin(loopir.Lt, x, y)))
		same = and(same, loopir.Bin(loopir.Eq, x, y))
	}
	return out
}

// SameCell is the condition that cell x[ix] named at instance ea, and y[iy]
// named at instance eb, are one cell of one program: the same array, for a
// local the same iteration around its declaration, and the same index. The
// indices are already those of the instances.
func (p *Program) SameCell(x string, ix []loopir.Expr, ea Env, y string, iy []loopir.Expr, eb Env) loopir.Expr {
	if x != y || len(ix) != len(iy) {
		return boolExpr(false)
	}
	out := boolExpr(true)
	if a := p.arrays[x]; a != nil {
		for _, it := range a.Scope() {
			out = and(out, loopir.Bin(loopir.Eq, ea[it], eb[it]))
		}
	}
	for i := range ix {
		out = and(out, loopir.Bin(loopir.Eq, ix[i], iy[i]))
	}
	return out
}

func iters(loops []*loopir.For) []string {
	out := make([]string, len(loops))
	for i, l := range loops {
		out[i] = l.Iter
	}
	return out
}
