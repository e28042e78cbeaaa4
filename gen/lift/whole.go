package lift

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/gen/goname"
	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

// took is what the reader of a form has used of its files.
type took struct {
	pars   map[string]bool // methods of parallel loops
	calls  map[string]bool // assembly functions
	fields map[string]bool // of the receiver, beyond the parameters
	bufs   map[string]bool // of the scratch memory
}

func newTook() took {
	return took{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

// once notes a name, and reports false when it was noted before.
func once(m map[string]bool, name string) bool {
	old := m[name]
	m[name] = true
	return !old
}

// whole is an error unless the files of the form declare just what was read of it: a name
// that nothing was read of may do anything.
func (r *reader) whole() error {
	run := r.pkg.methods[r.typ]["run"]
	file := r.pkg.holds(run)
	if file == nil {
		return r.errorf(run, "no file holds this")
	}
	left := 3 + len(r.took.pars) + 2*len(r.took.calls) // the type, run and runRange
	if len(r.took.bufs) > 0 {
		left += 2
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			if err := r.imports(g); err != nil {
				return err
			}
			continue
		}
		if err := r.declaration(d); err != nil {
			return err
		}
		left--
	}
	if left != 0 {
		return r.errorf(file, "the file lacks declarations of what the form is made of")
	}
	return r.wholeAssembly(file)
}

// holds finds the file that a declaration stands in.
func (p *Package) holds(d ast.Node) *ast.File {
	for _, f := range p.files {
		if f.FileStart <= d.Pos() && d.Pos() < f.FileEnd {
			return f
		}
	}
	return nil
}

func (r *reader) imports(g *ast.GenDecl) error {
	for _, s := range g.Specs {
		i := s.(*ast.ImportSpec)
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil || i.Name != nil || !slices.Contains([]string{"math", "sync", "unsafe"}, path) {
			return r.errorf(i, "a form has no such import")
		}
	}
	return nil
}

// declaration is an error unless d is one of those that the form is made of.
func (r *reader) declaration(d ast.Decl) error {
	switch d := d.(type) {
	case *ast.FuncDecl:
		switch {
		case d.Recv != nil && r.method(d), d.Recv == nil && r.took.calls[d.Name.Name] && noescape(d):
			return nil
		}
		return r.errorf(d, "%s is no method of the form that is read, and no declaration of its assembly under //go:noescape", d.Name.Name)
	case *ast.GenDecl:
		if len(d.Specs) != 1 || d.Lparen.IsValid() {
			break
		}
		switch s := d.Specs[0].(type) {
		case *ast.ValueSpec:
			if d.Tok == token.VAR && len(r.took.bufs) > 0 && isPoolOf(s, r.typ+"Scratches", r.typ+"Scratch") {
				return nil
			}
		case *ast.TypeSpec:
			if err := r.structure(s); err != nil {
				return err
			}
			return nil
		}
	}
	return r.errorf(d, "this declaration is no part of a form")
}

// method tells a declaration of run, runRange, or a method of a parallel loop.
func (r *reader) method(d *ast.FuncDecl) bool {
	switch name := d.Name.Name; {
	case name == "run":
		return r.declared(d)
	case name == "runRange":
		return r.declared(d, "which", "lo", "hi")
	case r.took.pars[name]:
		return r.declared(d, "lo", "hi")
	}
	return false
}

// declared tells func (c *T) name(params int) { ... } of the form's type T.
func (r *reader) declared(d *ast.FuncDecl, params ...string) bool {
	if d == nil || d.Recv == nil || d.Body == nil || d.Type.Results != nil || d.Type.TypeParams != nil || len(d.Recv.List) != 1 {
		return false
	}
	c := d.Recv.List[0]
	p, ok := c.Type.(*ast.StarExpr)
	if !ok || !isIdent(p.X, r.typ) || !slices.Equal(names(c), []string{"c"}) {
		return false
	}
	list := d.Type.Params.List
	if len(params) == 0 {
		return len(list) == 0
	}
	if len(list) != 1 || !slices.Equal(names(list[0]), params) {
		return false
	}
	t, ok := list[0].Type.(*ast.Ident)
	return ok && t.Name == "int" && r.builtin(t)
}

func names(f *ast.Field) []string {
	var out []string
	for _, n := range f.Names {
		out = append(out, n.Name)
	}
	return out
}

// noescape tells a function without a body, and no other directive than //go:noescape.
func noescape(d *ast.FuncDecl) bool {
	return d.Body == nil && d.Doc != nil && len(d.Doc.List) == 1 && d.Doc.List[0].Text == "//go:noescape"
}

// structure checks the fields of a type: the form's, its scratch memory's, or arguments of
// assembly, whose fields are set one by one where it is called.
func (r *reader) structure(s *ast.TypeSpec) error {
	st, ok := s.Type.(*ast.StructType)
	if !ok || s.Assign.IsValid() || s.TypeParams != nil {
		return r.errorf(s, "a form declares nothing but structs")
	}
	called, isArgs := strings.CutSuffix(s.Name.Name, "Args")
	switch {
	case s.Name.Name == r.typ:
		return r.receiver(st)
	case s.Name.Name == r.typ+"Scratch" && len(r.took.bufs) > 0:
		return r.buffers(st)
	case isArgs && r.took.calls[called]:
		return nil
	}
	return r.errorf(s, "%s is no type of the form that is read", s.Name.Name)
}

// receiver wants the fields of the form to be the kernel's parameters, the number of
// threads, and what is handed to parallel loops.
func (r *reader) receiver(st *ast.StructType) error {
	handed := 0
	for i, f := range st.Fields.List {
		if len(f.Names) != 1 || f.Tag != nil {
			return r.errorf(f, "a form has no such field")
		}
		name, t := f.Names[0].Name, r.pkg.info.Types[f.Type].Type
		ok := false
		switch n := len(r.target.Params); {
		case i < n:
			q := r.target.Params[i]
			ok = name == goname.Of(q.Name) && holdsParam(t, q)
		case i == n:
			ok = name == "threads" && typeNamed(t) == loopir.Index
		default:
			handed++
			ok = r.took.fields[name] && holdsHanded(t)
		}
		if !ok {
			return r.errorf(f, "a form has no such field")
		}
	}
	if handed != len(r.took.fields) || len(st.Fields.List) != len(r.target.Params)+1+handed {
		return r.errorf(st, "fields of the form are missing")
	}
	return nil
}

func holdsParam(t types.Type, q *loopir.Param) bool {
	if q.Kind == loopir.ArrayParam {
		s, ok := t.(*types.Slice)
		return ok && typeNamed(s.Elem()) == q.Type
	}
	if q.Kind == loopir.SizeParam {
		return typeNamed(t) == loopir.Index
	}
	return typeNamed(t) == q.Type
}

// holdsHanded tells a type whose values a field can carry to a parallel loop: a number, or a
// slice of numbers. An array would be copied.
func holdsHanded(t types.Type) bool {
	if s, ok := t.(*types.Slice); ok {
		return typeNamed(s.Elem()).IsValue()
	}
	n := typeNamed(t)
	return n == loopir.Index || n.IsValue()
}

// buffers wants the scratch memory to have one slice for each array that is taken of it.
func (r *reader) buffers(st *ast.StructType) error {
	for _, f := range st.Fields.List {
		s, ok := r.pkg.info.Types[f.Type].Type.(*types.Slice)
		if !ok || len(f.Names) != 1 || f.Tag != nil || !r.took.bufs[f.Names[0].Name] || !typeNamed(s.Elem()).IsValue() {
			return r.errorf(f, "scratch memory has no such field")
		}
	}
	if len(st.Fields.List) != len(r.took.bufs) {
		return r.errorf(st, "fields of the scratch memory are missing")
	}
	return nil
}

// wholeAssembly wants the assembly beside a form to be the functions that it calls, with
// frames as large as the slots that they use, and the data that these read.
func (r *reader) wholeAssembly(file *ast.File) error {
	name := strings.TrimSuffix(r.pkg.file(file), ".go") + ".s"
	for _, call := range sortedKeys(r.took.calls) {
		if f := r.pkg.asm[call]; f.Name != name {
			return r.errorf(file, "%s stands in another file of assembly: %s", call, filepath.Base(f.Name))
		}
	}
	f := r.pkg.assemblies[name]
	if f == nil {
		return nil
	}
	used := map[string]bool{}
	for _, fn := range f.Funcs {
		if !r.took.calls[fn.Name] {
			return &asm.Error{File: name, Line: fn.Line, Msg: fn.Name + " is called by nothing that is read"}
		}
		if fn.Frame < slots(fn) || fn.Frame%8 != 0 || fn.Frame > largestFrame || fn.Args != 8 {
			return &asm.Error{File: name, Line: fn.Line, Msg: fn.Name + " has another frame than that of up to 64 slots and one argument"}
		}
		for _, in := range fn.Insts {
			for _, o := range in.Args {
				if o.Kind == asm.Sym {
					used[o.Name] = true
				}
			}
		}
	}
	for _, d := range sortedKeys(f.Data) {
		if !used[d] {
			return &asm.Error{File: name, Line: f.Data[d].Line, Msg: d + " is read by nothing"}
		}
	}
	return nil
}

// largestFrame is what a function that does not check the stack may take of it, of which Go
// keeps 800 bytes free.
const largestFrame = 64 * 8

// slots is the number of bytes down to the last stack slot of a function.
func slots(fn *asm.Func) int64 {
	var n int64
	for _, in := range fn.Insts {
		for _, o := range in.Args {
			if o.Kind == asm.Slot {
				n = max(n, -o.Off)
			}
		}
	}
	return n
}

// isPoolOf tells name = sync.Pool{New: func() any { return new(typ) }}.
func isPoolOf(v *ast.ValueSpec, name, typ string) bool {
	return len(v.Names) == 1 && v.Names[0].Name == name && v.Type == nil && len(v.Values) == 1 && poolOf(v.Values[0]) == typ
}

// poolOf gives the T of sync.Pool{New: func() any { return new(T) }}, or nothing.
func poolOf(e ast.Expr) string {
	c, ok := e.(*ast.CompositeLit)
	if !ok || len(c.Elts) != 1 {
		return ""
	}
	t, ok := c.Type.(*ast.SelectorExpr)
	kv, ok2 := c.Elts[0].(*ast.KeyValueExpr)
	if !ok || !ok2 || !isIdent(t.X, "sync") || t.Sel.Name != "Pool" || !isIdent(kv.Key, "New") {
		return ""
	}
	f, ok := kv.Value.(*ast.FuncLit)
	if !ok || len(f.Body.List) != 1 || f.Type.Params.NumFields() > 0 || f.Type.Results.NumFields() != 1 ||
		len(f.Type.Results.List[0].Names) > 0 || !isIdent(f.Type.Results.List[0].Type, "any") {
		return ""
	}
	r, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(r.Results) != 1 {
		return ""
	}
	call, ok := r.Results[0].(*ast.CallExpr)
	if !ok || !isIdent(call.Fun, "new") || len(call.Args) != 1 {
		return ""
	}
	id, _ := call.Args[0].(*ast.Ident)
	return identName(id)
}

// takenFrom reads v := pool.Get().(*typ) and gives v.
func takenFrom(s ast.Stmt, pool, typ string) string {
	d, ok := s.(*ast.AssignStmt)
	if !ok || d.Tok != token.DEFINE || len(d.Lhs) != 1 || len(d.Rhs) != 1 {
		return ""
	}
	ta, ok := d.Rhs[0].(*ast.TypeAssertExpr)
	if !ok {
		return ""
	}
	to, ok := ta.Type.(*ast.StarExpr)
	get, ok2 := ta.X.(*ast.CallExpr)
	if !ok || !ok2 || !isIdent(to.X, typ) || len(get.Args) > 0 {
		return ""
	}
	sel, ok := get.Fun.(*ast.SelectorExpr)
	id, ok2 := d.Lhs[0].(*ast.Ident)
	if !ok || !ok2 || !isIdent(sel.X, pool) || sel.Sel.Name != "Get" {
		return ""
	}
	return id.Name
}

// puts tells the statement pool.Put(v).
func puts(s ast.Stmt, pool, v string) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	c, ok := x.X.(*ast.CallExpr)
	if !ok || len(c.Args) != 1 || !isIdent(c.Args[0], v) {
		return false
	}
	sel, ok := c.Fun.(*ast.SelectorExpr)
	return ok && isIdent(sel.X, pool) && sel.Sel.Name == "Put"
}
