package lift

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math/big"
	"strings"

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
	pkg    *Package
	typ    string // of the form
	target *loopir.Kernel
	kernel *loopir.Kernel
	sc     scope
	env    map[string]loopir.Expr // Go variables that stand for an index, or a scalar's value
	fields map[string]loopir.Expr // of the receiver: iterators handed to a parallel loop
	arrays map[string]*array      // Go variables that are arrays
	held   map[string]*array      // arrays handed to a parallel loop by a field
	used   map[string]int         // names: 1 once used, 2 while an iterator in scope
	duties []Duty
	said   map[string]bool
	over   bool              // the flag for overflow is used
	names  map[string]string // the target's names by their Go form
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
	r := &reader{
		pkg: p, typ: t, target: target, env: map[string]loopir.Expr{}, fields: map[string]loopir.Expr{},
		arrays: map[string]*array{}, held: map[string]*array{}, used: map[string]int{}, said: map[string]bool{},
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
	run := p.methods[t]["run"]
	if run == nil {
		return nil, nil, fmt.Errorf("%s has no method run", t)
	}
	body, err := r.function(run)
	if err != nil {
		return nil, nil, err
	}
	k.Body = body
	return k, r.duties, nil
}

// function reads the body of a method of the form.
func (r *reader) function(f *ast.FuncDecl) ([]loopir.Stmt, error) {
	env, arrays := r.env, r.arrays
	r.env, r.arrays = map[string]loopir.Expr{}, map[string]*array{}
	defer func() { r.env, r.arrays = env, arrays }()
	if len(f.Recv.List[0].Names) != 1 || f.Recv.List[0].Names[0].Name != "c" {
		return nil, r.errorf(f, "the receiver is not called c")
	}
	return r.block(f.Body.List)
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
		note := func(n string) {
			g := strings.ReplaceAll(n, ".", "_")
			r.names[g], r.names[g+"_"] = n, n
		}
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
	for _, p := range coordinates(sc.facts.Reduce(flat), a.shape, sc.facts) {
		out.Index = append(out.Index, p.Expr())
	}
	return out, nil
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

// coordinates is a guess of the cell at a row-major offset: the digits of the offset
// in the mixed radix of the shape, found by division of polynomials. The offset is
// what the coordinates amount to, whatever they are; that each is within its extent is
// for the checker to prove.
func coordinates(flat poly.Poly, shape []loopir.Expr, facts poly.Facts) []poly.Poly {
	var out []poly.Poly
	for d := range shape {
		stride := poly.Int(1)
		for _, e := range shape[d+1:] {
			stride = stride.Mul(poly.Must(e))
		}
		stride = facts.Reduce(stride)
		if d == len(shape)-1 {
			out = append(out, flat)
			break
		}
		q, rest := flat.DivLead(stride)
		out, flat = append(out, q), rest
	}
	return out
}

// index reads an expression of type int or int64.
func (r *reader) index(e ast.Expr) (loopir.Expr, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.index(e.X)
	case *ast.BasicLit:
		if v, ok := new(big.Int).SetString(e.Value, 0); ok && e.Kind == token.INT && v.IsInt64() {
			return &loopir.Int{Value: v, Type: loopir.Index}, nil
		}
	case *ast.Ident:
		if x, ok := r.env[e.Name]; ok && x.TypeOf() == loopir.Index {
			return loopir.CloneExpr(x), nil
		}
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			x, err := r.index(e.X)
			return &loopir.Unary{Op: loopir.Neg, X: x, Type: loopir.Index}, err
		}
	case *ast.SelectorExpr:
		if x, ok := r.fields[e.Sel.Name]; ok && isIdent(e.X, "c") {
			return loopir.CloneExpr(x), nil
		}
		if q := r.param(e); q != nil && q.Kind == loopir.SizeParam {
			return loopir.NewVar(q.Name), nil
		}
	case *ast.BinaryExpr:
		return r.indexBinary(e)
	case *ast.CallExpr:
		return r.indexCall(e)
	}
	return nil, r.errorf(e, "this integer is not read")
}

func (r *reader) indexBinary(e *ast.BinaryExpr) (loopir.Expr, error) {
	x, err := r.index(e.X)
	if err != nil {
		return nil, err
	}
	y, err := r.index(e.Y)
	if err != nil {
		return nil, err
	}
	op, ok := map[token.Token]loopir.Op{token.ADD: loopir.Add, token.SUB: loopir.Sub, token.MUL: loopir.Mul, token.QUO: loopir.Div, token.REM: loopir.Mod}[e.Op]
	if !ok {
		return nil, r.errorf(e, "this operator on integers is not read")
	}
	if op == loopir.Div || op == loopir.Mod { // Go truncates, the language floors
		r.oblige(r.span(e), "dividend/nonnegative", r.sc, loopir.Bin(loopir.Ge, x, loopir.NewInt(0)))
		r.divisor(e, y)
		r.fits(e, x, y)
	}
	return loopir.Bin(op, x, y), nil
}

func (r *reader) divisor(at ast.Node, d loopir.Expr) {
	r.oblige(r.span(at), "divisor/positive", r.sc, loopir.Bin(loopir.Ge, d, loopir.NewInt(1)))
}

// fits demands that integers are what the machine holds: sums and products are exact
// modulo 2^64, but divisions, comparisons, minima and maxima need the numbers.
func (r *reader) fits(at ast.Node, xs ...loopir.Expr) {
	for _, x := range xs {
		fits(r, r.span(at), r.sc, poly.Must(x))
	}
}

func (r *reader) indexCall(e *ast.CallExpr) (loopir.Expr, error) {
	name, ok := e.Fun.(*ast.Ident)
	if !ok {
		return nil, r.errorf(e, "this call is not read")
	}
	if op, ok := checkedInts[name.Name]; ok && len(e.Args) == 3 && r.support(name) {
		return r.checkedInt(e, op)
	}
	var args []loopir.Expr
	for _, a := range e.Args {
		x, err := r.index(a)
		if err != nil {
			return nil, err
		}
		args = append(args, x)
	}
	switch {
	case (name.Name == "int64" || name.Name == "int") && len(args) == 1 && r.builtin(name):
		return args[0], nil
	case (name.Name == "min" || name.Name == "max") && len(args) > 0 && r.builtin(name):
		r.fits(e, args...)
		if len(args) == 1 {
			return args[0], nil
		}
		return &loopir.Intrinsic{Name: name.Name, Args: args, Type: loopir.Index}, nil
	case name.Name == "floorDiv" && len(args) == 2 && r.support(name):
		r.divisor(e, args[1])
		r.fits(e, args...)
		return loopir.Bin(loopir.Div, args[0], args[1]), nil
	case name.Name == "floorMod" && len(args) == 2 && r.support(name):
		r.divisor(e, args[1])
		r.fits(e, args...)
		return loopir.Bin(loopir.Mod, args[0], args[1]), nil
	case name.Name == "trip" && len(args) == 3 && r.support(name):
		r.divisor(e, args[2])
		length := loopir.Bin(loopir.Sub, args[1], args[0])
		r.fits(e, args[0], args[1], length)
		n := loopir.Expr(&loopir.Intrinsic{Name: "max", Args: []loopir.Expr{loopir.NewInt(0), length}, Type: loopir.Index})
		if c, ok := poly.Must(args[2]).Const(); ok && c.Cmp(big.NewInt(1)) == 0 {
			return n, nil
		}
		up := loopir.Bin(loopir.Sub, loopir.Bin(loopir.Add, n, args[2]), loopir.NewInt(1))
		r.fits(e, up)
		return loopir.Bin(loopir.Div, up, args[2]), nil
	}
	return nil, r.errorf(e, "the function %s is not read", name.Name)
}

var checkedInts = map[string]loopir.Op{"addInt": loopir.Add, "subInt": loopir.Sub, "mulInt": loopir.Mul}

// checkedInt reads addInt(&over, x, y): the sum, unless over is set.
func (r *reader) checkedInt(e *ast.CallExpr, op loopir.Op) (loopir.Expr, error) {
	u, ok := e.Args[0].(*ast.UnaryExpr)
	if !ok || u.Op != token.AND || !isIdent(u.X, "over") {
		return nil, r.errorf(e, "overflow is noted in over")
	}
	r.over = true
	x, err := r.index(e.Args[1])
	if err != nil {
		return nil, err
	}
	y, err := r.index(e.Args[2])
	return loopir.Bin(op, x, y), err
}

// builtin tells whether a name is the language's own, not declared by the package.
func (r *reader) builtin(id *ast.Ident) bool {
	o := r.pkg.info.Uses[id]
	return o != nil && o.Parent() == types.Universe
}

// support tells whether a name is a function of the run-time support, whose text is
// known (see support.go).
func (r *reader) support(id *ast.Ident) bool {
	o := r.pkg.info.Uses[id]
	return o != nil && o.Pkg() != nil && o.Parent() == o.Pkg().Scope() && r.pkg.known(id.Name)
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// param is the parameter that c.name holds.
func (r *reader) param(e *ast.SelectorExpr) *loopir.Param {
	if !isIdent(e.X, "c") {
		return nil
	}
	return r.paramNamed(e.Sel.Name)
}

// paramNamed finds a parameter by its Go name, which has _ behind it where Go or the
// generated code reserves the name.
func (r *reader) paramNamed(name string) *loopir.Param { return goParam(r.target, name) }

func goParam(k *loopir.Kernel, name string) *loopir.Param {
	if q := k.Param(name); q != nil {
		return q
	}
	if n := len(name); n > 1 && name[n-1] == '_' {
		return k.Param(name[:n-1])
	}
	return nil
}

// cond reads a condition.
func (r *reader) cond(e ast.Expr) (loopir.Expr, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.cond(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			x, err := r.cond(e.X)
			return &loopir.Unary{Op: loopir.Not, X: x, Type: loopir.Bool}, err
		}
	case *ast.BinaryExpr:
		if op, ok := map[token.Token]loopir.Op{token.LAND: loopir.And, token.LOR: loopir.Or}[e.Op]; ok {
			x, err := r.cond(e.X)
			if err != nil {
				return nil, err
			}
			y, err := r.cond(e.Y)
			return loopir.Bin(op, x, y), err
		}
		op, ok := map[token.Token]loopir.Op{
			token.EQL: loopir.Eq, token.NEQ: loopir.Ne, token.LSS: loopir.Lt, token.LEQ: loopir.Le, token.GTR: loopir.Gt, token.GEQ: loopir.Ge,
		}[e.Op]
		if !ok {
			break
		}
		if r.typeOf(e.X) == loopir.Index && r.typeOf(e.Y) == loopir.Index {
			x, err := r.index(e.X)
			if err != nil {
				return nil, err
			}
			y, err := r.index(e.Y)
			if err == nil {
				r.fits(e, x, y)
			}
			return loopir.Bin(op, x, y), err
		}
		x, err := r.value(e.X)
		if err != nil {
			return nil, err
		}
		y, err := r.value(e.Y)
		return &loopir.Binary{Op: op, X: x, Y: y, Type: loopir.Bool}, err
	}
	return nil, r.errorf(e, "this condition is not read")
}

// typeOf is the type of a Go expression in the language; int is Index.
func (r *reader) typeOf(e ast.Expr) loopir.Type {
	return typeNamed(r.pkg.info.Types[e].Type)
}

func typeNamed(t types.Type) loopir.Type {
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
