package auto

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

// A Request is what proposals are for.
type Request struct {
	Sizes   map[string]int64
	Machine *tune.Machine
	Exact   bool // results keep their bits: nothing is regrouped or contracted
	Library bool // elementary functions may be those of the library
}

// A Proposal is a schedule.
type Proposal struct {
	What     string // what it does, in words
	Steps    []string
	Parallel bool    // whether the last step is parallel
	Seconds  float64 // that it is thought to take

	forms  []*form
	prefix []string
}

// Text is the schedule as .loop text.
func (p *Proposal) Text(name, kernel, isa string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "schedule %s for %s {\n  target %s\n", name, kernel, isa)
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "  %s\n", s)
	}
	b.WriteString("}\n")
	return b.String()
}

// Sequential is the proposal without its parallel loop.
func (p *Proposal) Sequential() *Proposal {
	q := *p
	q.Steps, q.Parallel = p.Steps[:len(p.Steps)-1], false
	q.What += ", which is left out"
	return &q
}

// beam is how many partial proposals are kept for each further update.
const beam = 3

// Propose lists schedules for k, that with the best score first; the last one has a parallel loop only, or no step.
// score tells how many seconds a proposal is thought to take, or false where it is not to be had.
func Propose(k *loopir.Kernel, r Request, score func(*Proposal) (float64, bool)) []*Proposal {
	b := newBuilder(k, r)
	var starts []*Proposal
	if r.Library && !r.Exact {
		if steps := b.library(); len(steps) > 0 {
			starts = append(starts, &Proposal{prefix: steps})
		}
	}
	starts = append(starts, &Proposal{})
	naive := b.finish(starts[len(starts)-1])
	var all []*Proposal
	seen := map[string]bool{}
	try := func(p *Proposal) (*Proposal, bool) {
		q := b.finish(p)
		text := strings.Join(q.Steps, "\n")
		if seen[text] {
			return nil, false
		}
		seen[text] = true
		ok := false
		if q.Seconds, ok = score(q); ok {
			all = append(all, q)
		}
		return q, ok
	}
	var kept []*Proposal
	for _, p := range starts {
		if q, ok := try(p); ok {
			kept = append(kept, q)
		}
	}
	for _, u := range b.updates {
		next := slices.Clone(kept)
		for _, f := range b.forms(u) {
			for _, p := range kept {
				q := p.with(f)
				if q == nil {
					continue
				}
				if q, ok := try(q); ok {
					next = append(next, q)
				}
			}
		}
		slices.SortStableFunc(next, bySeconds)
		kept = next[:min(beam, len(next))]
	}
	slices.SortStableFunc(all, bySeconds)
	all = slices.DeleteFunc(all, func(p *Proposal) bool {
		if slices.Equal(p.Steps, naive.Steps) {
			naive = p
			return true
		}
		return false
	})
	return append(all, naive)
}

func bySeconds(x, y *Proposal) int { return cmp.Compare(x.Seconds, y.Seconds) }

// with adds a form, unless it is about loops that another one is about.
func (p *Proposal) with(f *form) *Proposal {
	for _, g := range p.forms {
		for _, iter := range f.about {
			if slices.Contains(g.about, iter) {
				return nil
			}
		}
	}
	return &Proposal{forms: append(p.forms[:len(p.forms):len(p.forms)], f), prefix: p.prefix}
}

// finish makes the steps of a proposal from its forms.
func (b *builder) finish(p *Proposal) *Proposal {
	q := &Proposal{forms: p.forms, prefix: p.prefix}
	var what, assume, steps, lanes, unroll []string
	outer := map[string]string{}
	add := func(list *[]string, more []string) {
		for _, x := range more {
			if !slices.Contains(*list, x) {
				*list = append(*list, x)
			}
		}
	}
	for _, f := range p.forms {
		what = append(what, f.what)
		add(&assume, f.assume)
		steps = append(steps, f.steps...)
		add(&lanes, f.vectorize)
		add(&unroll, f.unroll)
		for from, to := range f.outer {
			outer[from] = to
		}
	}
	if len(assume) > 0 {
		q.Steps = append(q.Steps, "assume "+strings.Join(assume, ", "))
	}
	q.Steps = append(append(q.Steps, p.prefix...), steps...)
	if len(p.forms) > 0 && !b.request.Exact && b.products() {
		q.Steps = append(q.Steps, "contract")
	}
	if len(lanes) > 0 {
		q.Steps = append(q.Steps, "vectorize "+strings.Join(lanes, ", "))
	}
	if len(unroll) > 0 {
		q.Steps = append(q.Steps, "unroll "+strings.Join(unroll, ", "))
	}
	if loops := b.parallel(outer); len(loops) > 0 {
		what = append(what, "parallel "+strings.Join(loops, ", "))
		q.Steps = append(q.Steps, "parallel "+strings.Join(loops, ", "))
		q.Parallel = true
	}
	q.What = strings.Join(what, "; ")
	return q
}

// library are steps that compute elementary functions by those of the library.
func (b *builder) library() []string {
	if b.request.Machine.ISA == "neon" { // it has no lanes of integers, of which they are made
		return nil
	}
	used := map[string]bool{}
	for _, u := range b.updates {
		loopir.WalkExpr(u.stmt.RHS, func(e loopir.Expr) bool {
			if f, ok := e.(*loopir.Intrinsic); ok && f.Type == loopir.F32 {
				used[f.Name] = true
			}
			return true
		})
	}
	var out []string
	for _, name := range []string{"exp", "log", "tanh", "sigmoid"} {
		if used[name] {
			out = append(out, fmt.Sprintf("implement %s by %s_f32", name, name))
		}
	}
	return out
}

// products tells whether products of floating-point numbers are added to something.
func (b *builder) products() bool {
	isProduct := func(e loopir.Expr) bool {
		x, ok := e.(*loopir.Binary)
		return ok && x.Op == loopir.Mul && (x.Type == loopir.F32 || x.Type == loopir.F64)
	}
	found := false
	for _, u := range b.updates {
		found = found || (u.stmt.Op == loopir.AddTo || u.stmt.Op == loopir.SubTo) && isProduct(u.stmt.RHS)
		loopir.WalkExpr(u.stmt.RHS, func(e loopir.Expr) bool {
			x, ok := e.(*loopir.Binary)
			found = found || ok && (x.Op == loopir.Add || x.Op == loopir.Sub) && (isProduct(x.X) || isProduct(x.Y))
			return !found
		})
	}
	return found
}

// parallel are the outermost loops whose iterations seem not to depend on one another, by the names that
// they have after the forms.
func (b *builder) parallel(outer map[string]string) []string {
	var out []string
	var visit func(list []loopir.Stmt)
	visit = func(list []loopir.Stmt) {
		for _, s := range list {
			l, ok := s.(*loopir.For)
			if !ok {
				continue
			}
			if !independent(l) {
				visit(l.Body)
				continue
			}
			if name, ok := outer[l.Iter]; ok {
				if !slices.Contains(out, name) {
					out = append(out, name)
				}
			} else if !slices.Contains(out, l.Iter) {
				out = append(out, l.Iter)
			}
			if inner, ok := l.Body[0].(*loopir.For); ok && len(l.Body) == 1 && trips(l, b.request.Sizes) < few && independent(inner) {
				visit(l.Body)
			}
		}
	}
	visit(b.kernel.Body)
	return out
}

// few iterations are not enough for all cores.
const few = 16
