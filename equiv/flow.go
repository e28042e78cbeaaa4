package equiv

import (
	"fmt"
	"sync"

	"github.com/loopopt/loopopt/loopir"
)

// A side is one of the two programs, with what is known of its data flow.
type side struct {
	prog    *Program
	proof   *prover
	effects []*effect          // by Stmt.index
	sets    map[string][]*Stmt // writers of an array that end its old content
	updates map[string][]*Stmt // writers that combine it by one operator with something

	keep map[*Stmt]bool // copies that are not followed

	mu     sync.Mutex
	flows  map[flowKey]*flow
	relays map[*Stmt]*relay
	only   map[readAt]*desc // what onlySource found
}

// A flowKey names a read of a statement. With last, updates are not told from
// sets, so that the last of them is the source; with wide, there are more guesses.
type flowKey struct {
	stmt       int
	read       *loopir.Read
	last, wide bool
}

// A flow tells where the value of a read comes from, in terms of the reading
// statement's iterators: one piece for each way, and every instance that
// exists satisfies exactly one piece's guards.
type flow struct {
	once   sync.Once
	pieces []piece
	err    *failure
}

// A piece is one origin of a value: the last assignment that set the cell, or
// the cell's initial content, and the assignments that may have updated it
// since.
type piece struct {
	guards  []loopir.Expr
	src     *Stmt // nil: the initial content
	env     Env   // the instance of src
	updates []*Stmt
}

// A point is an instance of a statement.
type point struct {
	s   *Stmt
	env Env
}

func newSide(p *Program, proof *prover) *side {
	own := *p // the readers of the outputs are added to it
	own.Stmts = append([]*Stmt(nil), p.Stmts...)
	s := &side{
		prog: &own, proof: proof,
		sets: map[string][]*Stmt{}, updates: map[string][]*Stmt{}, keep: map[*Stmt]bool{}, flows: map[flowKey]*flow{}, relays: map[*Stmt]*relay{}, only: map[readAt]*desc{},
	}
	for i, st := range p.Stmts {
		st.index = i
		s.effects = append(s.effects, effectOf(st))
	}
	for _, a := range p.Arrays {
		s.sort(a)
	}
	return s
}

// sort tells the sets of an array from its updates. Only updates that all
// combine by one operator form a sum; a statement that uses the old content in
// another way, as a bias and ReLU applied to a sum do, sets the cell to a value
// that it computes from, among others, that sum.
func (sd *side) sort(a *Array) {
	kind := sd.combines(a)
	for _, s := range sd.prog.Stmts {
		if s.LHS.Name != a.Name {
			continue
		}
		if k := sd.effects[s.index].kind; k != notFold && k == kind {
			sd.updates[a.Name] = append(sd.updates[a.Name], s)
		} else {
			sd.sets[a.Name] = append(sd.sets[a.Name], s)
		}
	}
}

// combines picks the operator by which an array is a sum: that of a statement
// that updates one cell many times, if there is one.
func (sd *side) combines(a *Array) foldKind {
	best, often := notFold, false
	for _, s := range sd.prog.Stmts {
		k := sd.effects[s.index].kind
		if s.LHS.Name != a.Name || k == notFold || k == foldOther {
			continue
		}
		many := a.revisited(s)
		if best == notFold || many && !often || many == often && k < best {
			best, often = k, many
		}
	}
	return best
}

// revisited tells whether s writes each cell in many iterations, as far as its
// text tells.
func (a *Array) revisited(s *Stmt) bool {
	for _, l := range s.Loops[min(len(a.Site.Loops), len(s.Loops)):] {
		used := false
		for _, e := range s.LHS.Index {
			used = used || loopir.UsesVar(e, l.Iter)
		}
		if !used {
			return true
		}
	}
	return false
}

// flowOf finds the sources of read r of statement s, once.
func (sd *side) flowOf(s *Stmt, r *loopir.Read, last, wide bool) *flow {
	key := flowKey{s.index, r, last, wide}
	sd.mu.Lock()
	f, ok := sd.flows[key]
	if !ok {
		f = &flow{}
		sd.flows[key] = f
	}
	sd.mu.Unlock()
	f.once.Do(func() { sd.resolve(f, s, r, last, wide) })
	return f
}

// A candidate may be the source of a read; exists says where it is earlier and
// writes the cell.
type candidate struct {
	point
	exists []loopir.Expr
	// The same instance of all parts of one statement has one rank, and any is where that
	// of the whole statement is.
	rank int
	any  []loopir.Expr
}

// root is the statement that s is, or is a part of.
func (s *Stmt) root() *Stmt {
	if s.whole != nil {
		return s.whole
	}
	return s
}

// resolve guesses, for each statement that sets the array, the instances that
// may be the last to set the cell; a piece is where one of them exists and none
// of the others is later. It then proves that nothing else comes in between.
func (sd *side) resolve(f *flow, s *Stmt, r *loopir.Read, last, wide bool) {
	sets, updates := sd.sets[r.Name], sd.updates[r.Name]
	if last {
		sets, updates = append(sets[:len(sets):len(sets)], updates...), nil
	}
	at := point{s, s.Fresh("")}
	domain := s.Domain(at.env)
	cands := sd.candidates(sets, at, r, domain, wide)
	f.pieces = sd.piecesOf(cands, domain, r)
	f.err = sd.proveLast(f.pieces, sets, updates, domain, at, r)
}

// candidates lists the guessed sources that exist for some instance of the
// reader.
func (sd *side) candidates(sets []*Stmt, at point, r *loopir.Read, domain []loopir.Expr, wide bool) []candidate {
	var all []candidate
	rank := 0
	for _, parts := range inParts(sets) {
		whole := parts[0].root()
		for _, env := range sd.guessSources(whole, at, r, wide) {
			any := sd.reaches(point{whole, env}, at, r)
			for _, w := range parts {
				c := candidate{point{w, env}, any, rank, any}
				if w != whole {
					c.exists = sd.reaches(c.point, at, r)
				}
				all = append(all, c)
			}
			rank++
		}
	}
	gone := make([]bool, len(all))
	var asks []func()
	for i, c := range all {
		asks = append(asks, func() {
			gone[i] = sd.proof.impossible("source/none", r.Span, append(domain[:len(domain):len(domain)], c.exists...))
		})
	}
	together(asks...)
	var out []candidate
	for i, c := range all {
		if !gone[i] {
			out = append(out, c)
		}
	}
	return out
}

// piecesOf gives the pieces that some instance takes. A candidate that is never the
// latest is left out of the others' conditions, too: where it exists, so does the latest.
func (sd *side) piecesOf(cands []candidate, domain []loopir.Expr, r *loopir.Read) []piece {
	keep := sd.possible(allPieces(cands), domain, r)
	var latest []candidate
	for i, c := range cands {
		if keep[i] {
			latest = append(latest, c)
		}
	}
	out := allPieces(latest)
	if !keep[len(cands)] {
		out = out[:len(latest)]
	}
	return out
}

// allPieces gives each candidate the instances where it exists and no other one
// is later, or the same and of less rank, and the initial content those where none
// exists.
func allPieces(cands []candidate) []piece {
	var out []piece
	for _, c := range cands {
		p := piece{guards: append([]loopir.Expr(nil), c.exists...), src: c.s, env: c.env}
		for _, d := range oneOfRank(cands) {
			if d.rank == c.rank {
				continue // another part of the same statement
			}
			later := Before(&c.s.Site, c.env, &d.s.Site, d.env)
			if d.rank < c.rank && c.s.root() == d.s.root() {
				later = not(Before(&d.s.Site, d.env, &c.s.Site, c.env))
			}
			p.guards = append(p.guards, not(and(append(d.any[:len(d.any):len(d.any)], later)...)))
		}
		out = append(out, p)
	}
	first := piece{}
	for _, c := range oneOfRank(cands) {
		first.guards = append(first.guards, not(and(c.any...)))
	}
	return append(out, first)
}

func oneOfRank(cands []candidate) []candidate {
	var out []candidate
	seen := map[int]bool{}
	for _, c := range cands {
		if !seen[c.rank] {
			seen[c.rank] = true
			out = append(out, c)
		}
	}
	return out
}

// reaches says where an instance exists, writes the cell that r reads at the
// point, and comes before it.
func (sd *side) reaches(w, at point, r *loopir.Read) []loopir.Expr {
	out := w.s.Domain(w.env)
	out = append(out, sd.sameCell(w, at, r))
	return append(out, Before(&w.s.Site, w.env, &at.s.Site, at.env))
}

// sameCell is the condition that instance w writes the cell that r reads at at.
func (sd *side) sameCell(w, at point, r *loopir.Read) loopir.Expr {
	return sd.prog.SameCell(w.s.LHS.Name, atAll(w.env, w.s.LHS.Index), w.env, r.Name, atAll(at.env, r.Index), at.env)
}

func atAll(env Env, es []loopir.Expr) []loopir.Expr {
	out := make([]loopir.Expr, len(es))
	for i, e := range es {
		out[i] = env.at(e)
	}
	return out
}

// possible tells of each piece whether some instance may take it.
func (sd *side) possible(pieces []piece, domain []loopir.Expr, r *loopir.Read) []bool {
	keep := make([]bool, len(pieces))
	var asks []func()
	for i, p := range pieces {
		asks = append(asks, func() {
			hyps := append(domain[:len(domain):len(domain)], p.guards...)
			keep[i] = len(pieces) == 1 || !sd.proof.impossible("source/none", r.Span, hyps)
		})
	}
	together(asks...)
	return keep
}

// proveLast shows for each piece that no assignment sets the cell between the
// source and the read, and collects the updates that may. It begins with the initial
// content, which is where a source that no guess hit shows most cheaply.
func (sd *side) proveLast(pieces []piece, sets, updates []*Stmt, domain []loopir.Expr, at point, r *loopir.Read) *failure {
	var first firstFailure
	var initial, written []func()
	for i := range pieces {
		p := &pieces[i]
		hyps := append(domain[:len(domain):len(domain)], p.guards...)
		var asks []func()
		for _, parts := range inParts(sets) {
			asks = append(asks, func() {
				if len(parts) > 1 && sd.noneBetween(parts[0].whole, p, at, r, hyps).Outcome == Proved {
					return
				}
				for _, w := range parts {
					first.note(sd.noneBetween(w, p, at, r, hyps), fmt.Sprintf("where %s gets its value: another assignment of %s may come in between", r.Name, r.Name), w.Span)
				}
			})
		}
		if p.src == nil {
			initial = asks
		} else {
			written = append(written, asks...)
		}
		for _, u := range updates { // those that may come first by their place in the text
			if v, known := constBool(Before(&u.Site, u.Fresh("!w"), &at.s.Site, at.env)); v || !known {
				p.updates = append(p.updates, u)
			}
		}
	}
	if together(initial...); first.get() == nil {
		together(written...)
	}
	return first.get()
}

// inParts groups the parts of one statement.
func inParts(stmts []*Stmt) [][]*Stmt {
	var out [][]*Stmt
	at := map[*Stmt]int{}
	for _, s := range stmts {
		i, ok := at[s.root()]
		if !ok {
			i = len(out)
			at[s.root()], out = i, append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

// noneBetween asks whether no instance of w sets the cell after the source of p, or each that
// does writes the same again, as where a last tile is moved back over the one before.
func (sd *side) noneBetween(w *Stmt, p *piece, at point, r *loopir.Read, hyps []loopir.Expr) *answer {
	hyps = append(hyps[:len(hyps):len(hyps)], sd.between(w, p, at, r)...)
	ans := sd.proof.need("source/last", r.Span, hyps, boolExpr(false))
	if ans.Outcome == Proved || p.src != w || len(sd.updates[r.Name]) > 0 {
		return ans
	}
	if same := sd.repeats(w, w.Fresh("!w"), p.env); same != nil {
		if again := sd.proof.need("source/repeated", r.Span, hyps, same); again.Outcome == Proved {
			return again
		}
	}
	return ans
}

// repeats says that two instances of s, which write one cell, write the same: s sets it to
// what it computes from cells of in parameters, and those are the same ones. It is nil for
// other statements.
func (sd *side) repeats(s *Stmt, a, b Env) loopir.Expr {
	if s.Op != loopir.Set || len(s.Conds) > 0 {
		return nil
	}
	same := boolExpr(true)
	loopir.WalkExpr(s.RHS, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Read:
			if a := sd.prog.Array(e.Name); a == nil || a.Param == nil || a.Param.Kind == loopir.ArrayParam && a.Param.Dir != loopir.In {
				same = nil
				return false
			}
		}
		if same != nil && isIndexValue(e) {
			same = and(same, sameIndex(a.at(e), b.at(e)))
			return false
		}
		return same != nil
	})
	return same
}

// between says that some instance of w, its iterators named apart, writes the
// cell after the source of p and before the read.
func (sd *side) between(w *Stmt, p *piece, at point, r *loopir.Read) []loopir.Expr {
	env := w.Fresh("!w")
	out := sd.reaches(point{w, env}, at, r)
	if p.src != nil {
		out = append(out, Before(&p.src.Site, p.env, &w.Site, env))
	}
	return out
}
