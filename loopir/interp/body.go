package interp

import "github.com/loopopt/loopopt/loopir"

// A body is a function with a body, compiled once however often it is called. No
// function calls itself, and arguments are computed before it is entered: one frame is
// enough.
type body struct {
	params int
	lets   []valueFn
	value  valueFn
	fr     *frame
}

// body compiles fn.
func (c *compiler) body(fn *loopir.Func) (*body, error) {
	if b := c.funcs[fn]; b != nil {
		return b, nil
	}
	if c.active["func "+fn.Name] {
		return nil, loopir.Errorf(fn.Span, "func %s calls itself", fn.Name)
	}
	c.active["func "+fn.Name] = true
	defer delete(c.active, "func "+fn.Name)
	b := &body{params: len(fn.Params)}
	sc := c.scope(nil)
	for i, n := range fn.Names {
		sc.addValue(n, fn.Params[i])
	}
	for _, l := range fn.Lets {
		t := l.Value.TypeOf()
		v, err := c.value(l.Value, t, sc)
		if err != nil {
			return nil, err
		}
		b.lets = append(b.lets, v)
		sc.addValue(l.Name, t)
	}
	var err error
	if b.value, err = c.value(fn.Value, fn.Result, sc); err != nil {
		return nil, err
	}
	b.fr = &frame{vals: make([]uint64, len(sc.vals))}
	c.funcs[fn] = b
	return b, nil
}

func (sc *scope) addValue(name string, t loopir.Type) {
	sc.vals[name] = len(sc.vals)
	sc.decls[name] = decl{t, 0}
}

// on is a call.
func (b *body) on(args []valueFn) valueFn {
	return func(fr *frame) uint64 {
		vals := make([]uint64, len(args))
		for i, a := range args {
			vals[i] = a(fr)
		}
		copy(b.fr.vals, vals)
		b.fr.m = fr.m
		for i, l := range b.lets {
			b.fr.vals[b.params+i] = l(b.fr)
		}
		return b.value(b.fr)
	}
}
