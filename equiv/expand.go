package equiv

import (
	"fmt"
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Bounds of what is expanded to polynomials.
const (
	maxUnroll = 32   // iterations of loops of constant extent, all loops together
	maxTerms  = 2000 // of a polynomial
	maxSteps  = 6000 // values that are expanded
)

// A depth says how far reads are followed.
type depth uint8

const (
	notAtAll    depth = iota // they are compared as they are
	toUpdates                // to inputs and to cells that were updated
	toLandmarks              // to inputs and statements that have counterparts
	toInputs
)

// An expander writes values of one program as polynomials over its inputs.
type expander struct {
	sd    *side
	depth depth
	marks *landmarks // with toLandmarks
	fresh int        // bound variables named so far
	steps int
	// used is set when something was done that is no regrouping of sums and
	// products: a product of sums was multiplied out, constants were folded, a zero
	// was left out of a sum (-0.0 + 0.0 is 0.0) or of a product (0*inf is NaN).
	used bool
	// started is set when 0.0 is an operand of the whole value, as what a sum starts from:
	// that is no term of its own where the other side has one, too. Within is how many
	// operations other than sums, or cases, there are around what is expanded.
	started bool
	within  int
	lost    bool // a value that has a condition to exist was multiplied by 0
	laws    bool // functions that are made of others are written so: lawful
	lawful  bool // such a function was met
	// floats is set when a float was looked at: what is computed from it, an integer or a
	// condition too, may depend on how it was rounded.
	floats bool
	// written holds what statements write, by the statement and its iterators that are constant;
	// general is how many of them are being expanded, one inside the other.
	written map[string]*written
	general int
}

// value expands v. The hypotheses of ctx hold.
func (x *expander) value(v value, ctx known, path []*Stmt) (realPoly, *failure) {
	if x.steps++; x.steps > maxSteps || !ctx.spend(x.sd.proof) {
		return nil, failf(v.e.Source(), "this is too much to write as a polynomial")
	}
	x.floats = x.floats || v.e.TypeOf().IsFloat()
	switch e := v.e.(type) {
	case *loopir.Read:
	case *loopir.Binary:
		if e.Op == loopir.Add {
			break
		}
		x.within++
		defer func() { x.within-- }()
	default:
		x.within++
		defer func() { x.within-- }()
	}
	sub := func(e loopir.Expr) (realPoly, *failure) { return x.value(v.of(e), ctx, path) }
	switch e := v.e.(type) {
	case *loopir.Int, *loopir.Float:
		if c, ok := rational(e); ok {
			return constPoly(c), nil
		}
		return (&atom{head: loopir.FormatExpr(e), partial: true}).poly(), nil // inf or nan
	case *loopir.Read:
		return x.read(v, e, ctx, path)
	case *loopir.Unary:
		p, f := sub(e.X)
		if e.Op == loopir.Not {
			return (&atom{head: "!", args: []realPoly{p}}).poly(), f
		}
		x.used = x.used || !plainProduct(p)
		return p.scale(big.NewRat(-1, 1)), f
	case *loopir.Cast:
		return x.cast(v, e, ctx, path)
	case *loopir.Binary:
		return x.binary(v, e, ctx, path)
	case *loopir.Intrinsic:
		return x.intrinsic(v, e, ctx, path)
	}
	return nil, failf(v.e.Source(), "this can't be written as a polynomial")
}

func (x *expander) args(v value, es []loopir.Expr, ctx known, path []*Stmt) ([]realPoly, *failure) {
	var out []realPoly
	for _, e := range es {
		p, f := x.value(v.of(e), ctx, path)
		if f != nil {
			return nil, f
		}
		out = append(out, p)
	}
	return out, nil
}

func (x *expander) binary(v value, e *loopir.Binary, ctx known, path []*Stmt) (realPoly, *failure) {
	if e.TypeOf() == loopir.Bool && isIndexCond(e) {
		return nil, failf(e.Span, "a condition on sizes and iterators can't be written as a polynomial here")
	}
	ps, f := x.args(v, []loopir.Expr{e.X, e.Y}, ctx, path)
	if f != nil {
		return nil, f
	}
	switch {
	case e.Op == loopir.Add:
		return x.add(ps[0], ps[1]), nil
	case e.Op == loopir.Sub:
		x.used = x.used || !plainProduct(ps[1])
		return x.add(ps[0], ps[1].scale(big.NewRat(-1, 1))), nil
	case e.Op == loopir.Mul:
		return x.mul(ps[0], ps[1], e)
	case e.Op == loopir.Div && e.Type.IsFloat():
		q, f := x.reciprocal(ps[1], e)
		if f != nil {
			return nil, f
		}
		return x.mul(ps[0], q, e)
	case e.TypeOf() == loopir.Bool: // a condition on data is a function of what it compares
		op := e.Op
		if op == loopir.Gt || op == loopir.Ge { // a > b is b < a
			op = map[loopir.Op]loopir.Op{loopir.Gt: loopir.Lt, loopir.Ge: loopir.Le}[op]
			ps[0], ps[1] = ps[1], ps[0]
		}
		if op == loopir.Ne { // the opposite of ==, of NaN too
			return (&atom{head: "!", args: []realPoly{(&atom{head: comparison(loopir.Eq, e.X.TypeOf()), args: ps}).poly()}}).poly(), nil
		}
		return (&atom{head: comparison(op, e.X.TypeOf()), args: ps}).poly(), nil
	case e.Op == loopir.Div || e.Op == loopir.Mod:
		return (&atom{head: fmt.Sprintf("%d:%v", e.Op, e.Type), args: ps, partial: true}).poly(), nil
	}
	return nil, failf(e.Span, "this can't be written as a polynomial")
}

func (x *expander) add(p, q realPoly) realPoly {
	_, constP := p.constant()
	_, constQ := q.constant()
	x.used = x.used || constP && constQ || len(p)*len(q) == 0
	return append(p[:len(p):len(p)], q...)
}

func (x *expander) mul(p, q realPoly, at loopir.Expr) (realPoly, *failure) {
	for _, pq := range [][2]realPoly{{p, q}, {q, p}} {
		if c, ok := pq[0].constant(); ok {
			_, both := pq[1].constant()
			unit := c.Num().CmpAbs(c.Denom()) == 0
			x.used = x.used || c.Sign() == 0 || !unit && (both || !plainProduct(pq[1]) || pq[1][0].coef.Num().CmpAbs(pq[1][0].coef.Denom()) != 0)
			x.lost = x.lost || c.Sign() == 0 && pq[1].partial()
			if c.Sign() == 0 {
				return nil, nil
			}
			return pq[1].scale(c), nil
		}
	}
	x.used = x.used || !plainProduct(p) || !plainProduct(q)
	if len(p)*len(q) > maxTerms {
		return nil, failf(at.Source(), "this product has too many terms to multiply out")
	}
	var out realPoly
	for _, a := range p {
		for _, b := range q {
			b = x.apart(b)
			factors := append(a.factors[:len(a.factors):len(a.factors)], b.factors...)
			if x.laws {
				factors = x.withoutOpposites(factors)
			}
			out = append(out, realTerm{
				coef:    new(big.Rat).Mul(a.coef, b.coef),
				factors: factors,
				vars:    append(a.vars[:len(a.vars):len(a.vars)], b.vars...),
				conds:   append(a.conds[:len(a.conds):len(a.conds)], b.conds...),
			})
		}
	}
	return out, nil
}

// plainProduct tells whether multiplying by p distributes nothing.
func plainProduct(p realPoly) bool { return len(p) == 1 && len(p[0].vars) == 0 }

// apart gives the bound variables of t new names, so that it may stand beside
// a copy of itself.
func (x *expander) apart(t realTerm) realTerm {
	if len(t.vars) == 0 {
		return t
	}
	env := Env{}
	vars := make([]string, len(t.vars))
	for i, v := range t.vars {
		x.fresh++
		vars[i] = fmt.Sprintf("%s!%d", v, x.fresh)
		env[v] = loopir.NewVar(vars[i])
	}
	t = t.rename(env)
	t.vars = vars
	return t
}

// reciprocal is 1/p, of which nothing ever cancels, but for constants: that p is
// not 0 is a condition of the whole value.
func (x *expander) reciprocal(p realPoly, at loopir.Expr) (realPoly, *failure) {
	x.used = true
	if c, ok := p.constant(); ok {
		if c.Sign() == 0 {
			return nil, failf(at.Source(), "this divides by 0")
		}
		return constPoly(new(big.Rat).Inv(c)), nil
	}
	out := realTerm{coef: big.NewRat(1, 1)} // 1/(a*b) is 1/a * 1/b
	if x.laws {
		var common []*atom
		common, p = x.factored(p)
		for _, a := range common {
			out.factors = append(out.factors, a.opposite())
		}
	}
	if !plainProduct(p) || len(p[0].conds) > 0 {
		out.factors = append(out.factors, &atom{head: "1/", args: []realPoly{p}, partial: true})
		return realPoly{out}, nil
	}
	out.coef.Inv(p[0].coef)
	for _, a := range p[0].factors {
		out.factors = append(out.factors, &atom{head: "1/", args: []realPoly{a.poly()}, partial: true})
	}
	return realPoly{out}, nil
}

// cast expands a conversion that changes no value; others are functions.
func (x *expander) cast(v value, e *loopir.Cast, ctx known, path []*Stmt) (realPoly, *failure) {
	if e.X.TypeOf() == loopir.Index {
		p, err := poly.FromExpr(v.index(e.X))
		if err != nil {
			return nil, failf(e.Span, "this index can't be written as a polynomial")
		}
		if c, ok := p.Const(); ok && c.IsInt64() && c.CmpAbs(big.NewInt(127)) <= 0 {
			return constPoly(new(big.Rat).SetInt(c)), nil
		}
		return (&atom{head: e.To.String(), index: []poly.Poly{p}}).poly(), nil
	}
	p, f := x.value(v.of(e.X), ctx, path)
	if f != nil {
		return nil, f
	}
	if e.X.TypeOf().IsFloat() && e.To.Holds(e.X.TypeOf()) && plainProduct(p) && len(p[0].factors) == 1 && p[0].coef.Cmp(big.NewRat(1, 1)) == 0 {
		return p, nil
	}
	return (&atom{head: e.X.TypeOf().String() + ":" + e.To.String(), args: []realPoly{p}}).poly(), nil
}

func (x *expander) intrinsic(v value, e *loopir.Intrinsic, ctx known, path []*Stmt) (realPoly, *failure) {
	if s := indexSelect(e); s != nil {
		var out realPoly
		cond := v.index(s.Args[0])
		for i, g := range []loopir.Expr{cond, not(cond)} {
			in := ctx.with(g)
			if x.sd.proof.impossible("algebra/arm", s.Span, in.hyps) {
				continue
			}
			p, f := x.value(v.of(s.Args[i+1]), in, path)
			if f != nil {
				return nil, f
			}
			out = append(out, x.inCase(p, x.open(ctx, g))...)
		}
		return out, nil
	}
	ps, f := x.args(v, e.Args, ctx, path)
	if f != nil {
		return nil, f
	}
	if e.Name == "fma" {
		p, f := x.mul(ps[0], ps[1], e)
		return x.add(p, ps[2]), f
	}
	if e.Name == "sigmoid" {
		x.lawful = true
		if x.laws { // sigmoid(y) = 1/2 + tanh(y/2)/2
			half := big.NewRat(1, 2)
			return x.add(constPoly(half), (&atom{head: "tanh", args: []realPoly{ps[0].scale(half)}}).poly().scale(half)), nil
		}
	}
	if e.Name == "exp" || e.Name == "log" {
		x.lawful = true
		switch {
		case x.laws && e.Name == "exp":
			return x.exp(ps[0]), nil
		case x.laws:
			return x.log(ps[0]), nil
		}
	}
	return (&atom{head: e.Name, args: ps, partial: e.Name == "log" || e.Name == "sqrt", float: e.Type.IsFloat()}).poly(), nil
}

// open lists the conditions among gs that ctx does not imply.
func (x *expander) open(ctx known, gs ...loopir.Expr) []loopir.Expr {
	var out []loopir.Expr
	for _, g := range gs {
		if x.sd.proof.need("algebra/holds", g.Source(), ctx.hyps, g).Outcome != Proved {
			out = append(out, g)
		}
	}
	return out
}
