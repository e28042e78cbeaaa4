package lift

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"math/big"

	"github.com/loopopt/loopopt/gen/goname"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Duty is a condition that the lifting rests on, to be proved.
type Duty struct {
	What string
	Hyps []loopir.Expr
	Goal loopir.Expr
	Span loopir.Span
}

// A reader turns the methods of one form into a loop program.
type reader struct {
	pkg     *Package
	typ     string // of the form
	target  *loopir.Kernel
	kernel  *loopir.Kernel
	sc      scope
	env     map[string]loopir.Expr // Go variables that stand for an index, or a scalar's value
	fields  map[string]loopir.Expr // of the receiver: iterators handed to a parallel loop
	arrays  map[string]*array      // Go variables that are arrays
	held    map[string]*array      // arrays handed to a parallel loop by a field
	rows    map[string]*row        // Go variables that are parts of arrays
	inside  bool                   // of a parallel loop
	lent    map[string]bool        // locals of the lifted program that the parallel loop has copies of
	used    map[string]int         // names: 1 once used, 2 while an iterator in scope
	duties  []Duty
	said    map[string]bool
	over    bool              // the flag for overflow is used
	names   map[string]string // the target's names by their Go form
	chains  map[string]int    // the longest of the target, by class
	took    took
	rounded map[*ast.BinaryExpr]loopir.Type // what operators are converted to
	guessed *loopir.Read                    // the first cell that an offset is not shown to lie in, or nil
}

type array struct {
	name  string // in the lifted program
	typ   loopir.Type
	shape []loopir.Expr
}

// A goError is a place in the Go text that can't be read.
func (r *reader) errorf(n ast.Node, format string, args ...any) error {
	pos := r.pkg.fset.Position(n.Pos())
	return loopir.Errorf(loopir.Span{File: pos.Filename, Start: loopir.Pos{Line: pos.Line, Col: pos.Column}}, format, args...)
}

// Lift reads form t as a kernel with target's parameters and where clause. The
// kernel is equal to the form as far as the duties hold.
func (p *Package) Lift(t string, target *loopir.Kernel) (*loopir.Kernel, []Duty, error) {
	r, err := p.read(t, target)
	if err != nil {
		return nil, nil, err
	}
	return r.kernel, r.duties, nil
}

func (p *Package) read(t string, target *loopir.Kernel) (*reader, error) {
	r := &reader{
		pkg: p, typ: t, target: target, env: map[string]loopir.Expr{}, fields: map[string]loopir.Expr{},
		arrays: map[string]*array{}, held: map[string]*array{}, rows: map[string]*row{}, used: map[string]int{}, said: map[string]bool{}, took: newTook(),
		rounded: map[*ast.BinaryExpr]loopir.Type{},
	}
	k := target.Clone()
	k.Body = nil
	r.kernel = k
	r.sc.facts = poly.KernelFacts(k)
	limit := loopir.NewInt(1<<31 - 1)
	for _, q := range k.Params {
		r.used[q.Name] = 1
		if q.Kind == loopir.SizeParam {
			v := loopir.NewVar(q.Name)
			r.sc.hyps = append(r.sc.hyps, loopir.Bin(loopir.Ge, v, loopir.NewInt(0)), loopir.Bin(loopir.Le, v, limit))
		}
	}
	r.sc.hyps = append(r.sc.hyps, k.Where...)
	r.sc.volumes = volumes(target)
	run := p.methods[t]["run"]
	if run == nil {
		return nil, fmt.Errorf("%s has no method run", t)
	}
	body, err := r.function(run)
	if err != nil {
		return nil, err
	}
	k.Body = body
	return r, r.whole()
}

// function reads the body of a method of the form.
func (r *reader) function(f *ast.FuncDecl) ([]loopir.Stmt, error) {
	env, arrays, rows := r.env, r.arrays, r.rows
	r.env, r.arrays, r.rows = map[string]loopir.Expr{}, map[string]*array{}, map[string]*row{}
	defer func() { r.env, r.arrays, r.rows = env, arrays, rows }()
	if !r.declared(f) {
		return nil, r.errorf(f, "the form is not run by func (c *%s) run()", r.typ)
	}
	list, err := r.worker(f)
	if err != nil {
		return nil, err
	}
	return r.block(list)
}

// fresh, cell, oblige, enter and leave make a reader a caller.
func (r *reader) fresh(base string) string {
	name := base
	for i := 2; r.used[name] > 0 || loopir.IsReserved(name) || name == "_"; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	r.used[name] = 1
	return name
}

// looped gives a Go name the form that it has in the target, if it has one: names of
// code that was inlined have dots there.
func (r *reader) looped(name string) string {
	if r.names == nil {
		r.names = map[string]string{}
		note := func(n string) { r.names[goname.Of(n)] = n }
		loopir.Walk(r.target.Body, func(s loopir.Stmt) bool {
			switch s := s.(type) {
			case *loopir.For:
				note(s.Iter)
			case *loopir.Local:
				note(s.Name)
			}
			return true
		})
	}
	if n, ok := r.names[name]; ok {
		return n
	}
	return name
}

// enter names an iterator: loops beside each other may share a name.
func (r *reader) enter(base string) string {
	base = r.looped(base)
	if r.used[base] == 3 {
		r.used[base] = 2
		return base
	}
	name := r.fresh(base)
	r.used[name] = 2
	return name
}

func (r *reader) leave(name string) { r.used[name] = 3 }

func (r *reader) oblige(span loopir.Span, what string, sc scope, goal loopir.Expr) {
	if sc.facts.Holds(goal) {
		return
	}
	d := Duty{What: what, Hyps: sc.hyps, Goal: goal, Span: span}
	key := what + " " + loopir.FormatExpr(goal)
	for _, h := range sc.hyps {
		key += "\n" + loopir.FormatExpr(h)
	}
	if !r.said[key] {
		r.said[key] = true
		r.duties = append(r.duties, d)
	}
}

func (r *reader) span(n ast.Node) loopir.Span {
	pos := r.pkg.fset.Position(n.Pos())
	return loopir.Span{File: pos.Filename, Start: loopir.Pos{Line: pos.Line, Col: pos.Column}}
}

func (r *reader) cell(name string, flat poly.Poly, elem loopir.Type, sc scope) (*loopir.Read, error) {
	a := r.named(name)
	if a == nil {
		return nil, fmt.Errorf("no array %s", name)
	}
	if a.typ != elem {
		return nil, fmt.Errorf("the elements of %s are %s", name, a.typ)
	}
	out := &loopir.Read{Name: a.name, Type: a.typ}
	r.digits(out, flat, a.shape, sc.facts)
	return out, nil
}

// digits gives cell the indices of an offset.
func (r *reader) digits(cell *loopir.Read, flat poly.Poly, shape []loopir.Expr, facts poly.Facts) {
	ps, shown := coordinates(facts.Reduce(flat), shape, facts)
	for _, p := range ps {
		cell.Index = append(cell.Index, p.Expr())
	}
	if !shown && r.guessed == nil {
		r.guessed = cell
	}
}

func (r *reader) elem(name string) loopir.Type {
	if a := r.named(name); a != nil {
		return a.typ
	}
	return loopir.Invalid
}

func (r *reader) compares(op loopir.Op) bool {
	return r.has(func(s loopir.Stmt) bool { return false }, func(e loopir.Expr) bool {
		b, ok := e.(*loopir.Binary)
		return ok && b.Op == op && b.X.TypeOf().IsValue()
	})
}

func (r *reader) extremes(t loopir.Type) bool {
	return r.has(func(s loopir.Stmt) bool {
		a, ok := s.(*loopir.Assign)
		return ok && a.LHS.Type == t && (a.Op == loopir.MinTo || a.Op == loopir.MaxTo)
	}, func(e loopir.Expr) bool {
		i, ok := e.(*loopir.Intrinsic)
		return ok && i.Type == t && (i.Name == "min" || i.Name == "max")
	})
}

// has tells whether something holds for a statement of the kernel, or an expression.
func (r *reader) has(stmt func(loopir.Stmt) bool, expr func(loopir.Expr) bool) bool {
	found := false
	loopir.Walk(r.target.Body, func(s loopir.Stmt) bool {
		found = found || stmt(s)
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				found = found || expr(e)
				return !found
			})
		}
		return !found
	})
	return found
}

func (r *reader) branches() bool {
	found := false
	loopir.Walk(r.target.Body, func(s loopir.Stmt) bool {
		if i, ok := s.(*loopir.If); ok {
			loopir.WalkExpr(i.Cond, func(e loopir.Expr) bool {
				found = found || e.TypeOf().IsValue()
				return !found
			})
		}
		return !found
	})
	return found
}

func (r *reader) longest(class string) int {
	if r.chains == nil {
		r.chains = longest(r.target)
	}
	return r.chains[class]
}

func (r *reader) named(name string) *array {
	for _, m := range []map[string]*array{r.arrays, r.held} {
		for _, a := range m {
			if a.name == name {
				return a
			}
		}
	}
	return nil
}

// typeOf is the type of a Go expression in the language; int is Index.
func (r *reader) typeOf(e ast.Expr) loopir.Type {
	return typeNamed(r.pkg.info.Types[e].Type)
}

func typeNamed(t types.Type) loopir.Type {
	if n, ok := t.(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Parent() == n.Obj().Pkg().Scope() && types.Identical(n.Underlying(), types.Typ[types.Uint16]) {
		return halfTypes[n.Obj().Name()]
	}
	b, ok := t.(*types.Basic)
	if !ok {
		return loopir.Invalid
	}
	switch b.Kind() {
	case types.Int, types.UntypedInt:
		return loopir.Index
	case types.Float32:
		return loopir.F32
	case types.Float64, types.UntypedFloat:
		return loopir.F64
	case types.Int8:
		return loopir.I8
	case types.Uint8:
		return loopir.U8
	case types.Int16:
		return loopir.I16
	case types.Int32:
		return loopir.I32
	case types.Int64:
		return loopir.I64
	case types.Bool, types.UntypedBool:
		return loopir.Bool
	}
	return loopir.Invalid
}

// halfTypes are the support's types of 16-bit numbers.
var halfTypes = map[string]loopir.Type{"BF16": loopir.BF16, "F16": loopir.F16}

// literal makes a value of a Go constant.
func literalOf(v constant.Value, t loopir.Type) (loopir.Expr, bool) {
	if t.IsInteger() {
		n, ok := new(big.Int).SetString(v.ExactString(), 10)
		return &loopir.Int{Value: n, Type: t}, ok
	}
	f, _ := constant.Float64Val(v)
	if t == loopir.F32 {
		s, _ := constant.Float32Val(v)
		f = float64(s)
	}
	return floatLiteral(f, t)
}
