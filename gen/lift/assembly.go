package lift

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// assembly reads fn(&fnArgs{...}): the function's instructions, executed on the
// arguments.
func (r *reader) assembly(e *ast.CallExpr, name string) ([]loopir.Stmt, error) {
	file := r.pkg.asm[name]
	decl := r.pkg.funcs[name]
	if decl == nil || decl.Body != nil || !r.takesArgs(decl) {
		return nil, r.errorf(e, "%s is not declared as func %s(a *%sArgs)", name, name, name)
	}
	u, ok := e.Args[0].(*ast.UnaryExpr)
	if !ok || len(e.Args) != 1 || u.Op != token.AND {
		return nil, r.errorf(e, "the argument is the address of a struct")
	}
	lit, ok := u.X.(*ast.CompositeLit)
	typ, ok2 := litType(lit)
	if !ok || !ok2 || r.pkg.structs[typ] == nil || typ != name+"Args" {
		return nil, r.errorf(e, "the argument is the address of a struct")
	}
	if !once(r.took.calls, name) {
		return nil, r.errorf(e, "%s is called twice", name)
	}
	args, err := r.arguments(lit, typ)
	if err != nil {
		return nil, err
	}
	return liftCall(file, file.Func(name), args, decl.Type.Params.List[0].Names[0].Name, r, r.sc)
}

// takesArgs tells func X(a *XArgs).
func (r *reader) takesArgs(f *ast.FuncDecl) bool {
	t := f.Type
	if f.Recv != nil || t.TypeParams != nil || t.Results != nil || len(t.Params.List) != 1 || len(t.Params.List[0].Names) != 1 {
		return false
	}
	p, ok := t.Params.List[0].Type.(*ast.StarExpr)
	return ok && isIdent(p.X, f.Name.Name+"Args")
}

func litType(l *ast.CompositeLit) (string, bool) {
	if l == nil {
		return "", false
	}
	id, ok := l.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

// arguments evaluates the fields of an argument struct, of which none is left out.
func (r *reader) arguments(lit *ast.CompositeLit, typ string) (map[string]arg, error) {
	given := map[string]ast.Expr{}
	for _, x := range lit.Elts {
		kv, ok := x.(*ast.KeyValueExpr)
		if !ok {
			return nil, r.errorf(x, "a field has no name")
		}
		given[kv.Key.(*ast.Ident).Name] = kv.Value
	}
	args := map[string]arg{}
	for _, f := range r.pkg.structs[typ].Fields.List {
		if len(f.Names) != 1 || f.Tag != nil || given[f.Names[0].Name] == nil {
			return nil, r.errorf(lit, "the fields of %s are not set one by one", typ)
		}
		n := f.Names[0].Name
		a, err := r.argument(f.Type, given[n])
		if err != nil {
			return nil, err
		}
		args[typ+"_"+n] = a
	}
	return args, nil
}

func (r *reader) argument(typ, e ast.Expr) (arg, error) {
	t := r.pkg.info.Types[typ].Type
	if p, ok := t.(*types.Pointer); ok {
		a, err := r.sliceData(e)
		if err != nil {
			return arg{}, err
		}
		if typeNamed(p.Elem()) != a.typ {
			return arg{}, r.errorf(e, "the pointer has another type")
		}
		return arg{word: word{kind: pointer, array: a.name}, size: 8}, nil
	}
	switch typeNamed(t) {
	case loopir.I64:
		if _, isName := e.(*ast.Ident); isName { // a number is converted, a scalar is not
			x, err := r.value(e)
			if err == nil && !handedOver(x) {
				err = r.errorf(e, "a value handed over is a scalar or an index")
			}
			return arg{scalar: x, size: 8}, err
		}
		x, err := r.index(e)
		if err != nil {
			return arg{}, err
		}
		return arg{word: word{kind: number, p: r.sc.facts.Reduce(poly.Must(x))}, size: 8}, nil
	case loopir.F32, loopir.F64, loopir.I8, loopir.U8, loopir.I16, loopir.I32:
		x, err := r.value(e)
		if err != nil {
			return arg{}, err
		}
		if !handedOver(x) || x.TypeOf() != typeNamed(t) {
			return arg{}, r.errorf(e, "a value handed over is a scalar or an index")
		}
		return arg{scalar: x, size: int64(typeNamed(t).Bits() / 8)}, nil
	}
	return arg{}, r.errorf(typ, "a field of this type is not read")
}

// handedOver tells whether x has one value while the function runs: a scalar, or an
// index as a number.
func handedOver(x loopir.Expr) bool {
	switch x := x.(type) {
	case *loopir.Read:
		return len(x.Index) == 0
	case *loopir.Cast:
		return x.X.TypeOf() == loopir.Index && !hasReads(x.X)
	}
	return false
}

// sliceData reads unsafe.SliceData(A) and unsafe.SliceData(a[:]).
func (r *reader) sliceData(e ast.Expr) (*array, error) {
	c, ok := e.(*ast.CallExpr)
	if ok && len(c.Args) == 1 {
		sel, isSel := c.Fun.(*ast.SelectorExpr)
		x := c.Args[0]
		if s, isSlice := x.(*ast.SliceExpr); isSlice && s.Low == nil && s.High == nil && s.Max == nil {
			x = s.X
		}
		id, isID := x.(*ast.Ident)
		if isSel && isIdent(sel.X, "unsafe") && sel.Sel.Name == "SliceData" && isID && r.arrays[id.Name] != nil {
			return r.arrays[id.Name], nil
		}
	}
	return nil, r.errorf(e, "this pointer is not read")
}
