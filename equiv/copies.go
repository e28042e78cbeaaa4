package equiv

import (
	"math/big"
	"slices"
	"sync"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// isCopy returns the read whose value s copies unchanged, or nil.
func isCopy(s *Stmt) *loopir.Read {
	r, ok := s.RHS.(*loopir.Read)
	if !ok || s.Op != loopir.Set || s.mayLeave() || r.Type != s.LHS.Type {
		return nil
	}
	return r
}

// isCopied tells whether a first value is copied from elsewhere.
func isCopied(init *Stmt) bool { return init != nil && isCopy(init) != nil }

// copied is what s writes if that is a read, or a choice between reads by conditions
// on sizes and iterators; else nil.
func copied(s *Stmt) loopir.Expr {
	if s.Op != loopir.Set || s.mayLeave() || s.RHS.TypeOf() != s.LHS.Type || len(copiedReads(s.RHS)) == 0 {
		return nil
	}
	return s.RHS
}

func copiedReads(e loopir.Expr) []*loopir.Read {
	if r, ok := e.(*loopir.Read); ok {
		return []*loopir.Read{r}
	}
	s := indexSelect(e)
	if s == nil {
		return nil
	}
	x, y := copiedReads(s.Args[1]), copiedReads(s.Args[2])
	if x == nil || y == nil {
		return nil
	}
	return append(x, y...)
}

// copiedArrays names the arrays that s may copy from.
func copiedArrays(s *Stmt) []string {
	if copied(s) == nil {
		return nil
	}
	var out []string
	for _, r := range copiedReads(s.RHS) {
		out = append(out, r.Name)
	}
	return out
}

// followCopied describes the value of v, what a copy copies.
func (sd *side) followCopied(v value, ctx known, path []*Stmt) ([]desc, *failure) {
	if s := indexSelect(v.e); s != nil {
		return sd.split(s, v, ctx, func(arm value, in known) ([]desc, *failure) { return sd.followCopied(arm, in, path) })
	}
	return sd.follow(v, ctx, path, false)
}

// under is ds with one more guard each.
func under(ds []desc, guards ...loopir.Expr) []desc {
	out := make([]desc, len(ds))
	for i, d := range ds {
		d.guards = append(guards[:len(guards):len(guards)], d.guards...)
		out[i] = d
	}
	return out
}

// A relay is a copy that may copy what it copied before, as one that carries the
// border of a grid from each step of time to the next. origins is what it passes
// on, over its own iterators.
type relay struct {
	once    sync.Once
	origins []desc
}

// passedOn is where a value comes from that s, by itself, has copied any number of
// times; nil where that is not known.
func (sd *side) passedOn(s *Stmt) []desc {
	sd.mu.Lock()
	c := sd.relays[s]
	if c == nil {
		c = &relay{}
		sd.relays[s] = c
	}
	sd.mu.Unlock()
	c.once.Do(func() {
		if sd.circular(s) {
			c.origins = sd.origins(s)
		}
	})
	return c.origins
}

// transparent tells whether what s writes is told by where it was copied from.
func (sd *side) transparent(s *Stmt) bool {
	return copied(s) != nil && (!sd.circular(s) || sd.passedOn(s) != nil)
}

// origins finds what s passes on. Where it copies what it copied itself before, at
// an instance that differs in some iterators only, those of time, the guess is that
// the value began at the instance where these are least. That is induction over the
// instances of s: the earlier one began there, too, and if that is where the value
// came from elsewhere, it is what would have come at the beginning.
func (sd *side) origins(s *Stmt) []desc {
	env := s.Fresh("")
	domain := s.Domain(env)
	ds, f := sd.followCopied(value{e: copied(s), at: point{s, env}}, known{hyps: domain, onePass: true}, []*Stmt{s})
	if f != nil {
		return nil
	}
	var first, back []desc
	for _, d := range ds {
		switch {
		case d.kind == fromNode:
			return nil
		case d.kind == fromValue && d.stmt == s:
			back = append(back, d)
		default:
			first = append(first, d)
		}
	}
	begin := beginning(s, back)
	began := atInstance(first, begin)
	out := first
	for _, d := range back {
		hyps := append(domain[:len(domain):len(domain)], d.guards...)
		more, ok := sd.begins(s, hyps, d, first, began, begin)
		if !ok {
			return nil
		}
		out = append(out, under(more, d.guards...)...)
	}
	if len(back) == 0 {
		return nil
	}
	return out
}

// begins proves that where hyps hold and s copies d, its own value at an earlier
// instance, that value is one of began, which is first at the beginning.
func (sd *side) begins(s *Stmt, hyps []loopir.Expr, d desc, first, began []desc, begin Env) ([]desc, bool) {
	earlier := d.val.at.env
	proved := func(name string, goal loopir.Expr, more ...loopir.Expr) bool {
		return sd.proof.need(name, s.Span, append(hyps[:len(hyps):len(hyps)], more...), goal).Outcome == Proved
	}
	if !proved("copies/same-beginning", sameInstance(s, begin.in(earlier), begin)) {
		return nil, false
	}
	var out []desc
	for i, b := range atInstance(first, earlier) {
		if proved("copies/none", boolExpr(false), began[i].guards...) {
			if !proved("copies/none", boolExpr(false), b.guards...) {
				return nil, false
			}
			continue
		}
		same, ok := sameOrigin(b, began[i])
		if !ok || !proved("copies/begins", and(append(began[i].guards[:len(began[i].guards):len(began[i].guards)], same)...), b.guards...) {
			return nil, false
		}
		for _, o := range out {
			if !proved("copies/one-beginning", boolExpr(false), append(o.guards[:len(o.guards):len(o.guards)], began[i].guards...)...) {
				return nil, false
			}
		}
		out = append(out, began[i])
	}
	return out, true
}

// beginning is the instance of s at which the iterators that differ in back are
// least, going down as they do there.
func beginning(s *Stmt, back []desc) Env {
	out := Env{}
	for _, l := range s.Loops {
		v := loopir.NewVar(l.Iter)
		out[l.Iter] = v
		for _, d := range back {
			down, err := poly.FromExpr(loopir.Bin(loopir.Sub, v, d.val.at.env[l.Iter]))
			if err != nil || down.IsZero() {
				continue
			}
			lo := out.at(l.Lo)
			out[l.Iter] = lo
			if by, ok := down.Const(); ok && by.Cmp(big.NewInt(1)) > 0 {
				past := loopir.Bin(loopir.Sub, v, lo)
				out[l.Iter] = loopir.Bin(loopir.Add, lo, loopir.Bin(loopir.Mod, past, &loopir.Int{Value: by, Type: loopir.Index}))
			}
		}
	}
	return out
}

// sameOrigin says that two descriptions, one of which is the other at another
// instance, are of one value.
func sameOrigin(a, b desc) (loopir.Expr, bool) {
	switch {
	case a.kind == fromInput:
		return sameIndices(a.index, b.index), true
	case a.kind == fromValue && a.stmt != nil:
		return sameInstance(a.stmt, a.val.at.env, b.val.at.env), true
	}
	return nil, a.kind == fromNowhere
}

// atInstance is ds, over the iterators of a statement, at an instance of it.
func atInstance(ds []desc, env Env) []desc {
	out := make([]desc, len(ds))
	for i, d := range ds {
		d.guards, d.index = atAll(env, d.guards), atAll(env, d.index)
		if d.kind == fromValue {
			d.val.at.env = d.val.at.env.in(env)
		}
		out[i] = d
	}
	return out
}

// keepCopies picks the copies that are not followed but matched as they stand:
// those that stand in both programs and may copy, in the end, what they copied
// before, as a tile does that is filled and copied out again and again. It
// reports whether there are any.
func (c *checker) keepCopies() bool {
	for _, s := range c.after.prog.Stmts {
		h := c.hints[s.index]
		if h != nil && s.ID != reader && c.after.circular(s) && c.before.circular(h.stmt) &&
			c.after.passedOn(s) == nil && c.before.passedOn(h.stmt) == nil {
			c.after.keep[s], c.before.keep[h.stmt] = true, true
		}
	}
	return len(c.after.keep) > 0
}

// circular tells whether copies lead from the array that s is a copy of back to
// the array that s writes.
func (sd *side) circular(s *Stmt) bool {
	seen := map[string]bool{}
	var reaches func(name string) bool
	reaches = func(name string) bool {
		if name == s.LHS.Name {
			return true
		}
		if seen[name] {
			return false
		}
		seen[name] = true
		return slices.ContainsFunc(sd.sets[name], func(w *Stmt) bool { return slices.ContainsFunc(copiedArrays(w), reaches) })
	}
	return slices.ContainsFunc(copiedArrays(s), reaches)
}
