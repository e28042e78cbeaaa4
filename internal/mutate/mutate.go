// Package mutate makes small changes to kernels, of the kind that a mistake in a
// transformation would make: bounds, indices, operators, order, guards and
// initial values.
package mutate

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// A mutator walks a kernel and applies the mutation that it counts down to.
type mutator struct {
	left int // mutations to skip
	done string
}

// at applies one mutation if its turn has come.
func (m *mutator) at(what string, apply func()) {
	if m.done != "" {
		return
	}
	if m.left--; m.left < 0 {
		m.done = what
		apply()
	}
}

// Mutant returns a copy of k with mutation n and what was changed, nil when k
// has no more mutations. It need not be well formed.
func Mutant(k *loopir.Kernel, n int) (*loopir.Kernel, string) {
	c := k.Clone()
	m := &mutator{left: n}
	m.body(&c.Body, nil)
	if m.done == "" {
		return nil, ""
	}
	return c, m.done
}

func (m *mutator) body(body *[]loopir.Stmt, its []string) {
	for i, s := range *body {
		place := func(what string) string { return fmt.Sprintf("%v: %s", s.Source(), what) }
		if _, isLocal := s.(*loopir.Local); !isLocal {
			m.at(place("statement dropped"), func() { *body = append((*body)[:i:i], (*body)[i+1:]...) })
		}
		if i+1 < len(*body) {
			m.at(place("statements swapped"), func() { (*body)[i], (*body)[i+1] = (*body)[i+1], (*body)[i] })
		}
		switch s := s.(type) {
		case *loopir.For:
			m.loop(s, its, place)
			m.body(&s.Body, append(its[:len(its):len(its)], s.Iter))
		case *loopir.If:
			m.at(place("guard dropped"), func() { *body = append(append((*body)[:i:i], s.Then...), (*body)[i+1:]...) })
			m.at(place("guard negated"), func() { s.Cond = &loopir.Unary{Op: loopir.Not, X: s.Cond, Type: loopir.Bool} })
			m.expr(s.Cond, its, place)
			m.body(&s.Then, its)
			m.body(&s.Else, its)
		case *loopir.Local:
			if s.Init != nil {
				m.at(place("init dropped"), func() { s.Init = nil })
				m.expr(s.Init, its, place)
			}
			for d := range s.Shape {
				m.nudge("extent", &s.Shape[d], place)
			}
		case *loopir.Assign:
			m.assign(s, its, place)
		case *loopir.Call:
			for _, a := range s.Args {
				if w, ok := a.(*loopir.Window); ok {
					for d := range w.Dims {
						m.nudge("window", &w.Dims[d].Lo, place)
					}
				} else {
					m.expr(a, its, place)
				}
			}
		}
	}
}

// nudge adds and subtracts 1.
func (m *mutator) nudge(what string, e *loopir.Expr, place func(string) string) {
	m.at(place(what+" + 1"), func() { *e = loopir.Bin(loopir.Add, *e, loopir.NewInt(1)) })
	m.at(place(what+" - 1"), func() { *e = loopir.Bin(loopir.Sub, *e, loopir.NewInt(1)) })
}

func (m *mutator) loop(s *loopir.For, its []string, place func(string) string) {
	m.nudge("lower bound", &s.Lo, place)
	m.nudge("upper bound", &s.Hi, place)
	m.at(place("upper bound halved"), func() { s.Hi = loopir.Bin(loopir.Div, s.Hi, loopir.NewInt(2)) })
	m.expr(s.Lo, its, place)
	m.expr(s.Hi, its, place)
	if s.Par == loopir.Sequential {
		m.at(place("made parallel"), func() { s.Par = loopir.Parallel })
	}
	if in, ok := onlyLoop(s.Body); ok && !loopir.UsesVar(in.Lo, s.Iter) && !loopir.UsesVar(in.Hi, s.Iter) {
		m.at(place("loops interchanged"), func() {
			s.Iter, in.Iter = in.Iter, s.Iter
			s.Lo, in.Lo = in.Lo, s.Lo
			s.Hi, in.Hi = in.Hi, s.Hi
			s.Step, in.Step = in.Step, s.Step
			s.Par, in.Par, s.Reduce, in.Reduce = in.Par, s.Par, in.Reduce, s.Reduce
		})
	}
	m.at(place("loop reversed"), func() {
		sum := loopir.Bin(loopir.Sub, loopir.Bin(loopir.Add, loopir.CloneExpr(s.Lo), loopir.CloneExpr(s.Hi)), loopir.NewInt(1))
		loopir.SubstStmts(s.Body, map[string]loopir.Expr{s.Iter: loopir.Bin(loopir.Sub, sum, loopir.NewVar(s.Iter))})
	})
}

func onlyLoop(body []loopir.Stmt) (*loopir.For, bool) {
	if len(body) != 1 {
		return nil, false
	}
	l, ok := body[0].(*loopir.For)
	return l, ok
}

func (m *mutator) assign(s *loopir.Assign, its []string, place func(string) string) {
	for _, op := range []loopir.AssignOp{loopir.Set, loopir.AddTo, loopir.SubTo, loopir.MaxTo} {
		if op != s.Op && (op != loopir.MaxTo || s.Op == loopir.MinTo) {
			m.at(place("assignment operator changed"), func() { s.Op = op })
		}
	}
	m.expr(s.LHS, its, place)
	m.expr(s.RHS, its, place)
}

// expr mutates e in place.
func (m *mutator) expr(e loopir.Expr, its []string, place func(string) string) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Int:
			m.at(place("constant + 1"), func() { e.Value = new(big.Int).Add(e.Value, big.NewInt(1)) })
			m.at(place("constant - 1"), func() { e.Value = new(big.Int).Sub(e.Value, big.NewInt(1)) })
		case *loopir.Read:
			for d := range e.Index {
				m.nudge("index", &e.Index[d], place)
				if d > 0 {
					m.at(place("indices exchanged"), func() { e.Index[d-1], e.Index[d] = e.Index[d], e.Index[d-1] })
				}
			}
		case *loopir.Var:
			for _, it := range its {
				if it != e.Name {
					m.at(place(e.Name+" replaced by "+it), func() { e.Name = it })
				}
			}
		case *loopir.Binary:
			for _, op := range swaps[e.Op] {
				m.at(place("operator changed"), func() { e.Op = op })
			}
			if e.Op == loopir.Sub || e.Op == loopir.Div {
				m.at(place("operands exchanged"), func() { e.X, e.Y = e.Y, e.X })
			}
		case *loopir.Intrinsic:
			if other := functions[e.Name]; other != "" {
				m.at(place("function changed"), func() { e.Name = other })
			}
		}
		return m.done == ""
	})
}

var functions = map[string]string{
	"min": "max", "max": "min", "tanh": "sigmoid", "exp": "tanh", "floor": "ceil", "ceil": "trunc", "round": "floor", "trunc": "round",
	"and": "or", "or": "xor", "xor": "and", "shl": "shr", "shr": "shl",
}

var swaps = map[loopir.Op][]loopir.Op{
	loopir.Add: {loopir.Sub}, loopir.Sub: {loopir.Add}, loopir.Mul: {loopir.Add}, loopir.Div: {loopir.Mod}, loopir.Mod: {loopir.Div},
	loopir.Eq: {loopir.Ne}, loopir.Ne: {loopir.Eq}, loopir.Lt: {loopir.Le}, loopir.Le: {loopir.Lt}, loopir.Gt: {loopir.Ge}, loopir.Ge: {loopir.Gt},
	loopir.And: {loopir.Or}, loopir.Or: {loopir.And},
}

// Each calls yield with some limit well-formed mutants of k, spread over
// all of them.
func Each(f *loopir.File, k *loopir.Kernel, limit int, yield func(*loopir.Kernel, string)) {
	all := 0
	for m, _ := Mutant(k, all); m != nil; m, _ = Mutant(k, all) {
		all++
	}
	stride := max(1, all/limit)
	if stride > 1 && stride%2 == 0 {
		stride++ // mutations come in pairs
	}
	for n := 0; n < all; n += stride {
		if m, what := Mutant(k, n); f.CheckKernel(m) == nil {
			yield(m, what)
		}
	}
}
