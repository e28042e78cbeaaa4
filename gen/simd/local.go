package simd

import (
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A local is one declaration of a local in registers, as met once: an unrolled
// loop meets its declarations many times.
type local struct {
	name    string
	lanePos int  // the index that runs over lanes; -1: none
	perLane bool // declared inside a vectorized loop: every lane has its own
	span    loopir.Span
}

// A cell is one element of a local for all lanes: index holds the constant
// indices but the lane one, off the constant part of that.
type cell struct {
	loc   *local
	index string
	off   int64
	vec   bool
	one   bool // only lane off
}

func (l *lowerer) local(d *loopir.Local, scope []loopir.Stmt) (*local, error) {
	if d.Shape != nil && d.Mem != loopir.Registers {
		return nil, unsupported(d.Span, "array %s lives in memory and is made inside the region", d.Name)
	}
	if err := l.known(d.Type, d.Span); err != nil {
		return nil, err
	}
	loc := &local{name: d.Name, lanePos: -1, perLane: l.lanes > 0, span: d.Span}
	if !loc.perLane {
		loc.lanePos = lanePosition(d.Name, scope, nil)
	}
	return loc, nil
}

// lanePosition finds the index of local name that vectorized iterators use.
func lanePosition(name string, body []loopir.Stmt, vectors []string) int {
	pos := -1
	for _, s := range body {
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if r, ok := e.(*loopir.Read); ok && r.Name == name {
					for i, x := range r.Index {
						for _, v := range vectors {
							if loopir.UsesVar(x, v) {
								pos = i
							}
						}
					}
				}
				return true
			})
		}
		inner := vectors
		if o, ok := s.(*loopir.For); ok && o.Par == loopir.Vectorize {
			inner = append(vectors[:len(vectors):len(vectors)], o.Iter)
		}
		for _, b := range loopir.Bodies(s) {
			if p := lanePosition(name, *b, inner); p >= 0 {
				pos = p
			}
		}
	}
	return pos
}

// indexesLocal tells whether s's iterator stands in an index of a local in
// registers, so that the loop has to be written out.
func (l *lowerer) indexesLocal(s *loopir.For) bool {
	return l.usesInLocal(s, func(*local, int) bool { return true })
}

// indexesLanes tells whether s's iterator stands in the lane index of one.
func (l *lowerer) indexesLanes(s *loopir.For) bool {
	return l.usesInLocal(s, func(loc *local, i int) bool { return loc != nil && loc.lanePos == i })
}

func (l *lowerer) usesInLocal(s *loopir.For, counts func(*local, int) bool) bool {
	inner := map[string]bool{}
	found := false
	loopir.Walk(s.Body, func(t loopir.Stmt) bool {
		if d, ok := t.(*loopir.Local); ok {
			inner[d.Name] = true
		}
		for _, e := range loopir.StmtExprs(t) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				r, ok := e.(*loopir.Read)
				if !ok || l.locals[r.Name] == nil && !inner[r.Name] {
					return true
				}
				for i, x := range r.Index {
					found = found || loopir.UsesVar(x, s.Iter) && counts(l.locals[r.Name], i)
				}
				return true
			})
		}
		return !found
	})
	return found
}

// isPointwise tells whether the iterations of s certainly don't touch each
// other's cells: a loop of assignments, each array written is only accessed at
// the cell written, which moves with the iterator.
func isPointwise(s *loopir.For) bool {
	written := map[string]*loopir.Read{}
	ok := true
	loopir.Walk(s.Body, func(t loopir.Stmt) bool {
		switch t := t.(type) {
		case *loopir.Assign:
			moves := false
			for _, x := range t.LHS.Index {
				moves = moves || loopir.UsesVar(x, s.Iter)
			}
			ok = ok && moves
			written[t.LHS.Name] = t.LHS
		case *loopir.If:
		default:
			ok = false
		}
		return ok
	})
	loopir.Walk(s.Body, func(t loopir.Stmt) bool {
		for _, e := range loopir.StmtExprs(t) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if r, isRead := e.(*loopir.Read); isRead && written[r.Name] != nil {
					ok = ok && sameIndex(r, written[r.Name])
				}
				return true
			})
		}
		return ok
	})
	return ok
}

func (l *lowerer) localCell(loc *local, r *loopir.Read) (cell, error) {
	c := cell{loc: loc, vec: loc.perLane || loc.lanePos >= 0}
	var index []string
	for i, e := range r.Index {
		p, err := l.index(e)
		if err != nil {
			return c, err
		}
		coeff, rest, ok := p.Coeff(laneVar)
		v, constant := constInt(rest)
		k, _ := constInt(coeff)
		lane := i == loc.lanePos
		if !ok || !constant || k != 0 && !lane || lane && l.lanes > 0 && k != 1 {
			return c, unsupported(r.Span, "index %d of %s isn't a constant", i, r.Name)
		}
		if lane {
			c.off = v
		} else {
			index = append(index, strconv.FormatInt(v, 10))
		}
	}
	c.index = strings.Join(index, ",")
	return c, nil
}

func sameIndex(a, b *loopir.Read) bool {
	if len(a.Index) != len(b.Index) {
		return false
	}
	for i := range a.Index {
		p, err := poly.FromExpr(a.Index[i])
		if err != nil {
			return false
		}
		q, err := poly.FromExpr(b.Index[i])
		if err != nil || !p.Equal(q) {
			return false
		}
	}
	return true
}
