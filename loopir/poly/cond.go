package poly

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// A Truth is what is known about a condition.
type Truth uint8

const (
	Open  Truth = iota // may hold or not
	True               // always holds
	False              // never holds
)

// SimplifyCond simplifies a condition. When the truth is True or False the
// returned expression is a trivial condition of that value (0 == 0 or 0 != 0),
// since the language has no Boolean literal.
func SimplifyCond(e loopir.Expr, f Facts) (loopir.Expr, Truth) {
	if f.n == nil || f.n.sure == nil {
		return f.compile().simplifyCond(e)
	}
	text := loopir.FormatExpr(e)
	if s, ok := f.n.sure.Load(text); ok {
		return loopir.CloneExpr(s.(simpler).cond), s.(simpler).truth
	}
	out, truth := f.compile().simplifyCond(e)
	f.n.sure.Store(text, simpler{loopir.CloneExpr(out), truth})
	return out, truth
}

// simpler is a condition, simplified.
type simpler struct {
	cond  loopir.Expr
	truth Truth
}

// Holds tells whether cond follows from the facts; false means "not found".
func (f Facts) Holds(cond loopir.Expr) bool {
	_, t := SimplifyCond(cond, f)
	return t == True
}

func literal(t Truth) (loopir.Expr, Truth) {
	op := loopir.Eq
	if t == False {
		op = loopir.Ne
	}
	return loopir.Bin(op, loopir.NewInt(0), loopir.NewInt(0)), t
}

func (c *compiled) simplifyCond(e loopir.Expr) (loopir.Expr, Truth) {
	switch e := e.(type) {
	case *loopir.Unary:
		if e.Op != loopir.Not {
			break
		}
		x, t := c.simplifyCond(e.X)
		switch t {
		case True:
			return literal(False)
		case False:
			return literal(True)
		}
		out := *e
		out.X = x
		return &out, Open
	case *loopir.Binary:
		switch e.Op {
		case loopir.And, loopir.Or:
			return c.simplifyLogic(e)
		case loopir.Eq, loopir.Ne, loopir.Lt, loopir.Le, loopir.Gt, loopir.Ge:
			return c.simplifyComparison(e)
		}
	}
	return c.simplifyParts(e), Open
}

func (c *compiled) simplifyLogic(e *loopir.Binary) (loopir.Expr, Truth) {
	decides, neutral := False, True
	if e.Op == loopir.Or {
		decides, neutral = True, False
	}
	x, tx := c.simplifyCond(e.X)
	if tx == decides {
		return literal(decides)
	}
	y, ty := c.simplifyCond(e.Y)
	switch {
	case ty == decides:
		return literal(decides)
	case tx == neutral && ty == neutral:
		return literal(neutral)
	case tx == neutral:
		return y, Open
	case ty == neutral:
		return x, Open
	}
	out := *e
	out.X, out.Y = x, y
	return &out, Open
}

func (c *compiled) simplifyComparison(e *loopir.Binary) (loopir.Expr, Truth) {
	x, errX := FromExpr(e.X)
	y, errY := FromExpr(e.Y)
	if errX != nil || errY != nil || e.X.TypeOf() != loopir.Index {
		return c.simplifyParts(e), Open
	}
	if t := c.compare(e.Op, c.reduce(x.Sub(y))); t != Open {
		return literal(t)
	}
	out := *e
	out.X, out.Y = c.simplifyIndex(e.X), c.simplifyIndex(e.Y)
	return &out, Open
}

// compare decides d op 0.
func (c *compiled) compare(op loopir.Op, d Poly) Truth {
	below := func(p Poly) bool { return c.nonNeg(p.Neg().Sub(Int(1))) } // p < 0
	switch op {
	case loopir.Lt:
		return truth(below(d), c.nonNeg(d))
	case loopir.Ge:
		return truth(c.nonNeg(d), below(d))
	case loopir.Gt:
		return truth(below(d.Neg()), c.nonNeg(d.Neg()))
	case loopir.Le:
		return truth(c.nonNeg(d.Neg()), below(d.Neg()))
	}
	equal := d.IsZero() || c.nonNeg(d) && c.nonNeg(d.Neg())
	differ := below(d) || below(d.Neg()) || notDivisible(d)
	if op == loopir.Ne {
		return truth(differ, equal)
	}
	return truth(equal, differ)
}

// notDivisible: every coefficient but the constant's has a common divisor that
// the constant lacks, so d is never 0.
func notDivisible(d Poly) bool {
	g := d.content()
	return g.Sign() > 0 && new(big.Int).Mod(d.ConstTerm(), g).Sign() != 0
}

func truth(yes, no bool) Truth {
	switch {
	case yes:
		return True
	case no:
		return False
	}
	return Open
}
