package lift

import (
	"go/ast"
	"go/token"
	"go/types"
	"math/big"

	"github.com/loopopt/loopopt/gen/goname"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

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

// paramNamed finds a parameter by its Go name.
func (r *reader) paramNamed(name string) *loopir.Param { return goParam(r.target, name) }

func goParam(k *loopir.Kernel, name string) *loopir.Param {
	for _, q := range k.Params {
		if goname.Of(q.Name) == name {
			return q
		}
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
			if u, ok := x.(*loopir.Unary); ok && u.Op == loopir.Not {
				return u.X, err
			}
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
			if err == nil && !(r.over && noted(e.X) && noted(e.Y)) {
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
	case *ast.CallExpr:
		if c := unlessOver(e); c != nil {
			outer := r.over
			x, err := r.cond(c)
			r.over = outer
			return x, err
		}
	}
	return nil, r.errorf(e, "this condition is not read")
}

// noted tells whether all sums and products of e are such that over tells when they do
// not fit: whatever is made of e is of no account then.
func noted(e ast.Expr) bool {
	plain := false
	ast.Inspect(e, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryExpr)
		plain = plain || ok && (b.Op == token.ADD || b.Op == token.SUB || b.Op == token.MUL)
		return !plain
	})
	return !plain
}

// unlessOver takes the condition out of
// func() bool { over := false; ok := CONDITION; return ok && !over }().
func unlessOver(e *ast.CallExpr) ast.Expr {
	fn, ok := e.Fun.(*ast.FuncLit)
	if !ok || len(e.Args) != 0 || len(fn.Body.List) != 3 || fn.Type.Params.NumFields() != 0 || fn.Type.Results.NumFields() != 1 {
		return nil
	}
	value := func(s ast.Stmt, name string) ast.Expr {
		d, ok := s.(*ast.AssignStmt)
		if !ok || d.Tok != token.DEFINE || len(d.Lhs) != 1 || len(d.Rhs) != 1 || !isIdent(d.Lhs[0], name) {
			return nil
		}
		return d.Rhs[0]
	}
	over, cond := value(fn.Body.List[0], "over"), value(fn.Body.List[1], "ok")
	ret, ok := fn.Body.List[2].(*ast.ReturnStmt)
	if !ok || cond == nil || over == nil || !isIdent(over, "false") || len(ret.Results) != 1 {
		return nil
	}
	and, ok := ret.Results[0].(*ast.BinaryExpr)
	if !ok || and.Op != token.LAND || !isIdent(and.X, "ok") {
		return nil
	}
	if not, ok := and.Y.(*ast.UnaryExpr); !ok || not.Op != token.NOT || !isIdent(not.X, "over") {
		return nil
	}
	return cond
}
