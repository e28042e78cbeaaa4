package pipeline

import "github.com/loopopt/loopopt/loopir"

// A chain composes the claims of steps: origins[i] says which instance of the
// original's assignments the current kernel's assignment i repeats, nil where
// some step claimed nothing.
type chain struct{ origins []*loopir.Origin }

func newChain(f *loopir.File, k *loopir.Kernel) (*chain, error) {
	k = k.Clone()
	if err := f.Number(k); err != nil {
		return nil, err
	}
	return &chain{claims(k)}, nil
}

// claims lists the Origins of k's assignments, calls counted as inlined.
func claims(k *loopir.Kernel) []*loopir.Origin {
	var out []*loopir.Origin
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Assign:
			out = append(out, s.From)
		case *loopir.Call:
			out = append(out, s.From...)
		}
		return true
	})
	return out
}

// add follows a step to the kernel after it.
func (c *chain) add(f *loopir.File, after *loopir.Kernel) error {
	if err := fillCalls(f, after); err != nil {
		return err
	}
	var next []*loopir.Origin
	for _, o := range claims(after) {
		next = append(next, c.compose(o))
	}
	c.origins = next
	return nil
}

// fillCalls gives calls without claims one empty claim for each assignment, so
// that positions count.
func fillCalls(f *loopir.File, k *loopir.Kernel) error {
	numbered := k.Clone()
	if err := f.Number(numbered); err != nil {
		return err
	}
	var sizes []int
	loopir.Walk(numbered.Body, func(s loopir.Stmt) bool {
		if s, ok := s.(*loopir.Call); ok {
			sizes = append(sizes, len(s.From))
		}
		return true
	})
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if s, ok := s.(*loopir.Call); ok {
			for len(s.From) < sizes[0] {
				s.From = append(s.From, nil)
			}
			sizes = sizes[1:]
		}
		return true
	})
	return nil
}

func (c *chain) compose(o *loopir.Origin) *loopir.Origin {
	if o == nil || o.Stmt < 0 || o.Stmt >= len(c.origins) || c.origins[o.Stmt] == nil {
		return nil
	}
	first := c.origins[o.Stmt]
	out := &loopir.Origin{Stmt: first.Stmt, Iters: map[string]loopir.Expr{}}
	for it, e := range first.Iters {
		out.Iters[it] = loopir.Subst(e, o.Iters)
	}
	return out
}

// claim puts the composed claims on the final kernel.
func (c *chain) claim(f *loopir.File, k *loopir.Kernel) error {
	if err := fillCalls(f, k); err != nil {
		return err
	}
	n := 0
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Assign:
			s.From = c.origins[n]
			n++
		case *loopir.Call:
			n += copy(s.From, c.origins[n:])
		}
		return true
	})
	return nil
}
