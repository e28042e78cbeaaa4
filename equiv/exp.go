package equiv

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// maxPower bounds the multiples of x of which exp is written as a power of exp(x).
const maxPower = 8

// exp writes exp of a sum as a product: exp(x + y) is exp(x)*exp(y), and exp(x)*exp(-x) is 1,
// over the reals, for which exp(x) is never 0. So a factor exp(m) that all terms have leaves a
// sum, and its quotient.
func (x *expander) exp(p realPoly) realPoly {
	out := realTerm{coef: big.NewRat(1, 1)}
	var rest realPoly
	for _, t := range p {
		if len(t.vars)+len(t.conds) > 0 {
			rest = append(rest, t)
			continue
		}
		times := int64(1)
		if n := new(big.Int).Abs(t.coef.Num()); t.coef.IsInt() && n.IsInt64() && n.Int64() <= maxPower && len(t.factors) > 0 {
			times, t.coef = n.Int64(), big.NewRat(int64(t.coef.Sign()), 1)
		}
		for range times {
			out.factors = append(out.factors, expOf(realPoly{t}))
		}
	}
	if len(rest) > 0 {
		out.factors = append(out.factors, expOf(rest))
	}
	return realPoly{out}
}

// log writes log(exp(x)*y) as x + log(y).
func (x *expander) log(p realPoly) realPoly {
	common, rest := x.factored(p)
	var out realPoly
	for _, a := range common {
		out = append(out, a.args[0]...)
	}
	if c, ok := rest.constant(); ok && c.Cmp(big.NewRat(1, 1)) == 0 {
		return out
	}
	return append(out, realTerm{coef: big.NewRat(1, 1), factors: []*atom{{head: "log", args: []realPoly{rest}, partial: true}}})
}

func expOf(p realPoly) *atom { return &atom{head: "exp", args: []realPoly{p}} }

// opposite is 1/a for a, an exp.
func (a *atom) opposite() *atom { return expOf(a.args[0].scale(big.NewRat(-1, 1))) }

// withoutOpposites leaves out exp(x) and exp(-x).
func (x *expander) withoutOpposites(factors []*atom) []*atom {
	var out []*atom
	var keys []string
	for _, a := range factors {
		if a.head != "exp" {
			out, keys = append(out, a), append(keys, "")
			continue
		}
		if i := slices.Index(keys, x.key(a.opposite())); i >= 0 {
			x.lost = x.lost || a.args[0].partial()
			out, keys = slices.Delete(out, i, i+1), slices.Delete(keys, i, i+1)
			continue
		}
		out, keys = append(out, a), append(keys, x.key(a))
	}
	return out
}

// key is equal for atoms of one side that are the same.
func (x *expander) key(a *atom) string {
	cn := &canon{names: func(v *value, _ bool) string { return x.sd.readKey(*v) }}
	return cn.atom(a, nil, 0)
}

// factored takes the exps out of p that all of its terms have, of nothing that they are
// summed over.
func (x *expander) factored(p realPoly) (common []*atom, rest realPoly) {
	if len(p) == 0 {
		return nil, p
	}
	rest = slices.Clone(p)
	for _, a := range p[0].factors {
		if a.head != "exp" {
			continue
		}
		key := x.key(a)
		less := slices.Clone(rest)
		for i, t := range less {
			at := slices.IndexFunc(t.factors, func(b *atom) bool { return b.head == "exp" && !b.uses(t.vars) && x.key(b) == key })
			if at < 0 {
				less = nil
				break
			}
			less[i].factors = slices.Delete(slices.Clone(t.factors), at, at+1)
		}
		if less != nil {
			common, rest = append(common, a), less
		}
	}
	return common, rest
}

// atRest is v, a read, where the loops in which nothing writes what it reads are at their
// first iteration: it finds the same there. Only loops count of which that iteration exists
// whatever the others do.
func (sd *side) atRest(v value, r *loopir.Read) value {
	s := v.at.s
	if len(s.Conds) > 0 {
		return v
	}
	writers := slices.Concat(sd.sets[r.Name], sd.updates[r.Name])
	var scope []string
	if a := sd.prog.Array(r.Name); a != nil {
		scope = a.Scope()
	}
	env := Env{}
	for _, l := range s.Loops {
		env[l.Iter] = v.at.env[l.Iter]
		used := slices.Contains(scope, l.Iter) ||
			slices.ContainsFunc(writers, func(w *Stmt) bool { return slices.Contains(w.Loops, l) }) ||
			slices.ContainsFunc(slices.Concat(r.Index, s.Guards), func(e loopir.Expr) bool { return loopir.UsesVar(e, l.Iter) }) ||
			slices.ContainsFunc(s.Loops, func(o *loopir.For) bool {
				return loopir.UsesVar(o.Lo, l.Iter) || loopir.UsesVar(o.Hi, l.Iter) || o.Step != nil && loopir.UsesVar(o.Step, l.Iter)
			})
		if !used {
			env[l.Iter] = env.at(l.Lo)
		}
	}
	return value{v.e, point{s, env}, v.open}
}
