//go:build cgo && goz3

package smt

// #include <stdlib.h>
// #include <z3.h>
import "C"

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/mitchellh/go-z3"
)

// goz3Engine calls Z3 in process. Each problem has a context, a solver and a single check of
// its own: Z3 4.8.12 obeys rlimit only on the first check, and gives a context's memory back
// only as a whole.
type goz3Engine struct {
	limits limits
	name   string
}

func newGoZ3(l limits) (engine, error) {
	var major, minor, build, revision C.uint
	C.Z3_get_version(&major, &minor, &build, &revision)
	return goz3Engine{l, fmt.Sprintf("z3 %d.%d.%d", major, minor, build)}, nil
}

func (e goz3Engine) identity() string { return e.name }

func (e goz3Engine) readsText() bool { return false }

func (e goz3Engine) start() worker { return goz3Worker{e.limits} }

type goz3Worker struct{ limits limits }

func (goz3Worker) close() {}

// solve does not wait for Z3 once the context or the time is over: the check is told to
// stop and left behind, its result unread.
func (w goz3Worker) solve(ctx context.Context, p *problem) result {
	answer, quit := make(chan result, 1), make(chan struct{})
	defer close(quit)
	go func() {
		var r result
		if err := Guard(func() { r = w.decide(p, quit) }); err != nil {
			r = defective(err)
		}
		answer <- r
	}()
	wall := time.Duration(w.limits.wall) * time.Millisecond
	timer := time.NewTimer(wall)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r
	case <-timer.C:
		return unknown(fmt.Sprintf("no answer within %v", wall))
	case <-ctx.Done():
		return unknown("canceled")
	}
}

// A z3Error carries a failure of Z3 from its error handler, which must not return, to decide.
type z3Error string

// decide gives linear problems to Z3's older arithmetic first: on ours,
// full of quotients by constants, the newer one takes from time to time a thousand times
// as long. What it does not soon decide is left to the newer one.
func (w goz3Worker) decide(p *problem, quit <-chan struct{}) result {
	if p.logic == "QF_LIA" {
		if r := w.attempt(p, quit, w.limits.rlimit/10, true); r.status != Unknown {
			return r
		}
	}
	return w.attempt(p, quit, w.limits.of(p).rlimit, false)
}

func (w goz3Worker) attempt(p *problem, quit <-chan struct{}, rlimit uint, older bool) (r result) {
	config := z3.NewConfig()
	defer config.Close()
	config.SetParamValue("rlimit", strconv.FormatUint(uint64(rlimit), 10))
	ctx := z3.NewContext(config)
	defer ctx.Close()
	watch := watched(ctx, quit, w.limits.memory)
	defer watch.done()
	ctx.SetErrorHandler(func(c *z3.Context, code z3.ErrorCode) { panic(z3Error(c.Error(code))) })
	defer func() {
		switch e := recover().(type) {
		case nil:
		case z3Error:
			if r = unknown("solver failed: " + string(e)); watch.full.Load() {
				r = unknown(outOfMemory)
			}
		default:
			panic(e)
		}
	}()
	b := newZ3Builder(ctx, p)
	solver := ctx.NewSolver()
	defer solver.Close()
	if p.logic == "QF_LIA" { // with products the core does not count its steps
		useCore(ctx, solver, older)
	}
	leaveInterrupts(ctx, solver)
	for _, t := range p.asserts {
		solver.Assert(b.formula(t))
	}
	switch solver.Check() {
	case z3.True:
		return b.model(solver)
	case z3.False:
		return result{status: Unsat}
	}
	if watch.full.Load() {
		return unknown(outOfMemory)
	}
	c := C.Z3_context(unsafe.Pointer(ctx.Z3Value()))
	return gaveUp(C.GoString(C.Z3_solver_get_reason_unknown(c, rawSolver(ctx, solver))))
}

const outOfMemory = "the solver reached its memory"

// A z3Watch stops what Z3 does in a context.
type z3Watch struct {
	full       atomic.Bool // because Z3, all contexts together, has its memory
	end, ended chan struct{}
}

// watched stops Z3 when quit is closed or it takes more memory than most, if that is not 0.
// It has to be done before the context is closed. Z3's own limit on memory is no use: past
// it, Z3 fails for good.
func watched(ctx *z3.Context, quit <-chan struct{}, most int64) *z3Watch {
	c := C.Z3_context(unsafe.Pointer(ctx.Z3Value()))
	w := &z3Watch{end: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		tick := time.NewTicker(20 * time.Millisecond) // what does not run yet does not hear of it
		defer tick.Stop()
		left := false
		for {
			select {
			case <-w.end:
				return
			case <-quit:
				quit, left = nil, true
			case <-tick.C:
				if most > 0 && uint64(C.Z3_get_estimated_alloc_size()) > uint64(most) {
					w.full.Store(true)
				}
			}
			if left || w.full.Load() {
				C.Z3_interrupt(c)
			}
		}
	}()
	return w
}

func (w *z3Watch) done() {
	close(w.end)
	<-w.ended
}

// useCore has a solver be Z3's core, without the strategies for logics around it, which spend
// up to two seconds on what is no use on our problems; go-z3 has no call for that. With older,
// it is the older arithmetic.
func useCore(ctx *z3.Context, solver *z3.Solver, older bool) {
	c := C.Z3_context(unsafe.Pointer(ctx.Z3Value()))
	raw := (*struct {
		ctx    C.Z3_context
		solver C.Z3_solver
	})(unsafe.Pointer(solver))
	if raw.ctx != c {
		panic(z3Error("go-z3 keeps its solvers differently"))
	}
	core := C.Z3_mk_simple_solver(c)
	C.Z3_solver_inc_ref(c, core)
	C.Z3_solver_dec_ref(c, raw.solver)
	raw.solver = core
	if !older {
		return
	}
	params := C.Z3_mk_params(c)
	C.Z3_params_inc_ref(c, params)
	defer C.Z3_params_dec_ref(c, params)
	name := C.CString("arith.solver")
	defer C.free(unsafe.Pointer(name))
	C.Z3_params_set_uint(c, params, C.Z3_mk_string_symbol(c, name), 2)
	C.Z3_solver_set_params(c, core, params)
}

// leaveInterrupts keeps Z3 from putting a handler of its own in the place of Go's for
// SIGINT, which ends in a jump to address 0.
func leaveInterrupts(ctx *z3.Context, solver *z3.Solver) {
	c := C.Z3_context(unsafe.Pointer(ctx.Z3Value()))
	params := C.Z3_mk_params(c)
	C.Z3_params_inc_ref(c, params)
	defer C.Z3_params_dec_ref(c, params)
	name := C.CString("ctrl_c")
	defer C.free(unsafe.Pointer(name))
	C.Z3_params_set_bool(c, params, C.Z3_mk_string_symbol(c, name), false)
	C.Z3_solver_set_params(c, rawSolver(ctx, solver), params)
}

// rawSolver is what go-z3 keeps of a solver.
func rawSolver(ctx *z3.Context, solver *z3.Solver) C.Z3_solver {
	raw := (*struct {
		ctx    C.Z3_context
		solver C.Z3_solver
	})(unsafe.Pointer(solver))
	if raw.ctx != C.Z3_context(unsafe.Pointer(ctx.Z3Value())) {
		panic(z3Error("go-z3 keeps its solvers differently"))
	}
	return raw.solver
}

// A z3Builder makes terms in one context.
type z3Builder struct {
	ctx            *z3.Context
	intSort        *z3.Sort
	vars           map[string]*z3.AST
	ites, literals map[string]*z3.AST // by their text
	zero           *z3.AST
	ints           []string
	bools          []string
}

func newZ3Builder(ctx *z3.Context, p *problem) *z3Builder {
	b := &z3Builder{ctx: ctx, intSort: ctx.IntSort(), vars: map[string]*z3.AST{}, ites: map[string]*z3.AST{}, literals: map[string]*z3.AST{}, ints: p.ints, bools: p.bools}
	b.zero = ctx.Int(0, b.intSort)
	for _, n := range p.ints {
		b.vars[n] = ctx.Const(ctx.Symbol(n), b.intSort)
	}
	for _, n := range p.bools {
		b.vars[n] = ctx.Const(ctx.Symbol(n), ctx.BoolSort())
	}
	return b
}

// number makes v from pieces of 30 bits: go-z3 cuts integers to 32 bits without a word.
func (b *z3Builder) number(v *big.Int) *z3.AST {
	if v.Sign() < 0 {
		return b.zero.Sub(b.number(new(big.Int).Neg(v)))
	}
	if v.BitLen() <= 30 {
		return b.ctx.Int(int(v.Int64()), b.intSort)
	}
	base := big.NewInt(1 << 30)
	high, low := new(big.Int).QuoRem(v, base, new(big.Int))
	return b.number(high).Mul(b.ctx.Int(1<<30, b.intSort)).Add(b.number(low))
}

func (b *z3Builder) sum(p poly) *z3.AST {
	if len(p) == 0 {
		return b.zero
	}
	var sum []*z3.AST
	for _, m := range p {
		var f []*z3.AST
		if m.coef.Cmp(one) != 0 || len(m.atoms) == 0 {
			f = append(f, b.number(m.coef))
		}
		for _, a := range m.atoms {
			f = append(f, b.atom(a))
		}
		sum = append(sum, fold(f, (*z3.AST).Mul))
	}
	return fold(sum, (*z3.AST).Add)
}

// fold applies an operation of any arity.
func fold(ts []*z3.AST, op func(*z3.AST, ...*z3.AST) *z3.AST) *z3.AST {
	if len(ts) == 1 {
		return ts[0]
	}
	return op(ts[0], ts[1:]...)
}

func (b *z3Builder) atom(a *atom) *z3.AST {
	switch a.kind {
	case atomVar:
		return b.vars[a.name]
	case atomProduct:
		return b.sum(a.parts[0].poly).Mul(b.sum(a.parts[1].poly))
	case atomIte:
		t := b.ites[a.key]
		if t == nil {
			t = b.formula(a.cond).Ite(b.sum(a.parts[0].poly), b.sum(a.parts[1].poly))
			b.ites[a.key] = t
		}
		return t
	}
	panic("smt: unexpected atom " + a.key) // quotients were lowered
}

func (b *z3Builder) formula(t *Term) *z3.AST {
	switch t.op {
	case opTrue:
		return b.ctx.True()
	case opFalse:
		return b.ctx.False()
	case opBoolVar:
		return b.vars[t.name]
	case opGe, opEq:
		key := t.text()
		if known := b.literals[key]; known != nil {
			return known
		}
		sum := b.sum(t.poly)
		out := sum.Ge(b.zero)
		if t.op == opEq {
			out = sum.Eq(b.zero)
		}
		b.literals[key] = out
		return out
	case opNot:
		return b.formula(t.args[0]).Not()
	case opIff:
		return b.formula(t.args[0]).Iff(b.formula(t.args[1]))
	}
	var args []*z3.AST
	for _, a := range t.args {
		args = append(args, b.formula(a))
	}
	if t.op == opAnd {
		return fold(args, (*z3.AST).And)
	}
	return fold(args, (*z3.AST).Or)
}

// model reads all values by their text: go-z3 reads large numbers as 0.
func (b *z3Builder) model(solver *z3.Solver) result {
	m := solver.Model()
	defer m.Close()
	r := result{status: Sat, model: Model{}}
	for _, n := range append(append([]string(nil), b.ints...), b.bools...) {
		v, ok := parseNumeral(m.Eval(b.vars[n]).String())
		if !ok {
			return unknown("unreadable model: " + clip(m.String()))
		}
		r.model[n] = v
	}
	return r
}

// parseNumeral reads a value that stands alone.
func parseNumeral(s string) (*big.Int, bool) {
	toks := tokens(s)
	v, ok := parseValue(taker(&toks))
	return v, ok && len(toks) == 0
}
