package equiv

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// params collects the claims about the where clause and the parameters.
func (w *walker) params(k *loopir.Kernel) {
	all := w.p.Where
	w.around = k.Span
	w.early = true
	for i, c := range all {
		w.p.Where = all[:i:i] // a conjunct protects those after it
		w.expr(c)
	}
	w.p.Where, w.early = all, false
	for _, q := range k.Params {
		w.around = q.Span
		for _, e := range q.Shape { // that it fits is part of the size limit
			w.expr(e)
			w.extent(q.Name, e)
		}
		if q.Layout != nil {
			w.layout(q)
		}
	}
}

// layout claims that a packed parameter has a place for each logical cell, and
// no place for two.
func (w *walker) layout(q *loopir.Param) {
	l := q.Layout
	for d, e := range l.Shape {
		w.expr(e)
		w.extent(q.Name, e)
		w.ranger.vars[l.Iters[d]] = interval{new(big.Int), countMax}
	}
	cell := func(suffix string) ([]loopir.Expr, Env) {
		e := Env{}
		var in []loopir.Expr
		for d, it := range l.Iters {
			v := loopir.NewVar(it + suffix)
			e[it] = v
			in = append(in, ge(v, 0), loopir.Bin(loopir.Lt, v, l.Shape[d]))
		}
		return in, e
	}
	in, here := cell("")
	w.guards = in
	for d, x := range l.Index {
		w.index(x)
		n := q.Shape[d]
		what := fmt.Sprintf("index %s of the packed %s stays within 0..%s", loopir.FormatExpr(x), q.Name, loopir.FormatExpr(n))
		c := w.at("layout/bounds", place(x, q.Span), and(ge(x, 0), loopir.Bin(loopir.Lt, x, n)), what, func(env map[string]int64) *loopir.Error {
			return refuted(place(x, q.Span), "the packed %s has no place for a logical cell: index %s can be %s, outside 0..%s",
				q.Name, loopir.FormatExpr(x), evalText(x, env), evalText(n, env))
		})
		c.vars, c.places = l.Iters, [][]string{l.Iters}
	}
	in2, there := cell("'")
	w.guards = append(in[:len(in):len(in)], in2...)
	same, differ := boolExpr(true), boolExpr(false)
	for _, x := range l.Index {
		same = and(same, eq(x, there.at(x)))
	}
	var primed []string
	for _, it := range l.Iters {
		differ = or(differ, loopir.Bin(loopir.Ne, here[it], there[it]))
		primed = append(primed, it+"'")
	}
	what := fmt.Sprintf("the layout of %s gives each logical cell a place of its own", q.Name)
	span := place(l.Index[0], q.Span)
	c := w.at("layout/injective", span, not(and(same, differ)), what, func(map[string]int64) *loopir.Error {
		return refuted(span, "the layout of %s puts two logical cells in one place", q.Name)
	})
	c.vars, c.places = append(primed, l.Iters...), [][]string{l.Iters, primed}
	w.guards = nil
}
