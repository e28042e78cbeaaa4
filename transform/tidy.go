package transform

import (
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A tidier makes kernels readable after a step: it simplifies index
// expressions, decides conditions where what is known at the place does, and
// drops loops that never run. Loops of one iteration stay, since later steps may
// name them; see simplify. It remembers what it did, since a step leaves most of
// a kernel alone.
type tidier struct{ done map[string]simplified }

// A simplified expression is what came of another one at some place.
type simplified struct {
	expr  loopir.Expr
	same  bool // nothing changed
	truth poly.Truth
}

// Knowledge is what is known at a place, and a text that differs where that does.
type knowledge struct {
	facts poly.Facts
	text  string
}

func (p knowledge) inside(sc Scope) knowledge {
	p.facts = sc.enter(p.facts)
	switch s := sc.Stmt.(type) {
	case *loopir.For:
		p.text += s.Iter + "=" + loopir.FormatExpr(s.Lo) + ".." + loopir.FormatExpr(s.Hi) + ":" + loopir.FormatExpr(step(s)) + ";"
	case *loopir.If:
		if sc.Else {
			p.text += "!"
		}
		p.text += "(" + loopir.FormatExpr(s.Cond) + ");"
	}
	return p
}

func (t *tidier) tidy(k *loopir.Kernel, shared poly.Facts) {
	putConstants(k.Body, k.Where)
	at := knowledge{facts: shared.Kernel(k)}
	for _, c := range k.Where {
		at.text += loopir.FormatExpr(c) + ","
	}
	k.Body = t.body(k.Body, at)
}

// simplify simplifies e, a condition or not, and tells whether it is decided.
func (t *tidier) simplify(e loopir.Expr, at knowledge) (loopir.Expr, poly.Truth) {
	text := loopir.FormatExpr(e)
	r, ok := t.done[at.text+text]
	if !ok {
		if e.TypeOf() == loopir.Bool {
			r.expr, r.truth = poly.SimplifyCond(e, at.facts)
		} else {
			r.expr = plainer(poly.Simplify(e, at.facts))
		}
		after := loopir.FormatExpr(r.expr)
		r.same = after == text
		t.done[at.text+text] = r
		t.done[at.text+after] = simplified{r.expr, true, r.truth}
	}
	if r.same {
		return e, r.truth
	}
	return loopir.CloneExpr(r.expr), r.truth
}

// putConstants writes 2 for stride in body when conds say stride == 2.
func putConstants(body []loopir.Stmt, conds []loopir.Expr) {
	m := map[string]loopir.Expr{}
	for _, c := range conds {
		b, ok := c.(*loopir.Binary)
		if !ok || b.Op != loopir.Eq {
			continue
		}
		v, isVar := b.X.(*loopir.Var)
		n, isInt := b.Y.(*loopir.Int)
		if isVar && isInt {
			m[v.Name] = n
		}
	}
	if len(m) > 0 {
		loopir.SubstStmts(body, m)
	}
}

func (t *tidier) body(body []loopir.Stmt, at knowledge) []loopir.Stmt {
	var out []loopir.Stmt
	for _, s := range body {
		out = append(out, t.stmt(s, at)...)
	}
	return out
}

func (t *tidier) stmt(s loopir.Stmt, at knowledge) []loopir.Stmt {
	if i, ok := s.(*loopir.If); ok {
		return t.cond(i, at)
	}
	loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
		e, _ = t.simplify(e, at)
		return e
	})
	l, ok := s.(*loopir.For)
	if !ok {
		return []loopir.Stmt{s}
	}
	if l.Step != nil && isInt(l.Step, 1) {
		l.Step = nil
	}
	if _, empty := t.simplify(le(l.Hi, l.Lo), at); empty == poly.True {
		return nil
	}
	if l.Body = t.body(l.Body, at.inside(Scope{Stmt: l})); len(l.Body) == 0 {
		return nil
	}
	return []loopir.Stmt{l}
}

func (t *tidier) cond(s *loopir.If, at knowledge) []loopir.Stmt {
	var truth poly.Truth
	s.Cond, truth = t.simplify(s.Cond, at)
	switch truth {
	case poly.True:
		return t.body(s.Then, at)
	case poly.False:
		return t.body(s.Else, at)
	}
	putConstants(s.Then, conjuncts(s.Cond))
	s.Then, s.Else = t.body(s.Then, at.inside(Scope{Stmt: s})), t.body(s.Else, at.inside(Scope{s, true}))
	switch {
	case len(s.Then) == 0 && len(s.Else) == 0:
		return nil
	case len(s.Then) == 0:
		s.Cond, s.Then, s.Else = negation(s.Cond), s.Else, nil
	}
	return []loopir.Stmt{s}
}

// plainer writes index expressions in e such as 1+(8*ib+i), which substitution
// makes and nobody writes, as sums: 8*ib+i+1.
func plainer(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		b, ok := e.(*loopir.Binary)
		if !ok || b.Type != loopir.Index || !isSum(b) || !isSum(b.Y) && !isNegative(b.Y) {
			return e
		}
		p, err := poly.FromExpr(e)
		if err != nil {
			return e
		}
		if out := p.Expr(); size(out) <= size(e) {
			return out
		}
		return e
	})
}

func isSum(e loopir.Expr) bool {
	b, ok := e.(*loopir.Binary)
	return ok && (b.Op == loopir.Add || b.Op == loopir.Sub)
}

func isNegative(e loopir.Expr) bool {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.Sign() < 0
	case *loopir.Unary:
		return e.Op == loopir.Neg
	}
	return false
}

// size counts the nodes of e.
func size(e loopir.Expr) int {
	n := 0
	loopir.WalkExpr(e, func(loopir.Expr) bool { n++; return true })
	return n
}
