package equiv

import (
	"context"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// A quotient is a place where integers are divided. Index divisions are not among
// them: CheckSafety shows that their divisors are positive.
type quotient struct {
	stmt  *Stmt
	by    loopir.Expr
	index []loopir.Expr // conditions on sizes and iterators within the expression
	data  []chosenBy    // and on data, and those of the statement
}

// A chosenBy is a condition on data and whether it holds.
type chosenBy struct {
	cond  loopir.Expr
	holds bool
}

// divisions lists the divisions of p that may fault: those whose divisor is no literal
// but 0.
func (p *Program) divisions() []*quotient {
	var out []*quotient
	for _, s := range p.Stmts {
		if s.ID == reader {
			continue
		}
		d := quotient{stmt: s}
		for _, c := range s.Conds {
			d.data = append(d.data, chosenBy{c.Read, !c.Negate})
		}
		add := func(d quotient) {
			if !nonzeroLiteral(d.by) {
				out = append(out, &d)
			}
		}
		for _, x := range s.LHS.Index {
			d.within(x, add)
		}
		d.within(s.RHS, add)
		if s.Op == loopir.DivTo && s.LHS.Type.IsInteger() {
			d.by = s.RHS
			add(d)
		}
	}
	return out
}

// within calls add for each division in e, which is evaluated under d's conditions.
func (d quotient) within(e loopir.Expr, add func(quotient)) {
	switch x := e.(type) {
	case *loopir.Binary:
		d.within(x.X, add)
		switch {
		case x.Op == loopir.And || x.Op == loopir.Or:
			d = d.under(x.X, x.Op == loopir.And)
		case (x.Op == loopir.Div || x.Op == loopir.Mod) && x.Type.IsInteger():
			at := d
			at.by = x.Y
			add(at)
		}
		d.within(x.Y, add)
		return
	case *loopir.Intrinsic:
		if x.Name == "select" {
			d.within(x.Args[0], add)
			d.under(x.Args[0], true).within(x.Args[1], add)
			d.under(x.Args[0], false).within(x.Args[2], add)
			return
		}
	}
	for _, x := range loopir.Children(e) {
		d.within(x, add)
	}
}

func (d quotient) under(cond loopir.Expr, holds bool) quotient {
	parts := []loopir.Expr{cond}
	if holds {
		parts = conjuncts(cond)
	}
	for _, c := range parts {
		switch {
		case !isIndexCond(c):
			d.data = append(slices.Clip(d.data), chosenBy{c, holds})
		case holds:
			d.index = append(slices.Clip(d.index), c)
		default:
			d.index = append(slices.Clip(d.index), not(c))
		}
	}
	return d
}

// domain tells at which instances of the statement the division is made, as far as sizes
// and iterators tell.
func (d *quotient) domain(e Env) []loopir.Expr {
	out := d.stmt.Domain(e)
	for _, c := range d.index {
		out = append(out, e.at(c))
	}
	return out
}

// divisor gives what is divided by where conds hold, else 1.
func (d *quotient) divisor(conds []chosenBy, e Env) value {
	one := &loopir.Int{Value: big.NewInt(1), Type: d.by.TypeOf(), Span: d.by.Source()}
	x := d.by
	for _, c := range slices.Backward(conds) {
		args := []loopir.Expr{c.cond, x, one}
		if !c.holds {
			args = []loopir.Expr{c.cond, one, x}
		}
		x = &loopir.Intrinsic{Name: "select", Args: args, Type: d.by.TypeOf(), Span: d.by.Source()}
	}
	return value{e: x, at: point{d.stmt, e}, open: true}
}

func nonzeroLiteral(e loopir.Expr) bool {
	if n, ok := e.(*loopir.Unary); ok && n.Op == loopir.Neg {
		e = n.X
	}
	n, ok := e.(*loopir.Int)
	return ok && n.Value.Sign() != 0
}

// faults shows that after divides an integer by zero only where before does. The argument
// reads each program as one in which such quotients have some value: where after comes to
// its first division by zero, before comes to one by the matched divisor, or has come to
// another one earlier. The programs are laid out anew, as the proof of equality may have
// moved computations.
func faults(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options, assume []loopir.Expr) (*prover, *failure, error) {
	now, err := opaqueProgram(f, after)
	if err != nil || len(now.divisions()) == 0 {
		return nil, nil, err
	}
	old, err := opaqueProgram(f, before)
	if err != nil {
		return nil, nil, err
	}
	proof := newProver(ctx, opts.Pool, assume)
	old, now = unpackedAlike(old, now, proof)
	c := newChecker(proof, old.unpacked(proof), now.unpacked(proof))
	first := c.divides()
	if first == nil || ctx.Err() != nil {
		return proof, first, nil
	}
	if c.keepCopies() && c.divides() == nil {
		return proof, nil, nil
	}
	if t := c.traced(newGuesser(c)); t != nil && t.divides() == nil {
		return proof, nil, nil
	}
	c.thorough = true
	if c.divides() == nil {
		first = nil
	}
	return proof, first, nil
}

// divides shows it by the hints that c has.
func (c *checker) divides() *failure {
	olds := c.before.prog.divisions()
	for _, d := range c.after.prog.divisions() {
		if !c.nonzero(d) && !c.divided(d, olds) {
			f := failf(d.by.Source(), "this divisor may be 0 where no division by 0 was made before")
			return f.note(loopir.Span{}, "legal is a divisor that is never 0, or one by which the same was divided before under the same conditions")
		}
	}
	return nil
}

// nonzero shows that a divisor is never 0.
func (c *checker) nonzero(d *quotient) bool {
	hyps := append(d.domain(d.stmt.Fresh("")), sizeLimits(c.after.prog)...)
	if c.isNonzero(d.by, hyps) {
		return true
	}
	text := loopir.FormatExpr(d.by)
	return slices.ContainsFunc(d.data, func(by chosenBy) bool {
		x, ok := by.cond.(*loopir.Binary)
		if !ok || loopir.FormatExpr(x.X) != text {
			return false
		}
		n, ok := x.Y.(*loopir.Int)
		if !ok || n.Value.Sign() != 0 {
			return false
		}
		if by.holds {
			return x.Op == loopir.Ne || x.Op == loopir.Gt || x.Op == loopir.Lt
		}
		return x.Op == loopir.Eq || x.Op == loopir.Le || x.Op == loopir.Ge
	})
}

func (c *checker) isNonzero(e loopir.Expr, hyps []loopir.Expr) bool {
	switch x := e.(type) {
	case *loopir.Intrinsic:
		sign := map[string]int{"max": 1, "min": -1}[x.Name]
		return sign != 0 && slices.ContainsFunc(x.Args, func(a loopir.Expr) bool {
			n, ok := a.(*loopir.Int)
			return ok && n.Value.Sign() == sign
		})
	case *loopir.Cast:
		if from := x.X.TypeOf(); from.IsInteger() && x.To.IsInteger() && from.Bits() <= x.To.Bits() {
			return c.isNonzero(x.X, hyps)
		}
		if x.X.TypeOf() != loopir.Index || !x.To.IsInteger() || !isIndexCond(x.X) {
			return false
		}
		most := bigExpr(new(big.Int).Sub(pow2(uint(x.To.Bits()-1)), big.NewInt(1)))
		goal := and(ge(x.X, 1), loopir.Bin(loopir.Le, x.X, most)) // a larger index wraps, to 0 perhaps
		return c.proof.need("fault/nonzero", e.Source(), hyps, goal).Outcome == Proved
	}
	return nonzeroLiteral(e)
}

// divided shows that whenever d is made one of olds was made by the same divisor.
func (c *checker) divided(d *quotient, olds []*quotient) bool {
	env := d.stmt.Fresh("")
	rest := d.domain(env)
	if c.proof.impossible("fault/never", d.by.Source(), rest) {
		return true
	}
	tried := 0
	for _, old := range c.likely(d, olds) {
		for _, at := range c.instances(d, old) {
			if tried++; tried > maxDivisions {
				return false
			}
			there := old.domain(at)
			hyps := append(slices.Clip(rest), there...)
			if c.proof.impossible("fault/apart", d.by.Source(), hyps) || !c.sameDivisor(d, env, old, at, hyps) {
				continue
			}
			rest = append(slices.Clip(rest), not(and(there...)))
			if c.proof.impossible("fault/covered", d.by.Source(), rest) {
				return true
			}
		}
	}
	return false
}

// maxDivisions bounds how many instances are tried for one division.
const maxDivisions = 24

// likely lists those of olds that may be by d's divisor, that of the hint first.
func (c *checker) likely(d *quotient, olds []*quotient) []*quotient {
	var hinted, others []*quotient
	h := c.hints[d.stmt.index]
	for _, old := range olds {
		switch {
		case old.by.TypeOf() != d.by.TypeOf() || !fits(d.by, old.by, fitDepth):
		case h != nil && h.stmt == old.stmt:
			hinted = append(hinted, old)
		default:
			others = append(others, old)
		}
	}
	return append(hinted, others...)
}

// instances guesses which instance of old is by the divisor of d: that of the hint, or one
// that makes the divisors read the same. Iterators that stay open are those of the same
// name, or begin.
func (c *checker) instances(d, old *quotient) []Env {
	var out []Env
	seen := map[string]bool{}
	add := func(e Env) {
		if key := envKey(old.stmt, e); !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	if h := c.hints[d.stmt.index]; h != nil && h.stmt == old.stmt {
		first := Env{}
		for _, l := range old.stmt.Loops {
			first[l.Iter] = first.at(l.Lo)
		}
		add(h.choosing(d.stmt.Fresh(""), first))
	}
	for _, named := range []bool{true, false} {
		al := &alignment{c: c, sys: newSystem(), env: old.stmt.Fresh("!o")}
		for _, l := range old.stmt.Loops {
			al.sys.addUnknown(l.Iter+"!o", al.env.at(l.Lo))
		}
		if !al.align(d.divisor(nil, d.stmt.Fresh("")), old.divisor(nil, al.env), maxAlign) {
			continue
		}
		al.sys.solve()
		for _, l := range old.stmt.Loops {
			if !al.sys.unknown[l.Iter+"!o"] {
				continue
			}
			e := namesake(l, d.stmt)
			if e == nil || !named {
				e = al.env.at(l.Lo)
			}
			al.sys.fill(l.Iter+"!o", e)
		}
		if e, ok := solutionEnv(al.sys, old.stmt, "!o"); ok {
			add(e)
		}
	}
	return out
}

// sameDivisor shows that d and old are by the same divisor under the same conditions on
// data; d may be under more.
func (c *checker) sameDivisor(d *quotient, env Env, old *quotient, at Env, hyps []loopir.Expr) bool {
	n := len(old.data)
	if n > len(d.data) {
		return false
	}
	for from := 0; from+n <= len(d.data); from++ {
		a, b := d.divisor(d.data[from:from+n], env), old.divisor(old.data, at)
		if c.exactly(a, b, hyps) {
			return true
		}
		if n == 0 {
			break
		}
	}
	return false
}

// exactly shows that a is b, bit for bit.
func (c *checker) exactly(a, b value, hyps []loopir.Expr) bool {
	c.asked, c.reads = map[matchKey]bool{}, map[readsKey]bool{}
	c.worst, c.first, c.defect = NoVerdict, firstFailure{}, nil
	ctx := c.claimed(hyps)
	v, f := c.compare(a, b, ctx)
	c.wg.Wait()
	stopAt(c.defect)
	return f == nil && !ctx.exhausted() && !c.failed() && weaker(v, c.worst) == Exact
}

// faults takes back a proof of equal values where after may fault and before does not. It
// gives the obligations that show it does not.
func (r *Result) faults(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options, proof *prover) ([]Obligation, error) {
	if r.Outcome != Proved {
		return nil, nil
	}
	shown, bad, err := faults(ctx, f, before, after, opts, proof.assume)
	if err != nil || shown == nil {
		return nil, err
	}
	if bad == nil {
		return shown.obligations(), nil
	}
	r.Outcome, r.Verdict = Unknown, NoVerdict
	if !opts.ProofOnly {
		r.Counterexample = refute(ctx, f, before, after, opts, shown.models(), finite)
	}
	if r.Counterexample != nil {
		r.Outcome = Refuted
	} else {
		r.Failures = append(r.Failures, bad.err())
	}
	return nil, nil
}

// hasDivision tells whether a division of integers in e may fault.
func hasDivision(e loopir.Expr) bool {
	found := false
	quotient{}.within(e, func(d quotient) { found = found || !nonzeroLiteral(d.by) })
	return found
}
