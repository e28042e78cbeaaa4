package equiv

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A prover puts conditions to the solver under the same assumptions on sizes,
// and keeps what it was told. It is safe for concurrent use.
type prover struct {
	ctx       context.Context
	pool      *smt.Pool
	assume    []loopir.Expr
	terms     lowered
	witnesses witnesses

	mu   sync.Mutex
	said map[[sha256.Size]byte]*answer // by a hash of the query's text, which is long
}

// An answer is an obligation and what the solver said, which ready announces.
type answer struct {
	Obligation
	model  smt.Model
	ready  chan struct{}
	needed bool // the result rests on it
	// expected is set where a model is no news: it breaks no claim.
	expected bool
}

func newProver(ctx context.Context, pool *smt.Pool, assume []loopir.Expr) *prover {
	return &prover{ctx: ctx, pool: pool, assume: assume, said: map[[sha256.Size]byte]*answer{}}
}

// try asks whether hyps imply goal, without any result resting on it yet.
func (p *prover) try(name string, at loopir.Span, hyps []loopir.Expr, goal loopir.Expr) *answer {
	if err := p.ctx.Err(); err != nil {
		return &answer{Obligation: Obligation{Name: name, Span: at, Reason: err.Error()}}
	}
	q, err := p.query(name, hyps, goal)
	if err != nil {
		return &answer{Obligation: Obligation{Name: name, Span: at, Reason: err.Error()}}
	}
	key := sha256.Sum256([]byte(queryText(q.Hyps, q.Goal)))
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

func (p *prover) query(name string, hyps []loopir.Expr, goal loopir.Expr) (*smt.Query, error) {
	return p.terms.query(name, append(append([]loopir.Expr(nil), p.assume...), hyps...), goal)
}

// need is try for an obligation that the result rests on if it holds. A
// conjunction that is too much for the solver is asked for part by part; one with
// products is at once.
func (p *prover) need(name string, at loopir.Span, hyps []loopir.Expr, goal loopir.Expr) *answer {
	parts := conjuncts(goal)
	var whole *answer
	if len(parts) < 2 || !p.hasProduct(goal) {
		whole = p.try(name, at, hyps, goal)
		if whole.Outcome == Proved {
			p.rest(whole)
			return whole
		}
		if whole.Status != smt.Unknown || len(parts) < 2 {
			return whole
		}
	}
	for _, part := range parts {
		if a := p.need(name, at, hyps, part); a.Outcome != Proved {
			if whole != nil {
				return whole
			}
			return a
		}
	}
	return &answer{Obligation: Obligation{Name: name, Span: at, Outcome: Proved, Status: smt.Unsat}}
}

func (p *prover) hasProduct(goal loopir.Expr) bool {
	q, err := p.query("", nil, goal)
	return err == nil && q.Goal.HasProduct()
}

// rest notes that the result rests on a.
func (p *prover) rest(a *answer) {
	p.mu.Lock()
	a.needed = true
	p.mu.Unlock()
}

// impossible asks whether hyps contradict each other, and rests on it if so. The
// models of what it was asked before may tell that they don't.
func (p *prover) impossible(name string, at loopir.Span, hyps []loopir.Expr) bool {
	if q, err := p.query(name, hyps, boolExpr(false)); err == nil && p.witnesses.satisfy(q.Hyps) {
		return false
	}
	a := p.need(name, at, hyps, boolExpr(false))
	if a.model != nil {
		p.mu.Lock()
		a.expected = true
		p.mu.Unlock()
		p.witnesses.add(a.model)
	}
	return a.Outcome == Proved
}

// witnesses are the models found last. It is safe for concurrent use.
type witnesses struct {
	mu     sync.Mutex
	models []smt.Model
}

// maxWitnesses bounds how many models are kept.
const maxWitnesses = 40

func (w *witnesses) add(m smt.Model) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.models) == maxWitnesses {
		w.models = slices.Delete(slices.Clone(w.models), 0, 1)
	}
	w.models = append(w.models[:len(w.models):len(w.models)], m)
}

func (w *witnesses) satisfy(hyps []*smt.Term) bool {
	w.mu.Lock()
	models := w.models
	w.mu.Unlock()
	return slices.ContainsFunc(models, func(m smt.Model) bool {
		return !slices.ContainsFunc(hyps, func(h *smt.Term) bool { return !smt.EvalBool(h, m) })
	})
}

// obligations lists what the result rests on, each once, by name and text.
func (p *prover) obligations() []Obligation {
	var out []Obligation
	for _, a := range p.answers(func(a *answer) bool { return a.needed }) {
		out = append(out, a.Obligation)
	}
	slices.SortStableFunc(out, func(a, b Obligation) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// answers lists the answers that are picked, by the text of the query.
func (p *prover) answers(pick func(*answer) bool) []*answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	texts := map[string]*answer{}
	for _, a := range p.said {
		if pick(a) {
			texts[queryText(a.Hyps, a.Goal)] = a
		}
	}
	var out []*answer
	for _, text := range sortedNames(texts) {
		out = append(out, texts[text])
	}
	return out
}

func queryText(hyps []*smt.Term, goal *smt.Term) string {
	var b strings.Builder
	for _, h := range hyps {
		b.WriteString(h.String())
		b.WriteByte('\n')
	}
	b.WriteString(goal.String())
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
	var out []map[string]*big.Int
	for _, a := range p.answers(func(a *answer) bool { return a.model != nil && !a.expected }) {
		out = append(out, a.model)
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
