package golang

import (
	"cmp"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A cell is one that the loop touches: in its first iteration, from where it goes on along the
// last dimension or stays.
type cell struct {
	array *array
	read  *loopir.Read
	first []loopir.Expr
	flat  poly.Poly   // the offset of first
	moves bool        // by one in each iteration
	last  loopir.Expr // where it moves otherwise: the last index, in a part that is all of the dimension
	part  string      // that it lies in
	at    int64       // of the part
}

// find gives the cell of a read, nil if it goes other ways.
func (r *rowEmitter) find(c *loopir.Read) *cell {
	a := r.array(c.Name)
	if a == nil || a.fixed || a.local || len(c.Index) == 0 || len(c.Index) != len(a.shape) {
		return nil
	}
	out := &cell{array: a, read: c}
	for d, x := range c.Index {
		if x.TypeOf() != loopir.Index {
			return nil
		}
		p := poly.Must(x)
		if d == len(c.Index)-1 && p.Uses(r.loop.Iter) {
			coeff, rest, ok := p.Coeff(r.loop.Iter)
			if n, isConst := coeff.Const(); ok && isConst && n.IsInt64() && n.Int64() == 1 {
				p, out.moves = rest, true
			} else {
				p, out.last = poly.Int(0), x
			}
		}
		if p.Uses(r.loop.Iter) {
			return nil
		}
		out.first = append(out.first, poly.Simplify(p.Expr(), r.facts))
		if d > 0 {
			out.flat = out.flat.Mul(poly.Must(a.shape[d]))
		}
		out.flat = out.flat.Add(p)
	}
	out.flat = r.facts.Reduce(out.flat)
	last := len(c.Index) - 1
	if _, ok := constant(r.facts, r.loop.Hi); !ok && out.moves && r.facts.Same(poly.Must(out.first[last]), poly.Int(0)) && r.facts.Same(poly.Must(r.loop.Hi), poly.Must(a.shape[last])) {
		out.moves, out.last = false, c.Index[last]
	}
	return out
}

func (c *cell) key() string {
	kind := "a cell of "
	if c.last != nil {
		kind = "all of "
	}
	return kind + loopir.FormatExpr(&loopir.Read{Name: c.read.Name, Index: c.first})
}

// note keeps a cell that is known to lie in its array throughout.
func (r *rowEmitter) note(x *loopir.Read, moves bool) {
	c := r.find(x)
	if c == nil || (c.moves || c.last != nil) != moves || r.cells[c.key()] != nil || !r.inside(c, r.facts) {
		return
	}
	r.cells[c.key()] = c
	r.order = append(r.order, c)
}

// longestPart bounds the elements of a part that several cells lie in.
const longestPart = 1024

// together takes cells off the list that can lie in one part: of one array, as far apart as numbers say.
func (r *rowEmitter) together() []*cell {
	first, n := r.order[0], int64(0)
	if first.last != nil {
		r.order = r.order[1:]
		return []*cell{first}
	}
	if first.moves {
		n, _ = constant(r.facts, r.loop.Hi)
	}
	var out, rest []*cell
	least, most := int64(0), int64(0)
	for _, c := range r.order {
		d, ok := c.flat.Sub(first.flat).Const()
		if c != first && (c.array != first.array || c.moves != first.moves || c.last != nil || !ok || !d.IsInt64() || c.moves && n == 0 || max(most, d.Int64())-min(least, d.Int64())+n > longestPart) {
			rest = append(rest, c)
			continue
		}
		if c.at = 0; c != first {
			c.at = d.Int64()
		}
		least, most = min(least, c.at), max(most, c.at)
		out = append(out, c)
	}
	r.order = rest
	for _, c := range out {
		c.at -= least
	}
	return out
}

// inside tells whether a cell is known to lie in its array in all iterations, of which there are some.
func (r *rowEmitter) inside(c *cell, f poly.Facts) bool {
	index := c.read.Index
	if c.last != nil {
		index = c.first[:len(c.first)-1]
	} else if !f.Holds(loopir.Bin(loopir.Ge, r.loop.Hi, loopir.NewInt(1))) {
		return false
	} else {
		f = f.Enter(r.loop)
	}
	for d, x := range index {
		if !f.Holds(loopir.Bin(loopir.Ge, x, loopir.NewInt(0))) || !f.Holds(loopir.Bin(loopir.Lt, x, c.array.shape[d])) {
			return false
		}
	}
	return true
}

// exists tells a cell that may be read whether or not a condition holds: of an in array, and
// inside, as those of parts are.
func (r *rowEmitter) exists(c *loopir.Read) bool {
	p := r.k.Param(cmp.Or(r.of[c.Name], c.Name))
	if p == nil || p.Dir != loopir.In {
		return false
	}
	if r.of[c.Name] != "" {
		return true
	}
	x := r.find(c)
	return x != nil && x.last == nil && r.inside(x, r.facts)
}
