// Package opcount counts the operations on array elements that one run of a kernel does:
// what a speed in GFLOP/s is made of.
package opcount

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// Ops are the operations of one run on array elements, by their type: + - * / % min max
// count 1, fma 2, elementary functions 1; comparisons, selections, conversions and index
// arithmetic none. Half precision counts as f32.
type Ops struct{ F32, F64, Int float64 }

// All is the sum.
func (o Ops) All() float64 { return o.F32 + o.F64 + o.Int }

// Peak is the rate that f32, the peak of float32 multiply-adds, leaves for a run's mix of
// types: vectors hold half as many float64. Of integers no peak is known: 0.
func (o Ops) Peak(f32 float64) float64 {
	if o.Int > 0 || o.All() == 0 {
		return 0
	}
	return f32 * o.All() / (o.F32 + 2*o.F64)
}

func (o Ops) plus(p Ops) Ops { return Ops{o.F32 + p.F32, o.F64 + p.F64, o.Int + p.Int} }

func (o Ops) times(n float64) Ops { return Ops{o.F32 * n, o.F64 * n, o.Int * n} }

// Count counts the operations of one run of k. Guards on iterators and extents that depend
// on them are followed iteration by iteration; of a condition on data the larger branch
// counts. It is zero where that takes too long.
func Count(k *loopir.Kernel, env map[string]int64) Ops {
	k = k.Clone()
	k.InlineLets()
	c := &counter{env: map[string]int64{}, left: maxEvaluations}
	for n, v := range env {
		c.env[n] = v
	}
	if n := c.body(k.Body); c.left > 0 {
		return n
	}
	return Ops{}
}

// maxEvaluations bounds how many bounds and conditions are looked at.
const maxEvaluations = 300_000

type counter struct {
	env  map[string]int64
	left int // 0: given up
}

func (c *counter) body(body []loopir.Stmt) Ops {
	var total Ops
	for _, s := range body {
		if c.left <= 0 {
			break
		}
		switch s := s.(type) {
		case *loopir.For:
			total = total.plus(c.loop(s))
		case *loopir.Assign:
			total = total.plus(exprOps(s.RHS))
			if s.Op != loopir.Set {
				total = total.plus(opOf(s.LHS.Type, 1))
			}
		case *loopir.If:
			total = total.plus(c.branch(s))
		case *loopir.Call:
			c.left = 0 // what it does is another kernel's
		}
	}
	return total
}

func (c *counter) index(e loopir.Expr) int64 {
	c.left--
	v, err := interp.EvalIndex(e, c.env)
	if err != nil {
		c.left = 0
	}
	return v
}

func (c *counter) loop(l *loopir.For) Ops {
	lo, hi, step := c.index(l.Lo), c.index(l.Hi), int64(1)
	if l.Step != nil {
		step = c.index(l.Step)
	}
	if c.left <= 0 || step < 1 || hi <= lo {
		return Ops{}
	}
	outer, shadowed := c.env[l.Iter]
	defer func() {
		if delete(c.env, l.Iter); shadowed {
			c.env[l.Iter] = outer
		}
	}()
	if !steers(l.Iter, l.Body) {
		c.env[l.Iter] = lo
		return c.body(l.Body).times(float64((hi - lo + step - 1) / step))
	}
	var total Ops
	for i := lo; i < hi && c.left > 0; i += step {
		c.env[l.Iter] = i
		total = total.plus(c.body(l.Body))
	}
	return total
}

// steers tells whether what runs in body depends on an iterator.
func steers(iter string, body []loopir.Stmt) bool {
	found := false
	see := func(es ...loopir.Expr) {
		for _, e := range es {
			if e == nil {
				continue
			}
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				v, ok := e.(*loopir.Var)
				found = found || ok && v.Name == iter
				return !found
			})
		}
	}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.For:
			see(s.Lo, s.Hi, s.Step)
		case *loopir.If:
			see(s.Cond)
		}
		return !found
	})
	return found
}

func (c *counter) branch(s *loopir.If) Ops {
	c.left--
	holds, err := interp.EvalCond(s.Cond, c.env)
	switch {
	case err != nil: // on data
		a, b := c.body(s.Then), c.body(s.Else)
		if b.All() > a.All() {
			return b
		}
		return a
	case holds:
		return c.body(s.Then)
	}
	return c.body(s.Else)
}

func exprOps(e loopir.Expr) Ops {
	var n Ops
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Binary:
			n = n.plus(opOf(e.Type, 1))
		case *loopir.Intrinsic:
			switch e.Name {
			case "fma":
				n = n.plus(opOf(e.Type, 2))
			case "select":
			default:
				n = n.plus(opOf(e.Type, float64(max(1, len(e.Args)-1))))
			}
		case *loopir.Read:
			return false
		}
		return true
	})
	return n
}

// opOf is n operations of a type; conditions and indices are none.
func opOf(t loopir.Type, n float64) Ops {
	switch {
	case t == loopir.F64:
		return Ops{F64: n}
	case t.IsFloat():
		return Ops{F32: n}
	case t == loopir.Bool || t == loopir.Index || t == loopir.Invalid:
		return Ops{}
	}
	return Ops{Int: n}
}
