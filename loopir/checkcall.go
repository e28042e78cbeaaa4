package loopir

import "math/big"

func (c *checker) call(s *Call) {
	callee := c.file.Kernel(s.Kernel)
	if callee == nil {
		e := c.errorf(s.Span, "no kernel %s in this file", s.Kernel)
		if c.file.Func(s.Kernel) != nil {
			e.Msg = s.Kernel + " is a function; use its value in an assignment"
		}
		return
	}
	if len(s.Args) != len(callee.Params) {
		c.errorf(s.Span, "%s takes %s, not %d", s.Kernel, count(len(callee.Params), "argument"), len(s.Args)).
			Note(callee.Span, "%s is declared here", s.Kernel)
		return
	}
	sizes := map[string]Expr{}
	for i, p := range callee.Params {
		if p.Kind == SizeParam {
			s.Args[i] = c.index(s.Args[i])
			sizes[p.Name] = s.Args[i]
		}
	}
	for i, p := range callee.Params {
		switch p.Kind {
		case ScalarParam:
			s.Args[i] = c.value(s.Args[i], p.Type)
		case ArrayParam:
			s.Args[i] = c.window(s, p, s.Args[i], sizes)
		}
	}
	c.aliases(s, callee)
}

// window checks the argument of array parameter p and gives it all its bounds:
// dimensions left out are whole, an open end takes what the callee declares.
func (c *checker) window(s *Call, p *Param, arg Expr, sizes map[string]Expr) Expr {
	w := asWindow(arg)
	if w == nil {
		c.errorf(arg.Source(), "argument %s of %s is an array; give an array or a window of one", p.Name, s.Kernel)
		return arg
	}
	sym := c.lookup(w.Name)
	switch {
	case sym == nil:
		c.undeclared(w.Span, w.Name)
		return arg
	case sym.shape == nil:
		c.errorf(w.Span, "argument %s of %s is an array, %s is %s", p.Name, s.Kernel, w.Name, sym)
		return arg
	case sym.typ != p.Type:
		c.errorf(w.Span, "%s holds %s, but %s of %s holds %s", w.Name, sym.typ, p.Name, s.Kernel, p.Type)
	case p.Dir != In && notWritable(sym) != "":
		c.errorf(w.Span, "%s writes its argument %s, but %s %s", s.Kernel, p.Name, w.Name, notWritable(sym))
	case len(w.Dims) > len(sym.shape):
		c.errorf(w.Span, "%s has %s, but %d here", w.Name, count(len(sym.shape), "dimension"), len(w.Dims))
		return arg
	}
	w.Type = sym.typ
	if w.Dims != nil {
		for _, e := range sym.shape[len(w.Dims):] {
			w.Dims = append(w.Dims, WindowDim{NewInt(0), CloneExpr(e)})
		}
	}
	if kept := w.rank(len(sym.shape)); kept != len(p.Shape) {
		c.errorf(w.Span, "%s keeps %s, but %s of %s has %d", FormatExpr(w), count(kept, "dimension"), p.Name, s.Kernel, len(p.Shape)).
			Note(Span{}, "[lo..hi] keeps a dimension, [i] drops it")
		return w
	}
	c.bounds(w, p, sizes)
	return w
}

func asWindow(e Expr) *Window {
	switch e := e.(type) {
	case *Window:
		c := *e
		c.Dims = append([]WindowDim(nil), e.Dims...)
		return &c
	case *Read:
		w := &Window{Name: e.Name, Span: e.Span}
		for _, x := range e.Index {
			w.Dims = append(w.Dims, WindowDim{Lo: x})
		}
		return w
	}
	return nil
}

// rank counts the dimensions that w keeps of an array of the given rank.
func (w *Window) rank(rank int) int {
	if w.Dims == nil {
		return rank
	}
	kept := 0
	for _, d := range w.Dims {
		if d.Hi != nil {
			kept++
		}
	}
	return kept
}

func (c *checker) bounds(w *Window, p *Param, sizes map[string]Expr) {
	kept := 0
	for i, d := range w.Dims {
		w.Dims[i].Lo = c.index(d.Lo)
		if d.Hi == nil {
			continue
		}
		extent := substSizes(p.Shape[kept], sizes)
		kept++
		if r, ok := d.Hi.(*Read); ok && r.Name == "" {
			w.Dims[i].Hi = extent
			if lo := constValue(w.Dims[i].Lo); lo == nil || lo.Sign() != 0 {
				w.Dims[i].Hi = Bin(Add, CloneExpr(w.Dims[i].Lo), extent)
			}
			continue
		}
		w.Dims[i].Hi = c.index(d.Hi)
		lo, hi, want := constValue(w.Dims[i].Lo), constValue(w.Dims[i].Hi), constValue(extent)
		if lo != nil && hi != nil && want != nil && new(big.Int).Sub(hi, lo).Cmp(want) != 0 {
			c.errorf(w.Span, "[%s..%s] has extent %s, but %s declares %s there", lo, hi, new(big.Int).Sub(hi, lo), p.Name, want)
		}
	}
}

// substSizes puts the arguments for the sizes of a callee into an extent,
// whether it was checked already or not.
func substSizes(e Expr, sizes map[string]Expr) Expr {
	return MapExpr(e, func(e Expr) Expr {
		name := ""
		switch e := e.(type) {
		case *Var:
			name = e.Name
		case *Read:
			name = e.Name
		case *Int:
			e.Type = Index
		case *Binary:
			e.Type = Index
		}
		if a := sizes[name]; a != nil {
			return CloneExpr(a)
		}
		return e
	})
}

// aliases refuses to hand one window to two parameters when one is written:
// inside a kernel, array parameters never overlap. Whether different windows
// of an array overlap is for the check of safety to find out.
func (c *checker) aliases(s *Call, callee *Kernel) {
	for i, p := range callee.Params {
		a, ok := s.Args[i].(*Window)
		if !ok {
			continue
		}
		for j := range i {
			b, ok := s.Args[j].(*Window)
			if !ok || a.Name != b.Name || a.Dims != nil && FormatExpr(a) != FormatExpr(b) || p.Dir == In && callee.Params[j].Dir == In {
				continue
			}
			c.errorf(a.Span, "%s is handed to %s twice, as %s and as %s, and one of them is written",
				a.Name, s.Kernel, callee.Params[j].Name, p.Name).
				Note(b.Span, "the other one is here; array parameters never overlap")
		}
	}
}
