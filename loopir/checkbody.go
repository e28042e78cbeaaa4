package loopir

import "slices"

// maxFuncOps bounds the operations of a func once those of the funcs that it calls are
// counted with them, for each call.
const maxFuncOps = 20_000

// Func returns the function called name that the file declares, or nil.
func (f *File) Func(name string) *Func {
	for _, fn := range f.Funcs {
		if fn.Name == name {
			return fn
		}
	}
	return nil
}

func functionNames() []string {
	var names []string
	for _, f := range Functions {
		names = append(names, f.Name)
	}
	return names
}

// checkFuncs checks the bodies of f's functions. It puts copies in their places: files
// share them.
func (f *File) checkFuncs(whole func(*Func) bool) ErrorList {
	var errs ErrorList
	above := map[string]bool{}
	ops := map[string]int{}
	f.Funcs = slices.Clone(f.Funcs)
	for i, fn := range f.Funcs {
		if fn.Value != nil && whole(fn) {
			c := *fn
			f.Funcs[i] = &c
			errs = append(errs, f.checkFunc(&c, above)...)
			if ops[c.Name] = c.operations(ops); ops[c.Name] > maxFuncOps {
				e := Errorf(c.Span, "with the functions that it calls, %s is more than %d operations, which is more than is proved", c.Name, maxFuncOps)
				e.Kind = Undecided
				errs = append(errs, e)
				ops[c.Name] = 0 // told once
			}
		}
		above[fn.Name] = true
	}
	return errs
}

// checkFunc checks the body of fn in place. A func has a value whatever its arguments
// are: nothing in it may fault.
func (f *File) checkFunc(fn *Func, above map[string]bool) ErrorList {
	c := &checker{file: f, kernel: &Kernel{}, scopes: []map[string]*symbol{{}}, above: above}
	for i, n := range fn.Names {
		c.declare(n, &symbol{kind: scalarParam, typ: fn.Params[i], span: fn.Span})
	}
	lets := fn.Lets
	fn.Lets = nil
	for _, l := range lets {
		l := *l
		c.let(&l)
		if l.Value.TypeOf() == Index {
			c.errorf(l.Value.Source(), "a let of a func is a value; write i32(%s) or another type around it", shortText(l.Value))
		}
		fn.Lets = append(fn.Lets, &l)
	}
	fn.Value = c.value(fn.Value, fn.Result)
	for _, e := range fn.Exprs() {
		WalkExpr(e, func(e Expr) bool {
			if b, ok := e.(*Binary); ok && (b.Op == Div || b.Op == Mod) && b.Type.IsInteger() && constValue(b.Y) == nil {
				c.errorf(b.Span, "%s may divide by 0; integers of a func are divided by literals only", shortText(b))
			}
			return true
		})
	}
	return c.errs
}

// Exprs gives the expressions of the body in order, the value last.
func (fn *Func) Exprs() []Expr {
	var out []Expr
	for _, l := range fn.Lets {
		out = append(out, l.Value)
	}
	if fn.Value != nil {
		out = append(out, fn.Value)
	}
	return out
}

// operations counts those of fn, given the counts of the funcs above it.
func (fn *Func) operations(of map[string]int) int {
	n := 0
	for _, e := range fn.Exprs() {
		WalkExpr(e, func(e Expr) bool {
			n++
			if call, ok := e.(*Intrinsic); ok {
				n += of[call.Name]
			}
			n = min(n, maxFuncOps+1)
			return true
		})
	}
	return n
}
