// Package asm reads Go assembler text as it is checked in: DATA and GLOBL
// directives, and TEXT symbols made of labels and instructions. It knows the
// syntax and nothing of what instructions do. What it does not know is an error.
package asm

import (
	"fmt"
	"strconv"
	"strings"
)

// A File is one .s file.
type File struct {
	Name  string
	Arch  string // GOARCH: arm64 if the name says so, else amd64
	Funcs []*Func
	Data  map[string]*Data // by symbol, <> included
}

// Func returns the function called name, or nil.
func (f *File) Func(name string) *Func {
	for _, fn := range f.Funcs {
		if fn.Name == name {
			return fn
		}
	}
	return nil
}

// A Data is a read-only symbol.
type Data struct {
	Bytes  []byte
	Unit   int // bytes that its first DATA gives
	Line   int
	filled []bool
	global bool
}

// A Func is TEXT ·Name(SB), NOSPLIT, $Frame-Args and its instructions.
type Func struct {
	Name        string
	Frame, Args int64
	Insts       []Inst
	Labels      map[string]int // index of the instruction that follows
	Line        int
}

// An Inst is one instruction; operands stand as in the text.
type Inst struct {
	Op   string   // without suffixes; on arm64 with the arrangement: VFMLA.S4
	Sfx  []string // Z, BCST, ...
	Args []Operand
	Line int
	Text string
}

// Has tells whether the instruction carries a suffix.
func (i *Inst) Has(sfx string) bool {
	for _, s := range i.Sfx {
		if s == sfx {
			return true
		}
	}
	return false
}

// A Kind classifies an Operand.
type Kind uint8

const (
	Reg   Kind = iota // AX, X0, Y0, Z0, K1
	Imm               // $16
	Mem               // 8(SI)(DI*2)
	Field             // structName_field(AX): a Go struct's field by go_asm.h
	Param             // a+0(FP)
	Slot              // s0-8(SP)
	Sym               // name<>+4(SB)
	Label             // a branch target
)

// An Operand is one operand of an instruction.
type Operand struct {
	Kind  Kind
	Reg   string // Reg; base of Mem and Field
	Index string // Mem: index register, or empty
	Scale int64  // Mem: of Index; of a Reg that is shifted on arm64
	Off   int64  // Imm, Mem, Param, Slot, Sym
	Name  string // Field, Param, Slot, Sym, Label
	Arr   string // Reg on arm64: S4, B16 after the dot; S of one element, whose number is Off
}

// An Error is a line that can't be read.
type Error struct {
	File string
	Line int
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// Parse reads a file.
func Parse(name string, src []byte) (*File, error) {
	p := &parser{file: &File{Name: name, Arch: "amd64", Data: map[string]*Data{}}}
	if strings.HasSuffix(name, "_arm64.s") {
		p.file.Arch = "arm64"
	}
	for n, line := range strings.Split(string(src), "\n") {
		p.line = n + 1
		text, _, _ := strings.Cut(line, "//")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if err := p.statement(text); err != nil {
			return nil, &Error{name, p.line, err.Error()}
		}
	}
	return p.file, p.finish()
}

type parser struct {
	file *File
	fn   *Func
	line int
}

func (p *parser) statement(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case strings.HasPrefix(text, "#"):
		if text == `#include "textflag.h"` || text == `#include "go_asm.h"` {
			return nil
		}
		return fmt.Errorf("preprocessor line %q is not read", text)
	case word == "DATA":
		return p.data(rest)
	case word == "GLOBL":
		return p.globl(rest)
	case word == "TEXT":
		return p.text(rest)
	case p.fn == nil:
		return fmt.Errorf("%q stands outside of a TEXT", text)
	case strings.HasSuffix(text, ":") && isName(text[:len(text)-1]):
		name := text[:len(text)-1]
		if _, ok := p.fn.Labels[name]; ok {
			return fmt.Errorf("label %s is declared twice", name)
		}
		p.fn.Labels[name] = len(p.fn.Insts)
		return nil
	case word == "WORD" && p.file.Arch == "arm64":
		return p.word(text, rest)
	}
	return p.inst(text)
}

func (p *parser) symbol(name string) *Data {
	d := p.file.Data[name]
	if d == nil {
		d = &Data{Line: p.line}
		p.file.Data[name] = d
	}
	return d
}

// data reads name<>+8(SB)/4, $0x3f800000.
func (p *parser) data(rest string) error {
	at, val, ok := strings.Cut(rest, ",")
	sym, width, ok2 := strings.Cut(at, "/")
	if !ok || !ok2 {
		return fmt.Errorf("DATA wants symbol+offset(SB)/width, $value")
	}
	o, err := operand(strings.TrimSpace(sym))
	if err != nil || o.Kind != Sym {
		return fmt.Errorf("DATA wants a symbol, not %q", sym)
	}
	v := strings.TrimSpace(val)
	if !strings.HasPrefix(v, "$") {
		return fmt.Errorf("DATA wants an integer, not %q", v)
	}
	n, err := integer(v[1:])
	if err != nil {
		return err
	}
	w, err := strconv.Atoi(width)
	if err != nil || w != 1 && w != 2 && w != 4 && w != 8 {
		return fmt.Errorf("DATA width %q", width)
	}
	if s := uint64(n) >> (8*w - 1); w < 8 && s != 0 && s != 1 && n>>(8*w-1) != -1 {
		return fmt.Errorf("DATA value %s does not fit in %d bytes", v, w)
	}
	d := p.symbol(o.Name)
	if o.Off < 0 || o.Off > 1<<16 {
		return fmt.Errorf("DATA offset %d", o.Off)
	}
	if d.Unit == 0 {
		d.Unit = w
	}
	for len(d.Bytes) < int(o.Off)+w {
		d.Bytes, d.filled = append(d.Bytes, 0), append(d.filled, false)
	}
	for i := range w {
		if d.filled[int(o.Off)+i] {
			return fmt.Errorf("DATA fills a byte twice")
		}
		d.Bytes[int(o.Off)+i], d.filled[int(o.Off)+i] = byte(uint64(n)>>(8*i)), true
	}
	return nil
}

// globl reads name<>(SB), RODATA|NOPTR, $size.
func (p *parser) globl(rest string) error {
	f := strings.Split(rest, ",")
	if len(f) != 3 {
		return fmt.Errorf("GLOBL wants symbol(SB), flags, $size")
	}
	o, err := operand(strings.TrimSpace(f[0]))
	if err != nil || o.Kind != Sym || o.Off != 0 {
		return fmt.Errorf("GLOBL wants a symbol, not %q", f[0])
	}
	if flags := strings.TrimSpace(f[1]); flags != "RODATA|NOPTR" {
		return fmt.Errorf("GLOBL flags %s: only RODATA|NOPTR never changes", flags)
	}
	size := strings.TrimPrefix(strings.TrimSpace(f[2]), "$")
	d := p.symbol(o.Name)
	if d.global || size != strconv.Itoa(len(d.Bytes)) {
		return fmt.Errorf("%s: GLOBL size %s, DATA fills %d bytes", o.Name, size, len(d.Bytes))
	}
	d.global = true
	return nil
}

// text reads ·name(SB), NOSPLIT, $frame-args.
func (p *parser) text(rest string) error {
	f := strings.Split(rest, ",")
	if len(f) != 3 || strings.TrimSpace(f[1]) != "NOSPLIT" {
		return fmt.Errorf("TEXT wants ·name(SB), NOSPLIT, $frame-args")
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(f[0]), "·")
	name, ok2 := strings.CutSuffix(name, "(SB)")
	if !ok || !ok2 || !isName(name) {
		return fmt.Errorf("TEXT wants a symbol of this package, not %q", f[0])
	}
	frame, args, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(f[2]), "$"), "-")
	fn := &Func{Name: name, Labels: map[string]int{}, Line: p.line}
	var err1, err2 error
	fn.Frame, err1 = strconv.ParseInt(frame, 10, 32)
	fn.Args, err2 = strconv.ParseInt(args, 10, 32)
	if !ok || err1 != nil || err2 != nil || fn.Frame < 0 || fn.Args < 0 {
		return fmt.Errorf("TEXT size %q", f[2])
	}
	if p.file.Func(name) != nil {
		return fmt.Errorf("%s is declared twice", name)
	}
	p.fn = fn
	p.file.Funcs = append(p.file.Funcs, fn)
	return nil
}

func (p *parser) inst(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	in := Inst{Op: parts[0], Sfx: parts[1:], Line: p.line, Text: text}
	if !isName(in.Op) || strings.ContainsAny(text, ";:\\") {
		return fmt.Errorf("%q is not an instruction", text)
	}
	read := operand
	if p.file.Arch == "arm64" {
		read = operandARM64
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		for _, s := range strings.Split(rest, ",") {
			o, err := read(strings.TrimSpace(s))
			if err != nil {
				return err
			}
			in.Args = append(in.Args, o)
		}
	}
	if p.file.Arch == "arm64" {
		if err := in.arrange(); err != nil {
			return err
		}
	}
	p.fn.Insts = append(p.fn.Insts, in)
	return nil
}

// finish checks what only the whole file shows.
func (p *parser) finish() error {
	for name, d := range p.file.Data {
		if !d.global {
			return &Error{p.file.Name, d.Line, name + " has DATA and no GLOBL"}
		}
		for _, b := range d.filled {
			if !b {
				return &Error{p.file.Name, d.Line, name + " has bytes that no DATA fills"}
			}
		}
	}
	return nil
}
