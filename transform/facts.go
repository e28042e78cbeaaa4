package transform

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Facts is what is known at a place inside around: sizes, the where clause,
// ranges of iterators, conditions.
func (c *Context) Facts(around []Scope) poly.Facts {
	facts := c.shared.Kernel(c.Kernel)
	for _, sc := range around {
		facts = sc.enter(facts)
	}
	return facts
}

func (sc Scope) enter(facts poly.Facts) poly.Facts {
	switch s := sc.Stmt.(type) {
	case *loopir.For:
		return facts.Enter(s)
	case *loopir.If:
		if sc.Else {
			return facts.AssumeNot(s.Cond)
		}
		return facts.Assume(s.Cond)
	}
	return facts
}

// Simplify simplifies e as it stands inside around.
func (c *Context) Simplify(e loopir.Expr, around []Scope) loopir.Expr {
	return poly.Simplify(e, c.Facts(around))
}

// Holds tells whether cond is known to hold inside around.
func (c *Context) Holds(cond loopir.Expr, around []Scope) bool {
	return c.Facts(around).Holds(cond)
}
