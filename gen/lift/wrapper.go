package lift

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// An entry is a way into a form: an exported function and the case of it that calls
// the form.
type entry struct {
	fn   *ast.FuncDecl
	call *ast.CallExpr // of the function that runs the form
	cond ast.Expr      // of the case, nil for the default
}

// entries lists the ways into form t. What calls run otherwise is found too, and has
// to be such a call.
func (p *Package) entries(t string) ([]entry, *ast.FuncDecl) {
	var out []entry
	caller := p.callOf(t)
	if caller == nil {
		return nil, nil
	}
	for _, name := range sortedKeys(p.funcs) {
		fn := p.funcs[name]
		if fn.Body == nil {
			continue
		}
		for _, s := range fn.Body.List {
			sw, ok := s.(*ast.SwitchStmt)
			if !ok {
				continue
			}
			for _, c := range sw.Body.List {
				cc := c.(*ast.CaseClause)
				for _, b := range cc.Body {
					x, ok := b.(*ast.ExprStmt)
					if !ok {
						continue
					}
					call, ok := x.X.(*ast.CallExpr)
					if !ok || !isIdent(call.Fun, caller.Name.Name) {
						continue
					}
					e := entry{fn: fn, call: call}
					if len(cc.List) == 1 {
						e.cond = cc.List[0]
					}
					out = append(out, e)
				}
			}
		}
	}
	return out, caller
}

// callOf finds the function that runs a form: c := tCalls.Get().(*t) ... c.run().
func (p *Package) callOf(t string) *ast.FuncDecl {
	for _, name := range sortedKeys(p.funcs) {
		fn := p.funcs[name]
		if fn.Body == nil || len(fn.Body.List) == 0 {
			continue
		}
		d, ok := fn.Body.List[0].(*ast.AssignStmt)
		if !ok || d.Tok != token.DEFINE {
			continue
		}
		ta, ok := d.Rhs[0].(*ast.TypeAssertExpr)
		if !ok {
			continue
		}
		if s, ok := ta.Type.(*ast.StarExpr); ok && isIdent(s.X, t) {
			return fn
		}
	}
	return nil
}

// contract proves that a form is run only on what its kernel admits: sizes in range
// that satisfy where, arrays long enough, outputs that overlap nothing, a processor
// that has the instructions. It gives the duties that make it so.
func (p *Package) contract(t string, target *loopir.Kernel, needs []string) ([]Duty, error) {
	all, caller := p.entries(t)
	r := &reader{pkg: p, typ: t, target: target, kernel: target}
	if caller == nil {
		return nil, loopir.Errorf(loopir.Span{}, "no function runs %s", t)
	}
	if n := p.mentions(caller.Name.Name); n != len(all) {
		return nil, r.errorf(caller, "%s is called otherwise than from a function that checks its arguments", caller.Name.Name)
	}
	var out []Duty
	for _, e := range all {
		d, err := p.entry(e, caller, t, target, needs)
		if err != nil {
			return nil, err
		}
		out = append(out, d...)
	}
	return out, nil
}

// mentions counts the uses of a function's name.
func (p *Package) mentions(name string) int {
	n := 0
	for id, o := range p.info.Uses {
		if id.Name == name && o.Parent() == o.Pkg().Scope() {
			n++
		}
	}
	return n
}

// A guard collects what the checks of an exported function establish.
type guard struct {
	*reader
	lens     map[string][]loopir.Expr // extents that an array is long enough for
	rooms    [][]loopir.Expr          // extents of arrays that are not too large to be made
	disjoint map[[2]string]bool
}

func (p *Package) entry(e entry, caller *ast.FuncDecl, t string, target *loopir.Kernel, needs []string) ([]Duty, error) {
	g := &guard{
		reader: &reader{
			pkg: p, typ: t, target: target, kernel: target, env: map[string]loopir.Expr{},
			arrays: map[string]*array{}, used: map[string]int{}, said: map[string]bool{},
		},
		lens: map[string][]loopir.Expr{}, disjoint: map[[2]string]bool{},
	}
	binds, err := g.bindings(caller, e.call)
	if err != nil {
		return nil, err
	}
	for _, q := range target.Params {
		v, ok := binds[q.Name]
		switch {
		case !ok:
			return nil, g.errorf(caller, "%s is not set", q.Name)
		case g.paramNamed(v) != q:
			return nil, g.errorf(e.call, "%s gets the argument %s", q.Name, v)
		case q.Kind == loopir.SizeParam:
			g.env[v] = loopir.NewVar(q.Name)
		case q.Kind == loopir.ArrayParam:
			g.arrays[v] = &array{q.Name, q.Type, q.Shape}
		}
	}
	n := len(e.fn.Body.List) - 2
	if n < 0 || !g.dispatches(e.fn.Body.List[n:]) {
		return nil, g.errorf(e.fn, "the function does not end by calling one of the forms, whatever the sizes are, and returning nil")
	}
	for _, s := range e.fn.Body.List[:n] {
		if err := g.check(s); err != nil {
			return nil, err
		}
	}
	var has []string
	if e.cond != nil {
		if has, err = g.assumeCase(e.cond); err != nil {
			return nil, err
		}
	}
	for _, n := range needs {
		if !slices.Contains(has, n) {
			return nil, g.errorf(e.call, "%s is run without a check for %s", t, n)
		}
	}
	return g.conclude(e, target)
}

// dispatches tells whether the statements are a switch whose cases call one function, or
// return an error, and return nil.
func (g *guard) dispatches(list []ast.Stmt) bool {
	sw, ok := list[0].(*ast.SwitchStmt)
	ret, ok2 := list[1].(*ast.ReturnStmt)
	if !ok || !ok2 || sw.Init != nil || sw.Tag != nil || len(ret.Results) != 1 || !isIdent(ret.Results[0], "nil") {
		return false
	}
	total := false // some case runs whatever the sizes are
	for _, c := range sw.Body.List {
		cc := c.(*ast.CaseClause)
		total = total || cc.List == nil
		if len(cc.Body) != 1 || len(cc.List) > 1 {
			return false
		}
		switch s := cc.Body[0].(type) {
		case *ast.ExprStmt:
			c, ok := s.X.(*ast.CallExpr)
			if !ok {
				return false
			}
			if _, ok := c.Fun.(*ast.Ident); !ok {
				return false
			}
		case *ast.ReturnStmt:
			c, ok := s.Results[0].(*ast.CallExpr)
			if !ok || !isIdent(c.Fun, "shapeError") {
				return false
			}
		default:
			return false
		}
	}
	return total
}

// Consistent is an error when an exported function leads into forms whose parameters
// differ: in layout, say, which no check of the arguments would show.
func (p *Package) Consistent() error {
	first := map[string]string{}
	for _, f := range p.Forms() {
		_, target, err := p.target(f)
		if err != nil {
			return err
		}
		text := ""
		for _, q := range target.Params {
			text += loopir.FormatParam(q) + "\n"
		}
		list, _ := p.entries(f.Type)
		for _, e := range list {
			name := e.fn.Name.Name
			if old, ok := first[name]; ok && old != text {
				r := &reader{pkg: p}
				return r.errorf(e.call, "%s leads into forms with other parameters", name)
			}
			first[name] = text
		}
	}
	return nil
}

// bindings tells for each parameter of the kernel which argument of the exported
// function it gets.
func (g *guard) bindings(caller *ast.FuncDecl, call *ast.CallExpr) (map[string]string, error) {
	given := map[string]string{}
	i := 0
	for _, f := range caller.Type.Params.List {
		for _, n := range f.Names {
			if i >= len(call.Args) {
				return nil, g.errorf(call, "arguments are missing")
			}
			id, ok := call.Args[i].(*ast.Ident)
			if !ok {
				return nil, g.errorf(call.Args[i], "an argument is not handed on as it is")
			}
			given[n.Name] = id.Name
			i++
		}
	}
	binds := map[string]string{}
	ran := false
	for _, s := range caller.Body.List[1:] {
		switch s := s.(type) {
		case *ast.ExprStmt:
			c, ok := s.X.(*ast.CallExpr)
			sel, ok2 := c.Fun.(*ast.SelectorExpr)
			if !ok || !ok2 {
				return nil, g.errorf(s, "this statement is not read")
			}
			switch {
			case isIdent(sel.X, "c") && sel.Sel.Name == "run" && !ran:
				ran = true
			case sel.Sel.Name == "Put" && ran:
			default:
				return nil, g.errorf(s, "this call is not read")
			}
		case *ast.AssignStmt:
			sel, ok := s.Lhs[0].(*ast.SelectorExpr)
			id, ok2 := s.Rhs[0].(*ast.Ident)
			if !ok || !ok2 || len(s.Lhs) != 1 || s.Tok != token.ASSIGN || !isIdent(sel.X, "c") {
				return nil, g.errorf(s, "this assignment is not read")
			}
			if ran {
				if id.Name != "nil" {
					return nil, g.errorf(s, "this assignment is not read")
				}
				continue
			}
			if q := g.paramNamed(sel.Sel.Name); q != nil {
				if _, twice := binds[q.Name]; twice || given[id.Name] == "" {
					return nil, g.errorf(s, "%s is not set once to an argument", q.Name)
				}
				binds[q.Name] = given[id.Name]
			} else if sel.Sel.Name != "threads" {
				return nil, g.errorf(s, "%s is no parameter", sel.Sel.Name)
			}
		default:
			return nil, g.errorf(s, "this statement is not read")
		}
	}
	if !ran {
		return nil, g.errorf(caller, "the form is not run")
	}
	return binds, nil
}
