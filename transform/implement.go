package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/library"
)

var implement = &Primitive{
	Name:   "implement",
	Syntax: "implement exp by exp_f32",
	Doc: `Computes a built-in function by a function with a body, of the file or else of the library:
exp_f32, log_f32, tanh_f32 and sigmoid_f32, or exp_fast_f32, tanh_fast_f32 and
sigmoid_fast_f32, which are good to some eleven bits. Loops that call it can be vectorized.

	B[i] = exp(A[i])  =>  B[i] = exp_f32(A[i])      // implement exp by exp_f32

Only calls on the type of the parameter are replaced. Those in functions that the kernel
calls are, too: it calls copies of these then, as swish_sigmoid_f32 for swish.

The results differ by what was measured over all arguments, which the table in
loopir/library has: the verdict is approximate, and the error bounds of the outputs count
it. A function that was not measured as it is written leaves the step unknown, and so does
one of f64, which has too many arguments.`,
	Apply: applyImplement,
}

func applyImplement(c *Context, args *loopir.Cursor) error {
	name := args.Next() // which is a word of the language, and no name
	if err := args.Expect("by"); err != nil {
		return err
	}
	by, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	b := loopir.Builtin(name.Text)
	if b == nil || b.Args != 1 || b.Takes != loopir.Floats {
		return c.Reject(name.Span, "%s is no function that another can stand for; there are exp, log, tanh and sigmoid", name.Text)
	}
	funcs := c.File.Funcs
	fn, err := c.implementation(by)
	if err != nil {
		return err
	}
	if len(fn.Params) != 1 || fn.Params[0] != fn.Result || !fn.Result.IsFloat() {
		return c.Reject(by.Span, "%s takes one floating-point value and gives one of the same type to stand for %s", by.Text, name.Text)
	}
	if m, ok := library.Of(c.File, fn); !ok || m.Of != name.Text {
		e := loopir.Errorf(by.Span, "implement: how far %s is from %s was not measured for this text of it", by.Text, name.Text)
		e.Kind = loopir.Undecided
		if fn.Result == loopir.F64 {
			return e.Note(loopir.Span{}, "of f64 nothing is: there are too many arguments; a kernel may call %s itself", by.Text)
		}
		return e.Note(loopir.Span{}, "functions in loopir/library/functions.loop are measured over all arguments by make functions-exhaustive, which takes minutes")
	}
	r := implementer{file: c.File, of: name.Text, by: fn, made: map[string]string{}}
	c.Scan(func(s loopir.Stmt, _ []Scope) { loopir.MapStmtExprs(s, r.expr) })
	if r.n == 0 {
		c.File.Funcs = funcs
		return c.noCalls(name, fn.Result)
	}
	return nil
}

// noCalls says that the kernel does not call a function; if a kernel does that this one calls,
// it has to be inlined first.
func (c *Context) noCalls(name loopir.Token, t loopir.Type) error {
	for _, k := range c.File.Callees(c.Kernel) {
		calls := false
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			for _, e := range loopir.StmtExprs(s) {
				loopir.WalkExpr(e, func(e loopir.Expr) bool {
					call, ok := e.(*loopir.Intrinsic)
					calls = calls || ok && call.Name == name.Text && call.Type == t
					return !calls
				})
			}
			return !calls
		})
		if calls {
			return c.Reject(name.Span, "there is no %s of %s here, but in kernel %s, which is called: inline %s first", name.Text, t, k.Name, k.Name)
		}
	}
	c.Note(name.Span, "there is no %s of %s", name.Text, t)
	return nil
}

// An implementer puts calls of a function in the place of those of a built-in one, also in
// functions that the kernel calls: each gets a copy, since other kernels keep the original.
type implementer struct {
	file *loopir.File
	of   string
	by   *loopir.Func
	made map[string]string // what is called in the place of a function, "" for itself
	n    int
}

func (r *implementer) expr(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		call, ok := e.(*loopir.Intrinsic)
		switch {
		case !ok:
		case call.Name == r.of && call.Type == r.by.Result:
			r.n++
			call.Name = r.by.Name
		case loopir.Builtin(call.Name) == nil:
			if name := r.copied(call.Name); name != "" {
				call.Name = name
			}
		}
		return e
	})
}

// copied gives the copy of a function that calls the other one in its place, "" if it does
// not call any. What was measured stays as it is.
func (r *implementer) copied(name string) string {
	if made, met := r.made[name]; met {
		return made
	}
	r.made[name] = ""
	fn := r.file.Func(name)
	if fn == nil || fn.Value == nil || fn == r.by {
		return ""
	}
	if _, ok := library.Of(r.file, fn); ok {
		return ""
	}
	before, c := r.n, *fn
	c.Lets = nil
	for _, l := range fn.Lets {
		let := *l
		let.Value = r.expr(l.Value)
		c.Lets = append(c.Lets, &let)
	}
	if c.Value = r.expr(fn.Value); r.n == before {
		return ""
	}
	used := map[string]bool{}
	for _, f := range r.file.Funcs {
		used[f.Name] = true
	}
	for _, k := range r.file.Kernels {
		used[k.Name] = true
	}
	c.Name = unused(name+"_"+r.by.Name, used)
	c.Span = loopir.Span{} // it stands behind what it calls, in no place of the source
	r.file.Funcs = append(slices.Clip(r.file.Funcs), &c)
	r.made[name] = c.Name
	return c.Name
}

// implementation finds the function with a body, and adds it to the file if it is the
// library's.
func (c *Context) implementation(by loopir.Token) (*loopir.Func, error) {
	if fn := c.File.Func(by.Text); fn != nil {
		if fn.Value == nil {
			return nil, c.Reject(by.Span, "%s has no body", by.Text)
		}
		return fn, nil
	}
	lib := library.File()
	fn := lib.Func(by.Text)
	if fn == nil {
		var names []string
		for _, f := range append(slices.Clone(c.File.Funcs), lib.Funcs...) {
			names = append(names, f.Name)
		}
		return nil, c.Reject(by.Span, "there is no func %s%s", by.Text, legal("the functions are", by.Text, names))
	}
	funcs, _ := library.With(lib, fn)
	added := slices.Clone(c.File.Funcs)
	for _, f := range funcs {
		switch old := c.File.Func(f.Name); {
		case old == nil && c.File.Kernel(f.Name) == nil:
			added = append(added, f)
		case old == nil || old != f && library.Digest(c.File, old) != library.Digest(lib, f):
			return nil, c.Reject(by.Span, "the file has something else that is called %s, which %s of the library calls", f.Name, by.Text)
		}
	}
	c.File.Funcs = added
	return fn, nil
}
