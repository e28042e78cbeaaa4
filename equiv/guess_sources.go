package equiv

import (
	"maps"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// guessSources lists the instances of w that may be the last to write the cell
// that r reads at the point. Iterators that the cell leaves open are those of
// the latest instance: as at the read or one step back in one of the common
// loops, and the last ones inside of it; those of tiles are left to the bounds.
func (sd *side) guessSources(w *Stmt, at point, r *loopir.Read, wide bool) []Env {
	env := w.Fresh("!w")
	sys := newSystem()
	for _, l := range w.Loops {
		sys.addUnknown(l.Iter+"!w", env.at(l.Lo))
	}
	for i, e := range w.LHS.Index {
		if i < len(r.Index) {
			sys.equate(env.at(e), at.env.at(r.Index[i]))
		}
	}
	if a := sd.prog.Array(w.LHS.Name); a != nil {
		for _, it := range a.Scope() {
			sys.equate(env[it], at.env[it])
		}
	}
	reading := newSystem()
	reading.within(at.s.Domain(at.env))
	sys.facts = reading.facts
	sys.within(w.Domain(env))
	sys.solve()
	common := commonLoops(w, at.s)
	tiles, own := w.tileIterators(), at.s.tileIterators()
	found := map[string]Env{}
	var keys []string
	add := func(s *system) bool {
		e, ok := solutionEnv(s, w, "!w")
		for i := range common {
			it := w.Loops[i].Iter
			if ok && own[it] != nil && exprKey(e[it]) == exprKey(at.env.at(own[it])) {
				e[it] = at.env[it] // in the same tile
			}
		}
		if key := envKey(w, e); ok && found[key] == nil {
			found[key] = e
			keys = append(keys, key)
		}
		return ok
	}
	try := func(level int, delay Env, how filling) bool {
		s := sys.clone()
		if how == boldly {
			s.solveBoldly()
		}
		return fillLatest(s, w, env, at, level, delay, how) && fillLatest(s, w, env, at, level, nil, how) && add(s)
	}
	inTile := false // an iterator at hand tells the tile
	if moved := unmoved(w, env, atAll(at.env, r.Index)); moved != nil {
		s := sys.clone()
		for _, v := range s.open() {
			if moved[v] != nil {
				s.fill(v, moved[v])
			}
		}
		if fillLatest(s, w, env, at, common, nil, plainly) {
			add(s)
		}
	}
	for level := common; level >= 0; level-- {
		if level < common {
			it := w.Loops[level].Iter
			if !sys.unknown[it+"!w"] || inTile && tiles[it] != nil && !wide {
				continue
			}
			inTile = inTile || tiles[it] == nil
		}
		settled := len(tiles) > 0 && try(level, tiles, plainly)
		if !settled || wide {
			try(level, nil, plainly)
		}
		if level == common && !settled && len(sys.open()) > 0 {
			try(common, nil, boldly)
		}
		if !wide {
			continue
		}
		try(level, tiles, tightly)
		for _, v := range sys.open() {
			if len(tiles) == 0 {
				try(level, Env{strings.TrimSuffix(v, "!w"): loopir.NewVar(v)}, plainly)
			}
		}
	}
	for i := common; i+1 < len(w.Loops) && wide; i++ { // the last iteration may not get to the cell
		l, s := w.Loops[i], sys.clone()
		v := l.Iter + "!w"
		if s.unknown[v] && s.fill(v, s.below(v, loopir.Bin(loopir.Sub, last(l, env), step(l, env)))) &&
			fillLatest(s, w, env, at, common, tiles, plainly) && fillLatest(s, w, env, at, common, nil, plainly) {
			add(s)
		}
	}
	var out []Env
	for _, k := range keys {
		out = append(out, found[k])
		if wide {
			out = append(out, sd.overlapping(w, found[k])...)
		}
	}
	return out
}

// overlapping gives instances of w that write the cell that instance env writes, from tiles
// before it: with the index 32*b + i and i in 0..34 these are b-1 and i+32.
func (sd *side) overlapping(w *Stmt, env Env) []Env {
	var out []Env
	scope := 0
	if a := sd.prog.Array(w.LHS.Name); a != nil {
		scope = len(a.Site.Loops)
	}
	for n := scope; n < len(w.Loops); n++ {
		tile := w.Loops[n]
		for _, l := range w.Loops[n+1:] {
			d := w.overlap(tile, l)
			if d == 0 {
				continue
			}
			e := maps.Clone(env)
			e[tile.Iter] = loopir.Bin(loopir.Sub, e[tile.Iter], loopir.NewInt(1))
			e[l.Iter] = loopir.Bin(loopir.Add, e[l.Iter], loopir.NewInt(d))
			out = append(out, e)
		}
	}
	return out
}

// overlap is the stride of tile in iterations of l if l may have more, or 0.
func (w *Stmt) overlap(tile, l *loopir.For) int64 {
	d := w.stride(tile, l)
	extent, ok := constIndex(loopir.Bin(loopir.Sub, l.Hi, l.Lo))
	if d < 2 || tile.Step != nil || l.Step != nil || ok && extent <= d {
		return 0
	}
	return d
}

// stride is the number of iterations of l that go as far in the cells that w writes as
// one iteration of tile does, or 0.
func (w *Stmt) stride(tile, l *loopir.For) int64 {
	var stride int64
	for _, e := range w.LHS.Index {
		p, err := poly.FromExpr(e)
		if err != nil {
			return 0
		}
		far, rest, okFar := p.Coeff(tile.Iter)
		near, _, okNear := rest.Coeff(l.Iter)
		x, constFar := far.Const()
		y, constNear := near.Const()
		if !okFar || !okNear || !constFar || !constNear || !x.IsInt64() || !y.IsInt64() {
			return 0
		}
		a, b := x.Int64(), y.Int64()
		switch {
		case a == 0 && b == 0:
		case b == 0 || a%b != 0 || stride != 0 && stride != a/b:
			return 0
		default:
			stride = a / b
		}
	}
	return stride
}

// A filling is how guessSources goes about iterators that the cell leaves open.
type filling uint8

const (
	plainly filling = iota
	boldly          // solve equations boldly first
	tightly         // the last value is that by all bounds, not by the loop's alone
)

// fillLatest decides what s leaves open of w's iterators, but for those of delay,
// which equations and bounds may settle by then: as at the read in the loops outside level,
// one step back in that loop (none when level is the number of common loops),
// last in the others.
func fillLatest(s *system, w *Stmt, env Env, at point, level int, delay Env, how filling) bool {
	common := commonLoops(w, at.s)
	for i, l := range w.Loops {
		v := l.Iter + "!w"
		if !s.unknown[v] || delay[l.Iter] != nil {
			continue
		}
		var e loopir.Expr
		switch {
		case i < level && i < common:
			e = at.env[l.Iter]
		case i == level && level < common:
			e = s.below(v, loopir.Bin(loopir.Sub, at.env[l.Iter], step(l, env)))
		default:
			e = last(l, env)
			if how == tightly && l.Step == nil {
				e = s.atMostBounds(v, e)
			}
			e = s.below(v, e)
		}
		if !s.fill(v, e) {
			return false
		}
	}
	return true
}

func step(l *loopir.For, env Env) loopir.Expr {
	if l.Step == nil {
		return loopir.NewInt(1)
	}
	return env.at(l.Step)
}

// last is the last value of a loop's iterator, if the loop runs at all.
func last(l *loopir.For, env Env) loopir.Expr {
	hi := loopir.Bin(loopir.Sub, env.at(l.Hi), loopir.NewInt(1))
	if l.Step == nil {
		return hi
	}
	lo, st := env.at(l.Lo), env.at(l.Step)
	n := loopir.Bin(loopir.Div, loopir.Bin(loopir.Sub, hi, lo), st)
	return loopir.Bin(loopir.Add, lo, loopir.Bin(loopir.Mul, n, st))
}

// solutionEnv reads the values of w's iterators off a solved system.
func solutionEnv(s *system, w *Stmt, suffix string) (Env, bool) {
	sol, ok := s.solution()
	if !ok {
		return nil, false
	}
	env := Env{}
	for _, l := range w.Loops {
		env[l.Iter] = decided(sol[l.Iter+suffix])
	}
	return env, true
}

// envKey is the same for instances of w that are written differently only.
func envKey(w *Stmt, env Env) string {
	key := ""
	for _, l := range w.Loops {
		if e := env[l.Iter]; e != nil {
			key += exprKey(e) + ";"
		}
	}
	return key
}

// commonLoops counts the loops around both statements.
func commonLoops(a, b *Stmt) int {
	n := 0
	for n < len(a.Loops) && n < len(b.Loops) && a.Loops[n] == b.Loops[n] {
		n++
	}
	return n
}
