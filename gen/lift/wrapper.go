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
		if fn.Body != nil && len(fn.Body.List) > 0 && takenFrom(fn.Body.List[0], t+"Calls", t) == "c" {
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
			arrays: map[string]*array{}, used: map[string]int{}, said: map[string]bool{}, rounded: map[*ast.BinaryExpr]loopir.Type{},
		},
		lens: map[string][]loopir.Expr{}, disjoint: map[[2]string]bool{},
	}
	if !g.returnsError(e.fn) {
		return nil, g.errorf(e.fn, "a function that leads into a form has the number of threads first, and returns an error")
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
			if id, ok := c.Fun.(*ast.Ident); !ok || g.pkg.funcs[id.Name] == nil {
				return false
			}
		case *ast.ReturnStmt:
			if len(s.Results) != 1 || !g.isError(s.Results[0]) {
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
	given, err := g.given(caller, call)
	if err != nil {
		return nil, err
	}
	binds := map[string]string{}
	list := caller.Body.List[1:]
	for ; len(list) > 0 && !runs(list[0]); list = list[1:] {
		field, value := setting(list[0])
		q := g.paramNamed(field)
		switch {
		case field == "threads" && value == "threads" && binds[" threads"] == "":
			binds[" threads"] = value // no .loop name has a space
		case q == nil || given[value] == "" || binds[q.Name] != "":
			return nil, g.errorf(list[0], "this sets no parameter of the kernel, once, to an argument")
		default:
			binds[q.Name] = given[value]
		}
	}
	if len(list) < 2 || binds[" threads"] == "" {
		return nil, g.errorf(caller, "the form is not run with as many threads as it may have, and put back")
	}
	last := len(list) - 1
	for _, s := range list[1:last] {
		field, value := setting(s)
		if q := g.paramNamed(field); q == nil || q.Kind != loopir.ArrayParam || value != "nil" {
			return nil, g.errorf(s, "this statement is not read")
		}
	}
	if !puts(list[last], g.typ+"Calls", "c") || !g.pkg.pools(g.typ+"Calls", g.typ) {
		return nil, g.errorf(list[last], "the form is not put back to where it was taken from")
	}
	return binds, nil
}

// given tells for each parameter of the function that runs a form which argument of the
// exported function it gets: all as they are, the number of threads first.
func (g *guard) given(caller *ast.FuncDecl, call *ast.CallExpr) (map[string]string, error) {
	t := caller.Type
	if caller.Recv != nil || t.TypeParams != nil || t.Results != nil || call.Ellipsis.IsValid() {
		return nil, g.errorf(caller, "a function that runs a form has parameters and no results")
	}
	given := map[string]string{}
	i := 0
	for _, f := range t.Params.List {
		if len(f.Names) == 0 {
			return nil, g.errorf(f, "a parameter has no name")
		}
		for _, n := range f.Names {
			if i >= len(call.Args) {
				return nil, g.errorf(call, "arguments are missing")
			}
			id, ok := call.Args[i].(*ast.Ident)
			if !ok || (i == 0) != (id.Name == "threads") || (i == 0) != (n.Name == "threads") || own[n.Name] {
				return nil, g.errorf(call.Args[i], "an argument is not handed on as it is")
			}
			given[n.Name] = id.Name
			i++
		}
	}
	return given, nil
}

// pools tells whether the package has var name = sync.Pool{New: func() any { return new(typ) }}.
func (p *Package) pools(name, typ string) bool {
	for _, d := range declarations(p.files)[name] {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			if isPoolOf(s.(*ast.ValueSpec), name, typ) {
				return true
			}
		}
	}
	return false
}

// runs tells c.run().
func runs(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	c, ok := x.X.(*ast.CallExpr)
	return ok && len(c.Args) == 0 && isField(c.Fun, "run")
}

// setting reads c.field = value.
func setting(s ast.Stmt) (field, value string) {
	a, ok := s.(*ast.AssignStmt)
	if !ok || a.Tok != token.ASSIGN || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
		return "", ""
	}
	sel, ok := a.Lhs[0].(*ast.SelectorExpr)
	id, ok2 := a.Rhs[0].(*ast.Ident)
	if !ok || !ok2 || !isIdent(sel.X, "c") {
		return "", ""
	}
	return sel.Sel.Name, id.Name
}

// returnsError tells a function with the number of threads first and an error as its result.
func (g *guard) returnsError(f *ast.FuncDecl) bool {
	t := f.Type
	if f.Recv != nil || t.TypeParams != nil || t.Results.NumFields() != 1 || len(t.Results.List[0].Names) > 0 || len(t.Params.List) == 0 {
		return false
	}
	first := t.Params.List[0]
	id, ok := t.Results.List[0].Type.(*ast.Ident)
	return ok && id.Name == "error" && g.builtin(id) && len(first.Names) > 0 && first.Names[0].Name == "threads"
}

// isError reads shapeError(`%s`, "...").
func (g *guard) isError(e ast.Expr) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok || !isIdent(c.Fun, "shapeError") || len(c.Args) != 2 {
		return false
	}
	return literals(c.Args)
}

func literals(list []ast.Expr) bool {
	return !slices.ContainsFunc(list, func(e ast.Expr) bool {
		_, ok := e.(*ast.BasicLit)
		return !ok
	})
}
