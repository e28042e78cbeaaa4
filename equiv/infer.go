package equiv

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// infer guesses hints for the statements of after that came without a claim, by
// laying each beside each statement of before that has the same form: where
// both read the same parameter, equal indices give equations for the old
// iterators. Iterators that stay open take the value of the new iterator of the
// same name. A wrong guess costs a proof and nothing else.
func (c *checker) infer() {
	taken := map[*Stmt]int{}
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader || c.hints[s.index] != nil {
			continue
		}
		var best *hint
		bestScore := 0
		for _, t := range c.before.prog.Stmts {
			if t.ID == reader {
				continue
			}
			h, score := c.alike(s, t)
			if h == nil {
				continue
			}
			if score = 2*score - min(1, taken[t]); score > bestScore {
				best, bestScore = h, score
			}
		}
		if best != nil {
			c.hints[s.index] = best
			taken[best.stmt]++
		}
	}
}

// alike tries to see s as an instance of t; the score is higher the more they
// have in common.
func (c *checker) alike(s, t *Stmt) (*hint, int) {
	x, y := c.after.effects[s.index], c.before.effects[t.index]
	if x.kind != y.kind && (x.kind != notFold || y.term == nil) {
		return nil, 0
	}
	if h := unchanged(s, t); h != nil {
		return h, 100 - min(50, max(s.ID-t.ID, t.ID-s.ID))
	}
	al := &alignment{c: c, sys: newSystem(), env: t.Fresh("!o")}
	for _, l := range t.Loops {
		al.sys.addUnknown(l.Iter+"!o", al.env.at(l.Lo))
	}
	a, b := value{e: x.combined(), at: point{s, s.Fresh("")}}, value{e: y.combined(), at: point{t, al.env}}
	if !al.align(a, b, maxAlign) {
		return nil, 0
	}
	if s.LHS.Name == t.LHS.Name || !al.c.after.isLocal(s.LHS) && !al.c.before.isLocal(t.LHS) {
		if !al.alignCells(s.LHS, t.LHS) {
			return nil, 0
		}
	}
	if s.Label != "" && s.Label == t.Label {
		al.score += 8
	}
	if al.score == 0 { // nothing speaks for it
		return nil, 0
	}
	if x.kind == y.kind {
		al.score++
	}
	al.sys.within(t.Domain(al.env))
	al.sys.solve()
	for _, l := range t.Loops {
		if !al.sys.unknown[l.Iter+"!o"] {
			continue
		}
		e := c.beside(l, s)
		if e == nil {
			e = namesake(l, s)
		}
		if e == nil {
			return nil, 0
		}
		al.sys.fill(l.Iter+"!o", e)
		al.score++
	}
	env, ok := solutionEnv(al.sys, t, "!o")
	if !ok {
		return nil, 0
	}
	return &hint{stmt: t, env: env}, al.score + 1
}

// beside is the value of l, a loop of before, that the claim of a statement in the same
// loops as s names: a local that is set there is likely to go with it. It is nil where there
// is no such claim, or where claims differ.
func (c *checker) beside(l *loopir.For, s *Stmt) loopir.Expr {
	var found loopir.Expr
	for _, t := range c.after.prog.Stmts {
		h := c.hints[t.index]
		if t.From == nil || h == nil || !slices.Equal(t.Loops, s.Loops) || !slices.Contains(h.stmt.Loops, l) {
			continue
		}
		e := h.env[l.Iter]
		if found != nil && exprKey(e) != exprKey(found) {
			return nil
		}
		found = e
	}
	return found
}

// namesake is the iterator of s that is called as that of l, calls left out, or the
// only value of l; nil if there is neither.
func namesake(l *loopir.For, s *Stmt) loopir.Expr {
	base := func(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
	best := ""
	for _, it := range iters(s.Loops) {
		if it == l.Iter || best == "" && base(it) == base(l.Iter) {
			best = it
		}
	}
	if best != "" {
		return loopir.NewVar(best)
	}
	if one, known := constBool(eq(loopir.Bin(loopir.Add, l.Lo, loopir.NewInt(1)), l.Hi)); known && one {
		return l.Lo
	}
	return nil
}

// unchanged recognizes a statement that stands as it did before, in loops that
// run over the same values.
func unchanged(s, t *Stmt) *hint {
	if len(s.Loops) != len(t.Loops) || s.Op != t.Op || len(s.Conds) != len(t.Conds) ||
		loopir.FormatExpr(s.LHS) != loopir.FormatExpr(t.LHS) || loopir.FormatExpr(s.RHS) != loopir.FormatExpr(t.RHS) {
		return nil
	}
	for i, l := range s.Loops {
		m := t.Loops[i]
		if l.Iter != m.Iter || exprKey(l.Lo) != exprKey(m.Lo) || exprKey(l.Hi) != exprKey(m.Hi) {
			return nil
		}
	}
	return &hint{stmt: t, env: s.Fresh("")}
}

// An alignment lays two expressions beside each other.
type alignment struct {
	c     *checker
	sys   *system
	env   Env // the old statement's iterators as unknowns
	score int
}

// maxAlign bounds how many assignments align looks through, one behind the
// other.
const maxAlign = 6

// align reports false when a and b can't be the same computation. What comes
// out of a cell in a way that is not plain may be anything.
func (al *alignment) align(a, b value, depth int) bool {
	x, plainA := al.c.after.plain(a)
	y, plainB := al.c.before.plain(b)
	if depth == 0 || !plainA || !plainB {
		return true
	}
	ra, okA := x.e.(*loopir.Read)
	rb, okB := y.e.(*loopir.Read)
	if okA && okB {
		return ra.Name == rb.Name && al.alignInputs(x, y, ra, rb)
	}
	if isIndexValue(x.e) && isIndexValue(y.e) && x.e.TypeOf() == loopir.Index {
		al.sys.equate(y.index(y.e), x.index(x.e))
		return true
	}
	if isLiteral(x.e) || isLiteral(y.e) {
		al.score++
		return isNumeral(x.e) && isNumeral(y.e) && sameLiteral(x.e, y.e)
	}
	xs, ys := loopir.Children(x.e), loopir.Children(y.e)
	if head(x.e) != head(y.e) || len(xs) != len(ys) {
		return al.alignFused(x, y, depth)
	}
	al.score++
	if bin, ok := x.e.(*loopir.Binary); ok && commutes(bin.Op) {
		sys, score := al.sys.clone(), al.score
		if al.align(x.of(xs[0]), y.of(ys[0]), depth-1) && al.align(x.of(xs[1]), y.of(ys[1]), depth-1) {
			return true
		}
		al.sys, al.score = sys, score
		return al.align(x.of(xs[0]), y.of(ys[1]), depth-1) && al.align(x.of(xs[1]), y.of(ys[0]), depth-1)
	}
	for i := range xs {
		if !al.align(x.of(xs[i]), y.of(ys[i]), depth-1) {
			return false
		}
	}
	return true
}

// alignFused lays an fma beside a sum with a product.
func (al *alignment) alignFused(x, y value, depth int) bool {
	sys, score := al.sys, al.score
	for _, xs := range mulAdds(x.e) {
		for _, ys := range mulAdds(y.e) {
			for _, order := range [][2]int{{0, 1}, {1, 0}} {
				al.sys, al.score = sys.clone(), score+1
				if al.align(x.of(xs[0]), y.of(ys[order[0]]), depth-1) && al.align(x.of(xs[1]), y.of(ys[order[1]]), depth-1) &&
					al.align(x.of(xs[2]), y.of(ys[2]), depth-1) {
					return true
				}
			}
		}
	}
	al.sys, al.score = sys, score
	return false
}

// plain follows a read to the one computation or input cell that it always
// comes from; it reports false when there is no such one.
func (sd *side) plain(v value) (value, bool) {
	r, ok := v.e.(*loopir.Read)
	if !ok {
		return v, true
	}
	if sd.hole(v, r) {
		return v, false
	}
	d := sd.onlySource(r, v)
	if d == nil {
		return v, false
	}
	switch d.kind {
	case fromValue:
		out := d.val
		out.at.env = out.at.env.in(v.at.env)
		return out, true
	case fromInput:
		c := &loopir.Read{Name: d.array.Name, Index: d.index, Type: d.array.Type}
		return value{e: c, at: v.at}, true
	}
	return v, false
}

// onlySource is where r, a read of v's statement, gets its value at every instance, over the
// iterators of the statement; nil if there are several such places.
func (sd *side) onlySource(r *loopir.Read, v value) *desc {
	sd.mu.Lock()
	d, known := sd.only[readAt{r, v.at.s}]
	sd.mu.Unlock()
	if known {
		return d
	}
	d = sd.findOnlySource(r, v.at.s)
	sd.mu.Lock()
	defer sd.mu.Unlock()
	sd.only[readAt{r, v.at.s}] = d
	return d
}

// A readAt is a read of a statement.
type readAt struct {
	r *loopir.Read
	s *Stmt
}

func (sd *side) findOnlySource(r *loopir.Read, s *Stmt) *desc {
	at := point{s, s.Fresh("")}
	ctx := known{hyps: s.Domain(at.env)}
	ds, f := sd.describe(value{e: r, at: at}, ctx)
	if f == nil && len(ds) == 1 && ds[0].kind == fromNode {
		ds, _, f = ds[0].node.without(ctx)
	}
	if f != nil || len(ds) != 1 {
		return nil
	}
	return &ds[0]
}

func (sd *side) isLocal(r *loopir.Read) bool {
	a := sd.prog.Array(r.Name)
	return a == nil || a.Param == nil
}

// alignInputs notes that two reads of inputs are to name one cell.
func (al *alignment) alignInputs(x, y value, a, b *loopir.Read) bool {
	al.score += 2
	p, q := al.c.after.prog.Array(a.Name).Param, al.c.before.prog.Array(b.Name).Param
	index := atAll(x.at.env, a.Index)
	if !sameLayout(p, q) {
		logical, ok := unpacked(p, index)
		if !ok {
			return false
		}
		index = packed(q, logical)
	}
	for i, e := range atAll(y.at.env, b.Index) {
		if i < len(index) {
			al.sys.equate(e, index[i])
		}
	}
	return true
}

// alignCells notes that two cells written are to be one, if they are
// parameters.
func (al *alignment) alignCells(a, b *loopir.Read) bool {
	localA, localB := al.c.after.isLocal(a), al.c.before.isLocal(b)
	if localA || localB {
		al.score++
		return localA == localB
	}
	if a.Name != b.Name {
		return false
	}
	return al.alignInputs(value{e: a}, value{e: b, at: point{env: al.env}}, a, b)
}

// head tells what an expression computes, its operands left out.
func head(e loopir.Expr) string {
	switch e := e.(type) {
	case *loopir.Binary:
		return "binary" + string(rune('0'+e.Op))
	case *loopir.Unary:
		return "unary" + string(rune('0'+e.Op))
	case *loopir.Intrinsic:
		return e.Name
	case *loopir.Cast:
		return "cast" + string(rune('0'+e.To))
	}
	return "other"
}
