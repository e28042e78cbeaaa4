package lift

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// claim gives each computing assignment of the lifted kernel an Origin: the
// assignment of target that looks alike, and its iterators over those of the
// lifted one. Names of loops, which the emitter keeps in labels and variables, and
// the cells that both read are what the guess is made from. Nothing rests on it:
// the checker proves what an Origin says or does without it.
func claim(target, lifted *loopir.Kernel) {
	olds := places(target)
	copies := map[string]int64{}
	params := map[string]bool{}
	for _, p := range target.Params {
		params[p.Name] = true
	}
	writers := map[string][]writer{}
	for _, s := range places(lifted) {
		s.stmt.From = nil
		s.copy = copies[s.text()]
		copies[s.text()]++
		if _, copied := s.stmt.RHS.(*loopir.Read); copied && s.stmt.Op == loopir.Set {
			continue
		}
		best, old := 0, place{}
		for _, t := range olds {
			if o, score := alike(s, t, params, writers); score > best {
				s.stmt.From, best, old = o, score, t
			}
		}
		_, constant := literal(s.stmt.RHS) // cells of any two locals may start alike
		if name := s.stmt.LHS.Name; best > 0 && !params[name] && !constant {
			writers[name] = append(writers[name], writer{s, old})
		}
	}
}

// A writer is an assignment to a local of the lifted kernel, and what it is claimed to do.
type writer struct{ now, old place }

// counterpart gives the indices of the cell of target that the writer says cell is.
func (w writer) counterpart(cell *loopir.Read, s place) ([]poly.Poly, bool) {
	at := map[string]poly.Poly{} // the writer's iterators where it writes cell
	if len(cell.Index) != len(w.now.stmt.LHS.Index) {
		return nil, false
	}
	for i, e := range w.now.stmt.LHS.Index {
		left, right := poly.Must(e), poly.Must(cell.Index[i])
		for _, l := range w.now.loops {
			if c, rest, ok := left.Coeff(l.Iter); ok && c.Equal(poly.Int(1)) {
				at[l.Iter] = right.Sub(rest)
				left = rest.Add(at[l.Iter])
				break
			}
		}
		if !left.Equal(right) {
			return nil, false
		}
	}
	for _, l := range w.now.loops {
		if _, ok := at[l.Iter]; !ok && !s.in(l) {
			at[l.Iter] = poly.Var(l.Iter + "?")
		}
	}
	old := map[string]poly.Poly{}
	for it, e := range w.now.stmt.From.Iters {
		old[it] = poly.Must(e).Subst(at)
	}
	var out []poly.Poly
	for _, e := range w.old.stmt.LHS.Index {
		p := poly.Must(e).Subst(old)
		for _, v := range p.Vars() {
			if strings.HasSuffix(v, "?") { // it may be any
				return nil, false
			}
		}
		out = append(out, p)
	}
	return out, true
}

// in tells whether l is around p.
func (p place) in(l *loopir.For) bool { return slices.Contains(p.loops, l) }

// A place is an assignment and the loops around it.
type place struct {
	stmt  *loopir.Assign
	loops []*loopir.For
	facts poly.Facts
	copy  int64 // how many statements before it read alike: an unrolled loop has them
}

func (p place) text() string {
	var b strings.Builder
	for _, l := range p.loops {
		fmt.Fprintf(&b, "%s in %s..%s ", l.Iter, loopir.FormatExpr(l.Lo), loopir.FormatExpr(l.Hi))
	}
	return b.String() + loopir.FormatExpr(p.stmt.LHS) + "=" + loopir.FormatExpr(p.stmt.RHS)
}

func places(k *loopir.Kernel) []place {
	var out []place
	var walk func(body []loopir.Stmt, loops []*loopir.For, f poly.Facts)
	walk = func(body []loopir.Stmt, loops []*loopir.For, f poly.Facts) {
		for _, s := range body {
			switch s := s.(type) {
			case *loopir.Assign:
				out = append(out, place{stmt: s, loops: loops, facts: f})
			case *loopir.For:
				walk(s.Body, append(loops[:len(loops):len(loops)], s), f.Enter(s))
			case *loopir.If:
				walk(s.Then, loops, f.Assume(s.Cond))
				walk(s.Else, loops, f.AssumeNot(s.Cond))
			}
		}
	}
	walk(k.Body, nil, poly.KernelFacts(k))
	return out
}

// An alignment collects equations between the old iterators (left) and the new
// ones (right).
type alignment struct {
	params      map[string]bool
	left, right *loopir.Read // the cells that are assigned
	at          place        // of the lifted kernel
	writers     map[string][]writer
	eqs         [][2]poly.Poly
	likely      [][2]poly.Poly // by earlier claims
	score       int
	steps       *int // left
}

// mostAligned bounds the operations that two statements are laid beside each other by:
// each commutative operator doubles the ways in which that can fail.
const mostAligned = 10_000

func alike(s, t place, params map[string]bool, writers map[string][]writer) (*loopir.Origin, int) {
	steps := mostAligned
	al := &alignment{params: params, at: s, writers: writers, left: s.stmt.LHS, right: t.stmt.LHS, steps: &steps}
	x, y := combined(s.stmt), combined(t.stmt)
	if !al.align(x, y) {
		return nil, 0
	}
	if s.stmt.LHS.Name == t.stmt.LHS.Name {
		al.cell(s.stmt.LHS, t.stmt.LHS)
	}
	iters := al.solve(s, t)
	if iters == nil {
		return nil, 0
	}
	for _, l := range t.loops { // loops of one name speak for it, those over the same values more so
		for _, m := range s.loops {
			if l.Iter == m.Iter {
				al.score++
			}
			if sameLoop(l, m, s.facts) {
				al.score++
			}
		}
	}
	return &loopir.Origin{Stmt: t.stmt.ID, Iters: iters}, max(al.score, 0) + 1
}

// combined is the value that an assignment leaves in its cell.
func combined(s *loopir.Assign) loopir.Expr {
	old := loopir.CloneExpr(s.LHS)
	bin := func(op loopir.Op) loopir.Expr {
		return &loopir.Binary{Op: op, X: old, Y: s.RHS, Type: s.LHS.Type}
	}
	switch s.Op {
	case loopir.AddTo:
		return bin(loopir.Add)
	case loopir.SubTo:
		return bin(loopir.Sub)
	case loopir.MulTo:
		return bin(loopir.Mul)
	case loopir.DivTo:
		return bin(loopir.Div)
	case loopir.MinTo:
		return &loopir.Intrinsic{Name: "min", Args: []loopir.Expr{old, s.RHS}, Type: s.LHS.Type}
	case loopir.MaxTo:
		return &loopir.Intrinsic{Name: "max", Args: []loopir.Expr{old, s.RHS}, Type: s.LHS.Type}
	}
	return s.RHS
}

func (al *alignment) cell(a, b *loopir.Read) bool {
	if a.Name != b.Name || len(a.Index) != len(b.Index) {
		al.local(a, b)
		return true // locals of either side may be anything
	}
	for i := range a.Index {
		p, err1 := poly.FromExpr(b.Index[i])
		q, err2 := poly.FromExpr(a.Index[i])
		if err1 == nil && err2 == nil {
			al.eqs = append(al.eqs, [2]poly.Poly{p, q})
		}
	}
	al.score += 2
	return true
}

// local notes what earlier claims say of a, a local of the lifted kernel: that it is b, or not.
func (al *alignment) local(a, b *loopir.Read) {
	if al.params[a.Name] != al.params[b.Name] {
		al.score -= 2
	}
	for _, w := range slices.Backward(al.writers[a.Name]) {
		if w.old.stmt.LHS.Name != b.Name {
			continue
		}
		index, ok := w.counterpart(a, al.at)
		if !ok || len(index) != len(b.Index) {
			continue
		}
		for i, q := range index {
			al.likely = append(al.likely, [2]poly.Poly{poly.Must(b.Index[i]), q})
		}
		al.score += 2
		return
	}
}

// align lays x of the lifted kernel beside y of the other; false means that they
// are different computations.
func (al *alignment) align(x, y loopir.Expr) bool {
	if *al.steps--; *al.steps < 0 {
		return false
	}
	x, y = direct(x), direct(y)
	ra, okA := x.(*loopir.Read)
	rb, okB := y.(*loopir.Read)
	switch {
	case okA && okB:
		return al.cell(ra, rb)
	case okA || okB:
		return true
	}
	if p, isConst := literal(x); isConst {
		q, ok := literal(y)
		al.score++
		return ok && p == q
	}
	switch x := x.(type) {
	case *loopir.Binary:
		y, ok := y.(*loopir.Binary)
		if !ok || x.Op != y.Op {
			return false
		}
		al.score++
		if x.Op == loopir.Add || x.Op == loopir.Mul {
			return al.either(x.X, x.Y, y.X, y.Y)
		}
		return al.align(x.X, y.X) && al.align(x.Y, y.Y)
	case *loopir.Unary:
		y, ok := y.(*loopir.Unary)
		return ok && x.Op == y.Op && al.align(x.X, y.X)
	case *loopir.Intrinsic:
		y, ok := y.(*loopir.Intrinsic)
		if !ok || x.Name != y.Name || len(x.Args) != len(y.Args) {
			return false
		}
		al.score++
		if x.Name == "fma" {
			return al.either(x.Args[0], x.Args[1], y.Args[0], y.Args[1]) && al.align(x.Args[2], y.Args[2])
		}
		if len(x.Args) == 2 {
			return al.either(x.Args[0], x.Args[1], y.Args[0], y.Args[1])
		}
		for i := range x.Args {
			if !al.align(x.Args[i], y.Args[i]) {
				return false
			}
		}
		return true
	case *loopir.Cast:
		y, ok := y.(*loopir.Cast)
		return ok && x.To == y.To && x.X.TypeOf() == y.X.TypeOf() && (x.X.TypeOf() == loopir.Index || al.align(x.X, y.X))
	case *loopir.Int:
		y, ok := y.(*loopir.Int)
		return ok && x.Value.Cmp(y.Value) == 0
	}
	return loopir.FormatExpr(x) == loopir.FormatExpr(y)
}

// either tries the two orders of the operands of a commutative operator, the one
// with names in common first.
func (al *alignment) either(a, b, x, y loopir.Expr) bool {
	if al.clash(a, x) || al.clash(b, y) {
		x, y = y, x
	}
	old := *al
	if al.align(a, x) && al.align(b, y) {
		return true
	}
	*al = old
	return al.align(a, y) && al.align(b, x)
}

// clash tells whether a and b can't be one value: one is a parameter that the other is not
// (locals of either side may be called anything), or only one is the cell that is updated.
func (al *alignment) clash(a, b loopir.Expr) bool {
	x, okA := a.(*loopir.Read)
	y, okB := b.(*loopir.Read)
	if !okA || !okB {
		return okA != okB && (okA && al.left.Name == x.Name || okB && al.right.Name == y.Name)
	}
	return (x.Name == al.left.Name) != (y.Name == al.right.Name) || x.Name != y.Name && (al.params[x.Name] || al.params[y.Name])
}

// solve finds values for the old iterators. Those that a loop around the new
// assignment is named for come first; if that contradicts an equation, the
// equations alone decide.
func (al *alignment) solve(s, t place) map[string]loopir.Expr {
	own := map[string]bool{}
	for _, l := range s.loops {
		own[l.Iter] = true
	}
	named := map[string]poly.Poly{}
	for _, l := range t.loops {
		if own[l.Iter] {
			named[l.Iter] = poly.Var(l.Iter)
		}
	}
	all := append(al.eqs[:len(al.eqs):len(al.eqs)], al.likely...)
	for _, eqs := range [][][2]poly.Poly{all, al.eqs} {
		for _, known := range []map[string]poly.Poly{named, {}} {
			if m := with(eqs, known, s, t); m != nil {
				return m
			}
			al.score--
		}
		if len(al.likely) == 0 {
			break
		}
	}
	return nil
}

func with(given [][2]poly.Poly, known map[string]poly.Poly, s, t place) map[string]loopir.Expr {
	sol := map[string]poly.Poly{}
	for k, v := range known {
		sol[k] = v
	}
	// The old iterators get names of their own, since new ones may be called the same.
	old := map[string]poly.Poly{}
	for _, l := range t.loops {
		old[l.Iter] = poly.Var(l.Iter + "'")
	}
	eqs := make([][2]poly.Poly, len(given))
	for i, e := range given {
		eqs[i] = [2]poly.Poly{e[0].Subst(old), e[1]}
	}
	prime := func(m map[string]poly.Poly) map[string]poly.Poly {
		out := map[string]poly.Poly{}
		for k, v := range m {
			out[k+"'"] = v
		}
		return out
	}
	for again := true; again; {
		again = false
		for _, e := range eqs {
			if solveOne(e[0].Subst(prime(sol)), e[1], t, sol) {
				again = true
			}
		}
	}
	if !open(s, t, sol) {
		return nil
	}
	for _, e := range eqs {
		if !s.facts.Same(e[0].Subst(prime(sol)), e[1]) {
			return nil
		}
	}
	out := map[string]loopir.Expr{}
	for k, v := range sol {
		out[k] = s.facts.Reduce(v).Expr()
	}
	return out
}

// open gives values to the old iterators that no equation determines. Of a loop that
// was unrolled, the number of the copy tells; of one that is still there under another
// name, a loop over the same values, which no other iterator goes by.
func open(s, t place, sol map[string]poly.Poly) bool {
	taken := map[string]bool{}
	for _, v := range sol {
		for _, name := range v.Vars() {
			taken[name] = true
		}
	}
	copy := s.copy
	for i := len(t.loops) - 1; i >= 0; i-- {
		l := t.loops[i]
		if _, ok := sol[l.Iter]; ok {
			continue
		}
		lo, err := poly.FromExpr(l.Lo)
		if err != nil {
			return false
		}
		lo = lo.Subst(sol)
		v, found := lo, false
		for _, m := range s.loops {
			if !found && !taken[m.Iter] && sameIndex(m.Lo, l.Lo, s.facts) && sameIndex(m.Hi, l.Hi, s.facts) && sameIndex(stepOf(m), stepOf(l), s.facts) {
				v, found, taken[m.Iter] = poly.Var(m.Iter), true, true
			}
		}
		if n, ok := poly.Must(l.Hi).Sub(poly.Must(l.Lo)).Const(); ok && !found && l.Step == nil && n.IsInt64() && n.Sign() > 0 {
			v, copy = lo.Add(poly.Int(copy%n.Int64())), copy/n.Int64()
		}
		sol[l.Iter] = v
	}
	return true
}

// solveOne finds the unknowns of left = right when they have constant
// coefficients, as digits of a number in mixed radix.
func solveOne(left, right poly.Poly, t place, sol map[string]poly.Poly) bool {
	type digit struct {
		iter string
		c    *big.Int
	}
	var digits []digit
	rest := left
	for _, l := range t.loops {
		if !rest.Uses(l.Iter + "'") {
			continue
		}
		c, r, ok := rest.Coeff(l.Iter + "'")
		if !ok {
			return false
		}
		k, isConst := c.Const()
		if !isConst || k.Sign() == 0 {
			return false
		}
		digits, rest = append(digits, digit{l.Iter, k}), r
	}
	if len(digits) == 0 {
		return false
	}
	value := right.Sub(rest)
	sort.SliceStable(digits, func(i, j int) bool { return digits[i].c.CmpAbs(digits[j].c) > 0 })
	for i, d := range digits {
		c := poly.Const(d.c)
		switch {
		case i < len(digits)-1 && d.c.Sign() > 0:
			q := poly.FloorDiv(value, c)
			sol[d.iter], value = q, value.Sub(q.Mul(c))
		case d.c.CmpAbs(big.NewInt(1)) == 0:
			sol[d.iter] = value.Scale(d.c)
		case d.c.Sign() > 0:
			sol[d.iter] = poly.FloorDiv(value, c)
		default:
			return false
		}
	}
	return true
}
