package equiv

import (
	"context"
	"errors"
	"math/big"
	"sort"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A prover puts conditions to the solver under the same assumptions on sizes,
// and keeps what it was told. It is safe for concurrent use.
type prover struct {
	ctx    context.Context
	pool   *smt.Pool
	assume []loopir.Expr
	terms  lowered

	mu   sync.Mutex
	said map[string]*answer // by the text of the query
}

// An answer is an obligation and what the solver said, which ready announces.
type answer struct {
	Obligation
	model  smt.Model
	ready  chan struct{}
	needed bool // the result rests on it
}

func newProver(ctx context.Context, pool *smt.Pool, assume []loopir.Expr) *prover {
	return &prover{ctx: ctx, pool: pool, assume: assume, said: map[string]*answer{}}
}

// try asks whether hyps imply goal, without any result resting on it yet.
func (p *prover) try(name string, at loopir.Span, hyps []loopir.Expr, goal loopir.Expr) *answer {
	if err := p.ctx.Err(); err != nil {
		return &answer{Obligation: Obligation{Name: name, Span: at, Reason: err.Error()}}
	}
	all := append(append([]loopir.Expr(nil), p.assume...), hyps...)
	q, err := p.terms.query(name, all, goal)
	if err != nil {
		return &answer{Obligation: Obligation{Name: name, Span: at, Reason: err.Error()}}
	}
	key := queryKey(q)
	p.mu.Lock()
	a, ok := p.said[key]
	if !ok {
		a = &answer{Obligation: Obligation{Name: name, Span: at, Hyps: q.Hyps, Goal: q.Goal}, ready: make(chan struct{})}
		p.said[key] = a
	}
	p.mu.Unlock()
	if ok {
		<-a.ready
		return a
	}
	defer close(a.ready)
	said := p.pool.Check(p.ctx, q)
	stopAt(said.Err)
	a.Status, a.model, a.Time = said.Status, said.Model, said.Time
	switch {
	case said.Valid():
		a.Outcome = Proved
	case said.Status == smt.Sat:
		a.Reason = "it fails for" + modelText(said.Model)
	default:
		a.Reason = "the solver gave up: " + said.Reason
	}
	return a
}

// need is try for an obligation that the result rests on if it holds. A
// conjunction that is too much for the solver is asked for part by part.
func (p *prover) need(name string, at loopir.Span, hyps []loopir.Expr, goal loopir.Expr) *answer {
	a := p.try(name, at, hyps, goal)
	if a.Outcome == Proved {
		p.rest(a)
		return a
	}
	parts := conjuncts(goal)
	if a.Status != smt.Unknown || len(parts) < 2 {
		return a
	}
	for _, part := range parts {
		if p.need(name, at, hyps, part).Outcome != Proved {
			return a
		}
	}
	return &answer{Obligation: Obligation{Name: name, Span: at, Outcome: Proved, Status: smt.Unsat}}
}

// rest notes that the result rests on a.
func (p *prover) rest(a *answer) {
	p.mu.Lock()
	a.needed = true
	p.mu.Unlock()
}

// impossible asks whether hyps contradict each other, and rests on it if so.
func (p *prover) impossible(name string, at loopir.Span, hyps []loopir.Expr) bool {
	return p.need(name, at, hyps, boolExpr(false)).Outcome == Proved
}

// obligations lists what the result rests on, each once, by name and text.
func (p *prover) obligations() []Obligation {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys []string
	for k, a := range p.said {
		if a.needed {
			keys = append(keys, a.Name+"\x00"+k)
		}
	}
	sort.Strings(keys)
	out := make([]Obligation, len(keys))
	for i, k := range keys {
		_, text, _ := strings.Cut(k, "\x00")
		out[i] = p.said[text].Obligation
	}
	return out
}

func queryKey(q *smt.Query) string {
	var b strings.Builder
	for _, h := range q.Hyps {
		b.WriteString(h.String())
		b.WriteByte('\n')
	}
	b.WriteString(q.Goal.String())
	return b.String()
}

// together runs fs at the same time and waits for all of them.
func together(fs ...func()) {
	var wg sync.WaitGroup
	errs := make([]error, len(fs))
	for i, f := range fs {
		wg.Go(func() { errs[i] = smt.Guard(f) })
	}
	wg.Wait()
	stopAt(errs...)
}

// stopAt panics with the first defect among errs, which Check and CheckSafety
// return: after a defect there is nothing to conclude.
func stopAt(errs ...error) {
	for _, err := range errs {
		var d *smt.Defect
		if errors.As(err, &d) {
			panic(d)
		}
	}
}

// models lists the sizes and iterators that break what was tried, in a fixed
// order.
func (p *prover) models() []map[string]*big.Int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []map[string]*big.Int
	for _, k := range sortedNames(p.said) {
		if m := p.said[k].model; m != nil {
			out = append(out, m)
		}
	}
	return out
}

// modelText lists the values of a model, the sizes and iterators of the text
// and those that proofs name apart.
func modelText(m smt.Model) string {
	var b strings.Builder
	for _, n := range sortedNames(m) {
		b.WriteString(" " + n + "=" + m[n].String())
	}
	return b.String()
}
