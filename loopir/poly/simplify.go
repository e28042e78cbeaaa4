package poly

import (
	"github.com/loopopt/loopopt/loopir"
)

// Simplify is e in a simpler form that has the same value wherever the facts
// hold and e is defined. Index subexpressions and conditions inside a value
// expression are simplified; its arithmetic is left alone. An expression that
// does not get shorter is returned as it was written.
func Simplify(e loopir.Expr, f Facts) loopir.Expr { return f.compile().simplify(e) }

func (c *compiled) simplify(e loopir.Expr) loopir.Expr {
	switch e.TypeOf() {
	case loopir.Index:
		return c.simplifyIndex(e)
	case loopir.Bool:
		e, _ = c.simplifyCond(e)
		return e
	}
	switch e := e.(type) {
	case *loopir.Intrinsic:
		if e.Name == "select" && len(e.Args) == 3 {
			switch cond, truth := c.simplifyCond(e.Args[0]); truth {
			case True:
				return c.simplify(e.Args[1])
			case False:
				return c.simplify(e.Args[2])
			default:
				out := *e
				out.Args = []loopir.Expr{cond, c.simplify(e.Args[1]), c.simplify(e.Args[2])}
				return &out
			}
		}
	case *loopir.Read, *loopir.Cast, *loopir.Binary, *loopir.Unary, *loopir.Window:
	default:
		return loopir.CloneExpr(e)
	}
	return c.simplifyParts(e)
}

// simplifyParts simplifies the direct subexpressions of e.
func (c *compiled) simplifyParts(e loopir.Expr) loopir.Expr {
	parts := map[loopir.Expr]loopir.Expr{}
	for _, k := range loopir.Children(e) {
		parts[k] = c.simplify(k)
	}
	return replaceChildren(e, parts)
}

// replaceChildren copies e with its direct subexpressions replaced.
func replaceChildren(e loopir.Expr, m map[loopir.Expr]loopir.Expr) loopir.Expr {
	list := func(es []loopir.Expr) []loopir.Expr {
		out := make([]loopir.Expr, len(es))
		for i, e := range es {
			out[i] = m[e]
		}
		return out
	}
	switch e := e.(type) {
	case *loopir.Read:
		out := *e
		if e.Index != nil {
			out.Index = list(e.Index)
		}
		return &out
	case *loopir.Binary:
		out := *e
		out.X, out.Y = m[e.X], m[e.Y]
		return &out
	case *loopir.Unary:
		out := *e
		out.X = m[e.X]
		return &out
	case *loopir.Cast:
		out := *e
		out.X = m[e.X]
		return &out
	case *loopir.Intrinsic:
		out := *e
		out.Args = list(e.Args)
		return &out
	case *loopir.Window:
		out := *e
		if e.Dims != nil {
			out.Dims = make([]loopir.WindowDim, len(e.Dims))
			for i, d := range e.Dims {
				out.Dims[i].Lo = m[d.Lo]
				if d.Hi != nil {
					out.Dims[i].Hi = m[d.Hi]
				}
			}
		}
		return &out
	}
	return loopir.CloneExpr(e)
}

// simplifyIndex picks the shortest of e, its normal form, and e with its parts
// simplified.
func (c *compiled) simplifyIndex(e loopir.Expr) loopir.Expr {
	p, err := FromExpr(e)
	if err != nil {
		return loopir.CloneExpr(e)
	}
	best := loopir.CloneExpr(e)
	if len(loopir.Children(e)) == 0 {
		if _, isInt := e.(*loopir.Int); isInt {
			return best
		}
	}
	if out := c.restore(c.reduce(p)).expr(c.rank); nodes(out) < nodes(best) || known(out) {
		best = out
	}
	if len(loopir.Children(e)) > 1 {
		if out := c.simplifyParts(e); nodes(out) < nodes(best) {
			best = out
		}
	}
	return best
}

func known(e loopir.Expr) bool {
	_, ok := e.(*loopir.Int)
	return ok
}

func nodes(e loopir.Expr) int {
	n := 0
	loopir.WalkExpr(e, func(loopir.Expr) bool { n++; return true })
	return n
}
