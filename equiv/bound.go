package equiv

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/loopir"
)

// A Bound is a proved forward error bound of one output array: for each cell,
//
//	|after - before| <= gamma(Before)*M1 + gamma(After)*M2
//
// where M1 and M2 are the cell's values, over the reals, in the kernels of
// [Magnitudes], and gamma(k) = k*u/(1 - k*u) for unit roundoff u. It holds for
// finite results if nothing overflows or underflows, k*u <= 1/2, rounding is to
// nearest, and exp, log, tanh and sigmoid are accurate to 4*u. A measured function that
// stands for one of them in after counts with what was measured.
type Bound struct {
	Array         string
	Before, After Roundings // on the way to a cell of the array; none: both are exact
	// Magnitude names M1 and M2, which are the same: |O| + sum |I|*|W|, or
	// M(O) where that gets long. It is empty when they differ.
	Magnitude string
	// Provided are further conditions, in which gamma is that of the bound and
	// M(x) the magnitude of value x.
	Provided []string
	Reason   string // why no bound is stated; then the rest is empty
}

// BoundAssumptions is what every Bound takes for granted.
const BoundAssumptions = "no overflow, no underflow, finite inputs, k*u <= 1/2 in each gamma(k) = k*u/(1 - k*u), " +
	"rounding to nearest; exp, log, tanh and sigmoid within 4*u"

// Magnitudes are kernels that compute what rounding errors are relative to: the
// kernel that they belong to on absolute values, with differences made sums.
// They are to be read over the reals. Nil means that no output has a bound.
type Magnitudes struct{ Before, After *loopir.Kernel }

// String states the bound in one line.
func (b *Bound) String() string {
	if len(b.Provided) > 0 && b.Reason == "" {
		c := *b
		c.Provided = nil
		return c.String() + ", provided that " + strings.Join(b.Provided, ", ")
	}
	k1, k2 := b.Before.String(), b.After.String()
	switch {
	case b.Reason != "":
		return fmt.Sprintf("%s: no error bound: %s", b.Array, b.Reason)
	case b.Before.none() && b.After.none():
		return b.Array + ": nothing rounds, after = before"
	case b.Magnitude == "":
		return fmt.Sprintf("%s: |after - before| <= gamma(%s)*M_before(%s) + gamma(%s)*M_after(%s)", b.Array, k1, b.Array, k2, b.Array)
	case k1 == k2:
		return fmt.Sprintf("%s: |after - before| <= 2*gamma(%s)*%s", b.Array, k1, factor(b.Magnitude))
	}
	return fmt.Sprintf("%s: |after - before| <= (gamma(%s) + gamma(%s))*%s", b.Array, k1, k2, factor(b.Magnitude))
}

func factor(s string) string {
	if strings.Contains(s, " ") {
		return "(" + s + ")"
	}
	return s
}

// bounds states for each floating-point output of two kernels, which are equal
// over the reals, how far they are apart in machine arithmetic.
func (res *Result) bounds(f *loopir.File, before, after *loopir.Kernel, proof *prover, measured map[string]int) error {
	var ds [2]*depths
	var ms [2]*loopir.Kernel
	var errs [2]error
	var wg sync.WaitGroup
	for i, k := range []*loopir.Kernel{before, after} {
		wg.Go(func() {
			p, err := NewProgram(f, k)
			if errs[i] = err; err == nil {
				ds[i] = newDepths(p, proof, [2]map[string]int{1: measured}[i])
				ms[i], errs[i] = magnitudeKernel(f, k, ds[i])
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	same := (res.Verdict < Algebraic || res.termwise) && len(ds[0].tripled)+len(ds[1].tripled)+len(ds[0].needs)+len(ds[1].needs) == 0
	stated := false
	for _, a := range ds[1].p.Arrays {
		if !a.IsOutput() {
			continue
		}
		b := newBound(a.Name, ds)
		if b.Reason == "" && same {
			b.Magnitude = ds[0].formula(a.Name)
		}
		stated = stated || b.Reason == ""
		res.Bounds = append(res.Bounds, b)
	}
	if stated {
		res.Magnitudes = &Magnitudes{ms[0], ms[1]}
	}
	return nil
}

func newBound(array string, ds [2]*depths) *Bound {
	b := &Bound{Array: array}
	for i, k := range []*Roundings{&b.Before, &b.After} {
		n, bad := ds[i].output(array)
		if bad != nil {
			return &Bound{Array: array, Reason: fmt.Sprintf("%v: %s", bad.at, bad.msg)}
		}
		*k = n
		for _, s := range ds[i].p.Stmts {
			if s.LHS.Name == array {
				b.Provided = append(b.Provided, ds[i].needs[s]...)
			}
		}
	}
	slices.Sort(b.Provided)
	b.Provided = slices.DeleteFunc(slices.Compact(b.Provided), func(s string) bool { return s == "" })
	return b
}

// output joins the roundings of all that is written to an array.
func (d *depths) output(array string) (Roundings, *noBound) {
	var out Roundings
	for _, s := range d.p.Stmts {
		if s.LHS.Name != array {
			continue
		}
		if d.bad[s] != nil {
			return nil, d.bad[s]
		}
		out = out.join(d.done[s])
	}
	return out, nil
}

// maxFormula bounds the length of a formula for a magnitude.
const maxFormula = 60

// formula writes an array's magnitude the way a person would where that is
// short: |O| + sum |I|*|W|.
func (d *depths) formula(array string) string {
	w := &formulist{d: d, open: map[string]bool{}}
	if s := w.array(array); !w.failed && s != "" && len(s) <= maxFormula {
		return s
	}
	return "M(" + array + ")"
}

type formulist struct {
	d      *depths
	open   map[string]bool
	failed bool
}

func (w *formulist) fail() string {
	w.failed = true
	return ""
}

// array adds up what the statements that write an array contribute, which must
// be a start and updates of a sum.
func (w *formulist) array(name string) string {
	if w.open[name] {
		return w.fail()
	}
	w.open[name] = true
	defer delete(w.open, name)
	a := w.d.p.Array(name)
	var parts []string
	sets := 0
	for _, s := range w.d.p.Stmts {
		if s.LHS.Name != name {
			continue
		}
		e := w.d.effects[s]
		switch {
		case e.kind == notFold && sets == 0 && len(s.Conds) == 0:
			sets++
			if v, ok := number(e.value); !ok || v != 0 {
				parts = append(parts, w.expr(e.value, false))
			}
		case e.kind == foldAdd && a.visitedOnce(s):
			parts = append(parts, w.expr(e.combined(), false))
		case e.kind == foldAdd:
			parts = append(parts, "sum "+w.expr(e.combined(), true))
		default:
			return w.fail()
		}
	}
	if a.IsInput() { // some cells may never be set
		parts = append([]string{"|" + name + "|"}, parts...)
	}
	return strings.Join(parts, " + ")
}

func (w *formulist) expr(e loopir.Expr, product bool) string {
	switch e := e.(type) {
	case *loopir.Read:
		if !w.d.p.assigns(e.Name) {
			return "|" + e.Name + "|"
		}
		if s := w.array(e.Name); product {
			return factor(s)
		} else {
			return s
		}
	case *loopir.Int, *loopir.Float:
		return loopir.FormatExpr(e)
	case *loopir.Unary:
		return w.expr(e.X, product)
	case *loopir.Cast:
		if e.X.TypeOf().IsFloat() {
			return w.expr(e.X, product)
		}
	case *loopir.Binary:
		switch e.Op {
		case loopir.Mul:
			return w.expr(e.X, true) + "*" + w.expr(e.Y, true)
		case loopir.Add, loopir.Sub:
			s := w.expr(e.X, false) + " + " + w.expr(e.Y, false)
			if product {
				return factor(s)
			}
			return s
		}
	}
	return w.fail()
}

// visitedOnce tells whether s writes no cell twice, as its index names each
// iterator.
func (a *Array) visitedOnce(s *Stmt) bool {
	for _, l := range s.Loops[min(len(a.Site.Loops), len(s.Loops)):] {
		if !slices.ContainsFunc(s.LHS.Index, func(e loopir.Expr) bool {
			v, ok := e.(*loopir.Var)
			return ok && v.Name == l.Iter
		}) {
			return false
		}
	}
	return true
}

// assigns tells whether any statement writes an array.
func (p *Program) assigns(array string) bool {
	return slices.ContainsFunc(p.Stmts, func(s *Stmt) bool { return s.LHS.Name == array })
}
