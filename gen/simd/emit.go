package simd

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// Header begins a file of emitted functions: they name the fields of their
// argument structs by the macros that the compiler writes to go_asm.h.
const Header = "#include \"textflag.h\"\n#include \"go_asm.h\"\n"

// An emitter writes one function.
type emitter struct {
	prog   *Program
	to     target
	isa    ISA
	evex   bool  // AVX-512 encodings: 32 registers, masks, embedded broadcasts
	width  int64 // bytes of a vector register
	elem   int64 // bytes of the widest element
	symbol string
	fields string // prefix of the argument macros
	text   strings.Builder
	data   dataTable
	gp     gpRegs
	vec    vecRegs
	labels int
}

// Emit writes the assembly function symbol, whose argument is a pointer to a
// struct type called symbol+"Args" with the fields p.Args (see Arg), for a file
// that begins with Header. Like Lower it refuses what the ISA has no form for,
// too many live vectors for one.
func (p *Program) Emit(isa ISA, symbol string) (string, error) {
	args := symbol + "Args"
	e := &emitter{
		prog: p, isa: isa, width: isa.width(), elem: max(1, p.wide),
		symbol: symbol, fields: args + "_", data: dataTable{prefix: symbol, elem: max(1, p.wide)},
	}
	e.to = e.targetFor(isa)
	for _, n := range p.lanes {
		for n*e.elem%e.width != 0 {
			e.width /= 2
		}
	}
	if isa == NEON && e.width < isa.width() {
		return "", unsupported(p.span, "%d lanes that fill no vector", p.lanes)
	}
	if e.width < 16 {
		return "", unsupported(p.span, "%d lanes that fill no vector", p.lanes)
	}
	e.evex = e.width == 64 || isa == AVX512 && !p.plain()
	e.vec.init(e.evex || isa == NEON)
	for _, n := range p.body {
		if err := e.segment(n); err != nil {
			return "", err
		}
	}
	const maxSlots = 64 // a function that doesn't check the stack has little of it
	if e.gp.slots > maxSlots {
		return "", unsupported(p.span, "%d values that don't fit in general registers", e.gp.slots)
	}
	if e.gp.slots > 0 && isa == NEON {
		return "", unsupported(p.span, "more pointers and numbers than registers")
	}
	e.to.leave()
	return e.data.text() + e.function(args), nil
}

// function is the whole of it.
func (e *emitter) function(args string) string {
	body := e.text.String()
	e.text.Reset()
	e.to.set("a+0(FP)", e.to.argReg())
	intro := e.text.String()
	return fmt.Sprintf("// func %s(a *%s)\nTEXT ·%s(SB), NOSPLIT, $%d-8\n%s%s", e.symbol, args, e.symbol, 8*e.gp.slots, intro, body)
}

func (e *emitter) line(format string, args ...any) {
	e.text.WriteByte('\t')
	fmt.Fprintf(&e.text, format, args...)
	e.text.WriteByte('\n')
}

func (e *emitter) label(name string) {
	fmt.Fprintf(&e.text, "%s:\n", name)
	e.gp.held = [2]*affine{}
}

// nodes emits a list at a depth of loops; last tells that nothing of the
// segment runs after it.
func (e *emitter) nodes(body []node, depth int, last bool) error {
	for i, n := range body {
		if err := e.node(n, depth, last && i == len(body)-1); err != nil {
			return err
		}
	}
	return nil
}

func (e *emitter) node(n node, depth int, last bool) error {
	switch n := n.(type) {
	case *block:
		return e.block(n)
	case *loop:
		return e.loop(n, depth, last)
	case *guard:
		return e.guard(n, depth, last)
	}
	panic(fmt.Sprintf("simd: unexpected node %T", n))
}

// loop counts down, bumps the affines that move with it, and after the last
// iteration takes the bumps back, since they count for one run of the loop.
func (e *emitter) loop(o *loop, depth int, last bool) error {
	if err := e.reserveCells(o.body); err != nil {
		return err
	}
	e.labels++
	name := fmt.Sprintf("%s_%d", fieldName(o.name), e.labels)
	counter := e.gp.counters[depth]
	if o.trip.arg == "" {
		e.to.set(fmt.Sprintf("$%d", o.trip.imm), counter)
	} else {
		r := counter
		if e.gp.isSlot(r) {
			r = e.scratch()
		}
		e.to.set(e.arg(o.trip.arg), r)
		e.to.enter(r, name+"_end")
		if r != counter {
			e.to.set(r, counter)
		}
	}
	e.settle(o)
	e.label(name)
	if err := e.nodes(o.body, depth+1, false); err != nil {
		return err
	}
	e.gp.held = [2]*affine{} // what was copied changes
	for _, a := range e.gp.live {
		if b, ok := a.bump[o]; ok {
			if b.arg == "" {
				b.imm -= e.owed(a, o)
			}
			e.add(b, e.gp.home[a], false)
		}
	}
	e.to.countDown(counter, name)
	if !last {
		for _, a := range e.gp.live {
			if r, ok := a.rewind[o]; ok && !e.gp.owes[debt{a, o}] {
				e.add(r, e.gp.home[a], true)
			}
		}
	}
	if o.trip.arg != "" {
		e.label(name + "_end")
	}
	return nil
}

// A debt is what a loop's last bumps are worth that are not taken back at its
// end but by the next bump.
type debt struct {
	aff  *affine
	loop *loop
}

// settle finds the debts in o: bumps of an inner loop that ends o's body, both
// loops with constant bumps.
func (e *emitter) settle(o *loop) {
	inner := o.last()
	if inner == nil {
		return
	}
	for _, a := range e.gp.live {
		b, bumped := a.bump[o]
		r, rewound := a.rewind[inner]
		if bumped && rewound && inner.trip.arg == "" && b.arg == "" && r.arg == "" {
			e.gp.owes[debt{a, inner}] = true
		}
	}
}

// last is the loop that ends o's body, or nil.
func (o *loop) last() *loop {
	if len(o.body) == 0 {
		return nil
	}
	inner, _ := o.body[len(o.body)-1].(*loop)
	return inner
}

func (e *emitter) owed(a *affine, o *loop) int64 {
	if inner := o.last(); inner != nil && e.gp.owes[debt{a, inner}] {
		return a.rewind[inner].imm
	}
	return 0
}

func (e *emitter) add(a amount, dst string, minus bool) {
	if a.arg != "" || a.imm != 0 {
		e.to.add(a, dst, minus)
	}
}

// number gives an operand that holds the affine part of a guard's number.
func (e *emitter) number(a *affine) string {
	if home, ok := e.gp.home[a]; ok {
		return home
	}
	return e.arg(a.start.arg)
}

func (e *emitter) guard(g *guard, depth int, last bool) error {
	if g.lanes > 0 {
		return e.lanesGuard(g, depth, last)
	}
	e.labels++
	name := fmt.Sprintf("guard_%d", e.labels)
	constant := g.at.aff.isZero()
	if !constant {
		if -g.at.disp > math.MaxInt32 || -g.at.disp < math.MinInt32 {
			return unsupported(e.prog.span, "the constant %d is too large", g.at.disp)
		}
		e.to.skip(e.number(g.at.aff), g.op, -g.at.disp, name)
	}
	if err := e.nodes(g.yes, depth, last && len(g.no) == 0); err != nil {
		return err
	}
	if len(g.no) > 0 {
		e.line("JMP %s_end", name)
		e.label(name)
		if err := e.nodes(g.no, depth, last); err != nil {
			return err
		}
		e.label(name + "_end")
		return nil
	}
	if !constant {
		e.label(name)
	}
	return nil
}

func (e *emitter) tooManyVectors() error {
	return unsupported(e.prog.span, "more than %d vectors are live at once", len(e.vec.used))
}

// per is how many lanes a register holds.
func (e *emitter) per() int64 { return e.width / e.elem }

// bytes is what the lanes of a register take, of elements of a size.
func (e *emitter) bytes(size int64) int64 { return e.per() * size }

// part names the move of lanes of type t where they fill less than a vector; "" if they do.
func (e *emitter) part(t loopir.Type) string {
	return map[int64]string{8: "VMOVQ", 4: "VMOVD"}[e.bytes(size(t))]
}

// reg names vector register r for lanes of a size.
func (e *emitter) reg(r int, size int64) string {
	letter := "X"
	switch e.bytes(size) {
	case 32:
		letter = "Y"
	case 64:
		letter = "Z"
	}
	return letter + strconv.Itoa(r)
}

// maskLetter is the size of mask registers that work on all lanes.
func (e *emitter) maskLetter() string {
	switch n := e.per(); {
	case n > 32:
		return "Q"
	case n > 16:
		return "D"
	}
	return "W"
}

// maskType is a type of masks whose lanes have a size: the region's own, if it has one.
func (e *emitter) maskType(size int64) loopir.Type {
	if e.prog.plain() {
		return e.prog.used[0]
	}
	return map[int64]loopir.Type{1: loopir.I8, 2: loopir.I16, 4: loopir.I32, 8: loopir.I64}[size]
}
