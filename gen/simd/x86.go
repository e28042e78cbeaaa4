package simd

import (
	"fmt"
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

// x86 writes for amd64. Instructions take one operand from memory.
type x86 struct{ *emitter }

func (x86) argReg() string { return "AX" }

func (x86) pool() []string {
	return []string{"SI", "DI", "BX", "CX", "DX", "R8", "R9", "R10", "R11", "R12", "R13"}
}

func (e x86) set(src, dst string) { e.line("MOVQ %s, %s", src, dst) }

func (e x86) add(a amount, dst string, minus bool) {
	op := "ADDQ"
	if minus {
		op = "SUBQ"
	}
	switch {
	case a.arg == "":
		e.line("%s $%d, %s", op, a.imm, dst)
	case e.gp.isSlot(dst):
		r := e.scratch()
		e.set(e.arg(a.arg), r)
		e.line("%s %s, %s", op, r, dst)
	default:
		e.line("%s %s, %s", op, e.arg(a.arg), dst)
	}
}

var inverse = map[loopir.Op]string{
	loopir.Eq: "NE", loopir.Ne: "EQ", loopir.Lt: "GE", loopir.Le: "GT", loopir.Gt: "LE", loopir.Ge: "LT",
}

func (e x86) skip(x string, op loopir.Op, k int64, label string) {
	e.line("CMPQ %s, $%d", x, k)
	e.line("J%s %s", inverse[op], label)
}

func (e x86) enter(x, label string) {
	e.line("TESTQ %s, %s", x, x)
	e.line("JLE %s", label)
}

func (e x86) countDown(counter, label string) {
	e.line("DECQ %s", counter)
	e.line("JNE %s", label)
}

// address is disp(base)(index*scale).
func (e x86) address(p place) string {
	a, index := p.aff, ""
	if by := p.aff.by; by != nil {
		a = by.at
		index = fmt.Sprintf("(%s*%d)", e.register(by.number, 1), by.scale)
	}
	disp := ""
	if p.disp != 0 {
		disp = strconv.FormatInt(p.disp, 10)
	}
	return fmt.Sprintf("%s(%s)%s", disp, e.register(a, 0), index)
}

func (e x86) leave() { e.text.WriteString("\tVZEROUPPER\n\tRET\n") }
