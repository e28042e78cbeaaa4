package loopir

import "fmt"

// Number gives the assignments of k their textual IDs, a call counting for the
// assignments of its callee, and resets each Origin to "the same instance of
// the same statement": the starting point of one schedule step. Names inside a
// callee are those that InlineCalls gives them.
func (f *File) Number(k *Kernel) error {
	n := 0
	self := func(iters []string) *Origin {
		o := &Origin{Stmt: n, Iters: map[string]Expr{}}
		for _, it := range iters {
			o.Iters[it] = &Var{Name: it}
		}
		n++
		return o
	}
	return f.number(k.Body, nil, func(s Stmt, iters []string) error {
		switch s := s.(type) {
		case *Assign:
			s.ID = n
			s.From = self(iters)
		case *Call:
			in, err := f.inlined(s)
			if err != nil {
				return err
			}
			s.From = nil
			return f.number(in, iters, func(_ Stmt, iters []string) error {
				s.From = append(s.From, self(iters))
				return nil
			})
		}
		return nil
	})
}

func (f *File) number(body []Stmt, iters []string, visit func(Stmt, []string) error) error {
	for _, s := range body {
		switch s.(type) {
		case *Assign, *Call:
			if err := visit(s, iters); err != nil {
				return err
			}
		}
		inner := iters
		if l, ok := s.(*For); ok {
			inner = append(iters[:len(iters):len(iters)], l.Iter)
		}
		for _, b := range Bodies(s) {
			if err := f.number(*b, inner, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// Kernel returns the kernel called name, or nil.
func (f *File) Kernel(name string) *Kernel {
	for _, k := range f.Kernels {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Callees gives the kernels that k calls, and those that they call, each once, in the
// order in which a reader meets them. Calls of kernels that the file does not have are passed over.
func (f *File) Callees(k *Kernel) []*Kernel {
	var found []*Kernel
	seen := map[string]bool{k.Name: true}
	for next := []*Kernel{k}; len(next) > 0; next = next[1:] {
		Walk(next[0].Body, func(s Stmt) bool {
			c, ok := s.(*Call)
			if !ok || seen[c.Kernel] {
				return true
			}
			seen[c.Kernel] = true
			if callee := f.Kernel(c.Kernel); callee != nil {
				found, next = append(found, callee), append(next, callee)
			}
			return true
		})
	}
	return found
}

// InlineCalls returns a copy of k in which every call stands as the callee's
// body: iterators and locals of callee c are renamed "c.name" (locals of a
// further call of c "c.name_2", ...), sizes and scalars replaced by the
// arguments, array accesses moved into the window. Each assignment takes the
// Origin that the call carries for it. A call of an unknown kernel or a
// recursive call is an error.
func (f *File) InlineCalls(k *Kernel) (*Kernel, error) {
	if err := f.inlinable(k.Body); err != nil {
		return nil, err
	}
	out := k.Clone()
	var err error
	out.Body, err = f.inlineBody(out.Body, 0, localNames(out.Body))
	return out, err
}

// localNames gives the names of all locals in body, value lets included.
func localNames(body []Stmt) map[string]bool {
	names := map[string]bool{}
	Walk(body, func(s Stmt) bool {
		switch s := s.(type) {
		case *Local:
			names[s.Name] = true
		case *Let:
			names[s.Name] = true
		}
		return true
	})
	return names
}

// inlineBody inlines the calls in body; locals is all names of locals around it,
// which the locals of callees keep clear of.
func (f *File) inlineBody(body []Stmt, depth int, locals map[string]bool) ([]Stmt, error) {
	var out []Stmt
	for _, s := range body {
		if c, ok := s.(*Call); ok {
			in, err := f.inlinedAt(c, depth, locals)
			if err != nil {
				return nil, err
			}
			out = append(out, in...)
			continue
		}
		for _, b := range Bodies(s) {
			var err error
			if *b, err = f.inlineBody(*b, depth, locals); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func (f *File) inlined(c *Call) ([]Stmt, error) {
	if err := f.inlinable([]Stmt{c}); err != nil {
		return nil, err
	}
	return f.inlinedAt(c, 0, map[string]bool{})
}

const maxCallDepth = 64

func (f *File) inlinedAt(c *Call, depth int, taken map[string]bool) ([]Stmt, error) {
	callee := f.Kernel(c.Kernel)
	switch {
	case callee == nil:
		return nil, Errorf(c.Span, "no kernel %s in this file", c.Kernel)
	case depth > maxCallDepth:
		return nil, Errorf(c.Span, "kernel %s calls itself", c.Kernel)
	case len(c.Args) != len(callee.Params):
		return nil, Errorf(c.Span, "%s takes %d arguments, not %d", c.Kernel, len(callee.Params), len(c.Args))
	}
	k := callee.Clone()
	k.InlineLets()
	body, err := f.inlineBody(k.Body, depth+1, localNames(k.Body))
	if err != nil {
		return nil, err
	}
	vars, scalars, windows := map[string]Expr{}, map[string]Expr{}, map[string]*Window{}
	for i, p := range k.Params {
		switch p.Kind {
		case SizeParam:
			vars[p.Name] = c.Args[i]
		case ScalarParam:
			scalars[p.Name] = c.Args[i]
		case ArrayParam:
			w, ok := c.Args[i].(*Window)
			if !ok {
				return nil, Errorf(c.Args[i].Source(), "argument %s of %s must be an array or a window of one", p.Name, c.Kernel)
			}
			windows[p.Name] = w
		}
	}
	r := renamer{prefix: c.Kernel + ".", vars: vars, scalars: scalars, windows: windows, locals: map[string]string{}, taken: taken}
	r.body(body)
	if err := smallEnough(c, body); err != nil {
		return nil, err
	}
	next := 0
	Walk(body, func(s Stmt) bool {
		if a, ok := s.(*Assign); ok {
			a.From = nil
			if next < len(c.From) {
				a.From = c.From[next].clone()
			}
			next++
		}
		return true
	})
	return body, nil
}

// A renamer moves a callee's body into its caller.
type renamer struct {
	prefix  string
	vars    map[string]Expr // sizes, then iterators as they are met
	scalars map[string]Expr
	windows map[string]*Window
	locals  map[string]string
	taken   map[string]bool // names of locals in the caller
}

// local gives the local called name of this callee its name in the caller:
// "callee.name", numbered when an earlier call in the caller took that.
func (r *renamer) local(name string) string {
	out := r.prefix + name
	for i := 2; r.taken[out]; i++ {
		out = fmt.Sprintf("%s%s_%d", r.prefix, name, i)
	}
	r.taken[out] = true
	r.locals[name] = out
	return out
}

func (r *renamer) body(body []Stmt) {
	for _, s := range body {
		if a, ok := s.(*Assign); ok {
			a.From = nil
		}
		MapStmtExprs(s, func(e Expr) Expr { return compactAll(r.expr(e)) })
		switch s := s.(type) {
		case *For:
			r.vars[s.Iter] = &Var{Name: r.prefix + s.Iter}
			s.Iter = r.prefix + s.Iter
			for i, red := range s.Reduce {
				if n, ok := r.locals[red.Name]; ok {
					s.Reduce[i].Name = n
				} else if w, ok := r.windows[red.Name]; ok {
					s.Reduce[i].Name = w.Name
				}
			}
		case *Local:
			s.Name = r.local(s.Name)
		}
		for _, b := range Bodies(s) {
			r.body(*b)
		}
	}
}

func (r *renamer) expr(e Expr) Expr {
	return MapExpr(e, func(e Expr) Expr {
		switch e := e.(type) {
		case *Var:
			if v, ok := r.vars[e.Name]; ok {
				return CloneExpr(v)
			}
		case *Read:
			if n, ok := r.locals[e.Name]; ok {
				e.Name = n
			} else if v, ok := r.scalars[e.Name]; ok {
				return CloneExpr(v)
			} else if w, ok := r.windows[e.Name]; ok {
				return &Read{Name: w.Name, Index: w.at(e.Index), Type: e.Type, Span: e.Span}
			}
		case *Window:
			panic(fmt.Sprintf("loopir: window %s left after inlining", e.Name))
		}
		return e
	})
}

// at gives the index in the windowed array of cell index of the window.
func (w *Window) at(index []Expr) []Expr {
	if w.Dims == nil {
		return index
	}
	var out []Expr
	for _, d := range w.Dims {
		lo := CloneExpr(d.Lo)
		if d.Hi != nil {
			if v := constValue(lo); v != nil && v.Sign() == 0 {
				lo = index[0]
			} else {
				lo = Bin(Add, lo, index[0])
			}
			index = index[1:]
		}
		out = append(out, lo)
	}
	return out
}
