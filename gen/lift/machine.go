package lift

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A word is what a general register or a stack slot holds: a number modulo 2^64, a
// pointer into an array (its first cell, and the bytes from there), the pointer to
// the arguments, or nothing known.
type word struct {
	kind  wordKind
	array string
	p     poly.Poly
}

type wordKind uint8

const (
	unset wordKind = iota
	number
	pointer
	arguments
)

func (w word) equal(v word) bool {
	return w.kind == v.kind && w.array == v.array && w.p.Equal(v.p)
}

// A flagsWord is what was last compared, or the result of arithmetic against 0.
type flagsWord struct {
	set    bool
	x, y   poly.Poly
	result bool // only == and != are known of a result
}

// A machine is the general registers, stack slots and flags of an assembly function.
type machine struct {
	words map[string]word
	flags flagsWord
}

func (m *machine) clone() *machine {
	out := &machine{words: map[string]word{}, flags: m.flags}
	for k, v := range m.words {
		out.words[k] = v
	}
	return out
}

// A frame is what general instructions refer to outside of the registers.
type frame struct {
	file string
	arch string
	fn   *asm.Func
	args map[string]arg // the fields of the argument struct, by "struct_field"
	name string         // of the parameter, "a"
	// compare is told of two numbers that are compared as signed 64-bit integers.
	compare func(in *asm.Inst, x, y poly.Poly)
}

// An arg is the value of a field of the arguments.
type arg struct {
	word
	size   int64
	scalar loopir.Expr // a value of the program, for fields that are no word
}

func (f *frame) errorf(in *asm.Inst, format string, args ...any) error {
	return &asm.Error{File: f.file, Line: in.Line, Msg: in.Text + ": " + fmt.Sprintf(format, args...)}
}

// reserved registers belong to Go: the stack, the frame pointer, the goroutine, and
// R15, which a dynamically linked program keeps its global offset table in.
var reserved = map[string]map[string]bool{
	"amd64": {"SP": true, "BP": true, "R14": true, "R15": true},
	// The platform, closures, the assembler's own temporary, the goroutine, the frame
	// pointer and the return address.
	"arm64": {"R18": true, "R26": true, "R27": true, "R28": true, "R29": true, "R30": true},
}

// load gives the word that an operand holds.
func (f *frame) load(m *machine, in *asm.Inst, o asm.Operand) (word, error) {
	switch o.Kind {
	case asm.Imm:
		return word{kind: number, p: poly.Int(o.Off)}, nil
	case asm.Reg, asm.Slot:
		if o.Scale != 0 {
			return word{}, f.errorf(in, "a shifted register has no place here")
		}
		name, err := f.place(in, o)
		if err != nil {
			return word{}, err
		}
		w := m.words[name]
		if w.kind == unset {
			return word{}, f.errorf(in, "%s is read before it has a known value", name)
		}
		return w, nil
	case asm.Param:
		if o.Name != f.name || o.Off != 0 || f.fn.Args != 8 {
			return word{}, f.errorf(in, "the frame has one argument, %s+0(FP), of 8 bytes", f.name)
		}
		return word{kind: arguments}, nil
	case asm.Field:
		a, err := f.field(m, in, o, 8)
		if err != nil {
			return word{}, err
		}
		if a.kind == unset {
			return word{}, f.errorf(in, "%s is no integer and no pointer", o.Name)
		}
		return a.word, nil
	}
	return word{}, f.errorf(in, "this operand is not read here")
}

func (f *frame) field(m *machine, in *asm.Inst, o asm.Operand, size int64) (arg, error) {
	if m.words[o.Reg].kind != arguments {
		return arg{}, f.errorf(in, "%s does not point at the arguments", o.Reg)
	}
	a, ok := f.args[o.Name]
	switch {
	case !ok:
		return arg{}, f.errorf(in, "the arguments have no field %s", o.Name)
	case a.size != size:
		return arg{}, f.errorf(in, "the field %s has %d bytes", o.Name, a.size)
	}
	return a, nil
}

// place names the register or stack slot of an operand.
func (f *frame) place(in *asm.Inst, o asm.Operand) (string, error) {
	switch o.Kind {
	case asm.Reg:
		if reserved[f.arch][o.Reg] {
			return "", f.errorf(in, "%s belongs to Go", o.Reg)
		}
		if vectorName(o.Reg) != "" {
			return "", f.errorf(in, "%s is not a general register", o.Reg)
		}
		return o.Reg, nil
	case asm.Slot:
		if f.arch != "amd64" {
			return "", f.errorf(in, "stack slots are read on amd64 only")
		}
		if o.Off%8 != 0 || o.Off >= 0 || -o.Off > f.fn.Frame {
			return "", f.errorf(in, "the slot lies outside of the frame of %d bytes", f.fn.Frame)
		}
		return fmt.Sprintf("slot%d", o.Off), nil
	}
	return "", f.errorf(in, "the last operand is a register or a stack slot")
}

// general executes an instruction on words; it reports false for those on vectors.
func (f *frame) general(m *machine, in *asm.Inst) (bool, error) {
	e, ok := insn.Lookup(in.Op)
	if !ok {
		return false, f.errorf(in, "no instruction %s in the table", in.Op)
	}
	if e.Kind < insn.MoveInt {
		return false, nil
	}
	if len(in.Sfx) > 0 {
		return true, f.errorf(in, "unexpected suffix")
	}
	if f.arch == "arm64" {
		return true, f.generalARM64(m, in, e)
	}
	switch e.Kind {
	case insn.Nothing:
		return true, f.nothing(m, in)
	case insn.MoveInt:
		return true, f.move(m, in)
	case insn.Arith:
		return true, f.arith(m, in, e)
	case insn.Flags:
		return true, f.setFlags(m, in)
	case insn.CMov:
		return true, f.cmov(m, in, e)
	}
	return true, f.errorf(in, "this instruction is out of place")
}

func (f *frame) nothing(m *machine, in *asm.Inst) error {
	want := 0
	if strings.HasPrefix(in.Op, "PREFETCH") { // it never faults
		want = 1
	}
	if len(in.Args) != want || want == 1 && in.Args[0].Kind != asm.Mem {
		return f.errorf(in, "wrong operands")
	}
	return nil
}

func (f *frame) move(m *machine, in *asm.Inst) error {
	if len(in.Args) != 2 {
		return f.errorf(in, "a move has two operands")
	}
	if a, b := in.Args[0], in.Args[1]; a.Kind != asm.Reg && b.Kind != asm.Reg && !(a.Kind == asm.Imm && a.Off == int64(int32(a.Off))) {
		return f.errorf(in, "one operand is a register")
	}
	w, err := f.load(m, in, in.Args[0])
	if err != nil {
		return err
	}
	to, err := f.place(in, in.Args[1])
	if err != nil {
		return err
	}
	m.words[to] = w
	return nil
}

func (f *frame) arith(m *machine, in *asm.Inst, e *insn.Entry) error {
	if len(in.Args) != e.Args {
		return f.errorf(in, "%s has %d operands", in.Op, e.Args)
	}
	dst := in.Args[len(in.Args)-1]
	to, err := f.place(in, dst)
	if err != nil {
		return err
	}
	old, err := f.load(m, in, dst)
	if err != nil {
		return err
	}
	args := []loopir.Expr{loopir.NewVar("dst"), loopir.NewVar("src")}[:e.Args]
	effect := poly.Must(e.Effect(args...))
	src := word{kind: number}
	if e.Args == 2 {
		if dst.Kind != asm.Reg && in.Args[0].Kind != asm.Reg && in.Args[0].Kind != asm.Imm {
			return f.errorf(in, "one operand is a register")
		}
		if src, err = f.load(m, in, in.Args[0]); err != nil {
			return err
		}
	}
	out := word{kind: number, p: effect.Subst(map[string]poly.Poly{"dst": old.p, "src": src.p})}
	switch {
	case old.kind == number && src.kind == number:
	case old.kind == pointer && src.kind == number && (in.Op == "ADDQ" || in.Op == "SUBQ" || in.Op == "INCQ" || in.Op == "DECQ"):
		out.kind, out.array = pointer, old.array
	case old.kind == number && src.kind == pointer && in.Op == "ADDQ":
		out.kind, out.array = pointer, src.array
	default:
		return f.errorf(in, "this arithmetic on pointers has no known result")
	}
	m.words[to] = out
	m.flags = flagsWord{set: out.kind == number, x: out.p, result: true}
	return nil
}

func (f *frame) setFlags(m *machine, in *asm.Inst) error {
	if len(in.Args) != 2 {
		return f.errorf(in, "two operands are compared")
	}
	x, err := f.load(m, in, in.Args[0])
	if err != nil {
		return err
	}
	y, err := f.load(m, in, in.Args[1])
	if err != nil {
		return err
	}
	if x.kind != number || y.kind != number {
		return f.errorf(in, "only numbers are compared")
	}
	if in.Op == "TESTQ" {
		if in.Args[0].Kind != asm.Reg || in.Args[0] != in.Args[1] {
			return f.errorf(in, "TESTQ is read with one register twice: a comparison with 0")
		}
		y.p = poly.Int(0)
	}
	if in.Op == "CMPQ" && in.Args[0].Kind == asm.Imm {
		return f.errorf(in, "CMPQ compares a register or memory with another or a constant")
	}
	m.flags = flagsWord{set: true, x: x.p, y: y.p}
	return nil
}

// cmov reads a conditional move as the minimum or maximum that it computes.
func (f *frame) cmov(m *machine, in *asm.Inst, e *insn.Entry) error {
	if len(in.Args) != 2 || in.Args[1].Kind != asm.Reg {
		return f.errorf(in, "a conditional move goes to a register")
	}
	src, err := f.load(m, in, in.Args[0])
	if err != nil {
		return err
	}
	dst, err := f.load(m, in, in.Args[1])
	if err != nil {
		return err
	}
	x, y, op := m.flags.x, m.flags.y, e.Cond
	if !m.flags.set || m.flags.result || src.kind != number || dst.kind != number {
		return f.errorf(in, "nothing was compared")
	}
	if dst.p.Equal(y) && src.p.Equal(x) { // x op y, from y's side
		x, y = y, x
		op = map[loopir.Op]loopir.Op{loopir.Gt: loopir.Lt, loopir.Ge: loopir.Le, loopir.Lt: loopir.Gt, loopir.Le: loopir.Ge}[op]
	}
	if !dst.p.Equal(x) || !src.p.Equal(y) {
		return f.errorf(in, "what is moved is not what was compared")
	}
	to, err := f.place(in, in.Args[1])
	if err != nil {
		return err
	}
	if f.compare != nil {
		f.compare(in, x, y)
	}
	switch op {
	case loopir.Gt, loopir.Ge:
		m.words[to] = word{kind: number, p: poly.Min(x, y)}
	case loopir.Lt, loopir.Le:
		m.words[to] = word{kind: number, p: poly.Max(x, y)}
	default:
		return f.errorf(in, "this is no minimum and no maximum")
	}
	return nil
}

// condition gives the condition under which a branch jumps.
func (f *frame) condition(m *machine, in *asm.Inst) (loopir.Expr, error) {
	e, _ := insn.Lookup(in.Op)
	if !m.flags.set {
		return nil, f.errorf(in, "no comparison sets the flags")
	}
	if m.flags.result && e.Cond != loopir.Eq && e.Cond != loopir.Ne {
		return nil, f.errorf(in, "after arithmetic only zero or not is known")
	}
	if f.compare != nil {
		f.compare(in, m.flags.x, m.flags.y)
	}
	return loopir.Bin(e.Cond, m.flags.x.Expr(), m.flags.y.Expr()), nil
}
