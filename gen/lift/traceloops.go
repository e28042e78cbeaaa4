package lift

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// loop writes out a loop of constant bounds, unless these are too many events. Others are events
// that count from 0.
func (t *tracer) loop(s *loopir.For, at stand) []*event {
	if len(s.Reduce) > 0 {
		t.failed = true
		return nil
	}
	lo, hi, step := poly.Must(t.place(s.Lo, at)), poly.Must(t.place(s.Hi, at)), poly.Must(t.place(stepOf(s), at))
	body := s.Body
	iter := fmt.Sprintf("#%d", at.depth)
	at.vars = copyMap(at.vars)
	at.vars[s.Iter] = poly.Var(iter).Add(lo).Expr()
	one := step.Equal(poly.Int(1))
	trips := at.facts.Reduce(hi.Sub(lo))
	if f, ok := single(body); ok && one && t.masks {
		trips, body = t.narrowed(trips, f, iter, at)
	}
	bounds := trips.Least()
	n, ok := constBound(bounds)
	if !ok && !t.masks { // N%16, say
		n, ok = smallBound(trips, at.facts)
	}
	if ok && one && (len(bounds) == 1 || !t.masks) && (n < 2 || writtenOut([]loopir.Stmt{s}, t.most+1) <= t.most) {
		var out []*event
		for i := int64(0); i < n && !t.failed; i++ {
			in := at
			var cond loopir.Expr
			for _, b := range bounds {
				below := loopir.Bin(loopir.Gt, b.Expr(), loopir.NewInt(i))
				if cond != nil {
					below = loopir.Bin(loopir.And, cond, below)
				}
				cond = below
			}
			in, ok := t.under(cond, nil, in)
			if !ok || in.vars == nil {
				continue
			}
			in.vars[s.Iter] = lo.Add(poly.Int(i)).Expr()
			out = append(out, t.list(body, in)...)
		}
		return out
	}
	return t.counted(trips, step, iter, body, at)
}

// smallBound is a constant that facts bound trips by, if it may be a number of lanes.
func smallBound(trips poly.Poly, facts poly.Facts) (int64, bool) {
	n, _ := facts.UpperConst(trips.Expr())
	if n == nil || !n.IsInt64() || n.Int64() < 2 || n.Int64() > 64 {
		return 0, false
	}
	return n.Int64(), true
}

// constBound is the constant among the bounds.
func constBound(bounds []poly.Poly) (int64, bool) {
	for _, b := range bounds {
		if n, ok := b.Const(); ok && n.IsInt64() {
			return n.Int64(), true
		}
	}
	return 0, false
}

// counted is the event of a loop. What is in it has the conditions around it, too.
func (t *tracer) counted(trips, step poly.Poly, iter string, body []loopir.Stmt, at stand) []*event {
	h := &head{iter: iter, step: at.facts.Reduce(step)}
	trips = at.outer.Reduce(trips)
	for _, b := range trips.Least() {
		h.bounds = append(h.bounds, at.outer.Reduce(b))
	}
	e := &event{loop: h, data: at.data, reads: at.reads}
	in := at
	in.data, in.reads, in.depth = nil, nil, at.depth+1
	f := &loopir.For{Iter: iter, Lo: loopir.NewInt(0), Hi: trips.Expr(), Step: step.Expr()}
	in.outer, in.facts = at.outer.Enter(f), at.facts.Enter(f)
	in.conds = known(at.conds, in.outer)
	in.around = in.conds
	e.body = t.list(body, in)
	return []*event{e}
}

func single(body []loopir.Stmt) (*loopir.If, bool) {
	if len(body) != 1 {
		return nil, false
	}
	f, ok := body[0].(*loopir.If)
	return f, ok && len(f.Else) == 0
}

// narrowed makes the conditions iter < e of an if that is all of a loop's body bounds of
// the loop.
func (t *tracer) narrowed(trips poly.Poly, f *loopir.If, iter string, at stand) (poly.Poly, []loopir.Stmt) {
	hi := []poly.Poly{trips}
	for _, c := range conjuncts(t.place(f.Cond, at)) {
		p, ok := atLeastZero(c)
		k, other, linear := p.Coeff(iter)
		n, isConst := k.Const()
		if !ok || !linear || !isConst || !n.IsInt64() || n.Int64() != -1 {
			return trips, []loopir.Stmt{f}
		}
		hi = append(hi, other.Add(poly.Int(1)))
	}
	return at.facts.Reduce(poly.Min(hi...)), f.Then
}

// usedCells are the cells of an array that a value is made from, but for new values of the
// cell itself; nil if they are not known. Lanes of a register that are never looked at are
// not worth an event.
func usedCells(name string, list []loopir.Stmt) map[string]bool {
	out := map[string]bool{}
	known := true
	var walk func(list []loopir.Stmt, trips map[string]int64)
	walk = func(list []loopir.Stmt, trips map[string]int64) {
		for _, s := range list {
			own := ""
			if a, ok := s.(*loopir.Assign); ok && a.LHS.Name == name {
				own = loopir.FormatExpr(a.LHS)
			}
			for _, e := range loopir.StmtExprs(s) {
				anyRead(e, func(r *loopir.Read) bool {
					known = known && (r.Name != name || loopir.FormatExpr(r) == own || useCell(r, trips, out))
					return false
				})
			}
			in := trips
			if f, ok := s.(*loopir.For); ok {
				in = copyMap(trips)
				delete(in, f.Iter)
				if n, ok := poly.Must(f.Hi).Const(); ok && poly.Must(f.Lo).IsZero() && n.IsInt64() {
					in[f.Iter] = n.Int64()
				}
			}
			for _, b := range loopir.Bodies(s) {
				walk(*b, in)
			}
		}
	}
	walk(list, map[string]int64{})
	if !known {
		return nil
	}
	return out
}

// useCell adds the cells of a read at a constant or at an iterator of constant range.
func useCell(r *loopir.Read, trips map[string]int64, out map[string]bool) bool {
	if len(r.Index) != 1 {
		return false
	}
	p, err := poly.FromExpr(r.Index[0])
	if err != nil {
		return false
	}
	if _, ok := p.Const(); ok {
		out[p.String()] = true
		return true
	}
	v, ok := r.Index[0].(*loopir.Var)
	if !ok || trips[v.Name] == 0 || trips[v.Name] > 64 {
		return false
	}
	for i := range trips[v.Name] {
		out[poly.Int(i).String()] = true
	}
	return true
}
