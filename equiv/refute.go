package equiv

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// Bounds of a search for a counterexample, in steps of the interpreter, so that
// its result is the same on every machine.
const (
	searchSteps = 3_000_000 // altogether
	quickSteps  = 20_000    // for a first glance
	finiteSteps = 300_000   // before kernels are compared as polynomials
	runSteps    = 400_000   // for one run
	runCost     = 100       // steps' worth of starting a run
	shrinkSteps = 1_000_000 // for making a counterexample smaller
	farSteps    = 3_000_000 // for sizes at large literals of the kernels
	allFillings = 16        // this many size vectors are run with every filling
)

// refute runs both kernels on small sizes that satisfy both where clauses,
// those of models first, and returns the smallest difference found, or nil.
// Rounding never counts as a difference, but with everyBit; an error that only after runs into
// does.
func refute(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, opts Options, models []map[string]*big.Int, with contents) *Counterexample {
	search := newSizeSearch(before, after)
	if m := search.seed(ctx, opts.Pool); m != nil {
		models = append(models[:len(models):len(models)], m)
	}
	r := newReferee(ctx, f, before, after, searchSteps)
	r.strict, r.bits, r.infinite = true, with == everyBit, with != finite
	var fills []int
	if with != special {
		fills = r.fill.thorough(r.exact)
	}
	if with == everyBit || with == special && r.exact {
		fills = append(fills, specials()...)
	}
	if len(fills) == 0 {
		return nil
	}
	return r.search(search, models, fills)
}

// Contents say what a search for a counterexample may use.
type contents uint8

const (
	finite   contents = iota // finite numbers, of what is computed too: what differs then is not equal over the reals
	results                  // finite numbers, of which something else may be computed
	special                  // NaN and infinities: what differs then may be equal over the reals, and refutes nothing
	everyBit                 // all of these, and each difference in a bit counts: what differs then is not exact
)

// refuteQuickly is refute with so little effort that it costs next to nothing
// where there is no difference. Most wrong steps show at once, and a proof need
// not be tried in vain.
func refuteQuickly(ctx context.Context, f *loopir.File, before, after *loopir.Kernel) *Counterexample {
	return newReferee(ctx, f, before, after, quickSteps).search(newSizeSearch(before, after), nil, nil)
}

// refuteFinite looks longer than that, at the sizes of models too. Like it, it
// uses finite numbers only, so that what it finds holds over the reals.
func refuteFinite(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, models []map[string]*big.Int) *Counterexample {
	return newReferee(ctx, f, before, after, finiteSteps).search(newSizeSearch(before, after), models, nil)
}

// search runs both kernels on the size vectors of s until they differ. With
// thorough it tries those contents, and large sizes at the end; without, the
// usual contents.
func (r *referee) search(s *sizeSearch, models []map[string]*big.Int, thorough []int) *Counterexample {
	var found *difference
	contents := thorough
	if contents == nil {
		contents = r.fill.usual()
	}
	n := 0
	try := func(sizes map[string]int64) bool {
		for i, filling := range contents {
			if n >= allFillings && i != n%len(contents) && filling != dominantFilling {
				continue
			}
			if found = r.compare(sizes, filling); found != nil || r.left <= 0 || r.ctx.Err() != nil {
				return false
			}
		}
		n++
		return true
	}
	all := r.left
	r.left = all / 4 // models may be large; they must not take what the small sizes need
	for _, m := range models {
		if sizes := s.fromModel(m); sizes != nil && !try(sizes) {
			break
		}
	}
	if n = 0; found == nil {
		r.left = all
		s.each(nil, try)
	}
	if found == nil && slices.Contains(thorough, signedFilling) {
		r.left, r.most = farSteps, farSteps/2
		s.far(func(sizes map[string]int64) bool {
			found = r.compare(sizes, signedFilling)
			return found == nil && r.left > 0 && r.ctx.Err() == nil
		})
	}
	if found == nil {
		return nil
	}
	r.left = shrinkSteps
	found = r.shrink(found)
	r.left = shrinkSteps
	return r.tell(found)
}

// A referee runs two kernels on the same inputs.
type referee struct {
	ctx           context.Context
	f             *loopir.File
	before, after *loopir.Kernel
	exact         bool // values are exact on small integers
	fill          filler
	left          int64 // steps that may still be spent
	most          int64 // steps of one run
	compiled      map[*loopir.Kernel]*interp.Compiled

	strict   bool         // differences that rounding could explain count where it does not
	bits     bool         // each difference counts
	infinite bool         // results that are NaN or infinite count
	symbolic *symbolicRun // the latest, or nil
	stricts  int          // cells that were looked at for that reason
}

func newReferee(ctx context.Context, f *loopir.File, before, after *loopir.Kernel, steps int64) *referee {
	r := &referee{ctx: ctx, f: f, before: before, after: after, exact: true, left: steps, most: runSteps, compiled: map[*loopir.Kernel]*interp.Compiled{}}
	for _, k := range []*loopir.Kernel{before, after} {
		in, err := f.InlineAll(k)
		r.exact = r.exact && err == nil && exactly(in)
		if err == nil {
			r.fill.look(in)
		}
	}
	return r
}

// A difference is a run in which two kernels differ.
type difference struct {
	sizes   map[string]int64
	filling int

	fault *interp.Fault // what after ran into, or nil

	array         string // else the first cell that differs
	cell          []int64
	before, after interp.Value
}

// compare runs both kernels and returns how they differ, or nil. Sizes at which
// before has no meaning compare as equal.
func (r *referee) compare(sizes map[string]int64, filling int) *difference {
	if !fewCells(sizes, r.before, r.after) {
		return nil
	}
	old, err := r.run(r.before, sizes, filling, nil)
	if err != nil {
		return nil
	}
	if fault := r.otherExtents(sizes); fault != nil {
		return &difference{sizes: sizes, filling: filling, fault: fault}
	}
	now, err := r.run(r.after, sizes, filling, nil)
	var fault *interp.Fault
	if errors.As(err, &fault) && meaningless(fault.Kind) {
		return &difference{sizes: sizes, filling: filling, fault: fault}
	}
	if err != nil {
		return nil
	}
	for _, p := range r.before.Params {
		q := r.after.Param(p.Name)
		if p.Kind != loopir.ArrayParam || p.Dir == loopir.In || q == nil || now[p.Name] == nil {
			continue
		}
		if cell, x, y, ok := r.firstDifference(p, q, old[p.Name], now[p.Name], sizes, filling); ok {
			return &difference{sizes: sizes, filling: filling, array: p.Name, cell: cell, before: x, after: y}
		}
	}
	return nil
}

// otherExtents finds a parameter that has other extents in after: a call that
// suits before is out of bounds then.
func (r *referee) otherExtents(sizes map[string]int64) *interp.Fault {
	for _, p := range r.before.Params {
		q := r.after.Param(p.Name)
		if p.Kind != loopir.ArrayParam || q == nil {
			continue
		}
		old, ok1 := evalShape(logicalShape(p), sizes)
		now, ok2 := evalShape(logicalShape(q), sizes)
		if ok1 && ok2 && !slices.Equal(old, now) {
			err := loopir.Rejectf(q.Span, "parameter %s has the extents %v, but %v before", p.Name, now, old)
			return &interp.Fault{Kind: interp.OutOfBounds, Err: err, Array: p.Name}
		}
	}
	return nil
}

// meaningless tells the faults of a kernel from those of a run.
func meaningless(k interp.FaultKind) bool {
	switch k {
	case interp.OutOfBounds, interp.Uninitialized, interp.Unwritten, interp.NegativeExtent, interp.DivisionByZero,
		interp.BadStep, interp.Race, interp.Alias, interp.Overflow:
		return true
	}
	return false
}

// run runs k and returns its output arrays.
func (r *referee) run(k *loopir.Kernel, sizes map[string]int64, filling int, trace func(*interp.Event)) (map[string]*interp.Array, error) {
	in, ok := r.fill.inputs(k, sizes, filling)
	if !ok {
		return nil, errors.New("no inputs at these sizes")
	}
	c := r.compiled[k]
	if c == nil {
		var err error
		if c, err = interp.Compile(r.f, k); err != nil {
			return nil, err
		}
		r.compiled[k] = c
	}
	for _, a := range in.Arrays {
		r.left -= int64(len(a.Bits))
	}
	r.left -= runCost
	limit := min(r.most, max(r.left, 1))
	out, err := c.Run(r.ctx, in, interp.Options{MaxSteps: limit, Trace: trace})
	if err != nil {
		var fault *interp.Fault
		if errors.As(err, &fault) && fault.Kind == interp.TooLong {
			r.left -= limit
		}
		return nil, err
	}
	r.left -= out.Steps
	return out.Arrays, nil
}

// firstDifference finds the first logical cell in which the contents x of p and
// y of q differ.
func (r *referee) firstDifference(p, q *loopir.Param, x, y *interp.Array, sizes map[string]int64, filling int) (cell []int64, a, b interp.Value, ok bool) {
	pp, ok1 := newPlacing(p, sizes)
	pq, ok2 := newPlacing(q, sizes)
	if !ok1 || !ok2 || len(pp.logical) != len(pq.logical) || x.Type != y.Type {
		return nil, a, b, false
	}
	eachCell(pp.logical, func(index []int64) bool {
		i, j := pp.offset(index), pq.offset(index)
		if i < 0 || j < 0 {
			return false
		}
		a, b = interp.Value{Type: x.Type, Bits: x.Bits[i]}, interp.Value{Type: y.Type, Bits: y.Bits[j]}
		if r.differ(a, b, p.Name, index, sizes, filling) {
			cell, ok = append([]int64(nil), index...), true
		}
		return !ok
	})
	return cell, a, b, ok
}

// shrink makes the sizes of d smaller one by one, as long as some difference
// is left.
func (r *referee) shrink(d *difference) *difference {
	s := newSizeSearch(r.before, r.after)
	for again := true; again; {
		again = false
		for _, n := range s.names {
			for v := int64(0); v < d.sizes[n] && r.left > 0 && r.ctx.Err() == nil; v++ {
				sizes := cloneSizes(d.sizes)
				sizes[n] = v
				if !s.admits(sizes) {
					continue
				}
				if e := r.compare(sizes, d.filling); e != nil {
					d, again = e, true
					break
				}
			}
		}
	}
	return d
}

// admits tells whether sizes satisfy where, once the derived ones are set.
func (s *sizeSearch) admits(sizes map[string]int64) bool {
	for i, n := range s.names {
		if s.derived[n] != nil {
			v, ok := evalInt(s.derived[n], sizes)
			if !ok || v < 0 || v > maxSmallSize {
				return false
			}
			sizes[n] = v
		}
		if !holds(s.checks[i], sizes) {
			return false
		}
	}
	return true
}

// tell puts d in the user's terms.
func (r *referee) tell(d *difference) *Counterexample {
	c := &Counterexample{Filling: d.filling, strict: r.strict, bits: r.bits}
	names := map[string]bool{}
	for _, k := range []*loopir.Kernel{r.before, r.after} {
		for _, p := range k.Params {
			if names[p.Name] {
				continue
			}
			names[p.Name] = true
			switch p.Kind {
			case loopir.SizeParam:
				c.Sizes = append(c.Sizes, NamedValue{p.Name, fmt.Sprint(d.sizes[p.Name])})
			case loopir.ScalarParam:
				c.Scalars = append(c.Scalars, NamedValue{p.Name, r.fill.content(p, nil, d.sizes, d.filling).String()})
			}
		}
	}
	if d.fault != nil {
		c.Before, c.After = "runs to its end", d.fault.Err.Msg
		if len(d.fault.Iters) > 0 {
			c.After += " at " + iterText(d.fault.Iters, nil)
		}
		return c
	}
	c.Cell = cellName(d.array, d.cell)
	c.Before, c.After = d.before.String(), d.after.String()
	c.Explanation = r.explain(d)
	return c
}

// Replay runs both kernels once more and tells whether they differ as c says.
func (c *Counterexample) Replay(f *loopir.File, before, after *loopir.Kernel) bool {
	sizes := map[string]int64{}
	for _, s := range c.Sizes {
		v, ok := new(big.Int).SetString(s.Value, 10)
		if !ok || !v.IsInt64() {
			return false
		}
		sizes[s.Name] = v.Int64()
	}
	for _, infinite := range []bool{false, true} {
		r := newReferee(context.Background(), f, before, after, farSteps)
		r.most, r.strict, r.bits, r.infinite = farSteps, c.strict, c.bits, infinite
		if d := r.compare(sizes, c.Filling); d != nil {
			again := r.tell(d)
			if again.Cell == c.Cell && again.Before == c.Before && again.After == c.After {
				return true
			}
		}
	}
	return false
}

func cellName(array string, cell []int64) string {
	at := make([]int, len(cell))
	for i, v := range cell {
		at[i] = int(v)
	}
	return interp.CellName(array, at)
}
