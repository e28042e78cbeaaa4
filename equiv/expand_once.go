package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A written is what a statement writes as a polynomial over its iterators, but for those that
// have a constant value.
type written struct {
	value   realPoly
	ok      bool
	started bool // as in expander, of the value
}

// once expands v, what a statement writes at an instance that exists under ctx. The value
// depends on nothing but the statement and the values of its iterators, so it is expanded under
// the assumption that the instance exists and nothing else, once, and then holds at all of
// them: the cells of a transform are read by many others, in many cases. What can't be expanded
// so is expanded where it is read, under all that is known there.
func (x *expander) once(v value, ctx known, path []*Stmt) (realPoly, *failure) {
	s := v.at.s
	e := x.sd.effects[s.index]
	if x.depth != toInputs || v.e != e.value || v.open != (e.kind != notFold) {
		return x.value(v, ctx, path)
	}
	env, at := s.Fresh(""), Env{}
	key := fmt.Sprint(s.index)
	for _, l := range s.Loops {
		c, fixed := constIndex(v.at.env[l.Iter])
		if fixed {
			env[l.Iter] = loopir.NewInt(c)
			key += fmt.Sprintf(",%s=%d", l.Iter, c)
			continue
		}
		if _, err := poly.FromExpr(v.at.env[l.Iter]); err != nil {
			return x.value(v, ctx, path)
		}
		at[l.Iter] = v.at.env[l.Iter]
	}
	w := x.written[key]
	if w == nil {
		w = x.everywhere(value{v.e, point{s, env}, v.open}, ctx, path)
		x.written[key] = w
	}
	if !w.ok {
		return x.value(v, ctx, path)
	}
	x.started = x.started || w.started && x.within == 0
	x.used = x.used || w.started && x.within > 0
	var out realPoly
	for _, t := range w.value {
		out = append(out, x.apart(t.rename(at)))
	}
	if x.general > 0 { // conditions are decided where they are of use
		return out, nil
	}
	sm := &simplifier{proof: x.sd.proof, at: s.Span, ctx: ctx, decided: map[string]decision{}}
	return sm.poly(out, nil), nil
}

// everywhere expands v, what a statement writes, for all instances that exist. Like terms are
// added up: what an inverse transform adds cancels but for little.
func (x *expander) everywhere(v value, ctx known, path []*Stmt) *written {
	ctx.hyps, ctx.facts = v.at.s.Domain(v.at.env), nil
	started, within := x.started, x.within
	x.started, x.within = false, 0
	x.general++
	p, f := x.value(v, ctx, path)
	x.general--
	w := &written{ok: f == nil, started: x.started}
	x.started, x.within = started, within
	if w.ok {
		w.value = x.collected(p)
	}
	return w
}

// collected is p with like terms added up.
func (x *expander) collected(p realPoly) realPoly {
	cn := &canon{names: func(v *value, _ bool) string { return readKey(*v) }}
	terms := cn.collect(p, nil, 0)
	if cn.deep {
		return p
	}
	x.used, x.lost = x.used || cn.merged, x.lost || cn.lost
	out := make(realPoly, 0, len(terms))
	for _, k := range sortedNames(terms) {
		out = append(out, terms[k])
	}
	return out
}
