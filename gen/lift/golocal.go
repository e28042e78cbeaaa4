package lift

import (
	"go/ast"
	"go/token"
	"go/types"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// own are names that no variable of a form has: what reads them takes them for the receiver,
// the worker's memory, the range of a parallel loop, or a package.
var own = map[string]bool{"c": true, "w": true, "lo": true, "hi": true, "math": true, "sync": true, "unsafe": true}

// define reads v := e.
func (r *reader) define(s *ast.AssignStmt, name string, rhs ast.Expr) ([]loopir.Stmt, error) {
	if own[name] {
		return nil, r.errorf(s, "%s means something else in a form", name)
	}
	delete(r.rows, name)
	switch e := rhs.(type) {
	case *ast.SliceExpr:
		return nil, r.slice(s, name, e)
	case *ast.SelectorExpr: // N := c.N
		if q := r.param(e); q != nil {
			switch q.Kind {
			case loopir.SizeParam:
				r.env[name] = loopir.NewVar(q.Name)
			case loopir.ScalarParam:
				r.env[name] = &loopir.Read{Name: q.Name, Type: q.Type}
			case loopir.ArrayParam:
				r.arrays[name] = &array{q.Name, q.Type, q.Shape}
			}
			return nil, nil
		}
		if isIdent(e.X, "c") {
			if a := r.held[e.Sel.Name]; a != nil {
				r.arrays[name] = a
				return nil, nil
			}
			if x, ok := r.fields[e.Sel.Name]; ok {
				r.env[name] = x
				return nil, nil
			}
		}
		return nil, r.errorf(e, "this field is not known here: what is no parameter is set right before the parallel loop")
	case *ast.CallExpr:
		if isIdent(e.Fun, "scratch") && len(e.Args) == 2 && r.support(e.Fun.(*ast.Ident)) {
			return r.scratch(s, name, e)
		}
	}
	if r.typeOf(rhs) != loopir.Index {
		return nil, r.errorf(s, "this variable is not read")
	}
	x, err := r.index(rhs)
	r.env[name] = x
	return nil, err
}

// scratchValue stands for the pointer to a worker's scratch memory.
var scratchValue loopir.Expr = &loopir.Unary{Op: loopir.Not, Type: loopir.Bool}

// worker takes w := TScratches.Get().(*TScratch), which follows the fields that a method
// loads, and TScratches.Put(w), its last statement, off its body. Between them the memory is
// this worker's alone, of unknown content.
func (r *reader) worker(m *ast.FuncDecl) ([]ast.Stmt, error) {
	list := m.Body.List
	pool, typ := r.typ+"Scratches", r.typ+"Scratch"
	if !mentionsIdent(m.Body, pool) {
		return list, nil
	}
	for i, s := range list {
		if takenFrom(s, pool, typ) != "w" {
			if d, ok := s.(*ast.AssignStmt); ok && d.Tok == token.DEFINE && !mentionsIdent(s, pool) {
				continue
			}
			break
		}
		last := len(list) - 1
		if !puts(list[last], pool, "w") {
			break
		}
		rest := slices.Concat(list[:i], list[i+1:last])
		for _, s := range rest {
			if mentionsIdent(s, pool) {
				return nil, r.errorf(s, "scratch memory is taken once and put back once")
			}
		}
		r.env["w"] = scratchValue
		return rest, nil
	}
	return nil, r.errorf(m, "scratch memory is not taken by w := %s.Get().(*%s) behind the loads of fields, and put back by the last statement, %s.Put(w)", pool, typ, pool)
}

// scratch reads a := scratch(&w.buf0, n): n elements of unknown content, which no
// other call of scratch gives out at the same time since each has a field of its own.
func (r *reader) scratch(s ast.Stmt, name string, e *ast.CallExpr) ([]loopir.Stmt, error) {
	u, ok := e.Args[0].(*ast.UnaryExpr)
	if !ok || u.Op != token.AND {
		return nil, r.errorf(e, "scratch memory is a field of the worker's")
	}
	sel, ok := u.X.(*ast.SelectorExpr)
	if !ok || !isIdent(sel.X, "w") || r.env["w"] != scratchValue {
		return nil, r.errorf(e, "scratch memory is a field of the worker's")
	}
	if !once(r.took.bufs, sel.Sel.Name) {
		return nil, r.errorf(e, "%s is given out twice", sel.Sel.Name)
	}
	n, err := r.index(e.Args[1])
	if err != nil {
		return nil, err
	}
	r.fits(e, n)
	slice, ok := r.pkg.fieldType(r.typ+"Scratch", sel.Sel.Name).(*types.Slice)
	if !ok {
		return nil, r.errorf(e, "scratch memory is a slice")
	}
	return r.local(s, name, typeNamed(slice.Elem()), n, loopir.Heap), nil
}

// local declares an array of n elements, in the shape that the target gives the local
// of this name if that has as many.
func (r *reader) local(at ast.Node, name string, t loopir.Type, n loopir.Expr, mem loopir.Mem) []loopir.Stmt {
	l := &loopir.Local{Name: r.fresh(r.looped(name)), Type: t, Shape: []loopir.Expr{n}, Mem: mem, Span: r.span(at)}
	loopir.Walk(r.target.Body, func(s loopir.Stmt) bool {
		t, ok := s.(*loopir.Local)
		if ok && t.Name == r.looped(name) && len(t.Shape) > 0 && r.sameVolume(t.Shape, n) {
			l.Shape = nil
			for _, e := range t.Shape {
				l.Shape = append(l.Shape, loopir.CloneExpr(e))
			}
		}
		return true
	})
	r.arrays[name] = &array{l.Name, t, l.Shape}
	return []loopir.Stmt{l}
}

func (r *reader) sameVolume(shape []loopir.Expr, n loopir.Expr) bool {
	v := poly.Int(1)
	for _, e := range shape {
		for _, name := range poly.Must(e).Vars() {
			if q := r.target.Param(name); q == nil {
				return false // an iterator, whose name may differ here
			}
		}
		v = v.Mul(poly.Must(e))
	}
	return r.sc.facts.Same(v, poly.Must(n))
}

// declare reads var a [448]float32 and var m float32 = e.
func (r *reader) declare(s *ast.DeclStmt) ([]loopir.Stmt, error) {
	g, ok := s.Decl.(*ast.GenDecl)
	if !ok || g.Tok != token.VAR || len(g.Specs) != 1 {
		return nil, r.errorf(s, "this declaration is not read")
	}
	v := g.Specs[0].(*ast.ValueSpec)
	if len(v.Names) != 1 || v.Type == nil || len(v.Values) > 1 {
		return nil, r.errorf(s, "this declaration is not read")
	}
	name := v.Names[0].Name
	if own[name] {
		return nil, r.errorf(s, "%s means something else in a form", name)
	}
	delete(r.rows, name)
	t := r.pkg.info.Defs[v.Names[0]].Type()
	if a, ok := t.(*types.Array); ok && len(v.Values) == 0 {
		return r.local(s, name, typeNamed(a.Elem()), &loopir.Int{Value: big.NewInt(a.Len()), Type: loopir.Index}, loopir.Auto), nil
	}
	elem := typeNamed(t)
	if !elem.IsValue() {
		return nil, r.errorf(s, "a local of this type is not read")
	}
	l := &loopir.Local{Type: elem, Span: r.span(s)}
	if len(v.Values) == 1 {
		x, err := r.value(v.Values[0])
		if err != nil {
			return nil, err
		}
		if x.TypeOf() != elem {
			return nil, r.errorf(s, "a value of another type is assigned")
		}
		l.Init = x
	}
	l.Name = r.fresh(r.looped(name))
	r.env[name] = &loopir.Read{Name: l.Name, Type: elem}
	return []loopir.Stmt{l}, nil
}
