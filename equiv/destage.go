package equiv

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A staging is a local array whose cells stand for cells of another array for a
// while: copied in, updated, and copied out. Where that happens again and again
// to one cell, say once in each block of a reduction, the updates of one sum
// hide behind a chain of copies of unknown length. So the checker looks at an
// equal program in which the updates go to the other array directly.
type staging struct {
	p     *Program
	proof *prover
	local *Array
	home  *Array // the array that local's cells stand for
	out   []*Stmt
	in    []*Stmt
}

// destage removes the stagings that it can prove to make no difference.
func destage(p *Program, proof *prover) *Program {
	for again := true; again; {
		again = false
		for _, a := range p.Arrays {
			st := findStaging(p, proof, a)
			if st == nil {
				continue
			}
			if q := st.removed(); q != nil && st.proved() {
				p, again = q, true
				break
			}
		}
	}
	return p
}

// findStaging recognizes a local that is copied out to one array, to the same
// cells in several of its instances.
func findStaging(p *Program, proof *prover, a *Array) *staging {
	if a.Local == nil {
		return nil
	}
	st := &staging{p: p, proof: proof, local: a}
	for _, s := range p.Stmts {
		r := isCopy(s)
		if r == nil || r.Name != a.Name || s.LHS.Name == a.Name {
			continue
		}
		if st.home != nil && st.home.Name != s.LHS.Name {
			return nil
		}
		st.home = p.Array(s.LHS.Name)
		st.out = append(st.out, s)
	}
	if st.home == nil || st.home.Type != a.Type || !prefix(st.home.Site.Loops, a.Site.Loops) {
		return nil
	}
	computes := false
	for _, s := range p.Stmts {
		if s.LHS.Name != a.Name {
			continue
		}
		if r := isCopy(s); r != nil && r.Name == st.home.Name {
			st.in = append(st.in, s)
		} else {
			computes = true
		}
	}
	if !computes || len(st.in) == 0 || !st.repeats() {
		return nil
	}
	return st
}

func prefix(a, b []*loopir.For) bool {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return false
		}
	}
	return true
}

// repeats tells whether some loop around the local has no part in which cell
// is copied out, or copies out cells that its next iteration copies again.
func (st *staging) repeats() bool {
	for _, s := range st.out {
		for _, l := range st.local.Site.Loops[len(st.home.Site.Loops):] {
			if slices.ContainsFunc(s.Loops, func(m *loopir.For) bool { return s.overlap(l, m) > 0 }) {
				return true
			}
			used := false
			for _, e := range s.LHS.Index {
				used = used || loopir.UsesVar(e, l.Iter)
			}
			if !used {
				return true
			}
		}
	}
	return false
}

// at gives the cell of home that index of the local stands for at a statement,
// by the first copy-out.
func (st *staging) at(index []loopir.Expr, s *Stmt) ([]loopir.Expr, bool) {
	env, ok := st.outAt(st.out[0], index, s.Fresh(""))
	if !ok {
		return nil, false
	}
	return atAll(env, st.out[0].LHS.Index), true
}

// outAt gives the instance of a copy-out that copies a cell of the local, at
// the iterations around the local that env gives.
func (st *staging) outAt(out *Stmt, index []loopir.Expr, env Env) (Env, bool) {
	sys := newSystem()
	fresh := out.Fresh("!h")
	for _, l := range out.Loops {
		sys.addUnknown(l.Iter+"!h", fresh.at(l.Lo))
	}
	for i, e := range isCopy(out).Index {
		sys.equate(fresh.at(e), index[i])
	}
	for _, it := range st.local.Scope() {
		sys.equate(fresh[it], env[it])
	}
	sys.solveBoldly()
	sol, ok := solutionEnv(sys, out, "!h")
	return sol, ok
}

// removed is the program without the local.
func (st *staging) removed() *Program {
	q := *st.p
	q.Stmts, q.Arrays = nil, nil
	q.arrays, q.byID = map[string]*Array{}, map[int]*Stmt{}
	for _, a := range st.p.Arrays {
		if a != st.local {
			q.addArray(a)
		}
	}
	b := &builder{p: &q}
	for _, s := range st.p.Stmts {
		if containsStmt(st.in, s) || containsStmt(st.out, s) {
			continue
		}
		c := *s
		ok := true
		move := func(e loopir.Expr) loopir.Expr {
			return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				r, isRead := e.(*loopir.Read)
				if !isRead || r.Name != st.local.Name {
					return e
				}
				index, found := st.at(r.Index, s)
				ok = ok && found
				return &loopir.Read{Name: st.home.Name, Index: index, Type: r.Type, Span: r.Span}
			})
		}
		c.LHS, c.RHS = move(s.LHS).(*loopir.Read), move(s.RHS)
		for i, cond := range c.Conds {
			if cond.Read.Name == st.local.Name {
				return nil
			}
			c.Conds[i] = cond
		}
		if !ok {
			return nil
		}
		b.assign(&c)
	}
	return &q
}

// A use is one access to an array.
type use struct {
	s     *Stmt
	cell  *loopir.Read
	write bool
}

// uses lists the accesses to array a.
func (p *Program) uses(a *Array) []use {
	var out []use
	for _, s := range p.Stmts {
		if s.LHS.Name == a.Name {
			out = append(out, use{s, s.LHS, true})
			if s.Op != loopir.Set || s.mayLeave() {
				out = append(out, use{s, s.LHS, false})
			}
		}
		reads := []loopir.Expr{s.RHS}
		reads = append(reads, s.LHS.Index...)
		for _, c := range s.Conds {
			reads = append(reads, c.Read)
		}
		for _, e := range reads {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if r, ok := e.(*loopir.Read); ok && r.Name == a.Name {
					out = append(out, use{s, r, false})
				}
				return true
			})
		}
	}
	return out
}

// proved shows that while a cell of the local is in use, nobody else uses the
// cell that it stands for.
//
// A cell v of the program without the local is the local's cell from a write to
// that cell on, and home's cell from a copy-out or another write to home on;
// after a copy either way it is both. So it has to be shown that copies are
// between cells that stand for each other, that no two cells of one instance of
// the local stand for one, that nobody else writes home's cell between a write
// of the local's and a read of it, and that nobody reads home's cell after a
// write of the local's that was not copied out by then.
func (st *staging) proved() bool {
	var asks []*ask
	mine := st.p.uses(st.local)
	var foreign []use
	for _, u := range st.p.uses(st.home) {
		if !containsStmt(st.out, u.s) {
			foreign = append(foreign, u)
		}
	}
	for _, u := range mine {
		asks = append(asks, st.copies(u)...)
		for _, w := range mine {
			asks = append(asks, st.apart(u, w))
		}
	}
	for _, w := range mine {
		if !w.write {
			continue
		}
		for _, f := range foreign {
			switch {
			case !f.write && !containsStmt(st.in, w.s):
				asks = append(asks, st.copiedOut(w, &f))
			case f.write:
				for _, r := range mine {
					if !r.write {
						asks = append(asks, st.undisturbed(w, f, r))
					}
				}
			}
		}
		if st.home.Param != nil && !containsStmt(st.in, w.s) {
			asks = append(asks, st.copiedOut(w, nil))
		}
	}
	return st.proof.all(asks)
}

// An ask is a condition to prove.
type ask struct {
	name string
	at   loopir.Span
	hyps []loopir.Expr
	goal loopir.Expr
}

// all tells whether every ask is proved; then the result rests on each.
func (p *prover) all(asks []*ask) bool {
	answers := make([]*answer, len(asks))
	var fs []func()
	for i, a := range asks {
		if a == nil {
			return false
		}
		fs = append(fs, func() { answers[i] = p.try(a.name, a.at, a.hyps, a.goal) })
	}
	together(fs...)
	for _, a := range answers {
		if a.Outcome != Proved {
			return false
		}
	}
	for _, a := range answers {
		p.rest(a)
	}
	return true
}

// homeOf gives the cell of home that a use stands for at instance env.
func (st *staging) homeOf(u use, env Env) []loopir.Expr {
	index, ok := st.at(u.cell.Index, u.s)
	if !ok {
		return nil
	}
	return atAll(env, index)
}

func (st *staging) sameScope(a, b Env) loopir.Expr {
	out := boolExpr(true)
	for _, it := range st.local.Scope() {
		out = and(out, eq(a[it], b[it]))
	}
	return out
}

// copies: a copy is between cells that stand for each other.
func (st *staging) copies(u use) []*ask {
	var other []loopir.Expr
	switch {
	case u.write && containsStmt(st.in, u.s):
		other = isCopy(u.s).Index
	case !u.write && containsStmt(st.out, u.s):
		other = u.s.LHS.Index
	default:
		return nil
	}
	env := u.s.Fresh("")
	return []*ask{{"stage/copy", u.s.Span, u.s.Domain(env), sameIndices(st.homeOf(u, env), other)}}
}

// apart: different cells of one instance of the local stand for different
// cells.
func (st *staging) apart(u, w use) *ask {
	x, y := u.s.Fresh("!1"), w.s.Fresh("!2")
	hyps := append(u.s.Domain(x), w.s.Domain(y)...)
	hyps = append(hyps, st.sameScope(x, y), sameIndices(st.homeOf(u, x), st.homeOf(w, y)))
	return &ask{"stage/apart", u.cell.Span, hyps, sameIndices(atAll(x, u.cell.Index), atAll(y, w.cell.Index))}
}

// undisturbed: nobody writes home's cell between write w and read r of the
// local's.
func (st *staging) undisturbed(w, f, r use) *ask {
	x, v, y := w.s.Fresh("!1"), f.s.Fresh("!2"), r.s.Fresh("!3")
	hyps := append(w.s.Domain(x), f.s.Domain(v)...)
	hyps = append(hyps, r.s.Domain(y)...)
	hyps = append(
		hyps,
		st.p.SameCell(w.cell.Name, atAll(x, w.cell.Index), x, r.cell.Name, atAll(y, r.cell.Index), y),
		st.standsFor(w, x, f, v),
		Before(&w.s.Site, x, &f.s.Site, v), Before(&f.s.Site, v, &r.s.Site, y),
	)
	return &ask{"stage/undisturbed", f.s.Span, hyps, boolExpr(false)}
}

// standsFor says that the local's cell of w stands for home's cell of f.
func (st *staging) standsFor(w use, x Env, f use, v Env) loopir.Expr {
	return st.p.SameCell(st.home.Name, st.homeOf(w, x), x, f.cell.Name, atAll(v, f.cell.Index), v)
}

// copiedOut: what w wrote to the local is in home before f reads it there; nil
// stands for a reader of the parameter's cells at the end.
func (st *staging) copiedOut(w use, f *use) *ask {
	x := w.s.Fresh("!1")
	hyps := w.s.Domain(x)
	at := w.s.Span
	var read Env
	if f == nil {
		for i, e := range st.homeOf(w, x) {
			hyps = append(hyps, loopir.Bin(loopir.Le, loopir.NewInt(0), e), loopir.Bin(loopir.Lt, e, st.home.Shape[i]))
		}
	} else {
		read, at = f.s.Fresh("!2"), f.s.Span
		hyps = append(hyps, f.s.Domain(read)...)
		hyps = append(hyps, st.standsFor(w, x, *f, read), Before(&w.s.Site, x, &f.s.Site, read))
	}
	var goals []loopir.Expr
	for _, out := range st.out {
		env, ok := st.outAt(out, atAll(x, w.cell.Index), x)
		if !ok {
			return nil
		}
		goal := and(out.Domain(env)...)
		copied := isCopy(out)
		goal = and(goal, st.p.SameCell(w.cell.Name, atAll(x, w.cell.Index), x, copied.Name, atAll(env, copied.Index), env))
		goal = and(goal, Before(&w.s.Site, x, &out.Site, env))
		if f != nil {
			goal = and(goal, Before(&out.Site, env, &f.s.Site, read))
		}
		goals = append(goals, goal)
	}
	return &ask{"stage/copied-out", at, hyps, or(goals...)}
}
