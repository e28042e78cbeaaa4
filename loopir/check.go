package loopir

// Check resolves names and types in all of f and verifies that every kernel is
// well formed. The error is an ErrorList. Checking again changes nothing.
func (f *File) Check() error {
	var errs ErrorList
	errs = append(errs, f.checkFile()...)
	errs = append(errs, f.checkFuncs(func(*Func) bool { return true })...)
	for _, k := range f.Kernels {
		errs = append(errs, f.check(k)...)
	}
	for _, s := range f.Schedules {
		errs = append(errs, f.checkSchedule(s)...)
	}
	return errs.Err()
}

// CheckKernel does the same for one kernel, which need not be one of f's own;
// it runs after every pass. Plain names of indices become Var, literals take
// the type of their place, windows handed to calls get all their bounds.
func (f *File) CheckKernel(k *Kernel) error { return f.check(k).Err() }

func (f *File) check(k *Kernel) ErrorList {
	c := &checker{file: f, kernel: k, scopes: []map[string]*symbol{{}}}
	c.header()
	c.body(k.Body)
	c.recursion()
	return c.errs
}

// A symbolKind says what a name stands for.
type symbolKind uint8

const (
	sizeName symbolKind = iota
	iterName
	indexLet
	valueLet
	scalarParam
	arrayParam
	localName
)

var kindNames = [...]string{"a size", "an iterator", "an index", "a let", "a scalar parameter", "an array", "a local"}

type symbol struct {
	kind  symbolKind
	typ   Type
	dir   Dir
	shape []Expr // nil for scalars
	value Expr   // of an index let, others put in
	span  Span
}

func (s *symbol) isIndex() bool { return s.kind <= indexLet }

func (s *symbol) String() string {
	if s.kind == localName && s.shape != nil {
		return "a local array"
	}
	return kindNames[s.kind]
}

// A checker checks one kernel.
type checker struct {
	file   *File
	kernel *Kernel
	scopes []map[string]*symbol
	errs   ErrorList
	above  map[string]bool // while a func is checked: the funcs that it may use
	over   string          // what may use sizes only, while it is checked: "a shape", "a where-clause"
}

func (c *checker) errorf(at Span, format string, args ...any) *Error {
	e := Errorf(at, format, args...)
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, e)
	}
	return e
}

func (c *checker) lookup(name string) *symbol {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if s := c.scopes[i][name]; s != nil {
			return s
		}
	}
	return nil
}

func (c *checker) declare(name string, s *symbol) {
	if name == "" {
		c.errorf(s.span, "a declaration without a name")
		return
	}
	if err := notReserved(name, s.span); err != nil {
		c.errs = append(c.errs, err.(*Error))
	}
	if old := c.lookup(name); old != nil {
		e := c.errorf(s.span, "%s is already declared; names are not shadowed", name)
		if old.span.Start.Line > 0 {
			e.Note(old.span, "%s is declared here, as %s", name, old)
		}
		return
	}
	c.scopes[len(c.scopes)-1][name] = s
}

func (c *checker) scoped(f func()) {
	c.scopes = append(c.scopes, map[string]*symbol{})
	f()
	c.scopes = c.scopes[:len(c.scopes)-1]
}

// header checks parameters in an order that lets them stand in any order.
func (c *checker) header() {
	k := c.kernel
	for _, p := range k.Params {
		if p.Kind == SizeParam {
			p.Type = Index
			c.declare(p.Name, &symbol{kind: sizeName, typ: Index, span: p.Span})
		}
	}
	for _, p := range k.Params {
		if p.Kind == ArrayParam {
			c.arrayParam(p)
		}
	}
	c.over = "a where-clause"
	for i, e := range k.Where {
		k.Where[i] = c.cond(e)
	}
	c.over = ""
	for _, p := range k.Params {
		switch p.Kind {
		case ScalarParam:
			c.declare(p.Name, &symbol{kind: scalarParam, typ: p.Type, span: p.Span})
		case ArrayParam:
			c.declare(p.Name, &symbol{kind: arrayParam, typ: p.Type, dir: p.Dir, shape: p.Shape, span: p.Span})
		}
		if p.Kind != SizeParam && !p.Type.IsValue() {
			c.errorf(p.Span, "parameter %s has no value type", p.Name)
		}
	}
}

func (c *checker) arrayParam(p *Param) {
	if len(p.Shape) == 0 {
		c.errorf(p.Span, "array %s has no shape", p.Name)
	}
	c.over = "a shape"
	defer func() { c.over = "" }()
	c.shape(p.Name, p.Shape)
	l := p.Layout
	if l == nil {
		return
	}
	if len(l.Iters) != len(l.Shape) {
		c.errorf(p.Span, "the layout of %s has %d names and %d extents", p.Name, len(l.Iters), len(l.Shape))
		return
	}
	if len(l.Index) != len(p.Shape) {
		c.errorf(p.Span, "%s has %d dimensions, but its layout gives %d indices", p.Name, len(p.Shape), len(l.Index))
	}
	c.shape(p.Name, l.Shape)
	c.scoped(func() {
		for _, it := range l.Iters {
			c.declare(it, &symbol{kind: iterName, typ: Index, span: p.Span})
		}
		c.indices(l.Index)
	})
}

// shape checks extents in place.
func (c *checker) shape(name string, shape []Expr) {
	c.indices(shape)
	for _, e := range shape {
		if v := constValue(e); v != nil && v.Sign() < 0 {
			c.errorf(e.Source(), "%s has a negative extent", name)
		}
	}
}

func (c *checker) indices(es []Expr) {
	for i, e := range es {
		es[i] = c.index(e)
	}
}

// recursion refuses a kernel that calls itself, directly or not.
func (c *checker) recursion() {
	var visit func(body []Stmt, depth int) bool
	seen := map[string]bool{}
	visit = func(body []Stmt, depth int) (found bool) {
		Walk(body, func(s Stmt) bool {
			call, ok := s.(*Call)
			if !ok || found {
				return !found
			}
			if call.Kernel == c.kernel.Name {
				found = true
			} else if callee := c.file.Kernel(call.Kernel); callee != nil && !seen[call.Kernel] {
				seen[call.Kernel] = true
				found = visit(callee.Body, depth+1)
			}
			if found && depth == 0 {
				via := " through " + call.Kernel
				if call.Kernel == c.kernel.Name {
					via = ""
				}
				c.errorf(call.Span, "%s calls itself%s; calls can't be recursive", c.kernel.Name, via)
			}
			return !found
		})
		return found
	}
	visit(c.kernel.Body, 0)
}
