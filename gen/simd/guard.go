package simd

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// cond lowers `if c { yes } else { no }`.
func (l *lowerer) cond(c loopir.Expr, yes, no func() ([]node, error)) ([]node, error) {
	switch c := c.(type) {
	case *loopir.Unary:
		if c.Op == loopir.Not {
			return l.cond(c.X, no, yes)
		}
	case *loopir.Binary:
		switch c.Op {
		case loopir.And:
			return l.cond(c.X, func() ([]node, error) { return l.cond(c.Y, yes, no) }, no)
		case loopir.Or:
			return l.cond(c.X, yes, func() ([]node, error) { return l.cond(c.Y, yes, no) })
		}
		if c.Op >= loopir.Eq && c.Op <= loopir.Ge && c.X.TypeOf() == loopir.Index {
			return l.compare(c, yes, no)
		}
	}
	return nil, unsupported(c.Source(), "a condition on data")
}

func (l *lowerer) compare(c *loopir.Binary, yes, no func() ([]node, error)) ([]node, error) {
	x, err := l.index(c.X)
	if err != nil {
		return nil, err
	}
	y, err := l.index(c.Y)
	if err != nil {
		return nil, err
	}
	d, op := x.Sub(y), c.Op
	lanes := d.Uses(laneVar)
	if lanes {
		if d, op, err = laneLimit(d, op, c.Span); err != nil {
			return nil, err
		}
	}
	if v, ok := constInt(d); ok && !lanes {
		if holds(v, op) {
			return yes()
		}
		return no()
	}
	g := &guard{op: op}
	if lanes {
		g.lanes = l.lanes
	}
	if g.at, err = l.place("", d, nil, c.Span); err != nil {
		return nil, err
	}
	if g.yes, err = yes(); err != nil {
		return nil, err
	}
	if g.no, err = no(); err != nil {
		return nil, err
	}
	if lanes && len(g.no) > 0 {
		return nil, unsupported(c.Span, "else of a condition on the vectorized iterator")
	}
	return []node{g}, nil
}

// laneLimit turns `d op 0`, with lane in d, into lane < limit.
func laneLimit(d poly.Poly, op loopir.Op, at loopir.Span) (poly.Poly, loopir.Op, error) {
	coeff, rest, ok := d.Coeff(laneVar)
	if !ok {
		return d, op, unsupported(at, "the condition isn't affine in the vectorized iterator")
	}
	k, constant := constInt(coeff)
	switch {
	case constant && k == 1 && op == loopir.Lt: // lane + rest < 0
		return rest.Neg(), loopir.Gt, nil
	case constant && k == 1 && op == loopir.Le:
		return poly.Int(1).Sub(rest), loopir.Gt, nil
	case constant && k == -1 && op == loopir.Gt: // rest - lane > 0
		return rest, loopir.Gt, nil
	case constant && k == -1 && op == loopir.Ge:
		return rest.Add(poly.Int(1)), loopir.Gt, nil
	}
	return d, op, unsupported(at, "a condition on the vectorized iterator must be an upper bound of it")
}

func holds(v int64, op loopir.Op) bool {
	switch op {
	case loopir.Eq:
		return v == 0
	case loopir.Ne:
		return v != 0
	case loopir.Lt:
		return v < 0
	case loopir.Le:
		return v <= 0
	case loopir.Gt:
		return v > 0
	}
	return v >= 0
}

// hoistGuards moves a guard that is all of a loop's body, and that the loop
// leaves unchanged, out of the loop: its mask is then made once.
func hoistGuards(body []node) []node {
	out := make([]node, 0, len(body))
	for _, n := range body {
		switch n := n.(type) {
		case *loop:
			n.body = hoistGuards(n.body)
			if len(n.body) == 1 {
				g, ok := n.body[0].(*guard)
				if ok && len(g.no) == 0 && g.at.aff.coeff(n).IsZero() {
					n.body = g.yes
					g.yes = []node{n}
					out = appendNodes(out, []node{g})
					continue
				}
			}
		case *guard:
			n.yes, n.no = hoistGuards(n.yes), hoistGuards(n.no)
		}
		out = appendNodes(out, []node{n})
	}
	return out
}
