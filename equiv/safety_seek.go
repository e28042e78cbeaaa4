package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A seeker guesses which instances may have written a cell. The guess needs no
// trust: the claim is that one of them exists and did.
type seeker struct {
	p      *Program
	arr    *Array
	index  []loopir.Expr
	at     *point // the reading instance; nil for the end of the kernel
	opaque bool   // some writer depends on data, or could not be followed
}

// written is the condition that a guessed instance exists, comes before, and
// writes the cell.
func (k *seeker) written() loopir.Expr {
	out := boolExpr(false)
	for _, w := range k.p.writers(k.arr.Name) {
		out = or(out, k.by(w))
	}
	return out
}

// nearest is written for one writer alone, the last above the reader that is under no
// condition but the reader's, and in no other loops but such of constant bounds; nil where there
// is none.
func (k *seeker) nearest() loopir.Expr {
	for i := k.at.s.index - 1; i >= 0; i-- {
		s := k.p.Stmts[i]
		if s.LHS.Name != k.arr.Name || len(s.Conds) > 0 || otherNumber(s.LHS.Index, k.index) ||
			slices.ContainsFunc(s.Guards, func(g loopir.Expr) bool { return !slices.Contains(k.at.s.Guards, g) }) ||
			slices.ContainsFunc(s.Loops[commonLoops(s, k.at.s):], mayBeEmpty) {
			continue
		}
		return k.by(writer{stmt: s})
	}
	return nil
}

func mayBeEmpty(l *loopir.For) bool {
	lo, ok1 := l.Lo.(*loopir.Int)
	hi, ok2 := l.Hi.(*loopir.Int)
	return !ok1 || !ok2 || lo.Value.Cmp(hi.Value) >= 0
}

// otherNumber tells whether the indices of two cells differ in a number.
func otherNumber(a, b []loopir.Expr) bool {
	for d := range a {
		x, ok1 := a[d].(*loopir.Int)
		y, ok2 := b[d].(*loopir.Int)
		if ok1 && ok2 && x.Value.Cmp(y.Value) != 0 {
			return true
		}
	}
	return false
}

// by is the condition that w wrote the cell.
func (k *seeker) by(w writer) loopir.Expr {
	out := boolExpr(false)
	same, ok := k.sameConds(w)
	if !ok {
		k.opaque = true
		return out
	}
	for _, env := range k.guess(w.stmt) {
		c := and(w.stmt.Domain(env)...)
		c = and(c, same(env))
		at := Env{}
		if k.at != nil {
			c = and(c, Before(&w.stmt.Site, env, &k.at.s.Site, k.at.env))
			at = k.at.env
		}
		c = and(c, k.p.SameCell(k.arr.Name, k.index, at, k.arr.Name, atAll(env, w.stmt.LHS.Index), env))
		out = or(out, c)
	}
	return out
}

// sameConds gives the condition under which w's conditions on data are among
// those that hold at the reader, and false if they are not.
func (k *seeker) sameConds(w writer) (func(Env) loopir.Expr, bool) {
	var hidden []*Array
	for _, c := range w.conds {
		found := false
		if k.at != nil {
			for _, d := range k.at.s.Conds {
				found = found || c.Read.Name == d.Read.Name && c.Negate == d.Negate
			}
		}
		if !found {
			return nil, false
		}
		hidden = append(hidden, k.p.Array(c.Read.Name))
	}
	return func(env Env) loopir.Expr {
		out := boolExpr(true)
		for _, h := range hidden {
			for _, it := range h.Scope() {
				out = and(out, eq(env[it], k.at.env[it]))
			}
		}
		return out
	}, true
}

// guess solves for the instances of s that write the cell. Iterators that the
// cell leaves open are tried at the reader's iteration, the one before, the
// first, the last, and where the bounds of a solved inner loop put them.
func (k *seeker) guess(s *Stmt) []Env {
	sys, env := newSystem(), Env{}
	for _, l := range s.Loops {
		v := l.Iter + "!w"
		if l.Step == nil {
			sys.addUnknown(v, env.at(l.Lo))
			env[l.Iter] = loopir.NewVar(v)
			continue
		}
		sys.addUnknown(v, nil) // i = lo + step*v
		env[l.Iter] = loopir.Bin(loopir.Add, env.at(l.Lo), loopir.Bin(loopir.Mul, env.at(l.Step), loopir.NewVar(v)))
	}
	sys.within(s.Domain(env))
	for d, e := range s.LHS.Index {
		if d < len(k.index) {
			sys.equate(env.at(e), k.index[d])
		}
	}
	if k.at != nil {
		for _, it := range k.arr.Scope() {
			sys.equate(env[it], k.at.env[it])
		}
	}
	sys.solve()
	tiles := s.tileIterators()
	var out []Env
	seen := map[string]bool{}
	k.fill(sys, s, env, tiles, func(sol map[string]loopir.Expr) {
		got := Env{}
		for _, l := range s.Loops {
			got[l.Iter] = loopir.Subst(env[l.Iter], sol)
		}
		if key := envKey(s, got); !seen[key] {
			seen[key] = true
			out = append(out, got)
		}
	}, &guessBudget{left: maxGuesses})
	return out
}

const maxGuesses = 16 // instances tried for one writer

type guessBudget struct{ left int }

// fill decides the open unknowns one by one, in every way that is worth trying:
// iterators of tiles last, as the others settle them.
func (k *seeker) fill(sys *system, s *Stmt, env Env, tiles Env, yield func(map[string]loopir.Expr), b *guessBudget) {
	at := -1
	for i, l := range s.Loops {
		if sys.unknown[l.Iter+"!w"] && (at < 0 || tiles[s.Loops[at].Iter] != nil && tiles[l.Iter] == nil) {
			at = i
		}
	}
	if at < 0 {
		if sol, ok := sys.solution(); ok && b.left > 0 {
			b.left--
			yield(sol)
		}
		return
	}
	for _, e := range k.choices(sys, s, env, at) {
		if b.left == 0 {
			return
		}
		try := sys.clone()
		if try.fill(s.Loops[at].Iter+"!w", e) {
			k.fill(try, s, env, tiles, yield, b)
		}
	}
}

// choices lists values for the open iterator of s.Loops[i], best first.
func (k *seeker) choices(sys *system, s *Stmt, env Env, i int) []loopir.Expr {
	l := s.Loops[i]
	v := l.Iter + "!w"
	var out []loopir.Expr
	if at := unmoved(s, env, k.index)[v]; at != nil {
		out = append(out, at)
	}
	for _, inner := range s.Loops[i+1:] { // lo(v) <= solved inner iterator
		lo, ok1 := sys.poly(env.at(inner.Lo))
		at, ok2 := sys.poly(env[inner.Iter])
		if !ok1 || !ok2 || len(sys.unknownsOf(at)) > 0 {
			continue
		}
		c, rest, ok := lo.Coeff(v)
		if n, isConst := c.Const(); ok && (!isConst || n.Sign() > 0) && len(sys.unknownsOf(rest)) == 0 && !lo.Sub(rest).IsZero() {
			out = append(out, poly.FloorDiv(at.Sub(rest), c).Expr())
		}
	}
	common := 0
	if k.at != nil {
		common = commonLoops(s, k.at.s)
	}
	if l.Step != nil {
		if i < common { // i = lo + step*v
			same := loopir.Bin(loopir.Div, loopir.Bin(loopir.Sub, k.at.env[l.Iter], env.at(l.Lo)), env.at(l.Step))
			out = append(out, same, loopir.Bin(loopir.Sub, same, loopir.NewInt(1)))
		}
		span := loopir.Bin(loopir.Sub, loopir.Bin(loopir.Sub, env.at(l.Hi), loopir.NewInt(1)), env.at(l.Lo))
		return append(out, loopir.NewInt(0), loopir.Bin(loopir.Div, span, env.at(l.Step)))
	}
	if i < common {
		same := k.at.env[l.Iter]
		out = append(out, sys.below(v, same), sys.below(v, loopir.Bin(loopir.Sub, same, loopir.NewInt(1))))
	}
	return append(out, env.at(l.Lo), loopir.Bin(loopir.Sub, env.at(l.Hi), loopir.NewInt(1)))
}
