package equiv

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A claim is one thing that must hold for a kernel to be safe.
type claim struct {
	name string // such as bounds, step, race
	span loopir.Span
	hyps []loopir.Expr
	goal loopir.Expr
	vars []string // other than sizes, in hyps and goal

	// first is a goal that implies goal and is tried before it, nil for none; later then makes
	// goal, which may be long, and opaque.
	first func() loopir.Expr
	later func() (goal loopir.Expr, opaque bool)

	// places are the iterators of the instances concerned, to be told to a
	// person: each is a variable, which may end in a prime.
	places [][]string

	// group is shared by claims of which only the first failure is worth
	// telling; empty for none.
	group string

	// opaque is set where a condition on data stands around the place, which
	// hyps leave out: a model is then a suspicion, not a counterexample.
	opaque bool

	// witnessed is set where goal lists guessed witnesses: a model then only
	// shows that the guesses do not suffice.
	witnessed bool

	// fault is what a run into the problem ends in, BadKernel for none, and
	// array the one that it is about.
	fault interp.FaultKind
	array string

	// what says what was not shown, for a person, when nothing more is known.
	what string
	// tell says what is wrong at the sizes and iterators of a model.
	tell func(env map[string]int64) *loopir.Error
}

// placed is how many conditions are around a place, on indices and on data.
type placed struct{ guards, data int }

// A walker collects the claims about the expressions of a program: divisors,
// indices, extents, steps. It follows evaluation order, so that an earlier
// condition protects what is evaluated under it.
type walker struct {
	p      *Program
	matrix *Program // unpacked
	claims []claim
	loops  []*loopir.For
	guards []loopir.Expr
	data   int // conditions on data around the place
	ranger ranger
	wide   map[loopir.Expr]bool // reported by ranger
	early  bool                 // where is at hand, computed before the arrays are known not to be too large
	around loopir.Span          // the largest expression or cell around the one at hand
	here   placed               // the statement at hand
	cells  map[string]placed    // that it reads, and where first

	assumed []string
}

func newWalker(p, unpacked *Program) *walker {
	w := &walker{p: p, matrix: unpacked, wide: map[loopir.Expr]bool{}}
	w.ranger = ranger{vars: map[string]interval{}, wide: w.overflow}
	for _, s := range p.Sizes {
		w.ranger.vars[s] = interval{new(big.Int), sizeMax}
	}
	return w
}

// at is the claim that goal holds whenever the place is reached.
func (w *walker) at(name string, span loopir.Span, goal loopir.Expr, what string, tell func(map[string]int64) *loopir.Error) *claim {
	site := Site{Loops: w.loops, Guards: w.guards}
	hyps := append(w.p.Assume(), site.Domain(site.Fresh(""))...)
	w.claims = append(w.claims, claim{
		name: name, span: span, hyps: hyps, goal: goal, vars: iters(w.loops), places: [][]string{iters(w.loops)},
		opaque: w.data > 0, what: what, tell: tell,
	})
	return &w.claims[len(w.claims)-1]
}

// under walks with one more condition in force.
func (w *walker) under(c loopir.Expr, walk func()) {
	guards, data := w.guards, w.data
	for _, c := range conjuncts(c) {
		if isIndexCond(c) {
			w.guards = append(w.guards[:len(w.guards):len(w.guards)], c)
		} else {
			w.data++
		}
	}
	walk()
	w.guards, w.data = guards, data
}

func (w *walker) body(body []loopir.Stmt) {
	for _, s := range body {
		w.around, w.here, w.cells = s.Source(), placed{len(w.guards), w.data}, map[string]placed{}
		switch s := s.(type) {
		case *loopir.For:
			w.loop(s)
		case *loopir.If:
			w.expr(s.Cond)
			w.under(s.Cond, func() { w.body(s.Then) })
			w.under(not(s.Cond), func() { w.body(s.Else) })
		case *loopir.Local:
			for _, e := range s.Shape {
				w.index(e)
				w.extent(s.Name, e)
			}
			if s.Init != nil {
				w.expr(s.Init)
			}
		case *loopir.Assign:
			w.expr(s.LHS)
			w.expr(s.RHS)
		case *loopir.Prefetch: // a hint: the cell need not exist, but its index is computed
			for _, e := range s.Cell.Index {
				w.index(e)
			}
		default:
			panic(fmt.Sprintf("equiv: unexpected statement %T", s))
		}
	}
}

func (w *walker) loop(s *loopir.For) {
	lo, hi := w.index(s.Lo), w.index(s.Hi)
	if s.Step != nil {
		w.index(s.Step)
		w.at("step", s.Step.Source(), ge(s.Step, 1), fmt.Sprintf("the step of loop %s is above 0", s.Iter), func(env map[string]int64) *loopir.Error {
			return refuted(s.Step.Source(), "the step of loop %s must be above 0, but is %s", s.Iter, evalText(s.Step, env))
		})
	}
	outer := w.loops
	w.loops = append(w.loops[:len(w.loops):len(w.loops)], s)
	w.ranger.vars[s.Iter] = interval{lo.lo, new(big.Int).Sub(hi.hi, big.NewInt(1))}
	if s.Step != nil { // the iterator moves one step past the last iteration
		w.guards = append(w.guards, loopir.Bin(loopir.Lt, loopir.NewVar(s.Iter), s.Hi))
		w.ranger.bounds(&loopir.Binary{Op: loopir.Add, X: loopir.NewVar(s.Iter), Y: s.Step, Type: loopir.Index, Span: s.Step.Source()})
		w.guards = w.guards[:len(w.guards)-1]
	}
	w.body(s.Body)
	w.loops = outer
}

// index walks an index expression, and bounds it.
func (w *walker) index(e loopir.Expr) interval {
	w.expr(e)
	return w.ranger.bounds(e)
}

// overflow claims that e, which interval arithmetic could not bound, fits in
// int64 under the size limit.
func (w *walker) overflow(e loopir.Expr) {
	if w.wide[e] {
		return
	}
	w.wide[e] = true
	goal := and(loopir.Bin(loopir.Ge, e, bigExpr(int64Min)), loopir.Bin(loopir.Le, e, bigExpr(int64Max)))
	what := fmt.Sprintf("%s fits in int64", loopir.FormatExpr(e))
	span, early := place(e, w.around), w.early
	c := w.at("overflow", span, goal, what, func(map[string]int64) *loopir.Error {
		err := refuted(span, "%s does not fit in int64", loopir.FormatExpr(e))
		if early {
			return err.Note(loopir.Span{}, "where is computed before more is known than that each size is below 2^%d", maxSizeBits)
		}
		return err.Note(loopir.Span{}, "%s", SizeLimit)
	})
	c.hyps = append(c.hyps, sizeLimits(w.p)...)
	if !early {
		c.hyps = append(c.hyps, countLimits(w.p)...)
	}
	c.group = fmt.Sprintf("overflow %v", w.around)
}

// expr claims that e can be evaluated.
func (w *walker) expr(e loopir.Expr) {
	switch e := e.(type) {
	case *loopir.Int, *loopir.Float, *loopir.Var:
	case *loopir.Unary:
		w.expr(e.X)
	case *loopir.Cast:
		w.expr(e.X)
		if e.X.TypeOf() == loopir.Index {
			w.ranger.bounds(e.X)
		}
	case *loopir.Binary:
		w.expr(e.X)
		switch {
		case e.Op == loopir.And:
			w.under(e.X, func() { w.expr(e.Y) })
			return
		case e.Op == loopir.Or:
			w.under(not(e.X), func() { w.expr(e.Y) })
			return
		}
		w.expr(e.Y)
		if e.Type == loopir.Bool && e.X.TypeOf() == loopir.Index {
			w.ranger.bounds(e.X)
			w.ranger.bounds(e.Y)
		}
		if (e.Op == loopir.Div || e.Op == loopir.Mod) && e.Type == loopir.Index {
			w.divisor(e)
		}
	case *loopir.Intrinsic:
		if e.Name == "select" {
			w.expr(e.Args[0])
			w.under(e.Args[0], func() { w.expr(e.Args[1]) })
			w.under(not(e.Args[0]), func() { w.expr(e.Args[2]) })
			return
		}
		for _, a := range e.Args {
			w.expr(a)
		}
	case *loopir.Read:
		around := w.around
		w.around = place(e, around)
		for _, x := range e.Index {
			if atData(x) {
				w.expr(x)
			} else {
				w.index(x)
			}
		}
		w.inBounds(e)
		w.around = around
	default:
		panic(fmt.Sprintf("equiv: unexpected expression %T", e))
	}
}

func (w *walker) divisor(e *loopir.Binary) {
	if c, ok := e.Y.(*loopir.Int); ok && c.Value.Sign() > 0 {
		return
	}
	word := "division"
	if e.Op == loopir.Mod {
		word = "remainder"
	}
	span, text := place(e.Y, w.around), loopir.FormatExpr(e.Y)
	w.at("divisor", span, ge(e.Y, 1), fmt.Sprintf("the divisor %s is above 0", text), func(env map[string]int64) *loopir.Error {
		return w.advise(refuted(span, "the divisor of a %s must be above 0, but %s can be %s", word, text, evalText(e.Y, env)), e.Y, text+" >= 1")
	})
}

// extent claims that a dimension of array name is not negative.
func (w *walker) extent(name string, e loopir.Expr) {
	if c, ok := e.(*loopir.Int); ok && c.Value.Sign() >= 0 {
		return
	}
	span, text := place(e, w.around), loopir.FormatExpr(e)
	w.at("extent", span, ge(e, 0), fmt.Sprintf("the extent %s of %s is not negative", text, name), func(env map[string]int64) *loopir.Error {
		return w.advise(refuted(span, "the extent %s of %s must not be negative, but can be %s", text, name, evalText(e, env)), e, text+" >= 0")
	})
}

// advise adds a where clause that would help, when e is about sizes alone.
func (w *walker) advise(err *loopir.Error, e loopir.Expr, clause string) *loopir.Error {
	alone := true
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if v, ok := e.(*loopir.Var); ok && !slices.Contains(w.p.Sizes, v.Name) {
			alone = false
		}
		return alone
	})
	if alone {
		err.Note(loopir.Span{}, "`where %s` would make it legal", clause)
	}
	return err
}

// place is where e stands, or around when a transformation made e.
func place(e loopir.Expr, around loopir.Span) loopir.Span {
	if s := e.Source(); s.Start.Line > 0 {
		return s
	}
	return around
}

// within says that index d of r is legal: of a dimension that is packed, by row and column.
func (w *walker) within(r *loopir.Read, d int) loopir.Expr {
	index, shape := r.Index[d:d+1], w.p.Array(r.Name).Shape[d:d+1]
	if i, n, ok := w.matrix.unpackedIndex(r, d); ok {
		index, shape = i, n
	}
	out := boolExpr(true)
	for i, x := range index {
		out = and(out, and(ge(x, 0), loopir.Bin(loopir.Lt, x, shape[i])))
	}
	return out
}

// inBounds claims that each index of r lies within its array.
func (w *walker) inBounds(r *loopir.Read) {
	a := w.p.Array(r.Name)
	if a == nil || len(a.Shape) != len(r.Index) {
		return // a scalar, or malformed, which CheckKernel tells
	}
	text := loopir.FormatExpr(r)
	first, met := w.cells[text]
	if met && first.guards == w.here.guards && (first.data == w.here.data || w.data > w.here.data) {
		return // claimed wherever the statement is reached
	}
	if !met || first.guards > len(w.guards) || first.data > w.data {
		w.cells[text] = placed{len(w.guards), w.data}
	}
	for d, x := range r.Index {
		n := a.Shape[d]
		if atData(x) {
			text := fmt.Sprintf("%s is within 0..%s where %s is read", loopir.FormatExpr(x), loopir.FormatExpr(n), asWritten(r.Name))
			if !slices.Contains(w.assumed, text) {
				w.assumed = append(w.assumed, text)
			}
			continue
		}
		what := fmt.Sprintf("index %s of %s stays within 0..%s", loopir.FormatExpr(x), r.Name, loopir.FormatExpr(n))
		span := place(x, r.Span)
		c := w.at("bounds", span, w.within(r, d), what, func(env map[string]int64) *loopir.Error {
			err := refuted(span, "%s: index %s can be %s, outside 0..%s (extent %s)",
				loopir.FormatExpr(r), loopir.FormatExpr(x), evalText(x, env), evalText(n, env), loopir.FormatExpr(n))
			if s := n.Source(); s.Start.Line > 0 {
				err.Note(s, "%s gets its extent here", asWritten(r.Name))
			}
			return err
		})
		c.fault, c.array = interp.OutOfBounds, r.Name
	}
}
