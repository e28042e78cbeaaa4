package simd

import "github.com/loopopt/loopopt/loopir"

// A target is what the emitter has to know of a processor's instructions on
// general registers, and how vector instructions are written there.
type target interface {
	// argReg holds the address of the arguments; pool are the registers that hold
	// pointers, numbers and counters.
	argReg() string
	pool() []string
	// set makes register dst the text src: a register, a slot, an argument, $n.
	set(src, dst string)
	// add emits dst += a, or dst -= a.
	add(a amount, dst string, minus bool)
	// skip jumps to label unless the number at x compares so with k.
	skip(x string, op loopir.Op, k int64, label string)
	// enter jumps to label unless the number in register x is positive.
	enter(x, label string)
	// countDown takes 1 from a counter and jumps to label unless it is 0.
	countDown(counter, label string)
	// address gives the memory operand of a place.
	address(p place) string
	// print writes an instruction on vectors.
	print(op *inst) error
	// fma chooses the form of dst = x*y + z in which a source is overwritten.
	fma(a *allocation, pos int, op *inst, temps []operand) error
	// leave ends the function.
	leave()
}

func (e *emitter) targetFor(isa ISA) target {
	if isa == NEON {
		return &neon{e: e}
	}
	return &x86{e}
}

// arg is the memory operand of an argument.
func (e *emitter) arg(name string) string { return e.fields + name + "(" + e.to.argReg() + ")" }
