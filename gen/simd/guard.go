package simd

import (
	"math/big"

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
		if !mentionsIndex(c) {
			break
		}
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
	return l.choice(c, yes, no)
}

// mentionsIndex tells whether c compares indices.
func mentionsIndex(c loopir.Expr) bool {
	found := false
	loopir.WalkExpr(c, func(e loopir.Expr) bool {
		b, ok := e.(*loopir.Binary)
		found = found || ok && b.Op >= loopir.Eq && b.Op <= loopir.Ge && b.X.TypeOf() == loopir.Index
		return !found
	})
	return found
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
		if !l.masks {
			return nil, unsupported(c.Span, "masked lanes")
		}
		switch op {
		case loopir.Ne:
			yes, no = no, yes
			fallthrough
		case loopir.Eq: // neither below nor above
			return l.limited(c.Span, d, loopir.Le, l.lanes, func() ([]node, error) {
				return l.limited(c.Span, d.Add(poly.Int(1)), loopir.Gt, l.lanes, yes, no)
			}, no)
		}
		return l.limited(c.Span, d, op, l.lanes, yes, no)
	}
	switch lo, hi := l.facts.PolyBounds(d); {
	case always(lo, hi, op):
		return yes()
	case always(lo, hi, negated[op]):
		return no()
	}
	return l.limited(c.Span, d, op, 0, yes, no)
}

var negated = map[loopir.Op]loopir.Op{
	loopir.Eq: loopir.Ne, loopir.Ne: loopir.Eq, loopir.Lt: loopir.Ge, loopir.Ge: loopir.Lt, loopir.Le: loopir.Gt, loopir.Gt: loopir.Le,
}

// always tells whether `d op 0` for all lo <= d <= hi, of which either may be unknown.
func always(lo, hi *big.Int, op loopir.Op) bool {
	above, below := lo != nil && lo.Sign() > 0, hi != nil && hi.Sign() < 0
	from, to := lo != nil && lo.Sign() >= 0, hi != nil && hi.Sign() <= 0
	switch op {
	case loopir.Eq:
		return from && to
	case loopir.Ne:
		return above || below
	case loopir.Lt:
		return below
	case loopir.Le:
		return to
	case loopir.Gt:
		return above
	}
	return from
}

// limited is a guard on the number d: `d op 0`, or `d op lane` of so many lanes, op being Gt or Le.
func (l *lowerer) limited(at loopir.Span, d poly.Poly, op loopir.Op, lanes int64, yes, no func() ([]node, error)) ([]node, error) {
	if lanes > 0 {
		lo, hi := l.facts.PolyBounds(d)
		switch above, below := lo != nil && lo.Cmp(big.NewInt(lanes)) >= 0, hi != nil && hi.Sign() <= 0; {
		case above && op == loopir.Gt, below && op == loopir.Le:
			return yes()
		case above, below:
			return no()
		}
	}
	g := &guard{op: op, lanes: lanes}
	var err error
	if g.at, err = l.place("", d, nil, at); err != nil {
		return nil, err
	}
	if g.yes, err = yes(); err != nil {
		return nil, err
	}
	if g.no, err = no(); err != nil {
		return nil, err
	}
	if len(g.yes)+len(g.no) == 0 {
		return nil, nil
	}
	return []node{g}, nil
}

// laneLimit turns `d op 0`, with lane in d, into `limit op lane`, where op is Gt, Le, Eq or
// Ne.
func laneLimit(d poly.Poly, op loopir.Op, at loopir.Span) (poly.Poly, loopir.Op, error) {
	coeff, rest, ok := d.Coeff(laneVar)
	k, constant := constInt(coeff)
	if !ok || !constant {
		return d, op, unsupported(at, "the condition has no constant factor before the vectorized iterator")
	}
	if k < 0 {
		k, rest = -k, rest.Neg()
		if m, ok := mirrored[op]; ok {
			op = m
		}
	}
	below := poly.FloorDiv(rest.Neg(), poly.Int(k)) // the last lane at or below 0
	switch op {
	case loopir.Le:
		return below.Add(poly.Int(1)), loopir.Gt, nil
	case loopir.Gt:
		return below.Add(poly.Int(1)), loopir.Le, nil
	case loopir.Lt, loopir.Ge:
		first := poly.FloorDiv(rest.Neg().Add(poly.Int(k-1)), poly.Int(k)) // at or above 0
		return first, map[loopir.Op]loopir.Op{loopir.Lt: loopir.Gt, loopir.Ge: loopir.Le}[op], nil
	}
	if k != 1 {
		return d, op, unsupported(at, "an equation for one vectorized iterator in %d", k)
	}
	return rest.Neg(), op, nil
}

// mirrored is the comparison with its sides exchanged.
var mirrored = map[loopir.Op]loopir.Op{loopir.Lt: loopir.Gt, loopir.Gt: loopir.Lt, loopir.Le: loopir.Ge, loopir.Ge: loopir.Le}

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
