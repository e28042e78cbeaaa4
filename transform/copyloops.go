package transform

import (
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// copyLoops builds loops over extent, with the names and marks of like (see
// runsOver; nil: a new name, not that of local), around the statement that cell
// makes of the indices; conditions stand as far out as their iterators allow.
func (c *Context) copyLoops(local string, extent []loopir.Expr, like [][]*loopir.For, cell func(index []loopir.Expr) (loopir.Stmt, []loopir.Expr)) []loopir.Stmt {
	taken := map[string]bool{local: true}
	for _, ls := range like {
		for _, l := range ls {
			taken[l.Iter] = true
		}
	}
	var nest []*loopir.For
	var index []loopir.Expr
	for d := range extent {
		if like[d] == nil {
			l := &loopir.For{Iter: c.freshBeside("x", taken), Lo: lit(0), Hi: loopir.CloneExpr(extent[d])}
			taken[l.Iter] = true
			nest, index = append(nest, l), append(index, ivar(l.Iter))
			continue
		}
		var at loopir.Expr = lit(0)
		for _, x := range like[d] {
			n := minus(x.Hi, x.Lo)
			if len(like[d]) == 1 {
				n = loopir.CloneExpr(extent[d])
			}
			l := &loopir.For{Iter: x.Iter, Lo: lit(0), Hi: n, Unroll: x.Unroll, Span: x.Span}
			if x.Par == loopir.Vectorize {
				l.Par = loopir.Vectorize
			}
			nest, at = append(nest, l), plus(times(n, at), ivar(l.Iter))
		}
		index = append(index, at)
	}
	s, conds := cell(index)
	guard := func(body loopir.Stmt, when func(loopir.Expr) bool) []loopir.Stmt {
		var now, rest []loopir.Expr
		for _, e := range conds {
			if when(e) {
				now = append(now, e)
			} else {
				rest = append(rest, e)
			}
		}
		conds = rest
		if len(now) == 0 {
			return []loopir.Stmt{body}
		}
		return []loopir.Stmt{&loopir.If{Cond: conj(now...), Then: []loopir.Stmt{body}}}
	}
	for _, l := range slices.Backward(nest) {
		l.Body = guard(s, func(e loopir.Expr) bool { return loopir.UsesVar(e, l.Iter) })
		s = l
	}
	return guard(s, func(loopir.Expr) bool { return true })
}

// freshBeside is Fresh for a name that is also none of taken.
func (c *Context) freshBeside(base string, taken map[string]bool) string {
	stem := strings.TrimRight(base, "0123456789")
	for name, n := base, 2; ; n++ {
		if !taken[name] && c.Fresh(name) == name {
			return name
		}
		name = stem + strconv.Itoa(n)
	}
}
